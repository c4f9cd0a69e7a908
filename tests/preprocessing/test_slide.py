"""What a slide looks like: colours against the pixels they are taken from, sharpness against blur."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from leukofeat.preprocessing.slide import background_color, edge_sharpness, grain, red_cell_color, stained_mask

BACKGROUND, RED_CELL, NUCLEUS = (235, 228, 238), (215, 150, 160), (90, 40, 120)


def test_background_and_stained_mask():
    image = np.full((10, 10, 3), BACKGROUND, np.uint8)
    image[1:6, 1:] = (200, 120, 140)
    assert background_color(image).tolist() == list(BACKGROUND)
    mask = stained_mask(image)
    assert mask[1:6, 1:].all()
    assert mask.sum() == 45


def test_background_color_is_the_median_of_the_brightest_quarter(rng):
    image = rng.permutation(40 * 50 * 3).reshape(40, 50, 3).astype(np.uint16) % 256
    image = image.astype(np.uint8)
    green = image[:, :, 1]
    level = np.quantile(green, 0.75, method="lower")
    expected = np.median(image[green >= level], axis=0)
    np.testing.assert_array_equal(background_color(image), expected)


def test_what_is_stained_depends_on_the_background_and_the_density():
    image = np.full((4, 4, 3), BACKGROUND, np.uint8)
    image[0] = np.rint(np.multiply(BACKGROUND, np.exp(-0.2)))
    assert stained_mask(image)[0].all()
    assert not stained_mask(image, density=0.25).any()
    assert not stained_mask(image, background=image[0, 0]).any()


@pytest.mark.parametrize("share", [0, 1, 8])
def test_red_cells_are_the_paler_of_what_is_stained(share):
    image = np.full((40, 40, 3), BACKGROUND, np.uint8)
    image[:8] = RED_CELL
    image[8 : 8 + share] = NUCLEUS
    assert red_cell_color(image).tolist() == list(RED_CELL)
    assert red_cell_color(image[20:]).tolist() == list(BACKGROUND)


def test_blur_is_seen_and_the_number_of_cells_matters_little(rng):
    field = np.full((240, 240), 230, np.uint8)
    everywhere = np.ones((60, 60), np.uint8)
    found = []
    for center in rng.integers(20, 220, (40, 2)).tolist():
        cv2.circle(field, center, 12, 120, -1)
        sharp, dull = (cv2.GaussianBlur(field, (0, 0), sigma) for sigma in (1, 2))
        found.append([edge_sharpness(sharp, everywhere), edge_sharpness(dull, everywhere)])
        assert grain(sharp) > grain(dull)
    sharp, dull = np.array(found[25:]).T
    assert sharp.min() > 1.5 * dull.max()
    assert np.ptp(sharp) < 0.1


def test_nothing_to_see():
    blank = np.full((64, 64), 200, np.uint8)
    assert grain(blank) == 0
    assert np.isnan(edge_sharpness(blank, np.ones((64, 64), np.uint8)))
    assert np.isnan(edge_sharpness(blank, np.zeros((64, 64), np.uint8)))
