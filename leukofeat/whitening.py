"""Soft clipping and within-class whitening: one odd value does not rule, and what varies within classes counts little."""

from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, OneToOneFeatureMixin, TransformerMixin
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.utils import Tags, check_array
from sklearn.utils.validation import check_is_fitted, validate_data

from leukofeat.constraints import Integral, Number, OneOf, Real


class SoftClipper(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Bend standardised columns so that none gets beyond a limit: limit tanh(x / limit).

    Near 0 a value stays what it is. The few cells that are measured wrongly, and columns with long tails, would otherwise make up most of a
    covariance, and one value outside everything that was seen in training most of a verdict.

    Parameters
    ----------
    limit : float, default=3.0
        Where columns end, in the standard deviations that a StandardScaler in front makes them be measured in.
    n_free : int, default=0
        Last columns that are left as they are, since it means something that another slide's lie outside.

    Attributes
    ----------
    n_features_in_ : int

    Examples
    --------
    >>> SoftClipper(3.0, n_free=1).fit_transform([[0.1, 0.1], [100.0, 100.0]]).round(2).tolist()
    [[0.1, 0.1], [3.0, 100.0]]
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "limit": [Number(Real, 0, above=True)],
        "n_free": [Number(Integral, 0)],
    }

    def __init__(self, limit: float = 3.0, *, n_free: int = 0) -> None:
        self.limit = limit
        self.n_free = n_free

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the columns; there is nothing to learn.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : ignored

        Returns
        -------
        self
        """
        self._validate_params()
        validate_data(self, X, dtype=np.float64)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Bent columns.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_features), dtype float64
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return self.bend(X)

    def bend(self, X: np.ndarray) -> np.ndarray:
        """What `transform` gives for an array of numbers, (n_samples, n_features), without looking at it first."""
        bound = max(0, X.shape[1] - self.n_free)
        return np.hstack([self.limit * np.tanh(X[:, :bound] / self.limit), X[:, bound:]])


class WithinClassWhitener(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Rotate and scale columns so that their covariance within classes is the identity.

    The pooled within-class covariance S is shrunk towards a sphere, (1 - shrinkage) S + shrinkage tr(S)/p I, and columns are
    multiplied by its inverse square root. Linear discriminant analysis is the nearest class mean in this space (Fisher 1936;
    shrinkage after Friedman 1989); an SVM in it keeps the discriminant's indifference to directions in which images of one
    class differ, such as stain and light, and adds a margin.

    Parameters
    ----------
    shrinkage : float or "auto", default="auto"
        From 0 (none; needs more samples than columns) to 1 (nothing but a common scale); "auto" takes what the number of
        samples calls for (Ledoit and Wolf 2004).

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features_in_)
        Rows are the whitened directions, from the most to the least varying within classes.
    shrinkage_ : float
        The shrinkage that was used.
    n_features_in_ : int

    Examples
    --------
    >>> import numpy as np
    >>> from leukofeat.whitening import WithinClassWhitener
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat([0, 1], 500)
    >>> X = rng.normal(size=(1000, 2)) * (10, 0.1) + y[:, None]
    >>> white = WithinClassWhitener(shrinkage=0.0).fit_transform(X, y)
    >>> within = np.vstack([white[y == k] - white[y == k].mean(axis=0) for k in (0, 1)])
    >>> np.allclose(within.T @ within / len(within), np.eye(2))
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {"shrinkage": [Number(Real, 0, 1), OneOf("auto")]}

    def __init__(self, shrinkage: float | str = "auto") -> None:
        self.shrinkage = shrinkage

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags

    def fit(self, X: Any, y: Any, nuisance: Any = None) -> Self:
        """Learn the directions.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite; impute and scale before.
        y : array-like of shape (n_samples,)
            Classes.
        nuisance : array-like of shape (m, n_features), optional
            Differences that say nothing of the class, such as those between two pictures of one thing. Their mean outer product
            is added to the shrunk covariance, so that columns vary less along them (Schölkopf et al. 1998; with samples of one
            class for pictures of one thing, within-class covariance normalisation: Hatch, Kajarekar and Stolcke 2006).

        Returns
        -------
        self

        Raises
        ------
        ValueError
            When no column varies within the classes: one sample a class, or columns that are all alike.
        """
        self._validate_params()
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_min_samples=2)
        codes = np.unique(y, return_inverse=True)[1]
        means = np.stack([np.bincount(codes, column) for column in X.T], axis=1) / np.bincount(codes)[:, None]
        within = X - means[codes]
        rounding = len(X) * np.finfo(np.float64).eps * np.abs(X).max(axis=0)  # of a mean
        if (np.abs(within) <= rounding).all():
            raise ValueError(
                f"{len(X)} samples of {codes.max() + 1} classes, and no column varies within a class; there is nothing to learn "
                "from. Give several images a class, in which cells are found."
            )
        covariance = within.T @ within / len(X)
        shrinkage = ledoit_wolf_shrinkage(within, assume_centered=True) if self.shrinkage == "auto" else self.shrinkage
        self.shrinkage_ = float(shrinkage)
        scale = np.trace(covariance) / len(covariance)
        metric = (1 - self.shrinkage_) * covariance + self.shrinkage_ * scale * np.eye(len(covariance))
        if nuisance is not None:
            differences = check_array(nuisance, dtype=np.float64, input_name="nuisance")
            if differences.shape[1] != X.shape[1]:
                raise ValueError(f"nuisance has {differences.shape[1]} columns, X has {X.shape[1]}.")
            metric = metric + differences.T @ differences / len(differences)
        variances, directions = np.linalg.eigh(metric)
        kept = variances > 1e-12 * max(variances[-1], np.finfo(float).tiny)
        # in rows, as a model that was saved and loaded has them: by which way products go, and their last bits, depends on it
        self.components_ = np.ascontiguousarray((directions[:, kept] / np.sqrt(variances[kept])).T[::-1])
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Whitened columns.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_components), dtype float64
        """
        check_is_fitted(self)
        return validate_data(self, X, dtype=np.float64, reset=False) @ self.components_.T

    @property
    def _n_features_out(self) -> int:
        return len(self.components_)
