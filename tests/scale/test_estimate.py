"""Pixels a red cell: right where it can be told, wide where it hardly can, unknown where it cannot."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leukofeat import Scale, Smear, estimate_scale
from leukofeat.datasets import make_smears
from tests.dyes import DYES, dyed

SLIDE, RED, NUCLEUS = (238, 232, 236), (222, 168, 166), (92, 50, 150)


def draw(shape, circles, *, slide=SLIDE, color=RED, pallor=0.0):
    """Field with discs (x, y, radius), drawn at eight times the size."""
    image = np.full((*shape, 3), slide, np.uint8)
    large = cv2.resize(image, None, fx=4, fy=4, interpolation=cv2.INTER_NEAREST)
    for x, y, radius in circles:
        center = int(4 * x), int(4 * y)
        cv2.circle(large, center, round(4 * radius), color, -1)
        if pallor:
            cv2.circle(large, center, round(4 * radius * pallor), slide, -1)
    return cv2.resize(large, shape[::-1], interpolation=cv2.INTER_AREA)


def grid(n, radius, seed=0, spread=0.0):
    """n x n discs that stand alone, and the shape that holds them."""
    rng = np.random.default_rng(seed)
    step = 3 * radius
    radii = radius * (1 + spread * rng.standard_normal(n * n))
    circles = [(step * (i % n + 0.7), step * (i // n + 0.7), r) for i, r in enumerate(radii)]
    return (int(n * step + radius), int(n * step + radius)), circles


@settings(max_examples=25, deadline=None)
@given(st.floats(7, 45), st.sampled_from([0.0, 0.4, 0.6]), st.integers(2, 5))
def test_single_cells_with_and_without_pallor_are_measured(radius, pallor, n):
    shape, circles = grid(n, radius)
    scale = estimate_scale(draw(shape, circles, pallor=pallor))
    assert scale.source == "red cells"
    assert scale.pixels == pytest.approx(2 * radius, abs=0.02 * radius + 0.7)
    assert scale.n_red_cells == n * n


def test_the_median_of_cells_of_many_sizes_within_its_error():
    shape, circles = grid(6, 14, spread=0.1)
    scale = estimate_scale(draw(shape, circles))
    truth = 2 * np.median([r for *_, r in circles])
    assert scale.pixels == pytest.approx(truth, rel=0.04)
    assert scale.error < 0.12 * truth


def test_fewer_cells_or_parts_of_them_are_less_sure():
    shape, circles = grid(5, 14)
    many, one = (estimate_scale(draw(shape, some)) for some in (circles, circles[6:7]))
    part = estimate_scale(draw((110, 110), [(0, 55, 25)]))
    assert many.error / many.pixels < one.error / one.pixels < part.error / part.pixels
    assert part.pixels == pytest.approx(50, abs=2 * part.error)


def test_clumps_and_cells_that_the_frame_cuts_are_measured_on_their_arcs():
    clumped = draw((130, 150), [(40, 50, 20), (72, 60, 20), (100, 45, 20), (0, 110, 20), (145, 128, 20)])
    scale = estimate_scale(clumped)
    assert scale.pixels == pytest.approx(40, rel=0.06)
    assert scale.n_red_cells >= 3


def test_leukocytes_and_platelets_are_not_taken_for_red_cells():
    shape, circles = grid(4, 12)
    image = draw(shape, circles)
    alone = estimate_scale(image)
    large = [(c[0] + 18, c[1] + 18) for c in circles[5:7]]
    for x, y in large:
        cv2.circle(image, (int(x), int(y)), 22, NUCLEUS, -1)
    for x, y, _ in circles[10:]:
        cv2.circle(image, (int(x) + 18, int(y) + 18), 3, (150, 110, 170), -1)
    assert estimate_scale(image).pixels == pytest.approx(alone.pixels, rel=0.03)
    nucleus = draw((120, 120), [(60, 60, 30)], color=NUCLEUS)
    assert not estimate_scale(nucleus).known


@pytest.mark.parametrize(
    "image",
    [
        np.full((90, 90, 3), 235, np.uint8),
        np.zeros((90, 90, 3), np.uint8),
        np.random.default_rng(0).integers(0, 256, (90, 90, 3), dtype=np.uint8),
        np.repeat(draw(*grid(3, 12))[..., 1:2], 3, axis=2),
        draw((90, 90), [(45, 45, 2), (20, 20, 2)]),
        draw((10, 400), [(200, 5, 4)]),
        np.zeros((1, 1, 3), np.uint8),
    ],
    ids=["empty", "black", "noise", "grey", "specks", "strip", "pixel"],
)
def test_nothing_is_made_up(image):
    scale = estimate_scale(image)
    assert scale.source == "unknown"
    assert not scale.known
    assert np.isnan([scale.pixels, scale.error]).all()
    assert scale.n_red_cells == 0


@pytest.mark.parametrize(
    "image", [np.zeros((30, 30), np.uint8), np.zeros((30, 30, 3)), Smear(np.zeros((9, 9), np.uint8))]
)
def test_other_than_rgb_is_refused_with_the_way_out(image):
    with pytest.raises(TypeError, match=r"uint8 RGB.*smear\.scale"):
        estimate_scale(image)


@pytest.fixture(scope="module")
def fields():
    return make_smears(n_samples=6, random_state=2).images


def test_turned_and_mirrored_it_is_the_same(fields):
    for image in fields:
        scale = estimate_scale(image)
        for other in (np.rot90(image), np.rot90(image, 2), np.rot90(image, 3), image[:, ::-1], image[::-1]):
            assert estimate_scale(other) == scale


@pytest.mark.parametrize("factor", [0.6, 1.5, 3.0])
def test_magnified_it_goes_along_within_the_error(fields, factor):
    for image in fields:
        scale = estimate_scale(image)
        how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
        other = estimate_scale(cv2.resize(image, None, fx=factor, fy=factor, interpolation=how))
        assert other.pixels / factor == pytest.approx(scale.pixels, abs=1.5 * scale.error)


def test_light_and_stain_hardly_matter(fields):
    for image in fields:
        scale = estimate_scale(image)
        slope = image * np.linspace(1, 0.8, image.shape[1])[:, None]
        pale, dark = (255 * (image / 255) ** gamma for gamma in (0.85, 1.2))
        for other in (image * 0.8, slope, pale, dark):
            found = estimate_scale(np.rint(other).astype(np.uint8))
            assert found.pixels == pytest.approx(scale.pixels, abs=1.5 * scale.error)


@pytest.mark.parametrize("name", DYES)
def test_under_other_dyes_nuclei_are_no_red_cells(name):
    # two nuclei, as round as red cells and larger, between nine of these
    image = np.full((200, 200, 3), (240, 236, 244), np.uint8)
    for y in (25, 100, 175):
        for x in (25, 100, 175):
            cv2.circle(image, (x, y), 12, (215, 170, 200), -1, cv2.LINE_AA)
    for x in (62, 138):
        cv2.circle(image, (x, 62), 19, (80, 30, 150), -1, cv2.LINE_AA)
    usual, other = estimate_scale(image), estimate_scale(dyed(image, name))
    assert usual.n_red_cells == other.n_red_cells == 9
    assert abs(other.pixels - usual.pixels) < 1


def test_on_made_up_smears_the_error_covers_the_truth():
    scales = [estimate_scale(image) for image in make_smears(n_samples=24, random_state=5).images]
    pixels, errors = np.array([scale[:2] for scale in scales]).T
    # red cells are drawn with radii of 9 to 11 pixels by slide
    assert np.median(pixels) == pytest.approx(20, rel=0.05)
    assert np.sqrt(np.mean(((pixels - 20) / errors) ** 2)) < 1.2
    assert (errors < 0.15 * pixels).all()


def test_the_array_may_lie_in_memory_as_it_likes(fields):
    image = fields[0]
    scale = estimate_scale(image)
    locked = image.copy()
    locked.flags.writeable = False
    window = np.zeros((300, 300, 3), np.uint8)[20:244, 30:254]
    window[:] = image
    for other in (locked, window, np.asfortranarray(image), image[::-1].copy()[::-1]):
        assert estimate_scale(other) == scale


def test_a_large_field_is_measured_at_its_own_size():
    shape, circles = grid(5, 14)
    image = draw(shape, circles)
    large = cv2.resize(image, None, fx=9, fy=9, interpolation=cv2.INTER_LINEAR)
    assert estimate_scale(large).pixels == pytest.approx(9 * 28, rel=0.02)


def test_of_a_scan_with_small_red_cells_the_middle_is_measured():
    shape, circles = grid(5, 9)
    tile = draw(shape, circles)
    scan = np.tile(tile, (2, -(-5000 // shape[1]), 1))
    assert estimate_scale(scan).pixels == pytest.approx(estimate_scale(tile).pixels, rel=0.03)


def test_from_a_pixel_size_it_is_that_of_the_literature():
    scale = Scale.from_pixel_size(0.1)
    assert scale[:3] == (72, 4, "pixel size")
    assert scale.times(2) == Scale(144, 8, "pixel size")


@pytest.mark.parametrize(("center", "least", "most"), [(18, 0.33, 0.42), (22, 0.27, 0.35), (30, 0.18, 0.25)])
def test_one_piece_in_the_corner_gives_a_fifth_to_two_fifths(center, least, most):
    """As docs/scale.md has it."""
    scale = estimate_scale(draw((200, 200), [(center, center, 30)]))
    assert scale.n_red_cells == 1
    assert scale.pixels == pytest.approx(60, rel=0.1)
    assert least < scale.error / scale.pixels < most
