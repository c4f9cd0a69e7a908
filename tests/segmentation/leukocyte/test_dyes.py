"""Smears under other dyes: the same cells are found, and where there are none, none."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.pipeline import make_pipeline

from leukofeat.datasets import make_smears
from leukofeat.features import FeatureSet, GeometryFeatures
from leukofeat.preprocessing import ContrastStretcher
from leukofeat.segmentation import LeukocyteSegmenter, dice, segment_leukocytes
from leukofeat.segmentation.leukocyte import steps
from leukofeat.segmentation.leukocyte.dyes import Dyes, OneDye, are_usual, in_usual_dyes, other_dyes
from leukofeat.segmentation.leukocyte.first_look import look
from leukofeat.tiling import extract_field
from tests.dyes import DYES, dyed
from tests.light import veiled

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))

from outlines.changed import vivid
from outlines.made_up import make_cell

SLIDE, NUCLEUS, PLASM, RED = (240, 236, 244), (95, 45, 165), (200, 185, 228), (215, 170, 200)


def draw(cells=True):
    """A field of four cells and many red ones, in a soft focus, with the noise of a camera."""
    image = np.full((190, 210, 3), SLIDE, np.uint8)
    for y, x in ((30, 110), (100, 110), (160, 100), (110, 185), (100, 20), (60, 70), (15, 15), (180, 40), (20, 190)):
        cv2.circle(image, (x, y), 11, RED, -1, cv2.LINE_AA)
    for y, x, r, whole in ((40, 45, 13, 18), (120, 60, 12, 20), (70, 150, 14, 19), (150, 160, 11, 17)) if cells else ():
        cv2.circle(image, (x, y), whole, PLASM, -1, cv2.LINE_AA)
        cv2.circle(image, (x, y), r, NUCLEUS, -1, cv2.LINE_AA)
    noise = np.random.default_rng(0).normal(0, 2, image.shape)
    return np.clip(cv2.GaussianBlur(image, (0, 0), 0.8) + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", DYES)
def test_other_dyes_show_the_same_cells(name):
    expected, found = segment_leukocytes(draw()), segment_leukocytes(dyed(draw(), name))
    assert expected[0].max() == found[0].max() == 4
    for before, after in zip(expected, found, strict=True):
        assert dice(before, after) > 0.95


@pytest.mark.parametrize("name", DYES)
def test_other_dyes_are_seen_as_such_and_the_usual_ones_are_not(name):
    for image, other in (draw(), False), (dyed(draw(), name), True):
        assert (steps.find_dyes(image)[1] is not None) == other


@pytest.mark.parametrize("name", DYES)
def test_red_cells_alone_stay_red_cells(name):
    for image in draw(cells=False), dyed(draw(cells=False), name):
        assert not segment_leukocytes(image)[0].any()


@settings(max_examples=8, deadline=None)
@given(turns=st.integers(0, 3), mirror=st.booleans())
def test_turned_image_gives_turned_regions(turns, mirror):
    def turn(array):
        array = np.rot90(array, turns)
        return array[:, ::-1] if mirror else array

    image = dyed(draw(), "teal")
    for expected, found in zip(segment_leukocytes(image), segment_leukocytes(turn(image)), strict=True):
        np.testing.assert_array_equal(turn(expected) > 0, found > 0)


@pytest.mark.parametrize(("share", "px", "seed"), [(0.3, 70, 0), (0.4, 40, 2), (0.5, 70, 2)])
def test_a_dark_rim_of_cytoplasm_is_no_other_dye(share, px, seed):
    made = make_cell(share, "rim", px, seed)
    assert dice(segment_leukocytes(made.image)[0], made.nuclei) > 0.95


@pytest.mark.parametrize("level", [0, 255])
def test_other_dyes_that_show_nothing_do_not_count(level, monkeypatch):
    image = dyed(draw(), "drained")
    before = steps.find_dyes(image)
    monkeypatch.setattr(steps, "in_usual_dyes", lambda image, dyes: np.full_like(image, level))
    found, dyes = steps.find_dyes(image)
    assert before[1] is not None
    assert dyes is None
    assert found is None or found.sureness < before[0].sureness


def test_shards_are_less_sure_than_what_they_are_of():
    whole = np.zeros((40, 40), np.int32)
    whole[10:30, 10:30] = 1
    shards = np.where(whole, 1 + np.arange(40)[:, None] // 5 - 2, 0).astype(np.int32)
    one, four = (
        steps.Outlined(cells, cells, np.full(cells.max(), 0.8), np.ones(cells.max()), []) for cells in (whole, shards)
    )
    assert one.sureness == pytest.approx(0.8 * 400 / 1600)
    assert four.sureness == pytest.approx(one.sureness / 4)
    blurred = one._replace(sharpness=np.full(1, 0.5))
    assert (blurred.sureness, blurred.confidence[0]) == (one.sureness, one.confidence[0] / 2)


def gray(image):
    return np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


def test_in_a_gray_image_what_is_densest_is_nucleus():
    image = draw()[:, :110]
    found, dyes = steps.find_dyes(gray(image))
    assert isinstance(dyes, OneDye)
    assert not dyes.scaled
    assert len(found.confidence) == 2
    assert dice(segment_leukocytes(image)[0], segment_leukocytes(gray(image))[0]) > 0.95


def test_in_a_gray_image_red_cells_stay_red_cells():
    assert not segment_leukocytes(gray(draw(cells=False)))[0].any()


def test_of_one_dye_the_density_tells_the_usual_ones():
    slide, density = np.array([230, 240, 200], np.float32), np.array([0.1, 0.3, 0.6, 1.2], np.float32)
    usual = OneDye(slide, red_cell=0.9, nucleus=2.7).usual(np.repeat(density[None, :, None], 3, axis=2))
    np.testing.assert_allclose(usual.sum(axis=2), 3 * density[None], rtol=1e-6)
    np.testing.assert_allclose(
        usual[0, :2] / usual[0, :2].sum(axis=1, keepdims=True), [[0.3, 0.45, 0.25]] * 2, rtol=1e-6
    )
    np.testing.assert_allclose(usual[0, 2] / usual[0, 2].sum(), [0.315, 0.5, 0.185], rtol=1e-6)
    np.testing.assert_allclose(usual[0, 3] / usual[0, 3].sum(), [0.33, 0.55, 0.12], rtol=1e-6)


def test_nuclei_hold_azure_and_are_not_much_less_dense_than_their_cytoplasm():
    image = draw()
    nuclei, cells = segment_leukocytes(image)
    seen, none = look(image, None), np.zeros_like(nuclei)
    assert are_usual(image, nuclei, cells, *seen)
    assert are_usual(image, nuclei, nuclei, *seen)
    assert not are_usual(image, none, none, *seen)
    assert not are_usual(gray(image), nuclei, cells, *look(gray(image), None))
    assert not are_usual(image, np.where(nuclei > 0, 0, cells), cells, *seen)


@pytest.mark.parametrize(
    "image", [np.zeros((9, 8, 3), np.uint8), np.full((40, 30, 3), 200, np.uint8)], ids=["black", "even"]
)
def test_an_even_image_has_no_dyes(image):
    assert steps.find_dyes(image)[1] is None


def test_an_image_is_brought_to_the_usual_dyes_as_densities_say():
    rng = np.random.default_rng(2)
    image = rng.integers(0, 256, (7, 9, 3), np.uint8)
    dyes = Dyes(np.array([230, 240, 200], np.float32), rng.normal(0.4, 0.3, (3, 3)).astype(np.float32))
    density = -np.log10(np.maximum(image, 3) / dyes.slide.astype(float))
    expected = np.clip(dyes.slide * 10 ** -(density @ dyes.to_usual.T.astype(float)), 0, 255)
    assert np.abs(in_usual_dyes(image, dyes) - expected).max() <= 0.51
    assert in_usual_dyes(image, None) is image


def test_tiles_of_a_field_are_looked_at_in_the_dyes_of_the_field():
    image = make_smears(n_samples=1, size=420, random_state=3).images[0]
    pipeline = make_pipeline(LeukocyteSegmenter(), FeatureSet([GeometryFeatures()]))
    usual = extract_field(image, pipeline, tile=210, overlap=60).n_cells
    teal = extract_field(dyed(image, "teal"), pipeline, tile=210, overlap=60).n_cells
    assert usual > 3
    assert teal == usual


@pytest.mark.parametrize("veil", [255, 128])
@pytest.mark.parametrize("share", [0.4, 0.6])
def test_in_a_pale_image_the_same_cells_are_found(veil, share):
    expected, found = segment_leukocytes(draw()), segment_leukocytes(veiled(draw(), veil, share))
    assert expected[0].max() == found[0].max() == 4
    for before, after in zip(expected, found, strict=True):
        assert dice(before, after) > 0.9


@pytest.mark.parametrize("veil", [255, 128])
def test_in_a_pale_image_red_cells_stay_red_cells(veil):
    assert not segment_leukocytes(veiled(draw(cells=False), veil, 0.45))[0].any()


def test_weak_dyes_are_the_usual_ones_times_a_factor():
    image = veiled(make_cell(0.6, "pale", 40, 1).image, 128, 0.5)
    dyes = steps.find_dyes(image)[1]
    assert dyes is not None
    assert dyes.scaled
    np.testing.assert_array_equal(dyes.to_usual, dyes.to_usual[0, 0] * np.eye(3))
    assert 1 < dyes.to_usual[0, 0] <= 3.2
    assert not Dyes(dyes.slide, np.ones((3, 3), np.float32)).scaled


def test_without_fine_outlines_weak_dyes_count_where_nothing_was_found():
    image = veiled(draw(), 255, 0.4)
    assert segment_leukocytes(image, fine=False)[0].max() == 4
    found, dyes = steps.find_dyes(draw(), fine=False)
    assert dyes is None
    assert len(found.confidence) == 4


def test_black_nuclei_among_yellow_red_cells_are_nuclei():
    image = draw()
    stretched = ContrastStretcher().transform([image])[0]
    assert steps.find_dyes(stretched)[1] is not None
    for before, after in zip(segment_leukocytes(image), segment_leukocytes(stretched), strict=True):
        assert before.max() == after.max() == 4
        assert dice(before, after) > 0.9


def test_dirt_among_red_cells_of_the_usual_colour_is_no_nucleus():
    image = draw(cells=False)
    for x, y in ((60, 20), (150, 60), (60, 130)):
        cv2.circle(image, (x, y), 12, (40, 40, 40), -1, cv2.LINE_AA)
    assert not segment_leukocytes(image)[0].any()


def test_strong_dyes_are_made_weaker_where_that_shows_cells_more_surely():
    image = make_smears(n_samples=1, random_state=0).images[0]
    dyes = other_dyes(vivid(image), *look(vivid(image), None), usual=True)
    assert dyes is not None
    assert dyes.scaled
    assert dyes.to_usual[0, 0] < 1
    assert other_dyes(image, *look(image, None), usual=True) is None
    for before, after in zip(segment_leukocytes(image), segment_leukocytes(vivid(image)), strict=True):
        assert dice(before, after) > 0.9
