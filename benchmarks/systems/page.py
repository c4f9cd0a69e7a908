"""The run as one HTML file."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from leukofeat.evaluation.protocols import Protocol
from leukofeat.markup import NOTE, Markup, cells, element, escape, number, table
from leukofeat.report.page import whole_page
from systems import tables
from systems.plan import CONTROLS, System, Task
from systems.run import Results


def write_page(
    path: str,
    results: Results,
    tasks: list[Task],
    systems: Mapping[str, System],
    protocols: Mapping[str, Protocol],
    about: Mapping[str, str],
) -> None:
    """Write the tables; `about` holds the data and the command."""
    sections: list[tuple[str, str, Markup | None]] = []
    sentences: list[Any] = []
    for task in tasks:
        found = tables.figures(results, task, systems, protocols)
        sentences.append(_sentence(found, task))
        parts = [
            element("h2", task.kind),
            element("p", _HINT, class_="hint"),
            table(_figures(found)),
            element("h3", "Accuracy under every protocol"),
            _plain(tables.by_protocol(results, task)),
            element("p", NOTE, class_="note"),
        ]
        sections.append((task.name, task.kind, element("section", *parts)))
    lost = results.stress()
    if not lost.empty:
        text = "Points of accuracy lost when only what should not matter is changed, over up to 200 images."
        sections.append(("stress", "Stress tests", _section("Stress tests", text, _plain(lost, 1))))
    if results.failed:
        failed = pd.DataFrame({"system": results.failed.keys(), "reason": results.failed.values()})
        sections.append(("failed", "Failed", _section("Failed", "These systems have no figures.", table(failed))))
    text = "What each system is, and what its published figure is not."
    sections.append(
        ("recipes", "Recipes", _section("Recipes", text, _plain(tables.recipes(systems).fillna({"year": "–"}))))
    )
    text = "Times hang on the machine: milliseconds from a file to its verdict, and seconds of all fits of a protocol."
    sections.append(("times", "Times", _section("Times", text, _plain(tables.times(results, tasks), 1))))
    sections.append(
        ("repeat", "To repeat it", _section("To repeat it", about["data"], element("pre", about["command"])))
    )
    page = whole_page(
        "Published systems side by side",
        datetime.date.today().isoformat(),
        sentences,
        [escape(text) for text in tables.cautions(results, tasks, protocols)],
        sections,
    )
    Path(path).write_text(page, encoding="utf-8", newline="\n")


_HINT = (
    "Published: as in the paper, only where it is for this task. Measured: the protocol most like those of the papers. Honest: the "
    "worst accuracy with whole slides or patients held out, and its 95 % interval. Margin: what that is above the best control, "
    "which looks at no leukocyte."
)


def _section(heading: str, text: str, content: Markup) -> Markup:
    return element("section", element("h2", heading), element("p", text, class_="hint"), content)


def _plain(frame: pd.DataFrame, digits: int = 3) -> Markup:
    shown = frame.reset_index()
    return table(shown, titles={name: str(name) for name in shown}, formats={
        name: (lambda value: number(value, digits)) for name in shown if pd.api.types.is_float_dtype(shown[name])
    })  # fmt: skip


def _figures(found: pd.DataFrame) -> pd.DataFrame:
    shown = found.reset_index()
    if "honest" in shown:
        interval = [
            element(
                "span",
                element("b", number(row["honest"])),
                element("small", f"{number(row['low'])}–{number(row['high'])}"),
            )
            for _, row in shown.iterrows()
        ]
        shown = shown.assign(honest=cells(interval)).drop(columns=["low", "high"])
    margin = ["–" if value != value else f"{value:+.3f}" for value in shown["margin"]]
    return shown.assign(margin=cells(map(escape, margin)), published=shown["published"].replace("", "–"))


def _sentence(found: pd.DataFrame, task: Task) -> Markup:
    own = found.drop(index=[name for name in CONTROLS if name in found.index])
    margins = pd.to_numeric(own["margin"]).dropna()
    if margins.empty:
        return escape(f"{task.kind}: nothing could be measured.")
    best, above = margins.idxmax(), int((margins > 0).sum())
    return escape(
        f"{task.kind}: {above} of {len(margins)} systems score above the best control; {best} by most ({margins[best]:+.3f})."
    )
