"""What a classifier said, checked where it comes in."""

from typing import Any

import numpy as np

from leukofeat.evaluation.columns import check_labels
from leukofeat.evaluation.scores import class_scores
from leukofeat.statistics.metrics import encode


def check_scores(
    y_true: Any, y_score: Any, labels: Any, *, probabilities: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Classes (n,), a score of each class (n, k), and the classes that they are of (k,).

    Parameters
    ----------
    y_true : array-like of length n
    y_score : array-like of shape (n,) or (n, k)
        Of two classes the score of the second will do.
    labels : sequence of k classes, optional
        By default those of `y_true`, sorted.
    probabilities : bool, default=False
        Whether a single column is a probability, of which the first class has what is left.

    Raises
    ------
    ValueError
        When the shapes do not fit, a score is missing, or `y_true` holds a class that is not among the labels.

    Examples
    --------
    >>> check_scores(["a", "b"], [0.2, 0.9], None, probabilities=True)[1].round(1)
    array([[0.8, 0.2],
           [0.1, 0.9]])
    """
    scores = np.asarray(y_score, np.float64)
    target = check_labels(y_true, len(scores))
    known = np.unique(target) if labels is None else np.asarray(labels)
    if scores.ndim == 1:
        scores = np.column_stack([1 - scores if probabilities else -scores, scores])
    if scores.ndim != 2 or scores.shape[1] != len(known):
        raise ValueError(
            f"y_score has shape {np.shape(y_score)} and there are {len(known)} classes ({', '.join(map(str, known))}); a column a "
            "class is wanted, or of two classes the scores of the second. labels= names the columns."
        )
    if np.isnan(scores).any():
        raise ValueError(
            f"y_score is NaN for {int(np.isnan(scores).any(axis=1).sum())} of {len(scores)} images; leave them out."
        )
    encode(target, known)
    return target, scores, known


def scores_of(estimator: Any, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Classes of a fitted classifier and of y, and the score of each: probabilities where it gives them.

    Raises
    ------
    ValueError
        When it gives no score a class.
    """
    labels = np.unique(np.concatenate([np.asarray(getattr(estimator, "classes_", y)), np.asarray(y)]))
    scores, _ = class_scores(estimator, X, labels)
    if scores is None:
        raise ValueError(f"{type(estimator).__name__} gives neither probabilities nor a decision value for each class.")
    return labels, scores
