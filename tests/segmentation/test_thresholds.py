"""Threshold segmenters, and what all segmenters beside k-means have in common."""

from typing import get_args

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays
from skimage.color import rgb2hsv
from skimage.filters import threshold_multiotsu

from leukofeat.segmentation import (
    Cleanup,
    DualThresholdSegmenter,
    FuzzyCMeansSegmenter,
    GrabCutSegmenter,
    OtsuSegmenter,
    TriangleSegmenter,
    segment_dual_threshold,
    segment_otsu,
    segment_triangle,
)
from leukofeat.segmentation.thresholds import Channel, stain_channel
from leukofeat.smear import Smear
from tests.cells import real_cells

BACKGROUND, RED_CELL, CYTOPLASM, NUCLEUS = (236, 230, 228), (225, 160, 160), (165, 145, 205), (90, 40, 150)
SEGMENTERS = [
    OtsuSegmenter(),
    TriangleSegmenter(),
    DualThresholdSegmenter(),
    FuzzyCMeansSegmenter(),
    GrabCutSegmenter(),
]
each_segmenter = pytest.mark.parametrize("segmenter", SEGMENTERS, ids=lambda s: type(s).__name__)


def one_cell(red_cells=True, noise=2.0):
    """A leukocyte in the middle of a noisy crop: image, nucleus and cell mask."""
    image = np.full((120, 120, 3), BACKGROUND, np.uint8)
    if red_cells:
        for center in ((20, 95), (95, 22), (100, 100)):
            cv2.circle(image, center, 12, RED_CELL, -1)
    cv2.circle(image, (58, 56), 25, CYTOPLASM, -1)
    cv2.circle(image, (58, 56), 16, NUCLEUS, -1)
    cell = cv2.circle(np.zeros((120, 120), np.uint8), (58, 56), 25, 1, -1)
    nucleus = cv2.circle(np.zeros((120, 120), np.uint8), (58, 56), 16, 1, -1)
    noisy = image + np.random.default_rng(0).normal(0, noise, image.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8), nucleus > 0, cell > 0


def dice(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


@each_segmenter
def test_finds_the_leukocyte_of_a_crop(segmenter):
    image, nucleus, cell = one_cell()
    smear = segmenter.fit([image]).transform([image])[0]
    assert isinstance(smear, Smear)
    assert smear.nuclei[56, 58] == smear.cells[56, 58] > 0
    mine = smear.cells[56, 58]
    assert dice(smear.nuclei == mine, nucleus) > 0.98
    assert dice(smear.cells == mine, cell) > 0.97
    np.testing.assert_array_equal(np.where(smear.nuclei > 0, smear.cells, 0), smear.nuclei)


@each_segmenter
@pytest.mark.parametrize(
    "image",
    [
        np.zeros((1, 1, 3), np.uint8),
        np.full((1, 7, 3), 200, np.uint8),
        np.full((50, 60, 3), BACKGROUND, np.uint8),
        np.full((50, 60, 3), NUCLEUS, np.uint8),
        np.array([[NUCLEUS, BACKGROUND]], np.uint8),
        np.random.default_rng(0).normal(230, 3, (64, 64, 3)).astype(np.uint8),
    ],
    ids=["black pixel", "line", "blank", "all nucleus", "two pixels", "noise"],
)
def test_degenerate_images_hold_no_cell(segmenter, image):
    smear = segmenter.transform([image])[0]
    assert smear.n_cells == 0
    assert not smear.nuclei.any()


@each_segmenter
def test_same_bytes_every_time_and_from_any_layout(segmenter):
    image = one_cell()[0]
    first = segmenter.transform([image])[0]
    other = segmenter.transform([np.repeat(image, 2, axis=1)[:, ::2]])[0]
    np.testing.assert_array_equal(first.cells, other.cells)
    np.testing.assert_array_equal(first.nuclei, other.nuclei)


@each_segmenter
def test_clean_up_parameters_reach_the_result(segmenter):
    image, _, cell = one_cell()
    shifted = np.roll(image, -45, axis=1)
    stage = type(segmenter)
    assert stage(cleanup=Cleanup(min_area=400)).transform([shifted])[0].n_cells == 0
    if stage is not GrabCutSegmenter:
        assert stage(cleanup=Cleanup(clear_border=False, min_area=400)).transform([shifted])[0].n_cells >= 1
    assert stage(cleanup=Cleanup(min_area=int(cell.sum()) * 2)).transform([image])[0].n_cells == 0
    with pytest.raises(ValueError, match="min_area"):
        stage(cleanup=Cleanup(min_area=-1)).fit([image])


@pytest.mark.parametrize("channel", get_args(Channel))
def test_leukocytes_are_bright_in_every_channel(channel):
    values = stain_channel(np.array([[NUCLEUS, BACKGROUND]], np.uint8), channel)
    assert values.shape == (1, 2)
    assert values.dtype == np.uint8
    assert values[0, 0] > values[0, 1]


@given(arrays(np.uint8, (4, 5, 3)))
@settings(max_examples=60, deadline=None)
def test_inks_are_those_of_cmyk_with_black_taken_out(image):
    light = image / 255
    black = 1 - light.max(axis=2)
    with np.errstate(invalid="ignore"):
        inks = (1 - light - black[..., None]) / (1 - black[..., None])
    inks[black == 1] = 0
    for c, name in enumerate(("cyan", "magenta")):
        np.testing.assert_allclose(stain_channel(image, name), 255 * inks[:, :, c], atol=0.501)
    np.testing.assert_allclose(stain_channel(image, "yellow"), 255 - 255 * inks[:, :, 2], atol=0.501)


def test_black_has_no_ink():
    black = np.zeros((1, 1, 3), np.uint8)
    assert [int(stain_channel(black, name)[0, 0]) for name in ("cyan", "magenta", "yellow", "hue")] == [0, 0, 255, 0]


def test_hue_goes_once_round_the_circle_and_is_0_for_grey(rng):
    image = rng.integers(0, 256, (40, 40, 3)).astype(np.uint8)
    wanted, hue = rgb2hsv(image)[:, :, 0] * 256, stain_channel(image, "hue").astype(float)
    apart = np.abs((hue - wanted + 128) % 256 - 128)
    assert apart.max() <= 1.5
    assert stain_channel(np.full((1, 1, 3), 77, np.uint8), "hue").tolist() == [[0]]


@pytest.mark.parametrize("channel", ["red", "yellow", "gray"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_equalised_thresholds_are_those_of_the_equalised_channel(channel, n_classes):
    image = one_cell()[0]
    even = cv2.equalizeHist(stain_channel(image, channel))
    as_it_is = Cleanup(min_area=0, max_hole=0, clear_border=False, split=None)
    how = {"channel": channel, "equalize": True, "min_contrast": 0, "cleanup": as_it_is}
    cut = cv2.threshold(even, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_TRIANGLE)[0]
    nuclei, cells = segment_triangle(image, **how)
    # cytoplasm without a nucleus belongs to no cell
    assert not cells[even <= cut].any()
    np.testing.assert_array_equal(nuclei > 0, (even > cut) & (nuclei > 0))
    nuclei, cells = segment_otsu(image, n_classes=n_classes, **how)
    cuts = threshold_multiotsu(even, n_classes)
    np.testing.assert_array_equal(nuclei > 0, even > cuts[-1])
    assert not cells[even <= cuts[0]].any()


@pytest.mark.parametrize("stage", [OtsuSegmenter(equalize=True), TriangleSegmenter(equalize=True)])
def test_equalised_noise_is_still_blank(stage, rng):
    blank = rng.normal(230, 3, (64, 64, 3)).astype(np.uint8)
    for image in (blank, np.full((9, 9, 3), NUCLEUS, np.uint8), np.zeros((1, 1, 3), np.uint8)):
        assert stage.transform([image])[0].n_cells == 0
    whole = stage.set_params(min_contrast=0, cleanup__min_area=1, cleanup__clear_border=False)
    assert whole.transform([blank])[0].n_cells > 0


def test_equalising_finds_the_cell_by_its_lack_of_yellow():
    image, _, cell = one_cell(noise=1.0)
    image = np.clip(image.astype(int) - (0, 0, 30), 0, 255).astype(np.uint8)
    stage = TriangleSegmenter("yellow", equalize=True, cleanup=Cleanup(min_solidity=0.3, max_hole=500))
    smear = stage.transform([image])[0]
    mine = smear.cells[56, 58]
    assert mine > 0
    assert dice(smear.cells == mine, cell) > 0.95


def test_hue_beside_grey_finds_the_cell():
    image, _, cell = one_cell(noise=0.5)
    smear = DualThresholdSegmenter(color_channel="hue").transform([image])[0]
    assert dice(smear.cells > 0, cell) > 0.97


def test_two_classes_make_nucleus_and_cell_one():
    image = one_cell(red_cells=False)[0]
    nuclei, cells = segment_otsu(image, n_classes=2)
    np.testing.assert_array_equal(nuclei, cells)
    assert nuclei.max() == 1


def test_four_classes_take_the_two_highest():
    image, nucleus, cell = one_cell()
    nuclei, cells = segment_otsu(image, n_classes=4, channel="red")
    assert dice(nuclei > 0, nucleus) > 0.98
    assert dice(cells > 0, cell) > 0.97


@pytest.mark.parametrize("segment", [segment_otsu, segment_triangle, segment_dual_threshold])
def test_real_leukocytes_are_found(segment):
    scores = []
    for image, nucleus, _ in real_cells(12):
        scores.append(dice(segment(image)[0] > 0, nucleus > 0))
    assert np.median(scores) > 0.85


def test_bad_channels_are_named():
    with pytest.raises(ValueError, match="channel"):
        OtsuSegmenter(channel="blue").fit([np.zeros((3, 3, 3), np.uint8)])
    with pytest.raises(ValueError, match="color_channel"):
        DualThresholdSegmenter(color_channel=None).fit([np.zeros((3, 3, 3), np.uint8)])
    with pytest.raises(ValueError, match="n_classes"):
        OtsuSegmenter(n_classes=1).fit([np.zeros((3, 3, 3), np.uint8)])
