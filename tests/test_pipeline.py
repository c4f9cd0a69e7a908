"""How a pipeline falls apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat.calibration import CalibratedClassifier
from leukofeat.classification import GroupClassifier, LogOpinionPool
from leukofeat.features import FeatureSet
from leukofeat.pipeline import split_pipeline
from tests.stages import Area, Darker, DarkSegmenter, MeanColor


def test_the_parts_are_the_pipelines_own():
    pipeline = make_pipeline(Darker(), DarkSegmenter(), FeatureSet([Area()]), StandardScaler(), SVC())
    stages, features, rest = split_pipeline(pipeline)
    assert stages == [pipeline[0], pipeline[1]]
    assert features is pipeline[2]
    assert [step for _, step in rest.steps] == [pipeline[3], pipeline[4]]


def test_parts_that_are_missing():
    only_features = split_pipeline(make_pipeline(MeanColor(), SVC()))
    assert (only_features.stages, len(only_features.rest)) == ([], 1)
    only_stages = split_pipeline(make_pipeline(Darker(), DarkSegmenter()))
    assert (len(only_stages.stages), only_stages.features, len(only_stages.rest)) == (2, None, 0)
    other = make_pipeline(StandardScaler(), SVC())
    for estimator in (other, SVC()):
        assert split_pipeline(estimator) == ([], None, estimator)


def test_stages_that_are_switched_off_are_no_stages():
    pipeline = Pipeline(
        [("off", "passthrough"), ("dark", Darker()), ("none", None), ("color", MeanColor()), ("svc", SVC())]
    )
    stages, features, rest = split_pipeline(pipeline)
    assert (stages, features, list(rest.named_steps)) == ([pipeline[1]], pipeline[3], ["svc"])


@pytest.mark.parametrize(
    "around", [CalibratedClassifier, GroupClassifier, lambda model: LogOpinionPool([("a", model)])]
)
def test_columns_of_a_fit_before_are_forgotten(around):
    X, y, groups = np.tile(np.eye(4), (6, 1)), np.tile([0, 0, 1, 1], 6), np.arange(24)
    model = around(LogisticRegression()).fit(pd.DataFrame(X, columns=list("abcd")), y, groups=groups)
    assert (model.feature_names_in_.tolist(), model.n_features_in_) == (list("abcd"), 4)
    model.fit(X[:, 1:], y, groups=groups)
    assert (hasattr(model, "feature_names_in_"), model.n_features_in_) == (False, 3)
