"""Background swap: whose field stands behind a copy's leukocytes, and that it is never a test image's."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import cross_validate

from leukofeat import as_sequence
from leukofeat.augmentation import Augmented, augment, find_cells, swap_background
from leukofeat.datasets import paste_cells
from leukofeat.features import FeatureSet
from leukofeat.preprocessing import background_color
from leukofeat.store import Store
from tests.stages import Darker, DarkSegmenter, MeanColor

SWAP = {"swap": 1.0, "transforms": {}, "segmenter": DarkSegmenter()}


def field(color, at, size=48):
    """A field of one colour with a dark square at a place of its own."""
    image = np.full((size, size, 3), color, np.uint8)
    image[at : at + 12, 14:26] = (90, 40, 120)
    return image


COLORS = [(250 - 12 * i, 250, 170 + 10 * i) for i in range(8)]


@pytest.fixture
def fields():
    return [field(color, 8 + 2 * i) for i, color in enumerate(COLORS)]


def donor_of(image):
    """Which of the fields an image shows behind its cells, by its own corner."""
    return [tuple(color) for color in COLORS].index(tuple(image[0, 0].tolist()))


class Spy(ClassifierMixin, BaseEstimator):
    """Notes whose fields it was fitted on."""

    def fit(self, X, y):
        self.fields_ = [donor_of(X[i]) for i in range(len(X))]
        self.cells_ = [int(np.flatnonzero(X[i][:, 20, 1] < 110)[0] - 8) // 2 for i in range(len(X))]
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def test_no_field_of_a_test_image_is_trained_on(fields):
    y = np.arange(8) % 2
    done = cross_validate(
        Augmented(Spy(), n_copies=3, **SWAP), np.array(fields), y, cv=4, return_estimator=True, return_indices=True
    )
    for model, train in zip(done["estimator"], done["indices"]["train"], strict=True):
        n, spy = len(train), model.estimator_
        assert set(spy.fields_) == set(train)
        assert spy.fields_[:n] == spy.cells_[:n] == train.tolist()  # originals stay
        assert spy.cells_[n:] == np.repeat(train, 3).tolist()
        assert all(shown != own for shown, own in zip(spy.fields_[n:], spy.cells_[n:], strict=True))


def test_a_copy_is_what_paste_cells_makes(fields):
    images, _, _ = augment(fields, n_copies=1, **SWAP)
    segmented = DarkSegmenter().transform(fields)
    assert images.swapped.tolist() == [False] * 8 + [True] * 8
    for i in range(8):
        expected = paste_cells(segmented[i], segmented[donor_of(images[8 + i])])
        np.testing.assert_array_equal(images[8 + i], expected.image)


def test_another_group_where_there_is_one(fields):
    groups = np.array(["a", "a", "b", "b", "b", "a", "a", "b"])
    images, _, _ = augment(fields, None, groups, n_copies=6, **SWAP)
    sources = np.repeat(np.arange(8), 6)
    assert all(groups[donor_of(images[8 + k])] != groups[i] for k, i in enumerate(sources))
    images, _, _ = augment(fields[:3], None, ["a"] * 3, n_copies=6, **SWAP)
    assert all(donor_of(images[3 + k]) != i for k, i in enumerate(np.repeat(np.arange(3), 6)))


def test_the_probability_and_the_same_transforms(smears):
    plain, _, _ = augment(smears.images, n_copies=50)
    none, _, _ = augment(smears.images, n_copies=50, swap=0.0, segmenter=DarkSegmenter())
    some, _, _ = augment(smears.images, n_copies=50, swap=0.3, segmenter=DarkSegmenter())
    share = some.swapped[8:].mean()
    assert 0.2 < share < 0.4
    for i in (0, 8, 77, *np.flatnonzero(~some.swapped)[-3:]):
        np.testing.assert_array_equal(none[i], plain[i])
        np.testing.assert_array_equal(some[i], plain[i])
    i = np.flatnonzero(some.swapped)[0]
    assert not np.array_equal(some[i], plain[i])


def test_selections_and_workers_see_the_same_copies(smears, tmp_path):
    images, _, _ = augment(smears.images, n_copies=2, swap=1.0, segmenter=DarkSegmenter())
    again, _, _ = augment(smears.images, n_copies=2, swap=1.0, segmenter=DarkSegmenter(), n_jobs=2, memory=tmp_path)
    rows = np.array([20, 3, 20, 9])
    parts = (
        images[rows],
        pickle.loads(pickle.dumps(images[rows])),
        pickle.loads(pickle.dumps(images))[rows],
        again[rows],
    )
    for part in parts:
        assert [a.tobytes() for a in part] == [images[i].tobytes() for i in rows]
        assert part.swapped.tolist() == images.swapped[rows].tolist()
    # an original, and a copy with its donor
    sizes = [len(pickle.dumps(images[[i]])) for i in (3, 9)]
    assert sizes[0] < 1.1 * smears.images[0].nbytes + 1500
    assert sizes[1] < 2.2 * smears.images[0].nbytes + 3000
    one = MeanColor().transform(images)
    assert FeatureSet([MeanColor()], n_jobs=2).fit_transform(images).tobytes() == one.tobytes()


def test_a_store_tells_copies_apart(smears, fields, tmp_path):
    store = Store(tmp_path)
    for images in (smears.images, smears.images[::-1], fields):
        for swap in (0.0, 1.0):
            made, _, _ = augment(images, n_copies=1, swap=swap, segmenter=DarkSegmenter())
            kept = FeatureSet([MeanColor()], memory=store).fit_transform(made)
            np.testing.assert_array_equal(kept, FeatureSet([MeanColor()]).fit_transform(made))
    original, copied = as_sequence(smears.images), augment(smears.images, n_copies=1)[0]
    assert [copied.content(i) for i in range(8)] == [original.content(i) for i in range(8)]
    assert pickle.loads(pickle.dumps(copied[[9]])).content(0) == copied.content(9)


def test_what_cannot_be_pasted_is_altered_as_before(fields, tmp_path):
    empty = np.full((48, 48, 3), 240, np.uint8)
    several = [fields[0], empty, fields[1], np.ascontiguousarray(fields[2][:40, :36])]
    images, _, _ = augment(several, n_copies=4, swap=1.0, segmenter=DarkSegmenter())
    plain, _, _ = augment(several, n_copies=4)
    assert images.swapped[4:].reshape(4, 4).all(axis=1).tolist() == [True, False, True, True]
    np.testing.assert_array_equal(images[8], plain[8])
    assert images[-1].shape == (40, 36, 3)
    gone = [fields[0], str(tmp_path / "gone.png"), fields[1]]
    made, _, _ = augment(gone, n_copies=1, **SWAP)
    assert made.swapped.tolist() == [False] * 3 + [True, False, True]
    with pytest.warns(UserWarning, match=r"found in 1 of 2 images.*gone\.png.*segmenter="):
        made, _, _ = augment(gone[:2], n_copies=1, **SWAP)
    assert not made.swapped.any()
    assert len(augment([], n_copies=1, **SWAP)[0]) == 0


def test_label_maps_and_steps_come_along(records):
    images, _, _ = augment(Darker(20).transform(records), n_copies=1, swap=1.0, transforms={})
    for i, record in enumerate(records):
        np.testing.assert_array_equal(images.smear(8 + i).nuclei, record.nuclei)
    cells = find_cells(as_sequence(records))
    swapped = swap_background(records[0], cells[0], records[1].image, cells[1])
    near = np.abs(background_color(swapped.image) - background_color(records[1].image)).max()
    assert near <= 2
    np.testing.assert_array_equal(swapped.cells, records[0].cells)


def test_a_bad_probability_is_refused(smears):
    with pytest.raises(ValueError, match=r"swap must be a float in the range \[0.0, 1.0\]"):
        augment(smears.images, swap=1.5)
