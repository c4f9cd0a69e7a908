"""How many lobes the depths of a region make, and how many parts it has."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.jit import jit
from leukofeat.kernels.regions.union_find import find_root

_RISE = 0.15  # share of the largest depth by which a lobe's peak rises above the neck to a deeper one
_PART = 0.05  # share of the region's pixels that a part holds


@jit
def _from_the_deepest(squares: np.ndarray) -> np.ndarray:
    """Indices of the pixels, the deepest first (a counting sort: squares are small integers)."""
    first = np.zeros(squares.max() + 2, dtype=np.int64)
    for x in squares:
        first[x] += 1
    start = 0
    for x in range(first.size - 1, -1, -1):
        count = first[x]
        first[x] = start
        start += count
    order = np.empty(squares.size, dtype=np.int64)
    for i in range(squares.size):
        order[first[squares[i]]] = i
        first[squares[i]] += 1
    return order


@jit
def _lobes(labels: np.ndarray, boxes: np.ndarray, depths: np.ndarray) -> np.ndarray:
    """Peaks of the depth, and connected parts: pixels join from the deepest up, lower peaks end where parts meet."""
    n = boxes.shape[0]
    out = np.full((n, 2), np.nan)
    for k in range(n):
        r0, c0, r1, c1, pixels = boxes[k, :5]
        if pixels == 0:
            continue
        # a frame around the box spares the question whether a neighbour is in it; -1 is not in a part yet
        width = c1 - c0 + 2
        index = np.full((r1 - r0 + 2) * width, -1, dtype=np.int64)
        places = np.empty(pixels, dtype=np.int64)
        squares = np.empty(pixels, dtype=np.int64)
        m = 0
        for r in range(r0, r1):
            for c in range(c0, c1):
                if labels[r, c] == k + 1:
                    places[m] = (r - r0 + 1) * width + c - c0 + 1
                    squares[m] = depths[r, c]
                    m += 1
        order = _from_the_deepest(squares)
        least = _RISE * np.sqrt(np.float64(squares[order[0]]))
        parent = np.arange(pixels)
        size = np.ones(pixels, dtype=np.int64)
        lobes = 0
        for i in order:
            depth = np.sqrt(np.float64(squares[i]))
            index[places[i]] = i
            a = i
            for step in (-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1):
                j = index[places[i] + step]
                # most neighbours are of the part already
                if j < 0 or parent[j] == a:
                    continue
                b = find_root(parent, j)
                if a == b:
                    continue
                # a part's root is its peak
                if squares[a] < squares[b]:
                    a, b = b, a
                lobes += np.sqrt(np.float64(squares[b])) - depth >= least
                parent[b] = a
                size[a] += size[b]
        parts = 0
        for i in range(pixels):
            if parent[i] == i:
                # what is never met by a deeper part ends at the outside
                lobes += np.sqrt(np.float64(squares[i])) >= least
                parts += size[i] >= _PART * pixels
        out[k, 0] = lobes
        out[k, 1] = parts
    return out


def count_lobes(labels: ArrayLike, boxes: NDArray[np.int64], depths: NDArray[np.int32]) -> NDArray[np.float64]:
    """Lobes and parts of every region.

    Parameters
    ----------
    labels : array_like of int, shape (H, W)
        Label map; 0 is background.
    boxes : ndarray of int64, shape (n_labels, 7)
        Result of :func:`~leukofeat.kernels.regions.boxes.region_boxes`.
    depths : ndarray of int32, shape (H, W)
        Result of :func:`~leukofeat.kernels.regions.distance.squared_depths`.

    Returns
    -------
    ndarray of float64, shape (n_labels, 2)
        Lobes: peaks of the depth that rise by 0.15 of the largest depth above the neck to a deeper one. Parts:
        connected parts (8-neighbours) that hold a twentieth of the region's pixels. NaN for a label without pixels.

    Examples
    --------
    >>> from leukofeat.kernels.regions.boxes import region_boxes
    >>> from leukofeat.kernels.regions.distance import squared_depths
    >>> dumbbell = np.zeros((9, 21), int)
    >>> dumbbell[1:8, 1:8] = dumbbell[1:8, 13:20] = dumbbell[4, 8:13] = 1
    >>> boxes = region_boxes(dumbbell)
    >>> count_lobes(dumbbell, boxes, squared_depths(dumbbell, boxes)).tolist()
    [[2.0, 1.0]]
    """
    return _lobes(plain(labels, np.int32, ndim=2), boxes, plain(depths, np.int32, ndim=2))
