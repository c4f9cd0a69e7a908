"""Which columns a selector chooses again when it is given other images of the same kind."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils import _safe_indexing, check_random_state

from leukofeat.calibration import CalibratedClassifier
from leukofeat.constraints import Integral, Number, check
from leukofeat.evaluation.columns import check_classes, check_groups
from leukofeat.pipeline import split_pipeline
from leukofeat.statistics.stability import StabilityIndex, mean_jaccard, stability_index

_TRIES = 1000  # draws of groups until every class is among them


@dataclass
class SelectionStability:
    """What a selector chose in each resample; drawn by :class:`~leukofeat.plotting.SelectionDisplay`.

    Attributes
    ----------
    table : DataFrame
        Indexed by feature, the most often chosen first: `n_chosen` and `share`, the number and share of resamples.
    stability : StabilityIndex
        Nogueira's index with its 95 % interval, `value`, `low` and `high`: 1 where the same columns are always chosen, about 0 where
        they might as well be drawn.
    jaccard : float
        Mean share of common columns of two resamples, which is not corrected for chance.
    n_resamples : int
    chosen : ndarray of shape (n_resamples, n_features), dtype bool
        In the order of the columns of X.

    Examples
    --------
    >>> SelectionStability.__dataclass_fields__.keys()
    dict_keys(['table', 'stability', 'jaccard', 'n_resamples', 'chosen'])
    """

    table: pd.DataFrame
    stability: StabilityIndex
    jaccard: float
    n_resamples: int
    chosen: np.ndarray


def selection_stability(
    selector: Any,
    X: Any,
    y: Any,
    *,
    groups: Any = None,
    feature_names: Sequence[str] | None = None,
    n_resamples: int = 100,
    random_state: Any = 0,
) -> SelectionStability:
    """Fit a selector on bootstrap resamples, and see how often each column is chosen.

    Parameters
    ----------
    selector : selector or Pipeline
        What has `get_support`, as :func:`~leukofeat.selection.make_selector` makes it, or a pipeline with such a step, also inside a
        :class:`~leukofeat.calibration.CalibratedClassifier`; the last one counts, and what is before it is fitted on each
        resample. Leading image stages and the feature stage run once, on all images.
    X : DataFrame or ndarray of shape (n, n_features); for a pipeline of images a set of n images or paths
    y : array-like of length n
        Classes.
    groups : array-like of length n, optional
        Slide or patient. Groups are drawn whole, until all classes are there; without them images are drawn within each class.
    feature_names : sequence of str, optional
        Names of the columns of an ndarray.
    n_resamples : int, default=100
    random_state : int, RandomState or None, default=0

    Returns
    -------
    SelectionStability

    Raises
    ------
    ValueError
        When nothing selects; when columns reach the selector that are not those of X, as behind a PCA; when no resample of
        groups holds every class.

    References
    ----------
    Nogueira, Sechidis and Brown, "On the stability of feature selection algorithms", JMLR 18(174), 2018.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from leukofeat.selection import make_selector
    >>> iris = load_iris(as_frame=True)
    >>> found = selection_stability(make_selector("information_gain", k=2), iris.data, iris.target, n_resamples=20)
    >>> found.table["share"].to_dict()
    {'petal length (cm)': 1.0, 'petal width (cm)': 1.0, 'sepal length (cm)': 0.0, 'sepal width (cm)': 0.0}
    >>> found.stability.value
    1.0
    """
    check("n_resamples", n_resamples, Number(Integral, 2))
    stages, features, rest = split_pipeline(selector)
    if features is not None:
        measured = make_pipeline(*map(clone, stages), clone(features).set_output(transform="default"))
        X, feature_names = measured.fit_transform(X, y), features.row_names()
    X, names = _named(X, feature_names)
    target = check_classes(y, len(X))
    model = make_pipeline(*_up_to_selector(rest))
    rng = check_random_state(random_state)
    columns = {name: i for i, name in enumerate(names)}
    chosen = np.zeros((n_resamples, len(names)), bool)
    for row, rows in zip(chosen, _resamples(target, check_groups(groups, len(X)), n_resamples, rng), strict=True):
        fitted = clone(model).fit(_safe_indexing(X, rows), target[rows])
        kept = _names_out(fitted, names)
        strange = [name for name in kept if name not in columns]
        if strange:
            raise ValueError(
                f"What is selected is {strange[0]!r}, which is no column of X: a step before the selector makes new columns."
            )
        row[[columns[name] for name in kept]] = True
    table = pd.DataFrame(
        {"n_chosen": chosen.sum(axis=0), "share": chosen.mean(axis=0)}, index=pd.Index(names, name="feature")
    ).sort_values("n_chosen", ascending=False, kind="stable")
    return SelectionStability(table, stability_index(chosen), mean_jaccard(chosen), n_resamples, chosen)


def _named(X: Any, feature_names: Sequence[str] | None) -> tuple[Any, list[str]]:
    """Table, and the names of its columns."""
    table = X if isinstance(X, pd.DataFrame) else np.asarray(X)
    if table.ndim != 2:
        raise ValueError(
            f"X has shape {table.shape}; a table is wanted, or images and a pipeline with a feature stage."
        )
    if feature_names is not None:
        names = [str(name) for name in feature_names]
    else:
        own = table.columns if isinstance(table, pd.DataFrame) else (f"x{i}" for i in range(table.shape[1]))
        names = [str(name) for name in own]
    if len(names) != table.shape[1] or len(set(names)) < len(names):
        raise ValueError(f"{table.shape[1]} columns and {len(set(names))} different feature_names.")
    return (table.set_axis(names, axis=1) if isinstance(table, pd.DataFrame) else table), names


def _up_to_selector(estimator: Any) -> list[Any]:
    steps = list(_steps(estimator))
    last = max((i for i, step in enumerate(steps) if hasattr(step, "get_support")), default=None)
    if last is None:
        raise ValueError(
            f"Nothing in {estimator!r} selects columns; leukofeat.selection.make_selector makes what does."
        )
    return steps[: last + 1]


def _steps(estimator: Any) -> Iterator[Any]:
    if isinstance(estimator, Pipeline):
        for _, step in estimator.steps:
            yield from _steps(step)
    elif isinstance(estimator, CalibratedClassifier):
        yield from _steps(estimator.estimator)
    elif estimator not in (None, "passthrough"):
        yield estimator


def _names_out(fitted: Pipeline, names: list[str]) -> list[str]:
    try:
        return [str(name) for name in fitted.get_feature_names_out(names)]
    except AttributeError as error:  # a step that names nothing: by position, where that is possible
        kept = fitted[-1].get_support()
        if len(kept) != len(names):
            raise ValueError(f"The columns that reach the selector cannot be told: {error}") from error
        return [name for name, is_kept in zip(names, kept, strict=True) if is_kept]


def _resamples(
    target: np.ndarray, groups: np.ndarray | None, n: int, rng: np.random.RandomState
) -> Iterator[np.ndarray]:
    """Rows of n bootstrap resamples in which every class is."""
    codes = np.unique(target, return_inverse=True)[1]
    if groups is None:
        members = [np.flatnonzero(codes == k) for k in range(codes.max() + 1)]
        for _ in range(n):
            yield np.concatenate([own[rng.randint(len(own), size=len(own))] for own in members])
        return
    units = np.unique(groups, return_inverse=True)[1]
    members = [np.flatnonzero(units == unit) for unit in range(units.max() + 1)]
    for _ in range(n):
        for _ in range(_TRIES):
            rows = np.concatenate([members[unit] for unit in rng.randint(len(members), size=len(members))])
            if len(np.unique(codes[rows])) == codes.max() + 1:
                break
        else:
            raise ValueError(
                f"{len(members)} groups are too few to draw from: none of {_TRIES} resamples held all {codes.max() + 1} classes."
            )
        yield rows
