"""LogOpinionPool: several classifiers of the same images, whose log-probabilities are averaged."""

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassifierMixin, clone
from sklearn.utils import Tags, get_tags
from sklearn.utils.metaestimators import _BaseComposition
from sklearn.utils.validation import check_is_fitted, column_or_1d

from leukofeat.pipeline import group_params, take_input_of
from leukofeat.statistics.held_out import check_labelled


class LogOpinionPool(ClassifierMixin, _BaseComposition):
    """Classifiers that see the same X, each in its own way; the mean of their log-probabilities decides.

    The geometric mean, where :class:`sklearn.ensemble.VotingClassifier` takes the arithmetic one: a classifier that is sure of what a class
    is not carries its veto through, so that parts which know different things, as a network and hand-crafted features do, add up. Parts
    should be calibrated, or the surest of them decides alone.

    Parameters
    ----------
    estimators : list of (str, classifier)
        Each with `predict_proba`; copies of them are fitted.
    weights : sequence of float, optional
        One a classifier; equal by default.

    Attributes
    ----------
    estimators_ : list of classifiers
    classes_ : ndarray of shape (k,)
    n_features_in_, feature_names_in_ : int, ndarray
        Where the first classifier has them.

    Raises
    ------
    ValueError
        In `fit`, when there is no classifier, one has no `predict_proba`, names are not unique, weights do not fit, or a class is missing.

    References
    ----------
    Genest, Zidek, "Combining probability distributions: a critique and an annotated bibliography", Statistical Science 1, 1986.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.naive_bayes import GaussianNB
    >>> X, y = load_iris(return_X_y=True)
    >>> pool = LogOpinionPool([("nb", GaussianNB()), ("lr", LogisticRegression(max_iter=1000))]).fit(X, y)
    >>> pool.score(X, y) > 0.9
    True
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": True}  # as scikit-learn's group splitters do
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "estimators": [list, tuple],
        "weights": [Sequence, np.ndarray, None],
    }

    def __init__(self, estimators: Sequence[tuple[str, Any]], *, weights: Sequence[float] | None = None) -> None:
        self.estimators = estimators
        self.weights = weights

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters, and those of the classifiers by their names."""
        return self._get_params("estimators", deep=deep)

    def set_params(self, **params: Any) -> Self:
        """Set parameters, or replace a classifier by its name."""
        self._set_params("estimators", **params)
        return self

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        if self.estimators:
            tags.input_tags = get_tags(self.estimators[0][1]).input_tags
        return tags

    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Fit a copy of each classifier.

        Parameters
        ----------
        X : whatever the classifiers take, of length n
        y : array-like of shape (n,)
        groups : array-like of shape (n,), optional
            Handed on to those that ask for them.

        Returns
        -------
        self
        """
        self._validate_params()
        if not self.estimators or any(
            not isinstance(pair, (tuple, list)) or len(pair) != 2 for pair in self.estimators
        ):
            raise ValueError("LogOpinionPool needs at least one (name, classifier), and nothing but such pairs.")
        self._validate_names([name for name, _ in self.estimators])
        for name, model in self.estimators:
            if not hasattr(model, "predict_proba"):
                raise ValueError(
                    f"estimators: {name!r} has no predict_proba, whose logarithms are averaged; put it into a "
                    "leukofeat.calibration.CalibratedClassifier."
                )
        self._shares()
        check_labelled(y)
        y = column_or_1d(y, warn=True)
        self.classes_ = np.unique(y)
        self.estimators_ = [clone(model).fit(X, y, **group_params(model, groups)) for _, model in self.estimators]
        take_input_of(self, self.estimators_[0])
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probability of each class, shape (n, k); rows add up to 1."""
        check_is_fitted(self)
        found = [model.predict_proba(X) for model in self.estimators_]
        return pool_probabilities(found, self._shares())

    def predict(self, X: Any) -> np.ndarray:
        """The likeliest class, shape (n,)."""
        likeliest = self.predict_proba(X).argmax(axis=1)
        return self.classes_[likeliest]

    def _shares(self) -> np.ndarray:
        if self.weights is None:
            return np.full(len(self.estimators), 1 / len(self.estimators))
        try:
            weights = np.asarray(self.weights, float)
        except (TypeError, ValueError):
            weights = np.empty(0)
        if (
            weights.shape != (len(self.estimators),)
            or not np.isfinite(weights).all()
            or (weights < 0).any()
            or not weights.any()
        ):
            raise ValueError(f"weights must be {len(self.estimators)} numbers from 0 up, not {self.weights!r}.")
        return weights / weights.sum()


def pool_probabilities(probabilities: Sequence[np.ndarray], shares: Sequence[float] | np.ndarray) -> np.ndarray:
    """Weighted geometric mean of probabilities, rows added up to 1.

    Parameters
    ----------
    probabilities : sequence of ndarray of shape (n, k)
    shares : sequence of float
        One for each; they add up to 1.

    Returns
    -------
    ndarray of shape (n, k)

    Examples
    --------
    >>> pool_probabilities([np.array([[0.9, 0.1]]), np.array([[0.5, 0.5]])], [0.5, 0.5]).round(2)
    array([[0.75, 0.25]])
    """
    least = np.finfo(float).tiny
    logs = sum(share * np.log(np.maximum(found, least)) for found, share in zip(probabilities, shares, strict=True))
    pooled = np.exp(logs - np.max(logs, axis=1, keepdims=True))
    return pooled / pooled.sum(axis=1, keepdims=True)
