"""Uniform local binary patterns of an 8-bit plane, in scikit-image's own arithmetic so that ties fall alike."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.jit import jit
from leukofeat.kernels.regions.spans import part_runs


@jit
def _lbp(padded: Any, margin: int, segments: Any, rows: Any, columns: Any, fractions: Any, out: Any) -> None:
    """Uniform pattern of the pixels of each segment (row, first, last + 1); `padded` has a margin of zeros."""
    n_points = rows.size
    codes = np.empty(out.shape[1], dtype=np.uint32)
    for s in range(segments.shape[0]):
        r = segments[s, 0]
        first = segments[s, 1]
        size = segments[s, 2] - first
        codes[:size] = 0
        center = padded[r + margin, margin + first : margin + first + size]
        for p in range(n_points):
            y = r + rows[p]
            top = int(np.floor(y))
            dr = y - top
            left = margin + first + int(np.floor(columns[p]))
            bit = np.uint32(1) << np.uint32(p)
            upper = padded[top + margin, left : left + size + 1]
            lower = padded[top + margin + 1, left : left + size + 1]
            dc = fractions[p, first : first + size]
            if dr == 0 and dc[0] == 0:
                for c in range(size):
                    codes[c] |= bit if upper[c] >= center[c] else np.uint32(0)
            else:
                for c in range(size):
                    t = (1 - dc[c]) * upper[c] + dc[c] * upper[c + 1]
                    b = (1 - dc[c]) * lower[c] + dc[c] * lower[c + 1]
                    codes[c] |= bit if (1 - dr) * t + dr * b >= center[c] else np.uint32(0)
        line = out[r, first : first + size]
        for c in range(size):
            x = codes[c]
            turn = x ^ ((x >> np.uint32(1)) | ((x & np.uint32(1)) << np.uint32(n_points - 1)))
            changes = _popcount(turn)
            line[c] = _popcount(x) if changes <= 2 else n_points + 1


@jit
def _popcount(x: Any) -> Any:
    x = x - ((x >> np.uint32(1)) & np.uint32(0x55555555))
    x = (x & np.uint32(0x33333333)) + ((x >> np.uint32(2)) & np.uint32(0x33333333))
    x = (x + (x >> np.uint32(4))) & np.uint32(0x0F0F0F0F)
    return np.uint32(x * np.uint32(0x01010101)) >> np.uint32(24)


@jit
def _segments(runs: Any, gap: int) -> Any:
    """Stretches (row, first, last + 1) of the pixels of runs, which may lie up to `gap` pixels apart."""
    out = np.empty((runs.shape[0], 3), dtype=np.int64)
    n = 0
    for i in range(runs.shape[0]):
        r, first, last = runs[i, 0], runs[i, 1], runs[i, 2]
        if n > 0 and out[n - 1, 0] == r and first - out[n - 1, 2] <= gap:
            out[n - 1, 2] = last
        else:
            out[n, 0] = r
            out[n, 1] = first
            out[n, 2] = last
            n += 1
    return out[:n]


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


def _padded(gray: NDArray[np.uint8], margin: int) -> NDArray[np.float64]:
    out = np.zeros((gray.shape[0] + 2 * margin, gray.shape[1] + 2 * margin))
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
    segments = np.array([(r, 0, gray.shape[1]) for r in range(gray.shape[0])], np.int64).reshape(-1, 3)
    margin = int(np.ceil(radius)) + 1
    rows, columns, fractions = _circle(int(n_points), float(radius), gray.shape[1])
    out = np.zeros(gray.shape, np.uint8)
    _lbp(_padded(gray, margin), margin, segments, rows, columns, fractions, out)
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
    # starting a stretch costs about as much as sixteen pixels
    segments = _segments(runs, 16)
    margin = max(int(np.ceil(radius)) for _, radius in circles) + 1
    padded = _padded(gray, margin)
    patterns = np.zeros(gray.shape, np.uint8)
    out = []
    for n_points, radius in circles:
        rows, columns, fractions = _circle(int(n_points), float(radius), gray.shape[1])
        _lbp(padded, margin, segments, rows, columns, fractions, patterns)
        counts = np.zeros((int(n_parts), n_points + 2), np.int64)
        _pattern_histograms(patterns, runs, counts)
        out.append(counts)
    return out
