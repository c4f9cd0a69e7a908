"""How a pipeline falls apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import AdaBoostClassifier, BaggingClassifier, StackingClassifier
from sklearn.feature_selection import RFE
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat.augmentation import Augmented
from leukofeat.calibration import CalibratedClassifier
from leukofeat.classification import GatedClassifier, GroupClassifier, LogOpinionPool
from leukofeat.evaluation.scores import class_scores
from leukofeat.features import FeatureSet
from leukofeat.pipeline import split_pipeline, value_shape
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
    assert [name for name in vars(model) if name.endswith("_") and name not in type(model).__doc__] == []
    model.fit(X[:, 1:], y, groups=groups)
    assert (hasattr(model, "feature_names_in_"), model.n_features_in_) == (False, 3)


@pytest.mark.parametrize("shape", ["ovo", "ovr"])
@pytest.mark.parametrize(
    "around",
    [
        lambda svm: svm,
        lambda svm: make_pipeline(StandardScaler(), svm),
        lambda svm: GridSearchCV(make_pipeline(StandardScaler(), svm), {"svc__C": [1]}, cv=2),
        lambda svm: RFE(svm, n_features_to_select=3),
        lambda svm: make_pipeline(RFE(GridSearchCV(svm, {"C": [1]}, cv=2), importance_getter="best_estimator_.coef_")),
        lambda svm: BaggingClassifier(svm, n_estimators=2, random_state=0),
        lambda svm: AdaBoostClassifier(svm, n_estimators=2),
        lambda svm: StackingClassifier([("lr", LogisticRegression())], svm, cv=2),
        lambda svm: OneVsRestClassifier(svm),
        lambda svm: OneVsOneClassifier(svm),
        lambda svm: RFE(OneVsRestClassifier(svm), importance_getter=lambda model: np.ones(model.n_features_in_)),
        lambda svm: GatedClassifier(svm, svm, n_far=2, decision_function_shape=svm.decision_function_shape),
    ],
)
def test_what_values_are_told_to_be_is_what_they_are(around, shape, rng):
    y = np.arange(80) % 4
    X = np.eye(4)[y] + rng.normal(0, 0.3, (80, 4))
    model = around(SVC(kernel="linear", decision_function_shape=shape)).fit(X, y)
    assert (value_shape(model) == "ovo") == (model.decision_function(X).shape[1] == 6)  # four classes have six pairs
    three = y < 3
    scores, are_probabilities = class_scores(model.fit(X[three], y[three]), X, np.arange(4))
    assert (scores is None) == (value_shape(model) == "ovo" and not hasattr(model, "predict_proba"))
    assert are_probabilities == hasattr(model, "predict_proba")


def test_three_pairs_of_a_classifier_inside_are_no_classes(rng):
    X, y = rng.normal(size=(24, 4)), np.arange(24) % 3
    svm = SVC(kernel="linear", decision_function_shape="ovo")
    with pytest.raises(ValueError, match="decision_function_shape='ovo' and what is around it 'ovr'"):
        CalibratedClassifier(RFE(svm)).fit(X, y)
    images = [np.full((8, 8, 3), 20 * i, np.uint8) for i in range(12)]
    model = Augmented(make_pipeline(MeanColor(), svm), n_copies=1).fit(images, np.arange(12) % 3)
    assert value_shape(model) == "ovo"
    assert class_scores(model, images, np.arange(3)) == (None, False)
