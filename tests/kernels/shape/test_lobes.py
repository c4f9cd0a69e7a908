import cv2
import numpy as np
import pytest

from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.kernels.regions.distance import squared_depths
from leukofeat.kernels.shape.lobes import count_lobes
from tests.cells import real_cells


def lobes_of(labels, n_labels=None):
    boxes = region_boxes(labels, n_labels)
    return count_lobes(labels, boxes, squared_depths(labels, boxes))


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
    assert lobes_of(one).tolist() == [[1, 1]]
    assert lobes_of(three).tolist() == [[3, 1]]
    assert lobes_of(apart).tolist() == [[3, 2]]
    assert lobes_of(np.ones((1, 1), int)).tolist() == [[1, 1]]
    assert np.isnan(lobes_of(np.zeros((3, 3), int), 1)).all()


@pytest.mark.parametrize("turn", [np.rot90, np.flipud, np.transpose])
def test_lobes_do_not_change_with_a_turn(turn):
    for _, nuclei, _ in real_cells(40):
        np.testing.assert_array_equal(lobes_of(turn(nuclei)), lobes_of(nuclei))
