"""Shares of what an imperfect test calls positive, corrected for its errors."""

from typing import NamedTuple

import numpy as np
from scipy.stats import norm


class Rate(NamedTuple):
    """How often a test is right about one class, and how many independent cells that is worth for a group not seen before.

    Examples
    --------
    >>> Rate(0.9, 12.5)
    Rate(value=0.9, n=12.5)
    """

    value: float
    n: float


def rate_for_new_group(right: np.ndarray, codes: np.ndarray) -> Rate:
    """Share of right answers, and the number of independent answers by which a group not seen before is foretold as well.

    Cells of a patient are alike: a test that is right about 90 % of all cells may be right about 70 % of one patient's. With the
    intraclass correlation r (of the analysis of variance; Fleiss 1981) the rate of a new group varies by r p (1 - p), and its
    mean over those seen is known to p (1 - p) (1 + (m - 1) r) / n, m the size of groups weighted by cells; both
    together are the variance of a binomial share of `n` = 1 / (r + (1 + (m - 1) r) / n) answers.

    Parameters
    ----------
    right : ndarray of shape (n,), bool
    codes : ndarray of shape (n,), int
        Group of each answer.

    Returns
    -------
    Rate
        `n` is 0 and `value` NaN without an answer; a single group says as much of others as a single answer.

    References
    ----------
    Fleiss, Statistical Methods for Rates and Proportions, 2nd ed., 1981. Rao & Scott, A simple method for the analysis of clustered
    binary data, Biometrics 48, 1992.

    Examples
    --------
    >>> rate_for_new_group(np.array([1, 1, 1, 1, 0, 0, 0, 0], bool), np.array([0, 0, 0, 0, 1, 1, 1, 1]))
    Rate(value=0.5, n=0.6666666666666666)
    """
    n = len(right)
    if n == 0:
        return Rate(np.nan, 0.0)
    sizes = np.bincount(codes)
    hits = np.bincount(codes, right)[sizes > 0]
    sizes = sizes[sizes > 0]
    g, value = len(sizes), float(np.mean(right))
    if g == 1:
        return Rate(value, 1.0)
    weighted = (sizes**2).sum() / n
    between = (sizes * (hits / sizes - value) ** 2).sum() / (g - 1)
    inside = (hits * (1 - hits / sizes)).sum() / max(n - g, 1)
    typical = (n - weighted) / (g - 1)
    spread = between + (typical - 1) * inside
    # groups of one cell each don't tell correlation from chance: each cell of a new patient could go the same way
    r = 1.0 if n == g else (float(np.clip((between - inside) / spread, 0, 1)) if spread > 0 else 0.0)
    return Rate(value, float(1 / (r + (1 + (weighted - 1) * r) / n)))


def true_share(called: np.ndarray, sensitivity: float, specificity: float) -> np.ndarray:
    """Share that is positive, of the share that was called so: Rogan and Gladen's (1978) estimate, within [0, 1].

    Parameters
    ----------
    called : ndarray of float
    sensitivity, specificity : float

    Returns
    -------
    ndarray of float64
        NaN where the test is no better than chance, sensitivity + specificity <= 1.

    References
    ----------
    Rogan & Gladen, Estimating prevalence from the results of a screening test, American Journal of Epidemiology 107, 1978.

    Examples
    --------
    >>> true_share(np.array([0.3, 0.05]), 0.9, 0.9)
    array([0.25, 0.  ])
    """
    gain = sensitivity + specificity - 1
    called = np.asarray(called, np.float64)
    if not gain > 1e-12:
        return np.full(called.shape, np.nan)
    return np.clip((called + specificity - 1) / gain, 0, 1)


def share_interval(
    n_called: np.ndarray, n: np.ndarray, sensitivity: Rate, specificity: Rate, *, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Interval of the share that is positive, where sensitivity and specificity are estimates themselves.

    The interval of Lang and Reiczigel (2014), which allows for the counting of `n` cells and for both estimates.

    Parameters
    ----------
    n_called, n : ndarray of shape (g,)
        Cells that were called positive, of how many.
    sensitivity, specificity : Rate
    level : float, default=0.95

    Returns
    -------
    low, high : ndarray of shape (g,), dtype float64
        0 and 1 where nothing can be said: no cell, a test that is no better than chance, or a rate from no answer.

    References
    ----------
    Lang & Reiczigel, Confidence limits for prevalence of disease adjusted for estimated sensitivity and specificity, Preventive
    Veterinary Medicine 113, 2014.

    Examples
    --------
    >>> low, high = share_interval(np.array([60]), np.array([200]), Rate(0.9, 100), Rate(0.95, 100))
    >>> low.round(2), high.round(2)
    (array([0.21]), array([0.38]))
    """
    z = norm.isf((1 - level) / 2)
    n_called, n = np.asarray(n_called, np.float64), np.asarray(n, np.float64)
    n_p = n + z**2
    p = (n_called + z**2 / 2) / n_p
    (se, n_se), (sp, n_sp) = ((_moved(rate), rate.n + 2) for rate in (sensitivity, specificity))
    gain = se + sp - 1
    if not gain > 1e-12 or not sensitivity.n or not specificity.n:
        return np.zeros(p.shape), np.ones(p.shape)
    share = np.clip((p + sp - 1) / gain, 0, 1)
    of_se, of_sp = se * (1 - se) / n_se, sp * (1 - sp) / n_sp
    middle = share + 2 * z**2 * (share * of_se - (1 - share) * of_sp)
    half = z / gain * np.sqrt(p * (1 - p) / n_p + share**2 * of_se + (1 - share) ** 2 * of_sp)
    counted = n > 0
    low, high = np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)
    return np.where(counted, low, 0.0), np.where(counted, high, 1.0)


def _moved(rate: Rate) -> float:
    """A rate after one right answer and one wrong one more, as Agresti and Coull do."""
    return 0.5 if rate.n == 0 else (rate.n * rate.value + 1) / (rate.n + 2)
