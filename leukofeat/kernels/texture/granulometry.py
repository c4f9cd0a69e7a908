"""Sums of a plane's openings by discs: a disc is a stack of horizontal strokes, and all discs share their minima."""

from collections.abc import Sequence
from functools import lru_cache
from math import isqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.jit import jit
from leukofeat.kernels.regions.spans import cover_runs


@jit
def _least(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    for x in range(out.size):
        out[x] = min(a[x], b[x])


@jit
def _lower(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    for x in range(out.size):
        out[x] = min(out[x], min(a[x], b[x]))


@jit
def _erode(minima: np.ndarray, widths: np.ndarray, stride: int, first: int, out: np.ndarray) -> None:
    """Least value within each disc; `widths` holds the half width of a disc's rows from its middle on, -1 beyond it.

    Row k of `minima` is for the least values within k columns, of which row 0 is given: a plane, flat, in rows of
    `stride` pixels from `first` on, with 255 beside it as far as discs reach.
    """
    size = minima.shape[1]
    for k in range(1, minima.shape[0]):
        below, line = minima[k - 1], minima[k, k : size - k]
        _least(below[k - 1 : size - k - 1], below[k + 1 : size - k + 1], line)
        if k == 1:
            _lower(below[1 : size - 1], below[1 : size - 1], line)
    last = size - first
    for i in range(widths.shape[0]):
        discs = out[i, first:last]
        line = minima[widths[i, 0], first:last]
        _least(line, line, discs)
        for dy in range(1, widths[i, 0] + 1):
            line = minima[widths[i, dy]]
            shift = dy * stride
            _lower(line[first - shift : last - shift], line[first + shift : last + shift], discs)


@jit
def _add_openings(
    plane: np.ndarray, widths: np.ndarray, runs: np.ndarray, windows: np.ndarray, window: np.ndarray, out: np.ndarray
) -> None:
    reach = widths.shape[1] - 1
    for w in range(windows.shape[0]):
        # what an opening within the window can depend on
        top = max(windows[w, 0] - 2 * reach, 0)
        left = max(windows[w, 1] - 2 * reach, 0)
        height = min(windows[w, 2] + 2 * reach, plane.shape[0]) - top
        width = min(windows[w, 3] + 2 * reach, plane.shape[1]) - left
        # rows share the columns between them that discs reach into
        stride = width + reach
        first = reach * (stride + 1)
        size = height * stride + 2 * first
        minima = np.empty((reach + 1, size), dtype=np.uint8)
        eroded = np.empty((widths.shape[0], size), dtype=np.uint8)
        base = minima[0]
        base[:] = 255
        for r in range(height):
            line = base[first + r * stride : first + r * stride + width]
            source = plane[top + r, left : left + width]
            for c in range(width):
                line[c] = source[c]
        _erode(minima, widths, stride, first, eroded)
        for i in range(widths.shape[0]):
            # a dilation is an erosion of the negative
            for r in range(height):
                line = base[first + r * stride : first + r * stride + width]
                discs = eroded[i, first + r * stride : first + r * stride + width]
                for c in range(width):
                    line[c] = ~discs[c]
            _erode(minima[: widths[i, 0] + 1], widths[i : i + 1], stride, first, eroded[i : i + 1])
            for k in range(windows[w, 4], windows[w, 5]):
                if window[k] == w:
                    start = first + (runs[k, 0] - top) * stride - left
                    total = 0
                    for c in range(runs[k, 1], runs[k, 2]):
                        total += eroded[i, start + c]
                    out[runs[k, 3], i] += 255 * (runs[k, 2] - runs[k, 1]) - total


@lru_cache(maxsize=32)
def _half_widths(radii: tuple[int, ...]) -> NDArray[np.int64]:
    reach = max(radii)
    widths = [[isqrt(r * r - dy * dy) if dy <= r else -1 for dy in range(reach + 1)] for r in radii]
    return np.array(widths, np.int64)


def opening_sums(plane: ArrayLike, runs: NDArray[np.int32], n_parts: int, radii: Sequence[int]) -> NDArray[np.int64]:
    """Sums over each part of a plane's openings by discs.

    The opening of the negative is the negative of the closing, whose sums follow from it.

    Parameters
    ----------
    plane : array_like of uint8, shape (H, W)
        Grey values; what lies beyond the border is ignored.
    runs : ndarray of int32, shape (n_runs, 4)
        The parts' pixels, as :func:`~leukofeat.kernels.regions.spans.part_runs` gives them.
    n_parts : int
        Number of parts.
    radii : sequence of int
        Radii of the discs, in pixels: of the pixels within this distance of the centre.

    Returns
    -------
    ndarray of int64, shape (n_parts, len(radii))

    Examples
    --------
    >>> dot = np.zeros((5, 5), np.uint8); dot[1:4, 1:4] = 9
    >>> opening_sums(dot, np.array([[2, 0, 5, 0]], np.int32), 1, [1, 2]).tolist()
    [[27, 0]]
    """
    plane = plain(plane, np.uint8, ndim=2)
    widths = _half_widths(tuple(int(radius) for radius in radii))
    reach = widths.shape[1] - 1
    out = np.zeros((n_parts, len(widths)), np.int64)
    # planes of more than some 64 KiB would fill the caches
    windows, window = cover_runs(runs, reach, max(65536, 4 * reach * plane.shape[1]))
    _add_openings(plane, widths, runs, windows, window, out)
    return out
