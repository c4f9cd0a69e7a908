"""Thresholds of a histogram."""

import numpy as np

from leukofeat.kernels.jit import jit


@jit
def _best_cuts(level: np.ndarray, count: np.ndarray, n_classes: int) -> np.ndarray:
    n = level.size
    mass = np.zeros(n + 1)
    moment = np.zeros(n + 1)
    for i in range(n):
        mass[i + 1] = mass[i] + count[i]
        moment[i + 1] = moment[i] + count[i] * level[i]
    # score[c, j]: largest sum of mass × mean² over the first j levels in c + 1 classes
    score = np.full((n_classes, n + 1), -np.inf)
    start = np.zeros((n_classes, n + 1), np.int64)
    for j in range(1, n + 1):
        score[0, j] = moment[j] * moment[j] / mass[j]
    for c in range(1, n_classes):
        for j in range(c + 1, n + 1):
            for i in range(c, j):
                m = moment[j] - moment[i]
                value = score[c - 1, i] + m * m / (mass[j] - mass[i])
                if value > score[c, j]:
                    score[c, j] = value
                    start[c, j] = i
    cuts = np.empty(n_classes - 1, np.int64)
    j = n
    for c in range(n_classes - 1, 0, -1):
        j = start[c, j]
        cuts[c - 1] = j - 1
    return cuts


def otsu_thresholds(histogram: np.ndarray, n_classes: int = 2) -> np.ndarray:
    """Thresholds that maximise the variance between classes (Otsu 1979), exactly, for any number of classes.

    Parameters
    ----------
    histogram : (n,) array of counts
        Of the levels 0..n−1.
    n_classes : int
        At least 2.

    Returns
    -------
    (m,) int64, ascending
        Levels above threshold t are in a higher class, those up to t are not. m is n_classes − 1, or less where
        fewer levels occur.

    Examples
    --------
    >>> otsu_thresholds([5, 4, 0, 0, 3, 0, 0, 0, 2], 3)
    array([1, 4])
    """
    if n_classes < 2:
        raise ValueError(f"n_classes must be at least 2, got {n_classes}")
    counts = np.asarray(histogram)
    level = np.flatnonzero(counts)
    k = min(n_classes, level.size)
    if k < 2:
        return np.empty(0, np.int64)
    return level[_best_cuts(level, counts[level].astype(np.float64), k)]
