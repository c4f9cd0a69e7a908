"""How deep each pixel lies in its region, and how many lobes the depths make."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import count_labels, plain
from leukofeat.kernels.jit import jit
from leukofeat.kernels.shape.shape import region_boxes


@jit
def _depths(labels: Any, boxes: Any, out: Any) -> None:
    """Squared distance to the nearest pixel of another label, region by region (Meijster, Roerdink and Hesselink)."""
    for k in range(boxes.shape[0]):
        r0, c0, r1, c1, pixels = boxes[k, :5]
        if pixels == 0:
            continue
        height = r1 - r0
        width = c1 - c0
        # steps up or down to the nearest pixel outside; the box's frame is outside
        steps = np.zeros((height, width), dtype=np.int64)
        for c in range(width):
            run = 0
            for r in range(height):
                run = run + 1 if labels[r0 + r, c0 + c] == k + 1 else 0
                steps[r, c] = run
            run = 0
            for r in range(height - 1, -1, -1):
                run = run + 1 if labels[r0 + r, c0 + c] == k + 1 else 0
                steps[r, c] = min(steps[r, c], run)
        for r in range(height):
            for c in range(width):
                best = steps[r, c] * steps[r, c]
                side = 1
                while side * side < best:
                    left = steps[r, c - side] if c >= side else 0
                    right = steps[r, c + side] if c + side < width else 0
                    near = min(left, right)
                    best = min(best, side * side + near * near)
                    side += 1
                if steps[r, c] > 0:
                    out[r0 + r, c0 + c] = best


@jit
def _root(parent: Any, i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@jit
def _from_the_deepest(squares: Any) -> Any:
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
def _lobes(labels: Any, boxes: Any, depths: Any, rise: float) -> Any:
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
        deepest = np.sqrt(np.float64(squares[order[0]]))
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
                b = _root(parent, j)
                if a == b:
                    continue
                # a part's root is its peak
                if squares[a] < squares[b]:
                    a, b = b, a
                if np.sqrt(np.float64(squares[b])) - depth >= rise * deepest:
                    lobes += 1
                parent[b] = a
                size[a] += size[b]
        parts = 0
        for i in range(pixels):
            if parent[i] == i:
                # what is never met by a deeper part ends at the outside
                lobes += np.sqrt(np.float64(squares[i])) >= rise * deepest
                parts += size[i] >= 0.05 * pixels
        out[k, 0] = lobes
        out[k, 1] = parts
    return out


def squared_depths(
    labels: ArrayLike, n_labels: int | None = None, boxes: NDArray[np.int64] | None = None
) -> NDArray[np.int32]:
    """Squared Euclidean distance of each pixel to the nearest pixel of another label; beyond the image all is other.

    Parameters
    ----------
    labels : array_like of int, shape (H, W)
        Label map; 0 is background.
    n_labels : int, optional
        Number of labels; the largest in the map by default.
    boxes : ndarray of int64, shape (n_labels, 7), optional
        Result of :func:`~leukofeat.kernels.shape.shape.region_boxes`, if it is at hand.

    Returns
    -------
    ndarray of int32, shape (H, W)
        Exact; 0 on the background. OpenCV's transform is no substitute: its last bits depend on where in memory the
        array lies.

    Examples
    --------
    >>> squared_depths(np.ones((3, 3), int)).tolist()
    [[1, 1, 1], [1, 4, 1], [1, 1, 1]]
    """
    labels = plain(labels, np.int32, ndim=2)
    out = np.zeros(labels.shape, np.int32)
    if boxes is None:
        boxes = region_boxes(labels, count_labels(labels, n_labels))
    _depths(labels, boxes, out)
    return out


def count_lobes(
    labels: ArrayLike,
    n_labels: int | None = None,
    depths: NDArray[np.int32] | None = None,
    rise: float = 0.15,
    boxes: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """Lobes and parts of every region.

    Parameters
    ----------
    labels : array_like of int, shape (H, W)
        Label map; 0 is background.
    n_labels : int, optional
        Number of labels; the largest in the map by default.
    depths : ndarray of int32, shape (H, W), optional
        Result of `squared_depths`, if it is at hand.
    rise : float
        Share of the largest depth by which a peak must rise above the neck to a deeper one.
    boxes : ndarray of int64, shape (n_labels, 7), optional
        Result of :func:`~leukofeat.kernels.shape.shape.region_boxes`, if it is at hand.

    Returns
    -------
    ndarray of float64, shape (n_labels, 2)
        Lobes: peaks of the depth that rise enough. Parts: connected parts (8-neighbours) that hold a twentieth of the
        region's pixels. NaN for a label without pixels.

    Examples
    --------
    >>> dumbbell = np.zeros((9, 21), int)
    >>> dumbbell[1:8, 1:8] = dumbbell[1:8, 13:20] = dumbbell[4, 8:13] = 1
    >>> count_lobes(dumbbell).tolist()
    [[2.0, 1.0]]
    """
    labels = plain(labels, np.int32, ndim=2)
    if boxes is None:
        boxes = region_boxes(labels, count_labels(labels, n_labels))
    depths = squared_depths(labels, boxes=boxes) if depths is None else plain(depths, np.int32, ndim=2)
    return _lobes(labels, boxes, depths, float(rise))
