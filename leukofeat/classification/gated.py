"""Two experts and a gate: columns that tell most where an image is like those of training, columns that travel elsewhere."""

from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Tags
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from leukofeat.constraints import Integral, Number, OneOf, Real
from leukofeat.statistics.held_out import inner_folds
from leukofeat.statistics.pairs import pair_values
from leukofeat.whitening import WithinClassWhitener


class GatedClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Let one classifier judge rows like those of training, and another, by columns that travel, the others.

    Many columns together tell the classes of one laboratory apart, and say nothing sensible of another's images, which lie where no training image
    was; a few that mean the same everywhere tell less at home, and keep it abroad. The decision value of a pair of classes is

        w near / s + (1 - w) far / t,    w = 1 / (1 + (d / (reach m))^2),

    with s and t the root mean squares of the two classifiers' values on training rows, d the squared distance of the row to the nearest class
    mean after whitening within classes, and m the median d of training rows that were held out: a mixture of two experts
    (Jacobs et al. 1991) whose gate is a measure of novelty.

    Parameters
    ----------
    near, far : classifiers with `decision_function`
        `near` gets all columns but the last `n_far`, `far` those.
    n_far : int, default=1
    reach : float, default=5.0
        Multiple of the usual distance at which both count alike.
    cv : int, default=3
        Folds in which rows are held out for the usual distance: blocks of consecutive rows, so that those of a slide mostly stay together.
    decision_function_shape : {"ovr", "ovo"}, default="ovr"
        What `decision_function` gives for three classes or more, that of both classifiers and of this one: a value a class, whose differences are
        the pairs', or a value a pair, in the order of `SVC(decision_function_shape="ovo")`.

    Attributes
    ----------
    classes_ : ndarray of shape (k,)
    near_, far_ : classifiers
        Fitted on everything.
    typical_ : float
        m above.
    scales_ : tuple of two floats
        s and t above.
    n_features_in_ : int

    Notes
    -----
    Missing values are the classifiers' to fill in; the distance takes the training median for them.

    References
    ----------
    .. [1] Jacobs, Jordan, Nowlan, Hinton, "Adaptive mixtures of local experts", Neural Computation 3, 1991.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat([0, 1], 100)
    >>> X = rng.normal(size=(200, 3)) + 3 * y[:, None]
    >>> model = GatedClassifier(LogisticRegression(), LogisticRegression()).fit(X, y)
    >>> (model.familiarity([[1.0, 1.0, 1.0], [90.0, -90.0, 1.0]]) > 0.5).tolist()
    [True, False]
    >>> model.predict([[900.0, 900.0, -1.0]])  # the last column travels
    array([0])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "near": [HasMethods(["fit", "decision_function"])],
        "far": [HasMethods(["fit", "decision_function"])],
        "n_far": [Number(Integral, 1)],
        "reach": [Number(Real, 0, above=True)],
        "cv": [Number(Integral, 2)],
        "decision_function_shape": [OneOf("ovr", "ovo")],
    }

    def __init__(
        self,
        near: Any,
        far: Any,
        *,
        n_far: int = 1,
        reach: float = 5.0,
        cv: int = 3,
        decision_function_shape: str = "ovr",
    ) -> None:
        self.near = near
        self.far = far
        self.n_far = n_far
        self.reach = reach
        self.cv = cv
        self.decision_function_shape = decision_function_shape

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X: Any, y: Any) -> Self:
        """Fit both classifiers, and learn how far a row usually is from those of training.

        Parameters
        ----------
        X : array-like of shape (n, n_columns)
            NaN where a value is missing.
        y : array-like of shape (n,)
            Classes.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            When there are not more than `n_far` columns.
        """
        self._validate_params()
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan", ensure_min_samples=2)
        check_classification_targets(y)
        if X.shape[1] <= self.n_far:
            raise ValueError(
                f"X has {X.shape[1]} columns, of which the last n_far={self.n_far} are for `far`: none is left for `near`."
            )
        self.classes_, codes = np.unique(y, return_inverse=True)
        near, far = self._split(X)
        self.near_, self.far_ = clone(self.near).fit(near, y), clone(self.far).fit(far, y)
        own = self._pairs(self.near_, near), self._pairs(self.far_, far)
        self.scales_ = tuple(float(np.sqrt((values**2).mean())) or 1.0 for values in own)
        held_out = []
        for train, test in inner_folds(codes, None, self.cv):
            try:
                space, means = _within_classes(near[train], codes[train])
            except ValueError:  # too few rows to learn from
                continue
            held_out.append(_distances(space, means, near[test]))
        self._space_, self._means_ = _within_classes(near, codes)
        self.typical_ = float(np.median(np.concatenate(held_out or [_distances(self._space_, self._means_, near)])))
        return self

    def familiarity(self, X: Any) -> np.ndarray:
        """How far each row is like those of training, which is the share of `near` in its verdict.

        Parameters
        ----------
        X : array-like of shape (n, n_features_in_)

        Returns
        -------
        ndarray of shape (n,), dtype float64
            From 1, where training rows are, to 0.
        """
        near, _ = self._split(self._checked(X))
        usual = self.reach * max(self.typical_, np.finfo(float).tiny)
        with np.errstate(over="ignore"):
            return 1 / (1 + (_distances(self._space_, self._means_, near) / usual) ** 2)

    def pairs(self, X: Any) -> np.ndarray:
        """Decision values in favour of class i against class j.

        Parameters
        ----------
        X : array-like of shape (n, n_features_in_)

        Returns
        -------
        ndarray of shape (n, k, k), dtype float64
        """
        near, far = self._split(self._checked(X))
        share = self.familiarity(X)[:, None, None]
        (s, t) = self.scales_
        return share / s * self._pairs(self.near_, near) + (1 - share) / t * self._pairs(self.far_, far)

    def decision_function(self, X: Any) -> np.ndarray:
        """Decision values, in the shape that `decision_function_shape` says.

        Returns
        -------
        ndarray of shape (n,), (n, k) or (n, k (k - 1) / 2), dtype float64
            Of two classes those of the second; else a value a class, the mean of its pairs', or a value a pair.
        """
        pairs = self.pairs(X)
        k = len(self.classes_)
        if k == 2:
            return pairs[:, 1, 0]
        return pairs[:, *np.triu_indices(k, 1)] if self.decision_function_shape == "ovo" else pairs.mean(axis=2)

    def predict(self, X: Any) -> np.ndarray:
        """The class that wins most pairs, of such with equally many the one that wins by more, shape (n,)."""
        likeliest = _votes(self.pairs(X)).argmax(axis=1)
        return self.classes_[likeliest]

    def _pairs(self, model: Any, X: np.ndarray) -> np.ndarray:
        return pair_values(model.decision_function(X), len(self.classes_), self.decision_function_shape)

    def _checked(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        return validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)

    def _split(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return X[:, : -self.n_far], X[:, -self.n_far :]


def _votes(pairs: np.ndarray) -> np.ndarray:
    """Pairs that each class wins, and below 1 by how much, shape (n, k)."""
    sums = pairs.sum(axis=2)
    return (pairs > 0).sum(axis=2) + sums / (3 * (np.abs(sums) + 1))


def _within_classes(X: np.ndarray, codes: np.ndarray) -> tuple[Any, np.ndarray]:
    """Space in which rows of a class spread alike in all directions, and the class means in it."""
    steps = SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler(), WithinClassWhitener()
    space = make_pipeline(*steps).fit(X, codes)
    white = space.transform(X)
    return space, np.stack([white[codes == k].mean(axis=0) for k in np.unique(codes)])


def _distances(space: Any, means: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Squared distance to the nearest class mean, a dimension."""
    white = space.transform(X)
    return np.min([((white - mean) ** 2).mean(axis=1) for mean in means], axis=0)
