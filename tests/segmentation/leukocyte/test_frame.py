"""Images in poor light, with bars around them, or seen through an eyepiece, show the cells that they show without."""

import cv2
import numpy as np
import pytest

from leukofeat.datasets import make_smears
from leukofeat.datasets.render import compress
from leukofeat.evaluation.optics import tilt_light
from leukofeat.segmentation import LeukocyteSegmenter, dice, segment_leukocytes
from leukofeat.segmentation.leukocyte.frame import in_even_light
from leukofeat.segmentation.leukocyte.segment import find_leukocytes
from tests.light import vignetted

BARS = [(20, 20, 20, 20), (0, 0, 40, 40), (30, 0, 0, 7), (64, 64, 0, 0)]


@pytest.fixture(scope="module")
def smears():
    return make_smears(n_samples=4, random_state=0)


def barred(image, bars, color):
    return cv2.copyMakeBorder(image, *bars, cv2.BORDER_CONSTANT, value=color)


def through_an_eyepiece(image):
    y, x = (np.arange(n) - (n - 1) / 2 for n in image.shape[:2])
    return np.hypot(y[:, None], x) < min(image.shape[:2]) / 2


@pytest.mark.parametrize("bars", BARS, ids=str)
@pytest.mark.parametrize("color", [(0, 0, 0), (114, 114, 114)], ids=str)
def test_bars_around_an_image_change_nothing_in_it(smears, bars, color):
    image = smears.images[0]
    plain, found = find_leukocytes(image), find_leukocytes(barred(image, bars, color))
    top, left = bars[0], bars[2]
    inside = np.s_[top : top + image.shape[0], left : left + image.shape[1]]
    for before, after in ((plain.nuclei, found.nuclei), (plain.cells, found.cells)):
        np.testing.assert_array_equal(after[inside], before)
        assert after.max() == before.max() > 0
        assert np.count_nonzero(after) == np.count_nonzero(before)
    np.testing.assert_array_equal(found.confidence, plain.confidence)
    moved = [each._replace(row=each.row + top, column=each.column + left) for each in plain.dropped]
    assert list(found.dropped) == moved


@pytest.mark.parametrize("color", [(0, 0, 0), (255, 255, 255)], ids=["black", "white"])
@pytest.mark.parametrize("quality", [None, 90])
@pytest.mark.parametrize("size", [120, 224])
def test_a_small_image_that_was_turned_shows_its_cell_and_not_its_corners(color, quality, size):
    smear = make_smears(n_samples=1, size=224, random_state=5).images[0]
    image = cv2.resize((smear * (1, 0.93, 0.75)).astype(np.uint8), (size, size), interpolation=cv2.INTER_AREA)
    turn = cv2.getRotationMatrix2D((size / 2, size / 2), 30, 1)
    turned = cv2.warpAffine(image, turn, (size, size), borderValue=color)
    if quality:
        turned = compress(turned, quality)
    expected, found = segment_leukocytes(image), segment_leukocytes(turned)
    inside = cv2.erode(cv2.warpAffine(np.ones((size, size), np.uint8), turn, (size, size)), np.ones((9, 9))) > 0
    assert found[0].any()
    assert not found[1][~(cv2.dilate(inside.view(np.uint8), np.ones((21, 21))) > 0)].any()
    for before, after in zip(expected, found, strict=True):
        before = cv2.warpAffine((before > 0).view(np.uint8), turn, (size, size), flags=cv2.INTER_NEAREST) > 0
        assert dice(before & inside, (after > 0) & inside) > 0.85


def test_bars_within_bars_and_nothing_but_bars():
    image = make_smears(n_samples=1, random_state=1).images[0]
    twice = barred(barred(image, (20,) * 4, (0, 0, 0)), (30,) * 4, (90, 90, 90))
    assert segment_leukocytes(twice)[0].max() == segment_leukocytes(image)[0].max()
    for little in (np.full((6, 6, 3), 200, np.uint8), np.full((1, 1, 3), 200, np.uint8)):
        assert not segment_leukocytes(barred(little, (40,) * 4, (0, 0, 0)))[0].any()


def test_through_an_eyepiece_the_slide_is_the_images_own():
    image = make_smears(n_samples=1, random_state=3, size=320).images[0].astype(float)
    yellow = (image * (1, 0.97, 0.7)).astype(np.uint8)
    view = through_an_eyepiece(yellow)
    whole, seen = segment_leukocytes(yellow)[0], segment_leukocytes(yellow * view[..., None].astype(np.uint8))[0]
    inner = cv2.erode(view.astype(np.uint8), np.ones((41, 41))) > 0
    assert dice((whole > 0) & inner, (seen > 0) & inner) > 0.97
    assert seen.max() <= whole.max()


@pytest.mark.parametrize(
    "change",
    [
        lambda image: vignetted(image, 0.6),
        lambda image: tilt_light(image, 0.6, 30),
        lambda image: (image * 0.5).astype(np.uint8),
    ],
    ids=["vignette", "from a side", "dim"],
)
def test_poor_light_changes_little(smears, change):
    for image in smears.images:
        smear, other = LeukocyteSegmenter().transform([image, change(image)])
        assert other.n_cells == smear.n_cells
        assert dice(smear.nuclei, other.nuclei) > 0.93
        assert dice(smear.cells, other.cells) > 0.9


def test_a_well_lit_image_is_left_alone(smears):
    for image in smears.images:
        assert in_even_light(image, None) is image


def test_a_cell_that_was_cut_out_tells_no_light():
    image = np.zeros((120, 120, 3), np.uint8)
    cv2.ellipse(image, (60, 60), (38, 30), 20, 0, 360, (110, 90, 150), -1)
    content = image.any(axis=2)
    assert in_even_light(image, content) is image


@pytest.mark.parametrize("seen", [None, "eyepiece", "bars"])
def test_turned_images_in_poor_light_show_the_same_to_the_pixel(smears, seen):
    image = tilt_light(vignetted(smears.images[1], 0.6), 0.8, 70)
    if seen == "eyepiece":
        image = image * through_an_eyepiece(image)[..., None].astype(np.uint8)
    if seen == "bars":
        image = barred(image, (40, 0, 20, 0), (0, 0, 0))
    nuclei, cells = segment_leukocytes(image)
    assert nuclei.any()
    for k in range(1, 4):
        turned = segment_leukocytes(np.ascontiguousarray(np.rot90(image, k)))
        for before, after in zip((nuclei, cells), turned, strict=True):
            np.testing.assert_array_equal(np.rot90(before, k) > 0, after > 0)
