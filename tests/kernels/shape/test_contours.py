"""Borders against OpenCV's."""

import cv2
import numpy as np
import pytest

from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.kernels.shape.contours import contour_areas, region_outlines
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


def traced_by_opencv(mask, n_points):
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = max(contours, key=cv2.contourArea, default=None)
    if largest is None or cv2.contourArea(largest) == 0:
        return np.full(n_points, np.nan + 0j)
    points = np.append(largest[:, 0] @ [1, 1j], largest[0, 0] @ [1, 1j])
    length = np.concatenate([[0], np.cumsum(np.abs(np.diff(points)))])
    return np.interp(np.arange(n_points) * length[-1] / n_points, length, points)


@pytest.mark.parametrize("density", [0.1, 0.3, 0.5, 0.7, 0.95])
def test_contours_are_those_of_opencv(density):
    # specks, parts within holes of others, threads of one pixel, regions at the border, labels without pixels
    for seed in range(20):
        rng = np.random.default_rng(seed)
        labels = (rng.random((30, 41)) < density) * (1 + np.arange(41) // 14 + 2 * (np.arange(30)[:, None] // 11))
        if seed % 2:
            labels = cv2.medianBlur(labels.astype(np.uint8), 3)
        found = region_outlines(labels, region_boxes(labels, 9), 50)
        for k in range(9):
            np.testing.assert_allclose(found[k], traced_by_opencv(labels == k + 1, 50), atol=1e-9)


def test_contours_of_cells_are_those_of_opencv():
    _, nuclei, cells = drawn_field()
    for labels in (nuclei, cells):
        found = region_outlines(labels, region_boxes(labels))
        for k in range(len(found)):
            np.testing.assert_allclose(found[k], traced_by_opencv(labels == k + 1, 128), atol=1e-9)
