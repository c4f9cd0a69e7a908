"""Experts and a gate: columns that tell most where an image is like those of training, columns that travel elsewhere."""

from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils import Tags
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from leukofeat.classification.gates import Answers, Gates
from leukofeat.constraints import Integral, Number, OneOf, Real
from leukofeat.pipeline import decision_pairs
from leukofeat.statistics.held_out import check_labelled, inner_folds


class GatedClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Let one classifier judge rows like those of training, and another, by columns that travel, the others.

    Many columns together tell the classes of one laboratory apart, and say nothing sensible of another's images, which lie where no training image
    was; a few that mean the same everywhere tell less at home, and keep it abroad. The decision value of a pair of classes is

        w near / s + (1 - w) far / t,    w = 1 / (1 + (d / (r m))^3),

    with d the mean squared distance of the row to the nearest class mean, in the space that `near` sees behind its own first steps; m the
    median d, s and t the root mean squares of the two classifiers' values, all three on training rows that were held out; and r the reach: a
    mixture of experts (Jacobs et al. 1991) whose gate is a measure of novelty.

    Between the two may stand `middle`, which makes less of how columns hang together than `near` does, and so is less sure where another
    patient's hang together otherwise: then v near / s + (1 - v) middle / u takes the place of near / s, with v a gate of a reach of its own.

    How far the many columns can be trusted is learned: of reaches up to `reach`, r is the one under which the held-out rows have
    the least logistic loss. Blocks of consecutive rows are held out. Where these are further series of one laboratory, the many columns hold on
    them, and r becomes large; where they are other laboratories, whose cells the many columns know by the laboratory, it becomes small.
    The inner gate is learned likewise, after it, and only where the loss becomes less by more than its standard error (Breiman et al. 1984).

    Parameters
    ----------
    near, far : classifiers with `decision_function`
        `near` gets all columns but the last `n_far`, `far` those. Of a Pipeline, the steps before the last make the space in which
        distances are measured: let them whiten within classes (:class:`~leukofeat.whitening.WithinClassWhitener`), so that no
        direction in which images of one class differ counts more than another.
    middle : classifier with `decision_function`, optional
        Gets the columns that `near` gets.
    n_far : int, default=1
    reach : float, default=8.0
        The largest r that is tried: multiple of the usual distance at which both count alike.
    cv : int, default=3
        Folds in which rows are held out: blocks of consecutive rows, so that those of a slide or laboratory mostly stay together. Keep the
        rows in their order, slide after slide and laboratory after laboratory.
    decision_function_shape : {"ovr", "ovo"}, default="ovr"
        What `decision_function` gives for three classes or more, that of all classifiers and of this one: a value a class, whose differences are
        the pairs', or a value a pair, in the order of `SVC(decision_function_shape="ovo")`.

    Attributes
    ----------
    classes_ : ndarray of shape (k,)
    near_, middle_, far_ : classifiers
        Fitted on everything; `middle_` is None without one.
    reach_ : float
        r above; `reach` where no row could be held out.
    near_reach_ : float
        That of the gate between `near` and `middle`: infinite where `near` alone is as good, or there is no other.
    typical_ : float
        m above.
    scales_ : tuple of floats
        s, u with a `middle`, and t above.
    n_features_in_ : int

    Notes
    -----
    Missing values are the classifiers' to fill in; those that reach the space of distances count as 0 there.

    Cost: `cv` + 1 fits of each classifier.

    References
    ----------
    .. [1] Jacobs, Jordan, Nowlan, Hinton, "Adaptive mixtures of local experts", Neural Computation 3, 1991.
    .. [2] Breiman, Friedman, Olshen, Stone, "Classification and Regression Trees", 1984: the rule of one standard error.

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
        "middle": [HasMethods(["fit", "decision_function"]), None],
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
        middle: Any = None,
        n_far: int = 1,
        reach: float = 8.0,
        cv: int = 3,
        decision_function_shape: str = "ovr",
    ) -> None:
        self.near = near
        self.far = far
        self.middle = middle
        self.n_far = n_far
        self.reach = reach
        self.cv = cv
        self.decision_function_shape = decision_function_shape

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X: Any, y: Any) -> Self:
        """Fit the classifiers, and learn how far a row usually is from those of training.

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
            When there are not more than `n_far` columns, or a class is missing.
        """
        self._validate_params()
        check_labelled(y)
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan", ensure_min_samples=2)
        check_classification_targets(y)
        if X.shape[1] <= self.n_far:
            raise ValueError(
                f"X has {X.shape[1]} columns, of which the last n_far={self.n_far} are for `far`: none is left for `near`."
            )
        self.classes_, codes = np.unique(y, return_inverse=True)
        self._fit_experts(X, y)
        held_out, rows = self._ask_held_out(X, y, codes)
        gates = Gates.wide_open(self._ask(X) if held_out is None else held_out, float(self.reach))
        if held_out is not None:
            gates = gates.learned(held_out, codes[rows])
        self.typical_, self.scales_ = gates.typical, gates.scales
        self.reach_, self.near_reach_ = gates.reach, gates.near_reach
        return self

    def experts(self) -> list[tuple[Any, slice]]:
        """Each fitted classifier with the columns that it gets, from the one that knows most to the one that travels furthest.

        Returns
        -------
        list of (classifier, slice)
        """
        many, few = slice(None, -self.n_far), slice(-self.n_far, None)
        between = [] if self.middle_ is None else [(self.middle_, many)]
        return [(self.near_, many), *between, (self.far_, few)]

    def familiarity(self, X: Any) -> np.ndarray:
        """How far each row is like those of training, as the gate has learned to see it: w, what `near` and `middle` count.

        Parameters
        ----------
        X : array-like of shape (n, n_features_in_)

        Returns
        -------
        ndarray of shape (n,), dtype float64
            From 1, where class means are, to 0, where `far` judges alone.
        """
        distances = self._distances(self._checked(X))
        return self._gates.familiarity(distances)

    def shares(self, X: Any) -> np.ndarray:
        """Of each classifier in the verdict of each row.

        Parameters
        ----------
        X : array-like of shape (n, n_features_in_)

        Returns
        -------
        ndarray of shape (n, 2) or (n, 3), dtype float64
            w v, w (1 - v) with a `middle`, and 1 - w. Rows add up to 1.
        """
        distances = self._distances(self._checked(X))
        return self._gates.shares(distances)

    def pairs(self, X: Any) -> np.ndarray:
        """Decision values in favour of class i against class j.

        Parameters
        ----------
        X : array-like of shape (n, n_features_in_)

        Returns
        -------
        ndarray of shape (n, k, k), dtype float64
        """
        answers = self._ask(self._checked(X))
        return self._gates.mix(answers)

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

    def _fit_experts(self, X: np.ndarray, y: np.ndarray) -> Self:
        near, far = X[:, : -self.n_far], X[:, -self.n_far :]
        self.near_, self.far_ = clone(self.near).fit(near, y), clone(self.far).fit(far, y)
        self.middle_ = None if self.middle is None else clone(self.middle).fit(near, y)
        space = _space(self.near_, near)
        self._means_ = np.stack([space[y == label].mean(axis=0) for label in np.unique(y)])
        return self

    def _ask_held_out(self, X: np.ndarray, y: np.ndarray, codes: np.ndarray) -> tuple[Answers | None, np.ndarray]:
        """What copies of the classifiers say of rows that they were not fitted on, if of any, and which rows these are."""
        answers, rows = [], [np.empty(0, np.int64)]
        for train, test in inner_folds(codes, None, self.cv):
            try:
                answers.append(clone(self)._fit_experts(X[train], y[train])._ask(X[test]))
            except ValueError:  # too few rows to learn from
                continue
            rows.append(test)
        return Answers.joined(answers) if answers else None, np.concatenate(rows)

    def _ask(self, X: np.ndarray) -> Answers:
        values = [self._pairs(model, X[:, columns]) for model, columns in self.experts()]
        return Answers(np.stack(values), self._distances(X))

    def _pairs(self, model: Any, X: np.ndarray) -> np.ndarray:
        return decision_pairs(model, X, len(model.classes_), self.decision_function_shape)

    def _distances(self, X: np.ndarray) -> np.ndarray:
        space = _space(self.near_, X[:, : -self.n_far])
        return np.min([((space - mean) ** 2).mean(axis=1) for mean in self._means_], axis=0)

    @property
    def _gates(self) -> Gates:
        return Gates(typical=self.typical_, scales=self.scales_, reach=self.reach_, near_reach=self.near_reach_)

    def _checked(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        return validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)


def _space(near: Any, X: np.ndarray) -> np.ndarray:
    """Rows as the last step of a pipeline sees them, or as they are; 0 where a value is missing."""
    near = getattr(near, "best_estimator_", near)  # of a search
    if isinstance(near, Pipeline) and len(near) > 1:
        X = near[:-1].transform(X)
    return np.nan_to_num(np.asarray(X, np.float64))


def _votes(pairs: np.ndarray) -> np.ndarray:
    """Pairs that each class wins, and below 1 by how much, shape (n, k)."""
    sums = pairs.sum(axis=2)
    return (pairs > 0).sum(axis=2) + sums / (3 * (np.abs(sums) + 1))
