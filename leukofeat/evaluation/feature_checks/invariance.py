"""What must never move a column, what it claims to withstand, and how far the rest moves it."""

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from leukofeat.audit.findings import count
from leukofeat.evaluation.feature_checks.cases import draw_pair
from leukofeat.evaluation.feature_checks.changes import MAGNIFIED, MIRRORS, MOVES, SAME, TURNS
from leukofeat.evaluation.feature_checks.report import FeatureFinding, Verdict
from leukofeat.evaluation.feature_checks.subject import AGAIN, MOST, Subject, measure_smears, quiet
from leukofeat.features.measure import Measure
from leukofeat.features.page import SLACK, TOLERANCE

CLAIM_CHANGES = (*TURNS, *MIRRORS, "light", "stain", "noise", "doubled")
_DRAWN = {"drawn turned 20°": (20.0,), "drawn turned 131°": (131.0,), "drawn twice as large": (0.0, 2.0)}
_OUTSIDE = 0.1  # share of rows that pixels may put outside a tolerance
_POWERS = {"same": 0, "length": 1, "area": 2}
_EXACT = 1e-9


def judge_same(subject: Subject) -> Verdict:
    """Findings where numbering, order, file name or memory layout moves a column at all.

    Examples
    --------
    >>> from leukofeat import Smear
    >>> def first_cell(smear):
    ...     return (smear.cells == 1).sum()
    >>> subject = Subject(first_cell, [Smear(np.zeros((4, 4, 3), np.uint8), np.diag([2, 1, 1, 0]))])
    >>> [found.finding for found in judge_same(subject).findings]
    ['depends on the numbering of the cells (in 1 of 1 images)']
    """
    words = {
        AGAIN: "is not the same when the images come in another order: it keeps or draws something",
        "numbering": "depends on the numbering of the cells",
        "file name": "depends on the file's name",
        "memory layout": "depends on the layout of the arrays in memory",
    }
    subject.prepare(list(SAME))
    findings: list[FeatureFinding] = []
    unsteady: set[int] = set()
    for change, text in words.items():
        before, after = subject.moved(change)
        apart = ~_equal(before, after, _tolerance(before, subject.spread))
        apart[:, sorted(unsteady)] = False  # whatever is not the same twice is not the same after a change, either
        if change == AGAIN:
            unsteady = set(np.flatnonzero(apart.any(axis=0)))
        for k in np.flatnonzero(apart.any(axis=0)):
            n, what = int(apart[:, k].sum()), "images" if subject.per == "image" else "cells"
            shown = f"{text} (in {n} of {len(before)} {what})"
            findings.append(FeatureFinding(subject.names[k], "same", "severe", n / len(before), 0.0, shown))
    tested = subject.n_cells.max(initial=0) > 1
    return Verdict(findings, notes=[] if tested else ["Numbering was not tested: no image has two cells."])


def judge_claims(subject: Subject) -> Verdict:
    """Findings where a column does not withstand what its entry of the catalogue, or `claims`, says.

    Examples
    --------
    >>> from leukofeat import Smear
    >>> def left(smear):
    ...     return smear.image[:, :2].mean()
    >>> image = np.zeros((4, 4, 3), np.uint8); image[:, :1] = 200
    >>> subject = Subject(left, [Smear(image, np.eye(4, dtype=int))], claims={"rotation": "quarter"})
    >>> judge_claims(subject).findings[0].finding
    "claims rotation 'quarter', but 'turned 90°' breaks it in 1 of 1 rows (100 expected, 50 found)"
    """
    if not any(subject.entries):
        return Verdict()
    subject.prepare(CLAIM_CHANGES)
    before, noisy = subject.moved("noise")
    by_outline = np.atleast_1d(_equal(before, noisy, _tolerance(before, subject.spread)).all(axis=0))
    spreads = np.nan_to_num(subject.spread)
    pairs = {change: subject.moved(change) for change in CLAIM_CHANGES} | _drawn_pairs(subject)
    findings = []
    for k, (name, entry) in enumerate(zip(subject.names, subject.entries, strict=True)):
        if entry is None:
            continue
        for claim, change, factor, exact in _promises(entry, bool(by_outline[k])):
            # the spread over a few cells is a difference of what is about the same, and promises nothing
            if entry.level == "cell" and name.endswith("_std") and claim != "stain" and (factor != 1 or not exact):
                continue
            before, after = (values[:, k] for values in pairs[change])
            wanted = factor * before
            if exact:
                limits = _tolerance(wanted, spreads[k])
            else:
                slack = _slack(name) if entry.name else TOLERANCE * spreads[k]
                limits = np.maximum(TOLERANCE * np.abs(wanted), slack)
            outside = ~_equal(wanted, after, limits)
            share, most = float(outside.mean()) if len(outside) else 0.0, 0.0 if exact or change in _DRAWN else _OUTSIDE
            if share > most:
                worst = int(np.argmax(np.where(outside, np.nan_to_num(np.abs(after - wanted), nan=np.inf), -1.0)))
                text = (
                    f"claims {claim} {getattr(entry, claim)!r}, but {change!r} breaks it in {outside.sum()} of {len(outside)} rows "
                    f"({wanted[worst]:.4g} expected, {after[worst]:.4g} found)"
                )
                findings.append(FeatureFinding(name, "claims", "severe", share, most, text))
    return Verdict(findings)


def _promises(entry: Measure, by_outline: bool) -> Iterator[tuple[str, str, float, bool]]:
    """Claim, change that tests it, factor that is expected, and whether to the last digit."""
    if entry.rotation != "no":
        exact = not entry.rotation.endswith("nearly")
        for change in (*TURNS, *MIRRORS):
            yield "rotation", change, -1.0 if entry.rotation == "turns" and change in MIRRORS else 1.0, exact
    if entry.rotation.startswith("any"):
        for change in _DRAWN:
            if "turned" in change:
                yield "rotation", change, 1.0, False
    if entry.scale in _POWERS:
        # pixels made four leave steps in the outlines, to which what they alone decide is sensitive
        yield "scale", "drawn twice as large" if by_outline else "doubled", 2.0 ** _POWERS[entry.scale], False
    for kind in ("light", "stain"):
        if entry.stain in (kind, "both"):
            yield "stain", kind, 1.0, False


def _slack(name: str) -> float:
    """Absolute tolerance of the catalogue's page: none for Hu's moments, a level for percentiles, which are levels."""
    if "_hu_" in name:
        return 0.0
    return 1.0 if re.search(r"_p\d+(_|$)", name) else SLACK


def _drawn_pairs(subject: Subject) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Values of cells given by formulas, as they are and drawn otherwise; none where they could not be measured."""
    smears = [draw_pair(), *(draw_pair(*how) for how in _DRAWN.values())]
    by_family = measure_smears(subject.members, smears, subject.per)
    tables = []
    for i in range(len(smears)):
        parts = []
        for names, results in zip(subject.columns_of, by_family, strict=True):
            n_rows = next((len(r) for r in results if not isinstance(r, str)), 1)
            parts.append(np.full((n_rows, len(names)), np.nan) if isinstance(results[i], str) else results[i])
        tables.append(np.hstack(parts))
    return {change: (tables[0], table) for change, table in zip(_DRAWN, tables[1:], strict=True)}


def judge_moves(subject: Subject, limit: float) -> tuple[Verdict, pd.DataFrame]:
    """Findings where a change moves a column by more than `limit` standard deviations, and how far each change moves each.

    A claim of scale is taken at its word: what grows with the magnification is divided by as much.
    """
    subject.prepare(list(MOVES))
    spread, moved = subject.spread, {}
    for change in MOVES:
        before, after = subject.moved(change)
        if change in MAGNIFIED:
            powers = np.array([_POWERS.get(entry.scale, 0) if entry else 0 for entry in subject.entries])
            after = after / MAGNIFIED[change] ** powers
        with quiet():
            by = np.minimum(np.abs(after - before), MOST * spread) / spread
            by[~np.isfinite(before) | ~np.isfinite(after)] = np.nan
            moved[change] = np.nanmean(by, axis=0) if len(by) else np.full(len(spread), np.nan)
    table = pd.DataFrame(moved, index=pd.Index(subject.names, name="column"))
    findings = []
    for name, row in zip(table.index, table.to_numpy(), strict=True):
        over = np.flatnonzero(np.nan_to_num(row) > limit)
        if len(over):
            over = over[np.argsort(-row[over], kind="stable")]
            shown = ", ".join(
                f"{'over ' if row[i] >= MOST else ''}{row[i]:.1f} sd under {table.columns[i]}" for i in over[:3]
            )
            more = f" and {count(len(over) - 3, 'other change')}" if len(over) > 3 else ""
            findings.append(FeatureFinding(name, "moves", "warning", row[over[0]], limit, f"moves by {shown}{more}"))
    notes = ["How far changes move a column was not judged: ten rows that differ are needed for its spread."]
    return Verdict(findings, worst_moves(table), notes if table.isna().all(axis=None) else []), table


def worst_moves(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Of each column how far the change moves it that moves it most, and which one that is.

    Examples
    --------
    >>> worst_moves(pd.DataFrame({"light": [0.1], "blur": [0.4]}, index=["a"]))["change"].tolist()
    ['blur']
    """
    values = np.nan_to_num(table.to_numpy(), nan=-1.0)
    most = values.argmax(axis=1) if values.size else np.zeros(len(table), int)
    size = values[np.arange(len(table)), most] if values.size else np.full(len(table), -1.0)
    names = np.where(size > 0, np.asarray(table.columns, object)[most], "")
    return {"moves": np.where(size >= 0, size, np.nan), "change": names}


def _tolerance(values: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """What the order of a sum may cost: a part in 1e9 of the value, or of the column's spread."""
    return _EXACT * np.maximum(np.abs(np.nan_to_num(values)), np.nan_to_num(spread)) + 1e-12


def _equal(first: np.ndarray, second: np.ndarray, tolerance: np.ndarray) -> np.ndarray:
    with quiet():
        same = np.abs(first - second) <= tolerance
    return np.asarray(same | (np.isnan(first) & np.isnan(second)) | (first == second))
