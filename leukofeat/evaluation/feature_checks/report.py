"""What the checks of a feature say, as tables."""

from dataclasses import dataclass, field
from html import escape
from typing import NamedTuple

import numpy as np
import pandas as pd

SEVERITIES = ("severe", "warning", "note")
_SHOWN = 15  # rows of a table that are printed


class FeatureFinding(NamedTuple):
    """One thing that was found about one column.

    Attributes
    ----------
    column, check : str
    severity : {"severe", "warning", "note"}
        What must never be (or breaks a claim), what may mislead a model, what is good to know.
    value, limit : float
        The figure that was found and the one from which it is reported; NaN where there is none.
    finding : str
        A plain sentence with the figures and what to do.

    Examples
    --------
    >>> FeatureFinding("redness", "moves", "warning", 1.2, 0.5, "moves by 1.2 sd under light").column
    'redness'
    """

    column: str
    check: str
    severity: str
    value: float
    limit: float
    finding: str


class Verdict(NamedTuple):
    """What one check says: findings, figures by column of the table, and what it could not test."""

    findings: list[FeatureFinding] = []  # noqa: RUF012
    figures: dict[str, np.ndarray] = {}  # noqa: RUF012
    notes: list[str] = []  # noqa: RUF012


@dataclass(frozen=True, repr=False)
class FeatureReport:
    """Result of :func:`~leukofeat.evaluation.check_feature`.

    Attributes
    ----------
    findings : DataFrame
        A row a finding, the worst first: `column`, `check` ("defined", "same", "claims", "moves", "background", "repeats",
        "varies"), `severity`, `value`, `limit` and `finding`.
    table : DataFrame
        A row a column of the feature, with the figures of the checks that were made: `severity` (of its worst finding), `nan`
        (share of the rows without a value), `nan_in` (the odd cases without a value), `moves` (in standard deviations) under
        `change` (the one that moves it most), `background` (cross-validated R²), `repeats` (the column it resembles most) with
        `correlation` (of ranks, absolute), `auc`, `gain`, `gain_low` and `gain_high`.
    moves : DataFrame
        A row a column, a column a change: how far it moves, in standard deviations. Empty where that was not checked.
    notes : list of str
        What could not be tested, and why.
    failures : list of Failure
        Images that could not be read or segmented, and were left out.

    Examples
    --------
    >>> from leukofeat.evaluation import check_defined
    >>> def brightness(smear):
    ...     return smear.image.mean()
    >>> check_defined(brightness)
    check_feature: 1 column, nothing found
    """

    findings: pd.DataFrame
    table: pd.DataFrame
    moves: pd.DataFrame = field(default_factory=pd.DataFrame)
    notes: list[str] = field(default_factory=list)
    failures: list = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether nothing severe and no warning was found."""
        return not self.findings["severity"].isin(("severe", "warning")).any()

    def _head(self) -> str:
        n, severities = len(self.table), self.findings["severity"]
        counts = [f"{(severities == s).sum():,} {s}" for s in SEVERITIES if (severities == s).any()]
        checks = self.findings["check"].value_counts()
        by_check = ", ".join(f"{check} {count:,}" for check, count in checks.items())
        by_check = f" ({by_check})" if by_check else ""
        return f"check_feature: {n:,} column{'s' * (n != 1)}, {', '.join(counts) or 'nothing found'}{by_check}"

    def __repr__(self) -> str:
        lines = [self._head()]
        lines += [f"- {row.severity}: {row.column} {row.finding}" for row in self.findings.head(_SHOWN).itertuples()]
        if len(self.findings) > _SHOWN:
            lines.append(f"- ... {len(self.findings) - _SHOWN:,} more: .findings")
        shown = self._shown()
        if len(shown.columns) > 2:  # figures beside severity and nan
            lines.append(shown.to_string(na_rep="–"))
            lines += [f"... {len(self.table) - _SHOWN:,} more columns: .table"] if len(self.table) > _SHOWN else []
        return "\n".join([*lines, *self.notes])

    def _shown(self) -> pd.DataFrame:
        table = self.table.head(_SHOWN).drop(columns="nan_in", errors="ignore")
        return table.assign(**{name: table[name].round(2) for name in table.select_dtypes("float")})

    def _repr_html_(self) -> str:
        findings = self.findings.head(_SHOWN).drop(columns=["value", "limit"])
        parts = [f"<p>{escape(self._head())}</p>"]
        if len(findings):
            with pd.option_context("display.max_colwidth", None):
                parts.append(findings.to_html(index=False))
        parts += [self._shown().to_html(na_rep="–"), *(f"<p>{escape(note)}</p>" for note in self.notes)]
        return "\n".join(parts)


def make_report(
    names: list[str],
    findings: list[FeatureFinding],
    figures: dict[str, np.ndarray],
    moves: pd.DataFrame | None = None,
    notes: list[str] | None = None,
    failures: list | None = None,
) -> FeatureReport:
    """Report of some columns: findings sorted by severity and size, columns by their worst finding.

    Examples
    --------
    >>> report = make_report(["a", "b"], [FeatureFinding("b", "moves", "note", 1.0, 0.5, "moves")], {})
    >>> report.table.index.tolist()
    ['b', 'a']
    """

    def badness(found: FeatureFinding) -> tuple[int, float]:
        over = found.value / found.limit if found.limit > 0 else 1.0
        return SEVERITIES.index(found.severity), -float(np.nan_to_num(over))

    ordered = sorted(findings, key=badness)
    rank = {name: len(ordered) for name in names}
    worst = dict.fromkeys(names, "passed")
    for place, found in reversed(list(enumerate(ordered))):
        rank[found.column], worst[found.column] = place, found.severity
    table = pd.DataFrame({"severity": list(worst.values()), **figures}, index=pd.Index(names, name="column"))
    order = np.argsort([rank[name] for name in names], kind="stable")
    moved = pd.DataFrame() if moves is None else moves.iloc[order]
    columns = list(FeatureFinding._fields)
    return FeatureReport(
        pd.DataFrame(ordered, columns=columns), table.iloc[order], moved, list(notes or ()), list(failures or ())
    )
