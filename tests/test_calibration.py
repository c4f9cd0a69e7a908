"""Probabilities from decision values: what they are learned on, what becomes of too few images, and how groups get there."""

from __future__ import annotations

import pickle
import warnings
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_iris, make_classification
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.utils.estimator_checks import check_estimator

from leukofeat.augmentation import Augmented
from leukofeat.baselines import make_baseline
from leukofeat.calibration import CalibratedClassifier, group_params
from leukofeat.persistence import load, save
from leukofeat.whitening import WithinClassWhitener
from tests.stages import MeanColor


def by_pairs(svm: Any, **params: Any) -> CalibratedClassifier:
    return CalibratedClassifier(svm.set_params(decision_function_shape="ovo"), decision_function_shape="ovo", **params)


class Recorder(ClassifierMixin, BaseEstimator):
    """Remembers what it was fitted on and asked of, over all its copies; X is one column, the number of the row."""

    log: ClassVar[list[tuple[str, list[int]]]] = []

    def fit(self, X, y, sample_weight=None):
        self.classes_ = np.unique(y)
        self.log.append(("fit", np.asarray(X)[:, 0].astype(int).tolist()))
        if sample_weight is not None:
            np.testing.assert_array_equal(sample_weight, np.asarray(X)[:, 0])
        return self

    def decision_function(self, X):
        self.log.append(("ask", np.asarray(X)[:, 0].astype(int).tolist()))
        return np.ones((len(X), len(self.classes_))) if len(self.classes_) > 2 else np.ones(len(X))

    def predict(self, X):
        return np.full(len(X), self.classes_[int(len(self.classes_) == 2)])


def recorded(y, groups=None, cv=5, **params) -> list[tuple[set[int], set[int]]]:
    """Rows of each inner fold: fitted on, and held out."""
    Recorder.log.clear()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "CalibratedClassifier: none of")
        CalibratedClassifier(Recorder(), cv=cv).fit(np.arange(len(y))[:, None], y, groups, **params)
    (kind, everything), *rest = Recorder.log
    assert kind == "fit"
    assert everything == list(range(len(y)))
    assert [kind for kind, _ in rest] == ["fit", "ask"] * (len(rest) // 2)
    return [(set(a), set(b)) for (_, a), (_, b) in zip(rest[::2], rest[1::2], strict=True)]


def test_scikit_learn_takes_it_for_a_classifier():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(CalibratedClassifier(LogisticRegression(), cv=3))


def test_the_map_is_learned_on_images_that_were_held_out(rng):
    y = rng.integers(0, 3, 40)
    folds = recorded(y)
    assert len(folds) == 5
    assert sorted(row for _, held in folds for row in held) == list(range(40))
    for fitted, held in folds:
        assert not fitted & held
        assert len(fitted) + len(held) == 40


def test_groups_are_kept_together(rng):
    groups = np.repeat(np.arange(15), 4)
    order = rng.permutation(60)
    y, groups = (groups % 3)[order], np.array([f"slide {g}" for g in groups])[order]
    folds = recorded(y, pd.Series(groups))
    assert len(folds) == 5
    assert sum(len(held) for _, held in folds) == 60
    for fitted, held in folds:
        assert not set(groups[list(fitted)]) & set(groups[list(held)])
        assert set(y[list(fitted)]) == {0, 1, 2}


def test_images_that_a_class_cannot_do_without_stay_in_training():
    y = np.array([0] * 12 + [1] * 12 + [2] * 4)
    groups = np.r_[np.arange(24) // 4, [6] * 4]
    groups[0] = 6  # the group that holds class 2 alone has an image of class 0, too
    folds = recorded(y, groups)
    assert folds
    for fitted, held in folds:
        assert {0, 24, 25, 26, 27} <= fitted
        assert not fitted & held
    folds = recorded(np.array([0] * 9 + [1]))
    assert all(9 in fitted for fitted, _ in folds)
    assert sum(len(held) for _, held in folds) == 9


def test_no_class_has_less_of_a_training_part_because_it_is_held_out():
    """Three slides of each of four classes: three folds of one slide a class."""
    groups = np.repeat(np.arange(12), 2)
    y = groups % 4
    for fitted, _ in (folds := recorded(y, groups)):
        assert np.bincount(y[list(fitted)]).tolist() == [4, 4, 4, 4]
    assert len(folds) == 3
    more = np.r_[y, [0] * 16]  # the smallest class decides, but for one that cannot be held out at all
    assert len(recorded(more, np.r_[groups, np.repeat(np.arange(12, 20), 2)])) == 3
    assert len(recorded(np.r_[y, [4] * 2], np.r_[groups, [12] * 2])) == 3


FEW = {
    "two images in all": ([0, 1], None),
    "one class twice": ([0, 0, 1], None),
    "two of each": ([0, 0, 1, 1, 2, 2], None),
    "a class with one image": ([0] * 6 + [1] * 6 + [2], None),
    "one group a class": ([0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 1]),
    "one group in all": ([0, 0, 0, 1, 1, 1], [0] * 6),
    "two groups a class": ([0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 2, 2, 3, 3]),
    "a group of its own each": ([0, 1, 2, 0, 1, 2], [0, 1, 2, 3, 4, 5]),
    "one group a class of one": ([0] * 6 + [1] * 6 + [2] * 3, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 6]),
}


@pytest.mark.parametrize("name", FEW)
@pytest.mark.parametrize("cv", [2, 5, 50])
def test_too_few_images_still_give_probabilities(name, cv, rng):
    y, groups = FEW[name]
    X = rng.normal(size=(len(y), 2)) + np.array(y)[:, None]
    p = CalibratedClassifier(SVC(), cv=cv).fit(X, y, groups).predict_proba(X)
    assert np.isfinite(p).all()
    np.testing.assert_allclose(p.sum(axis=1), 1)


def test_what_cannot_be_calibrated_is_said(rng):
    X = rng.normal(size=(6, 2))
    with pytest.warns(
        UserWarning, match=r"none of 6 images could be held out.*not calibrated; every class needs images of"
    ):
        model = CalibratedClassifier(SVC()).fit(X, [0, 0, 0, 1, 1, 1], groups=[0, 0, 0, 1, 1, 1])
    assert (model.temperature_, model.n_held_out_) == (1, 0)
    whitened = make_pipeline(WithinClassWhitener(), SVC())
    with pytest.warns(UserWarning, match=r"none of 3 .* could not be fitted on what was left: .*no column varies"):
        CalibratedClassifier(whitened).fit(X[:3], [0, 0, 1])


def test_what_fails_on_everything_is_raised(rng):
    X = rng.normal(size=(6, 2))
    X[0, 0] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        CalibratedClassifier(SVC()).fit(X, [0, 0, 0, 1, 1, 1])


@pytest.mark.parametrize("shape", ["ovo", "ovr"])
def test_ties_are_settled_as_the_estimator_settles_them(shape):
    X, y = np.zeros((16, 2)), np.arange(16) % 4
    model = CalibratedClassifier(SVC(decision_function_shape=shape), decision_function_shape=shape).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), model.estimator_.predict(X))
    np.testing.assert_array_equal(model.classes_[model.predict_proba(X).argmax(axis=1)], model.predict(X))
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)


@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_verdicts_are_the_estimators_own(n_classes, class_weight):
    """Of noisy classes, where pairs contradict each other."""
    X, y = make_classification(
        400, 6, n_informative=4, n_classes=n_classes, n_clusters_per_class=1, flip_y=0.4, random_state=0
    )
    y = np.array([f"class {c}" for c in y], object)
    svm = SVC(class_weight=class_weight)
    for model in (by_pairs(clone(svm)), CalibratedClassifier(LogisticRegression()), CalibratedClassifier(LinearSVC())):
        model.fit(X[::2], y[::2])
        np.testing.assert_array_equal(model.predict(X), model.estimator_.predict(X))
        p = model.predict_proba(X)
        np.testing.assert_array_equal(model.classes_[p.argmax(axis=1)], model.predict(X))
        assert log_loss(y[1::2], p[1::2]) < np.log(n_classes)


def test_probabilities_mean_what_they_say(rng):
    """Two normal classes, of which the true probabilities are known."""
    y = rng.integers(0, 2, 3000)
    X = rng.normal(size=(3000, 1)) + 2 * y[:, None]
    p = CalibratedClassifier(SVC(kernel="linear", C=0.1)).fit(X, y).predict_proba(X)[:, 1]
    np.testing.assert_allclose(p, 1 / (1 + np.exp(2 - 2 * X[:, 0])), atol=0.05)


def test_noise_is_not_believed(rng):
    """More columns than rows: what is supervised separates its own training images perfectly, and no other."""
    X, y = rng.normal(size=(120, 200)), rng.integers(0, 3, 120)
    model = by_pairs(SVC(kernel="linear"))
    model.estimator = make_pipeline(WithinClassWhitener(), model.estimator)
    p = model.fit(X[:60], y[:60]).predict_proba(X[60:])
    assert (model.predict(X[:60]) == y[:60]).all()
    assert log_loss(y[60:], p) < 1.15 * np.log(3)


def test_twice_the_same_and_the_same_when_loaded(tmp_path):
    X, y = load_iris(return_X_y=True)
    model = by_pairs(SVC()).fit(X, y)
    expected = model.predict_proba(X).tobytes()
    assert by_pairs(SVC()).fit(X, y).predict_proba(X).tobytes() == expected
    save(model, tmp_path / "model.skops")
    for again in (load(tmp_path / "model.skops"), pickle.loads(pickle.dumps(model))):
        assert again.predict_proba(X).tobytes() == expected


def test_fit_parameters_get_the_rows_of_the_fold():
    y = np.arange(20) % 2
    assert recorded(y, sample_weight=np.arange(20.0))


def test_tables_and_labels_of_any_kind():
    X, y = load_iris(return_X_y=True, as_frame=True)
    for target in (y + 1, y.map({0: "a", 1: "b", 2: "c"}), (10 * y).to_numpy()):
        model = CalibratedClassifier(make_pipeline(StandardScaler(), LogisticRegression())).fit(X, target)
        assert model.feature_names_in_.tolist() == list(X)
        assert model.score(X, target) > 0.9
        assert model.predict_proba(X).max() > 0.9


def test_a_pipeline_from_images_on(smears):
    model = CalibratedClassifier(make_pipeline(MeanColor(), StandardScaler(), SVC())).fit(
        smears.images, smears.target % 2
    )
    assert model.predict_proba(smears.images).shape == (8, 2)


@pytest.mark.parametrize(
    ("model", "kind", "message"),
    [
        (CalibratedClassifier(RandomForestClassifier()), TypeError, "has no decision_function; use it as it is"),
        (CalibratedClassifier(SVC(), cv=1), ValueError, r"'cv' parameter .* must be an int in the range \[2, inf\)"),
        (CalibratedClassifier(SVC(), decision_function_shape="x"), ValueError, "'ovr', 'ovo'"),
        (CalibratedClassifier(SVC(), decision_function_shape="ovo"), ValueError, "gives 4 values .*='ovo' says 6"),
    ],
)
def test_bad_parameters(model, kind, message, rng):
    with pytest.raises(kind, match=message):
        model.fit(rng.normal(size=(24, 2)), np.arange(24) % 4)


def test_values_of_three_pairs_are_not_taken_for_those_of_three_classes(rng):
    X, y = rng.normal(size=(24, 2)), np.arange(24) % 3
    for own, around in (("ovo", "ovr"), ("ovr", "ovo")):
        model = CalibratedClassifier(SVC(decision_function_shape=own), decision_function_shape=around)
        with pytest.raises(ValueError, match=f"decision_function_shape='{own}' and what is around it '{around}'"):
            model.fit(X, y)
        assert model.fit(X, y % 2).n_held_out_ == 24  # of two classes there is one value either way
    search = GridSearchCV(make_pipeline(StandardScaler(), SVC(decision_function_shape="ovo")), {"svc__C": [1]}, cv=2)
    with pytest.raises(ValueError, match="set both alike"):
        CalibratedClassifier(search).fit(X, y)


def test_bad_groups(rng):
    X, y = rng.normal(size=(6, 2)), [0, 0, 0, 1, 1, 1]
    with pytest.raises(ValueError, match=r"groups has none for image 1 \(2 in all\)"):
        CalibratedClassifier(SVC()).fit(X, y, groups=["a", None, "b", None, "c", "c"])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        CalibratedClassifier(SVC()).fit(X, y, groups=[1, 2])


def recording_pipeline(cv: int = 3) -> Pipeline:
    return make_pipeline(StandardScaler(with_mean=False, with_std=False), CalibratedClassifier(Recorder(), cv=cv))


GROUPS = np.arange(36) // 3
CLASSES = GROUPS // 3 % 2


def assert_grouped() -> None:
    """Every inner fold since the log was cleared kept groups together."""
    asked = [
        (fit, ask)
        for (a, fit), (b, ask) in zip(Recorder.log, Recorder.log[1:], strict=False)
        if (a, b) == ("fit", "ask")
    ]
    assert asked
    for fit, ask in asked:
        assert not set(GROUPS[fit]) & set(GROUPS[ask])


@pytest.mark.parametrize("routing", [True, False])
@pytest.mark.parametrize("searched", [True, False])
def test_groups_reach_the_inner_folds(routing, searched):
    X = np.arange(36)[:, None]
    with sklearn.config_context(enable_metadata_routing=routing):
        model = recording_pipeline()
        if searched:
            model = GridSearchCV(model, {"calibratedclassifier__cv": [2, 3]}, cv=GroupKFold(2))
        params = group_params(model, GROUPS)
        expected = {"groups"} if routing else {"calibratedclassifier__groups", *(["groups"] if searched else [])}
        assert set(params) == expected
        Recorder.log.clear()
        model.fit(X, CLASSES, **params)
        assert_grouped()
        Recorder.log.clear()
        params = {"groups": GROUPS} if routing else params
        outer = {} if routing else {"groups": GROUPS}
        cross_validate(model, X, CLASSES, params=params, cv=GroupKFold(3), error_score="raise", **outer)
        assert_grouped()


@pytest.mark.parametrize("routing", [True, False])
def test_nobody_is_given_what_nobody_asked_for(routing):
    with sklearn.config_context(enable_metadata_routing=routing):
        plain = make_pipeline(StandardScaler(), PCA(), SVC())
        for model in (
            plain,
            SVC(),
            GridSearchCV(plain, {"svc__C": [1]}),
            "passthrough",
            Pipeline([("off", "passthrough")]),
        ):
            assert group_params(model, GROUPS) == {}
        assert group_params(recording_pipeline(), None) == {}
        bare = group_params(CalibratedClassifier(SVC()), GROUPS)
        assert list(bare) == ["groups"]
        nested = make_pipeline(PCA(), make_pipeline(PCA(), CalibratedClassifier(SVC())))
        assert list(group_params(nested, GROUPS)) == (
            ["groups"] if routing else ["pipeline__calibratedclassifier__groups"]
        )


def test_a_search_that_splits_without_groups_is_not_given_them():
    model = GridSearchCV(recording_pipeline(), {"calibratedclassifier__cv": [2]}, cv=2)
    assert list(group_params(model, GROUPS)) == ["calibratedclassifier__groups"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(np.arange(36)[:, None], CLASSES, **group_params(model, GROUPS))


def test_copies_of_an_image_stay_together(smears):
    """Augmented images inside: no copy of a held-out image is fitted on."""

    seen = {}

    class Spy(CalibratedClassifier):
        def fit(self, X, y, groups=None, **params):
            seen["groups"] = np.asarray(groups)
            return super().fit(X, y, groups, **params)

    inner = make_pipeline(MeanColor(), Spy(SVC()))
    Augmented(inner, n_copies=2).fit(smears.images, smears.target % 2)
    np.testing.assert_array_equal(seen["groups"], [*range(8), *np.repeat(np.arange(8), 2)])
    Augmented(inner, n_copies=1).fit(smears.images, smears.target % 2, groups=smears.groups)
    np.testing.assert_array_equal(seen["groups"], [*smears.groups, *smears.groups])
    model = Augmented(make_baseline("four_colors"), n_copies=1).fit(smears.images, smears.target % 2)
    assert model.predict_proba(smears.images).shape == (8, 2)
    assert list(group_params(model, smears.groups)) == ["groups"]


def test_a_calibration_that_groups_do_not_reach_is_refused_inside_augmented(smears):
    class Wrapped(BaseEstimator):
        def __init__(self, estimator):
            self.estimator = estimator

    with pytest.raises(ValueError, match=r"CalibratedClassifier\(cv=5\) inside Augmented holds back"):
        Augmented(Wrapped(CalibratedClassifier(SVC()))).fit(smears.images, smears.target)
