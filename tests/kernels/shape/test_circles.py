"""Circles as OpenCV finds them."""

import cv2
import numpy as np
import pytest

from leukofeat.kernels.shape.circles import hough_circles
from tests.cells import drawn_field


def edges_of(gray, high=150):
    dx, dy = (cv2.Sobel(gray, cv2.CV_16S, k, 1 - k, borderType=cv2.BORDER_REPLICATE) for k in (1, 0))
    return cv2.Canny(dx, dy, high // 2, high), dx, dy


def discs(seed=0, shape=(180, 220)):
    """Discs of all sizes, noise between them, some cut by the border."""
    rng = np.random.default_rng(seed)
    gray = np.full(shape, 220, np.uint8)
    for _ in range(25):
        center = rng.integers(0, shape[::-1])
        cv2.circle(gray, center.tolist(), int(rng.integers(3, 30)), int(rng.integers(40, 200)), -1)
    return np.clip(gray + rng.normal(0, 6, shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("step", "distance", "votes", "min_radius", "max_radius"),
    [
        (3, 19, 42, 19, 26),
        (3, 1, 10, 5, 12),
        (2, 8, 17.5, 3, 40),
        (1, 5, 6, 4, 9),
        (4, 10, 25, 10, 10),
        (3, 6, 12, 7, 3),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_equal_to_opencv(seed, step, distance, votes, min_radius, max_radius):
    for gray in (discs(seed), cv2.cvtColor(drawn_field()[0], cv2.COLOR_RGB2GRAY)):
        expected = cv2.HoughCircles(
            gray,
            cv2.HOUGH_GRADIENT,
            dp=step,
            minDist=distance,
            param1=150,
            param2=votes,
            minRadius=min_radius,
            maxRadius=max_radius,
        )
        found = hough_circles(
            *edges_of(gray),
            step=step,
            distance=distance,
            votes=votes,
            min_radius=min_radius,
            max_radius=max_radius,
        )
        np.testing.assert_array_equal(found, np.empty((0, 3)) if expected is None else expected.reshape(-1, 3))


@pytest.mark.parametrize("shape", [(3, 3), (3, 60), (50, 4)])
def test_narrow_and_blank_planes(shape):
    options = {"step": 3, "distance": 19, "votes": 42, "min_radius": 19, "max_radius": 26}
    blank = np.full(shape, 200, np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    for gray in (blank, noise):
        assert hough_circles(*edges_of(gray), **options).shape == (0, 3)


def test_votes_of_large_radii_stay_in_the_frame():
    # in steps of 6 pixels a cell is 170.67 / 1024: rounded, the reach of 8,000 pixels is off by more than two cells
    edges = np.zeros((4, 4), np.uint8)
    edges[0, 0] = edges[3, 3] = 255
    dx, dy = np.zeros((2, 4, 4), np.int16)
    dx[:] = 100
    options = {"step": 6, "distance": 9, "votes": 3, "min_radius": 7990, "max_radius": 8000}
    assert hough_circles(edges, dx, dy, **options).shape == (0, 3)
