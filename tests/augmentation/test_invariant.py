"""SwapInvariantClassifier: whitening against what a swapped background does, on a classifier that sees originals only."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.impute import SimpleImputer
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat.augmentation import SwapInvariantClassifier, augment
from leukofeat.datasets import make_smears
from leukofeat.features import FunctionFeatures
from leukofeat.persistence import load, save
from leukofeat.whitening import WithinClassWhitener
from tests.stages import Area, Darker, DarkSegmenter


def corner_and_cell(smear):
    """Colour of the empty slide, and of the darkest pixels."""
    dark = smear.image[smear.image[..., 1] <= np.percentile(smear.image[..., 1], 2)]
    return np.concatenate([smear.image[:4, :4].reshape(-1, 3).mean(axis=0), dark.mean(axis=0)])


NAMES = ("r", "g", "b", "dark_r", "dark_g", "dark_b")
FEATURES = make_pipeline(DarkSegmenter(), Darker(1), FunctionFeatures(corner_and_cell, names=NAMES))


def model(strength=1.0, classifier=None, **options):
    return SwapInvariantClassifier(
        FEATURES, classifier or SVC(kernel="linear"), strength=strength, segmenter=DarkSegmenter(), **options
    )


@pytest.fixture(scope="module")
def many():
    return make_smears(n_samples=24, size=64, n_slides=12, random_state=0)


def test_strength_zero_is_the_plain_whitener(many):
    plain = make_pipeline(
        FEATURES, SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler(), WithinClassWhitener(), SVC(kernel="linear")
    ).fit(many.images, many.target)  # fmt: skip
    made = model(0.0).fit(many.images, many.target)
    expected = plain.decision_function(many.images)
    np.testing.assert_array_equal(made.decision_function(many.images), expected)
    tiny = model(1e-12).fit(many.images, many.target)
    np.testing.assert_allclose(tiny.decision_function(many.images), expected, atol=1e-6)
    assert np.isnan(made.nuisance_ratio_)
    assert tiny.nuisance_ratio_ > 0


def test_the_columns_are_whitened_by_the_sum_of_both_covariances(many):
    strength = 3.0
    made = model(strength, shrinkage=0.0, n_copies=2).fit(many.images, many.target, many.groups)
    images, rows, _ = augment(
        many.images, np.arange(24), many.groups, n_copies=2, transforms={}, swap=1.0, segmenter=DarkSegmenter()
    )
    front = made.model_[:-1]
    white, seen = front.transform(many.images), images.swapped
    within = white - np.stack([white[many.target == label].mean(axis=0) for label in many.target])
    differences = front.transform(images[seen]) - white[rows[seen]]
    total = within.T @ within / len(within) + strength * differences.T @ differences / seen.sum()
    np.testing.assert_allclose(total, np.eye(len(total)), atol=1e-8)


def test_a_strong_model_no_longer_follows_the_slide():
    smears = make_smears(n_samples=48, size=64, n_slides=12, random_state=0, faults="stain")
    moved = {}
    images, rows, _ = augment(
        smears.images, np.arange(48), n_copies=1, transforms={}, swap=1.0, segmenter=DarkSegmenter()
    )
    for strength in (0.0, 100.0):
        made = model(strength).fit(smears.images, smears.target)
        guesses = made.predict(images)
        moved[strength] = np.mean(guesses[48:] != guesses[rows[48:]])
    assert moved[100.0] < moved[0.0] - 0.2


def test_only_originals_are_trained_on(many):
    class Spy(LinearDiscriminantAnalysis):
        def fit(self, X, y):
            self.n_seen_ = len(X)
            return super().fit(X, y)

    assert model(1.0, Spy(), n_copies=3).fit(many.images, many.target).model_[-1].n_seen_ == 24


def test_like_any_classifier(many, tmp_path):
    made = model()
    assert is_classifier(made)
    assert not hasattr(made, "predict_proba")
    assert hasattr(model(classifier=LinearDiscriminantAnalysis()), "predict_proba")
    with pytest.raises(ValueError, match="not fitted"):
        clone(made).predict(many.images)
    made.fit(many.images, many.target)
    assert made.classes_.tolist() == np.unique(many.target).tolist()
    np.testing.assert_array_equal(
        clone(made).set_params(n_jobs=2, memory=tmp_path).fit(many.images, many.target).decision_function(many.images),
        made.decision_function(many.images),
    )
    scores = cross_val_score(made, many.images, many.target, cv=2)
    assert np.isfinite(scores).all()


@pytest.mark.filterwarnings("error")
def test_tables_with_names_and_gaps(many):
    plain = model().fit(many.images, many.target)
    named = model()
    named.features = clone(FEATURES).set_output(transform="pandas")
    series = pd.Series(list(many.images), index=[f"i{k}" for k in range(24)])
    named.fit(series, list(many.target))
    np.testing.assert_array_equal(named.decision_function(series), plain.decision_function(many.images))
    # a column that is missing where the slide is bright: never a difference of its own
    gaps = make_pipeline(
        DarkSegmenter(),
        FunctionFeatures(
            lambda smear: np.array([*corner_and_cell(smear), np.nan if smear.image[0, 0, 0] > 235 else 1.0]),
            names=(*NAMES, "gap"),
        ),
    )
    made = SwapInvariantClassifier(gaps, SVC(), segmenter=DarkSegmenter()).fit(many.images, many.target)
    assert np.isfinite(made.decision_function(many.images)).all()


def test_it_can_be_saved(many, tmp_path):
    made = SwapInvariantClassifier(make_pipeline(DarkSegmenter(), Area()), SVC(), segmenter=DarkSegmenter())
    made.fit(many.images, many.target)
    save(made, tmp_path / "model.skops")
    again = load(tmp_path / "model.skops", trusted=["tests.stages.Area", "tests.stages.DarkSegmenter"])
    np.testing.assert_array_equal(again.decision_function(many.images), made.decision_function(many.images))


def test_images_in_which_nothing_is_found(many):
    empty = np.full((64, 64, 3), 240, np.uint8)
    made = SwapInvariantClassifier(make_pipeline(DarkSegmenter(), Area()), SVC(), segmenter=DarkSegmenter())
    images = [*many.images, empty, empty]
    target = np.array([*many.target, 0, 1])
    assert made.fit(images, target).predict([empty]).shape == (1,)
    with (
        pytest.warns(UserWarning, match="no background can be swapped"),
        pytest.raises(ValueError, match="fewer than two of 3"),
    ):
        made.fit([images[0], empty, empty], [0, 1, 1])


@pytest.mark.parametrize(("name", "value"), [("strength", -1), ("n_copies", 0), ("shrinkage", 2), ("random_state", -1)])
def test_bad_parameters_are_named(many, name, value):
    with pytest.raises(ValueError, match=rf"'?{name}'?.* must be"):
        model().set_params(**{name: value}).fit(many.images, many.target)
