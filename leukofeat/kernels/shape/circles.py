"""Circles by Hough's transform along the gradient: what ``cv2.HoughCircles`` finds, from edges that are at hand."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.jit import jit

_BINS = 10  # of a radius' histogram, in one step of the accumulator


@jit
def _vote(edges: Any, dx: Any, dy: Any, scale: Any, low: int, high: int, votes: Any, before: Any, columns: Any) -> None:
    """Every edge pixel votes for the centres up and down its gradient.

    `votes` has a frame as wide as a vote can reach. Fill `columns` with the voting pixels' columns in raster order, and
    `before` with the number of them before each pixel.
    """
    height, width = edges.shape
    frame = _frame(high, scale)
    stride = votes.shape[1]
    flat = votes.reshape(votes.size)
    n = 0
    for r in range(height):
        for c in range(width):
            before[r * width + c] = n
            if edges[r, c] == 0:
                continue
            vx = np.float32(dx[r, c])
            vy = np.float32(dy[r, c])
            length = np.sqrt(vx * vx + vy * vy)
            if length < 1:
                continue
            columns[n] = c
            n += 1
            # positions in 1/1024 of a cell
            step_x = np.int64(np.rint(vx * scale * np.float32(1024) / length))
            step_y = np.int64(np.rint(vy * scale * np.float32(1024) / length))
            x0 = np.int64(np.rint(np.float32(c) * scale * np.float32(1024))) + 1024 * frame
            y0 = np.int64(np.rint(np.float32(r) * scale * np.float32(1024))) + 1024 * frame
            # both ways in turn: two votes in a row seldom meet in one cell, where the second would wait for the first
            for radius in range(low, high + 1):
                for side in range(-1, 2, 2):
                    x = np.uint64(x0 + side * radius * step_x) >> np.uint64(10)
                    y = np.uint64(y0 + side * radius * step_y) >> np.uint64(10)
                    flat[y * np.uint64(stride) + x] += 1
    before[height * width] = n


@jit
def _frame(high: int, scale: Any) -> Any:
    # a vote's steps are rounded, which adds up over large radii
    return np.int64(np.rint(scale * np.float32(1024))) * high // 1024 + 2


@jit
def _peaks(votes: Any, threshold: int, out: Any) -> int:
    """Cells above the threshold that no 4-neighbour exceeds, the first of equal ones, in raster order."""
    n = 0
    for y in range(1, votes.shape[0] - 1):
        for x in range(1, votes.shape[1] - 1):
            v = votes[y, x]
            if (
                v > threshold
                and v > votes[y, x - 1]
                and v >= votes[y, x + 1]
                and v > votes[y - 1, x]
                and v >= votes[y + 1, x]
            ):
                out[n, 0] = y
                out[n, 1] = x
                n += 1
    return n


@jit
def _support(
    before: Any,
    columns: Any,
    centers: Any,
    step: int,
    low: int,
    high: int,
    width: int,
    bins: Any,
    counts: Any,
    out: Any,
) -> None:
    """Centre, radius and number of edge pixels of the best-supported circle about each centre: (x, y, r, count).

    `bins` holds the bin of each squared distance in half pixels, as centres of cells come in; the last bin of `counts`
    takes what is too near or too far.
    """
    height = (before.size - 1) // width
    for i in range(centers.shape[0]):
        y = (2 * centers[i, 0] + 1) * step
        x = (2 * centers[i, 1] + 1) * step
        counts[:] = 0
        for r in range(max(y // 2 - high, 0), min(y // 2 + high + 2, height)):
            rest = 4 * high * high - (2 * r - y) * (2 * r - y)
            if rest < 0:
                continue
            # a little more than the circle's chord, cut off at the image
            reach = np.int64(np.sqrt(np.float64(rest)))
            first = min(max((x - reach) // 2, 0), width)
            end = min((x + reach) // 2 + 2, width)
            for k in range(before[r * width + first], before[r * width + end]):
                square = (2 * columns[k] - x) * (2 * columns[k] - x) + (2 * r - y) * (2 * r - y)
                counts[bins[square]] += 1
        best = np.float32(0)
        most = 0
        b = counts.size - 2
        while b > 0:
            if counts[b] > 0:
                # the window of one step of the accumulator that ends at this bin
                end = b
                count = 0
                while b > end - _BINS and b >= 0:
                    count += counts[b]
                    b -= 1
                radius = np.float32(end + b) / np.float32(2) / np.float32(_BINS) * np.float32(step) + np.float32(low)
                # the largest share of its circumference
                if np.float32(count) * best >= np.float32(most) * radius or (best == 0 and count >= most):
                    best = radius
                    most = count
            b -= 1
        out[i, 0] = 0.5 * x
        out[i, 1] = 0.5 * y
        out[i, 2] = best
        out[i, 3] = most


@jit
def _apart(circles: Any, distance: float) -> int:
    """Keep the circles whose centre is not near that of an earlier one, moved to the front; return their number."""
    n = 0
    for i in range(circles.shape[0]):
        good = True
        for j in range(n):
            rx = circles[i, 0] - circles[j, 0]
            ry = circles[i, 1] - circles[j, 1]
            if rx * rx + ry * ry < distance * distance:
                good = False
                break
        if good:
            for k in range(4):
                circles[n, k] = circles[i, k]
            n += 1
    return n


@lru_cache(maxsize=8)
def _bins_of_squares(step: int, low: int, high: int) -> tuple[NDArray[np.int64], int]:
    """Bin of each squared distance in half pixels, and the number of bins, which is also that of no bin."""
    n_bins = max(int(np.rint(np.float32(high - low) / np.float32(step) * np.float32(_BINS))), 1)
    squares = np.arange(4 * (high + 2) ** 2)
    distances = np.sqrt(squares.astype(np.float32) / np.float32(4))
    bins = np.rint((distances - np.float32(low)) / np.float32(step) * np.float32(_BINS)).astype(np.int64)
    bins = np.minimum(np.maximum(bins, 0), n_bins - 1)
    bins[(squares < 4 * low * low) | (squares > 4 * high * high)] = n_bins
    return bins, n_bins


def hough_circles(
    edges: ArrayLike,
    dx: ArrayLike,
    dy: ArrayLike,
    *,
    step: int,
    distance: float,
    votes: float,
    min_radius: int,
    max_radius: int,
) -> NDArray[np.float64]:
    """Find circles by Hough's transform along the gradient (Yuen et al. 1990).

    Parameters
    ----------
    edges : array_like of uint8, shape (H, W)
        Non-zero on edges.
    dx, dy : array_like of int16, shape (H, W)
        Gradient along the columns and along the rows.
    step : int
        Pixels per cell of the accumulator, along each axis.
    distance : float
        Least distance of two centres, in pixels.
    votes : float
        Accumulator threshold, rounded: centres and circles need more.
    min_radius, max_radius : int
        Radii looked for, in pixels; a `max_radius` that is not larger counts as ``min_radius + 2``.

    Returns
    -------
    ndarray of float64, shape (n, 3)
        Column, row and radius in pixels, the best supported first.

    Notes
    -----
    Equal to ``cv2.HoughCircles(..., cv2.HOUGH_GRADIENT, dp=step, minDist=distance, param1=high, param2=votes)`` of
    OpenCV 5.0 with its edges (``cv2.Canny(dx, dy, high / 2, high)`` of Sobel's gradient), which are most of its time.

    Examples
    --------
    >>> import cv2
    >>> disc = cv2.circle(np.full((80, 80), 240, np.uint8), (40, 41), 20, 60, -1)
    >>> dx, dy = (cv2.Sobel(disc, cv2.CV_16S, k, 1 - k, borderType=cv2.BORDER_REPLICATE) for k in (1, 0))
    >>> edges = cv2.Canny(dx, dy, 75, 150)
    >>> hough_circles(edges, dx, dy, step=3, distance=19, votes=42, min_radius=19, max_radius=26).round(1).tolist()
    [[40.5, 40.5, 20.0]]
    """
    edges = plain(edges, np.uint8, ndim=2)
    dx, dy = plain(dx, np.int16, ndim=2), plain(dy, np.int16, ndim=2)
    low, high = int(min_radius), int(max_radius if max_radius > min_radius else min_radius + 2)
    # in single precision and in this order: votes fall as OpenCV's do
    scale = np.float32(1) / np.float32(step)
    height, width = edges.shape
    frame = _frame(high, scale)
    rows, columns = int(np.ceil(height * scale)), int(np.ceil(width * scale))
    accumulator = np.zeros((rows + 2 * frame, columns + 2 * frame), np.int32)
    before, places = np.empty(edges.size + 1, np.int32), np.empty(edges.size, np.int32)
    _vote(edges, dx, dy, scale, low, high, accumulator, before, places)
    # the image's own cells; those of the first row and column are no centres
    inner = np.zeros((rows + 2, columns + 2), np.int32)
    inner[:-2, :-2] = accumulator[frame : frame + rows, frame : frame + columns]
    threshold = int(np.rint(votes))
    centers = np.empty((inner.size, 2), np.int64)
    centers = centers[: _peaks(inner, threshold, centers)]
    bins, n_bins = _bins_of_squares(int(step), low, high)
    circles = np.empty((len(centers), 4))
    _support(before, places, centers, int(step), low, high, width, bins, np.empty(n_bins + 1, np.int64), circles)
    circles = circles[circles[:, 3] > threshold]
    x, y, radius, count = circles.T
    circles = circles[np.lexsort((y, x, -radius, -count))]
    return circles[: _apart(circles, float(distance)), :3]
