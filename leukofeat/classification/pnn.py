"""Specht's probabilistic neural network: Bayes' rule with a density estimate a class."""

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import logsumexp
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import gen_batches
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from leukofeat.constraints import EachIn, Number, Real, check

_AT_ONCE = 2**21  # distances held at a time, 16 MB
_FARTHEST = np.finfo(np.float64).max / 4


class ProbabilisticNeuralNetwork(ClassifierMixin, BaseEstimator):
    """Bayes' rule with Gaussian kernel densities (Parzen windows) of the classes, Specht's probabilistic neural network.

    The density of class k at x is the mean over its n_k training samples x_i of a Gaussian around each,
    ``p(x | k) = 1 / n_k sum_i exp(-|x - x_i|^2 / (2 h^2)) / (h sqrt(2 pi))^d`` with one bandwidth h for all classes and columns, and
    ``P(k | x)`` is proportional to ``P(k) p(x | k)``. Nothing is trained: the pattern layer of the network is the training samples.

    Parameters
    ----------
    bandwidth : float, default=1.0
        h, Specht's smoothing parameter, in the unit of the columns; scale them before. A small one makes the classifier that of
        the nearest neighbour, a large one that of the nearest class mean.
    priors : array-like of k floats, optional
        P(k) in the order of `classes_`, which add up to 1; by default the shares of the classes in training.

    Attributes
    ----------
    classes_ : ndarray of shape (k,)
    priors_ : ndarray of shape (k,)
    samples_ : ndarray of shape (n_samples, n_features_in_)
        Training samples, class by class.
    class_count_ : ndarray of shape (k,)
        Number of training samples of each class.
    n_features_in_ : int

    Notes
    -----
    Sums are taken over logarithms, so that the probabilities of a sample that is far from all others are not 0 / 0: they are
    those of its nearest classes. Only beyond 1e153 bandwidths are all classes equally far, and `priors_` is given.

    Prediction takes time and memory in proportion to the training samples.

    References
    ----------
    .. [1] Specht, "Probabilistic neural networks", Neural Networks 3(1), 1990.
    .. [2] Parzen, "On estimation of a probability density function and mode", Ann. Math. Stat. 33(3), 1962.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_iris(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), ProbabilisticNeuralNetwork(bandwidth=0.3)).fit(X, y)
    >>> model.predict_proba(X[[0, 77]]).round(2)
    array([[1.  , 0.  , 0.  ],
           [0.  , 0.62, 0.38]])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "bandwidth": [Number(Real, 0, above=True)],
        "priors": ["array-like", None],
    }

    def __init__(self, bandwidth: float = 1.0, *, priors: Sequence[float] | None = None) -> None:
        self.bandwidth = bandwidth
        self.priors = priors

    def fit(self, X: Any, y: Any) -> Self:
        """Keep the samples.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite; impute and scale before.
        y : array-like of shape (n_samples,)
            Classes.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            When `priors` is not one probability a class, or they do not add up to 1.
        """
        self._validate_params()
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, codes, self.class_count_ = np.unique(y, return_inverse=True, return_counts=True)
        self.priors_ = self._checked_priors()
        self.samples_ = X[np.argsort(codes, kind="stable")]
        return self

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithm of the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n, n_features_in_)

        Returns
        -------
        ndarray of shape (n, k), dtype float64
            Columns as in `classes_`.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        first = np.cumsum(self.class_count_) - self.class_count_
        joint = np.empty((len(X), len(self.classes_)))
        for rows in gen_batches(len(X), max(1, _AT_ONCE // len(self.samples_))):
            with np.errstate(over="ignore"):
                exponents = 0.5 * (cdist(X[rows], self.samples_) / self.bandwidth) ** 2
            exponents = np.minimum(exponents, _FARTHEST)
            exponents = exponents.min(axis=1, keepdims=True) - exponents  # what all have in common, which says nothing
            for k, (start, count) in enumerate(zip(first, self.class_count_, strict=True)):
                joint[rows, k] = logsumexp(exponents[:, start : start + count], axis=1) - np.log(count)
        with np.errstate(divide="ignore"):
            joint += np.log(self.priors_)
        return joint - logsumexp(joint, axis=1, keepdims=True)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probability of each class.

        Parameters
        ----------
        X : array-like of shape (n, n_features_in_)

        Returns
        -------
        ndarray of shape (n, k), dtype float64
            Columns as in `classes_`; rows add up to 1.
        """
        return np.exp(self.predict_log_proba(X))

    def predict(self, X: Any) -> np.ndarray:
        """Likeliest class, of equal ones the first in `classes_`, shape (n,)."""
        log_proba = self.predict_log_proba(X)
        return self.classes_[log_proba.argmax(axis=1)]

    def _checked_priors(self) -> np.ndarray:
        if self.priors is None:
            return self.class_count_ / self.class_count_.sum()
        check("priors", list(self.priors), EachIn(Real, 0, 1, size=len(self.classes_)))
        priors = np.array(self.priors, np.float64)
        if abs(priors.sum() - 1) > 1e-8:
            raise ValueError(f"priors add up to {priors.sum():g}, not 1.")
        return priors
