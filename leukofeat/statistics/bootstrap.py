"""Bootstrap intervals: whole groups are drawn where images share a slide or patient, single images otherwise."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from scipy.stats import norm, t
from sklearn.utils import check_random_state

from leukofeat.statistics.metrics import (
    CLASS_METRICS,
    binned_gap,
    class_metrics,
    nan_mean,
    one_hot,
    overall_metrics,
    top_label,
)

_CHUNK = 2_000_000  # weights held at once
_SIGNED = ("mcc", "kappa", "class_mcc", "class_kappa")  # 0 is the middle of their range and not its end


def bootstrap_interval(
    statistic: Callable[[np.ndarray], dict[str, np.ndarray]],
    units: np.ndarray,
    *,
    n_bootstrap: int = 1000,
    level: float = 0.95,
    are_shares: bool = True,
    rests_on: Mapping[str, Any] | None = None,
    random_state: Any = 0,
) -> dict[str, np.ndarray]:
    """Percentile intervals of several statistics of weighted rows.

    Parameters
    ----------
    statistic : callable
        Takes weights of shape (b, n), how often each of n rows was drawn in each of b resamples, and returns a dict of
        name to array of shape (b, ...).
    units : array-like of length n
        What is drawn: the rows of a unit (slide, patient, or the image itself) come together or not at all.
    n_bootstrap : int, default=1000
        0 for no intervals.
    level : float, default=0.95
    are_shares : bool, default=True
        The statistics are shares, from 0 to 1 (`mcc` and `kappa` up to 1): see the notes.
    rests_on : dict of name to int or array, optional
        On how many of the units a statistic rests, as the sensitivity to a class on those that hold it; by default on all. An array
        has to broadcast to the shape of the statistic of one resample. Without `are_shares` it is not looked at.
    random_state : int, RandomState or None, default=0

    Returns
    -------
    dict of ndarray of shape (2, ...)
        Lower and upper end by the name of the statistic; NaN with fewer than two units, or no resamples.

    Notes
    -----
    The percentiles are widened for few units as in Hesterberg, What teachers should know about the bootstrap, The American
    Statistician 69(4), 2015: a resample of m units spreads by sqrt((m - 1) / m) too little, and the normal quantile is
    replaced by Student's. When the resamples of a share all agree on 1 (or 0), its interval takes the exact binomial
    bound for the units that it rests on: a hundred right out of a hundred is no proof of perfection, and the sensitivity to a class of
    three slides is proved by three.

    Examples
    --------
    >>> correct = np.repeat([1.0, 0.0], [80, 20])
    >>> interval = bootstrap_interval(lambda w: {"accuracy": w @ correct / w.sum(1)}, np.arange(100))
    >>> interval["accuracy"].round(1)
    array([0.7, 0.9])

    All right, which proves less of the rarer class:

    >>> held = np.repeat([[1.0, 0.0], [0.0, 1.0]], [80, 20], axis=0)
    >>> interval = bootstrap_interval(
    ...     lambda w: {"sensitivity": (w @ held) / (w @ held)}, np.arange(100), rests_on={"sensitivity": [80, 20]}
    ... )
    >>> interval["sensitivity"].round(2)
    array([[0.95, 0.83],
           [1.  , 1.  ]])
    """
    codes = np.unique(np.asarray(units), return_inverse=True)[1]
    n_units = int(codes.max(initial=-1)) + 1
    if not n_bootstrap:
        return {name: np.full((2, *one.shape[1:]), np.nan) for name, one in statistic(np.ones((1, len(codes)))).items()}
    parts = [statistic(weights) for weights in resample_weights(codes, n_bootstrap, random_state)]
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    rests_on = {} if rests_on is None else rests_on
    ends = {name: _percentiles(values, n_units, level) for name, values in found.items()}
    if are_shares and n_units > 1:
        for name, own in ends.items():
            _bound(own, rests_on.get(name, n_units), level, zero_is_end=name not in _SIGNED)
    return ends


def resample_weights(codes: np.ndarray, n_bootstrap: int, random_state: Any) -> Iterator[np.ndarray]:
    """How often each row is drawn, in chunks of shape (b, n) float64; rows of one code are drawn together."""
    rng = np.random.default_rng(check_random_state(random_state).randint(np.iinfo(np.int32).max))
    n_units = int(codes.max(initial=-1)) + 1
    size = max(1, _CHUNK // max(1, len(codes)))
    for start in range(0, n_bootstrap, size):
        b = min(size, n_bootstrap - start)
        drawn = rng.integers(0, n_units, (b, n_units), dtype=np.int32) + n_units * np.arange(b, dtype=np.int32)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=b * n_units).reshape(b, n_units)
        yield counts[:, codes].astype(np.float64)


def _percentiles(values: np.ndarray, n_units: int, level: float) -> np.ndarray:
    if n_units < 2:
        return np.full((2, *values.shape[1:]), np.nan)
    tail = norm.cdf(-np.sqrt(n_units / (n_units - 1)) * t.isf((1 - level) / 2, n_units - 1))
    defined = ~np.isnan(values)
    filled = np.where(defined.any(axis=0), values, 0.0)  # nanquantile warns of a column without a value
    return np.where(defined.any(axis=0), np.nanquantile(filled, [tail, 1 - tail], axis=0), np.nan)


def _bound(ends: np.ndarray, n_units: Any, level: float, *, zero_is_end: bool) -> None:
    """Put the exact binomial bound, in place, where all resamples of a share agree on 1, or on 0."""
    bound = ((1 - level) / 2) ** (1 / np.maximum(n_units, 1))
    ends[0] = np.where(ends[0] == 1.0, bound, ends[0])
    if zero_is_end:
        ends[1] = np.where(ends[1] == 0.0, 1 - bound, ends[1])


def metric_statistics(
    target: Any, predicted: Any, labels: Any, scores: Any = None, probabilities: Any = None
) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
    """Every metric of :mod:`~leukofeat.statistics.metrics` as a function of weights of the rows.

    Parameters
    ----------
    target, predicted : array-like of length n
    labels : array-like of k classes
    scores, probabilities : array-like of shape (n, k), optional
        For the AUC, and for the Brier score and calibration error; what is missing is left out.

    Returns
    -------
    callable
        Weights (b, n) to a dict: overall metrics by their name, shape (b,), and metrics of each class as `class_<name>`,
        shape (b, k).
    """
    truth, k = one_hot(target, labels), len(labels)
    cells = (truth[:, :, None] * one_hot(predicted, labels)[:, None, :]).reshape(-1, k * k)
    orders = [] if scores is None else [_SortedScores(np.asarray(scores)[:, c], truth[:, c]) for c in range(k)]
    if probabilities is not None:
        probabilities = np.asarray(probabilities, np.float64)
        confidence, correct = top_label(target, probabilities, labels)
        errors = (probabilities - truth) ** 2

    def statistic(weights: np.ndarray) -> dict[str, np.ndarray]:
        confusion = (weights @ cells).reshape(-1, k, k)
        found = overall_metrics(confusion)
        single = class_metrics(confusion)
        if orders:
            single["auc"] = np.stack([order.auc(weights) for order in orders], axis=1)
            found["auc"] = nan_mean(single["auc"])
        if probabilities is not None:
            single["brier"] = weights @ errors / weights.sum(axis=1, keepdims=True)
            found["brier"] = single["brier"].sum(axis=1) / (2 if k == 2 else 1)
            found["calibration_error"] = binned_gap(confidence, correct, weights)
            gaps = [binned_gap(probabilities[:, c], truth[:, c], weights) for c in range(k)]
            single["calibration_error"] = np.stack(gaps, axis=1)
        return found | {f"class_{name}": values for name, values in single.items()}

    return statistic


def metric_units(target: Any, predicted: Any, labels: Any, units: Any) -> dict[str, np.ndarray]:
    """On how many units each metric of :func:`metric_statistics` rests; those that rest on all are left out.

    Of a class: its sensitivity on the units that hold it, its specificity on those that hold another, the predictive values on those in
    which it, or another, is predicted, its AUC, kappa and MCC on the fewer of the first two. An average over k classes rests on k
    times the fewest of a class, as if all had as few, and on k - 1 times as many, at least once, what weighs the classes against one
    another; k counts the classes that there are. Of a class that there is not it is 0.

    Parameters
    ----------
    target, predicted : array-like of length n
    labels : array-like of k classes
    units : array-like of length n
        What is drawn.

    Returns
    -------
    dict of ndarray
        By the names of the statistics, of shape () or (k,).

    Raises
    ------
    ValueError
        When a target, or a prediction, is none of the labels.

    Examples
    --------
    >>> found = metric_units(["a", "a", "b", "b"], ["a", "a", "b", "b"], ["a", "b"], [0, 1, 2, 2])
    >>> found["class_sensitivity"].tolist(), int(found["macro_sensitivity"]), int(found["auc"])
    ([2, 1], 2, 1)
    """
    codes = np.unique(np.asarray(units), return_inverse=True)[1]
    (true, other), (said, unsaid) = (_holders(one_hot(values, labels), codes) for values in (target, predicted))
    rarer = np.minimum(true, other)
    own = {"sensitivity": true, "fnr": true, "f1": true, "specificity": other, "fpr": other, "ppv": said, "npv": unsaid}
    own |= dict.fromkeys(("auc", "mcc", "kappa", "balanced_accuracy"), rarer)
    n_units, k = int(codes.max(initial=-1)) + 1, int(np.count_nonzero(true))

    def fewest(counts: np.ndarray, times: int) -> np.ndarray:
        return np.minimum(times * counts.min(initial=n_units, where=counts > 0), n_units)

    found = {f"macro_{name}": fewest(own[name], k) for name in ("f1", *CLASS_METRICS[1:5], "fpr", "fnr")}
    found["balanced_accuracy"] = found["macro_sensitivity"]
    found |= dict.fromkeys(("auc", "mcc", "kappa"), fewest(true, max(k - 1, 1)))
    return found | {f"class_{name}": counts for name, counts in own.items()}


def _holders(hot: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Units that hold each class, and that hold another one, both (k,)."""
    rows = np.array([np.bincount(codes, column) for column in hot.T])
    return np.count_nonzero(rows > 0, axis=1), np.count_nonzero(rows < np.bincount(codes), axis=1)


class _SortedScores:
    """Scores of one class in order, so that the AUC of a resample is a running sum."""

    def __init__(self, scores: np.ndarray, positive: np.ndarray) -> None:
        self.order = np.argsort(scores, kind="stable")
        self.positive = positive[self.order]
        ordered = scores[self.order]
        self.starts = np.flatnonzero(np.diff(ordered, prepend=-np.inf) != 0)

    def auc(self, weights: np.ndarray) -> np.ndarray:
        ordered = weights[:, self.order]
        up = np.add.reduceat(ordered * self.positive, self.starts, axis=1)
        down = np.add.reduceat(ordered * (1 - self.positive), self.starts, axis=1)
        below = np.cumsum(down, axis=1) - down / 2
        pairs = up.sum(axis=1) * down.sum(axis=1)
        return np.where(pairs > 0, (up * below).sum(axis=1) / np.where(pairs > 0, pairs, 1.0), np.nan)
