import cv2
import numpy as np
import pytest

from leukofeat.kernels.shape.contours import region_outlines, resample_closed
from tests.cells import drawn_field


@pytest.mark.parametrize("n_points", [1, 3, 64, 257])
def test_matches_interpolation_along_the_length(n_points):
    vertices = np.random.default_rng(0).integers(0, 100, (23, 2))
    z = vertices[:, 0] + 1j * vertices[:, 1]
    closed = np.append(z, z[0])
    length = np.concatenate([[0], np.cumsum(np.abs(np.diff(closed)))])
    expected = np.interp(np.arange(n_points) * length[-1] / n_points, length, closed)
    np.testing.assert_allclose(resample_closed(vertices, n_points), expected, atol=1e-9)


def test_a_single_vertex_and_repeated_ones_stay_where_they_are():
    np.testing.assert_array_equal(resample_closed([[3, 4]], 5), np.full(5, 3 + 4j))
    np.testing.assert_array_equal(resample_closed([[3, 4], [3, 4]], 5), np.full(5, 3 + 4j))


def test_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        resample_closed(np.zeros((0, 2), int), 4)


def traced_by_opencv(mask, n_points):
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = max(contours, key=cv2.contourArea, default=None)
    if largest is None or cv2.contourArea(largest) == 0:
        return np.full(n_points, np.nan + 0j)
    return resample_closed(largest[:, 0, :], n_points)


@pytest.mark.parametrize("density", [0.1, 0.3, 0.5, 0.7, 0.95])
def test_contours_are_those_of_opencv(density):
    # specks, parts within holes of others, threads of one pixel, regions at the border, labels without pixels
    for seed in range(20):
        rng = np.random.default_rng(seed)
        labels = (rng.random((30, 41)) < density) * (1 + np.arange(41) // 14 + 2 * (np.arange(30)[:, None] // 11))
        if seed % 2:
            labels = cv2.medianBlur(labels.astype(np.uint8), 3)
        found = region_outlines(labels, 9, 50)
        for k in range(9):
            np.testing.assert_array_equal(found[k], traced_by_opencv(labels == k + 1, 50))


def test_contours_of_cells_are_those_of_opencv():
    _, nuclei, cells = drawn_field()
    for labels in (nuclei, cells):
        found = region_outlines(labels, int(cells.max()))
        for k in range(len(found)):
            np.testing.assert_array_equal(found[k], traced_by_opencv(labels == k + 1, 128))
