"""Edges, contours and circles of the whole image, after the published SVM recipe."""

from __future__ import annotations

import cv2
import numpy as np

from leukofeat.base import FeatureFamily, check_number
from leukofeat.kernels.shape.circles import hough_circles
from leukofeat.kernels.shape.contour_areas import contour_areas
from leukofeat.smear import Smear

CONTOUR_NAMES = (
    "image_contour_count",
    "image_contour_area_sum",
    "image_contour_area_mean",
    "image_contour_area_std",
    "image_circle_count",
    "image_circle_area_mean",
    "image_circle_center_std",
)


def _moments(values: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation, as NumPy's methods have them in twice the time."""
    mean = np.add.reduce(values) / len(values)
    return mean, np.sqrt(np.add.reduce((values - mean) ** 2) / len(values))


def measure_contours(
    gray: np.ndarray,
    *,
    low: float = 75.0,
    high: float = 150.0,
    min_area: float = 25.0,
    min_radius: int = 19,
    max_radius: int = 26,
    votes: float = 42.0,
) -> np.ndarray:
    """Areas of closed edge contours, and circles found by Hough's transform.

    Parameters
    ----------
    gray : ndarray of uint8, shape (H, W)
        Grey values.
    low, high : float
        Hysteresis thresholds of Canny's edges; `high` is Hough's edge threshold too.
    min_area : float
        Contours of less area are left out, in square pixels.
    min_radius, max_radius : int
        Radii of circles, in pixels; centres are at least `min_radius` apart.
    votes : float
        Accumulator threshold of Hough's transform, whose accumulator has a third of the image's resolution.

    Returns
    -------
    ndarray of float64, shape (7,)
        Named by ``CONTOUR_NAMES``. ``contour_area_sum`` is 0 and means and standard deviations are NaN when there is
        none. ``circle_center_std`` is the standard deviation of the centres' distances from their mean, root mean
        square over both axes.

    Examples
    --------
    >>> image = cv2.circle(np.full((80, 80), 240, np.uint8), (40, 40), 20, 60, -1)
    >>> values = dict(zip(CONTOUR_NAMES, measure_contours(image).tolist()))
    >>> values["image_contour_count"], values["image_circle_count"]
    (1.0, 1.0)
    """
    out = np.full(len(CONTOUR_NAMES), np.nan)
    gray = np.ascontiguousarray(gray)
    dx, dy = cv2.spatialGradient(gray, borderType=cv2.BORDER_REPLICATE)
    edges = cv2.Canny(dx, dy, low, high)
    areas = contour_areas(edges)
    areas = areas[areas >= min_area]
    out[0], out[1] = len(areas), areas.sum()
    if len(areas):
        out[2], out[3] = _moments(areas)
    out[4] = 0
    if min(gray.shape) > 2:
        # cv2.HoughCircles, whose hysteresis goes from half its threshold to the whole, both rounded
        whole = round(high)
        half = max(1, whole // 2)
        x, y, radius = hough_circles(
            edges if (low, high) == (half, whole) else cv2.Canny(dx, dy, half, whole),
            dx,
            dy,
            step=3,
            distance=min_radius,
            votes=votes,
            min_radius=min_radius,
            max_radius=max_radius,
        ).T
        if len(x):
            out[4:] = len(x), np.pi * _moments(radius**2)[0], np.hypot(_moments(x)[1], _moments(y)[1])
    return out


class ContourFeatures(FeatureFamily):
    """Contours and circles of the image, after Jin et al. (2023).

    The published feature table holds the number, mean area and its standard deviation of contours (Canny's edges
    followed by OpenCV's ``findContours``), and number, mean area and spread of the centres of circles
    (``HoughCircles``); the paper's text adds the sum of areas. The paper does not state the thresholds: those here
    give about the number and size of circles of its table (14 to 40 of some 1,600 square pixels at 224 x 224). Unlike there, an image without
    contour has count and sum 0 beside its NaN, so that nothing is told by missing values alone.

    Parameters
    ----------
    low, high : float, default=75, 150
        Hysteresis thresholds of Canny's edges.
    min_area : float, default=25
        Contours of less area are left out, in square pixels.
    min_radius, max_radius : int, default=19, 26
        Radii of circles in pixels.
    votes : float, default=42
        Accumulator threshold of Hough's transform; fewer votes, more circles.

    See Also
    --------
    measure_contours : The same for one image.

    Examples
    --------
    >>> ContourFeatures().fit_transform([np.zeros((60, 60, 3), np.uint8)])[0, [0, 1, 4]].tolist()
    [0.0, 0.0, 0.0]
    """

    def __init__(
        self,
        *,
        low: float = 75.0,
        high: float = 150.0,
        min_area: float = 25.0,
        min_radius: int = 19,
        max_radius: int = 26,
        votes: float = 42.0,
    ) -> None:
        self.low = low
        self.high = high
        self.min_area = min_area
        self.min_radius = min_radius
        self.max_radius = max_radius
        self.votes = votes

    def check_params(self) -> None:
        check_number("low", self.low, low=0)
        check_number("high", self.high, low=self.low)
        check_number("min_area", self.min_area, low=0)
        check_number("min_radius", self.min_radius, integer=True, low=1)
        check_number("max_radius", self.max_radius, integer=True, low=self.min_radius)
        check_number("votes", self.votes, low=1)

    def row_names(self) -> list[str]:
        return list(CONTOUR_NAMES)

    def row(self, smear: Smear) -> np.ndarray:
        return measure_contours(smear.gray, **self.get_params())
