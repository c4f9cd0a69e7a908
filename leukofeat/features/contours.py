"""Edges, contours and circles of the whole image, after the published SVM recipe."""

from __future__ import annotations

import cv2
import numpy as np

from leukofeat.base import FeatureFamily, check_number
from leukofeat.smear import Smear

CONTOUR_NAMES = (
    "image_contour_count",
    "image_contour_area_sum",
    "image_contour_area_mean",
    "image_contour_area_std",
    "image_circle_count",
    "image_circle_radius_mean",
    "image_circle_radius_std",
)


def measure_contours(
    gray: np.ndarray,
    low: float = 50.0,
    high: float = 150.0,
    min_radius: int = 5,
    max_radius: int = 60,
) -> np.ndarray:
    """Areas of the closed contours of Canny's edges, and circles of the Hough transform.

    Parameters
    ----------
    gray : ndarray of shape (height, width), dtype uint8
    low, high : float
        Thresholds of Canny's hysteresis (gradient magnitude, L1, of OpenCV's 3x3 Sobel).
    min_radius, max_radius : int
        Radii of the circles looked for, in pixels; their centres are at least `min_radius` * 2 apart.

    Returns
    -------
    ndarray of shape (7,), dtype float64
        Number, sum, mean and standard deviation of the areas that the outermost contours enclose (pixels); number of circles,
        mean and standard deviation of their radii (pixels). Means and deviations are NaN where there is none.

    Notes
    -----
    Section 5.1.4 of Jin et al. (2023) names Canny, `findContours` and `HoughCircles` and gives no parameters; these are
    OpenCV's common ones.

    Examples
    --------
    >>> import cv2
    >>> gray = cv2.circle(np.full((64, 64), 255, np.uint8), (32, 32), 15, 0, -1)
    >>> values = measure_contours(gray)
    >>> int(values[0]), int(values[4])
    (1, 1)
    """
    gray = np.ascontiguousarray(gray)
    edges = cv2.Canny(gray, low, high)
    contours, _ = cv2.findContours(edges, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    areas = np.array([cv2.contourArea(contour) for contour in contours])
    circles = cv2.HoughCircles(
        gray, cv2.HOUGH_GRADIENT, 1, 2 * min_radius, param1=high, param2=30, minRadius=min_radius, maxRadius=max_radius
    )
    radii = np.empty(0) if circles is None else circles.reshape(-1, circles.shape[-1])[:, 2].astype(np.float64)
    return np.array([len(areas), areas.sum(), *_mean_std(areas), len(radii), *_mean_std(radii)])


def _mean_std(values: np.ndarray) -> tuple[float, float]:
    return (float(values.mean()), float(values.std())) if len(values) else (np.nan, np.nan)


class ContourFeatures(FeatureFamily):
    """Areas of the contours of Canny's edges and radii of Hough's circles, over the whole image (Jin et al., 2023).

    Parameters
    ----------
    low, high : float, default=50, 150
        Thresholds of Canny's hysteresis.
    min_radius, max_radius : int, default=5, 60
        Radii of the circles looked for, in pixels.

    See Also
    --------
    measure_contours : The same for one image, with the definitions.

    Examples
    --------
    >>> ContourFeatures().fit_transform([np.zeros((32, 32, 3), np.uint8)])[0, :2].tolist()
    [0.0, 0.0]
    """

    def __init__(self, *, low: float = 50.0, high: float = 150.0, min_radius: int = 5, max_radius: int = 60) -> None:
        self.low = low
        self.high = high
        self.min_radius = min_radius
        self.max_radius = max_radius

    def _check_params(self) -> None:
        check_number("low", self.low, low=0)
        check_number("high", self.high, low=self.low)
        check_number("min_radius", self.min_radius, integer=True, low=1)
        check_number("max_radius", self.max_radius, integer=True, low=self.min_radius)

    def _row_names(self) -> list[str]:
        return list(CONTOUR_NAMES)

    def _row(self, smear: Smear) -> np.ndarray:
        return measure_contours(smear.gray, self.low, self.high, self.min_radius, self.max_radius)
