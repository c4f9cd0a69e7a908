"""Findings of what a column shares with the background, other columns and the class."""

import numpy as np

from leukofeat.evaluation.feature_checks.relations import background_r2, class_gain, closest_columns, most_frequent
from leukofeat.evaluation.feature_checks.report import FeatureFinding, Verdict
from leukofeat.evaluation.feature_checks.subject import FEWEST, Subject, quiet

_READS = 0.05  # standard deviations from which a column moves with the background's pixels


def judge_background(
    subject: Subject, y: np.ndarray | None, groups: np.ndarray | None, limit: float, seed: int
) -> Verdict:
    """Findings where the background alone predicts a column.

    A column that moves when the background is painted over reads it; any other only goes along with it.
    """
    r2 = background_r2(subject.values, subject.scene, y, groups, seed)
    if r2 is None:
        return Verdict(
            notes=["The background was not tested: 20 rows, of two groups where there are groups, are needed."]
        )
    before, after = subject.moved("plain background")
    with quiet():
        reads = np.nan_to_num(np.nanmean(np.abs(after - before), axis=0)) > _READS * subject.spread
    findings = []
    for k in np.flatnonzero(np.nan_to_num(r2) >= limit):
        how = "and reads its pixels"
        if not reads[k]:
            how = "though it hardly reads its pixels: it goes along with stain and light"
        text = f"is predicted by the background alone (R² {r2[k]:.2f}), {how}"
        severity = "warning" if reads[k] else "note"
        findings.append(FeatureFinding(subject.names[k], "background", severity, float(r2[k]), limit, text))
    return Verdict(findings, {"background": r2})


def judge_repeats(subject: Subject, limit: float) -> Verdict:
    """Findings where a column repeats one of the reference, or one before it."""
    closest = closest_columns(subject.values, subject.reference_values)
    if closest is None:
        return Verdict(notes=["Repetition was not tested: ten rows are needed."])
    index, size = closest
    others = np.array([*subject.reference_names, *subject.names, ""], object)[index]
    # where most rows share one value, as the spread of single cells does, ranks agree by that alone
    told = most_frequent(subject.values) <= len(subject.values) - FEWEST
    findings = [
        FeatureFinding(
            subject.names[k],
            "repeats",
            "warning",
            float(size[k]),
            limit,
            f"repeats {others[k]} (rank correlation {size[k]:.3f}); one of them will do",
        )
        for k in np.flatnonzero(told & (np.nan_to_num(size) >= limit))
    ]
    return Verdict(findings, {"repeats": others, "correlation": size})


def judge_gain(subject: Subject, y: np.ndarray, groups: np.ndarray | None, seed: int) -> Verdict:
    """What each column tells of the class: figures without a judgement."""
    found = class_gain(subject.values, subject.reference_values, y, groups, seed=seed)
    if found is None:
        return Verdict(notes=["What the column adds was not tested: a class has fewer than two images, or groups."])
    figures = {"auc": found.auc, "gain": found.gain, "gain_low": found.low, "gain_high": found.high}
    return Verdict(figures=figures)
