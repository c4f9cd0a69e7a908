import cv2
import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from leukofeat.kernels.regions.distance import count_lobes, squared_depths
from tests.cells import degenerate_masks, drawn_field, real_cells


def assert_matches_scipy(labels):
    got = squared_depths(labels)
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


def test_lobes_are_counted():
    one, three = np.zeros((60, 90), np.uint8), np.zeros((60, 90), np.uint8)
    cv2.ellipse(one, (45, 30), (30, 18), 0, 0, 360, 1, -1)
    for k in range(12):
        cv2.circle(one, (45 + round(28 * np.cos(k)), 30 + round(16 * np.sin(k))), 4, 1, -1)
    for x in (18, 42, 66):
        cv2.circle(three, (x, 30), 13, 1, -1)
    apart = three.copy()
    apart[:, 29:31] = 0
    # small bumps are no lobes
    assert count_lobes(one).tolist() == [[1, 1]]
    assert count_lobes(three).tolist() == [[3, 1]]
    assert count_lobes(apart).tolist() == [[3, 2]]
    assert count_lobes(np.ones((1, 1))).tolist() == [[1, 1]]
    assert np.isnan(count_lobes(np.zeros((3, 3)), 1)).all()


@pytest.mark.parametrize("turn", [np.rot90, np.flipud, np.transpose])
def test_lobes_do_not_change_with_a_turn(turn):
    for _, nuclei, _ in real_cells(40):
        np.testing.assert_array_equal(count_lobes(turn(nuclei)), count_lobes(nuclei))
