"""What the rules for the verdict of a slide or patient go by, and what they learn from groups that were held out."""

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from leukofeat.classification.group_checks import check_named, check_one_class
from leukofeat.classification.group_rows import HeldOut, Rows, too_seldom_held_out
from leukofeat.pipeline import ask_held_out, group_params
from leukofeat.statistics.groups import fit_group_scaling, mean_log_odds
from leukofeat.statistics.held_out import inner_folds
from leukofeat.statistics.prevalence import rate_for_new_group


@dataclass(frozen=True)
class LogOdds:
    """By the mean log-odds of a group's images: a model answers with probabilities, and every class has to be held out.

    Examples
    --------
    >>> LogOdds(np.array(["B", "M"])).no_answers().shape
    (0, 2)
    """

    classes: np.ndarray
    learned: ClassVar[tuple[str, ...]] = ("slope_", "offsets_")
    needs_every_kind: ClassVar[bool] = True  # learned on the other classes, it would call everybody one of these

    def no_answers(self) -> np.ndarray:
        return np.empty((0, len(self.classes)))

    def answers(self, model: Any, X: Any) -> np.ndarray:
        return np.asarray(model.predict_proba(X), np.float64)

    def check(self, rows: Rows) -> None:
        check_one_class(rows.groups, rows.codes, rows.y)

    def kinds(self, y: np.ndarray) -> np.ndarray:
        return y

    def least_groups(self, estimator: Any, groups: np.ndarray) -> int:
        """Probabilities that are calibrated on groups held out, too, mean other things where a single one is left for that."""
        return 3 if group_params(estimator, groups) else 1

    def learn(self, held_out: HeldOut) -> dict[str, Any]:
        if not held_out.n_groups:
            return {"slope_": 1.0, "offsets_": np.zeros(len(self.classes))}
        _, first, members = np.unique(held_out.codes, return_index=True, return_inverse=True)
        means = mean_log_odds(held_out.answers, members, len(first))
        slope, offsets = fit_group_scaling(means, held_out.target[first])
        return {"slope_": slope, "offsets_": offsets}


@dataclass(frozen=True)
class Share:
    """By the share of a group's cells that are called positive: a model answers with classes, and cells are positive or not.

    Examples
    --------
    >>> Share(np.array(["blast", "other"]), "blast").kinds(np.array(["blast", "other"])).tolist()
    ['blast', 'not blast']
    """

    classes: np.ndarray
    positive: Any
    learned: ClassVar[tuple[str, ...]] = ("sensitivity_", "specificity_")
    needs_every_kind: ClassVar[bool] = False

    def no_answers(self) -> np.ndarray:
        return self.classes[:0]

    def answers(self, model: Any, X: Any) -> np.ndarray:
        return np.asarray(model.predict(X))

    def check(self, rows: Rows) -> None:
        check_named(self.positive, self.classes)

    def kinds(self, y: np.ndarray) -> np.ndarray:
        return np.where(y == self.positive, str(self.positive), f"not {self.positive}")

    def least_groups(self, estimator: Any, groups: np.ndarray) -> int:
        return 1

    def learn(self, held_out: HeldOut) -> dict[str, Any]:
        answers, target, codes = held_out
        positive, called = self.classes[target] == self.positive, answers == self.positive
        return {
            "sensitivity_": np.array(rate_for_new_group(called[positive], codes[positive])),
            "specificity_": np.array(rate_for_new_group(~called[~positive], codes[~positive])),
        }


def hold_out_groups(estimator: Any, rows: Rows, target: np.ndarray, cv: int, rule: LogOdds | Share) -> HeldOut:
    """What copies of an estimator answer for groups that they were not fitted on; what a rule cannot do without is warned of.

    Parameters
    ----------
    estimator : classifier
    rows : Rows
    target : ndarray of shape (n,), int
        Number of the class of each row.
    cv : int
        Folds.
    rule : LogOdds or Share

    Returns
    -------
    HeldOut
        Nothing where the rule needs every kind of rows, and one is not in it.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> y = np.array(["a", "a", "b", "b"])
    >>> rows = Rows(np.zeros((4, 1)), y, np.arange(4), np.arange(4), {})
    >>> hold_out_groups(DummyClassifier(), rows, np.array([0, 0, 1, 1]), 5, LogOdds(np.unique(y))).codes
    array([0, 2, 1, 3])
    """
    folds = inner_folds(target, rows.codes, cv)
    parts, told, refusal = ask_held_out(estimator, rows.X, rows.y, folds, rows.fit_params, rule.answers)
    asked, answers = np.concatenate([np.empty(0, np.int64), *parts]), np.concatenate([rule.no_answers(), *told])
    least = rule.least_groups(estimator, rows.groups)
    lacking = too_seldom_held_out(rule.kinds(rows.y), rows.codes, asked, least)
    if lacking:
        refused = f", and the estimator enough of them ({refusal})" if refusal else ""
        warnings.warn(
            f"GroupClassifier: of {rows.codes.max() + 1} groups too few of class {', '.join(lacking)} could be held out, so that "
            "nothing is known of the errors on groups not seen before; every class needs images of at least "
            f"{'two' if least == 1 else 'three'} groups{refused}",
            UserWarning,
            stacklevel=3,  # of who called fit
        )
        if rule.needs_every_kind:
            asked, answers = asked[:0], answers[:0]
    return HeldOut(answers, target[asked], rows.codes[asked])
