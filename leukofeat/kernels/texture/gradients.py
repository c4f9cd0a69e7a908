"""Gradient magnitude of an 8-bit plane, summed up over the parts of an image."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.jit import jit

GRADIENT_NAMES: tuple[str, ...] = ("max", "mean", "std", "active")


@jit
def _squared_steps(before: np.ndarray, after: np.ndarray, out: np.ndarray) -> None:
    for x in range(out.size):
        step = np.int32(after[x]) - np.int32(before[x])
        out[x] += step * step


@jit
def _roots(squares: np.ndarray, out: np.ndarray) -> None:
    for x in range(out.size):
        out[x] = np.sqrt(np.float64(squares[x]))


@jit
def _gradient_sums(gray: np.ndarray, runs: np.ndarray, n_parts: int) -> np.ndarray:
    """Sums over each part: pixels, magnitude, squared magnitude, pixels with a gradient, largest squared magnitude."""
    height, width = gray.shape
    out = np.zeros((n_parts, 5))
    squares = np.empty(width, dtype=np.int32)
    magnitudes = np.empty(width)
    for i in range(runs.shape[0]):
        r, first, last = runs[i, 0], runs[i, 1], runs[i, 2]
        # loops over a stretch that do one thing each run in vector registers
        square, magnitude = squares[: last - first], magnitudes[: last - first]
        square[:] = 0
        if 0 < r < height - 1:
            _squared_steps(gray[r - 1, first:last], gray[r + 1, first:last], square)
        start, stop = max(first, 1), min(last, width - 1)
        if start < stop:
            line = gray[r]
            _squared_steps(line[start - 1 : stop - 1], line[start + 1 : stop + 1], square[start - first : stop - first])
        _roots(square, magnitude)
        total, active, largest = 0, 0, 0
        for x in square:
            total += x
            active += x > 0
            largest = max(largest, x)
        # sums in turn, none of which waits for the one before
        sums = (0.0, 0.0, 0.0, 0.0)
        whole = magnitude.size - magnitude.size % 4
        for c in range(0, whole, 4):
            sums = (
                sums[0] + magnitude[c],
                sums[1] + magnitude[c + 1],
                sums[2] + magnitude[c + 2],
                sums[3] + magnitude[c + 3],
            )
        row = out[runs[i, 3]]
        for x in magnitude[whole:]:
            row[1] += x
        row[0] += last - first
        row[1] += sums[0] + sums[1] + sums[2] + sums[3]
        row[2] += total
        row[3] += active
        row[4] = max(row[4], largest)
    return out


def gradient_sums(gray: ArrayLike, runs: NDArray[np.int32], n_parts: int) -> NDArray[np.float64]:
    """Sums of the gradient magnitude over each part of a plane; sums of parts are the sums of their union.

    Parameters
    ----------
    gray : array_like of uint8, shape (H, W)
        One 8-bit plane; its gradient is (next - previous) pixel, 0 at the image's border, as in HOG.
    runs : ndarray of int32, shape (n_runs, 4)
        The parts' pixels, as :func:`~leukofeat.kernels.regions.spans.part_runs` gives them.
    n_parts : int
        Number of parts.

    Returns
    -------
    ndarray of float64, shape (n_parts, 5)
        Pixels, sum of magnitudes, sum of squared magnitudes, pixels with a gradient, largest squared magnitude.

    Examples
    --------
    >>> from leukofeat.kernels.regions.spans import part_runs
    >>> ramp = np.tile(np.arange(4, dtype=np.uint8), (3, 1))
    >>> gradient_sums(ramp, part_runs(np.zeros((3, 4)), 1), 1).tolist()
    [[12.0, 12.0, 24.0, 6.0, 4.0]]
    """
    return _gradient_sums(plain(gray, np.uint8, ndim=2), runs, n_parts)


def gradient_statistics(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn `gradient_sums` (last axis) into the statistics named by ``GRADIENT_NAMES``; NaN for a part without pixels.

    Examples
    --------
    >>> gradient_statistics(np.array([12.0, 12.0, 24.0, 6.0, 4.0])).tolist()
    [2.0, 1.0, 1.0, 0.5]
    """
    n = np.where(sums[..., 0] > 0, sums[..., 0], np.nan)
    mean = sums[..., 1] / n
    std = np.sqrt(np.maximum(sums[..., 2] / n - mean**2, 0))
    return np.stack([np.sqrt(sums[..., 4] + 0 * n), mean, std, sums[..., 3] / n], axis=-1)
