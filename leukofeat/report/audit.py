"""Sections of a dataset audit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from leukofeat.audit import AuditResult
from leukofeat.audit.findings import count
from leukofeat.markup import Markup, details, element, escape, join, number, p_value, picture, table
from leukofeat.sequence import ImageSequence, as_sequence

# Longer tables belong into files of their own; a report has to stay light enough to be sent.
_MAX_ROWS = 60
_N_EXAMPLES = 4
_SEVERITIES = ("severe", "warning", "note", "not tested", "passed")
_FORMATS: dict[str, Callable[[Any], str]] = {
    "p": p_value,
    "worth": lambda value: number(value, 1),
    "effect": lambda value: number(value, 2),
}
_TITLES = {"worth": "worth, points", "n_images": "images"}
_IMAGE_COLUMNS = ("path", "label", "group", "split", "error", "odd", "mark", "duplicate_of")


def audit_verdict(audit: AuditResult) -> tuple[list[Markup], list[Markup]]:
    """The audit's own words: what it says in all, and what to know first; each fault in full stands in the table."""
    head, *lines = [line.strip() for line in audit.verdict.splitlines() if line.strip()]
    cautions = [escape(line) for line in lines if not line.startswith("- ")]
    severe = audit.table[audit.table["severity"] == "severe"]
    if len(severe):
        named = [
            join([element("b", _name(name)), f" (worth {worth:.1f} points)" if worth >= 0.05 else None])
            for name, worth in zip(severe["name"], severe["worth"], strict=True)
        ]
        cautions.insert(0, join([_chip("severe"), " ", join(named, ", "), "; see Dataset."]))
    return [escape(head)], cautions


def _name(check: str) -> str:
    return check.replace("_", " ")


def audit_section(audit: AuditResult, X: Any = None) -> Markup:
    """Table of checks, the worst first, with examples, pairs and the images that something is wrong with."""
    kept = f"The cleaned manifest keeps {len(audit.manifest):,} of {len(audit.images):,} images."
    return element(
        "section",
        element("h2", "Dataset"),
        _checks(audit.table),
        element("p", kept, class_="hint"),
        _examples(audit, X),
        _pairs(audit.pairs, audit.images),
        _flagged(audit.images),
    )


def _chip(severity: str) -> Markup:
    return element("span", severity, class_=f"chip {severity.split(' ')[0]}")


def _checks(findings: pd.DataFrame) -> Markup:
    """Checks that fired or could not be made, the worst first; those that passed are folded away."""
    ordered = findings.sort_values("severity", key=lambda column: column.map(_SEVERITIES.index), kind="stable")
    passed = ordered["severity"] == "passed"
    loud, quiet = ordered[~passed], ordered[passed]
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
                element("div", _chip(row.severity), " ", element("b", _name(row.name))),
                element("div", row.finding),
                element("small", row.advice) if row.advice else None,
            ]
        )
        for row in findings.itertuples(index=False)
    ]
    cells = pd.Series(words, findings.index, object)
    shown = findings.drop(columns=["severity", "name", "advice"]).assign(finding=cells)
    return table(shown, formats=_FORMATS, titles=_TITLES, left=("finding",))


def _examples(audit: AuditResult, X: Any) -> Markup | None:
    """A few of the images that each check concerns, from X or, without it, from the files that were audited."""
    images = as_sequence(audit.images["path"] if X is None else X)
    rows = []
    for finding in audit.findings:
        few = 0 < len(finding.images) < len(audit.images) / 2  # what concerns most images cannot be seen in a few
        if finding.fired and few and len(images) == len(audit.images):
            figures = [_example(images, int(i)) for i in finding.images[:_N_EXAMPLES]]
            if any(figure is not None for figure in figures):
                title = f"{_name(finding.name)}: {min(_N_EXAMPLES, len(finding.images))} of {len(finding.images):,}"
                rows += [element("p", element("b", title), class_="hint"), element("div", *figures, class_="strip")]
    return details("Examples", *rows) if rows else None


def _example(images: ImageSequence, i: int) -> Markup | None:
    try:
        shown = picture(images.smear(i).image, images.name(i), width=110, quality=60)
    except (ValueError, TypeError, OSError):  # a broken image is in the table by its name and its error
        return None
    return element("figure", shown, element("figcaption", Path(images.name(i)).name))


def _pairs(pairs: pd.DataFrame, images: pd.DataFrame) -> Markup | None:
    if pairs.empty:
        return None
    shown, names = pairs.head(_MAX_ROWS), [Path(path).name for path in images["path"]]
    ends = {end: pd.Series([names[i] for i in shown[end]], shown.index, object) for end in ("first", "second")}
    shown = shown.assign(**ends)
    return details(_title("Images that show the same", pairs, "pair"), table(shown))


def _flagged(images: pd.DataFrame) -> Markup | None:
    """Images that are broken, odd or copies."""
    wrong = images[(images["error"] != "") | (images["odd"] != "") | (images["duplicate_of"] >= 0)]
    if wrong.empty:
        return None
    shown = wrong.head(_MAX_ROWS)[list(_IMAGE_COLUMNS)].dropna(axis=1, how="all")
    originals = [images["path"].get(i, "") for i in shown["duplicate_of"]]
    shown = shown.assign(duplicate_of=pd.Series(originals, shown.index, object))
    return details(_title("Broken, odd or copied images", wrong, "image"), table(shown))


def _title(what: str, frame: pd.DataFrame, one: str) -> str:
    shown = f"the first {_MAX_ROWS} of " if len(frame) > _MAX_ROWS else ""
    return f"{what} ({shown}{count(len(frame), one)})"
