"""Splitting by watershed against the same steps in scikit-image."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage as ndi
from skimage import morphology, segmentation
from skimage.measure import label

from leukofeat.segmentation import split_touching
from tests.cells import real_cells


def random_blobs(seed, side=72):
    rng = np.random.default_rng(seed)
    mask = np.zeros((side, side + 9), np.uint8)
    for _ in range(rng.integers(1, 9)):
        center, axes = rng.integers(0, side, 2).tolist(), rng.integers(2, 15, 2).tolist()
        cv2.ellipse(mask, center, axes, float(rng.integers(180)), 0, 360, 1, -1)
    if seed % 4 == 0:
        mask[rng.random(mask.shape) < 0.02] = 0
    return mask


def numbered_by_first_pixel(labels):
    used = labels[labels > 0]
    order = list(dict.fromkeys(used.tolist()))
    table = np.zeros(labels.max() + 1, int)
    table[order] = np.arange(1, len(order) + 1)
    return table[labels]


def reference_basins(mask, h, markers):
    distance = ndi.distance_transform_edt(mask).astype(np.float32)
    if markers == "h_maxima":
        maxima = morphology.h_maxima(distance, h)
    elif np.ptp(distance) <= h:
        maxima = np.zeros(mask.shape, bool)
    else:
        maxima = morphology.local_maxima(morphology.reconstruction(distance - np.float32(h), distance))
    return segmentation.watershed(-distance, label(maxima), mask=mask > 0)


def reference_split(mask, h, markers):
    labels = reference_basins(mask, h, markers)
    rest = label((mask > 0) & (labels == 0), connectivity=1)
    return numbered_by_first_pixel(np.where(rest > 0, rest + labels.max(), labels))


@pytest.mark.parametrize("markers", ["extended", "h_maxima"])
@pytest.mark.parametrize("h", [0.4, 1.0, 2.0])
def test_split_is_that_of_scikit_image_on_random_blobs(h, markers):
    for seed in range(60):
        mask = random_blobs(seed)
        np.testing.assert_array_equal(split_touching(mask, h, markers), reference_split(mask, h, markers))


def test_real_nuclei_and_cells():
    for _, nuclei, cells in real_cells(20):
        for mask in (nuclei, cells):
            for markers in ("extended", "h_maxima"):
                np.testing.assert_array_equal(split_touching(mask, 0.5, markers), reference_split(mask, 0.5, markers))


def test_equal_peaks_with_a_shallow_neck_are_one_object_or_two():
    mask = np.zeros((31, 60), np.uint8)
    cv2.circle(mask, (20, 15), 10, 1, -1)
    cv2.circle(mask, (30, 15), 10, 1, -1)
    assert split_touching(mask, 2.0, "extended").max() == 1
    assert split_touching(mask, 2.0, "h_maxima").max() == 2


@given(arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(0, 1)))
@settings(max_examples=100, deadline=None)
def test_split_covers_the_mask_with_connected_parts(mask):
    labels = split_touching(mask, 1.0)
    np.testing.assert_array_equal(labels > 0, mask > 0)
    assert labels.max() >= label(mask, connectivity=2).max()
    for i in range(1, labels.max() + 1):
        assert label(labels == i, connectivity=2).max() == 1


def test_degenerate_masks():
    assert not split_touching(np.zeros((5, 6))).any()
    assert split_touching(np.ones((5, 6))).tolist() == np.ones((5, 6)).tolist()
    assert split_touching(np.ones((1, 1))).tolist() == [[1]]
    corner = np.zeros((4, 4))
    corner[3, 3] = 1
    assert split_touching(corner).sum() == 1


def test_strided_and_read_only_input():
    mask = random_blobs(2)
    view = np.repeat(mask, 2, axis=1)[:, ::2]
    view.flags.writeable = False
    np.testing.assert_array_equal(split_touching(view), split_touching(mask))
    np.testing.assert_array_equal(split_touching(np.asfortranarray(mask)), split_touching(mask))


def test_bad_input_is_named():
    for h in (0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="h must be"):
            split_touching(np.ones((3, 3)), h)
    with pytest.raises(ValueError, match="two dimensions"):
        split_touching(np.zeros(3))
    with pytest.raises(ValueError, match="markers"):
        split_touching(np.zeros((3, 3)), markers="all")
