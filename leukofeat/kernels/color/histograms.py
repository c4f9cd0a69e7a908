"""Colour distributions of the parts of an image: 256-bin histograms, from which every statistic follows exactly."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.jit import jit
from leukofeat.kernels.logs import log_table, n_log_n

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
_LEVELS = np.arange(256.0)
_TURNS, _PER_RADIAN = 2 * np.pi * _LEVELS / 256, 128 / np.pi


@jit
def _histograms(image: np.ndarray, runs: np.ndarray, n_parts: int) -> np.ndarray:
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
def _gather(image: np.ndarray, runs: np.ndarray, out: np.ndarray, moved: np.ndarray) -> None:
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
def _statistics(counts: np.ndarray, x: np.ndarray, quantiles: np.ndarray, table: np.ndarray, out: np.ndarray) -> None:
    """Fill `out` by the statistics of each histogram over the rising values `x` of its bins."""
    bins = np.empty(256, dtype=np.int64)
    for i in range(counts.shape[0]):
        h = counts[i]
        n = filled = 0
        total = 0.0
        for k in range(256):
            if h[k] > 0:
                bins[filled] = k
                filled += 1
                n += h[k]
                total += h[k] * x[k]
        if n == 0:
            continue
        mean = total / n
        m2 = m3 = m4 = logs = 0.0
        q = below = 0
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
            out[i, 1:5] = 0.0
        else:
            m2 /= n
            out[i, 0] = mean
            out[i, 1] = np.sqrt(m2)
            out[i, 2] = m3 / n / m2**1.5
            out[i, 3] = m4 / n / (m2 * m2) - 3.0
            out[i, 4] = np.log2(np.float64(n)) - logs / n


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


def part_histograms(image: ArrayLike, runs: NDArray[np.int32], n_parts: int) -> NDArray[np.int32]:
    """Count the values of each channel in each part of an image; sums of parts are the histograms of their union.

    Parameters
    ----------
    image : array_like of uint8, shape (H, W, C)
        Up to three channels of 8 bits.
    runs : ndarray of int32, shape (n_runs, 4)
        The parts' pixels, as :func:`~leukofeat.kernels.regions.spans.part_runs` gives them.
    n_parts : int
        Number of parts.

    Returns
    -------
    ndarray of int32, shape (n_parts, C, 256)

    Raises
    ------
    ValueError
        If the image has more than three channels.

    Examples
    --------
    >>> from leukofeat.kernels.regions.spans import part_runs
    >>> part_histograms(np.zeros((2, 2, 1), np.uint8), part_runs([[0, 1], [1, 1]], 2), 2)[:, 0, 0].tolist()
    [1, 3]
    """
    image = plain(image, np.uint8, ndim=3)
    if not 1 <= image.shape[2] <= 3:
        raise ValueError(f"an image has 1 to 3 channels, not {image.shape[2]}")
    return _histograms(image, runs, n_parts)


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
        ``scipy.stats.skew`` and ``kurtosis`` give them by default (0 for a constant, where SciPy says NaN: one
        flat channel would stop every pipeline without an imputer), entropy in bits, percentiles interpolated linearly as
        in ``numpy.percentile``. NaN for an empty histogram.

    Examples
    --------
    >>> counts = np.bincount([1, 2, 2, 3], minlength=256)
    >>> dict(zip(STATISTIC_NAMES, histogram_statistics(counts).round(3).tolist()))["std"]
    0.707
    """
    scale = _LEVELS if values is None else plain(values, np.float64)
    counts = np.asarray(counts)
    if scale[-1] < scale[0]:
        scale, counts = plain(scale[::-1], np.float64), counts[..., ::-1]
    flat = plain(counts.reshape(-1, 256), np.int64)
    out = np.full((len(flat), len(STATISTIC_NAMES)), np.nan)
    _statistics(flat, scale, _QUANTILES, log_table(), out)
    return out.reshape(*counts.shape[:-1], len(STATISTIC_NAMES))


def hue_statistics(counts: ArrayLike) -> NDArray[np.float64]:
    """Statistics of a hue, for which 255 lies beside 0, from its 256-bin histograms.

    Parameters
    ----------
    counts : array_like of int, shape (..., 256)
        Histograms of a hue of 0 to 255 for the full circle.

    Returns
    -------
    ndarray of float64, shape (..., 10)
        Named by ``STATISTIC_NAMES``, in 256ths of the circle: the circular mean, 0 to 256, and the circular standard deviation
        (Mardia 1972), then the statistics of the hues unrolled to either side of the mean, so that a percentile may lie below 0
        or above 255. NaN for an empty histogram, and all but the entropy where the hues cancel out and have no mean.

    Examples
    --------
    >>> counts = np.bincount([1, 255], minlength=256)
    >>> hue_statistics(counts)[:2].round(3).tolist(), histogram_statistics(counts)[:2].tolist()
    ([0.0, 1.0], [128.0, 127.0])
    """
    counts = np.asarray(counts)
    # opposite hues cancel to the last bit; sums are not by BLAS, whose last bits depend on where an array lies in memory
    apart = counts[..., :128] - counts[..., 128:]
    towards = [(apart * part[:128]).sum(axis=-1) for part in (np.sin(_TURNS), np.cos(_TURNS))]
    nearest = np.rint(np.arctan2(*towards) * _PER_RADIAN).astype(np.int64)[..., None]
    # the bin nearest to the mean comes into the middle
    counts = np.take_along_axis(counts, (np.arange(256) - 128 + nearest) % 256, axis=-1)
    out = histogram_statistics(counts)
    around = _TURNS - np.pi
    off = np.arctan2((counts * np.sin(around)).sum(axis=-1), (counts * np.cos(around)).sum(axis=-1))
    spread = (counts * 2 * np.sin((around - off[..., None]) / 2) ** 2).sum(axis=-1)  # n - n R, without cancellation
    n = np.maximum(counts.sum(axis=-1), 1)
    mean = nearest[..., 0] + off * _PER_RADIAN
    once_round = np.where(mean % 256 < 256, mean % 256, 0.0)  # a trifle below 0 would round to 256
    out[..., 5:] += nearest - 128 + np.rint(once_round - mean)[..., None]
    out[..., 0] = once_round
    with np.errstate(divide="ignore"):
        out[..., 1] = np.sqrt(np.abs(2 * np.log1p(-np.minimum(spread / n, 1)))) * _PER_RADIAN
    undirected = np.hypot(*towards) == 0
    out[undirected, :4] = out[undirected, 5:] = np.nan
    return out
