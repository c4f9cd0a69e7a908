"""What a comparison found: tables made from the predictions of every pipeline on every test image."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from leukofeat.statistics.bootstrap import bootstrap_interval, metric_statistics, metric_units
from leukofeat.statistics.inference import PairedTest, corrected_t, delong, holm, mcnemar, sign_flip
from leukofeat.statistics.metrics import CLASS_METRICS, OVERALL_METRICS, confusion_counts, encode


@dataclass
class Outcome:
    """Predictions of one pipeline: arrays over all test images of all folds, in the order of the folds."""

    fold: np.ndarray
    row: np.ndarray
    target: np.ndarray
    predicted: np.ndarray
    scores: np.ndarray | None
    has_probabilities: bool
    seconds_per_image: float
    fit_seconds: float

    def statistic(self, labels: np.ndarray, rows: Any = slice(None)) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
        """Every metric of some of the predictions, as a function of weights of them."""
        scores = None if self.scores is None else self.scores[rows]
        probabilities = scores if self.has_probabilities else None
        return metric_statistics(self.target[rows], self.predicted[rows], labels, scores, probabilities)


def join(outcomes: Sequence[Outcome]) -> Outcome:
    """Outcomes of one pipeline's folds, put one behind the other."""
    sizes = [len(found.row) for found in outcomes]
    scores = [found.scores for found in outcomes if found.scores is not None]
    return Outcome(
        **{
            name: np.concatenate([getattr(found, name) for found in outcomes])
            for name in ("fold", "row", "target", "predicted")
        },
        scores=np.concatenate(scores) if len(scores) == len(outcomes) else None,
        has_probabilities=all(found.has_probabilities for found in outcomes),
        seconds_per_image=float(np.average([found.seconds_per_image for found in outcomes], weights=sizes)),
        fit_seconds=float(np.mean([found.fit_seconds for found in outcomes])),
    )


def summarise(
    outcomes: dict[str, Outcome], labels: np.ndarray, groups: np.ndarray | None, n_bootstrap: int, random_state: Any
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """`table`, `by_class` and `by_group` of a :class:`Comparison`."""
    rows, class_rows, group_tables = {}, [], []
    for name, found in outcomes.items():
        units = found.row if groups is None else groups[found.row]
        statistic = found.statistic(labels)
        point = {key: value[0] for key, value in statistic(np.ones((1, len(found.row)))).items()}
        rests_on = metric_units(found.target, found.predicted, labels, units)
        ends = bootstrap_interval(
            statistic, units, n_bootstrap=n_bootstrap, rests_on=rests_on, random_state=random_state
        )
        verdicts = group_verdicts(found, labels, groups)
        group_tables.append(verdicts.assign(pipeline=name))
        per_fold = pd.Series(found.predicted == found.target).groupby(found.fold).mean()
        rows[name] = _with_ends(point, ends, OVERALL_METRICS) | {
            "accuracy_std": float(np.std(per_fold)),
            "group_accuracy_vote": float(verdicts["vote_right"].astype(float).mean()),
            "group_accuracy_mean": float(verdicts["mean_right"].astype(float).mean()),
            "ms_per_image": 1000 * found.seconds_per_image,
            "fit_seconds": found.fit_seconds,
        }
        class_rows += [
            {"pipeline": name, "class": label, "support": int(np.sum(found.target == label))}
            | _with_ends(point, ends, CLASS_METRICS, "class_", c)
            for c, label in enumerate(labels)
        ]
    by_group = pd.concat(group_tables, ignore_index=True)
    return (
        pd.DataFrame.from_dict(rows, orient="index").rename_axis("pipeline"),
        pd.DataFrame(class_rows),
        by_group[["pipeline", *by_group.columns.drop("pipeline")]],
    )


def _with_ends(
    point: dict[str, Any], ends: dict[str, np.ndarray], names: Sequence[str], prefix: str = "", c: Any = ...
) -> dict[str, float]:
    row: dict[str, float] = {}
    for name in names:
        key = prefix + name
        value = point[key][c] if key in point else np.nan
        low, high = ends[key][:, c] if key in ends else (np.nan, np.nan)
        row |= {name: float(value), f"{name}_low": float(low), f"{name}_high": float(high)}
    return row


def group_verdicts(found: Outcome, labels: np.ndarray, groups: np.ndarray | None) -> pd.DataFrame:
    """One verdict a group, by the most frequent prediction and by the highest mean score; ties go to the first class."""
    columns = ("group", "n_images", "target", "accuracy", "vote", "vote_right", "mean", "mean_right")
    rows = []
    if groups is not None:
        own, true, said = groups[found.row], encode(found.target, labels), encode(found.predicted, labels)
        for group in np.unique(own):
            members = np.flatnonzero(own == group)
            target = np.bincount(true[members]).argmax()
            vote = np.bincount(said[members]).argmax()
            mean = None if found.scores is None else int(found.scores[members].mean(axis=0).argmax())
            verdict = (None, None) if mean is None else (labels[mean], bool(mean == target))
            accuracy = float(np.mean(true[members] == said[members]))
            right = bool(vote == target)
            rows.append((group, len(members), labels[target], accuracy, labels[vote], right, *verdict))
    return pd.DataFrame(rows, columns=list(columns))


def fold_table(outcomes: dict[str, Outcome], labels: np.ndarray, n_train: Sequence[int]) -> pd.DataFrame:
    """`by_fold` of a :class:`Comparison`."""
    rows = []
    for name, found in outcomes.items():
        for fold in range(len(n_train)):
            own = np.flatnonzero(found.fold == fold)
            values = found.statistic(labels, own)(np.ones((1, len(own))))
            point = {key: float(values[key][0]) if key in values else np.nan for key in OVERALL_METRICS}
            rows.append({"pipeline": name, "fold": fold, "n_train": n_train[fold], "n_test": len(own)} | point)
    return pd.DataFrame(rows)


def paired_tests(
    outcomes: dict[str, Outcome],
    labels: np.ndarray,
    groups: np.ndarray | None,
    test_train_ratio: float,
    random_state: Any,
) -> pd.DataFrame:
    """`pairs` of a :class:`Comparison`.

    McNemar's and DeLong's tests take every image for one observation: they are left out where an image was tested more than
    once (repeated cross-validation), and joined by their grouped forms where there are groups.
    """
    rows = []
    for (first, a), (second, b) in itertools.combinations(outcomes.items(), 2):
        right_a, right_b = a.predicted == a.target, b.predicted == b.target
        once = len(np.unique(a.row)) == len(a.row)
        tests: list[tuple[str, PairedTest]] = []
        if once:
            tests.append(("accuracy", mcnemar(right_a, right_b)))
        if groups is not None:
            tests.append(("accuracy", sign_flip(right_a, right_b, groups[a.row], random_state=random_state)))
        folds_a, folds_b = (pd.Series(right).groupby(a.fold).mean().to_numpy() for right in (right_a, right_b))
        if len(folds_a) > 1:
            tests.append(("accuracy", corrected_t(folds_a, folds_b, test_train_ratio)))
        if once and a.scores is not None and b.scores is not None:
            own = None if groups is None else groups[a.row]
            tests.append(("auc", delong(a.target, a.scores, b.scores, labels, groups=own)))
        rows += [{"first": first, "second": second, "metric": metric} | test._asdict() for metric, test in tests]
    columns = ["first", "second", "metric", "method", "difference", "statistic", "p"]
    table = pd.DataFrame(rows, columns=columns)
    table["p_corrected"] = np.nan
    kinds = table["method"].str.split(",").str[0]  # exact and approximate forms are one test
    for _, own in table.groupby([table["metric"], kinds]):
        table.loc[own.index, "p_corrected"] = holm(own["p"])
    return table


def confusion_tables(outcomes: dict[str, Outcome], labels: np.ndarray) -> dict[str, pd.DataFrame]:
    """`confusion` of a :class:`Comparison`."""
    index, columns = pd.Index(labels, name="target"), pd.Index(labels, name="predicted")
    return {
        name: pd.DataFrame(confusion_counts(found.target, found.predicted, labels), index, columns)
        for name, found in outcomes.items()
    }


def prediction_table(outcomes: dict[str, Outcome], labels: np.ndarray, groups: np.ndarray | None) -> pd.DataFrame:
    """`predictions` of a :class:`Comparison`."""
    parts = []
    for name, found in outcomes.items():
        part = {"pipeline": name, "fold": found.fold, "row": found.row}
        part |= {} if groups is None else {"group": groups[found.row]}
        part |= {"target": found.target, "predicted": found.predicted}
        scores = np.full((len(found.row), len(labels)), np.nan) if found.scores is None else found.scores
        part |= {f"score_{label}": scores[:, c] for c, label in enumerate(labels)}
        parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True)
