"""The tables: published beside measured beside honest; every protocol; what things cost; what failed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from leukofeat.evaluation.protocols import Protocol
from systems.plan import CONTROLS, System, Task
from systems.run import Results

NO_GROUPS = (
    "No slides or patients are held out here: folds are over images, so that images of one patient, slide or session may stand on both "
    "sides of a split, and no figure below is one for patients that were not trained on."
)


def as_measured(protocols: Mapping[str, Protocol]) -> str:
    """The protocol that is most like those of the papers."""
    return "published" if "published" in protocols else next(iter(protocols))


def grouped(protocols: Mapping[str, Protocol]) -> list[str]:
    """Protocols that hold out slides, patients, or estimates of them."""
    return [name for name, protocol in protocols.items() if protocol.groups is not None]


def figures(
    results: Results, task: Task, systems: Mapping[str, System], protocols: Mapping[str, Protocol]
) -> pd.DataFrame:
    """A row a system: the published accuracy, the measured one, and the honest one, which is the worst under groups held out.

    `margin` is the honest accuracy less that of the best control under the same protocol; without groups, the measured one less
    the best control's. A published figure of another task is left out.
    """
    table, easy, strict = results.table(task.name), as_measured(protocols), grouped(protocols)
    rows = {}
    for name, system in systems.items():
        row: dict[str, Any] = {"published": system.recipe.published if system.recipe.task == task.kind else ""}
        if name in results.found[task.name]:
            under = table.loc[name]
            worst = under.loc[strict, "accuracy"].astype(float).idxmin() if strict else easy
            row["measured"] = float(under.loc[easy, "accuracy"])
            if strict:
                honest = under.loc[worst, ["accuracy", "accuracy_low", "accuracy_high"]].astype(float)
                row |= dict(zip(("honest", "low", "high"), honest, strict=True)) | {"held out": worst}
            controls = [
                table.loc[(other, worst), "accuracy"] for other in CONTROLS if other in results.found[task.name]
            ]
            if name not in CONTROLS and controls:
                row["margin"] = float(under.loc[worst, "accuracy"]) - float(max(controls))
        rows[name] = row
    columns = ["published", "measured", *(["honest", "low", "high", "held out"] if strict else []), "margin"]
    return pd.DataFrame(rows).T.reindex(columns=columns).rename_axis("system")


def by_protocol(results: Results, task: Task) -> pd.DataFrame:
    """Accuracy, a row a system and a column a protocol."""
    table = results.table(task.name)
    if table.empty:
        return table
    found = table["accuracy"].astype(float).unstack("protocol")
    return found.reindex(
        index=list(results.found[task.name]), columns=list(dict.fromkeys(table.index.get_level_values(1)))
    )


def times(results: Results, tasks: list[Task]) -> pd.DataFrame:
    """Milliseconds an image, from the file to the verdict, and seconds that all fits of a protocol and task took together."""
    rows: dict[str, dict[str, float]] = {}
    for task in tasks:
        for name, found in results.found[task.name].items():
            for protocol, comparison in found.items():
                one = comparison.table.iloc[0]
                n_folds = comparison.configuration["n_folds"]
                row = rows.setdefault(name, {"ms an image": float(one["ms_per_image"])})
                row[f"fits: {task.name}, {protocol}"] = float(one["fit_seconds"]) * n_folds
    return pd.DataFrame(rows).T.rename_axis("system")


def cautions(results: Results, tasks: list[Task], protocols: Mapping[str, Protocol]) -> list[str]:
    """What has to be known before a figure is believed."""
    told = []
    if not grouped(protocols):
        told.append(NO_GROUPS)
    for task in tasks:
        found = results.found[task.name].get("no_leukocytes")
        if found:
            easy = as_measured(protocols)
            accuracy = found[easy].table["accuracy"].iloc[0]
            told.append(
                f"{task.kind}: without any leukocyte in the image, the control no_leukocytes scores {accuracy:.3f} ({easy}); an accuracy near "
                "it says nothing of leukaemia."
            )
    notes: dict[str, None] = {}
    for by_system in results.found.values():
        for by_name in by_system.values():
            notes |= dict.fromkeys(
                note for one in by_name.values() for note in one.notes if "No groups were given" not in note
            )
    return told + list(notes)


def recipes(systems: Mapping[str, System]) -> pd.DataFrame:
    """What each row is: year, idea, task and data of the paper, the figure, and what that is not."""
    columns = ("year", "idea", "task", "data", "published", "caveat", "firmness")
    rows = {name: {column: getattr(one.recipe, column) for column in columns} for name, one in systems.items()}
    return pd.DataFrame(rows).T.rename_axis("system")


def as_json(
    results: Results, tasks: list[Task], systems: Mapping[str, System], protocols: Mapping[str, Protocol], data: str
) -> dict[str, Any]:
    """The figures with all that is needed to read them; times stand apart."""
    any_found = next((one for by_system in results.found.values() for one in by_system.values()), None)
    return {
        "note": "Research use only; not a medical device.",
        "data": data,
        "protocols": {name: {"folds": len(p.splits), "grouped": p.groups is not None} for name, p in protocols.items()},
        "recipes": _records(recipes(systems)),
        "tasks": {
            task.name: {
                "kind": task.kind,
                "figures": _records(figures(results, task, systems, protocols)),
                "all": _records(
                    results.table(task.name).drop(columns=["ms_per_image", "fit_seconds"], errors="ignore")
                ),
            }
            for task in tasks
        },
        "points_lost": _records(results.stress()),
        "failed": results.failed,
        "cautions": cautions(results, tasks, protocols),
        "times": _records(times(results, tasks)),
        "versions": {} if any_found is None else next(iter(any_found.values())).configuration["versions"],
    }


def as_markdown(
    results: Results, tasks: list[Task], systems: Mapping[str, System], protocols: Mapping[str, Protocol], data: str
) -> str:
    """The accuracies of every task, one table each, as docs/baselines.md has them."""
    lines = []
    for task in tasks:
        found = figures(results, task, systems, protocols)
        measured = f"measured ({as_measured(protocols)})"
        shown = pd.DataFrame({"published figure": found["published"], measured: _digits(found["measured"])})
        if grouped(protocols):
            ends = _digits(found["low"]) + " to " + _digits(found["high"])
            shown["honest"] = _digits(found["honest"]) + " (" + ends + ", " + found["held out"].astype(str) + ")"
        shown["margin"] = _digits(found["margin"], "{:+.3f}")
        head = ["system", *shown.columns]
        rows = [head, ["---"] * len(head), *([name, *row] for name, row in zip(shown.index, shown.values, strict=True))]
        lines += [f"{data}: {task.kind}", "", *("| " + " | ".join(map(str, row)) + " |" for row in rows), ""]
    return "\n".join([*lines, *(f"- {text}" for text in cautions(results, tasks, protocols)), ""])


def _digits(values: pd.Series, form: str = "{:.3f}") -> pd.Series:
    return values.map(lambda value: form.format(value) if pd.notna(value) else "–")


def _records(table: pd.DataFrame) -> Any:
    return json.loads(table.reset_index().to_json(orient="records", double_precision=6))
