"""A fitted chain of affine steps as one: the scores of its classes over the columns that it was given."""

from dataclasses import replace
from functools import singledispatch
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
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
from leukofeat.classification import GatedClassifier
from leukofeat.explanation.form import LinearForm, beside
from leukofeat.whitening import SoftClipper, WithinClassWhitener


def linear_form(estimator: Any, n_columns: int | None = None, *, at: Any = None) -> LinearForm:
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
    at : array-like of shape (n_columns,), optional
        Row that the form is for: a :class:`~leukofeat.classification.GatedClassifier` is linear where its gate stands for one row, a
        :class:`~leukofeat.whitening.SoftClipper` along the line from the mean to that row; they have no form without.

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
    n_columns = estimator.n_features_in_ if n_columns is None else n_columns
    return _follow(estimator, LinearForm.of_columns(n_columns, None if at is None else np.asarray(at, np.float64)))


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
def _gated(step: GatedClassifier, form: LinearForm) -> LinearForm:
    if form.at is None:
        raise TypeError(
            f"{step!r} weighs its classifiers anew for each row; ask for the form of one, linear_form(model, at=row)."
        )
    row: Any = form.decide(form.at[None])
    if hasattr(step, "feature_names_in_"):
        row = pd.DataFrame(row, columns=step.feature_names_in_)
    k = len(step.classes_)
    places = [(1, 0)] if k == 2 else list(combinations(range(k), 2))
    parts = []
    for (model, columns), share, scale in zip(step.experts(), step.shares(row)[0], step.scales_, strict=True):
        part = _follow(model, form.take(columns))
        parts.append(beside([part.pair(i, j) for i, j in places]).scaled(float(share / scale)))
    return replace(
        beside(parts).times(np.hstack([np.eye(len(places))] * len(parts))),
        classes=step.classes_,
        by_pair=k > 2,
        local=True,
    )


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
    scores = _follow(step.final_estimator_, beside([*parts, *([form] if step.passthrough else [])]))
    return replace(scores, classes=step.classes_)  # what is inside learned them as numbers


@_follow.register
def _columns(step: ColumnTransformer, form: LinearForm) -> LinearForm:
    places = step._transformer_to_input_indices
    parts = [
        _follow(one, form.take(np.asarray(places[name], int)))
        for name, one, _ in step.transformers_
        if not (isinstance(one, str) and one == "drop") and len(places[name])
    ]
    return beside(parts)


@_follow.register
def _union(step: FeatureUnion, form: LinearForm) -> LinearForm:
    weights = step.transformer_weights or {}
    used = [(name, one) for name, one in step.transformer_list if not (isinstance(one, str) and one == "drop")]
    return beside([_follow(one, form).scaled(weights.get(name, 1.0)) for name, one in used])


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
def _bent(step: SoftClipper, form: LinearForm) -> LinearForm:
    if form.at is None:
        raise TypeError(f"{step!r} bends its columns; ask for the form of one row, linear_form(model, at=row).")
    row = form.decide(form.at[None])
    # the straight line through 0, where the scaler puts the mean, and the row's own value: exact for that row
    slopes = np.divide(step.bend(row), row, out=np.ones_like(row), where=row != 0)[0]
    return replace(form.scaled(slopes), local=True)


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
