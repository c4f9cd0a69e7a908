"""Why a model gives each slide or patient its verdict: shares of images, exact, and columns in the mean."""

from dataclasses import replace
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_consistent_length

from leukofeat.classification import GroupClassifier
from leukofeat.classification.group_checks import has_values
from leukofeat.classification.group_tables import NO_VOTE, log_odds_table
from leukofeat.explanation.explain import Explainer, Shown, prepare
from leukofeat.explanation.explanation import Explanation
from leukofeat.explanation.group_explanation import GroupExplanation
from leukofeat.pipeline import last_step, split_pipeline
from leukofeat.statistics.groups import CERTAIN, clipped_log_odds, scaled
from leukofeat.statistics.held_out import group_codes

_NO_VALUE = "no value in its row"


def explain_groups(model: Any, X: Any, groups: Any, *, against: Any = None) -> list[GroupExplanation]:
    """Why a fitted model gives each slide or patient its verdict rather than another: the images and the columns that drove it.

    The log-odds of a patient, ``log(P(likeliest) / P(against))``, are ``offset + sum_i share_i`` over the images that have a vote, with
    ``share_i = slope / n * (log p_i(likeliest) - log p_i(against))``, p clipped at 0.001 as in
    :class:`~leukofeat.classification.GroupClassifier`, and its `slope_` and `offsets_`. A model without one has slope 1 and offset 0:
    the mean log-odds of the images, which is not calibrated by patient, as in ``leukofeat predict --patients``.

    Parameters
    ----------
    model : fitted pipeline
        As in :func:`explain`, with probabilities; as a rule with a GroupClassifier (`rule="log_odds"`) as its last step.
    X : images, or a table of shape (n, n_columns), as in :func:`explain`
    groups : array-like of shape (n,)
        Slide or patient of each image, numbers or text.
    against : class label, optional
        Class that the likeliest one is held against: by default, and where it is the likeliest itself, the second likeliest.

    Returns
    -------
    list of GroupExplanation
        One a patient, in the order of their first image, with the verdicts of `predict_groups`.

    Raises
    ------
    TypeError
        When a step is not linear in its columns, or the model gives no probabilities.
    ValueError
        When `against` is no class of the model, when a group is missing or lengths differ, and for `rule="share"`, which counts the
        cells that are called positive: :meth:`~leukofeat.classification.GroupClassifier.predict_groups` has that count, and :func:`explain` says why of each cell.

    Notes
    -----
    Exact, up to rounding: the shares of images, and what would stand without an image, by the model as it is fitted; an image left out
    leaves the mean of the others, which is not the value less its share. A mean: the contributions of columns, `columns`, are those
    to the decision value of the pair of classes, averaged over the patient's voting images. They add up to the mean decision value, and
    that is not the patient's log-odds where images were clipped, where slope and offset change it, or where the decision value has another unit.

    An image that failed, has no cell or no value has no vote: its row in `images` says why.

    Examples
    --------
    >>> from leukofeat.baselines import make_baseline
    >>> from leukofeat.calibration import group_params
    >>> from leukofeat.classification import GroupClassifier
    >>> from leukofeat.datasets import make_smears
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import Pipeline
    >>> smears = make_smears(n_samples=24, size=64, n_slides=12, random_state=0)
    >>> steps = make_baseline("four_colors").steps
    >>> model = Pipeline([*steps[:-1], ("patients", GroupClassifier(LogisticRegression(max_iter=10000)))])
    >>> model = model.fit(smears.images, smears.target, **group_params(model, smears.groups))
    >>> why, *others = explain_groups(model, smears.images, smears.groups)
    >>> bool(abs(why.offset + why.images["share"].sum() - why.value) < 1e-9), len(others)
    (True, 11)
    """
    check_consistent_length(X, groups)
    codes, names = group_codes(groups), pd.Series(groups, dtype=object).tolist()
    chosen = getattr(model, "best_estimator_", model)
    last = last_step(chosen)
    if isinstance(last, GroupClassifier) and last.rule == "share":
        raise ValueError(
            "explain_groups: rule='share' counts the cells that are called positive, and has no log-odds that images add to; "
            "predict_groups tells the count and its interval, and explain why each cell is called what it is."
        )
    if not hasattr(chosen, "predict_proba"):
        raise TypeError(f"{last!r} gives no probabilities, of which the verdict of a patient takes the mean.")
    explainer, shown = prepare(chosen, X, against)
    shown = shown._replace(
        reasons=dict.fromkeys(_without_value(chosen, explainer, shown, X), _NO_VALUE) | shown.reasons
    )
    votes = np.array([i not in shown.reasons for i in range(len(codes))], bool)
    p = np.full((len(codes), len(explainer.classes)), np.nan)
    p[votes] = explainer.probabilities(shown.values, np.flatnonzero(votes))
    told, rule = [], _Rule.of(last, np.array(explainer.classes, object))
    order = np.argsort(codes, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1) if len(codes) else []:
        told.append(_one(explainer, shown, rule, names[rows[0]], rows, p))
    return told


def _without_value(model: Any, explainer: Explainer, shown: Shown, X: Any) -> list[int]:
    """Rows without any value, as the GroupClassifier sees them behind the steps in front of it."""
    rest = split_pipeline(model).rest
    if not isinstance(last_step(model), GroupClassifier):
        return np.flatnonzero(~has_values(shown.values)).tolist() if shown.images is None else []
    judged = np.array([i for i in range(len(shown.values)) if i not in shown.reasons], int)
    if not len(judged):
        return []
    table = X if shown.images is None else explainer.features.wrap_output(shown.values[judged])
    reached = rest[:-1].transform(table) if isinstance(rest, Pipeline) and len(rest) > 1 else table
    return judged[~has_values(reached)].tolist()


class _Rule(NamedTuple):
    """What makes a verdict of mean log-odds."""

    classes: np.ndarray
    slope: float
    offsets: np.ndarray
    abstain: float
    calibrated: bool

    @classmethod
    def of(cls, last: Any, classes: np.ndarray) -> Self:
        if isinstance(last, GroupClassifier):
            return cls(classes, float(last.slope_), last.offsets_, last.abstain, True)
        return cls(classes, 1.0, np.zeros(len(classes)), 0.0, False)

    def verdicts(self, means: np.ndarray) -> pd.DataFrame:
        """`verdict` and `reason` of rows of mean log-odds, as `predict_groups` has them."""
        table = pd.DataFrame(index=range(len(means)))
        return log_odds_table(table, scaled(means, self.slope, self.offsets), self.classes, self.abstain)

    def value(self, means: np.ndarray, winner: int, other: int) -> np.ndarray:
        """Log-odds of one class against another."""
        return self.slope * (means[:, winner] - means[:, other]) + self.offsets[winner] - self.offsets[other]


def _one(
    explainer: Explainer, shown: Shown, rule: _Rule, group: Any, rows: np.ndarray, p: np.ndarray
) -> GroupExplanation:
    judged = np.array([i for i in rows if i not in shown.reasons], int)
    silent = [i for i in rows if i in shown.reasons]
    called = [str(i) if shown.images is None else shown.images.name(int(i)) for i in (*judged, *silent)]
    table = pd.DataFrame({"row": np.array([*judged, *silent], np.int64), "name": pd.Series(called, dtype=object)})
    reasons = [""] * len(judged) + [shown.reasons[i] for i in silent]
    if not len(judged):
        empty = {"probability": np.nan, "share": np.nan, "clipped": False, "value_without": np.nan}
        none = pd.Series([None] * len(rows), dtype=object)
        table = table.assign(**empty, verdict_without=none, reason=reasons)
        return GroupExplanation(group, NO_VOTE, calibrated=rule.calibrated, images=table, sequence=shown.images)
    n, logs = len(judged), clipped_log_odds(p[judged])
    mean = logs.mean(axis=0, keepdims=True)
    scores = scaled(mean, rule.slope, rule.offsets)[0]
    winner, other = _pair(scores, explainer)
    shares = rule.slope / n * (logs[:, winner] - logs[:, other])
    value, stands = float(rule.value(mean, winner, other)[0]), rule.verdicts(mean)
    verdict, why = stands["verdict"].iloc[0], stands["reason"].iloc[0]
    without = (logs.sum(axis=0) - logs) / (n - 1) if n > 1 else np.full_like(logs, np.nan)
    table = table.assign(
        probability=np.append(p[judged, winner], [np.nan] * len(silent)),
        share=np.append(shares, [np.nan] * len(silent)),
        clipped=np.append((p[judged][:, [winner, other]] < CERTAIN).any(axis=1), [False] * len(silent)),
        value_without=np.append(rule.value(without, winner, other), [value] * len(silent)),
        verdict_without=pd.Series([*rule.verdicts(without)["verdict"], *[verdict] * len(silent)], dtype=object),
        reason=reasons,
    ).sort_values(["share", "name"], ascending=[False, True], kind="stable", ignore_index=True)
    decisive, then = _decisive(rule, logs, shares, verdict)
    return GroupExplanation(
        group=group,
        reason=why,
        verdict=verdict,
        likeliest=explainer.classes[winner],
        against=explainer.classes[other],
        probability=float(scores[winner]),
        value=value,
        offset=float(rule.offsets[winner] - rule.offsets[other]),
        slope=rule.slope,
        calibrated=rule.calibrated,
        decisive=tuple(int(i) for i in judged[decisive]),
        verdict_without_decisive=then,
        images=table,
        mean=_mean(explainer, shown.values[judged], (winner, other), str(group), float(scores[winner])),
        sequence=shown.images,
    )


def _pair(scores: np.ndarray, explainer: Explainer) -> tuple[int, int]:
    """Places of the likeliest class, and of the one that it is held against."""
    winner = int(scores.argmax())
    if explainer.against is not None and explainer.classes.index(explainer.against) != winner:
        return winner, explainer.classes.index(explainer.against)
    others = np.where(np.arange(len(scores)) == winner, -1, scores)
    return winner, int(others.argmax())


def _decisive(rule: _Rule, logs: np.ndarray, shares: np.ndarray, verdict: Any) -> tuple[np.ndarray, Any]:
    """Places of the images that push most, as many as it takes for another verdict or none, and what then stands."""
    order = np.argsort(-shares, kind="stable")
    pushing = order[shares[order] > 0][: len(logs) - 1]
    if verdict is None or not len(pushing):
        return order[:0], None
    left = len(logs) - np.arange(1, len(pushing) + 1)
    found = rule.verdicts((logs.sum(axis=0) - logs[pushing].cumsum(axis=0)) / left[:, None])["verdict"].tolist()
    k = next((k for k, one in enumerate(found) if one != verdict), None)
    return (order[:0], None) if k is None else (pushing[: k + 1], found[k])


def _mean(
    explainer: Explainer, values: np.ndarray, places: tuple[int, int], name: str, probability: float
) -> Explanation:
    """The images as one: means of decision values, of contributions, and of what was measured."""
    local = explainer.form.local
    pairs = [explainer.pair(row, *places) for row in (values if local else values[:1])]
    each = pairs if local else pairs * len(values)
    shares = np.mean([pair.shares(row[None])[0] for pair, row in zip(each, values, strict=True)], axis=0)
    known = ~np.isnan(values)
    row = np.where(known, values, 0).sum(axis=0) / np.where(known.any(axis=0), known.sum(axis=0), np.nan)
    pair = replace(pairs[0], coef=np.mean([one.coef for one in pairs], axis=0))
    return Explanation(
        name=name,
        row=0,
        verdict=explainer.classes[places[0]],
        against=explainer.classes[places[1]],
        value=float(np.mean([pair.decide(row[None])[0, 0] for pair, row in zip(each, values, strict=True)])),
        base=float(np.mean([one.base[0] for one in pairs])),
        unit=pair.unit,
        probability=probability,
        columns=explainer.columns(row, shares, pair),
    )
