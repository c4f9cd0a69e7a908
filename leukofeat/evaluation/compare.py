"""Pipelines side by side over the same splits."""

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from leukofeat.constraints import Integral, Number, OneOf, check
from leukofeat.digest import digest
from leukofeat.evaluation.columns import check_classes
from leukofeat.evaluation.comparison import Comparison
from leukofeat.evaluation.folds import Run
from leukofeat.evaluation.foreign import Predictions
from leukofeat.evaluation.foreign_rows import check_foreign, foreign_notes, foreign_outcomes
from leukofeat.evaluation.protocols import Protocol, make_protocols
from leukofeat.evaluation.stress import draw_rows, own_segmenter, stress_table
from leukofeat.evaluation.stress_images import StressSet, make_stress_set
from leukofeat.evaluation.stress_tests import choose_tests
from leukofeat.evaluation.tables import (
    Outcome,
    confusion_tables,
    fold_table,
    join,
    paired_tests,
    prediction_table,
    summarise,
)
from leukofeat.evaluation.versions import full_text, versions
from leukofeat.pipeline import split_pipeline
from leukofeat.sequence import as_sequence
from leukofeat.store import as_store


def compare(
    pipelines: Mapping[str, Any],
    X: Any,
    y: Any,
    *,
    cv: Any = 5,
    groups: Any = None,
    target_names: Any = None,
    on_error: str = "nan",
    memory: Any = None,
    n_jobs: int | None = None,
    stress: Any = False,
    n_stress: int = 200,
    segmenter: Any = None,
    n_bootstrap: int = 1000,
    random_state: int = 0,
    verbose: int = 0,
) -> Any:
    """Fit and test pipelines over the same splits, with intervals, paired tests and stress tests.

    Leading stages that learn nothing and that pipelines have in common (equal class and parameters, prefix by prefix) run once
    on each image, for all pipelines and all folds; equal families of features behind them are measured once.

    Parameters
    ----------
    pipelines : dict of name to classifier
        Any scikit-learn pipelines from images to classes, cloned before each fit; or what
        :func:`~leukofeat.evaluation.read_predictions` gives: predictions made elsewhere, which have no times and no stress tests.
        Under several protocols such a row stands only where it was made for the splits, and a note elsewhere.
    X : list, ndarray, Series, one-column DataFrame or ImageSequence of n images or paths
    y : array-like of length n
        Classes, or codes into `target_names`.
    cv : int, str, splitter or iterable of (train, test), default=5
        A number of folds, by class, and by group where there are groups; a name of
        :func:`~leukofeat.evaluation.make_splitter`, or of :func:`~leukofeat.evaluation.published_split` (train to test, by
        the order of the rows of each class); or as in scikit-learn. A dict of name to any of these compares under several
        protocols of splitting; what does not depend on the folds is measured once for all of them.
    groups : array-like of length n, optional
        Slide or patient of each image, or what :func:`~leukofeat.evaluation.estimate_slides` returns, whose note then stands first in
        `notes`: what intervals and tests count as one observation, and what models are given that ask for
        groups in `fit` (such as :class:`~leukofeat.calibration.CalibratedClassifier`). Under several protocols, a dict
        may give each its own; one that it leaves out has none. What `estimate_slides` gives will do as it is.
    target_names : sequence of str, optional
        Names of the classes when `y` holds codes, as :func:`~leukofeat.datasets.load_images` gives both; they stand in all tables.
    on_error : {"nan", "raise"}, default="nan"
        An image that cannot be read, or measured by stages that pipelines share: it is left out of the training and test of every
        pipeline alike, listed in `failures` and counted in `notes`; or the error, naming it.
    memory : path, Store or joblib.Memory, optional
        Folder that keeps what is measured, learned and predicted (:class:`~leukofeat.store.Store`): what is asked for again, here or by
        a :class:`~leukofeat.features.FeatureSet` with the same memory, is not computed again, and a comparison that was stopped
        goes on where it ended. After a change of an image, that image is measured again, with what is pasted from it; but behind a stage
        that learns from images, such as a colour template, a changed training image is another lesson, and all images are measured
        again behind it. By default the `memory` of the first feature set that has one.
    n_jobs : int, optional
        Workers for the pass over the images, as in joblib; by default the `n_jobs` of the pipelines' feature sets.
    stress : bool, str or sequence of str, default=False
        Also run the tests of :func:`~leukofeat.evaluation.stress_test`, each image by the model that was not trained on it: all, or
        those that are named, as in its `tests`.
    n_stress : int, default=200
        Images that the stress tests change.
    segmenter : stage, optional
        Finds the leukocytes for the stress tests, in images that come without label maps; by default the first that a pipeline has.
    n_bootstrap : int, default=1000
        Resamples behind each interval; 0 for none.
    random_state : int, default=0
    verbose : int, default=0
        Above 0, a progress bar and a line for each pipeline on standard error.

    Returns
    -------
    Comparison, or dict of name to Comparison where `cv` is a dict

    Raises
    ------
    ValueError
        When `pipelines` is no dict or empty; when `y` or `groups` has another length than X or blanks, or `y` a single class; when
        no image of a fold could be measured.

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
    if not isinstance(pipelines, Mapping):
        raise ValueError(
            f"pipelines must be a dict of name to pipeline, as in {{'mine': pipeline}}, not a {type(pipelines).__name__}."
        )
    if not pipelines:
        raise ValueError("There is no pipeline to compare.")
    for name, pipeline in pipelines.items():
        if isinstance(pipeline, str):
            raise ValueError(f"{name!r} is the text {pipeline!r}, and no pipeline; make_baseline(NAME) makes one.")
    check("on_error", on_error, OneOf("nan", "raise"))
    check("n_bootstrap", n_bootstrap, Number(Integral, 0))
    images = as_sequence(X)
    target = check_classes(y, len(images), target_names)
    estimate = groups if isinstance(groups, Bunch) else None
    protocols = make_protocols(cv, groups if estimate is None else estimate.groups, target, random_state)
    own = {name: pipeline for name, pipeline in pipelines.items() if not isinstance(pipeline, Predictions)}
    refused = check_foreign(pipelines, protocols, images, np.unique(target), on_error)
    families = [split_pipeline(pipeline).features for pipeline in own.values()]
    sets = [features for features in families if features is not None]
    if n_jobs is None:
        n_jobs = next((features.n_jobs for features in sets if features.n_jobs is not None), None)
    if memory is None:
        memory = next((features.memory for features in sets if features.memory is not None), None)
    store = as_store(memory)
    changed = None
    if own and stress is not False and stress is not None:
        tests = choose_tests(stress)
        tested = np.unique(np.concatenate([test for protocol in protocols.values() for _, test in protocol.splits]))
        found_by = [segmenter] if segmenter is not None else [own_segmenter(pipeline) for pipeline in own.values()]
        changed = make_stress_set(
            images,
            target,
            draw_rows(target, tested, n_stress, random_state),
            tests=tests,
            groups=next((protocol.groups for protocol in protocols.values() if protocol.groups is not None), None),
            segmenter=next((stage for stage in found_by if stage is not None), None),
            random_state=random_state,
            memory=store,
            n_jobs=n_jobs,
            verbose=verbose,
        )
        if on_error == "raise":
            changed.raise_failure()
        images = images.followed_by(changed.images)
    extra = np.empty(0, np.int64) if changed is None else np.tile(changed.rows, len(changed.tests))
    everything = np.concatenate([target, target[extra]])
    options: dict[str, Any] = {"on_error": on_error, "memory": store, "n_jobs": n_jobs, "verbose": verbose}
    run = Run(own, images, everything, extra, reads_all=len(own) < len(pipelines), **options)
    found = {}
    for name, protocol in protocols.items():
        shown = {key: pipeline for key, pipeline in pipelines.items() if key not in refused[name]}
        found[name] = _compare_under(protocol, run, shown, changed, n_bootstrap, random_state)
        found[name].notes.extend(refused[name].values())
        if estimate is not None:
            found[name].notes.insert(0, estimate.note)
        if verbose > 0:
            for pipeline, accuracy in found[name].table["accuracy"].items():
                under = f"{name}, " if isinstance(cv, Mapping) else ""
                print(f"{under}{pipeline}: {accuracy:.3f}", file=sys.stderr, flush=True)
    return found if isinstance(cv, Mapping) else found["cv"]


def _compare_under(
    protocol: Protocol,
    run: Run,
    pipelines: Mapping[str, Any],
    changed: StressSet | None,
    n_bootstrap: int,
    random_state: Any,
) -> Comparison:
    labels, groups, splits = run.labels, protocol.groups, protocol.splits
    folds = [run.fold(fold, train, test, groups) for fold, (train, test) in enumerate(splits)]
    own = [name for name, pipeline in pipelines.items() if not isinstance(pipeline, Predictions)]
    outcomes = {}
    for name, given in pipelines.items():
        parts = [fold.outcomes[name][0] for fold in folds] if name in own else None
        tests, images = [fold.test for fold in folds], run.images[: run.n_images]
        outcomes[name] = join(parts or foreign_outcomes(given, tests, images, run.target, labels))
    table, by_class, by_group = summarise(outcomes, labels, groups, n_bootstrap, random_state)
    ratio = float(np.mean([len(test) / len(train) for train, test in splits]))
    failures = _failure_table(run)
    stress = None
    if changed is not None:
        everything = {name: join([part for fold in folds for part in fold.outcomes[name]]) for name in own}
        stress = _stress_table(changed, everything, run.target, groups, n_bootstrap, random_state)
    return Comparison(
        table=table,
        by_class=by_class,
        by_fold=fold_table(outcomes, labels, [len(fold.train) for fold in folds]),
        by_group=by_group,
        predictions=prediction_table(outcomes, labels, groups),
        pairs=paired_tests(outcomes, labels, groups, ratio, random_state),
        confusion=confusion_tables(outcomes, labels),
        stress=stress,
        configuration={
            "pipelines": {name: full_text(pipeline) for name, pipeline in pipelines.items()},
            "cv": protocol.cv,
            "n_folds": len(splits),
            "n_images": run.n_images,
            "images": run.content(),
            "classes": labels.tolist(),
            "groups": None if groups is None else digest(groups),
            "splits": digest([part for split in splits for part in split]),
            "n_groups": None if groups is None else len(np.unique(groups)),
            "n_bootstrap": n_bootstrap,
            "random_state": random_state,
            "measured_once": list(run.shared),
            "versions": versions(),
        },
        notes=[*protocol.notes(), *_notes(run, failures), *foreign_notes(pipelines, stress is not None)],
        failures=failures,
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
        answered = np.zeros(len(target), bool)
        answered[found.row] = True
        of_changed = answered[len(target) - len(changed.images) :].reshape(len(changed.tests), -1)
        used = np.flatnonzero(answered[changed.rows] & of_changed.all(axis=0))
        if not len(used):
            return None
        answers = np.empty(len(target), found.predicted.dtype)
        # backwards, so that of several folds that tested an image the first counts
        answers[found.row[::-1]] = found.predicted[::-1]
        rows, after = changed.rows[used], answers[-len(changed.images) :].reshape(len(changed.tests), -1)[:, used]
        units = rows if groups is None else groups[rows]
        said = dict(zip(changed.tests, after, strict=True))
        other = {test: classes[used] for test, classes in changed.other.items()}
        tables[name] = stress_table(target[rows], other, answers[rows], said, units, n_bootstrap, random_state)
    return pd.concat(tables, names=["pipeline"]).reset_index()


def _failure_table(run: Run) -> pd.DataFrame:
    found = [(row, failure.name, failure.reason) for row, failure in sorted(run.failures.items()) if row < run.n_images]
    return pd.DataFrame(found, columns=["row", "name", "reason"])


def _notes(run: Run, failures: pd.DataFrame) -> list[str]:
    """Images that are not in the figures, and verdicts that rest on nothing."""
    notes = []
    if len(failures):
        first = failures.iloc[0]
        notes.append(
            f"{len(failures)} of {run.n_images} images could not be read or measured and are left out for every pipeline, "
            f"{first['name']} for one ({first['reason']})."
        )
    n_changed = len(run.failures) - len(failures)
    if n_changed:
        notes.append(
            f"{n_changed} changed images could not be measured; the stress tests leave out what they were made of."
        )
    by_number: dict[int, list[str]] = {}
    for name, empty in run.empty.items():
        by_number.setdefault(len(empty), []).append(name)
    return notes + [
        f"{', '.join(names)}: no leukocyte was found in {n} of {run.n_images} images; their verdicts rest on filled-in columns."
        for n, names in by_number.items()
        if n
    ]
