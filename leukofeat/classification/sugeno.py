"""Takagi-Sugeno rules with fuzzy c-means premises and least squares consequents."""

from typing import Any, ClassVar, Self

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import kmeans_plusplus
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from leukofeat.constraints import Integral, Number, OneOf, Real

_LARGEST = 1e150  # its square is a float


class SugenoClassifier(ClassifierMixin, BaseEstimator):
    """First-order Takagi-Sugeno rules; a stand-in for ANFIS, which it is not.

    Rule i says: where x is near the centre c_i, class k has the value a_ik . x + b_ik. The rules' answers are averaged by the
    memberships u_i(x) of fuzzy c-means, f_k(x) = sum_i u_i(x) (a_ik . x + b_ik), and the consequents a, b are fitted to the
    classes (1 for a sample's own, 0 for the others) by least squares. ANFIS (Jang 1993) has rules of this form and fits its
    consequents in this way, but then also trains the premises by gradient descent, pass after pass; here they stay where
    clustering put them.

    Parameters
    ----------
    n_rules : int, default=3
        No more than there are training samples are made.
    fuzziness : float or "auto", default="auto"
        Exponent m of the memberships, above 1. With the usual 2, all centres fall together in more than a few columns, unless m
        falls with their number [4]_. "auto" is 1 + 2 / n_features, at which u_i falls with the distance to the power of n_features
        (a choice of this package).
    alpha : float, default=1.0
        Ridge penalty, on a and not on b; 0 is plain least squares, of all solutions the one of the least norm.
    max_iter : int, default=300
        Most rounds of clustering.
    tol : float, default=1e-4
        Clustering ends when no centre moves farther along any column, in standard deviations of all that is in `X`.
    random_state : int, RandomState or None, default=0
        Where clustering starts (k-means++).

    Attributes
    ----------
    classes_ : ndarray of shape (k,)
    centers_ : ndarray of shape (n_rules, n_features_in_)
    coef_ : ndarray of shape (n_rules, k, n_features_in_)
        a.
    intercept_ : ndarray of shape (n_rules, k)
        b.
    fuzziness_ : float
    n_iter_ : int
        Rounds of clustering.
    n_features_in_ : int

    Notes
    -----
    The f_k add up to 1, since rules of constant 1 are not penalised, but may lie outside of 0 to 1: `predict_proba` cuts them there
    and scales what is left to 1. `decision_function` gives them as they are, which is what
    :class:`~leukofeat.calibration.CalibratedClassifier` makes better probabilities of.

    Cost: a least squares problem of n_rules * (n_features + 1) unknowns; select or project hundreds of columns before.

    References
    ----------
    .. [1] Takagi and Sugeno, "Fuzzy identification of systems and its applications to modeling and control", IEEE Trans. Syst. Man
       Cybern. 15(1), 1985.
    .. [2] Bezdek, Pattern Recognition with Fuzzy Objective Function Algorithms, Plenum, 1981.
    .. [3] Jang, "ANFIS: adaptive-network-based fuzzy inference system", IEEE Trans. Syst. Man Cybern. 23(3), 1993.
    .. [4] Winkler, Klawonn and Kruse, "Problems of fuzzy c-means clustering and similar algorithms with high dimensional data sets",
       10.1007/978-3-642-24466-7_9.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_iris(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), SugenoClassifier()).fit(X, y)
    >>> bool(model.score(X, y) > 0.95)
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "n_rules": [Number(Integral, 1)],
        "fuzziness": [Number(Real, 1, above=True), OneOf("auto")],
        "alpha": [Number(Real, 0)],
        "max_iter": [Number(Integral, 1)],
        "tol": [Number(Real, 0)],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_rules: int = 3,
        *,
        fuzziness: float | str = "auto",
        alpha: float = 1.0,
        max_iter: int = 300,
        tol: float = 1e-4,
        random_state: Any = 0,
    ) -> None:
        self.n_rules = n_rules
        self.fuzziness = fuzziness
        self.alpha = alpha
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Cluster the samples, then fit the consequents.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite; impute and scale before.
        y : array-like of shape (n_samples,)
            Classes.

        Returns
        -------
        self
        """
        self._validate_params()
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.fuzziness_ = 1 + 2 / X.shape[1] if self.fuzziness == "auto" else float(self.fuzziness)
        self._cluster(X)
        terms, n_rules = self._terms(X), len(self.centers_)
        penalty = np.sqrt(self.alpha) * np.eye(X.shape[1] * n_rules, terms.shape[1])
        target = np.zeros((len(terms) + len(penalty), len(self.classes_)))
        target[np.arange(len(X)), codes] = 1.0
        weights = np.linalg.lstsq(np.vstack([terms, penalty]), target)[0]
        slopes = weights[:-n_rules].reshape(n_rules, X.shape[1], -1)
        self.coef_, self.intercept_ = slopes.transpose(0, 2, 1).copy(), weights[-n_rules:].copy()
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """What the rules say of each class.

        Parameters
        ----------
        X : array-like of shape (n, n_features_in_)

        Returns
        -------
        ndarray of shape (n, k), dtype float64
            f_k; of two classes the second less the first, shape (n,).
        """
        values = self._values(X)
        return values[:, 1] - values[:, 0] if values.shape[1] == 2 else values

    def predict_proba(self, X: Any) -> np.ndarray:
        """f_k cut to 0 to 1 and scaled to add up to 1.

        Parameters
        ----------
        X : array-like of shape (n, n_features_in_)

        Returns
        -------
        ndarray of shape (n, k), dtype float64
            Columns as in `classes_`.
        """
        values = self._values(X)
        likeliest = np.eye(values.shape[1])[values.argmax(axis=1)]
        values = values.clip(0, 1)
        total = values.sum(axis=1, keepdims=True)
        # so far from all samples that nothing but rounding is left, no value may be above 0
        return np.divide(values, total, out=likeliest, where=total > 0)

    def predict(self, X: Any) -> np.ndarray:
        """Class of the largest value, of equal ones the first in `classes_`, shape (n,)."""
        values = self._values(X)
        return self.classes_[values.argmax(axis=1)]

    def _values(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False).clip(-_LARGEST, _LARGEST)
        slopes = self.coef_.transpose(0, 2, 1).reshape(-1, len(self.classes_))
        return self._terms(X) @ np.vstack([slopes, self.intercept_])

    def _terms(self, X: np.ndarray) -> np.ndarray:
        """What the consequents are multiplied by: u_1 x, u_2 x, ..., then all u, shape (n, n_rules * (n_features + 1))."""
        u = _memberships(X, self.centers_, self.fuzziness_)
        return np.hstack([(u[:, :, None] * X[:, None, :]).reshape(len(X), -1), u])

    def _cluster(self, X: np.ndarray) -> None:
        centers, _ = kmeans_plusplus(X, min(self.n_rules, len(X)), random_state=self.random_state)
        tol = self.tol * np.sqrt(X.var(axis=0).mean())
        for round_ in range(self.max_iter):
            weights = _memberships(X, centers, self.fuzziness_) ** self.fuzziness_
            sums = weights.sum(axis=0)[:, None]
            # a centre without samples stays where it is
            moved = np.divide(weights.T @ X, sums, out=centers.copy(), where=sums > 0)
            shift, centers, self.n_iter_ = np.abs(moved - centers).max(), moved, round_ + 1
            if shift <= tol:
                break
        self.centers_ = centers


def _memberships(X: np.ndarray, centers: np.ndarray, fuzziness: float) -> np.ndarray:
    """Memberships of fuzzy c-means, (n, n_rules), which add up to 1; a sample on centres belongs to those alone.

    From logarithms of distances, since their powers are no floats where m is near 1.
    """
    distances = cdist(X, centers)
    on_centre = distances == 0
    with np.errstate(divide="ignore"):
        near = -2 / (fuzziness - 1) * np.log(distances)
    near[on_centre.any(axis=1)] = -np.inf
    near[on_centre] = 0.0
    return softmax(near, axis=1)
