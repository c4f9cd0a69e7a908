"""selection_stability: what is fitted on what, and which columns are named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectorMixin, VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from leukofeat.baselines import make_baseline
from leukofeat.calibration import CalibratedClassifier
from leukofeat.evaluation import mean_jaccard, selection_stability, stability_index
from leukofeat.features import ColorFeatures, FeatureSet
from leukofeat.selection import make_selector


class Recorder(SelectorMixin, BaseEstimator):
    """Keeps the first column, and what it was fitted on."""

    seen: list = []  # noqa: RUF012

    def fit(self, X, y):
        self.n_features_in_ = X.shape[1]
        self.seen.append((np.array(X), np.array(y)))
        return self

    def _get_support_mask(self):
        return np.arange(self.n_features_in_) == 0


@pytest.fixture
def table(rng):
    y = np.repeat(["a", "b", "c"], 20)
    X = pd.DataFrame(rng.normal(size=(60, 9)), columns=[f"c{i}" for i in range(9)])
    X["c4"] += 6.0 * (y == "a")
    X["c7"] += 6.0 * (y == "b")
    X["constant"] = 1.0
    return X, y


def test_what_carries_the_class_is_always_chosen(table):
    found = selection_stability(make_selector("anova", k=2), *table, n_resamples=30)
    assert found.table.index[:2].tolist() == ["c4", "c7"]
    assert found.table["share"].tolist() == [1, 1] + [0] * 8
    assert (found.stability.value, found.jaccard, found.n_resamples) == (1, 1, 30)
    more = selection_stability(make_selector("anova", k=5), *table, n_resamples=30)
    assert 0.2 < more.stability.low < more.stability.value < 0.9
    assert more.stability == stability_index(more.chosen)
    assert more.jaccard == mean_jaccard(more.chosen)
    assert more.table.loc["c3", "n_chosen"] == more.chosen[:, 3].sum()
    assert more.table["share"].sum() == pytest.approx(5)


def test_noise_is_chosen_by_chance(rng):
    X, y = rng.normal(size=(40, 200)), np.tile([0, 1], 20)
    found = selection_stability(make_selector("information_gain", k=20), X, y, n_resamples=20)
    assert found.stability.value < 0.5
    assert set(found.table.index) == {f"x{i}" for i in range(200)}


def test_resamples_hold_each_class_as_often_as_it_is(table):
    Recorder.seen.clear()
    selection_stability(Recorder(), *table, n_resamples=5)
    assert len(Recorder.seen) == 5
    for X, y in Recorder.seen:
        assert np.unique(y, return_counts=True)[1].tolist() == [20, 20, 20]
        assert 30 < len(np.unique(X, axis=0)) < 50  # drawn with replacement


def test_groups_are_drawn_whole_and_every_class_is_there(table):
    X, y = table
    groups = np.repeat(np.arange(6), 10)
    X = X.assign(c0=groups)
    Recorder.seen.clear()
    selection_stability(Recorder(), X, y, groups=groups, n_resamples=10)
    for rows, classes in Recorder.seen:
        assert (np.unique(rows[:, 0], return_counts=True)[1] % 10 == 0).all()
        assert len(np.unique(classes)) == 3


def test_groups_that_cannot_hold_every_class():
    X, y = np.eye(40), np.arange(40)
    with pytest.raises(ValueError, match="40 groups are too few to draw from"):
        selection_stability(Recorder(), X, y, groups=np.arange(40))


def test_steps_before_the_selector_are_fitted_on_each_resample_and_names_kept(table):
    X, y = table
    X = X.assign(missing=np.nan)
    pipeline = make_pipeline(
        SimpleImputer(),  # drops the empty column
        StandardScaler(),
        CalibratedClassifier(make_pipeline(VarianceThreshold(), make_selector("chi2", k=2), SVC())),
    )
    with pytest.warns(UserWarning, match="Skipping features without any observed values"):
        found = selection_stability(pipeline, X, y, n_resamples=10)
    assert found.table.index[:2].tolist() == ["c4", "c7"]
    assert found.chosen.shape == (10, 11)


def test_a_pipeline_of_images(smears):
    features = FeatureSet([ColorFeatures(regions=("image",))])
    pipeline = make_pipeline(features, StandardScaler(), make_selector("gain_ratio", k=3), SVC())
    found = selection_stability(pipeline, smears.images, smears.target, n_resamples=4)
    assert sorted(found.table.index) == sorted(features.row_names())
    assert (found.chosen.sum(axis=1) == 3).all()


def test_names_of_an_array_and_steps_without_names(table):
    X, y = table
    names = [f"n{i}" for i in range(10)]
    model = make_pipeline(FunctionTransformer(np.copy), make_selector("anova", k=2))
    found = selection_stability(model, X.to_numpy(), y, feature_names=names, n_resamples=5)
    assert found.table.index[:2].tolist() == ["n4", "n7"]


def test_the_same_for_the_same_seed_and_everything_chosen(table):
    model = make_selector("anova", k=4)
    first, second = (selection_stability(model, *table, n_resamples=5, random_state=3) for _ in range(2))
    np.testing.assert_array_equal(first.chosen, second.chosen)
    everything = selection_stability(make_selector("anova", k=10), *table, n_resamples=3)
    assert np.isnan(everything.stability.value)
    assert everything.jaccard == 1


@pytest.mark.parametrize(
    ("selector", "options", "reason"),
    [
        (SVC(), {}, "Nothing in SVC.* selects columns"),
        (make_pipeline(PCA(3), make_selector(k=2)), {}, "'pca0', which is no column of X|'pca1'|'pca2'"),
        (make_selector(k=2), {"n_resamples": 1}, "n_resamples"),
        (make_selector(k=2), {"feature_names": ["a"] * 10}, "10 columns and 1 different feature_names"),
        (make_selector(k=2), {"groups": [1]}, "60 images and 1 values of groups"),
    ],
)
def test_what_is_refused(selector, options, reason, table):
    with pytest.raises(ValueError, match=reason):
        selection_stability(selector, *table, **options)


def test_images_need_a_feature_stage(smears):
    with pytest.raises(ValueError, match="a table is wanted, or images and a pipeline"):
        selection_stability(make_selector(k=2), smears.images, smears.target)
    with pytest.raises(ValueError, match="selects columns"):
        selection_stability(make_baseline("four_colors"), smears.images, smears.target)
