"""Padding: cells cut out on black, white or grey, rotated crops; what stands in place of the image is no image."""

import cv2
import numpy as np
import pytest

from leukofeat.audit.describe import describe_pixels
from leukofeat.audit.slides import slide_features
from leukofeat.datasets import make_smears
from leukofeat.parallel import map_images
from leukofeat.preprocessing import ColorNormalizer, background_color, find_padding, stained_mask
from leukofeat.preprocessing.normalize import METHODS
from leukofeat.segmentation import LeukocyteSegmenter
from leukofeat.sequence import as_sequence

CYTOPLASM, NUCLEUS, SLIDE = (185, 165, 215), (95, 50, 150), (236, 230, 238)
COLORS = {"black": (0, 0, 0), "white": (255, 255, 255), "grey": (128, 128, 128), "imagenet": (124, 116, 104)}


def cell(rng, share: float, size: int = 220, ground=SLIDE, around: float = 1.0):
    """A cell on its slide, and where it, or `around` times its radius, is cut away: a share of the image."""
    radius = size * np.sqrt((1 - share) / np.pi) / around
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    distance = np.hypot(y, x)
    image = np.empty((size, size, 3))
    image[:] = ground
    image[distance < radius] = CYTOPLASM
    image[distance < 0.7 * radius] = NUCLEUS
    image = np.clip(cv2.GaussianBlur(image, (0, 0), size / 200) + rng.normal(0, 3, image.shape), 0, 255)
    return image.astype(np.uint8), distance > radius * around


def cut(image, away, color, soft: float = 0.0):
    alpha = 1 - away.astype(float)
    alpha = cv2.GaussianBlur(alpha, (0, 0), soft) if soft else alpha
    return np.rint(image * alpha[..., None] + np.array(color) * (1 - alpha[..., None])).astype(np.uint8)


def compressed(image, quality):
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def rotated(image, degrees, color):
    turn = cv2.getRotationMatrix2D((image.shape[1] / 2, image.shape[0] / 2), degrees, 1)
    out = cv2.warpAffine(image, turn, image.shape[1::-1], borderValue=color)
    shown = cv2.warpAffine(np.ones(image.shape[:2], np.uint8), turn, image.shape[1::-1])
    return out, cv2.dilate(shown, np.ones((3, 3), np.uint8)) == 0


@pytest.mark.parametrize("color", COLORS.values(), ids=COLORS)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("soft", [0.0, 0.8])
@pytest.mark.parametrize("size", [220, 64])
def test_what_was_cut_away_is_found(rng, color, share, soft, size):
    image, away = cell(rng, share, size)
    found = find_padding(cut(image, away, color, soft))
    rim = cv2.dilate(away.view(np.uint8), np.ones((5, 5), np.uint8)) != cv2.erode(away.view(np.uint8), np.ones((5, 5)))
    assert (found == away)[~rim].all()


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("quality", [None, 95, 75])
@pytest.mark.parametrize("size", [220, 40, 20])
def test_black_is_found_through_compression_and_in_small_crops(rng, share, quality, size):
    image, away = cell(rng, share, size)
    image = cut(image, away, (0, 0, 0))
    found = find_padding(image if quality is None else compressed(image, quality))
    assert (found == away).mean() > 0.9


@pytest.mark.parametrize("color", [(0, 0, 0), (255, 255, 255), (128, 128, 128)], ids=str)
def test_triangles_of_a_rotated_crop_leave_the_slide_to_balance_by(rng, color):
    image, _ = cell(rng, 0.5)
    turned, away = rotated(image, 20, color)
    result = ColorNormalizer("white_balance").transform([turned])[0]
    np.testing.assert_array_equal(result[away], turned[away])
    np.testing.assert_allclose(background_color(turned), SLIDE, atol=2)
    np.testing.assert_allclose(np.median(result[4:14, 100:120], axis=(0, 1)), 240, atol=3)


def test_ordinary_images_have_none(rng):
    assert all(find_padding(image) is None for image in make_smears(n_samples=12, size=96, random_state=0).images)
    overexposed, _ = cell(rng, 0.5, ground=(262, 259, 264))
    even = np.full((40, 40, 3), SLIDE, np.uint8)
    even[10:30, 10:30] = NUCLEUS
    barred = cell(rng, 0.5)[0]
    barred[-38:, -50:] = 255
    for image in (overexposed, even, barred, np.zeros((9, 9, 3), np.uint8), even[:1, :1]):
        assert find_padding(image) is None


@pytest.mark.parametrize("color", COLORS.values(), ids=COLORS)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_cytoplasm_is_not_balanced_to_white(rng, color, share):
    image = cut(*cell(rng, share), color)
    with pytest.warns(UserWarning, match="no empty slide beside the cells.*left unchanged"):
        result = ColorNormalizer("white_balance").transform([image])[0]
    np.testing.assert_array_equal(result, image)


def test_a_rim_of_slide_is_enough_to_balance_by(rng):
    image, away = cell(rng, 0.3, around=1.3)
    result = ColorNormalizer("white_balance").transform([cut(image, away, (0, 0, 0))])[0]
    gain = 240 / np.array(SLIDE)
    np.testing.assert_allclose(result[105:115, 105:115].mean(axis=(0, 1)), NUCLEUS * gain, atol=3)
    assert not result[away].any()


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_pass_says_it_once(rng, n_jobs):
    images = [cut(*cell(rng, share), (0, 0, 0)) for share in (0.3, 0.4, 0.5)] + [cell(rng, 0.5)[0]]
    balanced = ColorNormalizer("white_balance").transform(images)
    with pytest.warns(UserWarning, match="no empty slide") as caught:
        map_images(_shape, balanced, n_jobs=n_jobs)
    assert [str(warning.message)[:45] for warning in caught] == ["3 of 4 images, image 0 for one: no empty slid"]


def _shape(images, i):
    return images.smear(i).image.shape


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("color", [(0, 0, 0), (128, 128, 128)], ids=str)
def test_normalising_does_not_depend_on_how_much_padding_there_is(rng, method, color, smears):
    image, away = cell(rng, 0.3, around=1.3)
    image = cut(image, away, color)
    wide = cv2.copyMakeBorder(image, *(80,) * 4, cv2.BORDER_CONSTANT, value=color)
    stage = ColorNormalizer(method, template=smears.images[0])
    narrow, wider = stage.transform([image, wide])
    np.testing.assert_array_equal(wider[80:-80, 80:-80], narrow)
    np.testing.assert_array_equal(narrow[away], image[away])
    assert (narrow != image).any()
    if method != "white_balance":
        learned = [ColorNormalizer(method).fit([x]).reference_ for x in (image, wide)]
        np.testing.assert_array_equal(*learned)


def test_padding_is_not_stained_and_the_cell_is(rng):
    image, away = cell(rng, 0.6)
    np.testing.assert_array_equal(stained_mask(cut(image, away, (0, 0, 0))), ~away)


def test_what_the_audit_and_the_slides_measure_is_that_of_the_image(rng):
    image, away = cell(rng, 0.3, around=1.4)
    image = cut(image, away, (0, 0, 0))
    wide = cv2.copyMakeBorder(image, *(60,) * 4, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    one, two = describe_pixels(image), describe_pixels(wide)
    for name in ("level", "contrast", "brightness"):
        assert one[name] == pytest.approx(two[name], rel=0.02), name
    np.testing.assert_allclose(one["background"], two["background"], atol=8)
    assert one["brightness"] == pytest.approx(np.dot(SLIDE, (0.299, 0.587, 0.114)), abs=3)
    one, two = slide_features(image), slide_features(wide)
    assert one["background_l"] == two["background_l"] == pytest.approx(91.4, abs=1.5)


@pytest.mark.parametrize("color", COLORS.values(), ids=COLORS)
def test_the_segmenter_finds_the_cell_on_any_padding(rng, color):
    image, away = cell(rng, 0.6)
    found = LeukocyteSegmenter().transform(as_sequence([cut(image, away, color)])).smear(0)
    assert found.n_cells == 1
    assert ((found.cells > 0) & ~away).sum() > 0.9 * (~away).sum()
