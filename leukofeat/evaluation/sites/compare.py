"""Train on one site, test on the others; leave one site out."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from leukofeat.constraints import Integral, Number, OneOf, Real, check
from leukofeat.digest import digest
from leukofeat.evaluation.folds import Run
from leukofeat.evaluation.foreign import Predictions
from leukofeat.evaluation.sites.comparison import SiteComparison
from leukofeat.evaluation.sites.figures import Answers, answer_table, pair_figures, type_figures
from leukofeat.evaluation.sites.notes import site_notes
from leukofeat.evaluation.sites.rows import OTHERS, Rows, join_sites
from leukofeat.evaluation.sites.splits import Training, plan_trainings
from leukofeat.evaluation.sites.threshold import choose_threshold, cross_thresholds
from leukofeat.evaluation.tables import Outcome, join
from leukofeat.evaluation.versions import full_text, versions
from leukofeat.pipeline import split_pipeline
from leukofeat.store import as_store

CONTROLS = ("no_leukocytes", "four_colors")


def compare_sites(
    pipelines: Mapping[str, Any],
    sites: Mapping[str, Any],
    *,
    positive: str = "blast",
    threshold: str | float = "balanced_accuracy",
    controls: Sequence[str] | None = None,
    cv: int = 5,
    on_error: str = "nan",
    memory: Any = None,
    n_jobs: int | None = None,
    n_bootstrap: int = 1000,
    random_state: int = 0,
    verbose: int = 0,
) -> SiteComparison:
    """Train pipelines on one laboratory's images and test them on every other's, and on each after training on all others.

    Leading stages that learn nothing, and that pipelines have in common, run once on each image of all sites.

    Parameters
    ----------
    pipelines : dict of name to classifier
        Scikit-learn pipelines from images to classes, cloned before each fit.
    sites : dict of name to Bunch or dict
        What :func:`~leukofeat.datasets.load_images` gives, of each laboratory, camera or data set: `images`, `target` (classes, or
        codes into `target_names`) and, as far as there are, `groups` (slide or patient of each image) and `cell_type` (text, blank
        where it is unknown). Two classes in all, called alike everywhere. A site with images of one class is tested, and trained on
        together with others.
    positive : str, default="blast"
        Class that is looked for.
    threshold : "balanced_accuracy" or float, default="balanced_accuracy"
        Score from which an image is called positive. It is fixed on training data alone, by predictions of grouped folds inside
        them: where balanced accuracy is highest, or the lowest at which at least this share (as 0.95) of the negative training
        images is not called. On the diagonal, that of a fold is fixed on the predictions of the other folds.
    controls : sequence of str, optional
        Which of the pipelines are controls, that see no leukocyte; by default "no_leukocytes" and "four_colors", if they are there.
    cv : int, default=5
        Folds inside a training, by group and by the classes of each site; fewer where there are fewer groups.
    on_error : {"nan", "raise"}, default="nan"
        As of :func:`~leukofeat.evaluation.compare`.
    memory, n_jobs, n_bootstrap, random_state, verbose
        As of :func:`~leukofeat.evaluation.compare`.

    Returns
    -------
    SiteComparison

    Raises
    ------
    ValueError
        When there is no pipeline, or a site that cannot be used (the message names it); when no image is of the positive class, or
        the sites have more than two classes; when nothing can be trained on.

    Notes
    -----
    The AUC of a pair takes the scores of one model, that of the diagonal those of all folds for one scale. A pipeline without
    scores is judged by its verdicts, 0 or 1. The best control is the one with the highest AUC on the pair; choosing it after the
    fact makes a margin smaller, not larger.

    Examples
    --------
    >>> from leukofeat.baselines import make_baseline
    >>> from leukofeat.datasets import binary_target, make_smears
    >>> sites = {}
    >>> for name, seed in (("A", 0), ("B", 1)):
    ...     smears = make_smears(n_samples=16, size=96, random_state=seed)
    ...     labels = binary_target(smears.target, target_names=smears.target_names)
    ...     sites[name] = {"images": smears.images, "target": labels, "groups": smears.groups}
    >>> found = compare_sites(
    ...     {"four_colors": make_baseline("four_colors")}, sites, positive="malignant", n_bootstrap=20
    ... )
    >>> found.matrix().shape, found.table["n"].tolist()
    ((3, 2), [16, 16, 16, 16, 16, 16])
    """
    if not isinstance(pipelines, Mapping) or not pipelines:
        raise ValueError("pipelines must be a dict of name to pipeline, with one at least, as in {'mine': pipeline}.")
    made = [name for name, pipeline in pipelines.items() if isinstance(pipeline, Predictions)]
    if made:
        raise ValueError(
            f"{made[0]!r} holds predictions made elsewhere; a pipeline is wanted, to be trained on every site."
        )
    check("on_error", on_error, OneOf("nan", "raise"))
    check("cv", cv, Number(Integral, 2))
    check("n_bootstrap", n_bootstrap, Number(Integral, 0))
    if isinstance(threshold, str):
        check("threshold", threshold, OneOf("balanced_accuracy"))
    else:
        check("threshold", threshold, Number(Real, 0, 1))
    if isinstance(controls, str):
        raise ValueError(f"controls must be a list of names of pipelines, as [{controls!r}], not text.")
    chosen = [name for name in CONTROLS if name in pipelines] if controls is None else list(controls)
    strange = [name for name in chosen if name not in pipelines]
    if strange:
        raise ValueError(f"controls: {strange[0]!r} is none of the pipelines {', '.join(map(repr, pipelines))}.")
    rows = join_sites(sites, str(positive))
    sets = [features for pipeline in pipelines.values() if (features := split_pipeline(pipeline).features) is not None]
    if n_jobs is None:
        n_jobs = next((features.n_jobs for features in sets if features.n_jobs is not None), None)
    if memory is None:
        memory = next((features.memory for features in sets if features.memory is not None), None)
    options: dict[str, Any] = {"on_error": on_error, "memory": as_store(memory), "n_jobs": n_jobs, "verbose": verbose}
    run = Run(pipelines, rows.images, rows.target, np.empty(0, np.int64), **options)
    usable = np.ones(len(rows.target), bool)
    usable[list(run.failures)] = False
    trainings, impossible = plan_trainings(rows, usable, cv)
    if not trainings:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in impossible.items())
        raise ValueError(f"Nothing can be trained on ({reasons}).")
    parts: dict[str, list[pd.DataFrame]] = {"table": [], "by_type": [], "predictions": []}
    fitted: dict[tuple[bytes, ...], dict[str, Outcome]] = {}  # with two sites, all others are the other one
    for training in trainings:
        for test, answers in _train(run, rows, training, str(positive), threshold, fitted).items():
            figures = pair_figures(
                answers, chosen, rows, str(positive), n_bootstrap=n_bootstrap, random_state=random_state
            )
            empty = [_count_empty(run, name, found.rows) for name, found in answers.items()]
            figures.insert(5, "n_empty", empty)
            found = {
                "table": figures,
                "by_type": type_figures(answers, rows),
                "predictions": answer_table(answers, rows),
            }
            for name, frame in found.items():
                frame.insert(1, "train", training.name)
                frame.insert(2, "test", test)
                parts[name].append(frame)
            if verbose > 0:
                told = ", ".join(
                    f"{name} {auc:.3f}" for name, auc in zip(figures["pipeline"], figures["auc"], strict=True)
                )
                print(f"{training.name} -> {test}: AUC {told}", file=sys.stderr, flush=True)
    tables = {name: pd.concat(frames, ignore_index=True) for name, frames in parts.items()}
    order = {name: place for place, name in enumerate(pipelines)}
    tables = {
        name: frame.sort_values("pipeline", key=lambda names: names.map(order), kind="stable", ignore_index=True)
        for name, frame in tables.items()
    }
    failures = [
        (rows.site[row], int(rows.number[row]), found.name, found.reason) for row, found in sorted(run.failures.items())
    ]
    return SiteComparison(
        **tables,
        sites=_site_table(rows, run, trainings, str(positive)),
        configuration={
            "pipelines": {name: full_text(pipeline) for name, pipeline in pipelines.items()},
            "controls": chosen,
            "positive": str(positive),
            "threshold": threshold,
            "cv": cv,
            "images": run.content(),
            "groups": digest(rows.groups),
            "n_bootstrap": n_bootstrap,
            "random_state": random_state,
            "measured_once": list(run.shared),
            "versions": versions(),
        },
        notes=site_notes(rows, run, trainings, impossible, cv),
        failures=pd.DataFrame(failures, columns=["site", "row", "name", "reason"]),
    )


def _train(
    run: Run,
    rows: Rows,
    training: Training,
    positive: str,
    threshold: str | float,
    fitted: dict[tuple[bytes, ...], dict[str, Outcome]],
) -> dict[str, dict[str, Answers]]:
    """By test site and pipeline what was said; the site itself, if it is one, by the folds inside it."""
    truth = rows.target == positive
    known, asked = training.rows.tobytes(), rows.of(*training.tested)
    inside = _outcomes(run, training.folds, rows, (known,), fitted)
    tested = _outcomes(run, [(training.rows, asked)], rows, (known, asked.tobytes()), fitted)
    base, n_train = float(truth[training.rows].mean()), len(training.rows)
    found: dict[str, dict[str, Answers]] = {}
    column = int(np.flatnonzero(run.labels == positive)[0])
    for name in run.pipelines:
        held, outside = inside[name], tested[name]
        scores, said = _scores(held, column, positive), _scores(outside, column, positive)
        cut = choose_threshold(scores, truth[held.row], threshold)
        for site in training.tested:
            own = rows.site[outside.row] == site
            found.setdefault(site, {})[name] = Answers(
                rows=outside.row[own],
                fold=np.zeros(own.sum(), np.int64),
                score=said[own],
                threshold=np.full(own.sum(), cut),
                base=np.full(own.sum(), base),
                are_probabilities=outside.has_probabilities,
                n_train=n_train,
            )
        if training.name != OTHERS:
            shares = np.array([truth[train].mean() for train, _ in training.folds])
            found.setdefault(training.name, {})[name] = Answers(
                rows=held.row,
                fold=held.fold,
                score=scores,
                threshold=cross_thresholds(scores, truth[held.row], held.fold, threshold),
                base=shares[held.fold],
                are_probabilities=held.has_probabilities,
                n_train=round(float(np.mean([len(train) for train, _ in training.folds]))),
            )
    return {site: found[site] for site in rows.names if site in found}


def _outcomes(
    run: Run,
    splits: list[tuple[np.ndarray, np.ndarray]],
    rows: Rows,
    key: tuple[bytes, ...],
    fitted: dict[tuple[bytes, ...], dict[str, Outcome]],
) -> dict[str, Outcome]:
    """What each pipeline said of all test images of some splits; looked up where they have been fitted."""
    if key not in fitted:
        folds = [run.fold(number, *split, rows.groups) for number, split in enumerate(splits)]
        fitted[key] = {name: join([fold.outcomes[name][0] for fold in folds]) for name in run.pipelines}
    return fitted[key]


def _scores(outcome: Outcome, column: int, positive: str) -> np.ndarray:
    return (outcome.predicted == positive).astype(float) if outcome.scores is None else outcome.scores[:, column]


def _count_empty(run: Run, name: str, rows: np.ndarray) -> int:
    return sum(run.images.name(int(row)) in run.empty[name] for row in rows) if run.empty[name] else 0


def _site_table(rows: Rows, run: Run, trainings: Sequence[Training], positive: str) -> pd.DataFrame:
    alone = {training.name for training in trainings}
    found = {}
    for name in rows.names:
        own = rows.of(name)
        found[name] = {
            "n_images": len(own),
            "n_measured": len(own) - sum(int(row) in run.failures for row in own),
            "n_positive": int(np.sum(rows.target[own] == positive)),
            "n_groups": float(len(np.unique(rows.groups[own]))) if rows.grouped[name] else np.nan,
            "trained_on": name in alone,
        }
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("site").astype({"n_groups": float})
