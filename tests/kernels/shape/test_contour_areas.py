import cv2
import numpy as np
import pytest

from leukofeat.kernels.shape.contour_areas import contour_areas
from tests.cells import degenerate_masks, drawn_field


def areas_by_opencv(edges):
    contours, _ = cv2.findContours(edges, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return [cv2.contourArea(contour) for contour in contours if len(contour) > 2][::-1]


@pytest.mark.parametrize("density", [0.05, 0.2, 0.4, 0.6, 0.8, 0.95])
def test_areas_are_those_of_opencv(density):
    # specks, threads, parts within holes of others, parts at the border
    for seed in range(40):
        rng = np.random.default_rng(seed)
        edges = (rng.random(rng.integers(1, 40, 2)) < density).astype(np.uint8)
        if seed % 2:
            edges = cv2.medianBlur(edges, 3)
        assert contour_areas(edges).tolist() == areas_by_opencv(edges)


def test_areas_within_edges_of_cells():
    gray = cv2.cvtColor(drawn_field()[0], cv2.COLOR_RGB2GRAY)
    for low in (10, 75):
        edges = cv2.Canny(gray, low, 150)
        assert contour_areas(edges).tolist() == areas_by_opencv(edges)


@pytest.mark.parametrize("name", degenerate_masks())
def test_degenerate_masks(name):
    mask = degenerate_masks()[name].astype(np.uint8)
    assert contour_areas(mask).tolist() == areas_by_opencv(mask)
    assert contour_areas(np.zeros_like(mask)).size == 0


def test_layouts_do_not_matter():
    edges = (np.random.default_rng(0).random((40, 50)) < 0.5).astype(np.uint8)
    part = edges[::2, ::-3]
    edges.flags.writeable = False
    assert contour_areas(part).tolist() == areas_by_opencv(part.copy())
    assert contour_areas(edges).tolist() == areas_by_opencv(edges)
