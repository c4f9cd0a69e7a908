"""A halo around a cell that is all nucleus is no cytoplasm; pale cytoplasm is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from leukofeat.segmentation import LeukocyteSegmenter, segment_leukocytes
from leukofeat.segmentation.leukocyte.halos import contrast_sums
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


def test_sums_are_those_of_a_slow_count():
    rng = np.random.default_rng(0)
    contrast, distance = rng.uniform(0, 50, (2, 30, 40)).astype(np.float32)
    cells = rng.integers(0, 4, (30, 40)).astype(np.int32)
    nuclei = np.where(rng.random((30, 40)) < 0.3, cells, 0).astype(np.int32)
    sums = contrast_sums(contrast, nuclei, cells, distance, 4, 25.0)
    assert not sums[:, [0, 4]].any()
    for c in (1, 2, 3):
        for k, where in enumerate([nuclei == c, (cells == c) & (nuclei == 0) & (distance > 25)]):
            assert sums[k, c] == pytest.approx([contrast[where].sum(dtype=float), where.sum()])
