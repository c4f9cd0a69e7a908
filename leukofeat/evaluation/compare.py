"""Pipelines side by side over the same splits."""

import platform
import sys
import warnings
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, check_cv

from leukofeat.evaluation.folds import Run
from leukofeat.evaluation.splits import PUBLISHED, make_splitter, published_split
from leukofeat.evaluation.stress import (
    STRESS_TESTS,
    StressSet,
    draw_rows,
    make_stress_set,
    own_segmenter,
    stress_table,
)
from leukofeat.evaluation.tables import (
    Comparison,
    Outcome,
    confusion_tables,
    fold_table,
    join,
    paired_tests,
    prediction_table,
    summarise,
)
from leukofeat.pipeline import split_pipeline
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
) -> Any:
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
        the order of the rows of each class); or as in scikit-learn. A dict of name to any of these compares under several
        protocols of splitting; what does not depend on the folds is measured once for all of them.
    groups : array-like of length n, optional
        Slide or patient of each image: what intervals and tests count as one observation. Under several protocols, a dict
        may give each its own; one that it leaves out has none.
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
    Comparison, or dict of name to Comparison where `cv` is a dict

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

    A random split beside one that keeps slides together:

    >>> results = compare(
    ...     {"colours": make_baseline("four_colors")}, smears.images, smears.target, n_bootstrap=100,
    ...     cv={"random": "random", "unseen slides": 2}, groups={"unseen slides": smears.groups},
    ... )
    >>> results["random"].notes[0][:25], results["unseen slides"].notes
    ('No groups were given: ima', [])
    """
    images, target = as_sequence(X), np.asarray(y)
    if len(images) != len(target):
        raise ValueError(f"{len(images)} images and {len(target)} targets.")
    if not pipelines:
        raise ValueError("There is no pipeline to compare.")
    protocols = _make_protocols(cv, groups, target, random_state)
    if n_jobs is None:
        families = [split_pipeline(pipeline).features for pipeline in pipelines.values()]
        n_jobs = next((family.n_jobs for family in families if family is not None and family.n_jobs is not None), None)
    changed = None
    if stress:
        tested = np.unique(np.concatenate([test for protocol in protocols.values() for _, test in protocol.splits]))
        own = [segmenter] if segmenter is not None else [own_segmenter(pipeline) for pipeline in pipelines.values()]
        changed = make_stress_set(
            images,
            target,
            draw_rows(target, tested, n_stress, random_state),
            groups=next((protocol.groups for protocol in protocols.values() if protocol.groups is not None), None),
            segmenter=next((stage for stage in own if stage is not None), None),
            random_state=random_state,
            n_jobs=n_jobs,
            verbose=verbose,
        )
        images = images.followed_by(changed.images)
    extra = np.empty(0, np.int64) if changed is None else np.tile(changed.rows, len(STRESS_TESTS))
    run = Run(pipelines, images, np.concatenate([target, target[extra]]), extra, n_jobs=n_jobs, verbose=verbose)
    found = {}
    for name, protocol in protocols.items():
        found[name] = _compare_under(protocol, run, pipelines, changed, n_bootstrap, random_state)
        if verbose > 0:
            for pipeline, accuracy in found[name].table["accuracy"].items():
                print(f"{name}, {pipeline}: {accuracy:.3f}", file=sys.stderr, flush=True)
    return found if isinstance(cv, Mapping) else found["cv"]


class _Protocol(NamedTuple):
    cv: str
    splits: list[tuple[np.ndarray, np.ndarray]]
    groups: np.ndarray | None


def _make_protocols(cv: Any, groups: Any, target: np.ndarray, random_state: Any) -> dict[str, _Protocol]:
    ways = cv if isinstance(cv, Mapping) else {"cv": cv}
    of_each = groups if isinstance(groups, Mapping) else dict.fromkeys(ways, groups)
    if not of_each.keys() <= ways.keys():
        raise ValueError(
            f"groups= is for the protocols {', '.join(map(repr, of_each))}; cv= has {', '.join(map(repr, ways))}."
        )
    return {name: _make_protocol(way, of_each.get(name), target, random_state) for name, way in ways.items()}


def _make_protocol(cv: Any, groups: Any, target: np.ndarray, random_state: Any) -> _Protocol:
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
    # np.arange(n)[part] makes row numbers of row numbers, and of masks
    rows = np.arange(len(target))
    splits = [(rows[train], rows[test]) for train, test in found]
    return _Protocol(str(cv) if isinstance(cv, (str, int)) or hasattr(cv, "split") else "given", splits, groups)


def _compare_under(
    protocol: _Protocol,
    run: Run,
    pipelines: Mapping[str, Any],
    changed: StressSet | None,
    n_bootstrap: int,
    random_state: Any,
) -> Comparison:
    labels, groups, splits = run.labels, protocol.groups, protocol.splits
    folds = [run.fold(fold, train, test) for fold, (train, test) in enumerate(splits)]
    outcomes = {name: join([fold[name][0] for fold in folds]) for name in pipelines}
    table, by_class, by_group = summarise(outcomes, labels, groups, n_bootstrap, random_state)
    ratio = float(np.mean([len(test) / len(train) for train, test in splits]))
    stress = None
    if changed is not None:
        everything = {name: join([part for fold in folds for part in fold[name]]) for name in pipelines}
        stress = _stress_table(changed, everything, run.target, groups, n_bootstrap, random_state)
    return Comparison(
        table=table,
        by_class=by_class,
        by_fold=fold_table(outcomes, labels, [len(train) for train, _ in splits]),
        by_group=by_group,
        predictions=prediction_table(outcomes, labels, groups),
        pairs=paired_tests(outcomes, labels, groups, ratio, random_state),
        confusion=confusion_tables(outcomes, labels),
        stress=stress,
        configuration={
            "pipelines": {name: _describe(pipeline) for name, pipeline in pipelines.items()},
            "cv": protocol.cv,
            "n_folds": len(splits),
            "n_images": run.n_images,
            "classes": labels.tolist(),
            "n_groups": None if groups is None else len(np.unique(groups)),
            "n_bootstrap": n_bootstrap,
            "random_state": random_state,
            "measured_once": list(run.shared),
            "versions": {package: version(package) for package in _PACKAGES} | {"python": platform.python_version()},
        },
        notes=_notes(protocol),
    )


def _stress_table(
    changed: StressSet,
    outcomes: Mapping[str, Outcome],
    target: np.ndarray,
    groups: np.ndarray | None,
    n_bootstrap: int,
    random_state: Any,
) -> pd.DataFrame | None:
    """`stress` of a :class:`Comparison`, from predictions of images and, behind them, of the changed ones."""
    tables = {}
    for name, found in outcomes.items():
        used = np.flatnonzero(np.isin(changed.rows, found.row))
        if not len(used):
            return None
        answers = np.empty(len(target), found.predicted.dtype)
        # backwards, so that of several folds that tested an image the first counts
        answers[found.row[::-1]] = found.predicted[::-1]
        rows, after = changed.rows[used], answers[-len(changed.images) :].reshape(len(STRESS_TESTS), -1)[:, used]
        units = rows if groups is None else groups[rows]
        tables[name] = stress_table(
            target[rows], changed.other[used], answers[rows], after, units, n_bootstrap, random_state
        )
    return pd.concat(tables, names=["pipeline"]).reset_index()


def _describe(pipeline: Any) -> str:
    try:
        return str(pipeline.__repr__(N_CHAR_MAX=1_000_000))  # scikit-learn cuts it short otherwise
    except TypeError:
        return repr(pipeline)


def _notes(protocol: _Protocol) -> list[str]:
    if protocol.groups is None:
        return [
            "No groups were given: images of one slide or patient may stand on both sides of a split, and intervals and tests "
            "take every image for independent evidence. estimate_slides() guesses groups where there are no identifiers."
        ]
    mixed = {
        g
        for train, test in protocol.splits
        for g in np.intersect1d(protocol.groups[train], protocol.groups[test]).tolist()
    }
    if not mixed:
        return []
    return [
        f"{len(mixed)} of {len(np.unique(protocol.groups))} groups stand on both sides of a split: these figures do not hold for "
        "slides or patients that were not trained on."
    ]
