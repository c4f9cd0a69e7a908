"""A field of view, a turned image and a rectangle are told from a cell that was cut out, at any size and through compression."""

import cv2
import numpy as np
import pytest

from leukofeat.content.view import is_view, view_box
from leukofeat.datasets.render import compress
from leukofeat.preprocessing import find_padding

SIZES = [64, 120, 224, 600]


def disc(size, share=0.98, wide=1.0):
    y, x = (np.mgrid[:size, : round(wide * size)] + 0.5) / size
    return np.hypot(y - 0.5, (x - wide / 2) / wide) < share / 2


def turned(size, degrees, wide=1.0):
    shape = round(wide * size), size
    turn = cv2.getRotationMatrix2D((shape[0] / 2, shape[1] / 2), degrees, 1)
    return cv2.warpAffine(np.ones(shape[::-1], np.uint8), turn, shape) > 0


def cell(size, seed, margin=1):
    """A cell as irregular as cells are, as tightly cut as by its box and a margin."""
    rng = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    waves = sum(rng.normal(0, 0.025 / np.sqrt(k - 1)) * np.cos(k * angle + rng.uniform(0, 7)) for k in range(2, 8))
    outline = (1 + waves + 0.03 * np.cos(5 * angle))[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    low, high = outline.min(axis=0), outline.max(axis=0)
    places = (outline - low) / (high - low).max() * (size - 1 - 2 * margin) + margin
    return cv2.fillPoly(np.zeros((size, size), np.uint8), [np.rint(places).astype(np.int32)], 1) > 0


def framed(size):
    content = np.zeros((size, size), bool)
    content[size // 12 : -size // 12, size // 10 : -size // 12] = True
    return content


def test_the_rectangle_that_bars_leave_and_no_other_shape():
    content = np.zeros((60, 80), bool)
    content[10:50, 20:70] = True
    assert view_box(content) == (slice(10, 50), slice(20, 70))
    content[12:15, 5] = True  # a speck of compression
    assert view_box(content) == (slice(10, 50), slice(20, 70))
    assert view_box(disc(60)) is None
    assert view_box(turned(60, 30)) is None


@pytest.mark.parametrize("size", SIZES)
def test_discs_and_turned_images_are_views(size):
    for wide in (1.0, 1.33):
        assert all(is_view(disc(size, share, wide)) for share in (0.9, 0.98, 1.06))
        assert all(is_view(turned(size, degrees, wide)) for degrees in (5, 15, 30, 45, 80))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("margin", [0, 1])
def test_cells_that_were_cut_out_are_none(size, margin):
    assert not any(is_view(cell(size, seed, margin)) for seed in range(20))


def test_a_disc_that_leaves_much_around_is_a_cell():
    assert not is_view(disc(240, 0.67))


@pytest.mark.parametrize("size", [180, 224])
@pytest.mark.parametrize("quality", [None, 90])
@pytest.mark.parametrize("content", [lambda size: turned(size, 30), disc, framed])
def test_white_around_a_view_is_padding(rng, size, quality, content):
    shown, color = content(size), np.array((236, 222, 190))
    image = rng.normal(0, 2, (size, size, 3)) + color
    image[cv2.circle(np.zeros((size, size), np.uint8), (size // 2, size // 2), size // 5, 1, -1) > 0] = (95, 50, 150)
    around = np.where(shown[..., None], image, 255).clip(0, 255).astype(np.uint8)
    found = find_padding(around if quality is None else compress(around, quality))
    assert found is not None
    assert (found == ~shown).mean() > 0.96


@pytest.mark.parametrize("quality", [None, 90, 60])
def test_overexposed_glass_around_a_cell_is_no_padding(rng, quality):
    size = 160
    for seed in range(5):
        image = np.full((size, size, 3), (262.0, 259, 264))
        image[cell(size, seed, margin=8)] = (185, 165, 215)
        image = cv2.GaussianBlur(image, (0, 0), 1.0) + rng.normal(0, 3, image.shape)
        glass = np.clip(image, 0, 255).astype(np.uint8)
        assert find_padding(glass if quality is None else compress(glass, quality)) is None


def test_a_bar_beside_cells_on_overexposed_glass_is_no_view(rng):
    image = np.full((160, 200, 3), 262.0)
    for x, y in ((40, 40), (110, 60), (150, 110)):
        cv2.circle(image, (x, y), 11, (120, 80, 160), -1, cv2.LINE_AA)
    image = cv2.GaussianBlur(image, (0, 0), 2.5) + rng.normal(0, 3, image.shape)
    image[130:148, 20:110] = 0
    assert find_padding(compress(np.clip(image, 0, 255).astype(np.uint8), 85)) is None
