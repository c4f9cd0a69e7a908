"""Outer contours of regions, and closed contours at equal steps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import count_labels, plain
from leukofeat.kernels.jit import jit
from leukofeat.kernels.shape.shape import region_boxes


@jit
def _resample(points: Any, n_points: int, out: Any) -> None:
    n = points.shape[0]
    length = 0.0
    for i in range(n):
        j = (i + 1) % n
        length += np.hypot(np.float64(points[j, 0] - points[i, 0]), np.float64(points[j, 1] - points[i, 1]))
    i = 0
    walked = 0.0
    step = np.hypot(np.float64(points[1 % n, 0] - points[0, 0]), np.float64(points[1 % n, 1] - points[0, 1]))
    for k in range(n_points):
        target = k * length / n_points
        while i < n - 1 and walked + step < target:
            walked += step
            i += 1
            j = (i + 1) % n
            step = np.hypot(np.float64(points[j, 0] - points[i, 0]), np.float64(points[j, 1] - points[i, 1]))
        j = (i + 1) % n
        part = (target - walked) / step if step > 0 else 0.0
        x = points[i, 0] + part * (points[j, 0] - points[i, 0])
        y = points[i, 1] + part * (points[j, 1] - points[i, 1])
        out[k] = complex(x, y)


def resample_closed(points: ArrayLike, n_points: int) -> NDArray[np.complex128]:
    """Points at equal steps along a closed polygon, from its first vertex on.

    Parameters
    ----------
    points : array_like of int, shape (n, 2)
        Vertices (x, y), n > 0; the last is joined to the first.
    n_points : int
        Number of points to take.

    Returns
    -------
    ndarray of complex128, shape (n_points,)
        x + i y.

    Examples
    --------
    >>> resample_closed([[0, 0], [4, 0], [4, 4], [0, 4]], 4).tolist()
    [0j, (4+0j), (4+4j), 4j]
    """
    vertices = plain(points, np.int64, ndim=2)
    if not len(vertices):
        raise ValueError("a polygon needs at least one vertex")
    out = np.empty(int(n_points), np.complex128)
    _resample(vertices, int(n_points), out)
    return out


@jit
def _follow(mask: Any, width: int, start: int, out: Any) -> int:
    """Border through the pixels around `start`, whose left neighbour is outside, left hand outwards; they become 2."""
    # the neighbours against the clock, from the right one on
    steps = (1, 1 - width, -width, -1 - width, -1, width - 1, width, width + 1)
    way = 4
    for _ in range(8):
        way = (way - 1) & 7
        if mask[start + steps[way]]:
            break
    last = start + steps[way]
    mask[start] = 2
    out[0] = start
    if not mask[last]:
        return 1
    n = 0
    here = start
    while True:
        out[n] = here
        n += 1
        mask[here] = 2
        way = (way + 1) & 7
        while not mask[here + steps[way]]:
            way = (way + 1) & 7
        there = here + steps[way]
        if there == start and here == last:
            return n
        here = there
        way = (way + 4) & 7


@jit
def _outlines(labels: Any, boxes: Any, out: Any) -> None:
    most = 0
    for k in range(boxes.shape[0]):
        most = max(most, boxes[k, 4])
    # a border passes through a pixel four times at most
    path = np.empty(4 * most + 1, dtype=np.int64)
    points = np.empty((4 * most + 1, 2), dtype=np.int64)
    for k in range(boxes.shape[0]):
        r0, c0, r1, c1, pixels = boxes[k, 0], boxes[k, 1], boxes[k, 2], boxes[k, 3], boxes[k, 4]
        width = c1 - c0 + 2
        mask = np.zeros((r1 - r0 + 2) * width, dtype=np.uint8)
        for r in range(r0, r1):
            for c in range(c0, c1):
                if labels[r, c] == k + 1:
                    mask[(r - r0 + 1) * width + c - c0 + 1] = 1
        largest = 0
        size = 0
        for i in range(width + 1, mask.size if pixels else 0):
            if mask[i] != 1 or mask[i - 1] != 0:
                continue
            n = _follow(mask, width, i, path)
            # twice the area by the shoelace formula; that of a hole's border has the other sign
            area = 0
            for j in range(n):
                a = path[j]
                b = path[j + 1 if j + 1 < n else 0]
                area += (b % width) * (a // width) - (a % width) * (b // width)
            if area >= largest and area > 0:
                largest = area
                size = n
                for j in range(n):
                    points[j, 0] = path[j] % width - 1 + c0
                    points[j, 1] = path[j] // width - 1 + r0
        if size:
            _resample(points[:size], out.shape[1], out[k])


def region_outlines(
    labels: ArrayLike, n_labels: int | None = None, n_points: int = 128, boxes: NDArray[np.int64] | None = None
) -> NDArray[np.complex128]:
    """Points at equal steps along the outer contour of the largest part of every region.

    Parameters
    ----------
    labels : array_like of int, shape (H, W)
        Label map; 0 is background.
    n_labels : int, optional
        Number of labels; the largest in the map by default.
    n_points : int
        Points on each contour.
    boxes : ndarray of int64, shape (n_labels, 7), optional
        Result of :func:`~leukofeat.kernels.shape.shape.region_boxes`, if it is at hand.

    Returns
    -------
    ndarray of complex128, shape (n_labels, n_points)
        Column + i row; the contour runs through the centres of the border pixels (Suzuki and Abe 1985), from the first
        one in raster order on and down. NaN where it encloses no area.

    Notes
    -----
    The contours are those of ``cv2.findContours(region, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)``.

    Examples
    --------
    >>> square = np.zeros((6, 6), int); square[1:5, 1:5] = 1
    >>> region_outlines(square, n_points=4).tolist()
    [[(1+1j), (1+4j), (4+4j), (4+1j)]]
    """
    labels = plain(labels, np.int32, ndim=2)
    if boxes is None:
        boxes = region_boxes(labels, count_labels(labels, n_labels))
    out = np.full((len(boxes), int(n_points)), np.nan + 0j)
    _outlines(labels, boxes, out)
    return out
