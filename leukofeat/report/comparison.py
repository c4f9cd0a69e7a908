"""Tables of a comparison: metrics with their intervals, paired tests, classes, confusion matrices."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from leukofeat.evaluation.comparison import Comparison
from leukofeat.markup import Markup, details, element, grid, join, number, p_value, table, with_interval
from leukofeat.report.charts import Interval, interval_chart
from leukofeat.report.stress import stress_tables

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


def overview(comparisons: Mapping[str, Comparison]) -> Markup:
    """Accuracy of every pipeline under every protocol."""
    names = list(dict.fromkeys(name for found in comparisons.values() for name in found.table.index))
    shown = pd.DataFrame({"pipeline": names})
    for protocol, found in comparisons.items():
        shown[protocol] = with_interval(found.table.reindex(names), "accuracy")
    return element(
        "section",
        element("h2", "The same pipelines under other splits"),
        element("p", "Accuracy with its 95 % interval. What falls from one column to the next was owed to the split.", class_="hint"),
        table(shown, titles={name: name for name in comparisons}),
    )  # fmt: skip


def results(comparison: Comparison) -> Markup:
    """Intervals as a picture, the main metrics as a table, the paired tests."""
    ranked = comparison.table.sort_values("accuracy", ascending=False)
    folds = comparison.by_fold.groupby("pipeline")["accuracy"].agg(list)
    ends = ranked[["accuracy", "accuracy_low", "accuracy_high"]].to_numpy()
    rows = [
        Interval(name, value, low, high, folds[name], comparison.table.index.get_loc(name))
        for name, (value, low, high) in zip(ranked.index, ends, strict=True)
    ]
    known = ranked.columns[ranked.notna().any()]
    shown = pd.DataFrame({"pipeline": ranked.index})
    for metric in [m for m in _SHOWN if m in known]:
        shown[metric] = with_interval(ranked, metric)
    for metric in [m for m in ("group_accuracy_vote", "ms_per_image") if m in known]:
        shown[metric] = ranked[metric].to_numpy()
    return join(
        [
            interval_chart(rows, label="Accuracy of each pipeline with its 95 % interval; pale points are folds"),
            element("p", "Dot: all test images. Line: 95 % interval. Pale dots: single folds.", class_="hint"),
            table(shown, formats={"ms_per_image": lambda v: number(v, 1)}, titles=_TITLES),
            _pairs(comparison.pairs),
            None if comparison.stress is None else stress_tables(comparison.stress),
        ]
    )


def _pairs(pairs: pd.DataFrame) -> Markup | None:
    if pairs.empty:
        return None
    signed = ["–" if value != value else f"{value:+.3f}" for value in pairs["difference"]]
    return details(
        f"Paired tests ({len(pairs)})",
        element("p", "Difference: first minus second. Corrected over the pairs of each test (Holm).", class_="hint"),
        table(
            pairs.assign(difference=signed).drop(columns="statistic"),
            formats={"p": p_value, "p_corrected": p_value, "difference": str},
            titles=_TITLES,
        ),
    )


def by_class(comparison: Comparison, pipelines: Sequence[str]) -> Markup:
    """One table of classes for each of the pipelines."""
    parts = []
    for name in pipelines:
        own = comparison.by_class[comparison.by_class["pipeline"] == name]
        shown = own[["class", "support"]].reset_index(drop=True)
        for metric in ("sensitivity", "specificity", "ppv", "npv", "f1", "auc"):
            shown[metric] = with_interval(own, metric)
        parts.append(table(shown, titles=_TITLES, caption=name))
    return details("By class", *parts)


def confusions(comparison: Comparison, pipelines: Sequence[str]) -> Markup:
    """Confusion matrices as shaded tables: counts, and the shade is the share of the true class."""
    figures = []
    for name in pipelines:
        counts = comparison.confusion[name]
        head = [element("th", "true ↓ said →"), *(element("th", label, scope="col") for label in counts.columns)]
        rows = [_confusion_row(i, label, row.to_numpy()) for i, (label, row) in enumerate(counts.iterrows())]
        matrix = grid(head, rows, class_="confusion")
        figures.append(
            element("figure", element("figcaption", name), element("div", matrix, class_="wide", tabindex=0))
        )
    return element("div", *figures, class_="grid matrices")


def _confusion_row(i: int, label: Any, counts: np.ndarray) -> list[Markup]:
    cells = [element("th", label, scope="row")]
    for j, count in enumerate(counts):
        share = count / max(1, counts.sum())
        color = (0, 114, 178) if i == j else (213, 94, 0)
        tint = f"{','.join(map(str, color))},{share:.2f}"
        cells.append(
            element("td", element("b", f"{count:,}"), element("small", f"{100 * share:.0f} %"),
                    style=f"background:rgba({tint})", class_="dark" if _is_dark(color, share) else None)
        )  # fmt: skip
    return cells


def _is_dark(color: tuple[int, int, int], share: float) -> bool:
    """Whether white is easier to read than black on a colour over white, by the relative luminance of WCAG 2."""
    level = 1 - share + share * np.array(color) / 255
    linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    return bool(linear @ (0.2126, 0.7152, 0.0722) < np.sqrt(1.05 * 0.05) - 0.05)
