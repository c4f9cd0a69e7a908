"""A comparison as a notebook shows it."""

from typing import Any

import pandas as pd

from leukofeat.markup import NOTE, Markup, card, element, number, table, with_interval

_TITLES = {
    "group_accuracy_vote": "groups right (vote)",
    "ms_per_image": "ms/image",
    "macro_f1": "macro F1",
    "auc": "AUC",
}


def comparison_card(comparison: Any) -> Markup:
    """The summary of a Comparison with its intervals, what to know before believing it, and where the rest is."""
    full, summary = comparison.table, comparison.summary()
    shown = pd.DataFrame({"pipeline": full.index})
    for metric in summary.columns[summary.notna().any()]:
        if f"{metric}_low" in full:
            shown[metric] = with_interval(full, metric)
        elif not metric.endswith(("_low", "_high")):
            shown[metric] = full[metric].to_numpy()
    n, n_folds, lost = len(full), comparison.by_fold["fold"].nunique(), len(comparison.failures)
    notes = list(comparison.notes)
    if lost:
        notes.append(f"{lost:,} image{'s' * (lost != 1)} could not be read or measured; see the table failures.")
    return card(
        f"Comparison of {n} pipeline{'s' * (n != 1)}, {n_folds} fold{'s' * (n_folds != 1)}",
        table(shown, formats={"ms_per_image": lambda ms: number(ms, 1)}, titles=_TITLES),
        element(
            "div",
            "Under a metric stands its 95 % interval. leukofeat.report.write_report(path, comparison) shows the rest.",
        ),
        element("ul", *(element("li", note) for note in notes)) if notes else None,
        element("div", element("i", NOTE)),
    )
