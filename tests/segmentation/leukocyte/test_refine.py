"""Nuclei that were found in a reduced image are outlined once more at full size."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from leukofeat.segmentation import segment_leukocytes
from leukofeat.segmentation.leukocyte.refine import refined
from leukofeat.segmentation.metrics import dice

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))

from outlines.masked import Wbcseg

SLIDE, CYTOPLASM, CHROMATIN = (235, 232, 236), (175, 165, 210), (110, 60, 140)


def photograph(n=2):
    """Image of cells with their nuclei, which are shamrocks, and their maps."""
    shape = (150, 150 * n)
    image = np.empty((*shape, 3), np.float32)
    image[:] = SLIDE
    y, x = np.mgrid[: shape[0], : shape[1]].astype(float)
    nuclei, cells = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    for i in range(n):
        dy, dx = y - 75, x - 75 - 150 * i
        distance, angle = np.hypot(dy, dx), np.arctan2(dy, dx) + i
        cell, nucleus = distance < 62, distance < 38 + 6 * np.cos(5 * angle)
        image[cell], image[nucleus] = CYTOPLASM, CHROMATIN
        cells[cell], nuclei[nucleus] = i + 1, i + 1
    image = cv2.GaussianBlur(image, (0, 0), 0.8) + np.random.default_rng(0).normal(0, 3, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8), nuclei, cells


def coarse(labels, scale):
    """Labels as they come back from a reduced image."""
    height, width = labels.shape
    small = cv2.resize(
        labels.astype(np.float32), (round(width * scale), round(height * scale)), interpolation=cv2.INTER_NEAREST
    )
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST).astype(np.int32)


@pytest.mark.parametrize("scale", [0.4, 0.6, 0.8])
def test_what_reducing_lost_comes_back(scale):
    image, nuclei, cells = photograph()
    before = coarse(nuclei, scale)
    after = refined(before, cells, image, scale)
    for i in (1, 2):
        assert dice(before == i, nuclei == i) < 0.99 < dice(after == i, nuclei == i)


def test_only_the_outline_moves_and_stays_in_its_cell():
    image, nuclei, cells = photograph()
    cells[:, :60] = 0  # part of a nucleus with no cell
    before = np.where(cells > 0, coarse(nuclei, 0.5), 0)
    after = refined(before, cells, image, 0.5)
    assert ((after == 0) | (after == cells)).all()
    sure = cv2.erode((before > 0).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    near = cv2.dilate((before > 0).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    assert (after[sure] > 0).all()
    assert not after[~near].any()


def test_a_nucleus_that_is_its_cell_stays():
    image, nuclei, _ = photograph(1)
    assert dice(refined(nuclei, nuclei, image, 0.5), nuclei) > 0.995


def test_a_nucleus_that_is_nothing_but_outline_is_not_lost():
    image, nuclei, cells = photograph()
    nuclei[nuclei == 2] = 0
    nuclei[128, 215:235] = 2  # in the cytoplasm
    after = refined(nuclei, cells, image, 0.5)
    assert (after == 2).any()
    assert dice(after == 1, nuclei == 1) > 0.98


def test_large_nuclei_are_outlined_better_and_cells_alike(data_folder, monkeypatch):
    """The last steps draw nuclei once more, and touch no cell."""
    if not (data_folder / "wbcseg").is_dir():
        pytest.skip("the data home has no wbcseg")
    *_, portraits = Wbcseg.read(data_folder / "wbcseg", 50)
    images, truth = zip(
        *((portraits.image(i), portraits.truth(i)["nuclei"]) for i in range(len(portraits))), strict=True
    )
    fine = [segment_leukocytes(image) for image in images]
    for step in "refined", "without_rims":
        monkeypatch.setattr(f"leukofeat.segmentation.leukocyte.segment.{step}", lambda nuclei, *_: nuclei)
    rough = [segment_leukocytes(image) for image in images]
    for a, b in zip(rough, fine, strict=True):
        np.testing.assert_array_equal(a[1], b[1])
    before, after = (np.array([dice(s[0], t) for s, t in zip(of, truth, strict=True)]) for of in (rough, fine))
    assert after.mean() > before.mean() + 0.003
    assert (after > before).mean() > 0.7


def test_more_cells_than_a_byte_counts():
    """Three hundred cells: numbers above 255 were once multiplied with bytes."""
    cell = cv2.circle(np.zeros((16, 16), np.uint8), (8, 8), 7, 1, -1)
    nucleus = cv2.circle(np.zeros((16, 16), np.uint8), (8, 8), 4, 1, -1)
    tile = np.where(nucleus[..., None] > 0, CHROMATIN, np.where(cell[..., None] > 0, CYTOPLASM, SLIDE)).astype(np.uint8)
    numbers = np.kron(np.arange(1, 301).reshape(15, 20), np.ones((16, 16), int)).astype(np.int32)
    nuclei, cells = (numbers * np.tile(mask, (15, 20)) for mask in (nucleus, cell))
    left = refined(nuclei, cells, np.tile(tile, (15, 20, 1)), 0.5)
    assert set(np.unique(left)) == set(range(301))
    np.testing.assert_array_equal(left, np.where(left > 0, numbers, 0))
