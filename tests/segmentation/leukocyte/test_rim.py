"""The dark rim of a basophilic cell is cytoplasm, where it lies against the nucleus, too."""

from __future__ import annotations

from functools import partial

import cv2
import numpy as np
import pytest

from leukofeat.segmentation.leukocyte.cores import inner_distance
from leukofeat.segmentation.leukocyte.refine import refined
from leukofeat.segmentation.leukocyte.rim import LAYER, N_LAYERS, _sum_layers, without_rims
from leukofeat.segmentation.metrics import dice

SLIDE, CYTOPLASM, CHROMATIN, RIM = (235, 232, 236), (165, 150, 205), (130, 75, 150), (85, 45, 120)


def disc(shape, center, radius):
    y, x = np.mgrid[: shape[0], : shape[1]]
    return (y - center[0]) ** 2 + (x - center[1]) ** 2 <= radius**2


def photograph(cells):
    """Image of cells (center, radius of the cell, of the nucleus, width of its rim), with their nuclei and the whole of them."""
    shape = (160, 160 * len(cells))
    image = np.empty((*shape, 3), np.float32)
    image[:] = SLIDE
    nuclei, whole = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    for i, (center, radius, of_nucleus, width) in enumerate(cells, start=1):
        cell, clear = disc(shape, center, radius), disc(shape, center, radius - width)
        # the nucleus lies against the rim, on one side
        nucleus = disc(shape, (center[0], center[1] + radius - width - of_nucleus), of_nucleus) & clear
        image[cell], image[clear], image[nucleus] = RIM, CYTOPLASM, CHROMATIN
        whole[cell], nuclei[nucleus] = i, i
    image = cv2.GaussianBlur(image, (0, 0), 0.8) + np.random.default_rng(0).normal(0, 2, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8), nuclei, whole


def swollen(nuclei, whole, by):
    """Nuclei that have taken in the rim beside them, `by` pixels wide."""
    wide = np.ones((2 * by + 1, 2 * by + 1), np.uint8)
    grown = cv2.dilate(nuclei.astype(np.uint8), wide).astype(np.int32)
    return np.where((whole == grown) & (inner_distance(whole) <= by), grown, nuclei)


def test_a_rim_is_taken_off_the_nucleus_and_nothing_else():
    image, nuclei, whole = photograph([((80, 80), 60, 50, 5), ((80, 240), 60, 50, 0)])
    seen = swollen(nuclei, whole, 5)
    left = without_rims(seen, whole, image)
    assert dice(seen == 1, nuclei == 1) < 0.96 < 0.975 < dice(left == 1, nuclei == 1)
    np.testing.assert_array_equal(left == 2, seen == 2)
    assert not (left[seen == 0]).any()


@pytest.mark.parametrize("light", [0.6, 0.8])
def test_a_dimmer_lamp_changes_no_rim(light):
    image, nuclei, whole = photograph([((80, 80), 60, 50, 5)])
    seen = swollen(nuclei, whole, 5)
    dim = np.rint(image * light).astype(np.uint8)
    assert dice(without_rims(seen, whole, dim), without_rims(seen, whole, image)) > 0.99


def test_a_nucleus_of_which_a_tip_is_dark_stays():
    image, nuclei, whole = photograph([((80, 80), 60, 25, 5)])
    seen = swollen(nuclei, whole, 5)
    np.testing.assert_array_equal(without_rims(seen, whole, image), seen)


def test_a_nucleus_that_is_nothing_but_rim_stays():
    image, _, whole = photograph([((80, 80), 60, 50, 5)])
    ring = np.where(inner_distance(whole) <= 6, whole, 0)
    np.testing.assert_array_equal(without_rims(ring, whole, image), ring)


def test_sums_are_those_of_numpy():
    image, nuclei, whole = photograph([((80, 80), 60, 50, 5), ((80, 240), 50, 30, 3)])
    room, green = inner_distance(whole), image[..., 1]
    thickness = LAYER * np.sqrt(np.bincount(whole.ravel())[1:] / np.pi)
    density = np.linspace(1, 0, 256)
    sums = _sum_layers(nuclei, room, thickness, np.ascontiguousarray(green), density)
    for i in (1, 2):
        own = nuclei == i
        layer = np.minimum((room[own] / thickness[i - 1]).astype(int), N_LAYERS - 1)
        np.testing.assert_array_equal(sums[i - 1, :, 0], np.bincount(layer, minlength=N_LAYERS))
        np.testing.assert_allclose(
            sums[i - 1, :, 1], np.bincount(layer, density[green[own]], minlength=N_LAYERS), rtol=1e-12, atol=1e-9
        )
        np.testing.assert_allclose(
            sums[i - 1, :, 2], np.bincount(layer, density[green[own]] ** 2, minlength=N_LAYERS), rtol=1e-12, atol=1e-9
        )
    assert sums[0, -1, 0] > 1000


@pytest.mark.parametrize("finish", [without_rims, partial(refined, scale=0.5)], ids=["rim", "refine"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (12, 12)])
@pytest.mark.parametrize("fill", ["nothing", "a pixel", "everything"])
def test_odd_maps_come_back_as_they_are(finish, shape, fill):
    cells = np.zeros(shape, np.int32)
    if fill == "a pixel":
        cells[0, 0] = 1
    elif fill == "everything":
        cells[:] = 1
    image = np.full((*shape, 3), 120, np.uint8)
    for array in (cells, image):
        array.setflags(write=False)
    np.testing.assert_array_equal(finish(cells, cells, image), cells)
    turned = np.asfortranarray(cells)
    np.testing.assert_array_equal(finish(turned, turned, np.asfortranarray(image)), cells)
