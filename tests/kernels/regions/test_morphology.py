"""Components and reconstruction against SciPy and scikit-image."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage as ndi
from skimage.measure import label
from skimage.morphology import local_maxima, reconstruction

from leukofeat.kernels.regions.morphology import drop_components, plateaus, reconstruct

masks = arrays(np.uint8, st.tuples(st.integers(1, 14), st.integers(1, 14)), elements=st.integers(0, 1))


def framed(image):
    return np.pad(image.astype(np.float32), 1, constant_values=-np.inf)


@given(masks, st.integers(0, 1), st.integers(0, 9), st.booleans())
@settings(max_examples=200, deadline=None)
def test_drop_components_against_labels(mask, value, min_area, drop_border):
    labels = label(mask == value, connectivity=1)
    area = np.bincount(labels.ravel())
    border = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    drop = area < min_area
    if drop_border:
        drop[border] = True
    drop[0] = False
    expected = np.where(drop[labels], 1 - value, mask)
    drop_components(mask, value, min_area, drop_border)
    np.testing.assert_array_equal(mask, expected)


def test_drop_components_joins_a_spiral():
    mask = np.zeros((9, 9), np.uint8)
    mask[0] = mask[:, 8] = mask[8] = mask[2:, 0] = mask[2, :7] = mask[2:7, 6] = mask[6, 2:7] = mask[4:7, 2] = 1
    before = mask.copy()
    drop_components(mask, 1, int(mask.sum()), False)
    np.testing.assert_array_equal(mask, before)
    drop_components(mask, 1, int(mask.sum()) + 1, False)
    assert not mask.any()


@pytest.mark.parametrize("seed", range(30))
def test_reconstruct_is_bit_equal(seed):
    rng = np.random.default_rng(seed)
    limit = ndi.gaussian_filter(rng.normal(size=(40, 50)), rng.choice([0.5, 2, 4])).astype(np.float32)
    if seed % 3 == 0:
        limit = np.round(limit * 20).astype(np.float32)
    if seed % 2:
        limit = np.maximum(limit, np.median(limit))
    seed_image = limit - np.float32(0.3 * np.ptp(limit))
    expected = reconstruction(seed_image, limit)
    floor = limit.min()
    start = framed(np.maximum(seed_image, min(floor, seed_image.max())))
    reconstruct(start, framed(limit), floor)
    np.testing.assert_array_equal(start[1:-1, 1:-1], expected)


@pytest.mark.parametrize("seed", range(30))
def test_plateaus_are_the_regional_maxima(seed):
    rng = np.random.default_rng(seed)
    image = np.round(ndi.gaussian_filter(rng.normal(size=(30, 40)), 1.5) * rng.choice([5, 20])).astype(np.float32)
    out = np.zeros((32, 42), np.int32)
    n = plateaus(framed(image), np.pad(np.ones(image.shape, np.uint8), 1), out)
    expected = label(local_maxima(image))
    np.testing.assert_array_equal(out[1:-1, 1:-1], expected)
    assert n == expected.max()
