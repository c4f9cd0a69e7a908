"""Resizer: the image as OpenCV and scikit-image resample it, the label maps with it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.transform import resize

from leukofeat import Smear
from leukofeat.evaluation.optics import magnify
from leukofeat.features import GeometryFeatures
from leukofeat.preprocessing import Resizer, resize_smear

sides = st.integers(1, 40)


def field(height=30, width=44, seed=0):
    rng = np.random.default_rng(seed)
    smooth = cv2.GaussianBlur(rng.integers(0, 256, (height, width, 3), np.uint8), (0, 0), 2)
    cells = cv2.resize(rng.integers(0, 4, (5, 7)).astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    cells = 10 * cells.astype(np.int32)
    return Smear(smooth, np.where(rng.random(cells.shape) < 0.5, cells, 0), cells, "a.png", np.arange(1, 31))


@pytest.mark.parametrize(
    ("shape", "method"), [((15, 22), cv2.INTER_AREA), ((29, 11), cv2.INTER_AREA), ((60, 99), cv2.INTER_CUBIC)]
)
def test_the_image_is_what_opencv_makes_of_it(shape, method):
    smear = field()
    expected = cv2.resize(smear.image, shape[::-1], interpolation=method)
    np.testing.assert_array_equal(resize_smear(smear, shape).image, expected)


def test_shrinking_by_a_whole_number_is_the_mean():
    smear = field(30, 44)
    means = smear.image.reshape(15, 2, 22, 2, 3).mean(axis=(1, 3))
    assert np.abs(resize_smear(smear, (15, 22)).image - means).max() <= 0.5


def test_one_side_may_shrink_while_the_other_grows():
    """Stripes finer than the new pixels become their mean, not an alias, whatever the other side does."""
    stripes = np.zeros((20, 40, 3), np.uint8)
    stripes[:, ::2] = 200
    out = resize_smear(Smear(stripes), (40, 20)).image
    assert out.shape == (40, 20, 3)
    assert (out == 100).all()


@settings(max_examples=100, deadline=None)
@given(sides, sides, sides, sides, st.integers(0, 99))
def test_labels_are_those_at_the_centres_as_in_scikit_image(height, width, new_height, new_width, seed):
    smear = field(height, width, seed)
    out = resize_smear(smear, (new_height, new_width))
    rows, columns = ((np.arange(n) + 0.5) * o / n for n, o in ((new_height, height), (new_width, width)))
    for name in ("nucleus", "cell"):
        before, after = smear.region(name), out.region(name)
        called = np.append(0, smear.label_ids)[before], np.append(0, out.label_ids)[after]
        np.testing.assert_array_equal(called[1], called[0][np.ix_(rows.astype(int), columns.astype(int))])
        # centres that fall on the border of two pixels belong to either
        clear = [np.abs(x - np.round(x)) > 1e-6 for x in (rows, columns)]
        other = resize(
            called[0], (new_height, new_width), order=0, preserve_range=True, anti_aliasing=False, mode="edge"
        )
        np.testing.assert_array_equal(called[1][np.ix_(*clear)], other[np.ix_(*clear)])


def test_cells_that_vanish_are_gone_and_the_others_keep_their_ids():
    cells = np.zeros((20, 20), np.int32)
    cells[:8, :8], cells[9, 15], cells[12:, 12:] = 5, 6, 9
    smear = Smear(np.full((20, 20, 3), 9, np.uint8), cells)
    for out in (resize_smear(smear, (4, 4)), magnify(smear, 0.2)):
        assert out.label_ids.tolist() == [5, 9]
        assert np.unique(out.cells).tolist() == [0, 1, 2]


def test_the_record_stays_one():
    smear = field()
    assert resize_smear(smear, smear.image.shape[:2]) is smear
    assert resize_smear(smear, (9, 9)).source == "a.png"
    assert not resize_smear(Smear(smear.image), (9, 9)).is_segmented
    np.testing.assert_array_equal(magnify(smear, 1.5).image, resize_smear(smear, (45, 66)).image)


@pytest.mark.parametrize(
    ("stage", "shape"),
    [
        (Resizer(), (153, 224)),
        (Resizer(22), (15, 22)),
        (Resizer((22, 22)), (15, 22)),
        (Resizer((60, 500)), (60, 88)),
        (Resizer([10, 20], keep_aspect=False), (10, 20)),
        (Resizer(20, keep_aspect=False), (20, 20)),
        (Resizer(1), (1, 1)),
        (Resizer(np.int64(44)), (30, 44)),
        (Resizer(pixel_size=0.1, target_pixel_size=0.2), (15, 22)),
        (Resizer(pixel_size=0.25, target_pixel_size=0.125), (60, 88)),
        (Resizer(pixel_size=1, target_pixel_size=1000), (1, 1)),
    ],
    ids=repr,
)
def test_sizes(stage, shape):
    assert stage.transform([field()])[0].image.shape == (*shape, 3)


@settings(max_examples=60, deadline=None)
@given(sides, sides, st.integers(1, 60), st.integers(1, 60))
def test_what_is_fitted_fits_and_fills_one_side(height, width, high, wide):
    out = Resizer((high, wide)).transform([np.zeros((height, width, 3), np.uint8)])[0].shape
    assert out[0] <= high
    assert out[1] <= wide
    assert out[0] == high or out[1] == wide


def test_a_cell_measures_the_same_in_micrometres():
    image, cells = np.full((120, 120, 3), 200, np.uint8), np.zeros((120, 120), np.int32)
    cv2.circle(cells, (60, 60), 40, 1, -1)
    smear = Smear(image, cells)
    before = GeometryFeatures(pixel_size=0.1).fit_transform([smear])[0]
    small = Resizer(pixel_size=0.1, target_pixel_size=0.25).transform([smear])
    after = GeometryFeatures(pixel_size=0.25).fit_transform(small)[0]
    names = GeometryFeatures(pixel_size=0.1).get_feature_names_out().tolist()
    for name in ("nucleus_area_um2_mean", "cell_perimeter_um_mean", "cell_feret_max_um_mean"):
        i = names.index(name)
        assert after[i] == pytest.approx(before[i], rel=0.04)


@pytest.mark.parametrize(
    ("stage", "reason"),
    [
        (Resizer(9, pixel_size=0.1, target_pixel_size=0.2), "either size.* or both pixel_size"),
        (Resizer(9, pixel_size=0.1), "either size"),
        (Resizer(pixel_size=0.1), "target_pixel_size=None"),
        (Resizer(target_pixel_size=0.1), "pixel_size=None"),
        (Resizer(pixel_size=0.1, target_pixel_size=0.1, keep_aspect=False), "keep_aspect=False belongs to a size"),
        (Resizer(0), "size"),
        (Resizer((0, 9)), "size"),
        (Resizer(40000), "size"),
        (Resizer(pixel_size=-1.0, target_pixel_size=1.0), "pixel_size"),
    ],
    ids=repr,
)
def test_bad_parameters(stage, reason):
    for call in (stage.fit, stage.transform):
        with pytest.raises(ValueError, match=reason):
            call([field()])


def test_nanometres_taken_for_micrometres_are_noticed():
    stage = Resizer(pixel_size=125.0, target_pixel_size=0.1)
    with pytest.raises(ValueError, match=r"44x30 pixels would be .* both in micrometres"):
        _ = stage.transform([field()])[0]


@pytest.mark.parametrize("shape", [(0, 4), (4, 0), (4,), (4, 4.0), 4])
def test_bad_shapes(shape):
    with pytest.raises(ValueError, match="shape"):
        resize_smear(field(), shape)
