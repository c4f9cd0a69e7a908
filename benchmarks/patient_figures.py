"""Figures by cell and by patient, from predictions of single images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from scipy.special import softmax

from leukofeat.classification.group_checks import check_one_class
from leukofeat.evaluation import Comparison, bootstrap_interval
from leukofeat.evaluation.patients import patient_probabilities
from leukofeat.statistics.bootstrap import metric_statistics, metric_units
from leukofeat.statistics.groups import mean_log_odds
from leukofeat.statistics.held_out import group_codes
from leukofeat.statistics.metrics import auc_one_vs_rest, expected_calibration_error

ABSTAINING = (0.05, 0.1, 0.2)


class Cohort(NamedTuple):
    """Images, their patients, and the label of each patient."""

    target: np.ndarray  # of each image
    groups: np.ndarray
    codes: np.ndarray
    labels: np.ndarray  # of each patient
    names: list[str]  # of the classes

    @classmethod
    def of(cls, bunch: Any) -> Self:
        """The cohort of a data set; a ValueError where patients can't be held out."""
        target, codes = np.asarray(bunch.target), group_codes(bunch.groups)
        groups = np.asarray(bunch.groups)
        check_one_class(groups, codes, np.asarray(bunch.target_names)[target])
        labels = target[np.unique(codes, return_index=True)[1]]
        cohort = cls(target, groups, codes, labels, list(map(str, bunch.target_names)))
        if cohort.n_folds < 2:
            raise ValueError(f"a class has a single patient, who can't be held out; {cohort.summary()}")
        return cohort

    @property
    def n_folds(self) -> int:
        """5, or the patients of the smallest class."""
        return int(min(5, np.bincount(self.labels).min()))

    def summary(self) -> str:
        """Numbers of images and patients."""
        counts = ", ".join(f"{name} {n}" for name, n in zip(self.names, np.bincount(self.labels), strict=True))
        return f"{len(self.target):,} images of {len(self.labels)} patients ({counts}), {self.n_folds} folds."


class Told(NamedTuple):
    """What a pipeline said of the images that were tested, and of their patients."""

    rows: np.ndarray
    scores: np.ndarray  # of each image
    patients: np.ndarray  # scores of each patient, 0 where none of the images was tested


def told(result: Comparison, name: str, cohort: Cohort, *, clipped: bool = True) -> Told:
    """Scores of a pipeline, and the mean log-odds of each patient."""
    own = result.predictions[result.predictions["pipeline"] == name]
    rows, scores = own["row"].to_numpy(), own[[f"score_{c}" for c in range(len(cohort.names))]].to_numpy()
    n = len(cohort.labels)
    if clipped:
        patients = softmax(np.nan_to_num(mean_log_odds(scores, cohort.codes[rows], n)), axis=1)
    else:  # behind GroupClassifier, whose probabilities of single images have its mean log-odds as they are
        patients = np.nan_to_num(patient_probabilities(scores, cohort.codes[rows], n))
    return Told(rows, scores, patients)


def areas(found: Sequence[Told], cohort: Cohort) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
    """AUC by cell and by patient, means over the seeds, as a function of how often each patient was drawn."""
    classes = np.arange(len(cohort.names))
    cells = [metric_statistics(cohort.target[one.rows], cohort.target[one.rows], classes, one.scores) for one in found]
    patients = [metric_statistics(cohort.labels, cohort.labels, classes, one.patients) for one in found]

    def statistic(weights: np.ndarray) -> dict[str, np.ndarray]:
        by_cell = [f(weights[:, cohort.codes[one.rows]])["auc"] for f, one in zip(cells, found, strict=True)]
        return {"cell": np.mean(by_cell, axis=0), "patient": np.mean([f(weights)["auc"] for f in patients], axis=0)}

    return statistic


def within_folds(result: Comparison, name: str, cohort: Cohort) -> dict[str, float]:
    """AUC by cell and by patient, mean over the folds: scores of different models are not put in one order."""
    own = result.predictions[result.predictions["pipeline"] == name]
    found, patients = [], told(result, name, cohort).patients
    for _, fold in own.groupby("fold"):
        rows = fold["row"].to_numpy()
        who = np.unique(cohort.codes[rows])
        scores = fold[[f"score_{c}" for c in range(len(cohort.names))]].to_numpy()
        pairs = ((cohort.target[rows], scores), (cohort.labels[who], patients[who]))
        found.append([np.nanmean(auc_one_vs_rest(*pair, np.arange(len(cohort.names)))) for pair in pairs])
    return dict(zip(("cell", "patient"), map(float, np.nanmean(found, axis=0)), strict=True))


def interval(
    statistic: Callable[[np.ndarray], dict[str, np.ndarray]], cohort: Cohort, n_bootstrap: int, are_shares: bool = True
) -> dict[str, tuple[float, float, float]]:
    """Value, lower and upper end of AUCs by name."""
    patients = np.arange(len(cohort.labels))
    point = statistic(np.ones((1, len(patients))))
    rests_on = metric_units(cohort.labels, cohort.labels, np.arange(len(cohort.names)), patients)["auc"]
    ends = bootstrap_interval(
        statistic,
        patients,
        n_bootstrap=n_bootstrap,
        are_shares=are_shares,
        rests_on=dict.fromkeys(point, rests_on),
    )
    return {name: (float(value[0]), *map(float, ends[name])) for name, value in point.items()}


def area_table(
    results: Mapping[str, Comparison], cohort: Cohort, seeds: Sequence[int], controls: Sequence[str], n_bootstrap: int
) -> pd.DataFrame:
    """AUC of every pipeline under both ways to split, and the difference to the best control."""
    names = list(next(iter(results.values())).table.index)
    of = {
        (name, way): areas([told(results[f"{way}, seed {seed}"], name, cohort) for seed in seeds], cohort)
        for name in names
        for way in ("random", "patients")
    }
    everyone = np.ones((1, len(cohort.labels)))
    best = max(controls, key=lambda name: of[name, "patients"](everyone)["patient"][0], default=None)
    rows = {}
    for name in names:
        row = {}
        for way in ("random", "patients"):
            found = interval(of[name, way], cohort, n_bootstrap)
            row |= {
                f"by {what}, {way} folds": "{:.3f} [{:.3f}, {:.3f}]".format(*found[what])
                for what in ("cell", "patient")
            }
        inside = [within_folds(results[f"patients, seed {seed}"], name, cohort) for seed in seeds]
        row |= {
            f"by {what}, mean of patient folds": float(np.mean([one[what] for one in inside])) for what in inside[0]
        }
        if best is not None:
            mine, other = of[name, "patients"], of[best, "patients"]
            gain = interval(lambda w, a=mine, b=other: _less(a(w), b(w)), cohort, n_bootstrap, are_shares=False)
            for what in ("cell", "patient"):
                text = "" if name in controls else "{:+.3f} [{:+.3f}, {:+.3f}]".format(*gain[what])
                row[f"by {what}, above {best}"] = text
        rows[name] = row
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("pipeline")


def _less(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: a[name] - b[name] for name in a}


def curve_table(results: Mapping[str, Comparison], cohort: Cohort, seeds: Sequence[int]) -> pd.DataFrame:
    """AUC by patient for each number of patients trained on."""
    everyone, rows = np.ones((1, len(cohort.labels))), {}
    sizes = sorted({int(name.split()[0]) for name in results if name[0].isdigit()})
    for name in next(iter(results.values())).table.index:
        row = {}
        for title, way in [*((str(size), f"{size} patients") for size in sizes), ("all", "patients")]:
            there = [results[key] for seed in seeds if (key := f"{way}, seed {seed}") in results]
            found = areas([told(result, name, cohort) for result in there], cohort)
            row[title] = float(found(everyone)["patient"][0])
        rows[name] = row
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("patients trained on")


def calibration_table(results: Mapping[str, Comparison], cohort: Cohort, seeds: Sequence[int]) -> pd.DataFrame:
    """Calibration error, log-loss and accuracy by patient, also without the least certain; means over the seeds."""
    rows, shares = {}, np.bincount(cohort.labels) / len(cohort.labels)
    base_rates = -float((shares * np.log(shares)).sum())
    for name in next(iter(results.values())).table.index:
        per_seed = []
        for seed in seeds:
            found = told(results[f"patients, seed {seed}"], name, cohort, clipped=False)
            tested = np.isin(np.arange(len(cohort.labels)), cohort.codes[found.rows])
            p, truth = found.patients[tested], cohort.labels[tested]
            right, certain = p.argmax(axis=1) == truth, np.argsort(-p.max(axis=1), kind="stable")
            row = {
                "calibration error": expected_calibration_error(truth, p, np.arange(len(cohort.names))),
                "log-loss": -float(np.log(p[np.arange(len(p)), truth]).mean()),
                "of base rates": base_rates,
                "accuracy": float(right.mean()),
            }
            for part in ABSTAINING:
                kept = certain[: max(1, len(p) - round(part * len(p)))]
                row[f"without {part:.0%}"] = float(right[kept].mean())
            per_seed.append(row)
        rows[name] = pd.DataFrame(per_seed).mean().to_dict()
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("pipeline")


def share_table_of_types(types: np.ndarray, cohort: Cohort, n_bootstrap: int) -> pd.DataFrame:
    """How well the share of each cell type tells the second class of patients, below 0.5 where it is larger in the first."""
    rows, n = {}, len(cohort.labels)
    sizes = np.bincount(cohort.codes, minlength=n)
    for name in pd.unique(pd.Series(types).dropna()):
        share = np.bincount(cohort.codes, types == name, n) / sizes
        found = metric_statistics(cohort.labels, cohort.labels, np.arange(2), np.column_stack([-share, share]))
        ends = interval(lambda w, f=found: {"auc": f(w)["auc"]}, cohort, n_bootstrap)["auc"]
        rows[name] = {"cells": int((types == name).sum()), "AUC": "{:.3f} [{:.3f}, {:.3f}]".format(*ends)}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("cell type")
