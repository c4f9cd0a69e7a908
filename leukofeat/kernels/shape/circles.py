"""Circles by Hough's transform along the gradient: what ``cv2.HoughCircles`` finds, from edges that are at hand."""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.jit import jit

_BINS = 10  # of a radius' histogram, in one step of the accumulator


@jit
def _vote(
    edges: np.ndarray,
    dx: np.ndarray,
    dy: np.ndarray,
    scale: np.float32,
    low: int,
    high: int,
    frame: int,
    votes: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Let every edge pixel vote for the centres up and down its gradient; `votes` has a frame as wide as a vote can reach.

    Returns the number of voting pixels before each pixel in raster order, and their columns.
    """
    height, width = edges.shape
    before, columns = np.empty(edges.size + 1, np.int32), np.empty(edges.size, np.int32)
    stride, flat = votes.shape[1], votes.reshape(votes.size)
    n = 0
    for r in range(height):
        for c in range(width):
            before[r * width + c] = n
            if edges[r, c] == 0:
                continue
            vx, vy = np.float32(dx[r, c]), np.float32(dy[r, c])
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
    return before, columns


@jit
def _support(
    before: np.ndarray,
    columns: np.ndarray,
    centers: np.ndarray,
    width: int,
    step: int,
    low: int,
    high: int,
    bins: np.ndarray,
) -> np.ndarray:
    """Centre, radius and number of edge pixels of the best-supported circle about each centre: (x, y, r, count).

    `bins` holds the bin of each squared distance in half pixels, as centres of cells come in; the last bin takes what is
    too near or too far.
    """
    height = (before.size - 1) // width
    out, counts = np.empty((len(centers), 4)), np.empty(bins[-1] + 1, np.int64)
    for i in range(len(centers)):
        y, x = (2 * centers[i, 0] + 1) * step, (2 * centers[i, 1] + 1) * step
        counts[:] = 0
        for r in range(max(y // 2 - high, 0), min(y // 2 + high + 2, height)):
            across = (2 * r - y) * (2 * r - y)
            if across > 4 * high * high:
                continue
            # a little more than the circle's chord, cut off at the image
            reach = np.int64(np.sqrt(np.float64(4 * high * high - across)))
            first, end = min(max((x - reach) // 2, 0), width), min((x + reach) // 2 + 2, width)
            for k in range(before[r * width + first], before[r * width + end]):
                counts[bins[(2 * columns[k] - x) * (2 * columns[k] - x) + across]] += 1
        best, most = np.float32(0), 0
        b = counts.size - 2
        while b > 0:
            if counts[b] > 0:
                # the window of one step of the accumulator that ends at this bin
                end = b
                b = max(end - _BINS, -1)
                count = counts[b + 1 : end + 1].sum()
                radius = np.float32(end + b) / np.float32(2) / np.float32(_BINS) * np.float32(step) + np.float32(low)
                # the largest share of its circumference
                if np.float32(count) * best >= np.float32(most) * radius or (best == 0 and count >= most):
                    best, most = radius, count
            b -= 1
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = 0.5 * x, 0.5 * y, best, most
    return out


@jit
def _apart(circles: np.ndarray, distance: float) -> np.ndarray:
    """Flags of the circles whose centre is not near that of an earlier one that is kept."""
    kept = np.ones(len(circles), np.bool_)
    for i in range(len(circles)):
        for j in range(i):
            x, y = circles[i, 0] - circles[j, 0], circles[i, 1] - circles[j, 1]
            if kept[j] and x * x + y * y < distance * distance:
                kept[i] = False
                break
    return kept


@lru_cache(maxsize=8)
def _bins_of_squares(step: int, low: int, high: int) -> NDArray[np.int64]:
    """Bin of each squared distance in half pixels; the last of them, number and bin, is that of no bin."""
    n_bins = max(int(np.rint(np.float32(high - low) / np.float32(step) * np.float32(_BINS))), 1)
    squares = np.arange(4 * (high + 2) ** 2)
    distances = np.sqrt(squares.astype(np.float32) / np.float32(4))
    bins = np.rint((distances - np.float32(low)) / np.float32(step) * np.float32(_BINS)).astype(np.int64)
    bins = np.clip(bins, 0, n_bins - 1)
    bins[(squares < 4 * low * low) | (squares > 4 * high * high)] = n_bins
    return bins


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
    rows, columns = (int(np.ceil(side * scale)) for side in edges.shape)
    # a vote's steps are rounded, which adds up over large radii
    frame = int(np.rint(scale * np.float32(1024))) * high // 1024 + 2
    cells = np.zeros((rows + 2 * frame, columns + 2 * frame), np.int32)
    before, places = _vote(edges, dx, dy, scale, low, high, frame, cells)
    # the image's own cells; those of the first row and column are no centres
    inner = np.zeros((rows + 2, columns + 2), np.int32)
    inner[:-2, :-2] = cells[frame : frame + rows, frame : frame + columns]
    own, threshold = inner[1:-1, 1:-1], int(np.rint(votes))
    centers = np.argwhere(
        (own > threshold)
        & (own > inner[1:-1, :-2])
        & (own >= inner[1:-1, 2:])
        & (own > inner[:-2, 1:-1])
        & (own >= inner[2:, 1:-1])
    )
    circles = _support(
        before,
        places,
        plain(centers + 1, np.int64),
        edges.shape[1],
        int(step),
        low,
        high,
        _bins_of_squares(int(step), low, high),
    )
    circles = circles[circles[:, 3] > threshold]
    x, y, radius, count = circles.T
    circles = circles[np.lexsort((y, x, -radius, -count)), :3]
    return circles[_apart(circles, float(distance))]
