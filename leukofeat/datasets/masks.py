"""Label maps made elsewhere: the file of each image, and the step that puts it beside the image when that is read."""

import os
import re
from collections.abc import Sequence
from pathlib import Path, PurePath, PurePosixPath

import numpy as np
import pandas as pd

from leukofeat.decode import ImageError, read_labels
from leukofeat.label_maps import is_mask, number_labels
from leukofeat.opencv import cv2
from leukofeat.remote import RemoteError, existing, is_remote, join, local_path, masked, read_bytes, split_url
from leukofeat.segmentation.match import match_labels
from leukofeat.sequence import ImageSequence, printable
from leukofeat.smear import Smear

# values by which published masks tell a nucleus from the cytoplasm, and not one cell from another
_PARTS = ({127, 255}, {128, 255})
_UNNUMBERED = "numbered=False of load_images (--unnumbered) takes each connected part for an object"


class GivenMasks:
    """Step of a sequence that gives an image the label maps of its files.

    Parameters
    ----------
    nuclei, cells : str, optional
        Files; one at least.
    numbered : bool
        Whether the files number their objects; else connected parts are numbered.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from leukofeat import write_labels
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "cells.png"
    >>> write_labels(path, [[0, 0, 5], [9, 9, 0]])
    >>> GivenMasks(None, str(path))(Smear(np.zeros((2, 3, 3), np.uint8))).label_ids
    array([5, 9])
    """

    def __init__(self, nuclei: str | None = None, cells: str | None = None, numbered: bool = True) -> None:
        self.nuclei, self.cells, self.numbered = nuclei, cells, numbered

    def identity(self) -> list[object]:
        """What tells these label maps from others: the files' content."""
        contents = [None if file is None else read_bytes(file) for file in (self.nuclei, self.cells)]
        return [*contents, self.numbered]

    def __call__(self, smear: Smear) -> Smear:
        nuclei = None if self.nuclei is None else self._read(self.nuclei, smear)
        cells = nuclei if self.cells == self.nuclei else None if self.cells is None else self._read(self.cells, smear)
        if not self.numbered:
            nuclei, cells = _number_parts(nuclei, cells)
        elif nuclei is not None and cells is not None and ((nuclei != 0) & (nuclei != cells)).any():
            return self._matched(smear, nuclei, cells)
        return smear.replace(nuclei=nuclei, cells=cells)

    def _read(self, file: str, smear: Smear) -> np.ndarray:
        labels = read_labels(file)
        (height, width), (rows, columns) = labels.shape, smear.image.shape[:2]
        if (height, width) != (rows, columns):
            raise ImageError(
                f"{printable(file)}: is {width} x {height} pixels, but its image {columns} x {rows}; a label map has the size of its "
                "image. Make it again on the image as it is, or resize it to that size by nearest neighbour."
            )
        if self.numbered:
            if is_mask(labels):
                raise ImageError(
                    f"{printable(file)}: is a mask, not a label map: its objects are not told apart; {_UNNUMBERED}."
                )
            if labels.dtype == np.uint8 and set(np.unique(labels[labels > 0]).tolist()) in _PARTS:
                raise ImageError(
                    f"{printable(file)}: holds {labels[(labels > 0) & (labels < 255)][0]} and 255 only, as of a mask that tells nucleus "
                    f"from cytoplasm; name the file for both nuclei and cells, and {_UNNUMBERED}."
                )
        return labels

    def _matched(self, smear: Smear, nuclei: np.ndarray, cells: np.ndarray) -> Smear:
        """Maps that are numbered apart: cells keep their numbers, nuclei in no cell get the next ones."""
        _, ids = number_labels(cells)
        try:
            nuclei, cells = match_labels(nuclei, cells)
        except ValueError as error:
            raise ImageError(f"{printable(str(self.nuclei))}, {printable(str(self.cells))}: {error}") from error
        alone = int(cells.max(initial=0)) - len(ids)
        names = np.concatenate([ids, ids.max(initial=0) + 1 + np.arange(alone)])
        return smear.replace(nuclei=nuclei, cells=cells, label_ids=names)


def _number_parts(nuclei: np.ndarray | None, cells: np.ndarray | None) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Masks as label maps of their 8-connected parts; a nucleus has the number of its cell."""
    if nuclei is not None and nuclei is cells:  # one file for both: the nucleus is its greatest value
        nuclei = nuclei == nuclei.max(initial=1)
    nuclei, cells = _parts(nuclei), _parts(cells)
    return (nuclei, cells) if nuclei is None or cells is None else match_labels(nuclei, cells)


def _parts(mask: np.ndarray | None) -> np.ndarray | None:
    return None if mask is None else cv2.connectedComponents((mask != 0).astype(np.uint8), connectivity=8)[1]


def join_masks(
    files: Sequence[str | os.PathLike[str]], nuclei: Sequence[str | None], cells: Sequence[str | None], numbered: bool
) -> ImageSequence:
    """Lazy sequence of images with their label maps; an image without either comes as it is.

    Examples
    --------
    >>> join_masks(["a.png", "b.png"], ["a_nuclei.png", None], [None, None], numbered=True)
    ImageSequence(2 images)
    """
    items: list[object] = []
    for file, nucleus, cell in zip(files, nuclei, cells, strict=True):
        alone = nucleus is None and cell is None
        items.append(file if alone else ImageSequence([file], (GivenMasks(nucleus, cell, numbered),)))
    return ImageSequence(items)


def find_masks(root: Path | str, files: Sequence[str], frame: pd.DataFrame, where: str, what: str) -> list[str | None]:
    """File of the label map of each image, there or not; None where a manifest says that there is none.

    Parameters
    ----------
    root : Path, or str
        Folder of the images, or its URL.
    files : sequence of str, length n
        The images.
    frame : DataFrame of n rows
        The manifest.
    where : str
        A pattern with an asterisk, or a column of the manifest.
    what : str
        What errors call it.

    Raises
    ------
    ImageError
        When there is no such column, or no image has a file, or two have the same.
    """
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
    place = _place(root, where)
    for stems in ([mask_stem(root, file) for file in files], [_stem(file) for file in files]):
        found: list[str | None] = [place.replace("*", stem) for stem in stems]
        if there(found):
            return found
    raise ImageError(
        f"{what}={where!r}: no image has such a file; {printable(place.replace('*', stems[0]))} for one is not there."
    )


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
        before, _, after = _place(root, pattern).partition("*")
        own = os.path.dirname(before)
        if not f"{folder}{sep}".startswith(f"{own}{sep}" if is_url else f"{own}{sep}".replace(sep * 2, sep)):
            if file.startswith(own + sep):
                return True
        elif re.fullmatch(f"{re.escape(before)}.+{re.escape(after)}", file):
            return True
    return False
