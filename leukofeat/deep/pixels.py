"""What a network is shown of a set of images: whole fields, or each cell alone, as 8-bit pixels of the network's own size."""

import warnings
from functools import partial
from typing import Any, NamedTuple, Self

import numpy as np

from leukofeat.augmentation.cells import FieldCells, find_cells, segment_unless_given
from leukofeat.datasets.composite import soft_mask
from leukofeat.deep.image import fit_image
from leukofeat.opencv import cv2
from leukofeat.parallel import map_images
from leukofeat.preprocessing.marks import Box
from leukofeat.sequence import ImageSequence, Step

# beyond the rim of a cell, as paste_cells paints over the cells of a field
_WIDEN = 3


class Pixels(NamedTuple):
    """Images as a network gets them, in one array.

    Attributes
    ----------
    images : ndarray of shape (m, 3, height, width), dtype uint8
        RGB.
    owner : ndarray of shape (m,), dtype int64
        The row of the set that each belongs to: an image is one field, or any number of cells.
    cells : ndarray of shape (m, 2, height, width), dtype uint8, or None
        For swaps: weight of the leukocytes to paste, and, wider, of those to paint over; 255 is all.
    slides : ndarray of shape (m, 3), dtype float32, or None
        For swaps: colour of the empty slide.
    """

    images: np.ndarray
    owner: np.ndarray
    cells: np.ndarray | None = None
    slides: np.ndarray | None = None

    def of_rows(self, rows: np.ndarray) -> Self:
        """Those of some rows of the set, by their place among `rows`."""
        place = np.full(int(max(self.owner.max(initial=-1), rows.max(initial=-1))) + 1, -1)
        place[rows] = np.arange(len(rows))
        kept = place[self.owner] >= 0
        return type(self)(
            self.images[kept],
            place[self.owner[kept]],
            None if self.cells is None else self.cells[kept],
            None if self.slides is None else self.slides[kept],
        )


def read_fields(images: ImageSequence, size: tuple[int, int], resize: str, **options: Any) -> Pixels:
    """Whole images at a network's size.

    Parameters
    ----------
    images : ImageSequence of n images
    size : (height, width)
    resize : {"stretch", "crop", "pad"}
    **options
        `n_jobs` and `verbose` of :func:`~leukofeat.parallel.map_images`.
    """
    found = map_images(partial(_read_field, size, resize), images, description="reading", **options)
    return Pixels(_stacked([image for image, _ in found], size), np.arange(len(images)))


def read_fields_with_cells(
    images: ImageSequence, size: tuple[int, int], resize: str, segmenter: Any, *, memory: Any = None, **options: Any
) -> Pixels:
    """Whole images, and where their leukocytes are; where none were found, none can be pasted, and a person is told if that is all images.

    Parameters
    ----------
    images : ImageSequence of n images
    size : (height, width)
    resize : {"stretch", "crop", "pad"}
    segmenter : stage or None
        Of images that come without label maps.
    memory : Store, optional
        Keeps where the leukocytes are.
    **options
        `n_jobs` and `verbose` of :func:`~leukofeat.parallel.map_images`.
    """
    known = find_cells(images, segmenter, memory=memory, **options)
    found = map_images(partial(_read_field, size, resize), images, description="reading", **options)
    if not any(isinstance(made, FieldCells) and made.n_cells for made in known):
        reason = next((f"; {made}" for made in known if isinstance(made, str)), "")
        warnings.warn(
            f"swap has no effect: leukocytes were found in none of {len(images)} images{reason}. Give a segmenter= that finds them.",
            stacklevel=2,
        )
    cells, slides = np.zeros((len(images), 2, *size), np.uint8), np.full((len(images), 3), 255, np.float32)
    for i, (made, (_, shape)) in enumerate(zip(known, found, strict=True)):
        if isinstance(made, FieldCells):
            slides[i] = made.slide
            mask = 255 * made.mask(shape)[:, :, None].astype(np.uint8)
            inside = fit_image(np.repeat(mask, 3, axis=2), size, resize=resize)[:, :, 0] > 127
            cells[i, 0] = np.rint(255 * soft_mask(inside, 1.0)[:, :, 0])
            cells[i, 1] = np.rint(255 * soft_mask(inside, 1.0, widen=_WIDEN)[:, :, 0])
    return Pixels(_stacked([image for image, _ in found], size), np.arange(len(images)), cells, slides)


def cut_cells(images: ImageSequence, steps: tuple[Step, ...], **options: Any) -> list[list[np.ndarray]]:
    """Each cell of each image by itself, everything around it black with no weight.

    Parameters
    ----------
    images : ImageSequence of n images
    steps : tuple of callables
        That segment an image which comes without label maps.
    **options
        `n_jobs` and `verbose` of :func:`~leukofeat.parallel.map_images`.

    Returns
    -------
    list of list of ndarray of shape (height, width, 4), dtype uint8
        RGB, and 255 in the cell; a list for each image.
    """
    return map_images(partial(_cut_cells, steps), images, description="cutting out cells", **options)


def frame_cells(cut: list[list[np.ndarray]], window: int, size: tuple[int, int], around: tuple[float, ...]) -> Pixels:
    """Cells in the middle of windows of one side, so that a large cell looks large, at a network's size.

    Parameters
    ----------
    cut : list of list of ndarray
        As :func:`cut_cells` gives them.
    window : int
        Side in pixels of the images; a cell that is larger is made smaller.
    size : (height, width)
    around : tuple of 3 float
        RGB of all that is not the cell, 0 to 255.
    """
    found = [_frame_cell(cell, window, size, around) for cells in cut for cell in cells]
    return Pixels(_stacked(found, size), np.repeat(np.arange(len(cut)), [len(cells) for cells in cut]))


def window_box(cell: Box, window: int) -> Box:
    """What of an image's plane the window shows that :func:`frame_cells` puts a cell in.

    Parameters
    ----------
    cell : (top, left, bottom, right)
        Box of the cell in the image.
    window : int

    Examples
    --------
    >>> window_box((10, 20, 16, 24), 8), window_box((10, 20, 26, 24), 8)
    ((9, 18, 17, 26), (10, 14, 26, 30))
    """
    top, left, bottom, right = cell
    factor = min(1.0, window / max(bottom - top, right - left))
    first = [
        round(start - (window - max(1, round((stop - start) * factor))) // 2 / factor)
        for start, stop in ((top, bottom), (left, right))
    ]
    side = round(window / factor)
    return first[0], first[1], first[0] + side, first[1] + side


def _read_field(
    size: tuple[int, int], resize: str, images: ImageSequence, i: int
) -> tuple[np.ndarray, tuple[int, int]]:
    """Image at the network's size, and the size that it had."""
    image = images.smear(i).image
    return fit_image(image, size, resize=resize), (image.shape[0], image.shape[1])


def _cut_cells(steps: tuple[Step, ...], images: ImageSequence, i: int) -> list[np.ndarray]:
    smear = segment_unless_given(steps, images.smear(i))
    found = []
    for label, (top, left, bottom, right) in enumerate(smear.boxes, 1):
        box = np.s_[top:bottom, left:right]
        inside = 255 * (smear.region("cell")[box] == label).astype(np.uint8)[:, :, None]
        found.append(np.concatenate([np.where(inside > 0, smear.image[box], np.uint8(0)), inside], axis=2))
    return found


def _frame_cell(cell: np.ndarray, window: int, size: tuple[int, int], around: tuple[float, ...]) -> np.ndarray:
    height, width = cell.shape[:2]
    factor = min(1.0, window / max(height, width))
    if factor < 1:
        height, width = (max(1, round(side * factor)) for side in (height, width))
        mixed = cv2.resize(cell.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
        # of a pixel at the rim, the colour of that part which is the cell
        mixed[:, :, :3] *= 255 / np.maximum(mixed[:, :, 3:], 1)
        cell = np.rint(mixed.clip(0, 255)).astype(np.uint8)
    framed = np.empty((window, window, 3), np.uint8)
    framed[:] = np.clip(np.rint(around), 0, 255).astype(np.uint8)
    top, left = (window - height) // 2, (window - width) // 2
    place = framed[top : top + height, left : left + width]
    inside = cell[:, :, 3] > 127
    place[inside] = cell[:, :, :3][inside]
    return fit_image(framed, size)


def _stacked(images: list[np.ndarray], size: tuple[int, int]) -> np.ndarray:
    stacked = np.empty((len(images), 3, *size), np.uint8)
    for i, image in enumerate(images):
        stacked[i] = image.transpose(2, 0, 1)
    return stacked
