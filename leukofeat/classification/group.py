"""The verdict of a slide or patient, from a classifier of its images or cells."""

from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from sklearn import get_config
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils import Tags, _safe_indexing, get_tags, indexable
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d

from leukofeat.classification.group_checks import has_values, numbers_of_cells
from leukofeat.classification.group_rows import rows_with_values
from leukofeat.classification.group_rules import LogOdds, Share, hold_out_groups
from leukofeat.classification.group_tables import grouped, log_odds_table, share_table
from leukofeat.constraints import Integral, Number, OneOf, Real
from leukofeat.pipeline import group_params, take_input_of
from leukofeat.statistics.groups import mean_log_odds, scaled
from leukofeat.statistics.held_out import check_labelled, group_codes


def _gives_probabilities(self: Any) -> bool:
    return hasattr(getattr(self, "estimator_", self.estimator), "predict_proba")


class GroupClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Verdict of each slide or patient by a stated rule, from a classifier of single images or cells.

    The estimator is fitted on everything, and once more for each inner fold, in which whole patients are held out: what the
    rule needs to know of its errors is learned on patients that it was not fitted on.

    `rule="log_odds"`: the mean log-odds of the patient's images (each clipped at 0.001, so that none outvotes all others), then a
    slope and an offset a class, fitted to the means of held-out patients with Platt's targets, so that few patients do not
    give certainty. `y` is the label of the *patient*, the same for all its images.

    `rule="share"`: the share of the patient's cells that are called `positive`, corrected for the sensitivity and specificity
    on held-out patients (Rogan and Gladen 1978), with an interval that allows for counting and for these two being
    estimates that differ from patient to patient (Lang and Reiczigel 2014). The verdict is "positive" or "negative" where the
    interval lies above or below `line`, and none where it lies across. `y` is the label of the *cell*: a patient may have
    cells of all classes.

    Parameters
    ----------
    estimator : classifier
        With `predict_proba` under "log_odds". All that sees the classes belongs inside it, as in
        :class:`~leukofeat.calibration.CalibratedClassifier`.
    rule : {"log_odds", "share"}, default="log_odds"
    abstain : float, default=0.0
        Of "log_odds": a patient whose likeliest class has a lower probability gets no verdict; for two classes 0.9 leaves those
        between 0.1 and 0.9 undecided.
    positive : class, optional
        Of "share", which needs it: what is counted, "blast" say.
    line : float, default=0.2
        Of "share": 20 % blasts, from which the World Health Organization speaks of acute myeloid leukaemia.
    level : float, default=0.95
        Of "share": confidence of the interval.
    cv : int, default=5
        Number of inner folds; fewer where a class has fewer patients.

    Attributes
    ----------
    classes_ : ndarray of shape (k,)
        Of `y`.
    estimator_ : estimator
        Fitted on everything.
    n_held_out_groups_ : int
        Patients on which the rule was learned.
    slope_, offsets_ : float, ndarray of shape (k,)
        Of "log_odds": probabilities of a patient are ``softmax(slope_ * mean log-odds + offsets_)``.
    sensitivity_, specificity_ : ndarray of shape (2,)
        Of "share": the rate of right answers on cells of held-out patients, and the number of independent answers by which a
        patient not seen before is foretold as well; far fewer than cells where patients differ.
    n_features_in_, feature_names_in_ : int, ndarray
        Where the estimator has them.

    Notes
    -----
    It belongs last in a pipeline, behind the :class:`~leukofeat.features.FeatureSet`, around all that is fitted on columns: images are
    then measured once and not once an inner fold. ``pipeline.fit(X, y, **group_params(pipeline, groups))`` hands it the patients
    (:func:`~leukofeat.calibration.group_params`; :func:`~leukofeat.evaluation.compare` does so by itself), and
    ``found = pipeline[-2].extract(pipeline[:-2].transform(X))`` and
    ``pipeline[-1].predict_groups(found.values, groups, n_cells=found.n_cells)`` give a row a patient.

    Rows of X without any value, as `FeatureSet(on_error="nan")` gives for an image that failed, are counted and neither fitted on nor
    given a vote; nor is an image of which `predict_groups` is told that it has no cell. It has to be told: in the columns alone such an
    image has its values, counts of 0, and gets a vote by the others as they are filled in.

    `predict` and `predict_proba` are about single rows: under "log_odds" what would be said of a patient of whom there is
    that image alone (without abstaining), under "share" the estimator's own answers.

    Where no patient of some class can be held out, as where it has a single one, a warning says so: "log_odds" then leaves
    probabilities as they come from the mean, and "share" gives no verdict. Around an estimator that asks for groups, as a
    :class:`~leukofeat.calibration.CalibratedClassifier` does, "log_odds" needs three patients a class: what is left of two has nothing
    to be calibrated on.

    References
    ----------
    .. [1] Platt, "Probabilistic outputs for support vector machines", 1999.
    .. [2] Rogan, Gladen, Am. J. Epidemiol. 107, 1978; Lang, Reiczigel, Prev. Vet. Med. 113, 2014.

    Examples
    --------
    >>> from leukofeat.baselines import make_baseline
    >>> from leukofeat.calibration import group_params
    >>> from leukofeat.classification import GroupClassifier
    >>> from leukofeat.datasets import make_smears
    >>> from sklearn.pipeline import Pipeline
    >>> smears = make_smears(n_samples=24, size=64, n_slides=12, random_state=0)
    >>> steps = make_baseline("leukofeat_svm").steps
    >>> model = Pipeline([*steps[:-1], ("patients", GroupClassifier(steps[-1][1], abstain=0.4))])
    >>> model = model.fit(smears.images, smears.target, **group_params(model, smears.groups))
    >>> found = model[-2].extract(model[:-2].transform(smears.images))
    >>> table = model[-1].predict_groups(found.values, smears.groups, n_cells=found.n_cells)
    >>> len(table), list(table)[:5], list(table)[-2:]
    (12, ['group', 'n_images', 'n_voting', 'n_cells', 'score_0'], ['verdict', 'reason'])
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": True}  # as scikit-learn's group splitters do
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "rule": [OneOf("log_odds", "share")],
        "abstain": [Number(Real, 0, 1)],
        "line": [Number(Real, 0, 1)],
        "level": [Number(Real, 0.5, 0.999)],
        "cv": [Number(Integral, 2)],
    }

    def __init__(
        self,
        estimator: Any,
        *,
        rule: str = "log_odds",
        abstain: float = 0.0,
        positive: Any = None,
        line: float = 0.2,
        level: float = 0.95,
        cv: int = 5,
    ) -> None:
        self.estimator = estimator
        self.rule = rule
        self.abstain = abstain
        self.positive = positive
        self.line = line
        self.level = level
        self.cv = cv

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags

    def get_metadata_routing(self) -> MetadataRouter:
        """What `fit` asks for itself (`groups`), and hands on to the estimator."""
        mapping = MethodMapping().add(caller="fit", callee="fit")
        return MetadataRouter(owner=self).add_self_request(self).add(estimator=self.estimator, method_mapping=mapping)

    def fit(self, X: Any, y: Any, groups: Any = None, **fit_params: Any) -> Self:
        """Fit the estimator, and learn the rule on patients that were held out.

        Parameters
        ----------
        X : array-like, or whatever the estimator takes, of length n
        y : array-like of shape (n,)
            Label of the image's patient under "log_odds", of the cell itself under "share".
        groups : array-like of shape (n,)
            Slide or patient of each row, numbers or text. An estimator inside that asks for groups is given them too.
        **fit_params
            For the estimator's `fit`; of what has length n, each fold gets its rows.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            When "log_odds" is asked of an estimator without `predict_proba`.
        ValueError
            Without groups, or when one or a class is missing; under "log_odds" when a patient has images of two classes; under "share" when
            `positive` is none of the classes; when no row has a value.
        """
        self._check_can_be_fitted(groups)
        check_labelled(y)
        check_classification_targets(y)
        check_consistent_length(X, y, groups)
        X, y = indexable(X, column_or_1d(y, warn=True))
        group_codes(groups)  # before rows are left out, so that a message has the user's row
        groups = pd.Series(groups, dtype=object).to_numpy()
        rows = rows_with_values(X, y, groups, self._params_for_estimator(groups, fit_params))
        self.classes_, target = np.unique(rows.y, return_inverse=True)
        rule = self._rule()
        rule.check(rows)
        self.estimator_ = clone(self.estimator).fit(rows.X, rows.y, **rows.fit_params)
        take_input_of(self, self.estimator_)
        held_out = hold_out_groups(self.estimator, rows, target, self.cv, rule)
        self.n_held_out_groups_ = held_out.n_groups
        for name in (*LogOdds.learned, *Share.learned):  # of a fit by the other rule
            self.__dict__.pop(name, None)
        for name, learned in rule.learn(held_out).items():
            setattr(self, name, learned)
        return self

    def predict_groups(self, X: Any, groups: Any, *, n_cells: Any = None) -> pd.DataFrame:
        """Verdict of each slide or patient.

        Parameters
        ----------
        X : array-like, or whatever the estimator takes, of length n
            May be empty.
        groups : array-like of shape (n,)
            Slide or patient of each row.
        n_cells : array-like of shape (n,), int, optional
            Cells that were found in each image, as in `FeatureSet.extract(images).n_cells`: one with 0 has no vote; below 0,
            NaN or None where it is not known.

        Returns
        -------
        DataFrame
            A row a group, in the order of their first row: `group`, `n_images` (all of its rows), `n_voting`, with `n_cells` their
            sum; under "log_odds" `score_<class>`, the probability of each class, NaN without a vote; under "share" `share_called`,
            `share` (corrected; NaN where the classifier is no better than chance), `share_low` and `share_high`; then `verdict`,
            None where there is none, and `reason`, why.

        Raises
        ------
        ValueError
            When a group is missing, or lengths differ.
        TypeError
            When a number of `n_cells` is no whole one.
        """
        check_is_fitted(self)
        check_consistent_length(X, groups, *([] if n_cells is None else [n_cells]))
        (X,) = indexable(X)
        codes = group_codes(groups)
        votes = has_values(X)
        if n_cells is not None:
            n_cells = numbers_of_cells(n_cells)
            votes &= n_cells != 0
        rule, rows = self._rule(), np.flatnonzero(votes)
        answers = rule.answers(self.estimator_, _safe_indexing(X, rows)) if len(rows) else rule.no_answers()
        table = grouped(groups, codes, votes, n_cells)
        if self.rule == "log_odds":
            mean = mean_log_odds(answers, codes[rows], len(table))
            return log_odds_table(table, scaled(mean, self.slope_, self.offsets_), self.classes_, self.abstain)
        called = np.bincount(codes[rows], answers == self.positive, len(table))
        rates = self.sensitivity_, self.specificity_
        return share_table(table, called, rates, line=self.line, level=self.level)

    @available_if(_gives_probabilities)
    def predict_proba(self, X: Any) -> np.ndarray:
        """Probability of each class for single rows, shape (n, k), columns as in `classes_`.

        Under "log_odds" that of a patient of whom there is this image alone; else the estimator's own.
        """
        check_is_fitted(self)
        if self.rule == "share":
            return self.estimator_.predict_proba(X)
        told = np.asarray(self.estimator_.predict_proba(X), np.float64)
        return scaled(mean_log_odds(told, np.arange(len(told)), len(told)), self.slope_, self.offsets_)

    def predict(self, X: Any) -> np.ndarray:
        """Class of single rows, shape (n,): the likeliest under "log_odds", else the estimator's own verdict."""
        check_is_fitted(self)
        if self.rule == "share":
            return self.estimator_.predict(X)
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def _check_can_be_fitted(self, groups: Any) -> None:
        self._validate_params()
        if self.rule == "log_odds" and not hasattr(self.estimator, "predict_proba"):
            raise TypeError(
                f"{self.estimator!r} has no predict_proba, of which rule='log_odds' takes the mean; put it into a "
                "leukofeat.calibration.CalibratedClassifier."
            )
        if groups is None:
            raise ValueError(
                "GroupClassifier.fit needs groups, the slide or patient of each row; in a pipeline: "
                "pipeline.fit(X, y, **leukofeat.calibration.group_params(pipeline, groups))."
            )

    def _params_for_estimator(self, groups: np.ndarray, fit_params: dict[str, Any]) -> dict[str, Any]:
        if get_config()["enable_metadata_routing"]:
            return process_routing(self, "fit", groups=groups, **fit_params).estimator.fit
        return fit_params | group_params(self.estimator, groups)

    def _rule(self) -> LogOdds | Share:
        return LogOdds(self.classes_) if self.rule == "log_odds" else Share(self.classes_, self.positive)
