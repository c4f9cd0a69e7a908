"""Uniform local binary patterns of an 8-bit plane, in scikit-image's own arithmetic so that ties fall alike."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.color.histograms import part_histograms
from leukofeat.kernels.jit import jit


@jit
def _lbp(
    padded: np.ndarray,
    margin: int,
    segments: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
    fractions: np.ndarray,
    out: np.ndarray,
) -> None:
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
def _popcount(x: np.uint32) -> np.uint32:
    x = x - ((x >> np.uint32(1)) & np.uint32(0x55555555))
    x = (x & np.uint32(0x33333333)) + ((x >> np.uint32(2)) & np.uint32(0x33333333))
    x = (x + (x >> np.uint32(4))) & np.uint32(0x0F0F0F0F)
    return np.uint32(x * np.uint32(0x01010101)) >> np.uint32(24)


@jit
def _segments(runs: np.ndarray, gap: int) -> np.ndarray:
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


@lru_cache(maxsize=16)
def _circle(
    n_points: int, radius: float, width: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Row and column offsets of the points, and each column's fractional position, rounded as scikit-image does."""
    angle = 2 * np.pi * np.arange(n_points, dtype=np.float64) / n_points
    rows = np.round(-radius * np.sin(angle), 5)
    columns = np.round(radius * np.cos(angle), 5)
    position = np.arange(width) + columns[:, None]
    return rows, columns, position - np.floor(position)


def _patterns(
    gray: NDArray[np.uint8], segments: NDArray[np.int64], circles: Sequence[tuple[int, float]]
) -> Iterator[NDArray[np.uint8]]:
    """Plane of the patterns of each circle, in the same memory; pixels outside the segments are left as they are."""
    height, width = gray.shape
    margin = max(int(np.ceil(radius)) for _, radius in circles) + 1
    padded = np.zeros((height + 2 * margin, width + 2 * margin))
    padded[margin : margin + height, margin : margin + width] = gray
    out = np.zeros(gray.shape, np.uint8)
    for n_points, radius in circles:
        _lbp(padded, margin, segments, *_circle(n_points, float(radius), width), out)
        yield out


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
    rows = np.arange(gray.shape[0])[:, None] * [1, 0, 0] + [0, 0, gray.shape[1]]
    return next(_patterns(gray, rows, [(n_points, radius)]))


def lbp_histograms(
    gray: ArrayLike, runs: NDArray[np.int32], n_parts: int, circles: Sequence[tuple[int, float]] = ((8, 1.0),)
) -> list[NDArray[np.int32]]:
    """Count the uniform patterns in each part of a plane; sums of parts are the histograms of their union.

    Parameters
    ----------
    gray : array_like of uint8, shape (H, W)
        One 8-bit plane; the circles read beyond a part's border.
    runs : ndarray of int32, shape (n_runs, 4)
        The parts' pixels, as :func:`~leukofeat.kernels.regions.spans.part_runs` gives them.
    n_parts : int
        Number of parts.
    circles : sequence of (n_points, radius)
        See `lbp_patterns`.

    Returns
    -------
    list of ndarray of int32, shape (n_parts, n_points + 2)
        One for each circle.

    Examples
    --------
    >>> from leukofeat.kernels.regions.spans import part_runs
    >>> lbp_histograms(np.zeros((3, 3), np.uint8), part_runs(np.eye(3) - 1, 1), 1)[0].tolist()
    [[0, 0, 0, 0, 0, 0, 0, 0, 3, 0]]
    """
    # starting a stretch costs about as much as sixteen pixels
    planes = _patterns(plain(gray, np.uint8, ndim=2), _segments(runs, 16), circles)
    counts = [part_histograms(plane[:, :, None], runs, n_parts)[:, 0] for plane in planes]
    return [histograms[:, : n_points + 2] for histograms, (n_points, _) in zip(counts, circles, strict=True)]
