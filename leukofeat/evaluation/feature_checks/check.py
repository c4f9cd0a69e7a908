"""check_feature: what check_estimator is to estimators, for a column of one's own; and each of its checks alone."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from leukofeat.audit.findings import count
from leukofeat.constraints import Integral, Number, Real, check
from leukofeat.evaluation.columns import check_classes, check_groups
from leukofeat.evaluation.feature_checks.changes import MOVES, SAME
from leukofeat.evaluation.feature_checks.defined import judge_images, judge_odd_cases
from leukofeat.evaluation.feature_checks.family import default_reference
from leukofeat.evaluation.feature_checks.invariance import CLAIM_CHANGES, judge_claims, judge_moves, judge_same
from leukofeat.evaluation.feature_checks.judged_relations import judge_background, judge_gain, judge_repeats
from leukofeat.evaluation.feature_checks.report import FeatureReport, Verdict, make_report
from leukofeat.evaluation.feature_checks.subject import Subject
from leukofeat.evaluation.stress import draw_rows
from leukofeat.sequence import as_sequence

# what is reported from where on: standard deviations, R², absolute rank correlation
LIMITS = {"moves": 1.0, "background": 0.5, "repeats": 0.95}
CHECKS = ("defined", "same", "claims", "moves", "background", "repeats", "gain")


def check_feature(
    f: Any,
    X: Any,
    y: Any = None,
    groups: Any = None,
    *,
    per: str = "image",
    claims: Any = None,
    segmenter: Any = None,
    reference: Any = None,
    limits: Mapping[str, float] | None = None,
    checks: Sequence[str] = CHECKS,
    n_images: int = 100,
    random_state: int = 0,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> FeatureReport:
    """Whether columns of one's own can be trusted: where they fail, what moves them, what they repeat, what they add.

    Parameters
    ----------
    f : callable or feature family
        A function of one :class:`~leukofeat.Smear` that returns a number, or any family. A function that measures single
        cells is passed as ``FunctionFeatures(f, per="cell")``, several numbers as ``FunctionFeatures(f, names=[...])``,
        several families as a :class:`~leukofeat.features.FeatureSet`. One that has to be fitted is fitted on X.
    X : list, ndarray, Series, one-column DataFrame or ImageSequence of n images, paths or Smears
    y : array-like of length n, optional
        Classes. Without them, what the column adds is not asked.
    groups : array-like of length n, optional
        Slide or patient: held together in folds and intervals.
    per : {"image", "cell"}, default="image"
        The columns of an image's row, or those of the table of cells (then a row is a cell, and cells of an image are one
        group).
    claims : dict, optional
        What columns without an entry in the catalogue withstand, in the words of docs/features.md: some of `rotation`, `scale`
        and `stain`, such as ``{"rotation": "quarter", "scale": "area"}``. Nothing by default. The entries of a family's
        `measures` are tested anyway.
    segmenter : stage, optional
        Segments what comes without label maps; by default ``LeukocyteSegmenter()``. The label maps stay as they are under every
        change: the column is tested, and not the segmenter.
    reference : family or list of families, optional
        What is there already, to be repeated or added to. By default every built-in family with its default parameters, except
        those that `f` holds.
    limits : dict, optional
        Figures above which something is a finding: `moves` (1 standard deviation, which is how far images differ from each
        other), `background` (an R² of 0.5; also half of `moves` where only the background is changed) and `repeats` (an absolute
        rank correlation of 0.95).
    checks : sequence of str, default=CHECKS
        Which to make: any of "defined", "same", "claims", "moves", "background", "repeats", "gain".
    n_images : int, default=100
        Images that are changed, drawn evenly from the classes; all are measured as they are.
    random_state : int, default=0
    n_jobs, verbose
        As in :class:`~leukofeat.features.FeatureSet`.

    Returns
    -------
    FeatureReport
        Prints as sentences, the worst first, and a row a column; in a notebook as tables. `findings`, `table` and `moves` are
        DataFrames, `passed` is True where nothing is severe or a warning.

    Raises
    ------
    TypeError, ValueError
        For what is no feature, no image that can be read, or `y` and `groups` that do not fit. What the function itself raises
        is a finding.

    Notes
    -----
    *defined*: no exception, no infinity, on 13 drawn odd fields and on X; NaN only where there is nothing to measure.
    *same*: numbering of the cells, order of the images, file name and memory layout change nothing (1e-9).
    *claims*: as docs/features.md promises; what is promised "about" may miss by 5 % in one row in ten, for pixels are coarse.
    *moves*: mean absolute change, each row's cut at 10, in robust standard deviations over the images (interquartile range /
    1.349), under turns, 0.8 times the light, 1.25 times the stain, uneven light, JPEG, noise, blur, gamma, another magnification,
    outlines one pixel further in or out, and with everything outside the leukocytes painted in the colour of the empty slide.
    *background*: :func:`check_background`. *repeats*: :func:`check_repeats`. *gain*: :func:`check_gain`.

    Examples
    --------
    >>> from leukofeat import Smear
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.evaluation import check_feature
    >>> fields = make_smears(n_samples=24, size=96, random_state=0)
    >>> smears = [Smear(*parts) for parts in zip(fields.images, fields.nuclei, fields.cells)]
    >>> def glass(smear):
    ...     return smear.image[smear.cells == 0].mean()
    >>> report = check_feature(glass, smears, fields.target, claims={"rotation": "quarter"})
    >>> report.findings["check"].tolist()
    ['moves', 'background']
    >>> report.findings["finding"][1]
    'is predicted by the background alone (R² 0.95), and reads its pixels'
    """
    wanted = _check_names(checks)
    bounds = _limits(limits)
    check("n_images", n_images, Number(Integral, 1))
    images = as_sequence(X)
    target = None if y is None else check_classes(y, len(images))
    units = check_groups(groups, len(images))
    strata = np.zeros(len(images), np.int64) if target is None else target
    needs_reference = {"repeats", "gain"} & wanted
    subject = Subject(
        f,
        images,
        target,
        per=per,
        segmenter=segmenter,
        claims=claims,
        reference=default_reference(reference) if needs_reference else (),
        rows=draw_rows(strata, np.arange(len(images)), n_images, random_state),
        options={"n_jobs": n_jobs, "verbose": verbose, "seed": random_state or 0},
    )
    changes = [
        *(SAME if "same" in wanted else ()),
        *(CLAIM_CHANGES if "claims" in wanted and any(subject.entries) else ()),
    ]
    changes += MOVES if "moves" in wanted else ()
    if changes:
        subject.prepare(changes)
    return _judge(subject, target, units, wanted, bounds, random_state)


def _judge(
    subject: Subject,
    target: np.ndarray | None,
    groups: np.ndarray | None,
    wanted: set[str],
    limits: Mapping[str, float],
    seed: int,
) -> FeatureReport:
    y = None if target is None else np.unique(target[subject.rows], return_inverse=True)[1]
    units = None if groups is None and subject.per == "image" else _codes(groups, subject)
    judged: list[Verdict] = []
    moves = None
    if "defined" in wanted:
        judged += [judge_images(subject), judge_odd_cases(subject.members, subject.per)]
    if "same" in wanted:
        judged.append(judge_same(subject))
    if "claims" in wanted:
        judged.append(judge_claims(subject))
    if "moves" in wanted:
        verdict, moves = judge_moves(subject, limits["moves"])
        judged.append(verdict)
    if "background" in wanted:
        judged.append(judge_background(subject, y, units, limits, seed))
    if "repeats" in wanted:
        judged.append(judge_repeats(subject, limits["repeats"]))
    if "gain" in wanted and y is not None:
        judged.append(judge_gain(subject, y, units, seed))
    notes = [note for verdict in judged for note in verdict.notes]
    if subject.failures:
        first, n = subject.failures[0], count(len(subject.failures), "image")
        notes.append(f"Left out: {n} that could not be read or segmented, {first.name} for one ({first.reason}).")
    if not subject.n_cells.max(initial=0):
        notes.append("No cell was found in any image; give another segmenter=, or smears with label maps.")
    return make_report(
        subject.names,
        [finding for verdict in judged for finding in verdict.findings],
        {name: figure for verdict in judged for name, figure in verdict.figures.items()},
        moves,
        notes,
        subject.failures,
    )


def _codes(groups: np.ndarray | None, subject: Subject) -> np.ndarray:
    own = subject.rows if groups is None else groups[subject.rows]
    return np.unique(own, return_inverse=True)[1]


def _check_names(checks: Any) -> set[str]:
    names = [checks] if isinstance(checks, str) else list(checks)
    strange = [name for name in names if name not in CHECKS]
    if strange or not names:
        raise ValueError(f"checks must be some of {', '.join(CHECKS)}, not {checks!r}.")
    return set(names)


def _limits(limits: Mapping[str, float] | None) -> dict[str, float]:
    given = dict(limits or {})
    if given.keys() - LIMITS.keys():
        raise ValueError(f"limits must be a dict with some of the keys {', '.join(LIMITS)}, not {limits!r}.")
    for name, value in given.items():
        check(f"limits[{name!r}]", value, Number(Real, 0))
    return LIMITS | given
