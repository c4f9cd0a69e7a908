"""Whether a column has a value where it should: on odd fields, and on the images."""

from collections.abc import Sequence

import numpy as np

from leukofeat.audit.findings import count
from leukofeat.base import FeatureFamily
from leukofeat.evaluation.feature_checks.cases import MAY_BE_NAN, odd_smears
from leukofeat.evaluation.feature_checks.report import FeatureFinding, Verdict
from leukofeat.evaluation.feature_checks.subject import Subject, measure_smears


def judge_odd_cases(members: Sequence[FeatureFamily], per: str) -> Verdict:
    """Findings on the odd fields, and of each column the cases in which it has no value.

    Examples
    --------
    >>> from leukofeat.features import RunLengthFeatures
    >>> verdict = judge_odd_cases([RunLengthFeatures(regions=["nucleus"])], "image")
    >>> verdict.findings, verdict.figures["nan_in"][0]
    ([], 'cell without nucleus, no cell')
    """
    smears = odd_smears()
    findings: list[FeatureFinding] = []
    where: list[str] = []
    for member, results in zip(members, measure_smears(members, list(smears.values()), per), strict=True):
        names = member.row_names() if per == "image" else member.cell_names()
        tables = dict(zip(smears, results, strict=True))
        raised: dict[str, list[str]] = {}
        for case, table in tables.items():
            if isinstance(table, str):
                raised.setdefault(table, []).append(case)
        for reason, cases in raised.items():
            text = f"could not be measured on {_some(cases)}: {reason}"
            findings += [FeatureFinding(name, "defined", "severe", len(cases), np.nan, text) for name in names]
        kept = {case: table for case, table in tables.items() if not isinstance(table, str)}
        for k, name in enumerate(names):
            infinite = [case for case, table in kept.items() if np.isinf(table[:, k]).any()]
            missing = [case for case, table in kept.items() if np.isnan(table[:, k]).any()]
            where.append(", ".join(missing))
            if infinite:
                text = f"is infinite on {_some(infinite)}; give NaN where it is not defined, or add to the divisor"
                findings.append(FeatureFinding(name, "defined", "severe", len(infinite), np.nan, text))
            wrong = [case for case in missing if not _may_be_missing(case, missing)]
            if wrong:
                text = f"has no value (NaN) on {_some(wrong)}, although what it is measured on is there"
                findings.append(FeatureFinding(name, "defined", "warning", len(wrong), np.nan, text))
    return Verdict(findings, {"nan_in": np.array(where, object)})


def judge_images(subject: Subject) -> Verdict:
    """Findings on the images themselves: what raised, what is infinite, what never varies.

    Examples
    --------
    >>> from leukofeat import Smear
    >>> def three(smear):
    ...     return 3
    >>> subject = Subject(three, [Smear(np.zeros((4, 4, 3), np.uint8), np.eye(4, dtype=int))] * 2)
    >>> [found.finding for found in judge_images(subject).findings]
    ['is 3 everywhere']
    """
    findings: list[FeatureFinding] = []
    for k, own in enumerate(subject.columns_of):
        raised = subject.raised.get(k, [])
        if raised:
            change, image, reason = raised[0]
            n = len({name for _, name, _ in raised})
            how = f" under the change {change!r}" if change else ""
            text = f"could not be measured on {count(n, 'image')}, {image}{how} for one: {reason}"
            findings += [FeatureFinding(name, "defined", "severe", n, np.nan, text) for name in own]
    values = subject.values
    infinite, missing = np.isinf(values).sum(axis=0), np.isnan(values).sum(axis=0)
    what = "images" if subject.per == "image" else "cells"
    broken = {found.column for found in findings}
    for k, name in enumerate(subject.names):
        known = values[~np.isnan(values[:, k]), k]
        if infinite[k]:
            text = f"is infinite in {infinite[k]} of {len(values)} {what}"
            findings.append(FeatureFinding(name, "defined", "severe", infinite[k], np.nan, text))
        elif not len(known) and name not in broken:
            text = f"has no value (NaN) in any of {len(values)} {what}"
            findings.append(FeatureFinding(name, "varies", "warning", np.nan, np.nan, text))
        elif len(known) > 1 and known.max() == known.min():
            findings.append(FeatureFinding(name, "varies", "warning", np.nan, np.nan, f"is {known[0]:.4g} everywhere"))
    return Verdict(findings, {"nan": missing / max(1, len(values))})


def _may_be_missing(case: str, missing: Sequence[str]) -> bool:
    """What there is nothing of may be NaN: a one-pixel cell has no cytoplasm, nor has one that its nucleus fills."""
    if case in MAY_BE_NAN:
        return True
    return case == "one-pixel cell" and "nucleus fills its cell" in missing


def _some(cases: Sequence[str]) -> str:
    if len(cases) == len(odd_smears()):
        return "any of the odd fields"
    return ", ".join(cases[:4]) + (f" and {len(cases) - 4} more" if len(cases) > 4 else "")
