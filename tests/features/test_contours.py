import cv2
import numpy as np
import pytest

from leukofeat.features.contours import CONTOUR_NAMES, ContourFeatures, measure_contours
from leukofeat.smear import Smear


def measured(gray, **options):
    return dict(zip(CONTOUR_NAMES, measure_contours(Smear(gray), **options), strict=True))


def test_discs_are_contours_and_circles():
    gray = np.full((224, 224), 230, np.uint8)
    centers = [(50, 50), (160, 60), (60, 165), (160, 160)]
    for center in centers:
        cv2.circle(gray, center, 22, 90, -1)
    values = measured(gray)
    assert values["image_contour_count"] == 4
    assert values["image_contour_area_mean"] == pytest.approx(np.pi * 22**2, rel=0.1)
    assert values["image_contour_area_sum"] == pytest.approx(4 * values["image_contour_area_mean"])
    assert values["image_contour_area_std"] < 30
    assert values["image_circle_count"] == 4
    assert values["image_circle_area_mean"] == pytest.approx(np.pi * 22**2, rel=0.1)
    spread = np.sqrt(np.var(centers, axis=0).sum())
    assert values["image_circle_center_std"] == pytest.approx(spread, rel=0.03)


def test_small_contours_are_left_out():
    gray = np.full((60, 60), 230, np.uint8)
    cv2.rectangle(gray, (10, 10), (40, 40), 60, -1)
    cv2.rectangle(gray, (50, 50), (53, 53), 60, -1)
    assert measured(gray)["image_contour_count"] == 1
    assert measured(gray, min_area=1)["image_contour_count"] == 2


@pytest.mark.parametrize("shape", [(1, 1), (2, 50), (3, 3), (50, 4), (40, 40)])
def test_blank_images_have_nothing(shape):
    values = measured(np.full(shape, 255, np.uint8))
    assert values["image_contour_count"] == values["image_contour_area_sum"] == values["image_circle_count"] == 0
    assert all(np.isnan(values[name]) for name in CONTOUR_NAMES if name.endswith(("mean", "std")))


def test_parameters_reach_the_measure():
    image = np.full((60, 60, 3), 230, np.uint8)
    cv2.rectangle(image, (50, 50), (53, 53), (60, 60, 60), -1)
    assert ContourFeatures(min_area=1).row(Smear(image))[0] == 1
    assert ContourFeatures().row(Smear(image))[0] == 0


@pytest.mark.parametrize(
    ("params", "message"), [({"high": 10}, "high"), ({"low": 0, "high": 0}, "high"), ({"max_radius": 5}, "max_radius")]
)
def test_bad_parameters_are_named(params, message):
    with pytest.raises(ValueError, match=message):
        ContourFeatures(**params).fit([])
