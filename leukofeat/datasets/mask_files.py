"""Which file of label maps or outlines belongs to which image."""

import os
import re
from collections.abc import Sequence
from pathlib import Path, PurePath, PurePosixPath
from typing import TYPE_CHECKING, TypeAlias, Union

import pandas as pd

from leukofeat.decode import ImageError
from leukofeat.remote import RemoteError, existing, is_remote, join, local_path, masked, split_url
from leukofeat.sequence import printable

if TYPE_CHECKING:
    from leukofeat.interchange.coco import CocoImage

# where the cells of an image are: in a file of its own, or in its part of a COCO file
Place: TypeAlias = Union[str, "CocoImage"]


def suffix_of(file: str) -> str:
    """Ending of a file or URL in small letters, with its dot.

    Examples
    --------
    >>> suffix_of("https://host/cells.GeoJSON?token=1")
    '.geojson'
    """
    return PurePosixPath(split_url(file)[1] if is_remote(file) else file).suffix.lower()


def find_masks(
    root: Path | str, files: Sequence[str], frame: pd.DataFrame, where: str, what: str
) -> Sequence[Place | None]:
    """File of the label map of each image, there or not; None where a manifest or a COCO file says that there is none.

    Parameters
    ----------
    root : Path, or str
        Folder of the images, or its URL.
    files : sequence of str, length n
        The images.
    frame : DataFrame of n rows
        The manifest.
    where : str
        A pattern with an asterisk, a column of the manifest, or a COCO file, .json.
    what : str
        What errors call it.

    Raises
    ------
    ImageError
        When there is no such column, or no image has a file, or two have the same.
    """
    if "*" not in where and where not in frame and suffix_of(where) == ".json":
        return _of_coco(root, files, where, what)
    if "*" not in where:
        if where not in frame:
            raise ImageError(
                f"{what}={where!r}: {masked(str(root))} has no manifest with this column; it may also be a pattern, with an asterisk for the image's "
                "name, as in masks/*.png."
            )
        names = frame[where].astype(object).where(frame[where].notna(), None)
        found = [None if name is None or not str(name).strip() else _place(root, str(name)) for name in names]
        named = [file for file in found if file is not None]
        if not there(named):
            one = f"{printable(named[0])} for one" if named else "all are blank"
            raise ImageError(
                f"{what}={where!r}: no file of this column is there, {one}; paths are relative to the folder."
            )
    else:
        if where.count("*") != 1:
            raise ImageError(f"{what}={where!r}: has one asterisk, for the image's name, as in masks/*.png.")
        found = _by_pattern(root, files, where, what)
    _check_shared(files, found, what)
    return found


def _of_coco(root: Path | str, files: Sequence[str], where: str, what: str) -> "list[CocoImage | None]":
    """Part of each image in a COCO file, which calls it by its path below the folder, or by the end or a longer form of that."""
    from leukofeat.interchange.coco import coco_images

    name, known = coco_images(_place(root, where))
    by_name: dict[str, list[CocoImage]] = {}
    for file_name, image in known.items():
        by_name.setdefault(PurePosixPath(file_name).name, []).append(image)
    found: list[CocoImage | None] = []
    owners: dict[str, str] = {}
    for file in files:
        path = Path(split_url(file)[1] if is_remote(file) else file)
        below = f"{mask_stem(root, file)}{path.suffix}"
        alike = [
            one for one in by_name.get(path.name, []) if _is_end(one.file_name, below) or _is_end(below, one.file_name)
        ]
        one = known.get(below) or (alike[0] if len(alike) == 1 else None)
        if one is not None and owners.setdefault(one.file_name, file) != file:
            raise ImageError(
                f"{printable(owners[one.file_name])} and {printable(file)} are both called {printable(one.file_name)} in {printable(name)}; "
                "it must call images by their paths below the folder."
            )
        found.append(one)
    if not any(found):
        raise ImageError(
            f"{what}={where!r}: {printable(name)} names none of the images; {printable(next(iter(known), 'no image'))} for one, but the "
            f"folder has {printable(Path(files[0]).name)}."
        )
    return found


def _is_end(end: str, path: str) -> bool:
    return f"/{path}".endswith(f"/{end}")


def there(files: Sequence[str | None]) -> set[str]:
    """Those of some files that there are.

    Examples
    --------
    >>> there(["nowhere.png", None])
    set()
    """
    try:
        return existing(file for file in files if file is not None)
    except RemoteError as error:
        raise ImageError(f"The label maps cannot be looked for: {error}.") from None


def _place(root: Path | str, name: str) -> str:
    if local_path(name) != name:  # a file:// URL: label maps here of images elsewhere
        return local_path(name)
    if isinstance(root, str) or is_remote(name):
        return join(str(root), name)
    return os.path.normpath(os.path.join(os.path.abspath(root), name))


def _by_pattern(root: Path | str, files: Sequence[str], where: str, what: str) -> list[str | None]:
    before, after = _around(root, where)
    for stems in ([mask_stem(root, file) for file in files], [_stem(file) for file in files]):
        found: list[str | None] = [f"{before}{stem}{after}" for stem in stems]
        if there(found):
            return found
    raise ImageError(
        f"{what}={where!r}: no image has such a file; {printable(f'{before}{stems[0]}{after}')} for one is not there."
    )


def _around(root: Path | str, pattern: str) -> tuple[str, str]:
    """What a pattern has before and after its asterisk; the folder's own path may hold others."""
    before, _, after = _place(root, pattern).rpartition("*")
    return before, after


def _check_shared(files: Sequence[str], masks: Sequence[str | None], what: str) -> None:
    owners: dict[str, str] = {}
    for file, mask in zip(files, masks, strict=True):
        if mask is None:
            continue
        if mask == file:
            raise ImageError(
                f"{printable(file)}: is named as an image and as its {what}; put label maps into a folder of their own."
            )
        if owners.setdefault(mask, file) != file:
            raise ImageError(
                f"{printable(owners[mask])} and {printable(file)} have the same {what}, {printable(mask)}; name the files in a column of a "
                "manifest.csv, or put them into folders like the images'."
            )


def mask_stem(root: Path | str, file: str) -> str:
    """What stands for the asterisk: the path below the folder without its ending, or the name of a file that is elsewhere.

    Examples
    --------
    >>> mask_stem(Path("/data"), "/data/Pro/12.jpg"), mask_stem(Path("/data"), "/more/7.jpg")
    ('Pro/12', '7')
    """
    if isinstance(root, str) or is_remote(file):
        folder = join(str(root), "") if isinstance(root, str) else ""
        start, (before, path, _) = split_url(folder)[1] if folder else "", split_url(file)
        is_below = bool(folder) and folder.startswith(before) and path.startswith(start)
        return str(PurePosixPath(path[len(start) :]).with_suffix("")) if is_below else _stem(file)
    below = os.path.relpath(file, os.path.abspath(root))
    return Path(below).with_suffix("").as_posix() if not below.startswith(os.pardir) else Path(file).stem


def _stem(file: str) -> str:
    return Path(split_url(file)[1] if is_remote(file) else file).stem


def is_mask_file(root: Path | str, path: PurePath, patterns: Sequence[str]) -> bool:
    """Whether a file below the folder is one of the label maps, and no image: it fits a pattern, or lies in a pattern's own folder.

    Examples
    --------
    >>> is_mask_file(Path("/data"), Path("masks/1_b.png"), ["masks/*_a.png"])
    True
    >>> is_mask_file(Path("/data"), Path("Pro/1.png"), ["*_mask.png"])
    False
    """
    is_url = isinstance(root, str)
    sep = "/" if is_url else os.sep
    folder = join(str(root), "").rstrip("/") if is_url else os.path.abspath(root)
    file = join(str(root), path.as_posix()) if is_url else os.path.abspath(Path(root) / path)
    for pattern in patterns:
        before, after = _around(root, pattern)
        own = os.path.dirname(before)
        if not f"{folder}{sep}".startswith(f"{own}{sep}" if is_url else f"{own}{sep}".replace(sep * 2, sep)):
            if file.startswith(own + sep):
                return True
        elif re.fullmatch(f"{re.escape(before)}.+{re.escape(after)}", file):
            return True
    return False
