"""Feature selection as the leukaemia literature uses it, behind one small factory."""

import warnings
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import RFE, SelectKBest, SelectorMixin, chi2, f_classif, mutual_info_classif
from sklearn.svm import SVC
from sklearn.utils import Tags, check_X_y
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from leukofeat.constraints import Integral, Number, OneOf, check

METHODS = ("anova", "mutual_info", "information_gain", "gain_ratio", "chi2", "rf", "rfe", "pca")


def make_selector(method: str = "anova", *, k: int = 100, random_state: int = 0) -> BaseEstimator:
    """Make a scikit-learn transformer that keeps at most `k` columns.

    Parameters
    ----------
    method : {"anova", "mutual_info", "information_gain", "gain_ratio", "chi2", "rf", "rfe", "pca"}, default="anova"
        - "anova": the highest F values between classes (`SelectKBest`; a constant column ranks last).
        - "mutual_info": the highest mutual information with the class, nearest-neighbour estimate.
        - "information_gain", "gain_ratio": the highest of either on columns cut into 10 bins (:func:`information_gain`,
          :func:`gain_ratio`).
        - "chi2": the highest chi-square between class and column (:func:`chi_square`, which scales columns by itself).
        - "rf": the highest impurity importance in a random forest of 300 trees (:class:`ForestSelector`).
        - "rfe": recursive elimination by a linear SVM, a tenth of the columns a round.
        - "pca": the first components (new columns, not a selection).
    k : int, default=100
        Number of columns to keep. Where there are fewer, all are kept ("pca" raises).
    random_state : int, default=0
        Seed of the methods that draw.

    Returns
    -------
    transformer
        A plain scikit-learn estimator; impute missing values and scale before it.

    Raises
    ------
    ValueError, TypeError
        For an unknown method or a `k` below 1.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> make_selector("anova", k=2).fit_transform(X, y).shape
    (150, 2)
    """
    check("method", method, OneOf(*METHODS))
    check("k", k, Number(Integral, 1))
    if method == "anova":
        return SelectKBest(anova_f, k=k)
    if method == "mutual_info":
        return SelectKBest(partial(mutual_info_classif, random_state=random_state), k=k)
    if method in _SCORES:
        return SelectKBest(_SCORES[method], k=k)
    if method == "rf":
        return ForestSelector(k, random_state=random_state)
    if method == "rfe":
        return RFE(SVC(kernel="linear"), n_features_to_select=k, step=0.1)
    return PCA(n_components=k, random_state=random_state)


class ForestSelector(SelectorMixin, BaseEstimator):
    """Columns of the highest impurity importance in a random forest, which is not kept.

    It keeps what scikit-learn's `SelectFromModel` over a forest does, and of the forest its importances only: what was fitted
    is small, and can be loaded without trusting anybody's trees (:func:`~leukofeat.persistence.load`).

    Parameters
    ----------
    k : int, default=100
        Number of columns to keep; all where there are fewer. Of equal ones the first.
    n_estimators : int, default=300
        Trees.
    random_state : int, RandomState or None, default=0

    Attributes
    ----------
    feature_importances_ : ndarray of shape (n_features_in_,)
        They add up to 1, unless no tree could split.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> ForestSelector(k=2).fit(*load_iris(return_X_y=True)).get_support()
    array([False, False,  True,  True])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "k": [Number(Integral, 1)],
        "n_estimators": [Number(Integral, 1)],
        "random_state": ["random_state"],
    }

    def __init__(self, k: int = 100, *, n_estimators: int = 300, random_state: Any = 0) -> None:
        self.k = k
        self.n_estimators = n_estimators
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X: Any, y: Any) -> Self:
        """Grow the forest, and keep its importances; X of shape (n_samples, n_features), y the classes, shape (n_samples,)."""
        self._validate_params()
        X, y = validate_data(self, X, y, ensure_all_finite="allow-nan")
        forest = RandomForestClassifier(self.n_estimators, random_state=self.random_state).fit(X, y)
        self.feature_importances_ = forest.feature_importances_
        return self

    def _get_support_mask(self) -> np.ndarray:
        check_is_fitted(self)
        mask = np.zeros(len(self.feature_importances_), bool)
        mask[np.argsort(-self.feature_importances_, kind="stable")[: self.k]] = True
        return mask


def anova_f(X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """F value and p value of each column between classes, as scikit-learn's `f_classif`, silent on constant columns.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
    y : array-like of shape (n_samples,)

    Returns
    -------
    f, p : ndarrays of shape (n_features,)
        NaN for a constant column, which `SelectKBest` ranks last.

    Examples
    --------
    >>> f, p = anova_f([[0.0, 1.0], [0.1, 1.0], [1.0, 1.0], [1.1, 1.0]], [0, 0, 1, 1])
    >>> f.round(6)
    array([200.,  nan])
    """
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.filterwarnings("ignore", "Features ")  # "... are constant", after a list that may break lines
        return f_classif(X, y)


def information_gain(X: Any, y: Any, *, bins: int = 10) -> np.ndarray:
    """Bits that each column, cut into bins, says of the class: H(class) - H(class | bin) (Quinlan 1986).

    It is the mutual information of class and bin as counted, and favours columns of many bins; see :func:`gain_ratio`.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Finite numbers.
    y : array-like of shape (n_samples,)
        Classes.
    bins : int, default=10
        Bins of equally many samples, as far as equal values, which share a bin, allow it. A column of no more distinct values than
        that is taken as it is. Only the order of the values counts.

    Returns
    -------
    ndarray of shape (n_features,), dtype float64
        0 for a constant column. A score function for `SelectKBest`.

    Raises
    ------
    ValueError
        For missing or infinite values.

    References
    ----------
    Quinlan, "Induction of decision trees", Machine Learning 1(1), 1986; its table of weather is in the tests.

    Examples
    --------
    >>> information_gain([[0, 5], [0, 5], [1, 5], [1, 5]], ["Benign", "Benign", "Pro", "Pro"])
    array([1., 0.])
    """
    return _gains(X, y, bins)[0]


def gain_ratio(X: Any, y: Any, *, bins: int = 10) -> np.ndarray:
    """Information gain of each column over the entropy of its bins, from 0 to 1 (Quinlan 1993).

    Parameters
    ----------
    X, y, bins
        As of :func:`information_gain`.

    Returns
    -------
    ndarray of shape (n_features,), dtype float64
        0 for a constant column. A score function for `SelectKBest`.

    Raises
    ------
    ValueError
        For missing or infinite values.

    Notes
    -----
    Columns are ranked by the ratio alone; C4.5's further condition, that the gain be no less than the mean gain, is left out, as in
    rankings of attributes.

    References
    ----------
    Quinlan, C4.5: Programs for Machine Learning, Morgan Kaufmann, 1993.

    Examples
    --------
    >>> gain_ratio([[0, 0], [0, 1], [1, 2], [1, 3]], [0, 0, 1, 1])
    array([1. , 0.5])
    """
    gain, own = _gains(X, y, bins)
    return np.divide(gain, own, out=np.zeros_like(gain), where=own > 0)


def chi_square(X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Chi-square and p value of each column with the class, as scikit-learn's `chi2`, of columns scaled to [0, 1].

    `chi2` takes columns for counts: it refuses negative values, and its values grow with the unit. Each column is therefore
    brought to [0, 1] by its least and largest value first, whatever scaling stands before.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Finite numbers, negative ones too.
    y : array-like of shape (n_samples,)
        Classes.

    Returns
    -------
    chi2, p : ndarrays of shape (n_features,)
        NaN for a constant column, which `SelectKBest` ranks last.

    Raises
    ------
    ValueError
        For missing or infinite values.

    Examples
    --------
    >>> values, p = chi_square([[-1.0, 7.0], [-1.0, 7.0], [3.0, 7.0], [3.0, 7.0]], [0, 0, 1, 1])
    >>> values
    array([ 2., nan])
    """
    X, y = check_X_y(X, y, dtype=np.float64)
    least = X.min(axis=0)
    half = 0.5 * X.max(axis=0) - 0.5 * least  # minmax_scale overflows where the range is beyond the largest float
    varies = half > 0
    scaled = np.zeros_like(X)
    scaled[:, varies] = (0.5 * X - 0.5 * least)[:, varies] / half[varies]
    with np.errstate(divide="ignore", invalid="ignore"):
        return chi2(scaled, y)


_SCORES = {"information_gain": information_gain, "gain_ratio": gain_ratio, "chi2": chi_square}


def _gains(X: Any, y: Any, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Information gain of each column, and the entropy of its bins, in bits."""
    check("bins", bins, Number(Integral, 2))
    X, y = check_X_y(X, y, dtype=np.float64)
    check_classification_targets(y)
    classes, codes = np.unique(y, return_inverse=True)
    gain, own = np.empty(X.shape[1]), np.empty(X.shape[1])
    for i, column in enumerate(X.T):
        cut = _cut(column, bins)
        table = np.bincount(cut * len(classes) + codes, minlength=(cut.max() + 1) * len(classes))
        table = table.reshape(-1, len(classes))
        own[i] = _entropy(table.sum(axis=1))
        # rounding can leave a little less than nothing
        gain[i] = max(0.0, _entropy(table.sum(axis=0)) + own[i] - _entropy(table.ravel()))
    return gain, own


def _cut(column: np.ndarray, bins: int) -> np.ndarray:
    """Bin of each value, by the mean rank of those equal to it."""
    values, codes, counts = np.unique(column, return_inverse=True, return_counts=True)
    if len(values) <= bins:
        return codes
    # in whole numbers, so that no rounding moves a value to the next bin
    before = 2 * np.cumsum(counts) - counts  # twice as many as are smaller, where of equal ones half are
    return (bins * before // (2 * len(column)))[codes]


def _entropy(counts: np.ndarray) -> float:
    p = counts[counts > 0] / counts.sum()
    return float(-(p * np.log2(p)).sum())
