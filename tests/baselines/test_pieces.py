"""What the published recipes share."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_selection import SelectKBest
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from leukofeat.baselines import find_pipeline, make_baseline
from leukofeat.baselines.pieces import cleanup_for, imputed_knn, imputed_svm, opening
from leukofeat.preprocessing import MedianDenoiser, ScaleBarCropper
from leukofeat.segmentation import Cleanup, OtsuSegmenter

OWN = ("joshi2013_knn", "chatap2014_knn", "putzu2014_svm", "sahlol2019_ssoa_knn", "supardi2012_knn")


def test_a_knn_stands_last_and_what_selects_behind_the_scaler():
    steps = imputed_knn(SelectKBest(k=1), k=3, metric="cosine")
    assert [type(step).__name__ for step in steps] == [
        "SimpleImputer", "StandardScaler", "SelectKBest", "KNeighborsClassifier",
    ]  # fmt: skip
    assert (steps[-1].n_neighbors, steps[-1].metric, steps[-1].algorithm) == (3, "cosine", "brute")
    assert (imputed_knn()[-1].n_neighbors, imputed_knn()[-1].metric) == (5, "euclidean")


def test_an_svm_has_probabilities_and_selects_inside():
    (step,) = imputed_svm(SelectKBest(k=1), C=2.0)
    assert list(step.estimator.named_steps) == ["simpleimputer", "standardscaler", "selectkbest", "svc"]
    svm = step.estimator[-1]
    assert (svm.C, svm.kernel, svm.gamma) == (2.0, "rbf", "scale")
    assert step.decision_function_shape == svm.decision_function_shape == "ovo"
    assert list(imputed_svm(scaled=False)[0].estimator.named_steps) == ["simpleimputer", "svc"]
    assert imputed_svm()[0].estimator[-1].C == 1.0


@pytest.mark.parametrize("steps", [imputed_knn(k=1), imputed_svm()])
def test_missing_values_and_empty_columns_are_imputed(steps, rng):
    X, y = rng.normal(size=(20, 3)), np.repeat([0, 1], 10)
    X[3, 0], X[:, 2] = np.nan, np.nan
    model = make_pipeline(*steps).fit(X, y)
    assert np.isfinite(model.predict_proba(np.full((2, 3), np.nan))).all()


def test_the_opening_is_bar_stages_segmenter():
    stages = opening(True, None, OtsuSegmenter(), before=[MedianDenoiser(3)])
    assert [type(stage) for stage in stages] == [ScaleBarCropper, MedianDenoiser, OtsuSegmenter]
    given = OtsuSegmenter(2)
    assert opening(False, given, OtsuSegmenter()) == (given,)
    assert opening(False, "passthrough", OtsuSegmenter()) == ("passthrough",)
    assert cleanup_for(True) is None
    assert cleanup_for(False).get_params() == Cleanup(clear_border=False).get_params()


@pytest.mark.parametrize("name", [*OWN, "jin2023_svm"])
def test_bar_border_and_segmenter_are_parameters_of_every_name(name):
    more = {"segmented": True} if name == "jin2023_svm" else {}
    cropped = make_baseline(name, crop_bar=True, clear_border=False, **more)
    assert isinstance(cropped[0], ScaleBarCropper)
    (segmenter,) = [stage for stage in cropped if hasattr(stage, "cleanup")]
    assert segmenter.cleanup.clear_border is False
    (default,) = [stage for stage in make_baseline(name, **more) if hasattr(stage, "cleanup")]
    assert (default.cleanup or Cleanup()).clear_border is True
    assert not any(hasattr(stage, "cleanup") for stage in make_baseline(name, segmenter="passthrough", **more))
    assert not any(isinstance(stage, ScaleBarCropper) for stage in make_baseline(name, **more))


@pytest.mark.parametrize("name", [*OWN, "chatap2014_knn:classifier=svm", "jin2023_svm:features=code,segmented=true"])
def test_images_in_which_nothing_is_found_are_judged_too(name, smears):
    pipeline = find_pipeline(name)[1]
    images = [*smears.images, np.full((40, 50, 3), 230, np.uint8), np.zeros((1, 1, 3), np.uint8)]
    pipeline.set_params(featureset__on_empty="nan").fit(images, [*smears.target, 0, 0])
    probabilities = pipeline.predict_proba(images)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    if isinstance(pipeline[-1], KNeighborsClassifier):
        assert pipeline.predict(images).shape == (10,)
