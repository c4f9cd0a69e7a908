"""Areas within the outermost contours of a mask: what ``cv2.findContours`` and ``contourArea`` find, without the points."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.jit import jit


@jit
def _follow(mask: Any, start: int, steps: Any) -> tuple[int, int]:
    """Follow the border from `start`, whose left neighbour is outside; return twice its area and its vertices.

    Border pixels become 2, and -2 where the border runs between them and their right neighbour. `steps` (pixels in the
    mask, columns, rows) are those to the neighbours against the clock, from the right one on, twice around.
    """
    way = 3
    while way != 4 and mask[start + steps[way, 0]] == 0:
        way = (way - 1) & 7
    if way == 4:
        mask[start] = -2
        return 0, 1
    last = start + steps[way, 0]
    before = way ^ 4
    area = 0
    vertices = 0
    x = 0
    y = 0
    here = start
    while True:
        way += 1
        while mask[here + steps[way, 0]] == 0:
            way += 1
        if way > 8:
            mask[here] = -2
        elif mask[here] == 1:
            mask[here] = 2
        way &= 7
        vertices += way != before
        before = way
        # the shoelace formula, from the start
        area += x * steps[way, 2] - y * steps[way, 1]
        x += steps[way, 1]
        y += steps[way, 2]
        there = here + steps[way, 0]
        if there == start and here == last:
            return abs(area), vertices
        here = there
        way = (way + 4) & 7


@jit
def _areas(mask: Any, words: Any, stride: int, steps: Any, areas: Any) -> int:
    """Fill `areas` with those of the outermost contours (Suzuki and Abe 1985); `words` holds eight pixels each."""
    n = 0
    for row in range(0, words.size, stride // 8):
        # what the last border to the left was marked with: above 0, this is inside it
        mark = 0
        for w in range(row, row + stride // 8):
            if words[w] == 0:
                continue
            for i in range(8 * w, 8 * w + 8):
                if mask[i] == 0:
                    continue
                if mask[i] == 1 and mask[i - 1] == 0 and mark <= 0:
                    area, vertices = _follow(mask, i, steps)
                    # two points enclose nothing
                    if vertices > 2:
                        areas[n] = area / 2
                        n += 1
                if mask[i] != 1:
                    mark = mask[i]
    return n


@lru_cache(maxsize=8)
def _steps(stride: int) -> NDArray[np.int64]:
    across, down = np.tile([1, 1, 0, -1, -1, -1, 0, 1], 2), np.tile([0, -1, -1, -1, 0, 1, 1, 1], 2)
    return np.column_stack([across + stride * down, across, down]).astype(np.int64)


def contour_areas(edges: ArrayLike) -> NDArray[np.float64]:
    """Areas within the outermost contours of a mask that have at least three vertices.

    Parameters
    ----------
    edges : array_like of uint8, shape (H, W)
        Non-zero on edges.

    Returns
    -------
    ndarray of float64, shape (n,)
        Square pixels, in raster order of the contours' first pixels; 0 for a line that the contour runs around.

    Notes
    -----
    Those that ``cv2.contourArea`` has for ``cv2.findContours(edges, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)``, in
    reverse order.

    Examples
    --------
    >>> ring = np.zeros((6, 6), np.uint8); ring[1:5, 1:5] = 1; ring[2:4, 2:4] = 0
    >>> contour_areas(ring).tolist()
    [9.0]
    """
    edges = plain(edges, np.uint8, ndim=2)
    height, width = edges.shape
    # a frame around the mask, in rows of whole words
    stride = (width + 9) // 8 * 8
    mask = np.zeros((height + 2, stride), np.int8)
    np.not_equal(edges, 0, out=mask[1:-1, 1 : width + 1].view(bool))
    flat = mask.ravel()
    areas = np.empty((edges.size + 1) // 2)
    return areas[: _areas(flat, flat.view(np.int64), stride, _steps(stride), areas)]
