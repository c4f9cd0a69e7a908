"""What a column shares with the background, with other columns, and with the class."""

from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupKFold, KFold

from leukofeat.evaluation.feature_checks.subject import FEWEST, quiet
from leukofeat.statistics.association import make_folds
from leukofeat.statistics.bootstrap import bootstrap_interval
from leukofeat.statistics.metrics import one_hot

_LEAST = 20  # rows from which a regression on the background is made
_ALPHAS = (0.1, 1.0, 10.0, 100.0)
_CHUNK = 1000  # columns at once


def background_r2(
    values: np.ndarray, scene: np.ndarray, y: np.ndarray | None = None, groups: np.ndarray | None = None, seed: int = 0
) -> np.ndarray | None:
    """Share of each column's variance that the background predicts in images it was not fitted on.

    Parameters
    ----------
    values : ndarray of shape (n, columns)
    scene : ndarray of shape (n, p)
        Description of the background.
    y : ndarray of shape (n,), optional
        Classes: with them everything is taken within its class, so that a column which goes along with the class on a set
        whose backgrounds do so, too, is not accused of reading them.
    groups : ndarray of shape (n,), optional
        Held together in the folds.
    seed : int

    Returns
    -------
    ndarray of shape (columns,) or None
        R² of five-fold cross-validated ridge regression on ranks, at least 0; NaN for a constant column; None with fewer than
        20 rows or two groups.

    Examples
    --------
    >>> scene = np.random.default_rng(0).normal(size=(60, 3))
    >>> background_r2(np.exp(scene[:, :1]), scene).round(1)
    array([1.])
    """
    n_groups = len(values) if groups is None else len(np.unique(groups))
    if len(values) < _LEAST or n_groups < 2:
        return None
    described = _center(_ranks(scene), y)
    target = _center(_ranks(values), y)
    varies = target.std(axis=0) > 0
    n_folds = min(5, n_groups)
    splitter = KFold(n_folds, shuffle=True, random_state=seed) if groups is None else GroupKFold(n_folds)
    predicted = np.zeros_like(target)
    for train, test in splitter.split(target, groups=groups):
        model = RidgeCV(_ALPHAS, alpha_per_target=varies.sum() > 1)
        if varies.any():
            fitted = model.fit(described[train], target[np.ix_(train, np.flatnonzero(varies))]).predict(described[test])
            predicted[np.ix_(test, np.flatnonzero(varies))] = np.reshape(fitted, (len(test), -1))
    with quiet():
        r2 = 1 - ((target - predicted) ** 2).sum(axis=0) / (target**2).sum(axis=0)
    return np.where(varies, np.maximum(0.0, r2), np.nan)


def closest_columns(values: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Of each column the one that it resembles most: of `others`, or of the columns before it.

    Parameters
    ----------
    values : ndarray of shape (n, columns)
    others : ndarray of shape (n, q)

    Returns
    -------
    (index, correlation) or None
        Index into `others` and, from q on, into the columns; -1 where there is none. The correlation is Spearman's, absolute.
        None with fewer than ten rows.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(20, 2))
    >>> index, correlation = closest_columns(np.exp(x[:, 1:]), x)
    >>> index.tolist(), correlation.round(2).tolist()
    ([1], [1.0])
    """
    if len(values) < FEWEST:
        return None
    all_ranks = _center(_ranks(np.hstack([others, values])))
    norm = np.sqrt((all_ranks**2).sum(axis=0))
    scaled = all_ranks / np.where(norm > 1e-9, norm, np.inf)
    q, n_columns = others.shape[1], values.shape[1]
    index, best = np.full(n_columns, -1), np.full(n_columns, np.nan)
    for start in range(0, n_columns, _CHUNK):
        own = np.arange(start, min(start + _CHUNK, n_columns))
        found = np.abs(scaled[:, q + own].T @ scaled[:, : q + own[-1] + 1])
        found[np.arange(q + own[-1] + 1) >= q + own[:, None]] = -1.0
        at = found.argmax(axis=1) if found.shape[1] else np.full(len(own), -1)
        size = found[np.arange(len(own)), at]
        known = (size >= 0) & (norm[q + own] > 1e-9)
        index[own], best[own] = np.where(known, at, -1), np.where(known, np.minimum(size, 1.0), np.nan)
    return index, best


def most_frequent(values: np.ndarray) -> np.ndarray:
    """How many rows have the value that most rows of a column have, (columns,); what is missing counts as one value.

    Examples
    --------
    >>> most_frequent(np.array([[1.0, 5.0], [1.0, 6.0], [2.0, 7.0]])).tolist()
    [2, 1]
    """
    ordered = np.sort(values, axis=0)
    same = (ordered[1:] == ordered[:-1]) | (np.isnan(ordered[1:]) & np.isnan(ordered[:-1]))
    run = longest = np.ones(values.shape[1], np.int64)
    for step in same:
        run = np.where(step, run + 1, 1)
        longest = np.maximum(longest, run)
    return longest


class Gain(NamedTuple):
    """What each column tells of the class, shapes (columns,): see :func:`class_gain`."""

    auc: np.ndarray
    gain: np.ndarray
    low: np.ndarray
    high: np.ndarray


def class_auc(values: np.ndarray, y: np.ndarray) -> np.ndarray:
    """AUC of each column alone for the class that it tells best from the others, whichever way round; 0.5 to 1.

    Examples
    --------
    >>> class_auc(np.array([[3.0], [2.0], [1.0], [0.0]]), np.array([0, 0, 1, 1]))
    array([1.])
    """
    best = np.full(values.shape[1], np.nan)
    known = np.isfinite(values)
    ranks = pd.DataFrame(np.where(known, values, np.nan)).rank().to_numpy()
    for label in np.unique(y):
        own = (y == label)[:, None] & known
        n, m = own.sum(axis=0), known.sum(axis=0) - own.sum(axis=0)
        with quiet():
            auc = (np.where(own, ranks, 0.0).sum(axis=0) - n * (n + 1) / 2) / (n * m)
        best = np.fmax(best, 0.5 + np.abs(np.where(n * m > 0, auc, np.nan) - 0.5))
    return best


def class_gain(
    values: np.ndarray,
    base: np.ndarray,
    y: np.ndarray,
    groups: np.ndarray | None = None,
    *,
    n_bootstrap: int = 500,
    seed: int = 0,
) -> Gain | None:
    """What each column adds to a base set: points of the class's variance that are predicted better with it.

    Parameters
    ----------
    values : ndarray of shape (n, columns)
    base : ndarray of shape (n, q)
        Columns that are there already; there may be none.
    y : ndarray of shape (n,), int
        Classes 0 to k - 1.
    groups : ndarray of shape (n,), int, optional
        Held together in the folds, and drawn together for the interval.
    n_bootstrap, seed : int

    Returns
    -------
    Gain or None
        `auc` of the column alone; `gain`, 100 times the fall of the cross-validated Brier score, as a share of that of the
        class frequencies alone, with the ends of its 95 % interval. None where a class has too few images or groups.

    Notes
    -----
    The model is least squares on the indicators of the classes, which gives the directions of linear discriminant
    analysis (Hastie, Tibshirani and Buja, Flexible discriminant analysis by optimal scoring, JASA 89, 1994), with a ridge on
    the base columns alone and the column beside them as in the partially linear model (Robinson, Econometrica 56, 1988): all
    columns are added, each by itself, in one product of matrices. The ridge is chosen in each training fold by its
    error with one row left out (PRESS: Allen, Technometrics 16, 1974).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(80) % 2
    >>> columns = np.column_stack([y + rng.normal(0, 0.5, 80), rng.normal(size=80)])
    >>> found = class_gain(columns, np.empty((80, 0)), y)
    >>> found.gain[0] > 30, found.low[0] > 0, found.gain[1] < 5
    (np.True_, np.True_, np.True_)
    """
    folds = make_folds(y, groups, seed)
    if folds is None:
        return None
    truth = one_hot(y, np.arange(y.max() + 1))
    better, plain = np.zeros(values.shape), np.zeros(len(y))
    for fold in np.unique(folds):
        test, train = folds == fold, folds != fold
        mean = truth[train].mean(axis=0)
        plain[test] = ((truth[test] - mean) ** 2).sum(axis=1)
        smooth, cross = _ridge(*_standard(base, train, test), truth[train] - mean)
        left = truth[test] - mean - cross @ (truth[train] - mean)
        fit_left = truth[train] - mean - smooth @ (truth[train] - mean)
        own, own_test = _standard(values, train, test)
        own_left, own_test_left = own - smooth @ own, own_test - cross @ own
        weight = (own * own_left).sum(axis=0)
        weight = np.where(weight > 1e-6 * len(own), weight + 1.0, np.inf)  # a small ridge on the column, too
        slopes = (own.T @ fit_left) / weight[:, None]
        # the squared error falls by 2 e·s c - (s c)², summed over the classes
        better[test] = 2 * own_test_left * (left @ slopes.T) - own_test_left**2 * (slopes**2).sum(axis=1)
    units = np.arange(len(y)) if groups is None else groups
    gain, low, high = np.full((3, values.shape[1]), np.nan)
    for start in range(0, values.shape[1], _CHUNK):
        some = slice(start, start + _CHUNK)
        statistic = partial(_skill, better[:, some], plain)
        gain[some] = statistic(np.ones((1, len(y))))["gain"][0]
        low[some], high[some] = bootstrap_interval(
            statistic, units, n_bootstrap=n_bootstrap, are_shares=False, random_state=seed
        )["gain"]
    auc = class_auc(values, y)
    gain[np.isnan(auc)] = low[np.isnan(auc)] = high[np.isnan(auc)] = np.nan
    return Gain(auc, gain, low, high)


def _skill(better: np.ndarray, plain: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Points of the error of the class frequencies that are saved, for weights (b, n) of the rows."""
    return {"gain": 100 * (weights @ better) / np.maximum(weights @ plain, 1e-12)[:, None]}


def _ridge(base: np.ndarray, base_test: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a ridge regression makes of the training targets, at the training and at the test rows, as matrices."""
    n = len(base)
    if not base.shape[1]:
        return np.zeros((n, n)), np.zeros((len(base_test), n))
    kernel, cross = base @ base.T / base.shape[1], base_test @ base.T / base.shape[1]
    size, axes = np.linalg.eigh(kernel)
    size = np.maximum(size, 0.0)
    scores = []
    for alpha in (0.01, 0.1, 1.0, 10.0, 100.0):
        smooth = (axes * (size / (size + alpha))) @ axes.T
        left = (target - smooth @ target) / (1 - 1 / n - np.diag(smooth))[:, None]
        scores.append((float((left**2).sum()), alpha))
    inverse = (axes / (size + min(scores)[1])) @ axes.T
    return kernel @ inverse, cross @ inverse


def _standard(values: np.ndarray, train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Training and test rows by the training rows' median (for what is missing), mean and deviation; within 5 deviations."""
    values = np.where(np.isfinite(values), values, np.nan)
    with quiet():
        values = np.where(np.isnan(values), np.nan_to_num(_nanmedian(values[train])), values)
        mean, spread = values[train].mean(axis=0), values[train].std(axis=0)
        scaled = (values - mean) / np.where(spread > 1e-9 * np.maximum(1e-30, np.abs(mean)), spread, np.inf)
    scaled = np.clip(scaled, -5, 5)
    return scaled[train], scaled[test]


def _nanmedian(values: np.ndarray) -> np.ndarray:
    return (
        np.nanmedian(np.where(np.isnan(values).all(axis=0), 0.0, values), axis=0)
        if values.size
        else values[:0].sum(axis=0)
    )


def _ranks(values: np.ndarray) -> np.ndarray:
    return pd.DataFrame(np.where(np.isfinite(values), values, np.nan)).rank().to_numpy(dtype=np.float64)


def _center(ranks: np.ndarray, y: np.ndarray | None = None) -> np.ndarray:
    """Ranks less their mean (of the class); 0 for what is missing."""
    centered = ranks.copy()
    for label in [None] if y is None else np.unique(y):
        own = np.ones(len(ranks), bool) if label is None else y == label
        with quiet():
            centered[own] -= np.nanmean(ranks[own], axis=0)
    return np.nan_to_num(centered)
