"""Entries of the catalogue: contours."""

from __future__ import annotations

from functools import partial

from leukofeat.features.measure import Measure

_image = partial(Measure, rotation="no", scale="no", stain="no", level="image")
_CONTOUR, _CIRCLE = "Canny 1986; Suzuki and Abe 1985; Jin et al. 2023", "Yuen et al. 1990; Jin et al. 2023"

CONTOURS = (
    _image("image_contour_count", "edge contours", "1", "n of at least `min_area`", _CONTOUR),
    _image("image_contour_area_sum", "their area together", "px²", "Σ a, a by Green's formula", _CONTOUR),
    _image("image_contour_area_mean", "their mean area", "px²", "Σ a / n", _CONTOUR),
    _image("image_contour_area_std", "spread of their areas", "px²", "√(Σ(a − mean)² / n)", _CONTOUR),
    _image(
        "image_circle_count",
        "circles by Hough's transform",
        "1",
        "n of radii from `min_radius` to `max_radius`",
        _CIRCLE,
    ),
    _image("image_circle_area_mean", "their mean area", "px²", "Σ πr² / n", _CIRCLE),
    _image("image_circle_center_std", "spread of their centres", "px", "√(var x + var y)", _CIRCLE),
)
