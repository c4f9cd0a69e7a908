"""The two ways to show a network an image: the whole field, or each of its cells alone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from leukofeat.augmentation.cells import segment_unless_given
from leukofeat.deep.image import input_box
from leukofeat.deep.pixels import Pixels, cut_cells, frame_cells, read_fields, read_fields_with_cells, window_box
from leukofeat.failures import warn_of
from leukofeat.preprocessing.marks import Box
from leukofeat.segmentation import LeukocyteSegmenter
from leukofeat.sequence import ImageSequence, Step
from leukofeat.smear import Smear
from leukofeat.store import Store

VIEWS = ("field", "cell")
# cells that are made at the network's size at a time: a smear may hold thousands
_CELLS = 256
# what stands around a cell: the middle of a network's input, RGB
_AROUND = (127.0, 127.0, 127.0)


@dataclass(frozen=True)
class View:
    """What a network is shown of an image, and how.

    Parameters
    ----------
    kind : {"field", "cell"}
    size : (height, width)
        Of the network's input.
    resize : {"stretch", "crop", "pad"}
    segmenter : stage or None
    window : int or None
        Side in pixels of what is shown around the middle of a cell; None before it is known.
    n_jobs, verbose
        As in :func:`~leukofeat.parallel.map_images`.
    """

    kind: str
    size: tuple[int, int]
    resize: str
    segmenter: Any
    window: int | None
    n_jobs: int | None
    verbose: int

    def read_to_train(self, images: ImageSequence, swap: bool, memory: Store | None) -> tuple[Pixels, int | None]:
        """Pixels of the images of a training, with their leukocytes where they are to be swapped; and the window of cells."""
        options: dict[str, Any] = {"n_jobs": self.n_jobs, "verbose": self.verbose}
        if self.kind == "field":
            if swap:
                found_by = self.segmenter
                return read_fields_with_cells(images, self.size, self.resize, found_by, memory=memory, **options), None
            return read_fields(images, self.size, self.resize, **options), None
        cut = self._cut(images)
        sides = [max(cell.shape[:2]) for cells in cut for cell in cells]
        if not sides:
            raise ValueError(
                f"no cell was found in any of {len(images)} images; view='cell' needs some, or another segmenter=."
            )
        empty = np.array([not cells for cells in cut])
        warn_of_empty(images, empty, "so that nothing is learned from them {names}; another segmenter= may find some.")
        window = self.window or int(2 * np.median(sides))
        return frame_cells(cut, window, self.size, _AROUND), window

    def read(self, images: ImageSequence) -> Pixels:
        """Pixels of all that a fitted network is shown of some images."""
        if self.kind == "field":
            return read_fields(images, self.size, self.resize, n_jobs=self.n_jobs, verbose=self.verbose)
        assert self.window is not None
        return frame_cells(self._cut(images), self.window, self.size, _AROUND)

    def segmented(self, smear: Smear) -> Smear:
        """The image with its cells, where these are what is shown, so that nothing here looks for them again."""
        return smear if self.kind == "field" else segment_unless_given(self._steps(), smear)

    def box(self, smear: Smear) -> Box:
        """What of an image one input shows (:func:`~leukofeat.deep.image.from_input`).

        Raises
        ------
        ValueError
            When there is not one input to it, but one for each of its cells.
        """
        if self.kind == "field":
            return input_box((smear.image.shape[0], smear.image.shape[1]), self.size, self.resize)
        assert self.window is not None
        boxes = self.segmented(smear).boxes
        check_single(len(boxes))
        top, left, bottom, right = map(int, boxes[0])
        return window_box((top, left, bottom, right), self.window)

    def tell(self, images: ImageSequence, ask: Callable[[np.ndarray], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """What `ask` says of all that is shown of some images, (m, k), and the image that each row belongs to."""
        if self.kind == "field":
            pixels = self.read(images)
            return ask(pixels.images), pixels.owner
        assert self.window is not None
        cut = self._cut(images)
        cells = [cell for of_image in cut for cell in of_image]
        parts = [cells[start : start + _CELLS] for start in range(0, len(cells), _CELLS)] or [[]]
        told = [ask(frame_cells([part], self.window, self.size, _AROUND).images) for part in parts]
        return np.concatenate(told), np.repeat(np.arange(len(cut)), [len(of_image) for of_image in cut])

    def _cut(self, images: ImageSequence) -> list[list[np.ndarray]]:
        return cut_cells(images, self._steps(), n_jobs=self.n_jobs, verbose=self.verbose)

    def _steps(self) -> tuple[Step, ...]:
        stage = LeukocyteSegmenter() if self.segmenter is None else self.segmenter
        return stage.transform([]).steps


def check_single(n: int) -> None:
    """Raise a ValueError unless an image gives one input."""
    if n != 1:
        way_out = (
            "Give it one cell, as smear.crop(1) does" if n else "Give it an image of a cell, or another segmenter="
        )
        raise ValueError(f"view='cell' shows the network one cell at a time; this image has {n or 'none'}. {way_out}.")


def warn_of_empty(images: ImageSequence, empty: np.ndarray, what: str) -> None:
    """Warn of the images in which no cell was found, and say `what` follows."""
    warn_of((), len(images), empty=[images.name(int(i)) for i in np.flatnonzero(empty)], what=what)
