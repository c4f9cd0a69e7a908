"""How images are flooded from the top: pixels in order of falling level, in a frame that spares the tests for the border."""

import numpy as np

from leukofeat.kernels.jit import jit
from leukofeat.opencv import cv2


def framed(plane: np.ndarray) -> np.ndarray:
    """The (H, W) plane in a frame of zeros, a pixel wide: the 4 neighbours of flat index p are p - W - 2, p - 1, p + 1 and p + W + 2."""
    return cv2.copyMakeBorder(plane, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)


def unframed(plane: np.ndarray) -> np.ndarray:
    """The plane without its frame, C-contiguous."""
    return np.ascontiguousarray(plane[1:-1, 1:-1])


def from_the_top(places: np.ndarray, level: np.ndarray) -> np.ndarray:
    """The places (flat indices), those of the highest level first, in the old order where levels are equal; both are (n,)."""
    drop = level.max(initial=0) - level
    # NumPy sorts integers of up to 16 bits by counting
    return places[np.argsort(drop.astype(np.min_scalar_type(drop.max(initial=0))), kind="stable")]


@jit
def flood(
    values: np.ndarray, least: int, most: int, start: int, row: int, marks: np.ndarray, mark: int, queue: np.ndarray
) -> int:
    """Mark the 4-connected pixels around `start` with values from `least` to `most`; returns how many are listed in `queue`.

    `values` and `marks` are flat framed planes with rows of `row` pixels; what is marked already bounds the flood.
    """
    queue[0] = start
    marks[start] = mark
    first, last = 0, 1
    while first < last:
        p = queue[first]
        first += 1
        for q in (p + row, p - row, p + 1, p - 1):
            if marks[q] == 0 and least <= values[q] <= most:
                marks[q] = mark
                queue[last] = q
                last += 1
    return last
