"""What is to be known of a public data set before it is used."""

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Archive:
    """Where a set can be downloaded without a login.

    Attributes
    ----------
    url : str
    filename : str
        What it is called in the data home while it is unpacked.
    sha256 : str, optional
        Of the archive, where one has been at hand.
    max_bytes : int
        Unpacked; an archive that holds more is refused.

    Examples
    --------
    >>> Archive("https://host/set.zip", "set.zip").sha256 is None
    True
    """

    url: str
    filename: str
    sha256: str | None = None
    max_bytes: int = 2 << 30


@dataclass(frozen=True)
class Checksum:
    r"""SHA-256 over some files of a set: of the lines `name`, blank, SHA-256 of the file, in the order of the names.

    Attributes
    ----------
    pattern : str
        Of the files' names, with one group for a number.
    first, last : int
        Least and greatest number.
    sha256 : str

    Examples
    --------
    >>> len(Checksum(r"(\d+)[.]jpg", 1, 3, "a" * 64).names(["1.jpg", "3.jpg", "4.jpg", "x.png"]))
    2
    """

    pattern: str
    first: int
    last: int
    sha256: str

    def names(self, names: list[str]) -> list[str]:
        """Those of some names that it is about, sorted."""
        found = [(name, re.fullmatch(self.pattern, name)) for name in names]
        return sorted(name for name, match in found if match and self.first <= int(match[1]) <= self.last)


@dataclass(frozen=True)
class DataCard:
    """A public data set: what it is, under which terms, what is wrong with it, and how to get it.

    `print(card)` shows all of it.

    Attributes
    ----------
    name : str
        Of the set, as in `fetch_NAME`.
    title, summary : str
    citation : str
        What to cite, with its DOI where a source gives one.
    licence, terms : str
        As published, and what follows from it for who uses the set.
    url : str
        The page that offers it.
    n_images : int or None
        In the published set; None where no source at hand says.
    classes : mapping from str to int or None
        Classes and their images, None where no source says how many; empty where images have no class.
    groups : str
        What of the images belongs together, as far as it is known.
    folders : tuple of str
        What its folder in the data home may be called; the first is where a download goes.
    layout : str
        What the folder holds.
    known_faults : tuple of str
    instructions : str
        How to get it by hand.
    checksums : tuple of Checksum
    archive : Archive, optional
        Where it can be downloaded without a login.

    Examples
    --------
    >>> from leukofeat.datasets import DATASETS
    >>> DATASETS["aria2021"].n_images
    3256
    """

    name: str
    title: str
    summary: str
    citation: str
    licence: str
    terms: str
    url: str
    n_images: int | None
    classes: Mapping[str, int | None]
    groups: str
    folders: tuple[str, ...]
    layout: str
    known_faults: tuple[str, ...]
    instructions: str
    checksums: tuple[Checksum, ...] = field(default=(), repr=False)
    archive: Archive | None = None

    @property
    def images(self) -> str:
        """Number of images and of those of each class, as text."""
        told = [name if n is None else f"{name} {n:,}" for name, n in self.classes.items()]
        count = "images" if self.n_images is None else f"{self.n_images:,} images"
        return count + (f": {', '.join(told)}" if told else "")

    def __str__(self) -> str:
        rows = {
            "Images": self.images,
            "Groups": self.groups,
            "Licence": self.licence,
            "Terms": self.terms,
            "Cite": self.citation,
            "Page": self.url,
            "To get it": self.instructions,
            "Folder": f"{' or '.join(self.folders)} in the data home; {self.layout}",
        }
        lines = [self.title, "=" * len(self.title), "", *textwrap.wrap(self.summary, 100), ""]
        for name, text in rows.items():
            lines += textwrap.wrap(f"{name}: {text}", 100, subsequent_indent="    ", break_long_words=False)
        lines += ["", "Known faults:"]
        for fault in self.known_faults:
            lines += textwrap.wrap(f"- {fault}", 100, subsequent_indent="  ", break_long_words=False)
        return "\n".join(lines)
