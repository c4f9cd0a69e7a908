"""The images below a folder, and what the folders on the way to them say."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath, PurePosixPath

import pandas as pd

from leukofeat.datasets.mask_files import is_mask_file
from leukofeat.decode import IMAGE_SUFFIXES, ImageError
from leukofeat.remote import RemoteError, list_files, masked
from leukofeat.sequence import printable

PARTS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("valid", "val", "validation", "dev"), "valid"),
    **dict.fromkeys(("test", "testing"), "test"),
}
_OTHER_IMAGES = (
    ".webp",
    ".gif",
    ".svs",
    ".ndpi",
    ".czi",
    ".nd2",
    ".lif",
    ".mrxs",
    ".scn",
    ".jp2",
    ".heic",
    ".dcm",
    ".raw",
    ".dng",
)
_WAY_OUT = "name one of them as the folder, or list the files in a manifest.csv (path, label, split, group)"


def scan(root: Path | str, masks: Sequence[str]) -> tuple[pd.DataFrame, Counter[str], list[PurePath]]:
    """Table of the images below a folder or its URL, the number of image files of other kinds, and the paths as they are."""
    found = [path for path in list_names(root) if not is_mask_file(root, path, masks)]
    rows = sorted(path for path in found if path.suffix.lower() in IMAGE_SUFFIXES)
    root = masked(str(root))
    others = Counter(path.suffix.lower() for path in found if path.suffix.lower() in _OTHER_IMAGES)
    if not rows:
        there = (
            f"; {sum(others.values())} of other kinds ({', '.join(sorted(others))}), which are not read"
            if others
            else ""
        )
        raise ImageError(
            f"{root}: no JPEG, PNG, BMP or TIFF image in this folder{there}; expected class folders with images, or a manifest.csv."
        )
    loose = [row.name for row in rows if len(row.parts) == 1]
    if loose and len(loose) < len(rows):
        raise ImageError(
            f"{root}: {len(loose)} images lie beside the class folders, {printable(loose[0])} for one; move them into a class folder, or "
            "list all files in a manifest.csv."
        )
    columns = {"path": [printable(row.as_posix()) for row in rows]}
    if not loose:
        columns |= _read_levels(root, [row.parts[:-1] for row in rows])
    return pd.DataFrame(columns), others, rows


def list_names(root: Path | str) -> Iterable[PurePath]:
    """Files below a folder, but for hidden ones, relative to it.

    Examples
    --------
    >>> import tempfile
    >>> root = Path(tempfile.mkdtemp())
    >>> (root / "1.png").touch()
    >>> [path.name for path in list_names(root)]
    ['1.png']
    """
    if isinstance(root, str):
        try:
            names = list_files(root)
        except RemoteError as error:
            raise ImageError(f"{masked(root)}: cannot be listed: {error}.") from None
        paths: Iterable[PurePath] = map(PurePosixPath, names)
    else:
        paths = (path.relative_to(root) for path in _files(root))
    return (path for path in paths if not any(part.startswith(".") for part in path.parts))


def _files(root: Path) -> Iterable[Path]:
    # Class folders may be links; links further down are not followed, they can lead in circles.
    home = root.resolve()
    for top in root.iterdir():
        if top.name.startswith("."):
            continue
        if not top.is_dir():
            if _is_file(top):
                yield top
            continue
        if top.is_symlink() and home.is_relative_to(top.resolve()):
            raise ImageError(f"{printable(str(top))}: is a link that leads back to the folder it is in; remove it.")
        for folder, below, names in os.walk(top, onerror=_refuse):
            below[:] = [name for name in below if not name.startswith(".")]
            yield from (
                path for path in (Path(folder, name) for name in names if not name.startswith(".")) if _is_file(path)
            )


def _is_file(path: Path) -> bool:
    """Whether this is a file, or a link that should lead to an image: it has a row, and who reads it says what is wrong."""
    return path.is_file() or (path.suffix.lower() in IMAGE_SUFFIXES and path.is_symlink() and not path.exists())


def _refuse(error: OSError) -> None:
    raise ImageError(
        f"{printable(str(error.filename))}: cannot be listed ({error.strerror}); let it be read, or leave it out."
    ) from error


def _read_levels(root: str, folders: list[tuple[str, ...]]) -> dict[str, list[str]]:
    """What the folders on the way to each image say: its label, and its part where the uppermost ones are parts."""
    while len({folder[0] for folder in folders}) == 1 and all(len(folder) > 1 for folder in folders):
        folders = [folder[1:] for folder in folders]
    tops = sorted({folder[0] for folder in folders})
    parts = [top for top in tops if top.casefold() in PARTS]
    below = {top: {folder[1] for folder in folders if folder[0] == top and len(folder) > 1} for top in tops}
    if parts and len(parts) == len(tops):
        split = {"split": [PARTS[folder[0].casefold()] for folder in folders]}
        if not any(below.values()):
            return split
        if all(len(folder) > 1 for folder in folders):
            return split | {"label": [folder[1] for folder in folders]}
    same = len(tops) > 1 and len(below[tops[0]]) > 1 and all(below[top] == below[tops[0]] for top in tops)
    if parts or same:
        what = (
            f"each hold {', '.join(sorted(below[tops[0]]))}"
            if same
            else f"{', '.join(parts)} look like parts of a split"
        )
        listed = printable(", ".join(tops[:8]))
        raise ImageError(f"{root}: are its folders {listed} the classes? {printable(what)}; {_WAY_OUT}.")
    return {"label": [folder[0] for folder in folders]}
