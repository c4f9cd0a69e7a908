"""Altered copies: what they look like, that they are lazy and repeatable, and that none reaches a test fold."""

from __future__ import annotations

import pickle

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin, clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict, cross_validate
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat import as_sequence
from leukofeat.augmentation import TRANSFORMS, Augmented, augment, augment_image, augmentation_leak
from leukofeat.augmentation.image import alter, check_transforms
from leukofeat.baselines import make_baseline
from leukofeat.features import FeatureSet
from leukofeat.persistence import load, save
from tests.stages import Darker, MeanColor

EVERYTHING = tuple(TRANSFORMS)


@given(
    st.tuples(st.integers(1, 30), st.integers(1, 30)),
    st.lists(st.sampled_from(EVERYTHING), min_size=1, unique=True),
    st.integers(0, 2**32),
)
def test_any_image_keeps_its_shape_and_the_same_seed_its_result(shape, names, seed):
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)[::-1]
    image.flags.writeable = False
    before = image.copy()
    out = augment_image(image, names, rng=seed)
    assert out.shape == image.shape
    assert out.dtype == np.uint8
    np.testing.assert_array_equal(augment_image(image, names[::-1], rng=np.random.default_rng(seed)), out)
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("name", EVERYTHING)
def test_strength_zero_changes_nothing_and_the_default_something(name, smears):
    image = smears.images[0]
    np.testing.assert_array_equal(augment_image(image, {name: 0}), image)
    assert any((augment_image(image, (name,), rng=seed) != image).any() for seed in range(4))


def test_flips_are_exact(rng):
    image = rng.integers(0, 256, (9, 14, 3), dtype=np.uint8)
    np.testing.assert_array_equal(augment_image(image, {"flip": 1.0}), image[::-1, ::-1])
    seen = {augment_image(image, {"flip": 0.5}, rng=seed).tobytes() for seed in range(40)}
    assert seen == {v.tobytes() for v in (image, image[::-1], image[:, ::-1], image[::-1, ::-1])}


def test_rotation_turns_about_the_centre():
    image = np.full((41, 41, 3), 200, np.uint8)
    image[20, 20] = 0
    image[20, 30:38] = 20
    out = augment_image(image, {"rotation": 180}, rng=3)
    assert out[20, 20].max() < 30
    assert abs(int((out < 110).sum()) - int((image < 110).sum())) <= 9
    angle = np.random.default_rng(3).uniform(-1, 1) * np.pi
    assert out[round(20 + 14 * np.sin(angle)), round(20 + 14 * np.cos(angle)), 0] < 80


@pytest.mark.parametrize(("name", "low", "high"), [("zoom", 1 / 1.5**2, 1.5**2), ("crop", 1.0, 4.0), ("pad", 0.2, 1.0)])
def test_areas_change_within_the_strength(name, low, high):
    image = np.full((100, 100, 3), 220, np.uint8)
    cv2.circle(image, (50, 50), 10, (10, 10, 10), -1)
    ratios = [
        (augment_image(image, {name: 0.5}, rng=seed) < 110).sum() / (image < 110).sum()
        for seed in range(30)
        if name != "crop" or seed < 5
    ]
    assert max(ratios) <= high * 1.05
    assert name == "crop" or min(ratios) >= low * 0.95
    assert np.ptp(ratios) > 0.05


def test_padding_has_the_colour_of_the_border():
    image = np.full((50, 50, 3), (230, 220, 240), np.uint8)
    image[20:30, 20:30] = 40
    out = augment_image(image, {"pad": 1.0}, rng=1)
    assert (out[[0, -1]] == (230, 220, 240)).all()


def test_stain_keeps_white_and_black_and_brightness_scales(rng):
    image = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
    image[0, 0], image[0, 1] = 255, 0
    out = augment_image(image, {"stain": 0.5}, rng=5)
    assert out[0, 0].tolist() == [255] * 3
    assert out[0, 1].tolist() == [0] * 3
    inner = (image > 20) & (image < 235)
    gain = np.log(out / 255.0, where=inner, out=np.ones(image.shape)) / np.log(
        image / 255.0, where=inner, out=np.ones(image.shape)
    )
    for channel in range(3):
        values = gain[:, :, channel][inner[:, :, channel]]
        assert 0.5 <= values.min() <= values.max() <= 1.5
        assert np.ptp(values) < 0.2
    dim = augment_image(np.full((2, 2, 3), 100, np.uint8), {"brightness": 0.5}, rng=2)
    factor = 1 + 0.5 * np.random.default_rng(2).uniform(-1, 1)
    assert (dim == round(100 * factor)).all()


def test_label_maps_move_with_the_image(records):
    for seed, smear in enumerate(records):
        moved = alter(smear, check_transforms(EVERYTHING), np.random.default_rng(seed))
        assert moved.nuclei.dtype == np.int32
        assert set(np.unique(moved.cells)) <= set(np.unique(smear.cells))
        inside = moved.nuclei > 0
        if inside.sum() > 50:
            outside = ~(moved.cells > 0)
            assert moved.image[inside][:, 1].mean() < moved.image[outside][:, 1].mean() - 20


def test_originals_then_copies(smears):
    images, y, groups = augment(smears.images, smears.target, smears.groups, n_copies=3, random_state=1)
    n = len(smears.images)
    assert len(images) == len(y) == len(groups) == 4 * n
    for i in range(n):
        np.testing.assert_array_equal(images[i], smears.images[i])
    source = np.concatenate([np.arange(n), np.repeat(np.arange(n), 3)])
    np.testing.assert_array_equal(y, smears.target[source])
    np.testing.assert_array_equal(groups, np.asarray(smears.groups)[source])
    assert len({image.tobytes() for image in images}) == 4 * n
    assert repr(images[5:10]) == "AugmentedSequence(3 images and 2 copies)"
    assert repr(Darker().transform(images)) == "AugmentedSequence(8 images and 24 copies -> Darker)"
    again, _, _ = augment(smears.images, n_copies=3, random_state=1)
    assert [a.tobytes() for a in again] == [a.tobytes() for a in images]
    other, _, _ = augment(smears.images, n_copies=3, random_state=2)
    assert not np.array_equal(other[n], images[n])


def test_copies_by_class(smears):
    label = smears.target[0]
    images, y, groups = augment(smears.images, smears.target, n_copies={label: 2})
    assert len(images) == 8 + 2 * (smears.target == label).sum()
    assert (y[8:] == label).all()
    assert set(groups[8:]) == set(np.flatnonzero(smears.target == label))


def test_lazy_and_named_after_the_file(paths, tmp_path):
    images, y, _ = augment([*paths[:2], str(tmp_path / "gone.png")], n_copies=2)
    assert y is None
    assert images.source(3) == paths[0]
    assert images.name(4) == f"{paths[0]} (augmented copy 2)"
    with pytest.raises(ValueError, match=r"gone\.png"):
        images[8]


def test_steps_of_the_sequence_come_first_and_later_ones_last(smears):
    images, _, _ = augment(Darker(40).transform(smears.images), n_copies=1, transforms={"flip": 1.0})
    darker = np.where(smears.images[1] < 40, 0, smears.images[1] - 40.0)
    np.testing.assert_array_equal(images[9], darker[::-1, ::-1])
    np.testing.assert_array_equal(Darker(200).transform(images)[9], np.maximum(darker[::-1, ::-1] - 200, 0))


def test_selections_and_workers_see_the_same_copies(smears):
    images, _, _ = augment(smears.images, n_copies=2, transforms=EVERYTHING)
    rows = np.array([20, 3, 20, 9])
    for part in (images[rows], pickle.loads(pickle.dumps(images[rows])), pickle.loads(pickle.dumps(images))[rows]):
        assert [a.tobytes() for a in part] == [images[i].tobytes() for i in rows]
        assert part.name(0) == images.name(20)
    assert len(pickle.dumps(images[[9]])) < len(pickle.dumps(images)) / 4
    one = MeanColor().transform(images)
    assert FeatureSet([MeanColor()], n_jobs=2).fit_transform(images).tobytes() == one.tobytes()


def test_row_labels_follow(smears):
    import pandas as pd

    frame = pd.Series(list(smears.images), index=[f"i{k}" for k in range(8)])
    images, _, _ = augment(frame, n_copies=1)
    table = MeanColor().set_output(transform="pandas").fit_transform(images[[0, 8, 9]])
    assert list(table.index) == ["i0", "i0", "i1"]


class Recorder(ClassifierMixin, BaseEstimator):
    """Remembers the files it was fitted on and asked about."""

    def fit(self, X, y):
        self.fitted_ = [(X.source(i), X[i].tobytes()) for i in range(len(X))]
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        self.asked_ = list(X)
        return np.full(len(X), self.classes_[0])


def test_no_copy_of_a_test_image_is_trained_on(smears, paths):
    done = cross_validate(
        Augmented(Recorder(), n_copies=3), np.array(paths, object), smears.target % 2, cv=4, return_estimator=True,
        return_indices=True,
    )  # fmt: skip
    for model, train, test in zip(done["estimator"], done["indices"]["train"], done["indices"]["test"], strict=True):
        fitted = model.estimator_.fitted_
        assert {file for file, _ in fitted} == {paths[i] for i in train}
        assert len(fitted) == 4 * len(train)
        assert model.estimator_.asked_ == [paths[i] for i in test]


def pipeline():
    return make_pipeline(FeatureSet([MeanColor()]), StandardScaler(), SVC())


def test_like_any_classifier(smears, tmp_path):
    model = Augmented(pipeline(), n_copies=2)
    assert is_classifier(model)
    assert not hasattr(model, "predict_proba")
    model.fit(smears.images, smears.target)
    assert model.classes_.tolist() == np.unique(smears.target).tolist()
    by_hand, y, _ = augment(smears.images, smears.target, n_copies=2)
    expected = pipeline().fit(by_hand, y).decision_function(smears.images)
    np.testing.assert_array_equal(model.decision_function(smears.images), expected)
    assert model.score(smears.images, smears.target) == np.mean(model.predict(smears.images) == smears.target)
    save(model, tmp_path / "model.skops")
    np.testing.assert_array_equal(
        load(tmp_path / "model.skops", trusted=["tests.stages.MeanColor"]).decision_function(smears.images), expected
    )
    clone(model)
    with pytest.raises(ValueError, match="not fitted"):
        clone(model).predict(smears.images)


def test_inside_a_search(smears):
    search = GridSearchCV(
        Augmented(pipeline(), n_copies=1), {"n_copies": [0, 1], "estimator__svc__C": [1, 10]}, cv=GroupKFold(2)
    )
    search.fit(smears.images, smears.target % 2, groups=np.arange(8) // 2)
    assert search.predict(smears.images).shape == (8,)


@pytest.mark.parametrize(
    ("estimator", "name"),
    [
        (GridSearchCV(pipeline(), {"svc__C": [1]}, cv=2), "GridSearchCV"),
        (make_pipeline(MeanColor(), CalibratedClassifierCV(SVC(), cv=3)), "CalibratedClassifierCV"),
        (make_pipeline(MeanColor(), MLPClassifier(early_stopping=True)), "MLPClassifier"),
        (make_baseline("leukofeat_svm"), "GatedClassifier"),
    ],
)
def test_what_holds_back_training_images_is_refused_inside(estimator, name, smears):
    with pytest.raises(ValueError, match=rf"{name}\(.*\) inside Augmented holds back"):
        Augmented(estimator).fit(smears.images, smears.target)


def test_what_is_named_in_the_place_of_a_gate_can_be_augmented(smears):
    with pytest.raises(
        ValueError, match=r"first classifier by itself: that is make_baseline\('leukofeat_svm', reach=None\)\.$"
    ):
        Augmented(make_baseline("leukofeat_svm")).fit(smears.images, smears.target)
    model = Augmented(make_baseline("leukofeat_svm", reach=None), n_copies=1).fit(smears.images, smears.target)
    assert model.predict(smears.images[:2]).shape == (2,)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"transforms": ("rotate",)}, ValueError, r"transforms must be .*'rotation'.* Got \('rotate',\)"),
        ({"transforms": "flip"}, TypeError, "transforms must be a list or tuple"),
        ({"transforms": {"flip": 2}}, ValueError, r"transforms\['flip'\] must be a float in the range \[0.0, 1.0\]"),
        ({"n_copies": -1}, ValueError, r"n_copies must be an int in the range \[0, inf\)"),
        ({"n_copies": {"x": 1}}, ValueError, "n_copies names the class 'x'"),
        ({"random_state": None}, TypeError, "random_state must be an int"),
    ],
)
def test_bad_parameters(params, error, message, smears):
    with pytest.raises(error, match=message):
        Augmented(pipeline(), **params).fit(smears.images, smears.target)


def test_lengths_must_agree(smears):
    with pytest.raises(ValueError, match=r"groups has shape \(3,\) for 8 images"):
        augment(smears.images, smears.target, [1, 2, 3])
    with pytest.raises(ValueError, match="n_copies by class needs y"):
        augment(smears.images, n_copies={0: 1})


def test_the_published_mistake_reads_memory_as_knowledge(rng):
    """Images of noise with labels dealt out: nothing can be learned, and the leak reads nearly everything right."""
    images = [np.full((16, 16, 3), color, np.uint8) for color in rng.integers(20, 230, (40, 3))]
    labels = np.arange(40) % 2
    model = make_pipeline(MeanColor(), KNeighborsClassifier(1))
    table = augmentation_leak(model, images, labels, n_copies=3, transforms=("flip", "shift"), cv=4)
    assert list(table.index) == ["augment, then split", "split, then augment", "not augmented"]
    assert table.loc["augment, then split", "accuracy"] > 0.95
    assert table.loc["split, then augment", "accuracy"] < 0.75
    assert table["seen"].tolist() == [pytest.approx(1.0, abs=0.05), 0.0, 0.0]


def test_the_honest_rows_are_plain_cross_validation(rng):
    images = [np.full((8, 8, 3), color, np.uint8) for color in rng.integers(20, 230, (32, 3))]
    labels, groups = np.arange(32) % 2, np.arange(32) // 4
    model, settings = make_pipeline(MeanColor(), KNeighborsClassifier(1)), {"n_copies": 3, "transforms": {"stain": 0.9}}
    table = augmentation_leak(model, images, labels, groups=groups, cv=GroupKFold(4), **settings)
    for row, estimator in (("split, then augment", Augmented(model, **settings)), ("not augmented", model)):
        expected = cross_val_predict(estimator, as_sequence(images), labels, groups=groups, cv=GroupKFold(4))
        assert table.loc[row, "accuracy"] == np.mean(expected == labels)
    assert table["accuracy"].iloc[1] != table["accuracy"].iloc[2]
