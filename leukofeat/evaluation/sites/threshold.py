"""The score from which an image is called positive, fixed on training data."""

import numpy as np


def choose_threshold(scores: np.ndarray, truth: np.ndarray, rule: str | float) -> float:
    """Score from which on an image is called positive.

    Parameters
    ----------
    scores : ndarray of shape (n,)
        Scores of the positive class of training images by models that were not trained on them.
    truth : ndarray of shape (n,), bool
        Which are positive; both kinds occur.
    rule : "balanced_accuracy", or float in (0, 1)
        The highest balanced accuracy (of several such thresholds the middle one); or the lowest threshold at which at least this
        share of the negative images is not called.

    Returns
    -------
    float
        Half-way between two scores that occur, or beyond them all.

    Examples
    --------
    >>> scores, truth = np.array([0.1, 0.2, 0.4, 0.8]), np.array([False, False, True, True])
    >>> round(choose_threshold(scores, truth, "balanced_accuracy"), 2), round(choose_threshold(scores, truth, 0.5), 2)
    (0.3, 0.15)
    """
    known = np.unique(scores)
    cuts = np.concatenate([[known[0]], (known[:-1] + known[1:]) / 2, [np.nextafter(known[-1], np.inf)]])
    specificity = np.searchsorted(np.sort(scores[~truth]), cuts) / np.sum(~truth)
    if not isinstance(rule, str):
        return float(cuts[np.argmax(specificity >= rule)])
    sensitivity = 1 - np.searchsorted(np.sort(scores[truth]), cuts) / np.sum(truth)
    total = sensitivity + specificity
    best = np.flatnonzero(total >= total.max() - 1e-12)
    return float(cuts[best[len(best) // 2]])


def cross_thresholds(scores: np.ndarray, truth: np.ndarray, fold: np.ndarray, rule: str | float) -> np.ndarray:
    """Threshold for each image, chosen on the images of the other folds; on all where those are of one class.

    Examples
    --------
    >>> scores, truth = np.array([0.1, 0.9, 0.2, 0.6]), np.array([False, True, False, True])
    >>> cross_thresholds(scores, truth, np.array([0, 0, 1, 1]), "balanced_accuracy").round(2)
    array([0.4, 0.4, 0.5, 0.5])
    """
    found = np.empty(len(scores))
    for one in np.unique(fold):
        own, rest = fold == one, fold != one
        if truth[rest].all() or not truth[rest].any():
            rest = own | rest
        found[own] = choose_threshold(scores[rest], truth[rest], rule)
    return found
