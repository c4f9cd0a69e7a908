"""Edges, contours and circles of the whole image, after the published SVM recipe."""

from functools import partial
from typing import Any, ClassVar

import numpy as np

from leukofeat.base import FeatureFamily
from leukofeat.constraints import Integral, Number, Real, check
from leukofeat.features.measure import Measure
from leukofeat.kernels.shape.circles import hough_circles
from leukofeat.kernels.shape.contours import contour_areas
from leukofeat.opencv import cv2
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


def measure_contours(
    smear: Smear,
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
    smear : Smear
        A record, segmented or not; its grey values are looked at.
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
    >>> values = dict(zip(CONTOUR_NAMES, measure_contours(Smear(image)).tolist()))
    >>> values["image_contour_count"], values["image_circle_count"]
    (1.0, 1.0)
    """
    out = np.full(len(CONTOUR_NAMES), np.nan)
    gray = smear.gray
    dx, dy = cv2.spatialGradient(gray, borderType=cv2.BORDER_REPLICATE)
    edges = cv2.Canny(dx, dy, low, high)
    areas = contour_areas(edges)
    areas = areas[areas >= min_area]
    out[0], out[1] = len(areas), areas.sum()
    if len(areas):
        out[2], out[3] = areas.mean(), areas.std()
    out[4] = 0
    if min(gray.shape) > 2:
        # cv2.HoughCircles, whose hysteresis goes from half its threshold to the whole, both rounded
        whole = round(high)
        half = max(1, whole // 2)
        circles = hough_circles(
            edges if (low, high) == (half, whole) else cv2.Canny(dx, dy, half, whole),
            dx,
            dy,
            step=3,
            distance=min_radius,
            votes=votes,
            min_radius=min_radius,
            max_radius=max_radius,
        )
        if len(circles):
            x, y, radius = circles.T
            out[4:] = len(x), np.pi * (radius**2).mean(), np.hypot(x.std(), y.std())
    return out


_image = partial(Measure, rotation="no", scale="no", stain="no", level="image")
_contour = partial(_image, source="Canny 1986; Suzuki and Abe 1985; Jin et al. 2023")
_circle = partial(_image, source="Yuen et al. 1990; Jin et al. 2023")


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

    measures: ClassVar[tuple[Measure, ...]] = (
        _contour("image_contour_count", "edge contours", "1", "n of at least `min_area`"),
        _contour("image_contour_area_sum", "their area together", "px²", "Σ a, a by Green's formula"),
        _contour("image_contour_area_mean", "their mean area", "px²", "Σ a / n"),
        _contour("image_contour_area_std", "spread of their areas", "px²", "√(Σ(a − mean)² / n)"),
        _circle(
            "image_circle_count", "circles by Hough's transform", "1", "n of radii from `min_radius` to `max_radius`"
        ),
        _circle("image_circle_area_mean", "their mean area", "px²", "Σ πr² / n"),
        _circle("image_circle_center_std", "spread of their centres", "px", "√(var x + var y)"),
    )

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "low": [Number(Real, 0)],
        "high": [Number(Real, 0, above=True)],
        "min_area": [Number(Real, 0)],
        "min_radius": [Number(Integral, 1)],
        "max_radius": [Number(Integral, 1)],
        "votes": [Number(Real, 1)],
    }

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
        super().check_params()
        check("high", self.high, Number(Real, self.low))
        check("max_radius", self.max_radius, Number(Integral, self.min_radius))

    def row_names(self) -> list[str]:
        return list(CONTOUR_NAMES)

    def row(self, smear: Smear) -> np.ndarray:
        return measure_contours(smear, **self.get_params())
