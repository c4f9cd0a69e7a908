"""A halo around a cell that is all nucleus is no cytoplasm; pale cytoplasm is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from leukofeat.segmentation import LeukocyteSegmenter, segment_leukocytes
from leukofeat.segmentation.leukocyte.halos import BLUR, LEAST, partly_pale
from leukofeat.segmentation.leukocyte.planes import PALE
from leukofeat.segmentation.metrics import dice

SLIDE, CHROMATIN, RED = np.array((232, 230, 236)), (80, 40, 130), (205, 165, 170)
SHAPE, RADIUS = (200, 220), 34.0


def photograph(shade, fading, light=1.0):
    """A cell with its nucleus against the left of it, what is around the nucleus darker by `shade`, even or fading; and nucleus and cell."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
    nucleus, cell = np.hypot(y - 100, x - 100) < RADIUS, np.hypot(y - 100, x - 112) < 1.45 * RADIUS
    image = np.empty((*SHAPE, 3), np.float32)
    image[:] = SLIDE
    left = np.clip(1 - (np.hypot(y - 100, x - 100) / RADIUS - 1) / 0.8, 0, 1) if fading else np.ones(SHAPE)
    image -= np.where(cell, left, 0)[..., None] * np.array((1.0, 1.6, 0.6)) * shade
    for corner in ((20, 20), (25, 195), (180, 190)):
        cv2.circle(image, corner[::-1], 15, RED, -1)
    image[nucleus] = CHROMATIN
    image = cv2.GaussianBlur(image * light, (0, 0), 0.8) + np.random.default_rng(0).normal(0, 1.5, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8), nucleus, cell | nucleus


@pytest.mark.parametrize("light", [1.0, 0.75])
def test_a_halo_is_no_cytoplasm(light):
    image, nucleus, _ = photograph(15, fading=True, light=light)
    found = segment_leukocytes(image)[1] > 0
    assert dice(found, nucleus) > 0.95
    kept = segment_leukocytes(image, fine=False)[1] > 0
    assert dice(kept, nucleus) < 0.9, "else there was nothing to give up"
    assert not (found & ~kept).any()


@pytest.mark.parametrize("shade", [10, 15, 25])
def test_pale_cytoplasm_is_kept(shade):
    image, _, cell = photograph(shade, fading=False)
    np.testing.assert_array_equal(segment_leukocytes(image)[1], segment_leukocytes(image, fine=False)[1])
    assert dice(segment_leukocytes(image)[1] > 0, cell) > 0.95


def test_only_the_cell_with_a_halo_changes():
    (halo, *_), (pale, *_) = photograph(15, fading=True), photograph(15, fading=False)
    image = np.hstack([halo, pale])
    fine, plain = (LeukocyteSegmenter(fine=fine).transform([image])[0] for fine in (True, False))
    assert fine.n_cells == plain.n_cells == 2
    right = np.s_[:, SHAPE[1] :]
    np.testing.assert_array_equal(fine.cells[right], plain.cells[right])
    assert (fine.cells > 0).sum() < 0.9 * (plain.cells > 0).sum()


def test_a_turned_image_gives_turned_cells():
    image = photograph(15, fading=True)[0]
    np.testing.assert_array_equal(
        segment_leukocytes(np.ascontiguousarray(np.rot90(image)))[1], np.rot90(segment_leukocytes(image)[1])
    )


def test_what_is_partly_pale_is_what_a_slow_count_says():
    rng = np.random.default_rng(0)
    distance = rng.uniform(0, 10, (30, 40)).astype(np.float32)
    cells = rng.integers(0, 6, (30, 40)).astype(np.int32)
    contrast = np.where(rng.random((30, 40)) < 0.015 * cells, 5, 30).astype(np.float32)
    shares = [np.mean((contrast < PALE)[cells == c] & (distance > BLUR)[cells == c]) for c in range(1, 6)]
    expected = [False, *(share > LEAST for share in shares), False]
    assert expected.count(True) == 2
    assert partly_pale(contrast, cells, distance, 6).tolist() == expected


def test_stained_cytoplasm_stays_where_there_is_a_halo_beside_it():
    """To the left of the nucleus lies cytoplasm, to the right a halo."""
    image, nucleus, around = photograph(15, fading=True)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    cytoplasm = (np.hypot(y - 100, x - 92) < 1.2 * RADIUS) & ~around
    image[cytoplasm] = (170, 160, 205)
    found, kept = (segment_leukocytes(image, fine=fine)[1] > 0 for fine in (True, False))
    halo = around & (np.hypot(y - 100, x - 100) > 1.2 * RADIUS)
    assert found[cytoplasm].mean() > 0.9
    assert found[nucleus].mean() > 0.99
    assert found[halo].mean() < 0.5 * kept[halo].mean()
