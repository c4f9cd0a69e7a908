"""Bringing an image to the input of a network."""

from __future__ import annotations

import tracemalloc

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leukofeat.deep import fit_image
from leukofeat.deep.image import RESIZES, from_input, input_box, onto_input, to_blob


@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.tuples(st.integers(1, 20), st.integers(1, 20)),
    st.sampled_from(RESIZES),
)
def test_any_image_reaches_any_size_and_stays_in_range(shape, size, resize):
    image = np.random.default_rng(0).integers(50, 200, (*shape, 3), dtype=np.uint8)
    for interpolation in ("area", "linear", "nearest"):
        out = fit_image(image, size, resize=resize, interpolation=interpolation)
        assert out.shape == (*size, 3)
        assert out.dtype == np.uint8
        assert image.min() <= out.min()
        assert out.max() <= image.max()


def test_stretch_is_opencvs_area(rng):
    image = rng.integers(0, 256, (40, 30, 3), dtype=np.uint8)
    np.testing.assert_array_equal(fit_image(image, (16, 20)), cv2.resize(image, (20, 16), interpolation=cv2.INTER_AREA))
    np.testing.assert_array_equal(
        fit_image(image, (50, 20)), cv2.resize(image, (20, 50), interpolation=cv2.INTER_LINEAR)
    )
    assert fit_image(image, (40, 30)) is image


def test_crop_takes_the_centre(rng):
    image = rng.integers(0, 256, (20, 40, 3), dtype=np.uint8)
    np.testing.assert_array_equal(fit_image(image, (20, 20), resize="crop"), image[:, 10:30])


def test_pad_keeps_everything_in_the_colour_of_the_border():
    image = np.full((20, 40, 3), (200, 210, 220), np.uint8)
    image[8:12, 8:12] = 30
    out = fit_image(image, (40, 40), resize="pad")
    np.testing.assert_array_equal(out[10:30], image)
    assert (out[:10] == (200, 210, 220)).all()


@pytest.mark.parametrize("shape", [(70, 90), (300, 120), (64, 64)])
def test_maps_go_to_the_image_and_back_as_opencv_resizes(shape, rng):
    maps, pixels = rng.random((7, 5)), rng.random(shape)
    for resize in RESIZES:
        top, left, bottom, right = box = input_box(shape, (56, 40), resize)
        whole = cv2.resize(maps, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
        height, width = (
            slice(max(0, start), min(end, side)) for start, end, side in zip(box, box[2:], shape, strict=False)
        )
        expected, shown = np.zeros(shape), np.zeros_like(whole)
        there = slice(height.start - top, height.stop - top), slice(width.start - left, width.stop - left)
        expected[height, width], shown[there] = whole[there], pixels[height, width]
        np.testing.assert_allclose(from_input(maps, box, shape), expected, atol=1e-6)
        averaged = cv2.resize(shown, maps.shape[::-1], interpolation=cv2.INTER_AREA)
        np.testing.assert_allclose(onto_input(pixels, box, maps.shape), averaged, atol=1e-6)


@pytest.mark.parametrize("shape", [(30, 6000), (6000, 30)])
def test_what_is_padded_around_a_long_image_takes_no_memory(shape):
    box = input_box(shape, (224, 224), "pad")
    tracemalloc.start()
    try:
        heat = from_input(np.ones((7, 7)), box, shape)
        onto_input(heat, box, (7, 7))
        assert tracemalloc.get_traced_memory()[1] < 5 * heat.nbytes
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("channels", ["rgb", "bgr"])
def test_blob(channels, rng):
    image = rng.integers(0, 256, (4, 5, 3), dtype=np.uint8)
    mean, scale = (1.0, 20.0, 100.0), (1.0, 0.5, 0.1)
    blob = to_blob(image[:, ::-1], mean, scale, channels)
    source = image[:, ::-1] if channels == "rgb" else image[:, ::-1, ::-1]
    assert blob.shape == (1, 3, 4, 5)
    assert blob.dtype == np.float32
    for c in range(3):
        np.testing.assert_allclose(blob[0, c], (source[:, :, c] - mean[c]) * scale[c], rtol=1e-6)
