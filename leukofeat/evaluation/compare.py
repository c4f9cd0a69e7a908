"""Pipelines side by side over the same splits."""

from __future__ import annotations

import platform
import sys
import warnings
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, check_cv

from leukofeat.evaluation.folds import Run, to_outcome
from leukofeat.evaluation.splits import PUBLISHED, make_splitter, published_split
from leukofeat.evaluation.stress import draw_rows
from leukofeat.evaluation.tables import (
    Comparison,
    confusion_tables,
    fold_table,
    paired_tests,
    prediction_table,
    summarise,
)
from leukofeat.sequence import as_sequence

_PACKAGES = ("leukofeat", "numpy", "scipy", "scikit-learn", "opencv-python", "numba", "pandas")


def compare(
    pipelines: Mapping[str, Any],
    X: Any,
    y: Any,
    *,
    cv: Any = 5,
    groups: Any = None,
    n_jobs: int | None = None,
    stress: bool = False,
    n_stress: int = 200,
    segmenter: Any = None,
    n_bootstrap: int = 1000,
    random_state: int = 0,
    verbose: int = 0,
) -> Comparison:
    """Fit and test pipelines over the same splits, with intervals, paired tests and shortcut tests.

    Leading stages that learn nothing and that pipelines have in common (equal class and parameters, prefix by prefix) run once
    on each image, for all pipelines and all folds; equal families of features behind them are measured once.

    Parameters
    ----------
    pipelines : dict of name to classifier
        Any scikit-learn pipelines from images to classes, cloned before each fit.
    X : list, ndarray, Series, one-column DataFrame or ImageSequence of n images or paths
    y : array-like of length n
        Classes.
    cv : int, str, splitter or iterable of (train, test), default=5
        A number of folds, by class, and by group where there are groups; a name of
        :func:`~leukofeat.evaluation.make_splitter`, or of :func:`~leukofeat.evaluation.published_split` (train to test, by
        the order of the rows of each class); or as in scikit-learn.
    groups : array-like of length n, optional
        Slide or patient of each image: what intervals and tests count as one observation.
    n_jobs : int, optional
        Workers for the pass over the images, as in joblib; by default the `n_jobs` of the pipelines' feature sets.
    stress : bool, default=False
        Also run the tests of :func:`~leukofeat.evaluation.stress_test`, each image by the model that was not trained on it.
    n_stress : int, default=200
        Images that the shortcut tests change.
    segmenter : stage, optional
        Finds the leukocytes for the shortcut tests; by default the first that a pipeline has.
    n_bootstrap : int, default=1000
        Resamples behind each interval.
    random_state : int, default=0
    verbose : int, default=0
        Above 0, a progress bar and a line for each pipeline on standard error.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        When there is no pipeline, or `y` or `groups` has another length than X.

    Examples
    --------
    >>> from leukofeat.baselines import make_baseline
    >>> from leukofeat.datasets import make_smears
    >>> smears = make_smears(n_samples=24, size=96, random_state=0)
    >>> result = compare(
    ...     {"colours": make_baseline("four_colors")}, smears.images, smears.target, cv=2, groups=smears.groups
    ... )
    >>> list(result.table.index), len(result.predictions)
    (['colours'], 24)
    """
    results = compare_protocols(
        pipelines,
        X,
        y,
        {"cv": (cv, groups)},
        n_jobs=n_jobs,
        stress=stress,
        n_stress=n_stress,
        segmenter=segmenter,
        n_bootstrap=n_bootstrap,
        random_state=random_state,
        verbose=verbose,
    )
    return results["cv"]


def compare_protocols(
    pipelines: Mapping[str, Any],
    X: Any,
    y: Any,
    protocols: Mapping[str, Any],
    *,
    n_jobs: int | None = None,
    stress: bool = False,
    n_stress: int = 200,
    segmenter: Any = None,
    n_bootstrap: int = 1000,
    random_state: int = 0,
    verbose: int = 0,
) -> dict[str, Comparison]:
    """Do :func:`compare` under several protocols of splitting, with the shared features measured once for all of them.

    Parameters
    ----------
    pipelines, X, y, n_jobs, stress, n_stress, segmenter, n_bootstrap, random_state, verbose
        As in :func:`compare`.
    protocols : dict of name to (cv, groups)
        `cv` and `groups` as in :func:`compare`; groups may be None.

    Returns
    -------
    dict of name to Comparison

    Examples
    --------
    >>> from leukofeat.baselines import make_baseline
    >>> from leukofeat.datasets import make_smears
    >>> smears = make_smears(n_samples=40, size=96, n_slides=20, random_state=0)
    >>> results = compare_protocols(
    ...     {"colours": make_baseline("four_colors")}, smears.images, smears.target,
    ...     {"random": ("random", None), "unseen slides": ("stratified-grouped", smears.groups)}, n_bootstrap=100,
    ... )
    >>> results["random"].notes[0][:25], results["unseen slides"].notes
    ('No groups were given: ima', [])
    """
    images, target = as_sequence(X), np.asarray(y)
    if len(images) != len(target):
        raise ValueError(f"{len(images)} images and {len(target)} targets.")
    if not pipelines:
        raise ValueError("There is no pipeline to compare.")
    plans = {name: _make_protocol(name, cv, groups, target, random_state) for name, (cv, groups) in protocols.items()}
    run = Run(pipelines, images, target, n_jobs=n_jobs, verbose=verbose)
    if stress:
        tested = np.unique(np.concatenate([test for plan in plans.values() for _, test in plan.splits]))
        slides = next((plan.groups for plan in plans.values() if plan.groups is not None), None)
        run.prepare_stress(draw_rows(target, tested, n_stress, random_state), slides, segmenter, random_state)
    return {name: _compare_under(plan, run, pipelines, n_bootstrap, random_state) for name, plan in plans.items()}


class _Protocol(NamedTuple):
    name: str
    cv: str
    splits: list[tuple[np.ndarray, np.ndarray]]
    groups: np.ndarray | None


def _make_protocol(name: str, cv: Any, groups: Any, target: np.ndarray, random_state: Any) -> _Protocol:
    if groups is not None:
        groups = np.asarray(groups)
        if len(groups) != len(target):
            raise ValueError(f"{len(target)} targets and {len(groups)} groups.")
    if isinstance(cv, str) and cv in PUBLISHED:
        parts = published_split(cv, target)
        found: Any = [(parts["train"], parts["test"])]
    else:
        if isinstance(cv, str):
            splitter = make_splitter(cv, random_state=random_state)
        elif groups is not None and (cv is None or isinstance(cv, (int, np.integer))):
            splitter = StratifiedGroupKFold(5 if cv is None else int(cv))
        else:
            splitter = check_cv(cv, target, classifier=True)
        with warnings.catch_warnings():
            # The groups also count in intervals and tests; a split that ignores them is told in the notes of the result.
            warnings.filterwarnings("ignore", "The groups parameter is ignored")
            found = list(splitter.split(np.zeros(len(target)), target, groups))
    splits = [(_row_numbers(train), _row_numbers(test)) for train, test in found]
    return _Protocol(name, str(cv) if isinstance(cv, (str, int)) or hasattr(cv, "split") else "given", splits, groups)


def _row_numbers(part: Any) -> np.ndarray:
    part = np.asarray(part)
    return np.flatnonzero(part) if part.dtype == bool else part


def _compare_under(
    plan: _Protocol, run: Run, pipelines: Mapping[str, Any], n_bootstrap: int, random_state: Any
) -> Comparison:
    folds = [run.fold(fold, train, test) for fold, (train, test) in enumerate(plan.splits)]
    outcomes = {name: to_outcome([fold[name] for fold in folds], run.target) for name in pipelines}
    table, by_class, by_group = summarise(outcomes, run.labels, plan.groups, n_bootstrap, random_state)
    if run.verbose > 0:
        for name, row in table.iterrows():
            print(f"{plan.name}, {name}: {row['accuracy']:.3f}", file=sys.stderr, flush=True)
    ratio = float(np.mean([len(test) / len(train) for train, test in plan.splits]))
    return Comparison(
        table=table,
        by_class=by_class,
        by_fold=fold_table(outcomes, run.labels, [len(train) for train, _ in plan.splits]),
        by_group=by_group,
        predictions=prediction_table(outcomes, run.labels, plan.groups),
        pairs=paired_tests(outcomes, run.labels, plan.groups, ratio, random_state),
        confusion=confusion_tables(outcomes, run.labels),
        stress=run.stress_table(folds, plan.groups, n_bootstrap, random_state),
        configuration={
            "pipelines": {name: _describe(pipeline) for name, pipeline in pipelines.items()},
            "cv": plan.cv,
            "n_folds": len(plan.splits),
            "n_images": len(run.target),
            "classes": run.labels.tolist(),
            "n_groups": None if plan.groups is None else len(np.unique(plan.groups)),
            "n_bootstrap": n_bootstrap,
            "random_state": random_state,
            "measured_once": run.measured_once(),
            "versions": {package: version(package) for package in _PACKAGES} | {"python": platform.python_version()},
        },
        notes=_notes(plan),
    )


def _describe(pipeline: Any) -> str:
    try:
        return str(pipeline.__repr__(N_CHAR_MAX=1_000_000))  # scikit-learn cuts it short otherwise
    except TypeError:
        return repr(pipeline)


def _notes(plan: _Protocol) -> list[str]:
    if plan.groups is None:
        return [
            "No groups were given: images of one slide or patient may stand on both sides of a split, and intervals and tests "
            "take every image for independent evidence. estimate_slides() guesses groups where there are no identifiers."
        ]
    mixed = {g for train, test in plan.splits for g in np.intersect1d(plan.groups[train], plan.groups[test]).tolist()}
    if not mixed:
        return []
    return [
        f"{len(mixed)} of {len(np.unique(plan.groups))} groups stand on both sides of a split: these figures do not hold for "
        "slides or patients that were not trained on."
    ]
