"""The whole of a field at a glance, for what stages take from the whole image: made in one pass over its pixels."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil
from typing import Self

import numpy as np

from leukofeat.decode import ImageError
from leukofeat.opencv import cv2
from leukofeat.tiling.field import Field

MOST = 12_000_000  # pixels: of a field up to this size everything is seen
_BAND = 512  # rows that are read at once
_WIDEST = 8192  # columns that are read at once


@dataclass(frozen=True)
class Overview:
    """A field, shrunken in two ways.

    Parameters
    ----------
    shrunken : ndarray of shape (height, width, 3), dtype uint8
        Means of squares of `factor` pixels a side: what can be seen from afar.
    sample : ndarray of shape (height, width, 3), dtype uint8
        The middle pixel of each square: colours as they are distributed in the field.
    factor : int
    """

    shrunken: np.ndarray
    sample: np.ndarray
    factor: int

    def after(self, step: Callable[[np.ndarray], np.ndarray]) -> Self:
        """Both images behind a step."""
        return replace(self, shrunken=step(self.shrunken), sample=step(self.sample))

    def cropped(self, rows: int) -> Self:
        """The first rows of the field alone."""
        keep = max(1, round(rows / self.factor))
        return self.after(lambda image: np.ascontiguousarray(image[:keep]))


def overlook(field: Field, *, strict: bool = True) -> Overview:
    """Read a field once, band by band, and shrink it; unless `strict`, what cannot be read is white.

    Examples
    --------
    >>> from leukofeat.tiling import open_field
    >>> seen = overlook(open_field(np.broadcast_to(np.uint8(200), (6000, 30_000))))
    >>> seen.shrunken.shape, seen.factor
    ((1500, 7500, 3), 4)
    """
    height, width = field.shape
    factor = ceil((height * width / MOST) ** 0.5)
    side = tuple(max(1, n // factor) for n in (height, width))
    shrunken, sample = (np.empty((*side, 3), np.uint8) for _ in range(2))
    down, across = (max(1, most // factor) for most in (_BAND, _WIDEST))
    for row in range(0, side[0], down):
        for column in range(0, side[1], across):
            own = np.s_[row : min(row + down, side[0]), column : min(column + across, side[1])]
            tall, wide = (one.stop - one.start for one in own)
            # a side shorter than the factor is one square
            pixels = (min(tall * factor, height - row * factor), min(wide * factor, width - column * factor))
            try:
                image = field.read(row * factor, column * factor, *pixels)
            except ImageError:
                if strict:
                    raise
                image = np.full((*pixels, 3), 255, np.uint8)
            shrunken[own] = cv2.resize(image, (wide, tall), interpolation=cv2.INTER_AREA).reshape(tall, wide, 3)
            sample[own] = image[min(factor // 2, pixels[0] - 1) :: factor, min(factor // 2, pixels[1] - 1) :: factor][
                :tall, :wide
            ]
    return Overview(shrunken, sample, factor)
