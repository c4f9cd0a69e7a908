"""What the displays share: outlines drawn into a picture, and a grid of axes with pictures in it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from leukofeat.opencv import cv2
from leukofeat.pictures import CELL_COLOR, NUCLEUS_COLOR
from leukofeat.plotting.style import pyplot
from leukofeat.smear import Smear

TRUTH_COLOR = (255, 255, 255)


def outline(smear: Smear, *, zoom: int = 2) -> np.ndarray:
    """Image with the outlines of its cells (green) and nuclei (yellow) drawn on it.

    Parameters
    ----------
    smear : Smear
    zoom : int, default=2
        Each pixel becomes a square of this side, so that an outline hides little.

    Returns
    -------
    ndarray of shape (zoom * height, zoom * width, 3), dtype uint8

    Examples
    --------
    >>> import numpy as np
    >>> labels = np.zeros((6, 6), np.int32); labels[2:4, 2:4] = 1
    >>> outline(Smear(np.full((6, 6, 3), 230, np.uint8), labels)).shape
    (12, 12, 3)
    """
    found = (("cell", CELL_COLOR), ("nucleus", NUCLEUS_COLOR)) if smear.is_segmented else ()
    return draw_edges(smear.image, [(smear.region(name), color) for name, color in found], zoom)


def draw_edges(image: np.ndarray, layers: Sequence[tuple[np.ndarray, tuple[int, int, int]]], zoom: int) -> np.ndarray:
    """Zoomed copy of an image, the pixels coloured where neighbouring labels of each (label map, colour) differ."""
    picture = image.repeat(zoom, 0).repeat(zoom, 1)
    for labels, color in layers:
        labels = labels.repeat(zoom, 0).repeat(zoom, 1)
        edge = np.zeros(labels.shape, bool)
        edge[:-1] |= labels[:-1] != labels[1:]
        edge[:, :-1] |= labels[:, :-1] != labels[:, 1:]
        picture[edge] = color
    return picture


def thumbnail(image: np.ndarray, side: int) -> np.ndarray:
    """Picture of an image whose longer side has `side` pixels."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def grid(n_rows: int, n_columns: int, width: float, height: float) -> Any:
    """Axes of a new figure, (n_rows, n_columns); each `width` by `height` inches."""
    _, axes = pyplot().subplots(
        n_rows, n_columns, figsize=(width * n_columns, height * n_rows), squeeze=False, layout="constrained"
    )
    return axes


class PictureGrid:
    """Rows of pictures on a grid of axes: what the displays of images have in common."""

    axes_: np.ndarray
    figure_: Any

    def draw(self, axes: Any, rows: Sequence[Sequence[np.ndarray]], size: tuple[float, float], *, frame: bool) -> None:
        """Draw the rows on `axes` (rows, columns), or on a new figure with axes of `size` (width, height) in inches."""
        if axes is None:
            axes = grid(max(1, len(rows)), max(map(len, rows), default=1), *size)
        self.axes_ = np.atleast_2d(axes)
        self.figure_ = self.axes_[0, 0].figure
        for ax in self.axes_.ravel():
            ax.set(xticks=[], yticks=[])
            ax.set_frame_on(frame)
        for row, pictures in zip(self.axes_, rows, strict=False):
            for ax, picture in zip(row, pictures, strict=False):
                ax.imshow(picture)
