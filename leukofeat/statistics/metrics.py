"""Metrics as the papers report them, as functions of counts, so that thousands of resamples are one array operation.

Whatever is not defined is NaN and never an exception: the sensitivity of a class that does not occur, the predictive
value of a class that is never predicted, the AUC of the only class. A macro average is the mean of the defined values,
which is scikit-learn's average with `zero_division=np.nan`.
"""

from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

CLASS_METRICS = (
    *("accuracy", "sensitivity", "specificity", "ppv", "npv", "f1", "fpr", "fnr", "balanced_accuracy"),
    *("mcc", "kappa", "auc", "brier", "calibration_error"),
)
OVERALL_METRICS = (
    *("accuracy", "balanced_accuracy", "macro_f1", "macro_sensitivity", "macro_specificity", "macro_ppv", "macro_npv"),
    *("macro_fpr", "macro_fnr", "mcc", "kappa", "auc", "brier", "calibration_error"),
)
N_BINS = 10


def confusion_counts(target: Any, predicted: Any, labels: Any) -> np.ndarray:
    """Confusion matrix: a row a true class, a column a predicted one.

    Parameters
    ----------
    target, predicted : array-like of length n
    labels : array-like of k distinct classes
        Order of the rows and columns; every value of `target` and `predicted` is among them.

    Returns
    -------
    ndarray of shape (k, k), dtype int64

    Raises
    ------
    ValueError
        For a value that is not among the labels.

    Examples
    --------
    >>> confusion_counts(["a", "a", "b"], ["a", "b", "b"], ["a", "b"])
    array([[1, 1],
           [0, 1]])
    """
    k = len(labels)
    cells = k * encode(target, labels) + encode(predicted, labels)
    return np.bincount(cells, minlength=k * k).reshape(k, k)


def encode(values: Any, labels: Any) -> np.ndarray:
    """Position of each value among the labels, (n,) int64; a ValueError for a value that is not there."""
    values, labels = np.asarray(values), np.asarray(labels)
    order = np.argsort(labels, kind="stable")
    places = np.minimum(np.searchsorted(labels[order], values), len(labels) - 1)
    codes = order[places]
    strange = np.flatnonzero(labels[codes] != values)
    if len(strange):
        raise ValueError(f"{values[strange[0]]!r} is not one of the classes {', '.join(map(str, labels))}.")
    return codes


def class_metrics(confusion: np.ndarray) -> dict[str, np.ndarray]:
    """Metrics of each class against all others.

    Parameters
    ----------
    confusion : ndarray of shape (..., k, k)
        Counts, or weighted counts; leading axes are batches of matrices.

    Returns
    -------
    dict of ndarray of shape (..., k), dtype float64
        `accuracy`, `sensitivity` (recall), `specificity`, `ppv` (precision), `npv`, `f1`, `fpr`, `fnr`,
        `balanced_accuracy` (of the class against the rest), `mcc` and `kappa`.

    Examples
    --------
    >>> class_metrics(np.array([[8, 2], [1, 9]]))["sensitivity"]
    array([0.8, 0.9])
    """
    counts = np.asarray(confusion, np.float64)
    tp = np.diagonal(counts, axis1=-2, axis2=-1)
    fn = counts.sum(axis=-1) - tp
    fp = counts.sum(axis=-2) - tp
    tn = counts.sum(axis=(-2, -1))[..., None] - tp - fn - fp
    sensitivity, specificity = _ratio(tp, tp + fn), _ratio(tn, tn + fp)
    against_rest = np.stack([np.stack([tp, fn], -1), np.stack([fp, tn], -1)], -2)
    return {
        "accuracy": _ratio(tp + tn, tp + tn + fp + fn),
        "sensitivity": sensitivity,
        "specificity": specificity,
        "ppv": _ratio(tp, tp + fp),
        "npv": _ratio(tn, tn + fn),
        "f1": _ratio(2 * tp, 2 * tp + fp + fn),
        "fpr": _ratio(fp, fp + tn),
        "fnr": _ratio(fn, fn + tp),
        "balanced_accuracy": (sensitivity + specificity) / 2,
        "mcc": matthews(against_rest),
        "kappa": cohen_kappa(against_rest),
    }


def overall_metrics(confusion: np.ndarray) -> dict[str, np.ndarray]:
    """Metrics of all classes together.

    Parameters
    ----------
    confusion : ndarray of shape (..., k, k)
        Counts, or weighted counts; leading axes are batches of matrices.

    Returns
    -------
    dict of ndarray of shape (...), dtype float64
        `accuracy`, `balanced_accuracy` (mean sensitivity), `macro_f1`, `macro_sensitivity`, `macro_specificity`,
        `macro_ppv`, `macro_npv`, `macro_fpr`, `macro_fnr`, `mcc` and `kappa`.

    Examples
    --------
    >>> round(float(overall_metrics(np.array([[8, 2], [1, 9]]))["macro_f1"]), 3)
    0.85
    """
    counts = np.asarray(confusion, np.float64)
    single = class_metrics(counts)
    macro = {f"macro_{name}": nan_mean(single[name]) for name in ("f1", *CLASS_METRICS[1:5], "fpr", "fnr")}
    return {
        "accuracy": _ratio(np.trace(counts, axis1=-2, axis2=-1), counts.sum(axis=(-2, -1))),
        "balanced_accuracy": macro["macro_sensitivity"],
        **macro,
        "mcc": matthews(counts),
        "kappa": cohen_kappa(counts),
    }


def matthews(confusion: np.ndarray) -> np.ndarray:
    """Matthews correlation for any number of classes (Gorodkin 2004), (...): 0 where only one class is true or predicted."""
    counts = np.asarray(confusion, np.float64)
    total = counts.sum(axis=(-2, -1))
    true, predicted = counts.sum(axis=-1), counts.sum(axis=-2)
    covariance = np.trace(counts, axis1=-2, axis2=-1) * total - (true * predicted).sum(-1)
    spread = (total**2 - (true**2).sum(-1)) * (total**2 - (predicted**2).sum(-1))
    return np.where(spread > 0, covariance / np.sqrt(np.where(spread > 0, spread, 1.0)), 0.0)


def cohen_kappa(confusion: np.ndarray) -> np.ndarray:
    """Cohen's kappa (1960), (...): NaN where agreement by chance is certain."""
    counts = np.asarray(confusion, np.float64)
    total = counts.sum(axis=(-2, -1))
    chance = _ratio((counts.sum(axis=-1) * counts.sum(axis=-2)).sum(-1), total**2)
    return _ratio(_ratio(np.trace(counts, axis1=-2, axis2=-1), total) - chance, 1 - chance)


def auc_one_vs_rest(target: Any, scores: Any, labels: Any) -> np.ndarray:
    """Area under the ROC curve of each class against all others (scikit-learn's, ties count half).

    Parameters
    ----------
    target : array-like of length n
    scores : array-like of shape (n, k)
        Any score that grows with the class's likelihood; probabilities or decision values.
    labels : array-like of k classes

    Returns
    -------
    ndarray of shape (k,), dtype float64
        NaN for a class that does not occur, or occurs alone.

    Examples
    --------
    >>> auc_one_vs_rest([0, 0, 1, 1], [[0.9, 0.1], [0.6, 0.4], [0.65, 0.35], [0.2, 0.8]], [0, 1])
    array([0.75, 0.75])
    """
    truth, scores = one_hot(target, labels), np.asarray(scores, np.float64)
    areas = [
        roc_auc_score(*pair) if 0 < pair[0].sum() < len(truth) else np.nan
        for pair in zip(truth.T, scores.T, strict=True)
    ]
    return np.array(areas)


def expected_calibration_error(target: Any, probabilities: Any, labels: Any, *, n_bins: int = N_BINS) -> float:
    """Expected calibration error: gap between confidence and accuracy, averaged over bins of confidence.

    Confidence is the largest probability; `n_bins` bins of equal width, each closed on the right (Guo et al.,
    On calibration of modern neural networks, ICML 2017).

    Parameters
    ----------
    target : array-like of length n
    probabilities : array-like of shape (n, k)
    labels : array-like of k classes
    n_bins : int, default=10

    Returns
    -------
    float
        0 to 1.

    Examples
    --------
    >>> round(expected_calibration_error([0, 1], [[0.8, 0.2], [0.4, 0.6]], [0, 1]), 3)
    0.3
    """
    confidence, correct = top_label(target, probabilities, labels)
    return float(binned_gap(confidence, correct, n_bins=n_bins))


def class_calibration_error(target: Any, probabilities: Any, labels: Any, *, n_bins: int = N_BINS) -> np.ndarray:
    """Calibration error of each class against all others, (k,) float64: the gap between probability and frequency, by bins."""
    truth, probabilities = one_hot(target, labels), np.asarray(probabilities, np.float64)
    return np.array([binned_gap(probabilities[:, c], truth[:, c], n_bins=n_bins) for c in range(len(labels))])


def top_label(target: Any, probabilities: Any, labels: Any) -> tuple[np.ndarray, np.ndarray]:
    """Largest probability of each row, and whether it is that of the true class (0.0 or 1.0); both (n,) float64."""
    probabilities = np.asarray(probabilities, np.float64)
    return probabilities.max(axis=1), (probabilities.argmax(axis=1) == encode(target, labels)).astype(np.float64)


def bins_of(confidence: np.ndarray, n_bins: int = N_BINS) -> np.ndarray:
    """Bin of each value in [0, 1], (n,) int64: equal width, closed on the right."""
    return np.clip(np.ceil(confidence * n_bins).astype(np.int64) - 1, 0, n_bins - 1)


def binned_gap(
    confidence: np.ndarray, happened: np.ndarray, weights: np.ndarray | None = None, *, n_bins: int = N_BINS
) -> np.ndarray:
    """Mean over bins, by their weight, of the gap between confidence and frequency; `weights` (..., n) gives (...)."""
    excess = np.zeros((len(confidence), n_bins))
    excess[np.arange(len(confidence)), bins_of(confidence, n_bins)] = happened - confidence
    weights = np.ones(len(confidence)) if weights is None else weights
    return _ratio(np.abs(weights @ excess).sum(axis=-1), weights.sum(axis=-1))


def one_hot(target: Any, labels: Any) -> np.ndarray:
    """1.0 where a row has a class, (n, k) float64."""
    return (encode(target, labels)[:, None] == np.arange(len(labels))).astype(np.float64)


def nan_mean(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis of what is defined, NaN where nothing is."""
    defined = ~np.isnan(values)
    return _ratio(np.where(defined, values, 0.0).sum(axis=-1), defined.sum(axis=-1))


def _ratio(over: Any, under: Any) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(under == 0, np.nan, over / under)
