"""GroupClassifier: what is learned stays within folds of patients, and what a stranger brings is said or survived."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat.baselines import make_baseline
from leukofeat.calibration import CalibratedClassifier, group_params
from leukofeat.classification import GroupClassifier
from leukofeat.datasets import make_smears
from leukofeat.evaluation import compare
from leukofeat.features import FeatureSet, GeometryFeatures
from leukofeat.persistence import load, save
from leukofeat.pipeline import split_pipeline
from leukofeat.segmentation import LeukocyteSegmenter


def patients(rng, n_patients=24, n_images=8, n_classes=2):
    """Images of patients of one class each, who differ by more than images of one patient do."""
    label = np.arange(n_patients) % n_classes
    own = rng.normal(size=(n_patients, 3)) + 1.5 * np.eye(3)[label]
    groups = np.repeat(np.arange(n_patients), n_images)
    return own[groups] + 0.5 * rng.normal(size=(len(groups), 3)), label[groups], groups


def cells(rng, n_patients=24, n_cells=60, shift=4.0):
    """Cells of patients with every share of blasts."""
    groups = np.repeat(np.arange(n_patients), n_cells)
    blast = rng.random(len(groups)) < np.linspace(0, 1, n_patients)[groups]
    X = rng.normal(size=(len(groups), 2)) + shift * blast[:, None]
    return X, np.where(blast, "blast", "lymphocyte"), groups


class Spy(ClassifierMixin, BaseEstimator):
    """Notes which patients it is fitted on and asked of; the last column tells the patient."""

    log: ClassVar[list[tuple[str, set[float]]]] = []

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.log.append(("fit", set(X[:, -1])))
        return self

    def predict_proba(self, X):
        self.log.append(("ask", set(X[:, -1])))
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


@pytest.mark.parametrize("rule", ["log_odds", "share"])
def test_no_patient_is_asked_of_a_model_that_knows_him(rule, rng):
    X, y, groups = patients(rng)
    Spy.log.clear()
    GroupClassifier(Spy(), rule=rule, positive=1).fit(np.c_[X, groups], y, groups)
    fits = [
        (fitted, asked)
        for (a, fitted), (b, asked) in zip(Spy.log, Spy.log[1:], strict=False)
        if (a, b) == ("fit", "ask")
    ]
    assert len(fits) == 5
    assert all(not fitted & asked for fitted, asked in fits)
    assert set.union(*(asked for _, asked in fits)) == set(groups)
    assert Spy.log[0] == ("fit", set(groups))


def test_a_row_a_patient(rng):
    X, y, groups = patients(rng)
    model = GroupClassifier(LogisticRegression()).fit(X, y, groups)
    order = rng.permutation(len(X))
    table = model.predict_groups(X[order], groups[order]).set_index("group")
    assert table.index.tolist() == list(dict.fromkeys(groups[order]))
    assert (table["n_images"] == 8).all()
    np.testing.assert_allclose(table[["score_0", "score_1"]].sum(axis=1), 1)
    assert (table["verdict"] == table[["score_0", "score_1"]].to_numpy().argmax(axis=1)).all()
    straight = model.predict_groups(X, groups).set_index("group")
    pd.testing.assert_frame_equal(straight, table.loc[straight.index])
    alone = model.predict_groups(X[:8], groups[:8]).iloc[0]
    assert alone["score_1"] == pytest.approx(table.loc[0, "score_1"])


def test_a_patient_of_one_image_is_what_predict_says(rng):
    X, y, groups = patients(rng, n_classes=3)
    model = GroupClassifier(LogisticRegression()).fit(X, y, groups)
    table = model.predict_groups(X, np.arange(len(X)))
    np.testing.assert_allclose(table.filter(like="score_"), model.predict_proba(X))
    np.testing.assert_array_equal(table["verdict"].astype(int), model.predict(X))


def test_patients_are_less_sure_than_their_many_images_make_believe(rng):
    X, y, groups = patients(rng, n_patients=60, n_images=20)
    model = GroupClassifier(LogisticRegression(C=100)).fit(X[:600], y[:600], groups[:600])
    table = model.predict_groups(X[600:], groups[600:])
    truth = y[600::20]
    loss = -np.log(table[["score_0", "score_1"]].to_numpy()[np.arange(30), truth]).mean()
    assert loss < np.log(2) * 0.9


def test_abstaining(rng):
    X, y, groups = patients(rng)
    free = GroupClassifier(LogisticRegression()).fit(X, y, groups).predict_groups(X, groups)
    held = GroupClassifier(LogisticRegression(), abstain=0.8).fit(X, y, groups).predict_groups(X, groups)
    unsure = free[["score_0", "score_1"]].max(axis=1) < 0.8
    assert 0 < unsure.sum() < len(free)
    np.testing.assert_array_equal(held["verdict"].isna(), unsure)
    assert held.loc[unsure, "reason"].str.contains("below 0.8").all()
    assert (held.loc[~unsure, "reason"] == "").all()
    assert not free["verdict"].isna().any()


def test_what_the_other_rule_learned_is_forgotten(rng):
    X, y, groups = patients(rng)
    model = GroupClassifier(LogisticRegression(), positive=1).fit(X, y, groups)
    learned = {"log_odds": {"slope_", "offsets_"}, "share": {"sensitivity_", "specificity_"}}
    for rule in ("log_odds", "share", "log_odds"):
        model.set_params(rule=rule).fit(X, y, groups)
        assert vars(model).keys() & set.union(*learned.values()) == learned[rule]


def test_share_of_blasts(rng):
    X, y, groups = cells(rng)
    model = GroupClassifier(LogisticRegression(), rule="share", positive="blast").fit(X, y, groups)
    X, y, groups = cells(rng, n_patients=12, n_cells=300)
    truth = pd.Series(y == "blast").groupby(groups).mean().to_numpy()
    table = model.predict_groups(X, groups)
    np.testing.assert_allclose(table["share"], truth, atol=0.1)
    assert ((table["share_low"] <= truth) & (truth <= table["share_high"])).mean() >= 0.8
    above, below = table["share_low"] > 0.2, table["share_high"] < 0.2
    assert (table.loc[above, "verdict"] == "positive").all()
    assert (table.loc[below, "verdict"] == "negative").all()
    across = ~(above | below)
    assert above.any()
    assert below.any()
    assert table.loc[across, "verdict"].isna().all()
    assert (table.loc[across, "reason"] != "").all()
    np.testing.assert_array_equal(model.predict(X), model.estimator_.predict(X))


def test_errors_of_the_classifier_widen_the_share(rng):
    width = {}
    for shift in (6.0, 1.0):
        X, y, groups = cells(rng, shift=shift)
        model = GroupClassifier(LogisticRegression(), rule="share", positive="blast").fit(X, y, groups)
        table = model.predict_groups(X, groups)
        width[shift] = (table["share_high"] - table["share_low"]).mean()
    assert width[1.0] > 1.5 * width[6.0]


@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame])
def test_what_failed_is_counted_and_has_no_vote(container, rng):
    X, y, groups = patients(rng)
    X[8:16] = np.nan  # all of patient 1
    X[0] = np.nan
    model = GroupClassifier(LogisticRegression()).fit(container(X), y, groups)
    table = model.predict_groups(container(X), groups, n_cells=np.where(np.arange(len(X)) == 2, 0, 1))
    assert table.loc[:2, "n_voting"].tolist() == [6, 0, 8]
    assert table.loc[:2, "n_cells"].tolist() == [7, 8, 8]
    assert (table["n_images"] == 8).all()
    assert table.loc[1, "verdict"] is None
    assert np.isnan(table.loc[1, "score_0"])
    assert table.loc[1, "reason"] == "none of its images could be judged"
    kept = np.flatnonzero(~np.isnan(X[:, 0]))
    same = GroupClassifier(LogisticRegression()).fit(X[kept], y[kept], groups[kept])
    assert same.slope_ == model.slope_


@pytest.mark.parametrize(
    "n_cells",
    [
        [-1, 2, 0],
        [np.nan, 2, 0],
        [None, 2, 0],
        pd.Series([pd.NA, 2, 0], [7, 8, 9], dtype="Int64"),
        pl.Series([None, 2, 0]),
    ],
)
def test_a_number_of_cells_may_be_unknown(n_cells, rng):
    X, y, groups = patients(rng)
    model = GroupClassifier(LogisticRegression()).fit(X, y, groups)
    table = model.predict_groups(X[:3], ["a", "b", "c"], n_cells=n_cells)
    assert table["n_voting"].tolist() == [1, 1, 0]
    assert table["n_cells"].isna().tolist() == [True, False, False]
    for wrong in ([0.5, 2, 0], ["few", 2, 0]):
        with pytest.raises(TypeError, match=r"n_cells must be whole numbers of cells, NaN or None where .*\.n_cells"):
            model.predict_groups(X[:3], ["a", "b", "c"], n_cells=wrong)


def test_nobody_and_nothing(rng):
    X, y, groups = patients(rng)
    for model in (
        GroupClassifier(LogisticRegression()),
        GroupClassifier(LogisticRegression(), rule="share", positive=1),
    ):
        model.fit(X, y, groups)
        assert len(model.predict_groups(X[:0], groups[:0])) == 0
        none = model.predict_groups(X[:2], ["a", "b"], n_cells=[0, 0])
        assert none["verdict"].isna().all()
        assert (none["reason"] == "none of its images could be judged").all()
    with pytest.raises(ValueError, match="None of 192 rows has a value"):
        model.fit(np.full(X.shape, np.nan), y, groups)


@pytest.mark.parametrize("name", [str, int, lambda i: f"Patient {i:02}", lambda i: (-1) ** i * i * 10**12])
def test_names_of_patients_do_not_matter(name, rng):
    X, y, groups = patients(rng)
    expected = GroupClassifier(LogisticRegression()).fit(X, y, groups)
    named = [name(int(i)) for i in groups]
    model = GroupClassifier(LogisticRegression()).fit(X, y, named)
    table = model.predict_groups(X, named)
    assert table["group"].tolist() == [name(i) for i in range(24)]
    np.testing.assert_array_equal(table["score_1"], expected.predict_groups(X, groups)["score_1"])


def test_thousands_of_patients(rng):
    X, y, groups = patients(rng, n_patients=6000, n_images=2)
    table = GroupClassifier(LogisticRegression()).fit(X, y, groups).predict_groups(X, groups)
    assert len(table) == 6000


def test_what_cannot_be_fitted_is_said(rng):
    X, y, groups = patients(rng)
    model = GroupClassifier(LogisticRegression())
    with pytest.raises(ValueError, match=r"needs groups.*group_params"):
        model.fit(X, y)
    with pytest.raises(ValueError, match="groups has none for image 3"):
        model.fit(X, y, [None if i == 3 else g for i, g in enumerate(groups)])
    with pytest.raises(ValueError, match=r"Group '0' has images of the classes 0 and 1.*rule='share'"):
        model.fit(X, y, np.where(groups == 1, 0, groups))
    with pytest.raises(TypeError, match=r"no predict_proba.*CalibratedClassifier"):
        GroupClassifier(SVC()).fit(X, y, groups)
    for positive in (None, "blast"):
        with pytest.raises(ValueError, match="positive must name one of the classes 0, 1"):
            GroupClassifier(SVC(), rule="share", positive=positive).fit(X, y, groups)
    for params in ({"rule": "mean"}, {"abstain": 2}, {"line": -0.1}, {"level": 1.0}, {"cv": 1}):
        with pytest.raises(ValueError, match=next(iter(params))):
            GroupClassifier(LogisticRegression(), **params).fit(X, y, groups)
    with pytest.raises(ValueError, match="inconsistent numbers"):
        model.fit(X, y, groups).predict_groups(X, groups[1:])


def test_a_patient_a_class_leaves_nothing_to_learn_from(rng):
    X, y, groups = patients(rng, n_patients=2)
    with pytest.warns(UserWarning, match="of 2 groups too few of class 0, 1 could be held out"):
        model = GroupClassifier(LogisticRegression()).fit(X, y, groups)
    assert (model.slope_, model.n_held_out_groups_) == (1.0, 0)
    X, y, _ = cells(rng, n_patients=2)
    with pytest.warns(UserWarning, match="of 1 groups too few of class blast, not blast could be held out"):
        model = GroupClassifier(LogisticRegression(), rule="share", positive="blast").fit(X, y, np.zeros(len(X)))
    table = model.predict_groups(X, np.zeros(len(X)))
    assert table["verdict"][0] is None
    assert (table["share_low"][0], table["share_high"][0]) == (0, 1)
    assert "nothing is known" in table["reason"][0]


def test_a_class_of_one_patient_is_never_held_out_and_no_rule_is_learned_without_it(rng):
    X, y, groups = patients(rng)
    X[groups == 0] += 20
    y = np.where(groups == 0, 2, y)
    Spy.log.clear()
    with pytest.warns(UserWarning, match="of 24 groups too few of class 2 could be held out"):
        GroupClassifier(Spy()).fit(np.c_[X, groups], y, groups)
    assert all(0 not in asked for what, asked in Spy.log if what == "ask")
    with pytest.warns(UserWarning, match="too few of class 2"):
        model = GroupClassifier(LogisticRegression(class_weight="balanced")).fit(X, y, groups)
    assert (model.slope_, model.offsets_.tolist(), model.n_held_out_groups_) == (1.0, [0.0] * 3, 0)
    assert model.predict_groups(X, groups)["verdict"][0] == 2


@pytest.mark.filterwarnings("ignore:CalibratedClassifier. none of")
def test_two_patients_a_class_are_too_few_for_a_rule_around_a_calibration(rng):
    X, y, groups = patients(rng, n_patients=6, n_images=20)
    inner = CalibratedClassifier(SVC(kernel="linear", C=1e-4))  # whose decision values are tiny
    two = groups < 4
    with pytest.warns(UserWarning, match=r"too few of class 0, 1 could be held out.*at least three groups"):
        model = GroupClassifier(inner).fit(X[two], y[two], groups[two])
    assert (model.slope_, model.offsets_.tolist(), model.n_held_out_groups_) == (1.0, [0.0, 0.0], 0)
    assert model.estimator_.temperature_ < 0.1, "which a slope for a temperature of 1 would not go with"
    assert GroupClassifier(inner).fit(X, y, groups).n_held_out_groups_ == 6
    assert GroupClassifier(LogisticRegression()).fit(X[two], y[two], groups[two]).n_held_out_groups_ == 4
    counted = GroupClassifier(inner, rule="share", positive=1).fit(X[two], y[two], groups[two])  # by verdicts alone
    assert counted.n_held_out_groups_ == 4


@pytest.mark.parametrize("routing", [True, False])
def test_groups_reach_it_in_a_pipeline_and_the_calibration_inside(routing, rng, monkeypatch):
    X, y, groups = patients(rng)
    seen = []
    fit = CalibratedClassifier.fit

    def spied(self, X, y, groups=None, **params):
        seen.append(groups is not None and len(groups) == len(X))
        return fit(self, X, y, groups, **params)

    with sklearn.config_context(enable_metadata_routing=routing):
        model = make_pipeline(
            StandardScaler(), GroupClassifier(make_pipeline(StandardScaler(), CalibratedClassifier(SVC())))
        )
        params = group_params(model, groups)
        assert list(params) == (["groups"] if routing else ["groupclassifier__groups"])
        monkeypatch.setattr(CalibratedClassifier, "fit", spied)
        model.fit(X, y, **params)
        assert seen == [True] * 6
        outer = {} if routing else {"groups": groups}
        found = cross_validate(model, X, y, params=params, cv=GroupKFold(3), error_score="raise", **outer)
    assert found["test_score"].mean() > 0.5


def test_conventions(rng, tmp_path):
    X, y, groups = patients(rng)
    inner = make_pipeline(StandardScaler(), LogisticRegression())
    for model in (GroupClassifier(inner, abstain=0.6), GroupClassifier(inner, rule="share", positive=1)):
        twin = clone(model).set_params(estimator__logisticregression__C=1.0).fit(X, y, groups)
        model.fit(X, y, groups)
        assert model.n_features_in_ == 3
        assert not hasattr(GroupClassifier(SVC(), rule="share"), "predict_proba")
        save(model, tmp_path / "model.skops")
        for other in (twin, load(tmp_path / "model.skops")):
            pd.testing.assert_frame_equal(model.predict_groups(X, groups), other.predict_groups(X, groups))


def test_last_in_a_pipeline_images_are_measured_once(smears, monkeypatch):
    stages, features, rest = split_pipeline(make_baseline("four_colors"))
    model = make_pipeline(*stages, features, GroupClassifier(rest, cv=2))
    groups, y = np.arange(8), smears.target % 2
    calls = []
    transform = type(features).transform
    monkeypatch.setattr(type(features), "transform", lambda self, X: calls.append(len(X)) or transform(self, X))
    model.fit(smears.images, y, **group_params(model, groups))
    assert sum(calls) <= 8
    found = compare({"patients": model}, smears.images, y, groups=groups, cv=4, n_bootstrap=10)
    assert len(found.predictions) == 8


@pytest.mark.filterwarnings("ignore::leukofeat.features.EmptyWarning")
def test_a_patient_without_a_cell_gets_no_verdict_by_the_route_of_the_docstring():
    smears = make_smears(n_samples=16, size=96, n_slides=16, random_state=0)
    features = FeatureSet([GeometryFeatures()], columns=["cell_count", "nucleus_area_mean"])
    inner = make_pipeline(SimpleImputer(keep_empty_features=True), LogisticRegression())
    model = make_pipeline(LeukocyteSegmenter(), features, GroupClassifier(inner))
    model.fit(smears.images, smears.target % 2, **group_params(model, smears.groups))
    images = [*smears.images[:2], np.full((96, 96, 3), 230, np.uint8)]
    found = model[-2].extract(model[:-2].transform(images))
    assert found.n_cells[-1] == 0
    assert found.values[-1, 0] == 0, "a value, so that columns alone do not tell"
    table = model[-1].predict_groups(found.values, ["a", "a", "b"], n_cells=found.n_cells)
    assert table["verdict"].isna().tolist() == [False, True]
    assert table["reason"][1] == "none of its images could be judged"


def test_around_a_pipeline_of_images(smears):
    groups, y = np.arange(8), smears.target % 2
    model = GroupClassifier(make_baseline("four_colors"), cv=2).fit(smears.images, y, groups)
    assert len(model.predict_groups(smears.images, groups)) == 8


def test_rows_without_a_value_have_no_vote_in_any_kind_of_table(rng):
    X, y, groups = patients(rng)
    X[3] = np.nan
    model = GroupClassifier(make_pipeline(SimpleImputer(), LogisticRegression()))
    tables = [kind(X) for kind in (np.asarray, pd.DataFrame, pl.DataFrame)]
    votes = [model.fit(X, y, groups=groups).predict_groups(X, groups)["n_voting"].tolist() for X in tables]
    assert votes[0][0] == 7
    assert votes[0] == votes[1] == votes[2]
