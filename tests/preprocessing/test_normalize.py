"""Each method of ColorNormalizer against what it promises, and images in which there is nothing to normalise."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage.exposure import match_histograms
from sklearn.exceptions import NotFittedError

from leukofeat import ImageError
from leukofeat.preprocessing import ColorNormalizer, background_color, stained_mask
from leukofeat.preprocessing.normalize import METHODS

LEARNING = ("template", "reinhard", "lab", "macenko", "histogram")
BACKGROUND = (235, 228, 238)
HEMATOXYLIN = np.array([0.65, 0.70, 0.29]) / np.linalg.norm([0.65, 0.70, 0.29])
EOSIN = np.array([0.07, 0.99, 0.11]) / np.linalg.norm([0.07, 0.99, 0.11])


def textured(mean: tuple, std: tuple, seed: int) -> np.ndarray:
    """Smooth random image far from 0 and 255, so that nothing is clipped."""
    rng = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(rng.normal(size=(48, 64, 3)), (0, 0), 2)
    noise = np.clip((noise - noise.mean((0, 1))) / noise.std((0, 1)), -3, 3)
    return np.rint(noise * std + mean).astype(np.uint8)


@pytest.fixture
def template() -> np.ndarray:
    return textured((150, 110, 160), (20, 15, 18), seed=1)


@pytest.fixture
def image() -> np.ndarray:
    return textured((120, 130, 125), (15, 20, 12), seed=2)


def stained(amounts_h: np.ndarray, amounts_e: np.ndarray) -> np.ndarray:
    density = amounts_h[..., None] * HEMATOXYLIN + amounts_e[..., None] * EOSIN
    return np.clip(np.rint(240 * np.exp(-density)) - 1, 0, 255).astype(np.uint8)


@pytest.fixture
def two_stains(rng) -> np.ndarray:
    """Clear background, a few pixels of either stain alone, and mixtures."""
    h, e = rng.uniform(0.2, 1.2, (2, 64, 64))
    h[:, :4], e[:, 4:8] = 0, 0
    h[:24], e[:24] = 0, 0
    return stained(h, e)


def apply(method: str, image: np.ndarray, template: np.ndarray | None) -> np.ndarray:
    return ColorNormalizer(method, template=template).transform([image])[0]


def moments(image: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    pixels = image.reshape(-1, 3) if mask is None else image[mask]
    return np.array([pixels.mean(axis=0), pixels.std(axis=0)])


def test_template_moves_mean_and_deviation_of_each_channel(image, template):
    result = apply("template", image, template)
    assert np.abs(moments(image) - moments(template)).max() > 5
    np.testing.assert_allclose(moments(result), moments(template), atol=0.5)


def test_reinhard_does_the_same_in_lab_over_stained_pixels(smears):
    image, template = smears.images[0], smears.images[3]

    def lab(rgb: np.ndarray) -> np.ndarray:
        return cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)

    wanted = moments(lab(template), stained_mask(template))
    before = moments(lab(image), stained_mask(image))
    after = moments(lab(apply("reinhard", image, template)), stained_mask(image))
    assert np.abs(after - wanted).max() < 3
    assert np.abs(after - wanted).sum() < 0.3 * np.abs(before - wanted).sum()


def test_histogram_agrees_with_scikit_image(smears):
    for image, template in zip(smears.images[:4], smears.images[4:], strict=True):
        result = apply("histogram", image, template)
        expected = match_histograms(image, template, channel_axis=2)
        np.testing.assert_allclose(result, expected, atol=1)


def test_macenko_finds_the_stains_of_a_mixture(two_stains):
    reference = ColorNormalizer("macenko").fit([two_stains]).reference_
    np.testing.assert_allclose(reference[0], HEMATOXYLIN, atol=0.05)
    np.testing.assert_allclose(reference[1], EOSIN, atol=0.05)


def test_macenko_gives_the_strength_of_the_template(two_stains, rng):
    h, e = rng.uniform(0.1, 0.6, (2, 64, 64))
    h[:, :20], e[:, 20:40] = 0, 0
    h[:24], e[:24] = 0, 0
    result = apply("macenko", stained(h, e), two_stains)
    got, wanted = (ColorNormalizer("macenko").fit([x]).reference_ for x in (result, two_stains))
    np.testing.assert_allclose(got[2, :2], wanted[2, :2], rtol=0.1)


def test_white_balance_makes_the_empty_slide_neutral(smears):
    for image in smears.images:
        balanced = apply("white_balance", image, None)
        np.testing.assert_allclose(background_color(balanced), 240, atol=1.5)


def test_white_balance_to_the_background_of_a_template(smears):
    balanced = apply("white_balance", smears.images[0], smears.images[5])
    np.testing.assert_allclose(background_color(balanced), background_color(smears.images[5]), atol=1.5)


def test_lab_is_the_formula_of_the_published_code(image, template, smears):
    def lab(rgb: np.ndarray) -> np.ndarray:
        return cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)

    for one, other in ((image, template), (smears.images[0], smears.images[3]), (smears.images[2], template)):
        own, wanted = moments(lab(one)), moments(lab(other))
        moved = (lab(one) - own[0]) * wanted[1] / own[1] + wanted[0]
        expected = cv2.cvtColor(np.clip(np.rint(moved), 1, 255).astype(np.uint8), cv2.COLOR_LAB2RGB)
        np.testing.assert_array_equal(apply("lab", one, other), expected)
    np.testing.assert_allclose(moments(lab(apply("lab", image, template))), moments(lab(template)), atol=1)


@pytest.mark.parametrize("method", ["template", "histogram", "white_balance"])
def test_once_is_enough(method, image, template):
    once = apply(method, image, template)
    np.testing.assert_allclose(apply(method, once, template), once.astype(int), atol=1)


@pytest.mark.parametrize("method", METHODS)
def test_a_template_changes_little_of_itself(method, smears, two_stains):
    """Macenko's two stains cannot hold the three of a blood smear, so it is asked about a mixture of two."""
    for image in [two_stains] if method == "macenko" else smears.images[:3]:
        difference = np.abs(apply(method, image, image).astype(int) - image)
        assert difference.mean() < 2.5


@pytest.mark.parametrize("method", METHODS)
def test_a_blank_image_comes_back_unchanged_with_a_warning(method, smears, tmp_path):
    for blank in (np.full((8, 9, 3), (90, 40, 120), np.uint8), np.zeros((1, 1, 3), np.uint8)):
        with pytest.warns(UserWarning, match="An image: blank: there are no colours to normalise"):
            result = apply(method, blank, smears.images[0])
        np.testing.assert_array_equal(result, blank)
    cv2.imwrite(str(tmp_path / "white.png"), np.full((8, 9, 3), 255, np.uint8))
    with pytest.warns(UserWarning, match=r"white\.png: blank"):
        ColorNormalizer(method, template=smears.images[0]).transform([str(tmp_path / "white.png")])[0]


@pytest.mark.parametrize("method", METHODS)
def test_odd_images_neither_fail_nor_change_shape(method, smears, rng, recwarn):
    nucleus_only = np.clip(rng.normal((90, 40, 120), 6, (20, 20, 3)), 0, 255).astype(np.uint8)
    no_nucleus = np.full((20, 20, 3), BACKGROUND, np.uint8)
    cv2.circle(no_nucleus, (10, 10), 6, (215, 150, 160), -1)
    one_pixel_stained = np.full((20, 20, 3), BACKGROUND, np.uint8)
    one_pixel_stained[3, 3] = (90, 40, 120)
    two_pixels = np.array([[(90, 40, 120), BACKGROUND]], np.uint8)
    grey = np.repeat(rng.integers(0, 256, (9, 9, 1)).astype(np.uint8), 3, axis=2)
    odd = [nucleus_only, no_nucleus, one_pixel_stained, two_pixels, grey, two_pixels[:, :1], two_pixels[:, ::-1]]
    for image in odd:
        result = apply(method, image, smears.images[0])
        assert result.shape == image.shape
        assert result.dtype == np.uint8
    assert all(": blank" in str(warning.message) for warning in recwarn), "no warning from the arithmetic"


def test_reinhard_does_not_stretch_rounding(smears):
    """Stained pixels of one colour have no spread to scale; the background must not be thrown to an end of the scale."""
    image = np.full((20, 20, 3), BACKGROUND, np.uint8)
    image[5:9, 5:9] = (90, 40, 120)
    with pytest.warns(UserWarning, match="blank"):
        np.testing.assert_array_equal(apply("reinhard", image, smears.images[0]), image)


@pytest.mark.parametrize("method", LEARNING)
def test_the_reference_is_learned_from_the_training_images(method, smears, paths):
    learned = ColorNormalizer(method).fit(smears.images[:5])
    each = [ColorNormalizer(method).fit([image]).reference_ for image in smears.images[:5]]
    np.testing.assert_allclose(learned.reference_, np.median(each, axis=0))
    before = learned.reference_.copy()
    list(learned.transform(smears.images[5:]))
    np.testing.assert_array_equal(learned.reference_, before)
    np.testing.assert_array_equal(ColorNormalizer(method).fit(paths[:5]).reference_, before)


@pytest.mark.parametrize("method", LEARNING)
def test_blank_training_images_are_left_out(method, smears):
    blank = np.full((8, 8, 3), 200, np.uint8)
    np.testing.assert_array_equal(
        ColorNormalizer(method).fit([*smears.images[:3], blank]).reference_,
        ColorNormalizer(method).fit(smears.images[:3]).reference_,
    )
    with pytest.raises(ValueError, match=r"Every image is blank: .* give one as template="):
        ColorNormalizer(method).fit([blank, blank])
    with pytest.raises(ValueError, match="blank"):
        ColorNormalizer(method).fit([])


@pytest.mark.parametrize("method", LEARNING)
def test_unfitted_is_said_so(method, smears):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        ColorNormalizer(method).transform(smears.images)
    assert ColorNormalizer(method).__sklearn_tags__().requires_fit


@pytest.mark.parametrize("method", METHODS)
def test_a_given_template_needs_no_fit(method, smears, paths):
    by_array = ColorNormalizer(method, template=smears.images[1])
    assert not by_array.__sklearn_tags__().requires_fit
    assert not hasattr(by_array.fit(smears.images[4:]), "reference_")
    by_path = ColorNormalizer(method, template=paths[1])
    np.testing.assert_array_equal(by_path.transform(smears.images)[0], by_array.transform(smears.images)[0])


def test_white_balance_needs_neither(smears):
    stage = ColorNormalizer("white_balance")
    assert not stage.__sklearn_tags__().requires_fit
    assert stage.transform(smears.images)[0].shape == (96, 96, 3)


def test_templates_that_cannot_serve(smears, tmp_path):
    with pytest.raises(ValueError, match="template is blank; give an image with stained cells"):
        ColorNormalizer(template=np.full((5, 5, 3), 255, np.uint8)).transform(smears.images)
    with pytest.raises(ImageError, match=r"gone\.png: cannot be read"):
        ColorNormalizer(template=tmp_path / "gone.png").transform(smears.images)
    with pytest.raises(TypeError, match=r"uint8 RGB, not float64 \(the template\)"):
        ColorNormalizer(template=np.zeros((5, 5, 3))).transform(smears.images)


def test_unknown_method(smears):
    stage = ColorNormalizer("vahadane")
    for call in (stage.fit, stage.transform):
        with pytest.raises(
            ValueError,
            match=r"'method' parameter of ColorNormalizer must be one of 'template', 'reinhard', .* Got 'vahadane'",
        ):
            call(smears.images)


def test_label_maps_pass_through(records):
    result = ColorNormalizer(template=records[0].image).transform(records)[1]
    np.testing.assert_array_equal(result.cells, records[1].cells)
