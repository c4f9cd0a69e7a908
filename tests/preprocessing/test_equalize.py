"""Equalisation and stretching against scikit-image, the formulas in slow loops, and images with nothing to spread."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.color import hsv2rgb, rgb2hsv
from skimage.exposure import rescale_intensity

from leukofeat.preprocessing import ContrastStretcher, HistogramEqualizer, find_padding
from leukofeat.smear import Smear

PLANES = ("value", "lightness", "luma")
STAGES = [*map(HistogramEqualizer, PLANES), ContrastStretcher(), ContrastStretcher(0.2)]
each_stage = pytest.mark.parametrize("stage", STAGES, ids=str)
small_images = arrays(np.uint8, st.tuples(st.integers(1, 6), st.integers(1, 6), st.just(3)))


def changed(stage, image: np.ndarray) -> np.ndarray:
    return stage.transform([image])[0]


def flattened(levels: np.ndarray) -> np.ndarray:
    """The formula of equalisation, level by level."""
    darkest = np.sum(levels == levels.min())
    out = levels.astype(float)
    for level in np.unique(levels) if levels.size > darkest else ():
        out[levels == level] = 255 * (np.sum(levels <= level) - darkest) / (levels.size - darkest)
    return out


def field(seed: int = 0) -> np.ndarray:
    """Dull colours, none of which can leave the scale when made brighter."""
    rng = np.random.default_rng(seed)
    return cv2.GaussianBlur(rng.integers(60, 200, (40, 50, 3)).astype(np.uint8), (0, 0), 1.5)


@given(small_images)
@settings(max_examples=100, deadline=None)
def test_value_is_equalised_by_the_formula_and_the_rest_of_hsv_stays(image):
    assume(find_padding(image) is None)
    result = changed(HistogramEqualizer(), image)
    wanted = flattened(image.max(axis=2))
    np.testing.assert_allclose(result.max(axis=2), wanted, atol=0.501)
    hsv = rgb2hsv(image)
    hsv[:, :, 2] = wanted / 255
    np.testing.assert_allclose(result, 255 * hsv2rgb(hsv), atol=1.01)


@pytest.mark.parametrize(("plane", "code"), [("lightness", cv2.COLOR_RGB2LAB), ("luma", cv2.COLOR_RGB2YCrCb)])
def test_the_other_planes_are_equalised_and_their_colours_stay(plane, code):
    # near to grey, so that every brightness has such a colour, but for the ends of the scale
    image = (field() // 8 + field(1)[:, :, :1] - 20).astype(np.uint8)
    before, after = cv2.cvtColor(image, code), cv2.cvtColor(changed(HistogramEqualizer(plane), image), code)
    middle = np.abs(flattened(before[:, :, 0]) - 128) < 90
    np.testing.assert_allclose(after[middle][:, 0], flattened(before[:, :, 0])[middle], atol=2)
    np.testing.assert_allclose(after[middle][:, 1:], before[middle][:, 1:].astype(int), atol=2)


@pytest.mark.parametrize("plane", ["value", "luma"])
def test_a_grey_image_is_that_of_opencv(plane):
    grey = field()[:, :, 0]
    result = changed(HistogramEqualizer(plane), np.dstack([grey] * 3))
    np.testing.assert_array_equal(result, np.dstack([cv2.equalizeHist(grey)] * 3))


@given(small_images, st.sampled_from([0.0, 0.01, 0.1, 0.3, 0.49]))
@settings(max_examples=100, deadline=None)
def test_stretching_is_the_formula_in_every_channel(image, saturated):
    assume(find_padding(image) is None)
    result = changed(ContrastStretcher(saturated), image)
    for c in range(3):
        levels = image[:, :, c]
        low = next(i for i in range(256) if np.mean(levels <= i) > saturated)
        high = next(i for i in range(256) if np.mean(levels <= i) >= 1 - saturated)
        wanted = levels if low >= high else np.clip((levels.astype(float) - low) / (high - low), 0, 1) * 255
        np.testing.assert_allclose(result[:, :, c], wanted, atol=0.501)
        if low < high:
            assert np.mean(levels < low) <= saturated
            assert np.mean(levels > high) <= saturated + 1e-12


def test_stretching_everything_agrees_with_scikit_image():
    image = field()
    wanted = np.dstack([rescale_intensity(image[:, :, c].astype(float), out_range=(0, 255)) for c in range(3)])
    np.testing.assert_allclose(changed(ContrastStretcher(0), image), wanted, atol=0.501)


def test_one_percent_at_each_end_is_saturated():
    ramp = np.repeat(np.arange(200, dtype=np.uint8), 3).reshape(1, 200, 3)
    result = changed(ContrastStretcher(), ramp)[0, :, 0]
    # levels 0 and 1 are one percent, so the first level above is the limit
    assert result[:4].tolist() == [0, 0, 0, 1]
    assert result[-4:].tolist() == [254, 255, 255, 255]


def test_halves_are_rounded_up():
    image = np.repeat(np.array([[0, 1, 2]], np.uint8)[:, :, None], 3, axis=2)
    assert changed(ContrastStretcher(0), image)[0, :, 0].tolist() == [0, 128, 255]


@each_stage
@pytest.mark.parametrize("color", [(0, 0, 0), (255, 255, 255), (90, 40, 150), (7, 7, 7)])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (70, 60)])
def test_an_image_of_one_colour_stays(stage, color, shape):
    image = np.full((*shape, 3), color, np.uint8)
    np.testing.assert_array_equal(changed(stage, image), image)


@each_stage
def test_more_than_enough_of_one_level_stays(stage):
    image = np.full((60, 60, 3), 200, np.uint8)
    image[3, 3] = 90
    result = changed(stage, image)
    if isinstance(stage, ContrastStretcher):
        np.testing.assert_array_equal(result, image)
    else:
        assert result[3, 3].max() <= 1
        assert result[0, 0].min() >= 254


@each_stage
def test_grey_stays_grey_and_layouts_do_not_matter(stage):
    grey = np.dstack([field()[:, :, 0]] * 3)
    result = changed(stage, grey).astype(int)
    assert np.ptp(result, axis=2).max() <= 1
    image = field()
    view = np.repeat(image[::-1], 2, axis=1)[::-1, ::2]
    np.testing.assert_array_equal(changed(stage, image), changed(stage, view))


@each_stage
def test_padding_stays_and_does_not_count(stage):
    inner = field()
    padded = np.zeros((90, 90, 3), np.uint8)
    padded[20:60, 25:75] = inner
    result = changed(stage, padded)
    np.testing.assert_array_equal(result[20:60, 25:75], changed(stage, inner))
    assert result.any(axis=2).sum() <= 40 * 50
    np.testing.assert_array_equal(result[:20], padded[:20])


@each_stage
def test_what_a_smear_carries_goes_on(stage):
    labels = np.zeros((40, 50), np.int32)
    labels[5:15, 5:15], labels[25:30, 30:40] = 1, 2
    smear = Smear(field(), labels, labels, source="a.png", label_ids=np.array([7, 9]), pixel_size=0.2)
    result = stage.transform([smear]).smear(0)
    np.testing.assert_array_equal(result.cells, smear.cells)
    np.testing.assert_array_equal(result.nuclei, smear.nuclei)
    assert (result.label_ids.tolist(), result.pixel_size, result.source) == ([7, 9], 0.2, "a.png")
    assert (result.image != smear.image).any()


def test_bad_parameters_are_named():
    with pytest.raises(ValueError, match=r"plane.* must be one of 'value', 'lightness', 'luma'"):
        HistogramEqualizer("hue").fit([field()])
    for bad in (-0.1, 0.5, True, "1%"):
        with pytest.raises(ValueError, match="saturated"):
            ContrastStretcher(bad).fit([field()])
