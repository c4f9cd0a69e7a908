"""How a pipeline falls apart: image stages, the feature stage, and the rest; and which of it asks for groups."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import check_cv
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils.metadata_routing import MetadataRouter
from sklearn.utils.validation import _check_method_params

from leukofeat.base import FeatureFamily, ImageStage
from leukofeat.statistics.pairs import pair_values


class PipelineParts(NamedTuple):
    """What a pipeline consists of: `stages` are its leading image stages, `features` is the family behind them, if any.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> split_pipeline(SVC())
    PipelineParts(stages=[], features=None, rest=SVC())
    """

    stages: list[ImageStage]
    features: FeatureFamily | None
    rest: Any


def split_pipeline(pipeline: Any) -> PipelineParts:
    """Leading image stages of a pipeline, the feature stage behind them, and the pipeline of what is left.

    Parameters
    ----------
    pipeline : Pipeline, or any other estimator, which is all rest

    Returns
    -------
    PipelineParts
        They hold the pipeline's own stages, no copies; steps that are switched off ("passthrough") are left out in front.

    Examples
    --------
    >>> from leukofeat.baselines import make_baseline
    >>> parts = split_pipeline(make_baseline("no_leukocytes"))
    >>> [type(stage).__name__ for stage in parts.stages], type(parts.features).__name__
    (['ScaleBarCropper', 'LeukocyteSegmenter', 'RegionMasker'], 'FeatureSet')
    >>> list(parts.rest.named_steps)
    ['calibratedclassifier']
    """
    steps = [step for _, step in getattr(pipeline, "steps", ())]
    n = next((i for i, step in enumerate(steps) if not isinstance(step, (ImageStage, str, type(None)))), len(steps))
    stages = [step for step in steps[:n] if isinstance(step, ImageStage)]
    features = steps[n] if n < len(steps) and isinstance(steps[n], FeatureFamily) else None
    n += features is not None
    return PipelineParts(stages, features, pipeline[n:] if n else pipeline)


def last_step(model: Any) -> Any:
    """What a pipeline ends in; any other model is itself.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> last_step(SVC())
    SVC()
    """
    return model[-1] if isinstance(model, Pipeline) else model


def value_shape(model: Any) -> str | None:
    """What a fitted classifier, or the one inside it whose decision values it hands on, says that these are.

    Three classes have three pairs: by their number alone values of pairs are not told from values of classes. An ensemble that makes
    values of its own of those of several, as `OneVsRestClassifier` does, says nothing.

    Returns
    -------
    "ovr", "ovo" or None
        A value a class, a value a pair of classes; None where it says nothing.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> value_shape(SVC(decision_function_shape="ovo"))
    'ovo'
    """
    while not hasattr(model, "decision_function_shape"):
        inner = _whose_values(model)
        if inner is model:
            return None
        model = inner
    return model.decision_function_shape


def _whose_values(model: Any) -> Any:
    """The classifier whose decision values a fitted one hands on, as a pipeline, a search or a selector does; else itself."""
    names = ["best_estimator_", "final_estimator_"]
    is_bagging = hasattr(model, "estimators_features_")  # the mean of the values of its parts
    if is_bagging or not hasattr(model, "estimators_"):
        names += ["estimator_", "estimator"]
    return next((getattr(model, name) for name in names if hasattr(model, name)), last_step(model))


def decision_pairs(model: Any, X: Any, n_classes: int, decision_function_shape: str) -> np.ndarray:
    """Decision values of a fitted classifier in favour of class i against j.

    Parameters
    ----------
    model : classifier with `decision_function`
    X : whatever it takes, of length n
    n_classes : int
        k.
    decision_function_shape : {"ovr", "ovo"}
        As of :func:`~leukofeat.statistics.pairs.pair_values`.

    Returns
    -------
    ndarray of shape (n, k, k), dtype float64

    Raises
    ------
    ValueError
        When the classifier's values are of another shape.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> model = SVC(decision_function_shape="ovo").fit([[0], [1], [2]], [0, 1, 2])
    >>> decision_pairs(model, [[0]], 3, "ovo").shape
    (1, 3, 3)
    """
    told = value_shape(model)
    if n_classes == 3 and told not in (None, decision_function_shape):
        raise ValueError(
            f"The estimator has decision_function_shape={told!r} and what is around it {decision_function_shape!r}; set both alike."
        )
    return pair_values(model.decision_function(X), n_classes, decision_function_shape)


def set_memory(pipeline: Any, memory: Any, *, replace: bool = True) -> Any:
    """Let every stage of a pipeline that can remember what it measured or learned use one memory.

    Parameters
    ----------
    pipeline : Pipeline
        Changed in place; its leading image stages, the feature stage behind them and the last step are looked at, and where the last step
        consists of named pipelines, as a vote does, those.
    memory : path, Store, joblib.Memory or None
    replace : bool, default=True
        Also for stages that have one already.

    Returns
    -------
    Pipeline
        The same object.

    Examples
    --------
    >>> from leukofeat.baselines import make_baseline
    >>> set_memory(make_baseline("leukofeat_svm"), "memory")["scalebarcropper"]
    ScaleBarCropper(memory='memory')
    """
    stages, features, _ = split_pipeline(pipeline)
    last = pipeline.steps[-1][1] if isinstance(pipeline, Pipeline) else pipeline
    for stage in [*stages, *([] if features is None else [features]), last]:
        if not isinstance(stage, BaseEstimator) or isinstance(stage, Pipeline):  # whose own memory is another thing
            continue
        params = stage.get_params(deep=False)
        if "memory" in params and (replace or params["memory"] is None):
            stage.set_params(memory=memory)
    for _, inner in getattr(last, "estimators", None) or ():
        set_memory(inner, memory, replace=replace)
    return pipeline


def group_params(model: Any, groups: Any) -> dict[str, Any]:
    """Parameters for `fit` that hand groups to whatever in a model asks for them, such as a calibrated step.

    Parameters
    ----------
    model : estimator, Pipeline, or a search over one
    groups : array-like of length n, or None

    Returns
    -------
    dict
        For `model.fit(X, y, **group_params(model, groups))`; empty where nothing asks for groups, or there are none.

    Examples
    --------
    >>> from leukofeat.baselines import make_baseline
    >>> list(group_params(make_baseline("four_colors"), [1, 1, 2]))
    ['calibratedclassifier__groups']
    """
    if groups is None or not hasattr(model, "get_metadata_routing"):
        return {}
    if get_config()["enable_metadata_routing"]:
        return {"groups": groups} if model.get_metadata_routing().consumes("fit", ["groups"]) else {}
    return dict.fromkeys(_takers(model), groups)


def _takers(model: Any) -> list[str]:
    """Names under which `fit` takes groups."""
    if isinstance(model, Pipeline):
        return [f"{name}__{path}" for name, step in model.steps for path in _takers(step)]
    if isinstance(model, BaseSearchCV):  # its own `groups` goes to its splitter alone
        own = check_cv(model.cv, classifier=True).get_metadata_routing().consumes("split", ["groups"])
        return [*(path for path in _takers(model.estimator) if path != "groups"), *own]
    if not hasattr(model, "get_metadata_routing"):
        return []
    # what it asks for itself: a router's own routing also tells of those inside, which it may not hand them on to
    own = getattr(model, "_get_metadata_request", model.get_metadata_routing)()
    return [] if isinstance(own, MetadataRouter) else [*own.consumes("fit", ["groups"])]


def take_input_of(model: Any, inner: Any) -> None:
    """Let a fitted model say of its input what the one inside it says: `n_features_in_` and `feature_names_in_`, or neither.

    Examples
    --------
    >>> from sklearn.preprocessing import StandardScaler
    >>> model = BaseEstimator()
    >>> take_input_of(model, StandardScaler().fit([[0.0, 1.0]]))
    >>> model.n_features_in_, hasattr(model, "feature_names_in_")
    (2, False)
    """
    for name in ("n_features_in_", "feature_names_in_"):
        vars(model).pop(name, None)  # of a fit before
        if hasattr(inner, name):
            setattr(model, name, getattr(inner, name))


def ask_held_out(
    estimator: Any,
    X: Any,
    y: np.ndarray,
    folds: Iterable[tuple[np.ndarray, np.ndarray]],
    fit_params: dict[str, Any],
    ask: Callable[[Any, Any], np.ndarray],
) -> tuple[list[np.ndarray], list[np.ndarray], ValueError | None]:
    """Fit copies of an estimator on the training rows of folds, and ask each of the rows held out.

    Parameters
    ----------
    estimator : estimator
        One that all rows can be fitted with.
    X : indexable of length n
    y : ndarray of shape (n,)
    folds : iterable of (train, test)
    fit_params : dict
        For `fit`; of what has length n, each fold gets its rows.
    ask : callable
        Takes the fitted copy and the rows of X that were held out, and returns an array with a row for each.

    Returns
    -------
    rows, answers : list of ndarray
        Of each fold; without those in which the estimator refuses to be fitted on so little.
    refusal : ValueError or None
        The last of its refusals.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> X, y = np.zeros((4, 1)), np.array([0, 0, 1, 0])
    >>> folds = [(np.array([0, 1]), np.array([2, 3]))]
    >>> ask_held_out(DummyClassifier(), X, y, folds, {}, lambda model, X: model.predict(X))
    ([array([2, 3])], [array([0, 0])], None)
    """
    rows, answers, refusal = [], [], None
    for train, test in folds:
        params = _check_method_params(X, params=fit_params, indices=train)
        try:
            model = clone(estimator).fit(_safe_indexing(X, train), y[train], **params)
        except ValueError as error:
            refusal = error
            continue
        rows.append(test)
        answers.append(ask(model, _safe_indexing(X, test)))
    return rows, answers, refusal
