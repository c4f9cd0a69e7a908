"""Sections of one comparison: tables, curves, confusion matrices, worst cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from leukofeat.report.charts import interval_chart, legend, square_chart
from leukofeat.report.html import Markup, details, element, escape, join, number, p_value, table
from leukofeat.statistics.curves import GRID, reliability, roc_band

_SHOWN = ("accuracy", "balanced_accuracy", "macro_f1", "mcc", "auc", "calibration_error")
_TITLES = {
    "auc": "AUC",
    "mcc": "MCC",
    "macro_f1": "macro F1",
    "ppv": "PPV",
    "npv": "NPV",
    "f1": "F1",
    "ms_per_image": "ms/image",
    "group_accuracy_vote": "groups right (vote)",
    "p_corrected": "p, corrected",
}


def overview(comparisons: Mapping[str, Any]) -> Markup:
    """Accuracy of every pipeline under every protocol."""
    names = list(dict.fromkeys(name for found in comparisons.values() for name in found.table.index))
    shown = pd.DataFrame({"pipeline": names})
    for protocol, found in comparisons.items():
        rows = (found.table.loc[name] if name in found.table.index else pd.Series() for name in names)
        shown[protocol] = _cells(_stacked(row, "accuracy") for row in rows)
    return element(
        "section",
        element("h2", "The same pipelines under other splits"),
        element("p", "Accuracy with its 95 % interval. What falls from one column to the next was owed to the split.", class_="hint"),
        table(shown, formats=dict.fromkeys(comparisons, escape)),
    )  # fmt: skip


def results(comparison: Any) -> Markup:
    """Intervals as a picture, the main metrics as a table, the paired tests."""
    ranked = comparison.table.sort_values("accuracy", ascending=False)
    numbers = {name: i for i, name in enumerate(comparison.table.index)}
    folds = getattr(comparison, "by_fold", None)
    rows = []
    for name, row in ranked.iterrows():
        points = [] if folds is None else folds.loc[folds["pipeline"] == name, "accuracy"].tolist()
        ends = row.get("accuracy_low", np.nan), row.get("accuracy_high", np.nan)
        rows.append((name, row["accuracy"], *ends, points, numbers[name]))
    shown = pd.DataFrame({"pipeline": ranked.index})
    for metric in [m for m in _SHOWN if m in ranked and ranked[m].notna().any()]:
        shown[metric] = _cells(_stacked(row, metric) for _, row in ranked.iterrows())
    for metric in ("group_accuracy_vote", "ms_per_image"):
        if metric in ranked and ranked[metric].notna().any():
            shown[metric] = ranked[metric].to_numpy()
    formats = dict.fromkeys(_SHOWN, escape) | {"ms_per_image": lambda v: number(v, 1)}
    return join(
        [
            interval_chart(rows, label="Accuracy of each pipeline with its 95 % interval; pale points are folds"),
            element("p", "Dot: all test images. Line: 95 % interval. Pale dots: single folds.", class_="hint"),
            table(shown, formats={k: v for k, v in formats.items() if k in shown}, titles=_TITLES),
            _pairs(getattr(comparison, "pairs", None)),
            _stress(getattr(comparison, "stress", None)),
        ]
    )


def _pairs(pairs: pd.DataFrame | None) -> Markup | None:
    if pairs is None or not len(pairs):
        return None
    shown = pairs.assign(difference=[_signed(v) for v in pairs["difference"]]).drop(
        columns="statistic", errors="ignore"
    )
    formats: dict[str, Callable[[Any], str]] = {"p": p_value, "p_corrected": p_value, "difference": str}
    return details(
        f"Paired tests ({len(pairs)})",
        element("p", "Difference: first minus second. Corrected over the pairs of each test (Holm).", class_="hint"),
        table(shown, formats={k: v for k, v in formats.items() if k in shown}, titles=_TITLES),
    )


def _signed(value: float) -> str:
    return "–" if value != value else f"{value:+.3f}"


def _stress(stress: pd.DataFrame | None) -> Markup | None:
    """A row a pipeline, a column a test; the whole table folded away."""
    if stress is None or not len(stress):
        return None
    first = stress.drop_duplicates("pipeline").set_index("pipeline")
    shown = pd.DataFrame({"pipeline": first.index, "unchanged": first["clean"].to_numpy()})
    tests = list(dict.fromkeys(stress["test"]))
    for test in tests:
        own = stress[stress["test"] == test].set_index("pipeline")
        shown[test] = _cells(_lost(own.loc[name]) if name in own.index else escape("–") for name in first.index)
    return join(
        [
            element("h3", "Shortcut tests"),
            element(
                "p", "Accuracy points lost (95 % interval) when one thing is changed that is not the leukocyte. ",
                "Follows: share of the leukocytes that are given the class of the background they are pasted onto.", class_="hint",
            ),
            table(shown, formats=dict.fromkeys(tests, escape)),
            details("All figures of the shortcut tests", table(stress, titles=_TITLES)),
        ]
    )  # fmt: skip


def _cells(cells: Iterable[Markup]) -> pd.Series:
    return pd.Series(list(cells), dtype=object)  # pandas' own strings forget that they are markup


def _lost(row: pd.Series) -> Markup:
    points = row["points_lost"]
    value = element("b", f"{points + 0.0:.1f}", class_="lost" if points >= 5 else None)
    below = [f"{row['points_lost_low']:.1f} to {row['points_lost_high']:.1f}"] if "points_lost_low" in row else []
    if row.get("follows_background", np.nan) >= 0.005:
        below.append(f"follows {100 * row['follows_background']:.0f} %")
    return join([value, *(element("small", part) for part in below)])


def _stacked(row: pd.Series, metric: str) -> Markup:
    """A metric with its interval under it."""
    low, high = row.get(f"{metric}_low", np.nan), row.get(f"{metric}_high", np.nan)
    ends = element("small", f"{number(low)}–{number(high)}") if low == low else None
    return join([element("b", number(row.get(metric, np.nan))), ends])


def by_class(comparison: Any, pipelines: Sequence[str]) -> Markup | None:
    """One table of classes for each of the pipelines."""
    frame = getattr(comparison, "by_class", None)
    if frame is None or not len(frame):
        return None
    metrics = [m for m in ("sensitivity", "specificity", "ppv", "npv", "f1", "auc") if m in frame]
    parts = []
    for name in pipelines:
        own = frame[frame["pipeline"] == name]
        shown = own[[c for c in ("class", "support") if c in own]].reset_index(drop=True)
        for metric in metrics:
            shown[metric] = _cells(_stacked(row, metric) for _, row in own.iterrows())
        parts.append(table(shown, formats=dict.fromkeys(metrics, escape), titles=_TITLES, caption=name))
    return details("By class", *parts)


def confusions(comparison: Any, pipelines: Sequence[str]) -> Markup:
    """Confusion matrices as shaded tables: counts, and the shade is the share of the true class."""
    found = getattr(comparison, "confusion", None) or {}
    figures = []
    for name in pipelines:
        if name not in found:
            continue
        counts = found[name]
        total = counts.to_numpy().sum(axis=1)
        rows = []
        for i, (label, row) in enumerate(counts.iterrows()):
            cells = []
            for j, count in enumerate(row):
                share = count / total[i] if total[i] else 0.0
                tint = ("0,114,178" if i == j else "213,94,0") + f",{share:.2f}"
                cells.append(
                    element("td", element("b", f"{int(count):,}"), element("small", f"{100 * share:.0f} %"),
                            style=f"background:rgba({tint})", class_="dark" if share > 0.55 else None)
                )  # fmt: skip
            rows.append(element("tr", element("th", label, scope="row"), *cells))
        head = element("tr", element("th", "true ↓ said →"), *(element("th", c, scope="col") for c in counts.columns))
        matrix = element("table", element("thead", head), element("tbody", *rows), class_="confusion")
        figures.append(element("figure", element("figcaption", name), element("div", matrix, class_="wide")))
    return element("div", *figures, class_="grid matrices") if figures else join([])


def curves(comparison: Any) -> Markup | None:
    """ROC curve of each class with its band, a colour a pipeline."""
    names, labels, scores = _scores(comparison)
    if not any(values is not None for values in scores.values()):
        return None
    charts = []
    for c, label in enumerate(labels):
        series = []
        for i, name in enumerate(names):
            values = scores[name]
            if values is None:
                continue
            own = comparison.predictions[comparison.predictions["pipeline"] == name]
            units = own["group" if "group" in own else "row"].to_numpy()
            curve, low, high = roc_band((own["target"] == label).to_numpy(), values[:, c], units)
            if curve[0] == curve[0]:
                series.append((i, np.r_[0, GRID], np.r_[0, curve], np.r_[0, low], np.r_[0, high]))
        if series:
            charts.append(square_chart(series, title=str(label), x_label="false positives", y_label="true positives"))
    return join(
        [
            element("h3", "ROC curves, each class against all others"),
            legend(names),
            element("div", *charts, class_="grid"),
            element("p", "Bands: pointwise 95 %, bootstrap over groups where there are groups, else over images.", class_="hint"),
        ]
    )  # fmt: skip


def calibration(comparison: Any) -> Markup | None:
    """Stated confidence against the share that was right, for the pipelines that give probabilities."""
    names, labels, scores = _scores(comparison)
    charts = []
    for i, name in enumerate(names):
        values = scores[name]
        if values is None or not _are_probabilities(values):
            continue
        own = comparison.predictions[comparison.predictions["pipeline"] == name]
        correct = np.asarray(labels, object)[values.argmax(axis=1)] == own["target"].to_numpy()
        stated, found, low, high, _ = reliability(values.max(axis=1), correct)
        charts.append(
            square_chart([(i, stated, found, low, high)], title=name, x_label="stated confidence", y_label="share right", dots=True)
        )  # fmt: skip
    if not charts:
        return None
    return join(
        [
            element("h3", "Calibration"),
            element("div", *charts, class_="grid"),
            element("p", "On the dashed line a stated confidence is right as often as it says. Bars: 95 % (Wilson).", class_="hint"),
        ]
    )  # fmt: skip


def _scores(comparison: Any) -> tuple[list[str], list[Any], dict[str, np.ndarray | None]]:
    """Pipelines, classes, and the scores of each pipeline (None where it gives none)."""
    predictions = comparison.predictions
    names = list(comparison.table.index)
    labels = np.unique(predictions["target"]).tolist()
    columns = [f"score_{label}" for label in labels]
    scores: dict[str, np.ndarray | None] = dict.fromkeys(names)
    if all(column in predictions for column in columns):
        for name in names:
            values = predictions.loc[predictions["pipeline"] == name, columns].to_numpy(np.float64)
            scores[name] = values if len(values) and not np.isnan(values).any() else None
    return names, labels, scores


def _are_probabilities(values: np.ndarray) -> bool:
    return bool(values.min() >= 0 and np.allclose(values.sum(axis=1), 1, atol=1e-3))
