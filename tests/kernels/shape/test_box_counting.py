import numpy as np
import pytest
from scipy.ndimage import binary_erosion

from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.kernels.shape.box_counting import box_dimensions
from tests.cells import degenerate_masks, drawn_field


def dimensions(labels):
    return box_dimensions(labels, region_boxes(labels))


def oracle(mask):
    points = np.argwhere(mask & ~binary_erosion(mask))
    points = points - np.argwhere(mask).min(axis=0)
    side = (np.ptp(np.argwhere(mask), axis=0) + 1).max()
    sizes = 2 ** np.arange(int(np.log2(side)))
    counts = [len(np.unique(points // size, axis=0)) for size in sizes]
    return np.polyfit(-np.log2(sizes), np.log2(counts), 1)[0]


def test_matches_counting():
    for labels in drawn_field()[1:]:
        got = dimensions(labels)
        for k in np.unique(labels)[1:]:
            assert got[k - 1] == pytest.approx(oracle(labels == k), rel=1e-9)


@pytest.mark.parametrize("name", [n for n in degenerate_masks() if n not in ("one pixel", "1x1")])
def test_degenerate_masks(name):
    labels = degenerate_masks()[name]
    assert dimensions(labels)[0] == pytest.approx(oracle(labels > 0), rel=1e-9, abs=1e-12)


def test_too_small_or_missing_is_nan():
    labels = np.zeros((5, 5), int)
    labels[0, 0] = 1
    labels[3:, 3:] = 3
    assert np.isnan(dimensions(labels)).all()


def test_outline_of_a_disc_is_a_line_and_scattered_pixels_fill_more():
    rows, columns = np.indices((130, 130)) - 64
    disc = dimensions(rows**2 + columns**2 < 60**2)[0]
    dust = dimensions(np.random.default_rng(0).random((128, 128)) < 0.5)[0]
    assert 0.95 < disc < 1.25
    assert dust > 1.7
