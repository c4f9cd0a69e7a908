"""ShadingCorrector: light that was made to fall is found and divided out; nothing is imagined where no slide is seen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leukofeat.datasets import make_smears
from leukofeat.evaluation.optics import tilt_light
from leukofeat.opencv import cv2
from leukofeat.preprocessing import ShadingCorrector
from leukofeat.preprocessing.shading import fit_light, light_at, measure_light
from tests.light import vignetted

SHADES = [(238, 232, 240), (245, 240, 225)]


def field(seed: int = 0, slide: tuple[int, int, int] = SHADES[0], side: int = 160) -> np.ndarray:
    """Evenly lit: cells of two colours on a noisy slide, crowded in one half."""
    rng = np.random.default_rng(seed)
    image = np.empty((side, side, 3), np.uint8)
    image[:] = slide
    for k in range(30):
        center = rng.integers(0, side, 2) // (1 + (k % 2), 1)
        color = (215, 165, 175) if k % 3 else (95, 50, 150)
        cv2.circle(image, tuple(map(int, center)), int(rng.integers(6, 11)), color, -1)
    return np.clip(image + rng.normal(0, 2, image.shape), 0, 255).astype(np.uint8)


def corrected(image: np.ndarray, least: float = 0.1) -> np.ndarray:
    return ShadingCorrector(least).transform([image])[0]


@settings(max_examples=25, deadline=None)
@given(angle=st.floats(0, 360), lowest=st.floats(0.5, 0.85), seed=st.integers(0, 5), slide=st.sampled_from(SHADES))
def test_light_that_fell_is_found_whatever_its_direction(angle, lowest, seed, slide):
    even = field(seed, slide)
    light = tilt_light(np.full_like(even, 250), lowest, angle)[:, :, 1] / 250
    found = measure_light(tilt_light(even, lowest, angle))
    assert np.std(np.log(found / light)) < 0.01
    mended = corrected(tilt_light(even, lowest, angle)).astype(float)
    ratio = np.log((mended + 1) / (even.astype(float) + 1))[even[:, :, 1] > 220]
    assert ratio.std() < 0.012


@pytest.mark.parametrize("seed", range(4))
def test_an_evenly_lit_field_stays_as_it_is(seed):
    np.testing.assert_array_equal(corrected(field(seed)), field(seed))


def test_uneven_synthetic_smears_become_even():
    images = make_smears(6, random_state=0).images
    for image in images:
        before, after = (
            measure_light(each) for each in (tilt_light(image, 0.7, 30), corrected(tilt_light(image, 0.7, 30)))
        )
        assert after.min() / after.max() > max(0.95, before.min() / before.max())


def test_nothing_is_done_where_no_slide_is_seen(rng):
    ramp = np.linspace(1, 0.7, 96)[None, :, None]
    cytoplasm = np.rint(np.full((96, 96, 3), (185, 150, 215)) * ramp).astype(np.uint8)
    padded = np.zeros((96, 96, 3), np.uint8)
    padded[20:70, 20:70] = field()[:50, :50]
    one_cell = np.zeros((60, 60, 3), np.uint8)
    cv2.circle(one_cell, (30, 30), 20, (150, 100, 200), -1)
    others = [np.zeros((40, 40, 3), np.uint8), np.full((1, 1, 3), 200, np.uint8), np.full((5, 300, 3), 90, np.uint8)]
    noise = rng.integers(0, 256, (64, 64, 3), np.uint8)
    for image in [cytoplasm, padded, one_cell, noise, *others]:
        np.testing.assert_array_equal(corrected(image), image)


def test_how_much_is_left_alone_can_be_chosen():
    slight = tilt_light(field(), 0.97, 20)
    np.testing.assert_array_equal(corrected(slight), slight)
    assert not np.array_equal(corrected(slight, 0.0), slight)
    with pytest.raises(ValueError, match="least"):
        ShadingCorrector(-0.1).fit([slight])


def test_what_was_found_in_the_image_stays(records):
    smear = records[0].replace(
        image=tilt_light(records[0].image, 0.7, 0), nuclei=records[0].nuclei, cells=records[0].cells
    )
    after = ShadingCorrector().transform([smear])[0]
    np.testing.assert_array_equal(after.cells, smear.cells)
    assert after.source == smear.source


@settings(max_examples=15, deadline=None)
@given(lost=st.floats(0.2, 0.7), seed=st.integers(0, 5), slide=st.sampled_from(SHADES))
def test_light_that_falls_to_the_corners_is_found_by_a_dome(lost, seed, slide):
    even = field(seed, slide)
    light = vignetted(np.full_like(even, 250), lost)[:, :, 1] / 250
    found = measure_light(vignetted(even, lost), degree=2)
    assert np.std(np.log(found / light)) < 0.02
    mended = ShadingCorrector(degree=2).transform([vignetted(even, lost)])[0].astype(float)
    ratio = np.log((mended + 1) / (even.astype(float) + 1))[even[:, :, 1] > 220]
    assert ratio.std() < 0.025


def test_no_lens_throws_a_bowl():
    across = np.linspace(-1, 1, 120)
    bowl = np.broadcast_to((150 + 90 * across**2)[None, :, None], (120, 120, 3)).astype(np.uint8)
    plane = fit_light(bowl, 2)
    assert plane is None or len(plane) == 3
    dome = (240 - 90 * across**2)[None, :, None] * np.ones((120, 120, 3))
    assert len(fit_light(dome.astype(np.uint8), 2)) == 6


def test_only_content_tells_the_light():
    even = field(2)
    padded = even.copy()
    padded[:, :40] = 0
    assert measure_light(padded) is None
    content = np.ones(even.shape[:2], bool)
    content[:, :40] = False
    light = light_at(fit_light(padded, 2, content), *(np.arange(160) / 160 - 0.5,) * 2)
    np.testing.assert_allclose(light[content], measure_light(even, 2)[content], rtol=0.02)
    content[:, :110] = False  # the light of a strip tells nothing of that of the rest
    assert fit_light(padded, 1, content) is None
    assert fit_light(padded, 1, np.zeros_like(content)) is None


@pytest.mark.parametrize("degree", [0, 3, 1.5, "2"])
def test_a_degree_that_there_is_not_is_told(degree):
    with pytest.raises(ValueError, match="degree"):
        ShadingCorrector(degree=degree).fit([field()])
