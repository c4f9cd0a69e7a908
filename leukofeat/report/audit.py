"""Sections of a dataset audit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from leukofeat.report.html import Markup, details, element, escape, join, number, p_value, picture, table
from leukofeat.sequence import ImageSequence, as_sequence

# Longer tables belong into files of their own; a report has to stay light enough to be sent.
_MAX_ROWS = 60
_N_EXAMPLES = 4
_SEVERITIES = ("severe", "warning", "note", "not tested", "passed")
_FORMATS: dict[str, Callable[[Any], Any]] = {
    "p": p_value,
    "worth": lambda value: number(value, 1),
    "effect": lambda value: number(value, 2),
}
_TITLES = {"worth": "worth, points", "n_images": "images"}
_IMAGE_COLUMNS = ("path", "label", "group", "split", "error", "odd", "mark", "duplicate_of")


def audit_verdict(audit: Any) -> tuple[list[Markup], list[Markup]]:
    """The audit's own words: what it says in all, and what to know first; each fault in full stands in the table."""
    lines = [line.strip() for line in str(getattr(audit, "verdict", None) or "").splitlines() if line.strip()]
    cautions = [escape(line) for line in lines[1:] if not line.startswith("- ")]
    table_ = getattr(audit, "table", None)
    severe = (
        [] if table_ is None or "severity" not in table_ else table_[table_["severity"] == "severe"].to_dict("records")
    )
    if severe:
        named = [join([element("b", _name(row.get("name", ""))), _worth(row.get("worth"))]) for row in severe]
        cautions.insert(0, join([_chip("severe"), " ", join(named, ", "), "; see Dataset."]))
    return [escape(line) for line in lines[:1]], cautions


def _worth(points: Any) -> str:
    return "" if points is None or not points >= 0.05 else f" (worth {points:.1f} points)"


def _name(check: Any) -> str:
    return str(check).replace("_", " ")


def audit_section(audit: Any, X: Any = None) -> Markup:
    """Table of checks, the worst first, with examples, pairs and the images that something is wrong with."""
    findings = getattr(audit, "table", None)
    manifest, images = getattr(audit, "manifest", None), getattr(audit, "images", None)
    kept = None
    if manifest is not None and images is not None:
        kept = f"The cleaned manifest keeps {len(manifest):,} of {len(images):,} images."
    return element(
        "section",
        element("h2", "Dataset"),
        _checks(findings) if findings is not None and len(findings) else element("p", "No check was made."),
        element("p", kept, class_="hint") if kept else None,
        _examples(audit, X),
        _pairs(getattr(audit, "pairs", None), images),
        _flagged(images),
    )


def _chip(severity: str) -> Markup:
    return element("span", severity, class_=f"chip {severity.split(' ')[0]}")


def _checks(findings: pd.DataFrame) -> Markup:
    """Checks that fired or could not be made, the worst first; those that passed are folded away."""
    if "severity" not in findings:
        return table(
            findings, formats={name: how for name, how in _FORMATS.items() if name in findings}, titles=_TITLES
        )
    rank = np.array([_SEVERITIES.index(s) if s in _SEVERITIES else 0 for s in findings["severity"]])
    order = np.argsort(rank, kind="stable")
    loud, quiet = (findings.iloc[order[(rank[order] == len(_SEVERITIES) - 1) == passed]] for passed in (False, True))
    return join(
        [
            _check_table(loud) if len(loud) else element("p", "No check fired."),
            details(f"Passed ({len(quiet)})", _check_table(quiet)) if len(quiet) else None,
        ]
    )


def _check_table(findings: pd.DataFrame) -> Markup:
    """Severity, name, finding and advice of a check in one cell, which leaves the words room."""
    words = [
        join(
            [
                element("div", _chip(str(row["severity"])), " ", element("b", _name(row.get("name", "")))),
                element("div", row.get("finding", "")),
                element("small", row["advice"]) if row.get("advice") else None,
            ]
        )
        for row in findings.to_dict("records")
    ]
    shown = findings.drop(columns=["severity", "name", "finding", "advice"], errors="ignore")
    shown.insert(0, "finding", pd.Series(words, shown.index, object))
    formats = {name: how for name, how in _FORMATS.items() if name in shown} | {"finding": escape}
    return table(shown, formats=formats, titles=_TITLES, left=("finding",))


def _examples(audit: Any, X: Any) -> Markup | None:
    """A few of the images that each check concerns, from X or, without it, from the files that were audited."""
    table_ = getattr(audit, "images", None)
    if table_ is None or "path" not in table_:
        return None
    images = as_sequence([str(path) for path in table_["path"]] if X is None else X)
    rows = []
    for finding in getattr(audit, "findings", []):
        few = 0 < len(finding.images) < len(table_) / 2  # what concerns most images cannot be seen in a few
        if finding.severity in _SEVERITIES[:3] and few and len(images) == len(table_):
            figures = [_example(images, int(i)) for i in finding.images[:_N_EXAMPLES]]
            if any(figure is not None for figure in figures):
                title = f"{_name(finding.name)}: {min(_N_EXAMPLES, len(finding.images))} of {len(finding.images):,}"
                rows += [element("p", element("b", title), class_="hint"), element("div", *figures, class_="strip")]
    return details("Examples", *rows) if rows else None


def _example(images: ImageSequence, i: int) -> Markup | None:
    try:
        shown = picture(images.smear(i).image, images.name(i), width=110, quality=60)
    except ValueError:  # a broken file is in the table by its name and its error
        return None
    return element("figure", shown, element("figcaption", Path(images.name(i)).name))


def _pairs(pairs: pd.DataFrame | None, images: pd.DataFrame | None) -> Markup | None:
    if pairs is None or not len(pairs):
        return None
    shown = pairs.head(_MAX_ROWS)
    if images is not None and "path" in images:
        names = [Path(str(path)).name for path in images["path"]]
        shown = shown.assign(
            **{end: pd.Series([names[i] for i in shown[end]], shown.index, object) for end in ("first", "second")}
        )
    return details(_title("Images that show the same", pairs, "pair"), table(shown))


def _flagged(images: pd.DataFrame | None) -> Markup | None:
    """Images that are broken, odd or copies."""
    if images is None or not {"error", "odd", "duplicate_of"} <= set(images.columns):
        return None
    wrong = images[(images["error"] != "") | (images["odd"] != "") | (images["duplicate_of"] >= 0)]
    if not len(wrong):
        return None
    shown, paths = wrong.head(_MAX_ROWS), images["path"].to_list()
    originals = [str(paths[i]) if i >= 0 else "" for i in shown["duplicate_of"]]
    shown = shown.assign(duplicate_of=pd.Series(originals, shown.index, object))
    columns = [name for name in _IMAGE_COLUMNS if name in shown and not shown[name].isna().all()]
    return details(_title("Broken, odd or copied images", wrong, "image"), table(shown[columns]))


def _title(what: str, frame: pd.DataFrame, one: str) -> str:
    shown = f"the first {_MAX_ROWS} of " if len(frame) > _MAX_ROWS else ""
    return f"{what} ({shown}{len(frame):,} {one}{'s' * (len(frame) != 1)})"
