"""What each family of features brings and costs: a pipeline with it alone, and with all but it."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import _name_estimators

from leukofeat.classification import GatedClassifier
from leukofeat.constraints import OneOf, check
from leukofeat.evaluation.columns import check_classes
from leukofeat.evaluation.folds import Run
from leukofeat.evaluation.protocols import make_protocols
from leukofeat.evaluation.stage_tree import shareable_parts
from leukofeat.evaluation.tables import fold_table, join
from leukofeat.failures import warn_of
from leukofeat.features import FeatureSet
from leukofeat.sequence import as_sequence
from leukofeat.statistics.metrics import OVERALL_METRICS
from leukofeat.store import as_store
from leukofeat.whitening import SoftClipper

_ALL = "all families"


@dataclass
class FamilyGain:
    """Scores and cost by family; drawn by :class:`~leukofeat.plotting.FamilyGainDisplay`.

    Attributes
    ----------
    table : DataFrame
        Indexed by family: `n_columns`; `alone` and `without`, the mean score over the folds with this family only and with all but it,
        and `gain`, all families less `without`, each with its standard deviation over the folds (`alone_std`, ...);
        `ms_per_image`, processor time of the family itself. `without` and `gain` are NaN where there is one family only.
    by_fold : DataFrame
        Score of every variant (columns) in every fold.
    score, score_std : float
        Of all families.
    metric : str
    shared_ms_per_image : float
        Processor time an image that families have in common: decoding, and the image stages.

    Examples
    --------
    >>> FamilyGain.__dataclass_fields__.keys()
    dict_keys(['table', 'by_fold', 'score', 'score_std', 'metric', 'shared_ms_per_image'])
    """

    table: pd.DataFrame
    by_fold: pd.DataFrame
    score: float
    score_std: float
    metric: str
    shared_ms_per_image: float


def family_gain(
    pipeline: Any,
    X: Any,
    y: Any,
    *,
    cv: Any = 5,
    groups: Any = None,
    target_names: Any = None,
    metric: str = "balanced_accuracy",
    on_error: str = "nan",
    memory: Any = None,
    n_jobs: int | None = None,
    random_state: int = 0,
    verbose: int = 0,
) -> FamilyGain:
    """Cross-validate a pipeline with each of its families alone, and with all but each.

    Each image is measured once by each family, for all variants and folds; only behind an image stage that learns, such as a colour
    template, once for each fold that it learns something else in. What is behind the feature stage is fitted again for every
    variant, with the parameters it has.

    Parameters
    ----------
    pipeline : Pipeline
        Image stages, a :class:`~leukofeat.features.FeatureSet`, and a classifier behind it, as
        :func:`~leukofeat.baselines.make_baseline` makes it.
    X : set of n images or paths
    y : array-like of length n
        Classes, or codes into `target_names`.
    cv, groups, target_names, on_error, memory, n_jobs, random_state, verbose
        As of :func:`~leukofeat.evaluation.compare`, but for a single protocol.
    metric : str, default="balanced_accuracy"
        One of those of :func:`~leukofeat.evaluation.compare`. Of those that are better when low (`macro_fpr`, `macro_fnr`, `brier`,
        `calibration_error`) a gain is negative.

    Returns
    -------
    FamilyGain

    Raises
    ------
    ValueError
        When the pipeline has no feature set whose images can be measured once, such as one that makes up images in `fit`; when a step
        behind it knows columns by their places.

    Notes
    -----
    A family that another can stand in for has no gain, and alone may do as well as all; families are best dropped one at a time,
    looking again after each. Who chooses families by these figures has used up the images: the score of the choice has to come
    from others.

    A pipeline that knows columns by their places, as ``make_baseline("leukofeat_svm")`` does, would find others there where a family is left
    out; ``make_baseline("leukofeat_svm", reach=None, red_cells="none")``, its first classifier by itself, knows none.

    The folds' training images overlap, so that the spread over folds says how much a fold matters, not how sure a gain is.

    Examples
    --------
    >>> from leukofeat.baselines import make_baseline
    >>> from leukofeat.datasets import make_smears
    >>> smears = make_smears(n_samples=16, size=64, random_state=0)
    >>> found = family_gain(make_baseline("no_leukocytes"), smears.images, smears.target, cv=2)
    >>> found.table["n_columns"].to_dict()
    {'colorfeatures': 170, 'texturefeatures': 80}
    """
    check("metric", metric, OneOf(*OVERALL_METRICS))
    check("on_error", on_error, OneOf("nan", "raise"))
    if isinstance(cv, Mapping):
        raise ValueError("cv must be one way to split; call family_gain once for each of several.")
    features = shareable_parts(pipeline).features
    if not isinstance(features, FeatureSet):
        raise ValueError(
            "The pipeline must be one of image stages, a FeatureSet and what is behind it, all but the last without a step that "
            "makes up images or samples."
        )
    _check_places(pipeline)
    images = as_sequence(X)
    target = check_classes(y, len(images), target_names)
    protocol = make_protocols(cv, groups, target, random_state)["cv"]
    features.check_params()
    families = dict(_name_estimators(features.families))
    run = Run(
        _variants(pipeline, features, families),
        images,
        target,
        np.empty(0, np.int64),
        on_error=on_error,
        memory=as_store(features.memory if memory is None else memory),
        n_jobs=features.n_jobs if n_jobs is None else n_jobs,
        verbose=verbose,
    )
    with warnings.catch_warnings():
        # a family alone may have fewer columns than the pipeline selects
        warnings.filterwarnings("ignore", r"k=\d+ is greater than n_features")
        warnings.filterwarnings("ignore", "Found n_features_to_select=")
        folds = [run.fold(fold, *split, protocol.groups) for fold, split in enumerate(protocol.splits)]
    warn_of([run.failures[row] for row in sorted(run.failures)], len(images))
    outcomes = {name: join([fold.outcomes[name][0] for fold in folds]) for name in run.pipelines}
    scores = fold_table(outcomes, run.labels, [len(fold.train) for fold in folds])
    by_fold = scores.pivot(index="fold", columns="pipeline", values=metric)[list(outcomes)].rename_axis(columns=None)
    shared, own = _milliseconds(run, families)
    return FamilyGain(
        table=_table(by_fold, families, own),
        by_fold=by_fold,
        score=float(by_fold[_ALL].mean()),
        score_std=float(by_fold[_ALL].std()),
        metric=metric,
        shared_ms_per_image=shared,
    )


def _check_places(pipeline: Any) -> None:
    """Raise a ValueError where a step takes columns by their places, at which others stand where a family is left out."""
    for step in [pipeline, *pipeline.get_params(deep=True).values()]:
        if (
            isinstance(step, GatedClassifier)
            or (isinstance(step, SoftClipper) and step.n_free)
            or (
                isinstance(step, ColumnTransformer)
                and not all(_is_by_name(columns) for *_, columns in step.transformers)
            )
        ):
            raise ValueError(
                f"{type(step).__name__} knows columns by their places, at which others stand where a family is left out, so that the scores "
                "would say nothing of families. Of leukofeat_svm, make_baseline('leukofeat_svm', reach=None, red_cells='none') has no such step."
            )


def _is_by_name(columns: Any) -> bool:
    """Whether a ColumnTransformer is told columns by name, or by what they hold."""
    return callable(columns) or all(isinstance(name, str) for name in np.atleast_1d(np.asarray(columns, object)))


def _variants(pipeline: Any, features: FeatureSet, families: dict[str, Any]) -> dict[str, Any]:
    """Pipelines by name: with all families, each alone, and all but each."""
    step = next(name for name, own in pipeline.steps if own is features)
    chosen = {_ALL: list(families)} | {f"{name} alone": [name] for name in families}
    if len(families) > 1:
        chosen |= {f"without {name}": [other for other in families if other != name] for name in families}
    return {
        variant: clone(pipeline).set_params(**{f"{step}__families": [clone(families[name]) for name in names]})
        for variant, names in chosen.items()
    }


def _table(by_fold: pd.DataFrame, families: dict[str, Any], milliseconds: np.ndarray) -> pd.DataFrame:
    rows = []
    for name, family in families.items():
        alone = by_fold[f"{name} alone"]
        without = by_fold.get(f"without {name}", pd.Series(np.nan, by_fold.index))
        row: dict[str, float] = {"n_columns": len(family.row_names())}
        for what, values in {"alone": alone, "without": without, "gain": by_fold[_ALL] - without}.items():
            row |= {what: values.mean(), f"{what}_std": values.std()}
        rows.append(row)
    table = pd.DataFrame(rows, index=pd.Index(families, name="family"))
    return table.assign(ms_per_image=milliseconds)


def _milliseconds(run: Run, families: dict[str, Any]) -> tuple[float, np.ndarray]:
    """Mean processor time an image before the families, and of each of them."""
    tables = run.known[_ALL]
    seconds = np.vstack([table.seconds[~np.isin(table.rows, list(run.failures))] for table in tables])
    counts = [len(family.members()) for family in families.values()]
    means = 1000 * seconds.mean(axis=0)
    own = means[len(means) - sum(counts) :]
    ends = np.cumsum(counts)
    return float(means.sum() - own.sum()), np.array([own[e - n : e].sum() for n, e in zip(counts, ends, strict=True)])
