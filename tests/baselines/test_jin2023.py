"""The two readings of Jin et al. (2023)."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage.feature import hog

from leukofeat.baselines import find_pipeline, make_baseline
from tests.baselines.independent import segmented

CODE = (
    "image_contour_count", "image_contour_area_mean", "image_contour_area_std", "image_circle_count",
    "image_circle_area_mean", "image_circle_center_std",
)  # fmt: skip


def contours(gray, low, high):
    """Areas of Canny's contours, by OpenCV alone."""
    dx, dy = cv2.spatialGradient(gray, borderType=cv2.BORDER_REPLICATE)
    found, _ = cv2.findContours(cv2.Canny(dx, dy, low, high), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    areas = np.array([cv2.contourArea(one) for one in found])
    areas = areas[areas >= 25]
    return [len(areas), areas.sum(), *([areas.mean(), areas.std()] if len(areas) else [np.nan] * 2)]


def circles(gray):
    found = cv2.HoughCircles(gray, cv2.HOUGH_GRADIENT, 3, 19, param1=150, param2=42, minRadius=19, maxRadius=26)
    x, y, radius = found[0].T
    return [len(x), np.pi * (radius**2).mean(), np.sqrt(x.var() + y.var())]


def test_the_27_columns_of_the_text(three):
    records, table = segmented(make_baseline("jin2023_svm"), three.images, three.target)
    assert table.shape[1] == 27
    for record, row in zip(records, table.to_numpy(), strict=True):
        gray = record.gray
        picture = hog(gray, 9, (8, 8), (3, 3), visualize=True)[1]
        g = gray.astype(float)
        gy, gx = np.zeros_like(g), np.zeros_like(g)
        gy[1:-1], gx[:, 1:-1] = g[2:] - g[:-2], g[:, 2:] - g[:, :-2]
        four = [[x.max(), x.mean(), x.std(), (x > 0).mean()] for x in (picture, np.hypot(gy, gx))]
        planes = [cv2.cvtColor(record.image, how) for how in (cv2.COLOR_RGB2LAB, cv2.COLOR_RGB2YCrCb)]
        six = np.dstack(planes).reshape(-1, 6).astype(float)
        expected = [*four[0], *four[1], *contours(gray, 75, 150), *circles(gray), *six.mean(axis=0), *six.std(axis=0)]
        np.testing.assert_allclose(row, expected, rtol=1e-5)


def test_the_six_columns_of_the_code(three):
    records, table = segmented(make_baseline("jin2023_svm", features="code"), three.images, three.target)
    assert tuple(table) == CODE
    for record, image, row in zip(records, three.images, table.to_numpy(), strict=True):
        median = cv2.medianBlur(image, 3)
        np.testing.assert_array_equal(record.image, median)
        gray = cv2.cvtColor(median, cv2.COLOR_RGB2GRAY)
        count, _, mean, std = contours(gray, 200, 300)
        np.testing.assert_allclose(row, [count, mean, std, *circles(gray)], rtol=1e-5)


def test_the_classifiers_of_the_two_readings():
    text, code = make_baseline("jin2023_svm"), make_baseline("jin2023_svm", features="code")
    assert list(text[-1].estimator.named_steps) == ["simpleimputer", "standardscaler", "svc"]
    assert list(code[-1].estimator.named_steps) == ["simpleimputer", "svc"]
    assert (text[-1].estimator[-1].C, code[-1].estimator[-1].C) == (96.0, 10.0)
    assert find_pipeline("jin2023_svm:features=code,C=96")[1][-1].estimator[-1].C == 96


def test_the_segmentation_of_the_two_readings():
    text = make_baseline("jin2023_svm", segmented=True)[2]
    assert (text.rank, text.equalize, text.n_init, text.cleanup) == ("red", True, 5, None)
    code = make_baseline("jin2023_svm", segmented=True, features="code")[1]
    assert (code.rank, code.equalize, code.n_init, code.cleanup.min_nucleus_area) == ("a", "twice", 1, 50)


def test_a_template_is_taken_over_the_whole_image_in_lab_by_the_code(three, paths):
    pipeline = make_baseline("jin2023_svm", features="code", template=paths[0])
    changed = pipeline[0].transform(three.images)[0]
    template = cv2.cvtColor(cv2.imread(paths[0]), cv2.COLOR_BGR2LAB).reshape(-1, 3).astype(float)
    lab = cv2.cvtColor(three.images[0], cv2.COLOR_RGB2LAB).astype(float)
    own = lab.reshape(-1, 3)
    moved = (lab - own.mean(axis=0)) * (template.std(axis=0) / own.std(axis=0)) + template.mean(axis=0)
    expected = cv2.cvtColor(np.clip(np.rint(moved), 1, 255).astype(np.uint8), cv2.COLOR_LAB2RGB)
    assert np.abs(changed.astype(int) - expected).max() <= 2
    # by the text, R, G and B
    assert make_baseline("jin2023_svm", template=paths[0])[0].method == "template"
    assert not make_baseline("jin2023_svm", template=paths[0])[0].requires_fit


def test_an_unknown_reading_is_refused():
    with pytest.raises(ValueError, match="features"):
        make_baseline("jin2023_svm", features="table")
    pipeline = make_baseline("jin2023_svm", features="code", template="nowhere.png")
    with pytest.raises(ValueError, match=r"nowhere\.png: cannot be read"):
        pipeline.fit([np.zeros((9, 9, 3), np.uint8)] * 4, [0, 0, 1, 1])
