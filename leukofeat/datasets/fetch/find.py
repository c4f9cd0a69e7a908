"""From a card to images: where a set lies, whether it is whole and as published, and what to know of it."""

import hashlib
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from filelock import FileLock
from sklearn.utils import Bunch

from leukofeat.datasets.fetch.card import Archive, DataCard
from leukofeat.datasets.fetch.download import download_file, extract_archive, file_sha256
from leukofeat.datasets.home import VARIABLE, get_data_home
from leukofeat.decode import ImageError

F = TypeVar("F", bound=Callable[..., Bunch])

# what was said already, in this process
_told: set[str] = set()

_SECTIONS = """
    Parameters
    ----------
    data_home : path, optional
        Where sets lie, a folder each; see :func:`~leukofeat.datasets.get_data_home`.
    download : bool, default=True
        Whether a set that is not there is downloaded, where that can be done without a login.
    verbose : int, default=1
        0 shows no bar while it is downloaded.

    Returns
    -------
    Bunch
        As of :func:`~leukofeat.datasets.load_images`, and `DESCR`, the card as text.{more}

    Raises
    ------
    FileNotFoundError
        Where the set is not in the data home and is not downloaded; says how to get it and where to put it.
    OSError
        Where it cannot be downloaded.
    ImageError
        Where its folder holds something else.

    Warns
    -----
    UserWarning
        Once in a process: known faults; a set that is not whole; files that are not those published.
"""


def find_dataset(card: DataCard, home: Path) -> Path | None:
    """Folder of a set in the data home; None where there is none.

    Examples
    --------
    >>> from leukofeat.datasets import DATASETS
    >>> find_dataset(DATASETS["bccd"], Path("/nowhere")) is None
    True
    """
    return next((home / folder for folder in card.folders if (home / folder).is_dir()), None)


def fetch(
    card: DataCard,
    read: Callable[[Path], Bunch],
    data_home: str | os.PathLike[str] | None,
    download: bool,
    verbose: int,
) -> Bunch:
    """Images of a set, from the data home or the web, with its card; what every `fetch_NAME` does."""
    home = get_data_home(data_home)
    root = find_dataset(card, home)
    if home.exists() and not home.is_dir():
        raise NotADirectoryError(
            f"{home}: is a file, and the data home is a folder; name another by data_home= or {VARIABLE}."
        )
    if root is None:
        if not download or card.archive is None:
            raise FileNotFoundError(_how_to_get(card, home, download))
        root = download_dataset(card, home, verbose)
    try:
        bunch = read(root)
    except ImageError as error:
        raise ImageError(f"{error} Of {card.name} is expected: {card.layout}.") from error
    bunch.DESCR = str(card)
    told, notes = _compare(card, root, bunch)
    bunch.summary += told
    for note in [*notes, *(f"{card.name}: {fault}" for fault in card.known_faults)]:
        if note not in _told:
            _told.add(note)
            warnings.warn(note, stacklevel=3)  # at the line that called fetch_NAME
    return bunch


def download_dataset(card: DataCard, home: Path, verbose: int) -> Path:
    """Download and unpack a set into the data home; returns its folder, which is there whole or not at all.

    Who asks for a set that another process is getting waits for that.
    """
    if card.archive is None:
        raise FileNotFoundError(_how_to_get(card, home, True))
    try:
        with _alone(card, home):
            there = find_dataset(card, home)  # brought by who was here before
            return _get(card.archive, home / card.folders[0], verbose) if there is None else there
    except OSError as error:
        raise OSError(f"{error} {_how_to_get(card, home, True)}") from error


@contextmanager
def _alone(card: DataCard, home: Path) -> Iterator[None]:
    """No other process gets the same set meanwhile."""
    home.mkdir(parents=True, exist_ok=True)
    place = home / f".{card.name}.lock"
    with FileLock(place):
        try:
            yield
        finally:
            with suppress(OSError):  # of a system that keeps files that are open
                place.unlink()


def _get(archive: Archive, folder: Path, verbose: int) -> Path:
    source = download_file(archive.url, folder.with_name(archive.filename), sha256=archive.sha256, verbose=verbose)
    try:
        return extract_archive(source, folder, max_bytes=archive.max_bytes)
    finally:
        source.unlink(missing_ok=True)  # a damaged one, too: the next call gets it again


def documented(card: DataCard, more: str = "") -> Callable[[F], F]:
    """Put a card into a fetch function's docstring: behind its first line, before its examples."""

    def dress(function: F) -> F:
        first, _, rest = (function.__doc__ or "").partition("\n")
        rows = {
            "Images": card.images,
            "Groups": card.groups,
            "Licence": card.licence,
            "Terms": card.terms,
            "Cite": card.citation,
            "Page": card.url,
            "To get it": card.instructions,
            "Folder in the data home": f"{' or '.join(f'`{folder}`' for folder in card.folders)}; {card.layout}",
        }
        told = [f"    {card.summary}\n", *(f"    - **{name}**: {text}" for name, text in rows.items())]
        faults = ["\n    Known faults:\n", *(f"    - {fault}" for fault in card.known_faults)]
        sections = _SECTIONS.format(more=f"\n        {more}" if more else "")
        function.__doc__ = "\n".join([first, "", *told, *faults, sections.rstrip("\n"), rest])
        return function

    return dress


def _how_to_get(card: DataCard, home: Path, download: bool) -> str:
    web = f" download=True downloads it from {card.archive.url}." if card.archive and not download else ""
    return (
        f"{card.title}: not in the data home {home} (folder {' or '.join(card.folders)}).{web} By hand: {card.instructions} ({card.url}) "
        f"Put it into {home / card.folders[0]}: {card.layout}. Another data home is said by data_home= or the environment variable "
        f"{VARIABLE}. Licence: {card.licence}."
    )


def _compare(card: DataCard, root: Path, bunch: Bunch) -> tuple[str, list[str]]:
    """What the summary says of the set as published, and what is to be told of it."""
    n, told, notes = len(bunch.filenames), "", []
    if card.n_images is not None and n != card.n_images:
        told = f"; published are {card.n_images:,}"
        notes.append(
            f"{root}: {n:,} images, and {card.n_images:,} are published as {card.name}; figures are not those of the whole set. "
            f"If it should be whole, get it again: {card.url}"
        )
    if bunch.target is not None and not set(bunch.target_names) & set(card.classes):
        shown = ", ".join(bunch.target_names[:8])
        notes.append(
            f"{root}: none of the classes {shown} is one of {card.name}'s ({', '.join(card.classes)}); is this another set?"
        )
    files = {Path(file).name: file for file in bunch.filenames}
    right = wrong = 0
    for part in card.checksums:
        names = part.names(list(files))
        if len(names) != part.last - part.first + 1:
            continue
        digest = hashlib.sha256("".join(f"{name} {file_sha256(files[name])}\n" for name in names).encode())
        if digest.hexdigest() == part.sha256:
            right += len(names)
            continue
        wrong += len(names)
        notes.append(
            f"{root}: {names[0]} to {names[-1]} are not byte for byte the files published as {card.name}; if nobody changed them on "
            f"purpose, get them again: {card.url}"
        )
    if card.checksums:
        told += f"; byte for byte as published: {right:,}" + (f", not: {wrong:,}" if wrong else "")
    return told, notes


def below(root: Path, name: str) -> Path | None:
    """The uppermost folder of this name, in any case of letters, in or under a folder, three levels deep; None where there is none.

    Examples
    --------
    >>> below(Path("/nowhere"), "Original") is None
    True
    """
    level = [root]
    for _ in range(4):
        found = [folder for folder in level if folder.name.casefold() == name.casefold()]
        if found:
            return found[0]
        level = sorted(child for folder in level if folder.is_dir() for child in folder.iterdir() if child.is_dir())
    return None
