"""Label maps and outlines made elsewhere: the step that puts them beside an image when that is read."""

import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from leukofeat.datasets.mask_files import Place, suffix_of
from leukofeat.decode import ImageError, read_labels
from leukofeat.label_maps import is_mask, number_labels
from leukofeat.opencv import cv2
from leukofeat.remote import read_bytes
from leukofeat.segmentation.match import match_labels
from leukofeat.sequence import ImageSequence, printable
from leukofeat.smear import Smear

if TYPE_CHECKING:
    from leukofeat.interchange.maps import LabelMaps

_OUTLINES = (".geojson", ".json", ".roi", ".zip")
# values by which published masks tell a nucleus from the cytoplasm, and not one cell from another
_PARTS = ({127, 255}, {128, 255})
_UNNUMBERED = "numbered=False of load_images (--unnumbered) takes each connected part for an object"


class GivenMasks:
    """Step of a sequence that gives an image the label maps of its files.

    Parameters
    ----------
    nuclei, cells : str or CocoImage, optional
        Files of label maps or of outlines; one at least.
    numbered : bool
        Whether label maps number their objects; else connected parts are numbered. Outlines tell objects apart in any case.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from leukofeat import write_labels
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "cells.png"
    >>> write_labels(path, [[0, 0, 5], [9, 9, 0]])
    >>> GivenMasks(None, str(path))(Smear(np.zeros((2, 3, 3), np.uint8))).label_ids
    array([5, 9])
    """

    def __init__(self, nuclei: Place | None = None, cells: Place | None = None, numbered: bool = True) -> None:
        self.nuclei, self.cells, self.numbered = nuclei, cells, numbered

    def identity(self) -> list[object]:
        """What tells these label maps from others: the files' content."""
        contents = [None if file is None else _content(file) for file in (self.nuclei, self.cells)]
        return [*contents, self.numbered]

    def __call__(self, smear: Smear) -> Smear:
        if is_drawn(self.nuclei) or is_drawn(self.cells):
            return self._outlined(smear)
        nuclei = None if self.nuclei is None else self._read(self.nuclei, smear)
        cells = nuclei if self.cells == self.nuclei else None if self.cells is None else self._read(self.cells, smear)
        if not self.numbered:
            nuclei, cells = _number_parts(nuclei, cells)
        elif nuclei is not None and cells is not None:
            return self._joined(smear, nuclei, cells)
        return smear.replace(nuclei=nuclei, cells=cells)

    def _outlined(self, smear: Smear) -> Smear:
        """One file tells cells and nuclei, with names and confidence; of two, each the one that it was named for."""
        if self.cells is None:
            return _maps(self.nuclei, smear).only_nuclei().on(smear)
        if self.nuclei is None or self.nuclei == self.cells:
            return _maps(self.cells, smear).on(smear)
        if is_drawn(self.nuclei):
            nuclei = _maps(self.nuclei, smear).only_nuclei().named("nuclei")
        else:
            nuclei = self._objects(self.nuclei, smear)
        if not is_drawn(self.cells):
            return self._joined(smear, nuclei, self._objects(self.cells, smear))
        drawn = _maps(self.cells, smear)
        joined = self._joined(smear, nuclei, drawn.named("cells"))
        known = dict(zip(drawn.label_ids.tolist(), drawn.confidence.tolist(), strict=True))
        return joined.replace(confidence=[known.get(int(number), np.nan) for number in np.asarray(joined.label_ids)])

    def _objects(self, file: Place, smear: Smear) -> np.ndarray:
        labels = self._read(file, smear)
        return labels if self.numbered else _parts(labels)

    def _joined(self, smear: Smear, nuclei: np.ndarray, cells: np.ndarray) -> Smear:
        if ((nuclei != 0) & (nuclei != cells)).any():
            return self._matched(smear, nuclei, cells)
        return smear.replace(nuclei=nuclei, cells=cells)

    def _read(self, file: Place, smear: Smear) -> np.ndarray:
        assert isinstance(file, str)
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
            for_both = self.nuclei == self.cells
            values = np.unique(labels[labels > 0]).tolist() if for_both or labels.dtype == np.uint8 else []
            if labels.dtype == np.uint8 and set(values) in _PARTS:
                raise ImageError(
                    f"{printable(file)}: holds {values[0]} and 255 only, as of a mask that tells nucleus from cytoplasm; name the file for "
                    f"both nuclei and cells, and {_UNNUMBERED}."
                )
            if for_both and len(values) == 2:
                raise ImageError(
                    f"{printable(file)}: is named for both nuclei and cells and holds {values[0]} and {values[1]} only, as of a mask that tells "
                    f"nucleus from cytoplasm; {_UNNUMBERED}, the greater value within it for its nucleus. Where these are two cells, name the "
                    "file for nuclei alone."
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


def is_drawn(file: Place | None) -> bool:
    """Whether a file holds outlines, and no label map: by its ending, as ImageJ's .zip does not tell by its content.

    Examples
    --------
    >>> is_drawn("cells.geojson"), is_drawn("cells.png"), is_drawn(None)
    (True, False, False)
    """
    return file is not None and (not isinstance(file, str) or suffix_of(file) in _OUTLINES)


def _maps(file: Place | None, smear: Smear) -> "LabelMaps":
    # kernels are needed to fill outlines, and not to list files
    from leukofeat.interchange import read_outlines

    rows, columns = smear.image.shape[:2]
    if isinstance(file, str):
        return read_outlines(file, (rows, columns))
    assert file is not None
    if file.shape != (rows, columns):
        raise ImageError(
            f"{printable(file.file)}: calls {printable(file.file_name)} {file.shape[1]} x {file.shape[0]} pixels, but the image is "
            f"{columns} x {rows}. Export the outlines again for the image as it is."
        )
    return file.read()


def _content(file: Place) -> object:
    return read_bytes(file) if isinstance(file, str) else [file.file_name, file.shape, json.dumps(file.annotations)]


def _number_parts(nuclei: np.ndarray | None, cells: np.ndarray | None) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Masks as label maps of their 8-connected parts; a nucleus has the number of its cell."""
    if nuclei is not None and nuclei is cells:  # one file for both: the nucleus is its greatest value
        nuclei = nuclei == nuclei.max(initial=1)
    nuclei, cells = (None if mask is None else _parts(mask) for mask in (nuclei, cells))
    return (nuclei, cells) if nuclei is None or cells is None else match_labels(nuclei, cells)


def _parts(mask: np.ndarray) -> np.ndarray:
    return cv2.connectedComponents((mask != 0).astype(np.uint8), connectivity=8)[1]


def join_masks(
    files: Sequence[str | os.PathLike[str]],
    nuclei: Sequence[Place | None],
    cells: Sequence[Place | None],
    numbered: bool,
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
