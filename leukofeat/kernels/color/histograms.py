"""Colour distributions of the parts of an image: 256-bin histograms, from which every statistic follows exactly."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.jit import jit
from leukofeat.kernels.logs import log_table, n_log_n
from leukofeat.kernels.regions.spans import part_runs

STATISTIC_NAMES: tuple[str, ...] = (
    "mean",
    "std",
    "skewness",
    "kurtosis",
    "entropy",
    "p5",
    "p25",
    "p50",
    "p75",
    "p95",
)
_QUANTILES = np.array([0.05, 0.25, 0.5, 0.75, 0.95])

# Ruifrok and Johnston (2001): optical densities (R, G, B) of haematoxylin, eosin and DAB
STAINS = np.array([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]])


@jit
def _histograms(image: Any, runs: Any, n_parts: int) -> Any:
    channels = image.shape[2]
    out = np.zeros((n_parts, channels, 256), dtype=np.int32)
    for i in range(runs.shape[0]):
        line = image[runs[i, 0]]
        counts = out[runs[i, 3]]
        for x in range(runs[i, 1], runs[i, 2]):
            # written out: neighbours are often equal, and a count that waits for the one before holds up its loop
            counts[0, line[x, 0]] += 1
            if channels > 1:
                counts[1, line[x, 1]] += 1
            if channels > 2:
                counts[2, line[x, 2]] += 1
    return out


@jit
def _side_sums(image: Any, lab: Any, cells: Any, threshold: int, density: Any) -> Any:
    """Outside the cells, above and up to a threshold of green: pixels, sums of LAB and of the density of RGB."""
    out = np.zeros((2, 7))
    for r in range(image.shape[0]):
        for c in range(image.shape[1]):
            if cells[r, c] > 0:
                continue
            row = out[1 if image[r, c, 1] <= threshold else 0]
            row[0] += 1
            row[1] += lab[r, c, 0]
            row[2] += lab[r, c, 1]
            row[3] += lab[r, c, 2]
            row[4] += density[image[r, c, 0]]
            row[5] += density[image[r, c, 1]]
            row[6] += density[image[r, c, 2]]
    return out


@jit
def _gather(image: Any, runs: Any, out: Any, moved: Any) -> None:
    n = 0
    for i in range(runs.shape[0]):
        moved[i, 0] = 0
        moved[i, 1] = n
        for x in range(runs[i, 1], runs[i, 2]):
            for k in range(3):
                out[0, n, k] = image[runs[i, 0], x, k]
            n += 1
        moved[i, 2] = n
        moved[i, 3] = runs[i, 3]


@jit
def _statistics(counts: Any, values: Any, quantiles: Any, table: Any, out: Any) -> None:
    rows = counts.shape[0]
    bins = np.empty(256, dtype=np.int64)
    for i in range(rows):
        h = counts[i]
        x = values[i % values.shape[0]]
        n = 0
        total = 0.0
        filled = 0
        for k in range(256):
            if h[k] > 0:
                bins[filled] = k
                filled += 1
                n += h[k]
                total += h[k] * x[k]
        if n == 0:
            continue
        mean = total / n
        m2 = 0.0
        m3 = 0.0
        m4 = 0.0
        logs = 0.0
        q = 0
        below = 0
        last = bins[0]
        position = quantiles[0] * (n - 1)
        for b in range(filled):
            k = bins[b]
            d = x[k] - mean
            w = h[k] * d * d
            m2 += w
            m3 += w * d
            m4 += w * d * d
            logs += n_log_n(h[k], table)
            below += h[k]
            # the order statistics of ranks floor and floor + 1 lie in this bin, or the second in the next one
            while q < quantiles.size and position <= below - 1:
                rank = np.floor(position)
                low = x[last] if rank < below - h[k] else x[k]
                out[i, 5 + q] = low + (x[k] - low) * (position - rank)
                q += 1
                if q < quantiles.size:
                    position = quantiles[q] * (n - 1)
            last = k
        if filled == 1:
            # one value: its mean may round to something else
            out[i, 0] = x[last]
            out[i, 1] = 0.0
            out[i, 4] = 0.0
        else:
            m2 /= n
            out[i, 0] = mean
            out[i, 1] = np.sqrt(m2)
            out[i, 2] = m3 / n / m2**1.5
            out[i, 3] = m4 / n / (m2 * m2) - 3.0
            out[i, 4] = np.log2(np.float64(n)) - logs / n


@jit
def _unmix(image: Any, tables: Any) -> Any:
    height, width, _ = image.shape
    n_stains = tables.shape[0]
    out = np.empty((height, width, n_stains), dtype=np.uint8)
    for r in range(height):
        for c in range(width):
            for k in range(n_stains):
                s = tables[k, 0, image[r, c, 0]] + tables[k, 1, image[r, c, 1]] + tables[k, 2, image[r, c, 2]]
                out[r, c, k] = np.uint8(min(max(s + 0.5, 0.0), 255.0))
    return out


@lru_cache(maxsize=1)
def optical_density_table() -> NDArray[np.float64]:
    """Optical density of each 8-bit intensity, -log10((I + 1) / 256): white is 0, black 2.41.

    Examples
    --------
    >>> optical_density_table()[[255, 0]].round(4).tolist()
    [0.0, 2.4082]
    """
    return -np.log10(np.arange(1, 257) / 256) + 0.0


@lru_cache(maxsize=1)
def _stain_tables() -> NDArray[np.float32]:
    inverse = np.linalg.inv(STAINS / np.linalg.norm(STAINS, axis=1, keepdims=True))
    return (100 * inverse.T[:2, :, None] * optical_density_table()).astype(np.float32)


def stain_planes(image: ArrayLike) -> NDArray[np.uint8]:
    """Unmix haematoxylin and eosin (Ruifrok and Johnston 2001), with DAB as the third stain.

    Parameters
    ----------
    image : array_like of uint8, shape (H, W, 3)
        RGB.

    Returns
    -------
    ndarray of uint8, shape (H, W, 2)
        100 times the optical density of each stain, rounded and clipped to 0..255.

    Examples
    --------
    >>> stain_planes(np.full((1, 1, 3), 255, np.uint8)).tolist()
    [[[0, 0]]]
    """
    return _unmix(plain(image, np.uint8, ndim=3), _stain_tables())


def side_means(
    image: ArrayLike, lab: ArrayLike, cells: ArrayLike, threshold: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean colours of what lies outside the cells, by its green.

    Parameters
    ----------
    image, lab : array_like of uint8, shape (H, W, 3)
        RGB and 8-bit LAB.
    cells : array_like of int, shape (H, W)
        Label map; 0 is outside.
    threshold : int
        Greatest green of the darker side.

    Returns
    -------
    lighter, darker : ndarray of float64, shape (6,)
        Means of L, a, b and of the optical densities of R, G, B; NaN without pixels.

    Examples
    --------
    >>> image = np.array([[[9, 255, 9], [9, 9, 255], [0, 0, 0]]], np.uint8)
    >>> lighter, darker = side_means(image, image, [[0, 0, 1]], 100)
    >>> lighter[:3].tolist(), darker[:3].tolist()
    ([9.0, 255.0, 9.0], [9.0, 9.0, 255.0])
    """
    image, lab = plain(image, np.uint8, ndim=3), plain(lab, np.uint8, ndim=3)
    sums = _side_sums(image, lab, plain(cells, np.int32, ndim=2), int(threshold), optical_density_table())
    lighter, darker = sums[:, 1:] / np.where(sums[:, :1] > 0, sums[:, :1], np.nan)
    return lighter, darker


def gather_runs(image: ArrayLike, runs: NDArray[np.int32]) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Line up the pixels of all runs, so that only they are converted to other colours.

    Parameters
    ----------
    image : array_like of uint8, shape (H, W, 3)
        RGB.
    runs : ndarray of int32, shape (n_runs, 4)
        Result of :func:`~leukofeat.kernels.regions.spans.part_runs`.

    Returns
    -------
    pixels : ndarray of uint8, shape (1, n, 3)
        An image of one row.
    runs : ndarray of int32, shape (n_runs, 4)
        The same runs in it.

    Examples
    --------
    >>> image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    >>> pixels, runs = gather_runs(image, np.array([[1, 0, 1, 7]], np.int32))
    >>> pixels.tolist(), runs.tolist()
    ([[[6, 7, 8]]], [[0, 0, 1, 7]])
    """
    pixels = np.empty((1, int((runs[:, 2] - runs[:, 1]).sum()), 3), np.uint8)
    moved = np.empty_like(runs)
    _gather(plain(image, np.uint8, ndim=3), runs, pixels, moved)
    return pixels, moved


def part_histograms(
    image: ArrayLike, parts: ArrayLike, n_parts: int, runs: NDArray[np.int32] | None = None
) -> NDArray[np.int32]:
    """Count the values of each channel in each part of an image; sums of parts are the histograms of their union.

    Parameters
    ----------
    image : array_like of uint8, shape (H, W, C)
        Up to three channels of 8 bits.
    parts : array_like of int, shape (H, W)
        Part of each pixel, 0 to n_parts - 1; others are left out.
    n_parts : int
        Number of parts.
    runs : ndarray of int32, shape (n_runs, 4), optional
        Result of ``part_runs(parts, n_parts)``, if it is at hand; `parts` is then not read.

    Returns
    -------
    ndarray of int32, shape (n_parts, C, 256)

    Raises
    ------
    ValueError
        If the image has more than three channels, or image and parts differ in shape.

    Examples
    --------
    >>> part_histograms(np.zeros((2, 2, 1), np.uint8), [[0, 1], [1, 1]], 2)[:, 0, 0].tolist()
    [1, 3]
    """
    image = plain(image, np.uint8, ndim=3)
    if not 1 <= image.shape[2] <= 3:
        raise ValueError(f"an image has 1 to 3 channels, not {image.shape[2]}")
    if runs is None and image.shape[:2] != np.shape(parts):
        raise ValueError(f"image {image.shape[:2]} and parts {np.shape(parts)} differ in shape")
    return _histograms(image, part_runs(parts, n_parts) if runs is None else runs, int(n_parts))


def histogram_statistics(counts: ArrayLike, values: ArrayLike | None = None) -> NDArray[np.float64]:
    """Statistics of the values that 256-bin histograms stand for.

    Parameters
    ----------
    counts : array_like of int, shape (..., 256)
        Histograms.
    values : array_like of float, shape (256,), optional
        The value of each bin, rising or falling throughout; 0 to 255 by default.

    Returns
    -------
    ndarray of float64, shape (..., 10)
        Named by ``STATISTIC_NAMES``: population standard deviation, skewness and excess kurtosis as
        ``scipy.stats.skew`` and ``kurtosis`` give them by default (NaN for a constant), entropy in bits,
        percentiles interpolated linearly as in ``numpy.percentile``. NaN for an empty histogram.

    Examples
    --------
    >>> counts = np.bincount([1, 2, 2, 3], minlength=256)
    >>> dict(zip(STATISTIC_NAMES, histogram_statistics(counts).round(3).tolist()))["std"]
    0.707
    """
    scale = np.arange(256.0) if values is None else np.asarray(values, np.float64)
    counts = np.asarray(counts)
    if scale[-1] < scale[0]:
        scale, counts = scale[::-1], counts[..., ::-1]
    flat = plain(counts.reshape(-1, 256), np.int64)
    out = np.full((len(flat), len(STATISTIC_NAMES)), np.nan)
    _statistics(flat, plain(scale[None], np.float64), _QUANTILES, log_table(), out)
    return out.reshape(*counts.shape[:-1], len(STATISTIC_NAMES))
