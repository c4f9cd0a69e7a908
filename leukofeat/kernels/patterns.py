"""Uniform local binary patterns of an 8-bit plane, in scikit-image's own arithmetic so that ties fall alike."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels._arrays import plain
from leukofeat.kernels._jit import jit
from leukofeat.kernels._spans import cover_runs, part_runs

_LARGEST = 4096  # pixels of a window, to stay in the fastest cache
# what single precision may be off by in a mean of four 8-bit values, many times over
_DOUBT = np.float32(1e-3)


@jit
def _excess(center: Any, upper: Any, lower: Any, dr: Any, dc: Any, out: Any) -> None:
    """How much brighter than the centre the point is, in single precision."""
    left, right = np.float32(1) - dc, dc
    top, bottom = np.float32(1) - dr, dr
    for i in range(out.size):
        t = left * upper[i] + right * upper[i + 1]
        b = left * lower[i] + right * lower[i + 1]
        out[i] = top * t + bottom * b - center[i]


@jit
def _set_bits(excess: Any, bit: Any, codes: Any, doubts: Any) -> None:
    # in two loops: LLVM gives up vectorising where more arrays might overlap
    for i in range(codes.size):
        codes[i] |= bit if excess[i] >= 0 else np.uint32(0)
    for i in range(doubts.size):
        doubts[i] |= bit if abs(excess[i]) < _DOUBT else np.uint32(0)


@jit
def _is_set(plane: Any, i: int, step: int, stride: int, dr: float, dc: float) -> bool:
    """Whether the point is not darker than the centre, in scikit-image's arithmetic."""
    k = i + step
    t = (1 - dc) * plane[k] + dc * plane[k + 1]
    b = (1 - dc) * plane[k + stride] + dc * plane[k + stride + 1]
    return (1 - dr) * t + dr * b >= plane[i]


@jit
def _lbp(padded: Any, margin: int, windows: Any, rows: Any, columns: Any, fractions: Any, out: Any) -> None:
    """Uniform pattern of the pixels of each window (top, left, bottom, right); `padded` has a margin of zeros."""
    n_points = rows.size
    for k in range(windows.shape[0]):
        first_row, first = windows[k, 0], windows[k, 1]
        height, width = windows[k, 2] - first_row, windows[k, 3] - first
        # the window and what its circles reach, in one line: one loop a point
        stride = width + 2 * margin
        plane = np.empty((height + 2 * margin) * stride, dtype=np.float32)
        for r in range(height + 2 * margin):
            line = plane[r * stride : (r + 1) * stride]
            source = padded[first_row + r, first : first + stride]
            for c in range(stride):
                line[c] = source[c]
        size = (height - 1) * stride + width
        codes = np.zeros(size, dtype=np.uint32)
        doubts = np.zeros(size, dtype=np.uint32)
        excess = np.empty(size, dtype=np.float32)
        middle = margin * (stride + 1)
        center = plane[middle : middle + size]
        for p in range(n_points):
            top = np.floor(rows[p])
            left = np.floor(columns[p])
            start = middle + int(top) * stride + int(left)
            upper = plane[start : start + size + 1]
            lower = plane[start + stride : start + stride + size + 1]
            bit = np.uint32(1) << np.uint32(p)
            if rows[p] == top and columns[p] == left:
                for i in range(size):
                    codes[i] |= bit if upper[i] >= center[i] else np.uint32(0)
            else:
                dr, dc = np.float32(rows[p] - top), np.float32(columns[p] - left)
                _excess(center, upper, lower, dr, dc, excess)
                _set_bits(excess, bit, codes, doubts)
        for r in range(height):
            for c in range(width):
                i = r * stride + c
                doubt = doubts[i]
                p = 0
                while doubt:
                    if doubt & np.uint32(1):
                        y = first_row + r + rows[p]
                        top = np.floor(y)
                        step = int(top - first_row - r) * stride + int(np.floor(columns[p]))
                        bit = np.uint32(1) << np.uint32(p)
                        codes[i] &= ~bit
                        if _is_set(plane, middle + i, step, stride, y - top, fractions[p, first + c]):
                            codes[i] |= bit
                    doubt >>= np.uint32(1)
                    p += 1
            line_out = out[first_row + r, first : first + width]
            line_codes = codes[r * stride : r * stride + width]
            for c in range(width):
                x = line_codes[c]
                turn = x ^ ((x >> np.uint32(1)) | ((x & np.uint32(1)) << np.uint32(n_points - 1)))
                changes = _popcount(turn)
                line_out[c] = _popcount(x) if changes <= 2 else n_points + 1


@jit
def _popcount(x: Any) -> Any:
    x = x - ((x >> np.uint32(1)) & np.uint32(0x55555555))
    x = (x & np.uint32(0x33333333)) + ((x >> np.uint32(2)) & np.uint32(0x33333333))
    x = (x + (x >> np.uint32(4))) & np.uint32(0x0F0F0F0F)
    return np.uint32(x * np.uint32(0x01010101)) >> np.uint32(24)


@jit
def _pattern_histograms(patterns: Any, runs: Any, out: Any) -> None:
    for i in range(runs.shape[0]):
        line = patterns[runs[i, 0]]
        counts = out[runs[i, 3]]
        for c in range(runs[i, 1], runs[i, 2]):
            counts[line[c]] += 1


@lru_cache(maxsize=16)
def _circle(n_points: int, radius: float, width: int) -> tuple[NDArray[np.float64], ...]:
    """Row and column offsets of the points, and each column's fractional position, rounded as scikit-image does."""
    angle = 2 * np.pi * np.arange(n_points, dtype=np.float64) / n_points
    rows = np.round(-radius * np.sin(angle), 5)
    columns = np.round(radius * np.cos(angle), 5)
    position = np.arange(width) + columns[:, None]
    return rows, columns, position - np.floor(position)


def _padded(gray: NDArray[np.uint8], margin: int) -> NDArray[np.float32]:
    out = np.zeros((gray.shape[0] + 2 * margin, gray.shape[1] + 2 * margin), np.float32)
    out[margin : out.shape[0] - margin, margin : out.shape[1] - margin] = gray
    return out


def lbp_patterns(gray: ArrayLike, n_points: int = 8, radius: float = 1.0) -> NDArray[np.uint8]:
    """Uniform local binary pattern of every pixel (Ojala, Pietikainen and Maenpaa 2002).

    Parameters
    ----------
    gray : array_like of uint8, shape (H, W)
        One 8-bit plane; beyond its border everything is 0.
    n_points : int
        Points on the circle, at most 32.
    radius : float
        Radius of the circle in pixels.

    Returns
    -------
    ndarray of uint8, shape (H, W)
        Bits set in a uniform pattern, n_points + 1 otherwise; equal to the last bit to
        ``skimage.feature.local_binary_pattern(gray, n_points, radius, method="uniform")``.

    Examples
    --------
    >>> lbp_patterns(np.zeros((3, 3), np.uint8)).tolist()
    [[8, 8, 8], [8, 8, 8], [8, 8, 8]]
    """
    gray = plain(gray, np.uint8, ndim=2)
    height, width = gray.shape
    rows = np.arange(0, height, max(_LARGEST // max(width, 1), 1))
    windows = np.column_stack([rows, 0 * rows, np.append(rows[1:], height), 0 * rows + width])
    margin = int(np.ceil(radius)) + 1
    rows, columns, fractions = _circle(int(n_points), float(radius), gray.shape[1])
    out = np.zeros(gray.shape, np.uint8)
    _lbp(_padded(gray, margin), margin, windows, rows, columns, fractions, out)
    return out


def lbp_histograms(
    gray: ArrayLike,
    parts: ArrayLike,
    n_parts: int,
    circles: Sequence[tuple[int, float]] = ((8, 1.0),),
    runs: NDArray[np.int32] | None = None,
) -> list[NDArray[np.int64]]:
    """Count the uniform patterns in each part of a plane; sums of parts are the histograms of their union.

    Parameters
    ----------
    gray : array_like of uint8, shape (H, W)
        One 8-bit plane; the circles read beyond a part's border.
    parts : array_like of int, shape (H, W)
        Part of each pixel, 0 to n_parts - 1; others are left out.
    n_parts : int
        Number of parts.
    circles : sequence of (n_points, radius)
        See `lbp_patterns`.
    runs : ndarray of int32, shape (n_runs, 4), optional
        Result of ``part_runs(parts, n_parts)``, if it is at hand; `parts` is then not read.

    Returns
    -------
    list of ndarray of int64, shape (n_parts, n_points + 2)
        One for each circle.

    Raises
    ------
    ValueError
        If gray and parts differ in shape.

    Examples
    --------
    >>> lbp_histograms(np.zeros((3, 3), np.uint8), np.eye(3, dtype=int) - 1, 1)[0].tolist()
    [[0, 0, 0, 0, 0, 0, 0, 0, 3, 0]]
    """
    gray = plain(gray, np.uint8, ndim=2)
    if gray.shape != np.shape(parts):
        raise ValueError(f"plane {gray.shape} and parts {np.shape(parts)} differ in shape")
    if runs is None:
        runs = part_runs(parts, n_parts)
    windows, _ = cover_runs(runs, 4, _LARGEST)
    margin = max(int(np.ceil(radius)) for _, radius in circles) + 1
    padded = _padded(gray, margin)
    patterns = np.zeros(gray.shape, np.uint8)
    out = []
    for n_points, radius in circles:
        rows, columns, fractions = _circle(int(n_points), float(radius), gray.shape[1])
        _lbp(padded, margin, windows, rows, columns, fractions, patterns)
        counts = np.zeros((int(n_parts), n_points + 2), np.int64)
        _pattern_histograms(patterns, runs, counts)
        out.append(counts)
    return out
