"""Figures of a training on a test site, from what was said of its images."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from leukofeat.evaluation.sites.rows import Rows
from leukofeat.statistics.bootstrap import bootstrap_interval, metric_statistics, metric_units

METRICS = ("auc", "sensitivity", "specificity", "false_alarms", "balanced_accuracy")
_NAMES = {"false_alarms": "fpr"}
_LABELS = np.array([False, True])


class Answers(NamedTuple):
    """What a pipeline said of the images of a test site; arrays over `rows`.

    `base` is the share of positive images among those trained on.
    """

    rows: np.ndarray
    fold: np.ndarray
    score: np.ndarray
    threshold: np.ndarray
    base: np.ndarray
    are_probabilities: bool
    n_train: int

    @property
    def called(self) -> np.ndarray:
        return self.score >= self.threshold


def pair_figures(
    answers: Mapping[str, Answers],
    controls: Sequence[str],
    rows: Rows,
    positive: str,
    *,
    n_bootstrap: int,
    random_state: Any,
) -> pd.DataFrame:
    """A row a pipeline: its figures with their intervals, and its margin over the best control.

    Parameters
    ----------
    answers : dict of pipeline to Answers
        All of the same training and test site.
    controls : sequence of str
        Which of the pipelines are controls.
    rows : Rows
    positive : str
    n_bootstrap, random_state
        As of :func:`~leukofeat.evaluation.compare`.
    """
    first = next(iter(answers.values()))
    truth, groups = rows.target[first.rows] == positive, rows.groups[first.rows]
    options: dict[str, Any] = {"n_bootstrap": n_bootstrap, "random_state": random_state}
    statistics = {name: _statistic(truth, found) for name, found in answers.items()}
    whole = np.ones((1, len(truth)))
    points = {
        name: {key: value[0] for key, value in statistic(whole).items()} for name, statistic in statistics.items()
    }
    ranked = sorted((name for name in controls if points[name]["auc"] == points[name]["auc"]),
                    key=lambda name: -points[name]["auc"])  # fmt: skip
    table = []
    for name, found in answers.items():
        row: dict[str, Any] = {
            "n": len(truth),
            "n_positive": int(truth.sum()),
            "n_groups": len(np.unique(groups)),
            "n_train": found.n_train,
        }
        ends = bootstrap_interval(statistics[name], groups, rests_on=_rests_on(truth, found, groups), **options)
        for metric in METRICS:
            row |= _with_ends(metric, points[name][metric], ends[metric])
        row["threshold"] = float(found.threshold.mean())
        row |= _log_losses(truth, found)
        best = ranked[0] if ranked and name not in controls else ""
        row |= {"best_control": best} | _margin(statistics, name, best, groups, options)
        table.append({"pipeline": name} | row)
    return pd.DataFrame(table)


def type_figures(answers: Mapping[str, Answers], rows: Rows) -> pd.DataFrame:
    """A row a pipeline, class and type of cell: how many were called positive, and the share with Wilson's interval (1927)."""
    table = []
    for name, found in answers.items():
        kinds = pd.DataFrame(
            {"class": rows.target[found.rows], "cell_type": rows.cell_type[found.rows], "called": found.called}
        )
        for (label, kind), called in kinds.groupby(["class", "cell_type"])["called"]:
            k, n = int(called.sum()), len(called)
            ends = binomtest(k, n).proportion_ci(method="wilson")
            row = {"pipeline": name, "class": label, "cell_type": kind, "n": n, "n_called": k, "called": k / n}
            table.append(row | {"called_low": float(ends.low), "called_high": float(ends.high)})
    return pd.DataFrame(table)


def answer_table(answers: Mapping[str, Answers], rows: Rows) -> pd.DataFrame:
    """A row a pipeline and image."""
    parts = [
        pd.DataFrame(
            {
                "pipeline": name,
                "fold": found.fold,
                "row": rows.number[found.rows],
                "group": rows.groups[found.rows],
                "target": rows.target[found.rows],
                "cell_type": rows.cell_type[found.rows],
                "score": found.score,
                "threshold": found.threshold,
                "called": found.called,
            }
        )
        for name, found in answers.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _statistic(truth: np.ndarray, found: Answers) -> Any:
    every = metric_statistics(truth, found.called, _LABELS, np.column_stack([-found.score, found.score]))

    def statistic(weights: np.ndarray) -> dict[str, np.ndarray]:
        return _of_positive(every(weights))

    return statistic


def _rests_on(truth: np.ndarray, found: Answers, groups: np.ndarray) -> dict[str, np.ndarray]:
    return _of_positive(metric_units(truth, found.called, _LABELS, groups))


def _of_positive(values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {metric: values[f"class_{_NAMES.get(metric, metric)}"][..., 1] for metric in METRICS}


def _with_ends(name: str, point: float, ends: np.ndarray) -> dict[str, float]:
    return {name: float(point), f"{name}_low": float(ends[0]), f"{name}_high": float(ends[1])}


def _log_losses(truth: np.ndarray, found: Answers) -> dict[str, float]:
    """Of the pipeline, and of saying of every image the share of positive ones among those trained on."""
    loss = _log_loss(truth, found.score) if found.are_probabilities else np.nan
    return {"log_loss": loss, "base_log_loss": _log_loss(truth, found.base)}


def _log_loss(truth: np.ndarray, probability: np.ndarray) -> float:
    tiny = np.finfo(np.float64).eps  # as scikit-learn's log_loss
    said = np.clip(np.where(truth, probability, 1 - probability), tiny, 1 - tiny)
    return float(-np.log(said).mean())


def _margin(
    statistics: Mapping[str, Any], name: str, best: str, groups: np.ndarray, options: Mapping[str, Any]
) -> dict[str, float]:
    if not best:
        return _with_ends("margin", np.nan, np.full(2, np.nan))

    def difference(weights: np.ndarray) -> dict[str, np.ndarray]:
        return {"margin": statistics[name](weights)["auc"] - statistics[best](weights)["auc"]}

    point = difference(np.ones((1, len(groups))))["margin"][0]
    return _with_ends("margin", point, bootstrap_interval(difference, groups, are_shares=False, **options)["margin"])
