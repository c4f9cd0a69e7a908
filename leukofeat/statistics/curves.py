"""ROC curves and calibration with the uncertainty of each, from the predictions of one pipeline."""

import numpy as np
from scipy.stats import binomtest

from leukofeat.statistics.metrics import N_BINS, bins_of

GRID = np.linspace(0, 1, 51)


def roc_band(
    positive: np.ndarray, scores: np.ndarray, units: np.ndarray, *, n_bootstrap: int = 200, random_state: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True-positive rate at each false-positive rate of `GRID`, with the pointwise 95 % band of a bootstrap over units.

    Parameters
    ----------
    positive : ndarray of shape (n,), dtype bool
    scores : ndarray of shape (n,), dtype float64
    units : ndarray of shape (n,)
        Slide, patient or image: what is drawn as a whole.
    n_bootstrap : int, default=200
    random_state : int, default=0

    Returns
    -------
    curve, low, high : ndarrays of shape (51,)
        NaN where there are no positives or no negatives.

    Examples
    --------
    >>> positive, scores = np.array([False, False, True, True]), np.array([0.1, 0.4, 0.3, 0.8])
    >>> curve, low, high = roc_band(positive, scores, np.arange(4))
    >>> curve[[0, 25, 50]]
    array([0.5, 1. , 1. ])
    """
    codes = np.unique(units, return_inverse=True)[1]
    rng = np.random.default_rng(random_state)
    n_units = codes.max(initial=-1) + 1
    draws = rng.multinomial(n_units, np.full(n_units, 1 / max(n_units, 1)), n_bootstrap)[:, codes]
    weights = np.vstack([np.ones((1, len(positive))), draws])
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.diff(scores[order], append=-np.inf))  # tied scores pass the threshold together
    hits = np.cumsum(np.where(positive[order], weights[:, order], 0.0), axis=1)[:, last]
    alarms = np.cumsum(np.where(positive[order], 0.0, weights[:, order]), axis=1)[:, last]
    curves = np.full((len(weights), len(GRID)), np.nan)
    for k in range(len(weights)):
        if len(last) and hits[k, -1] > 0 and alarms[k, -1] > 0:
            x = np.concatenate([[0.0], alarms[k] / alarms[k, -1]])
            y = np.concatenate([[0.0], hits[k] / hits[k, -1]])
            curves[k] = np.interp(GRID, x, y)
    known = curves[1:][~np.isnan(curves[1:, 0])]
    if not len(known):
        return curves[0], np.full(len(GRID), np.nan), np.full(len(GRID), np.nan)
    low, high = np.percentile(known, (2.5, 97.5), axis=0)
    return curves[0], np.minimum(low, curves[0]), np.maximum(high, curves[0])


def reliability(
    confidence: np.ndarray, correct: np.ndarray, *, n_bins: int = N_BINS
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """How often a stated confidence is right, by bins of equal width that hold anything.

    Parameters
    ----------
    confidence : ndarray of shape (n,)
        Largest probability of each image.
    correct : ndarray of shape (n,)
        Whether it is that of the true class.
    n_bins : int, default=10

    Returns
    -------
    stated, found, low, high, count : ndarrays
        Mean confidence, share right, its 95 % interval (Wilson 1927) and number of images of each bin.

    Examples
    --------
    >>> stated, found, low, high, count = reliability(np.array([0.91, 0.95, 0.92, 0.55]), np.array([1, 1, 0, 1]))
    >>> stated.round(2), found.round(2), count
    (array([0.55, 0.93]), array([1.  , 0.67]), array([1, 3]))
    """
    bins = bins_of(confidence, n_bins)
    count = np.bincount(bins, minlength=n_bins)
    held = count > 0
    right, n = np.bincount(bins, correct, n_bins)[held], count[held]
    stated = np.bincount(bins, confidence, n_bins)[held] / n
    intervals = [binomtest(int(k), int(m)).proportion_ci(method="wilson") for k, m in zip(right, n, strict=True)]
    return stated, right / n, np.array([i.low for i in intervals]), np.array([i.high for i in intervals]), n
