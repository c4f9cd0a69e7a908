"""Findings of what a column shares with the background, other columns and the class."""

from collections.abc import Mapping

import numpy as np

from leukofeat.evaluation.feature_checks.relations import background_r2, class_gain, closest_columns, most_frequent
from leukofeat.evaluation.feature_checks.report import FeatureFinding, Verdict
from leukofeat.evaluation.feature_checks.subject import FEWEST, MOST, Subject, quiet

# of the limit of moves: painted in its mean colour, what reads nothing but the background moves by 0.8 standard deviations
_PAINTED = 0.5
_READS = 0.05  # standard deviations from which a column moves with the background's pixels


def judge_background(
    subject: Subject, y: np.ndarray | None, groups: np.ndarray | None, limits: Mapping[str, float], seed: int
) -> Verdict:
    """Findings where the background alone predicts a column, or painting over it moves the column far.

    A column that moves when the background is painted over reads it; any other only goes along with it. What reads a part of it,
    as the corners, may be predicted badly by the whole.
    """
    r2 = background_r2(subject.values, subject.scene, y, groups, seed)
    if r2 is None:
        return Verdict(
            notes=["The background was not tested: 20 rows, of two groups where there are groups, are needed."]
        )
    before, after = subject.moved("plain background")
    with quiet():
        moved = np.nan_to_num(np.nanmean(np.minimum(np.abs(after - before) / subject.spread, MOST), axis=0))
    findings = []
    for k, (share, by) in enumerate(zip(np.nan_to_num(r2), moved, strict=True)):
        name = subject.names[k]
        if share >= limits["background"]:
            how = "and reads its pixels"
            if by <= _READS:
                how = "though it hardly reads its pixels: it goes along with stain and light"
            text = f"is predicted by the background alone (R² {share:.2f}), {how}"
            severity = "warning" if by > _READS else "note"
            findings.append(FeatureFinding(name, "background", severity, share, limits["background"], text))
        elif by > limits["moves"] * _PAINTED:
            text = f"reads the background: painting over all but the leukocytes moves it by {by:.1f} sd"
            findings.append(FeatureFinding(name, "background", "warning", by, limits["moves"] * _PAINTED, text))
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
