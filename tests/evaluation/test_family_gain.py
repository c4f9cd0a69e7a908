"""family_gain: scores of families as a comparison gives them, and each image measured once."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat.base import FeatureFamily
from leukofeat.baselines import make_baseline
from leukofeat.classification import GatedClassifier
from leukofeat.datasets import make_smears
from leukofeat.evaluation import compare, family_gain
from leukofeat.failures import ImageWarning
from leukofeat.features import ColorFeatures, FeatureSet, TextureFeatures
from leukofeat.preprocessing import ColorNormalizer
from leukofeat.selection import make_selector


class Counted(FeatureFamily):
    """Mean of a channel, and how often it was measured."""

    calls: ClassVar[Counter] = Counter()

    def __init__(self, channel=0):
        self.channel = channel

    def row_names(self):
        return [f"channel_{self.channel}"]

    def row(self, smear):
        self.calls[self.channel] += 1
        return smear.image[:, :, self.channel].mean()[None]


@pytest.fixture(scope="module")
def fields():
    return make_smears(n_samples=24, size=64, n_slides=12, random_state=0)


def build(families, *front):
    return make_pipeline(*front, FeatureSet(families), SimpleImputer(), StandardScaler(), SVC())


def by_columns(columns):
    families = FeatureSet([Counted(0), Counted(1)]).set_output(transform="pandas")
    return make_pipeline(families, ColumnTransformer([("scaled", StandardScaler(), columns)]), SVC())


def test_scores_are_those_of_pipelines_built_by_hand(fields):
    color, texture, red = ColorFeatures(regions=("image",)), TextureFeatures(regions=("image",)), Counted()
    found = family_gain(build([color, texture, red]), fields.images, fields.target, cv=3, groups=fields.groups)
    by_hand = {"all": [color, texture, red], "alone": [red], "without": [color, texture]}
    pipelines = {name: build(families) for name, families in by_hand.items()}
    expected = compare(pipelines, fields.images, fields.target, cv=3, groups=fields.groups, n_bootstrap=10).by_fold
    expected = expected.pivot(index="fold", columns="pipeline", values="balanced_accuracy")
    row = found.table.loc["counted"]
    assert row["alone"] == pytest.approx(expected["alone"].mean())
    assert row["alone_std"] == pytest.approx(expected["alone"].std())
    assert row["without"] == pytest.approx(expected["without"].mean())
    assert row["gain_std"] == pytest.approx((expected["all"] - expected["without"]).std())
    assert (found.score, found.score_std) == pytest.approx((expected["all"].mean(), expected["all"].std()))
    assert found.table["n_columns"].tolist() == [len(f.row_names()) for f in (color, texture, red)]
    assert found.by_fold.shape == (3, 7)
    assert (found.table["ms_per_image"] > 0).all()
    assert found.shared_ms_per_image > 0


def test_each_image_is_measured_once(fields):
    Counted.calls.clear()
    pipeline = build([Counted(0), Counted(1), Counted(2)])
    found = family_gain(pipeline, fields.images, fields.target, cv=4)
    assert Counted.calls == {0: 24, 1: 24, 2: 24}
    assert found.table.index.tolist() == ["counted-1", "counted-2", "counted-3"]
    assert pipeline["featureset"].families[1].channel == 1, "what was given is left alone"


def test_what_a_store_knows_is_not_measured_and_costs_what_it_cost(fields, tmp_path, monkeypatch):
    pipeline = build([ColorFeatures(regions=("image",)), TextureFeatures(regions=("image",))])
    first = family_gain(pipeline, fields.images, fields.target, cv=2, memory=tmp_path)
    monkeypatch.setattr("leukofeat.measuring.image._measure_family", None)
    again = family_gain(pipeline, fields.images, fields.target, cv=3, memory=tmp_path)
    pd.testing.assert_series_equal(first.table["ms_per_image"], again.table["ms_per_image"])


def test_behind_a_stage_that_learns_once_a_fold(fields):
    Counted.calls.clear()
    pipeline = build([Counted(0), Counted(1)], ColorNormalizer("reinhard"))
    family_gain(pipeline, fields.images, fields.target, cv=2)
    assert Counted.calls == {0: 48, 1: 48}


def test_one_family_and_a_set_within_the_set(fields):
    found = family_gain(build([Counted()]), fields.images, fields.target, cv=2)
    assert found.table[["without", "gain"]].isna().all(axis=None)
    assert found.table["alone"].iloc[0] == found.score
    nested = build([FeatureSet([Counted(0), Counted(1)]), Counted(2)])
    found = family_gain(nested, fields.images, fields.target, cv=2, metric="macro_f1")
    assert found.table["n_columns"].tolist() == [2, 1]
    assert found.metric == "macro_f1"


def test_a_family_with_fewer_columns_than_are_selected_is_no_matter_to_warn_of(fields):
    families = FeatureSet([Counted(), ColorFeatures(regions=("image",))])
    pipeline = make_pipeline(families, make_selector("anova", k=20), SVC())
    assert np.isfinite(family_gain(pipeline, fields.images, fields.target, cv=2).table["gain"]).all()


def test_steps_that_know_columns_by_name_or_not_at_all_are_taken(fields):
    own = by_columns(lambda table: table.columns)
    assert np.isfinite(family_gain(own, fields.images, fields.target, cv=2).table["gain"]).all()
    plain = make_baseline("leukofeat_svm", reach=None, red_cells="none", segmenter="passthrough")
    plain.set_params(featureset__families=[ColorFeatures(regions=("image",)), Counted()])
    assert np.isfinite(family_gain(plain, fields.images, fields.target, cv=2).table["gain"]).all()


def test_an_image_that_cannot_be_read_is_left_out_and_named(fields):
    images = [*fields.images, "missing.png"]
    target = [*fields.target, 0]
    with pytest.warns(ImageWarning, match=r"missing\.png"):
        found = family_gain(build([Counted(0), Counted(1)]), images, target, cv=2)
    assert 0 <= found.score <= 1
    with pytest.raises(ValueError, match=r"missing\.png"):
        family_gain(build([Counted(0), Counted(1)]), images, target, cv=2, on_error="raise")


@pytest.mark.parametrize(
    ("pipeline", "options", "reason"),
    [
        (SVC(), {}, "must be one of image stages, a FeatureSet"),
        (make_pipeline(Counted(), SVC()), {}, "must be one of image stages, a FeatureSet"),
        (build([Counted()]), {"metric": "speed"}, "metric must be one of"),
        (build([Counted()]), {"cv": {"a": 2}}, "cv must be one way to split"),
        (build([]), {}, "families must be a list"),
        (make_baseline("leukofeat_svm"), {}, "knows columns by their places"),
        (make_baseline("leukofeat_svm", reach=None), {}, "SoftClipper knows columns by their places"),
        (make_pipeline(FeatureSet([Counted()]), GatedClassifier(SVC(), SVC())), {}, "GatedClassifier knows columns by"),
        (by_columns(slice(0, 1)), {}, "ColumnTransformer knows columns by their places"),
    ],
)
def test_what_is_refused(pipeline, options, reason, fields):
    with pytest.raises(ValueError, match=reason):
        family_gain(pipeline, fields.images, fields.target, **options)
