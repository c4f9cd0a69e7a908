"""The tables of what travels, as text, Markdown and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from leukofeat.evaluation import SiteComparison

_OTHERS = "all others"
_CAPTIONS = {
    "transfer": (
        "Trained on the row, tested on the column: AUC and its 95 % interval; where a site has one class, the share of healthy cells "
        "called blasts (FA) or of blasts called so (SE). The diagonal is grouped cross-validation inside the site."
    ),
    "margins": "AUC less that of the best control on the same pair, with its paired 95 % interval.",
    "operating": (
        "At the threshold fixed on training data: sensitivity and false alarms; log-loss and that of the share of blasts in training."
    ),
    "false_alarms": "Healthy cells called blasts, by site and type, with Wilson's 95 % interval, as if all images were independent: those of one series or patient are not.",
}


def tables(found: SiteComparison) -> dict[str, pd.DataFrame]:
    """Every table by name, its cells as text."""
    table = found.table
    shown = {"transfer": _matrix(found, {tuple(row[key] for key in _KEYS): _main(row) for row in _rows(table)})}
    margins = {
        tuple(
            row[key] for key in _KEYS
        ): f"{row['margin']:+.3f} ({row['margin_low']:+.3f} to {row['margin_high']:+.3f}) over {row['best_control']}"
        for row in _rows(table[table["margin"].notna()])
    }
    if margins:
        shown["margins"] = _matrix(found, margins).dropna(how="all").fillna("–")
    shown["operating"] = pd.DataFrame(
        [
            {key: row[key] for key in _KEYS}
            | {
                "n": str(row["n"]),
                "no cell": str(row["n_empty"]),
                "sensitivity": _share(row, "sensitivity"),
                "false alarms": _share(row, "false_alarms"),
                "log-loss": _digits(row["log_loss"]),
                "base rates": _digits(row["base_log_loss"]),
            }
            for row in _rows(table)
        ]
    ).set_index(list(_KEYS))
    kinds = found.by_type[found.by_type["class"] != found.configuration["positive"]]
    if len(kinds):
        text = [_share(row, "called") for row in _rows(kinds)]
        kinds = (
            kinds.assign(text=text).set_index(["pipeline", "test", "cell_type", "n", "train"])["text"].unstack("train")
        )
        order = [name for name in [*found.sites.index, _OTHERS] if name in kinds]
        shown["false_alarms"] = (
            kinds[order].fillna("–").sort_index(level="pipeline", sort_remaining=False, kind="stable")
        )
    return shown


def as_text(found: SiteComparison) -> str:
    """All tables, for a terminal."""
    parts = [f"{_CAPTIONS[name]}\n{table.to_string()}" for name, table in tables(found).items()]
    parts.append(f"Means over sites\n{found.summary().round(3).to_string(na_rep='–')}")
    return "\n\n".join(parts)


def as_markdown(found: SiteComparison, notes: Sequence[str]) -> str:
    """All tables, each behind a comment with its name."""
    lines = []
    for name, table in tables(found).items():
        flat = table.reset_index()
        body = [[str(head) for head in flat], ["---"] * flat.shape[1], *flat.astype(str).to_numpy().tolist()]
        lines += [f"<!-- table: {name} -->", _CAPTIONS[name], "", *("| " + " | ".join(row) + " |" for row in body), ""]
    return "\n".join([*lines, *(f"- {note}" for note in notes), ""])


def as_json(found: SiteComparison, notes: Sequence[str], columns: pd.DataFrame | None = None) -> dict[str, Any]:
    """The figures with all that is needed to read them."""
    told = {
        "note": "Research use only; not a medical device.",
        "table": _records(found.table),
        "by_type": _records(found.by_type),
        "sites": _records(found.sites.reset_index()),
        "summary": _records(found.summary().reset_index()),
        "configuration": found.configuration,
        "notes": list(notes),
    }
    return told if columns is None else told | {"columns": _records(columns.reset_index())}


_KEYS = ("pipeline", "train", "test")


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return table.to_dict("records")


def _main(row: dict[str, Any]) -> str:
    for text, metric in (("", "auc"), ("FA ", "false_alarms"), ("SE ", "sensitivity")):
        if row[metric] == row[metric]:
            return text + _share(row, metric)
    return "–"


def _matrix(found: SiteComparison, cells: dict[tuple[Any, ...], str]) -> pd.DataFrame:
    empty = found.matrix("n")
    return pd.DataFrame(
        [[cells.get((*key, site), "–") for site in empty.columns] for key in empty.index], empty.index, empty.columns
    )


def _share(row: dict[str, Any], metric: str) -> str:
    value, low, high = (row[f"{metric}{end}"] for end in ("", "_low", "_high"))
    if value != value:
        return "–"
    return f"{value:.3f}" + ("" if low != low else f" ({low:.3f} to {high:.3f})")


def _digits(value: float) -> str:
    return "–" if value != value else f"{value:.3f}"


def _records(table: pd.DataFrame) -> Any:
    return json.loads(table.to_json(orient="records", double_precision=6))
