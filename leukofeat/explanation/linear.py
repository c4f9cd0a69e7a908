"""A fitted chain of affine steps as one: the scores of its classes over the columns that it was given."""

from dataclasses import dataclass, replace
from functools import singledispatch
from typing import Any, Self

import numpy as np
from sklearn.base import is_classifier
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.ensemble import StackingClassifier
from sklearn.feature_selection import SelectorMixin
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.linear_model._base import LinearClassifierMixin
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler
from sklearn.svm import SVC, NuSVC
from sklearn.utils.validation import check_is_fitted

from leukofeat.calibration import CalibratedClassifier
from leukofeat.whitening import WithinClassWhitener


@dataclass(frozen=True, eq=False)
class LinearForm:
    """Scores that are affine in p columns: ``intercept + coef @ x``, where a missing value of column j adds ``filled[:, j]``.

    Parameters
    ----------
    coef : ndarray of shape (n_scores, p), dtype float64
    intercept : ndarray of shape (n_scores,)
    filled : ndarray of shape (n_scores, p)
        What a missing value adds instead of ``coef[:, j] * x[j]``: the coefficient times what the imputer fills in. NaN where
        nothing fills it in.
    reference : ndarray of shape (p,)
        Mean of each column over the training images as a scaler has it, else what an imputer fills in; NaN where no step knows.
    classes : ndarray of shape (k,), optional
        None while no classifier has been reached: the scores are then columns.
    by_pair : bool
        Whether there is a score for each pair of classes, (0, 1), (0, 2), ... (1, 2), ..., in favour of the first; else one for each
        class, or for two classes one in favour of the second.
    unit : str
        "log-odds" where differences of scores are, else "decision value".

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> form = linear_form(LogisticRegression().fit([[0.0], [1.0], [3.0], [4.0]], ["a", "a", "b", "b"]))
    >>> form.coef.round(2), form.unit
    (array([[1.11]]), 'log-odds')
    """

    coef: np.ndarray
    intercept: np.ndarray
    filled: np.ndarray
    reference: np.ndarray
    classes: np.ndarray | None = None
    by_pair: bool = False
    unit: str = "decision value"

    @classmethod
    def of_columns(cls, n_columns: int) -> Self:
        """The form that gives each column as it is.

        Examples
        --------
        >>> LinearForm.of_columns(2).coef
        array([[1., 0.],
               [0., 1.]])
        """
        filled = np.zeros((n_columns, n_columns))
        np.fill_diagonal(filled, np.nan)
        return cls(np.eye(n_columns), np.zeros(n_columns), filled, np.full(n_columns, np.nan))

    def times(self, matrix: np.ndarray, shift: Any = 0.0) -> Self:
        """Scores multiplied by a matrix (n_new, n_scores), and shifted."""
        matrix = np.asarray(matrix, np.float64)
        return replace(
            self,
            coef=matrix @ self.coef,
            intercept=matrix @ self.intercept + shift,
            filled=matrix @ self.filled,
        )

    def scaled(self, factor: Any, shift: Any = 0.0) -> Self:
        """Each score multiplied by a number, and shifted."""
        factor = np.broadcast_to(np.asarray(factor, np.float64), self.intercept.shape)
        return replace(
            self,
            coef=factor[:, None] * self.coef,
            intercept=factor * self.intercept + shift,
            filled=factor[:, None] * self.filled,
        )

    def take(self, which: Any) -> Self:
        """Some of the scores, by their places or by a mask."""
        return replace(self, coef=self.coef[which], intercept=self.intercept[which], filled=self.filled[which])

    def knows(self, values: Any, *, first: bool = False) -> Self:
        """Scores that are multiples of one column each have these values on the training images: that column's reference.

        With `first`, only where there is none yet.
        """
        rows = np.flatnonzero((self.coef != 0).sum(axis=1) == 1)
        columns = (self.coef[rows] != 0).argmax(axis=1)
        found = self.reference.copy()
        of_columns = (np.asarray(values, np.float64)[rows] - self.intercept[rows]) / self.coef[rows, columns]
        free = np.isnan(found[columns]) if first else np.ones(len(columns), bool)
        found[columns[free]] = of_columns[free]
        return replace(self, reference=found)

    def pair(self, winner: int, other: int) -> Self:
        """The one score of class `winner` (its place in `classes`) against class `other`.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.linear_model import LogisticRegression
        >>> X, y = load_iris(return_X_y=True)
        >>> model = LogisticRegression(max_iter=1000).fit(X, y)
        >>> scores = model.decision_function(X[:1])[0]
        >>> float((linear_form(model).pair(0, 2).decide(X[:1])[0, 0] - (scores[0] - scores[2])).round(9))
        0.0
        """
        k = 0 if self.classes is None else len(self.classes)
        if self.by_pair:
            low, high = sorted((winner, other))
            place = low * (2 * k - low - 1) // 2 + high - low - 1
            return self.take([place]).scaled(1.0 if winner < other else -1.0)
        if k == 2 and len(self.intercept) == 1:
            return self.scaled(1.0 if winner == 1 else -1.0)
        signs = np.zeros((1, k))
        signs[0, winner], signs[0, other] = 1, -1
        return self.times(signs)

    def shares(self, X: np.ndarray) -> np.ndarray:
        """What each column adds to a form of one score, against its reference (0 where there is none), shape (n, p)."""
        start = self.coef[0] * np.nan_to_num(self.reference)
        return np.where(np.isnan(X), self.filled[0] - start, self.coef[0] * (X - np.nan_to_num(self.reference)))

    @property
    def base(self) -> np.ndarray:
        """Scores of an image whose columns are all at their reference, shape (n_scores,)."""
        return self.intercept + self.coef @ np.nan_to_num(self.reference)

    def decide(self, X: np.ndarray) -> np.ndarray:
        """Scores of rows, in which values may be missing, shape (n, n_scores)."""
        X = np.asarray(X, np.float64)
        missing = np.isnan(X)
        filled = np.where(missing[:, None, :], self.filled, 0).sum(axis=2)
        return self.intercept + np.where(missing, 0, X) @ self.coef.T + filled


def linear_form(estimator: Any, n_columns: int | None = None) -> LinearForm:
    """What a fitted estimator makes of its columns, where that is affine.

    Parameters
    ----------
    estimator : fitted estimator
        A classifier that is linear in its columns (`SVC(kernel="linear")`, `LogisticRegression`, `LinearSVC`, `RidgeClassifier`,
        `LinearDiscriminantAnalysis`, ...), by itself, in a :class:`~leukofeat.calibration.CalibratedClassifier` (scores are divided
        by its temperature) or a search; in a StackingClassifier on decision values; behind a Pipeline of imputers, scalers,
        selectors, principal components and whitening, and behind a ColumnTransformer or FeatureUnion of such. Or such
        steps without a classifier.
    n_columns : int, optional
        By default the estimator's `n_features_in_`.

    Returns
    -------
    LinearForm
        Exact up to rounding: `decide` gives the estimator's `decision_function`, of pairs for an SVC, which has a hyperplane for
        each, whatever its `decision_function_shape`.

    Raises
    ------
    TypeError
        For a step that is not affine in its columns, or not known to be.

    Notes
    -----
    A step of your own is made known by ``linear_form.register(MyStep, function)`` of a function (step, form so far) to form.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.impute import SimpleImputer
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn.svm import SVC
    >>> X, y = np.array([[1.0, 5.0], [2.0, np.nan], [4.0, 6.0], [5.0, 9.0]]), [0, 0, 1, 1]
    >>> model = make_pipeline(SimpleImputer(), StandardScaler(), SVC(kernel="linear")).fit(X, y)
    >>> form = linear_form(model)
    >>> bool(np.allclose(form.decide(X)[:, 0], model.decision_function(X)))
    True
    """
    check_is_fitted(estimator)
    return _follow(estimator, LinearForm.of_columns(estimator.n_features_in_ if n_columns is None else n_columns))


@singledispatch
def _follow(step: Any, form: LinearForm) -> LinearForm:
    """The form behind a step."""
    if step is None or step == "passthrough":
        return form
    raise TypeError(
        f"{step!r} is not linear in its columns, as far as is known here, so that a verdict has no exact shares; take a linear "
        "classifier behind affine steps, as leukofeat_svm does, or make the step known by linear_form.register."
    )


linear_form.register = _follow.register  # type: ignore[attr-defined]


@_follow.register
def _pipeline(step: Pipeline, form: LinearForm) -> LinearForm:
    for place, (_, one) in enumerate(step.steps):
        if place < len(step.steps) - 1 and not isinstance(one, (str, type(None))) and is_classifier(one):
            raise TypeError(f"{one!r} stands in the middle of a pipeline, where it is not known what it hands on.")
        if not (hasattr(one, "fit_resample") and not hasattr(one, "transform")):  # samplers do nothing to new images
            form = _follow(one, form)
    return form


@_follow.register
def _search(step: BaseSearchCV, form: LinearForm) -> LinearForm:
    return _follow(step.best_estimator_, form)


@_follow.register
def _calibrated(step: CalibratedClassifier, form: LinearForm) -> LinearForm:
    return replace(_follow(step.estimator_, form).scaled(1 / step.temperature_), unit="log-odds")


@_follow.register
def _stacked(step: StackingClassifier, form: LinearForm) -> LinearForm:
    if any(method != "decision_function" for method in step.stack_method_):
        raise TypeError(
            f"{step!r} stacks {', '.join(sorted(set(step.stack_method_)))}, which is not linear in the columns; set "
            "stack_method='decision_function', of estimators that have one."
        )
    parts = [_follow(one, form) for one in step.estimators_]
    for one, part in zip(step.estimators_, parts, strict=True):
        if part.by_pair:
            raise TypeError(
                f"{one!r} gives votes of its pairs, which are not linear; stack LinearSVC or LogisticRegression."
            )
    return _follow(step.final_estimator_, _beside([*parts, *([form] if step.passthrough else [])]))


@_follow.register
def _columns(step: ColumnTransformer, form: LinearForm) -> LinearForm:
    places = step._transformer_to_input_indices
    parts = [
        _follow(one, form.take(np.asarray(places[name], int)))
        for name, one, _ in step.transformers_
        if not (isinstance(one, str) and one == "drop") and len(places[name])
    ]
    return _beside(parts)


@_follow.register
def _union(step: FeatureUnion, form: LinearForm) -> LinearForm:
    weights = step.transformer_weights or {}
    used = [(name, one) for name, one in step.transformer_list if not (isinstance(one, str) and one == "drop")]
    return _beside([_follow(one, form).scaled(weights.get(name, 1.0)) for name, one in used])


def _beside(parts: list[LinearForm]) -> LinearForm:
    """Scores of several forms over the same columns, as columns for what comes behind."""
    reference = parts[0].reference
    for part in parts[1:]:
        reference = np.where(np.isnan(reference), part.reference, reference)
    coef, intercept, filled = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("coef", "intercept", "filled")
    )
    return LinearForm(coef, intercept, filled, reference)


@_follow.register
def _imputed(step: SimpleImputer, form: LinearForm) -> LinearForm:
    if step.add_indicator:
        raise TypeError(f"{step!r}: columns that say what is missing are not linear; set add_indicator=False.")
    values = np.asarray(step.statistics_, np.float64)
    empty = np.isnan(values)
    if step.keep_empty_features:
        values = np.where(empty, 0, values)
    else:
        form, values = form.take(~empty), values[~empty]
    # behind the imputer a missing value is the filled-in one; the score's intercept is not the column's
    filled = np.where(np.isnan(form.filled), (values - form.intercept)[:, None], form.filled)
    return replace(form, filled=filled).knows(values, first=True)


@_follow.register
def _standardised(step: StandardScaler, form: LinearForm) -> LinearForm:
    scale = 1.0 if step.scale_ is None else step.scale_
    if getattr(step, "mean_", None) is not None:
        form = form.knows(step.mean_)
    return form.scaled(1 / np.asarray(scale), -(step.mean_ / scale) if step.with_mean else 0.0)


@_follow.register
def _to_range(step: MinMaxScaler, form: LinearForm) -> LinearForm:
    if step.clip:
        raise TypeError(f"{step!r} cuts values off, which is not linear; set clip=False.")
    return form.scaled(step.scale_, step.min_)


@_follow.register
def _to_one(step: MaxAbsScaler, form: LinearForm) -> LinearForm:
    if getattr(step, "clip", False):
        raise TypeError(f"{step!r} cuts values off, which is not linear; set clip=False.")
    return form.scaled(1 / step.scale_)


@_follow.register
def _by_quantiles(step: RobustScaler, form: LinearForm) -> LinearForm:
    scale = 1.0 if step.scale_ is None else step.scale_
    return form.scaled(1 / np.asarray(scale), -(step.center_ / scale) if step.with_centering else 0.0)


@_follow.register
def _as_it_is(step: FunctionTransformer, form: LinearForm) -> LinearForm:
    if step.func is not None:
        raise TypeError(f"{step!r}: it is not known what the function does; without one it is linear.")
    return form


@_follow.register
def _components(step: PCA, form: LinearForm) -> LinearForm:
    matrix = step.components_
    if step.whiten:
        scale = np.sqrt(step.explained_variance_)
        least = np.finfo(scale.dtype).eps
        matrix = matrix / np.where(scale < least, least, scale)[:, None]
    return form.knows(step.mean_, first=True).times(matrix, -(matrix @ step.mean_))


@_follow.register
def _singular(step: TruncatedSVD, form: LinearForm) -> LinearForm:
    return form.times(step.components_)


@_follow.register
def _whitened(step: WithinClassWhitener, form: LinearForm) -> LinearForm:
    return form.times(step.components_)


@_follow.register
def _selected(step: SelectorMixin, form: LinearForm) -> LinearForm:
    return form.take(step.get_support())


@_follow.register
def _linear(step: LinearClassifierMixin, form: LinearForm) -> LinearForm:
    coef = _dense(step.coef_)
    if coef.shape[0] not in (1, len(step.classes_)):
        raise TypeError(f"{step!r} has no score for each class.")
    # those that model the classes' probabilities; the others' values have no unit
    odds = isinstance(step, LogisticRegression) or hasattr(step, "priors_")
    scores = form.times(coef, step.intercept_)
    return replace(scores, classes=step.classes_, unit="log-odds" if odds else "decision value")


@_follow.register(SVC)
@_follow.register(NuSVC)
def _machine(step: SVC | NuSVC, form: LinearForm) -> LinearForm:
    if step.kernel != "linear":
        raise TypeError(
            f"{step!r} is not linear in its columns, so that a verdict has no exact shares; take kernel='linear', or ask "
            "sklearn.inspection.permutation_importance which columns the model as a whole goes by."
        )
    return replace(
        form.times(_dense(step.coef_), step.intercept_), classes=step.classes_, by_pair=len(step.classes_) > 2
    )


def _dense(coef: Any) -> np.ndarray:
    return np.atleast_2d(coef.toarray() if hasattr(coef, "toarray") else coef)
