"""Feature selection as the leukaemia literature uses it, behind one small factory."""

import warnings
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import RFE, SelectFromModel, SelectKBest, f_classif, mutual_info_classif
from sklearn.svm import SVC

from leukofeat.constraints import Integral, Number, OneOf, check

METHODS = ("anova", "mutual_info", "rf", "rfe", "pca")


def make_selector(method: str = "anova", *, k: int = 100, random_state: int = 0) -> BaseEstimator:
    """Make a scikit-learn transformer that keeps at most `k` columns.

    Parameters
    ----------
    method : {"anova", "mutual_info", "rf", "rfe", "pca"}, default="anova"
        - "anova": the highest F values between classes (`SelectKBest`; a constant column ranks last).
        - "mutual_info": the highest mutual information with the class, nearest-neighbour estimate.
        - "rf": the highest impurity importance in a random forest of 300 trees.
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
    if method == "rf":
        forest = RandomForestClassifier(n_estimators=300, random_state=random_state)
        return SelectFromModel(forest, threshold=-np.inf, max_features=k)
    if method == "rfe":
        return RFE(SVC(kernel="linear"), n_features_to_select=k, step=0.1)
    return PCA(n_components=k, random_state=random_state)


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
