import numpy as np

from leukofeat.kernels.regions.boxes import region_boxes
from tests.cells import drawn_field


def test_boxes_hold_area_and_sums():
    labels = drawn_field()[2]
    for k, (r0, c0, r1, c1, pixels, rows, columns) in enumerate(region_boxes(labels), start=1):
        r, c = np.nonzero(labels == k)
        assert (r0, c0, r1, c1) == (r.min(), c.min(), r.max() + 1, c.max() + 1)
        assert (pixels, rows, columns) == (len(r), r.sum(), c.sum())


def test_labels_without_pixels_have_an_empty_box_and_those_beyond_none():
    assert region_boxes([[0, 3], [1, 3]], 2).tolist() == [[1, 0, 2, 1, 1, 1, 0], [0] * 7]
    assert region_boxes(np.zeros((2, 2))).shape == (0, 7)
