import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import distance_transform_edt, gaussian_filter

from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.kernels.regions.distance import squared_depths, squared_distance
from tests.cells import degenerate_masks, drawn_field, real_cells

sides = st.tuples(st.integers(1, 14), st.integers(1, 14))


def assert_matches_scipy(labels):
    got = squared_depths(labels, region_boxes(labels))
    for k in range(1, labels.max() + 1):
        inside = np.pad(labels == k, 1)
        expected = np.rint(distance_transform_edt(inside)[1:-1, 1:-1] ** 2)
        np.testing.assert_array_equal(np.where(labels == k, got, 0), expected)
    assert not got[labels == 0].any()


@pytest.mark.parametrize("name", degenerate_masks())
def test_depths_of_degenerate_masks_match_scipy(name):
    assert_matches_scipy(degenerate_masks()[name])


def test_depths_match_scipy():
    _, nuclei, cells = drawn_field()
    assert_matches_scipy(nuclei)
    assert_matches_scipy(cells)
    # touching regions are each other's outside
    assert_matches_scipy((np.arange(40) // 13 + 1) * np.ones((20, 1), int))


def test_depths_of_real_cells_match_scipy():
    for _, nuclei, _ in real_cells(20):
        assert_matches_scipy(nuclei)


@given(arrays(np.int32, sides, elements=st.integers(0, 3)))
@settings(max_examples=200, deadline=None)
def test_depths_of_any_label_map_match_scipy(labels):
    assert_matches_scipy(labels)


@given(arrays(np.uint8, sides, elements=st.integers(0, 1)))
@settings(max_examples=200, deadline=None)
def test_distance_of_a_mask_is_exact(mask):
    found = squared_distance(mask)
    if mask.all():
        assert (found == sum(mask.shape) ** 2).all()
    else:
        np.testing.assert_array_equal(found, np.rint(distance_transform_edt(mask) ** 2))


@pytest.mark.parametrize("seed", range(20))
def test_distance_of_blobs_is_exact(seed):
    rng = np.random.default_rng(seed)
    mask = (gaussian_filter(rng.normal(size=(90, 70)), 4) > rng.choice([-0.05, 0, 0.05])).astype(np.uint8)
    np.testing.assert_array_equal(squared_distance(mask), np.rint(distance_transform_edt(mask) ** 2))
