"""The denoisers against slow ones, and against scikit-image; ChromaDenoiser by what it keeps and what it takes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, median_filter

from leukofeat.datasets import make_smears
from leukofeat.evaluation.optics import compress_jpeg
from leukofeat.opencv import cv2
from leukofeat.preprocessing import BilateralDenoiser, ChromaDenoiser, GaussianDenoiser, MedianDenoiser
from leukofeat.smear import Smear


@pytest.mark.parametrize("size", [1, 3, 5, 7])
def test_median_of_each_channel(size, rng):
    image = rng.integers(0, 256, (15, 18, 3), np.uint8)
    expected = median_filter(image, size=(size, size, 1), mode="nearest")
    np.testing.assert_array_equal(MedianDenoiser(size).transform([image])[0], expected)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 9, 3), (9, 1, 3), (2, 2, 3)])
def test_images_smaller_than_the_window(shape):
    image = np.full(shape, 77, np.uint8)
    for size in (3, 9):
        np.testing.assert_array_equal(MedianDenoiser(size).transform([image])[0], image)


def test_views_read_only_images_and_label_maps(records, rng):
    base = rng.integers(0, 256, (20, 30, 3), np.uint8)
    view = base[::2, ::-1]
    view.flags.writeable = False
    np.testing.assert_array_equal(MedianDenoiser().transform([view])[0], MedianDenoiser().transform([view.copy()])[0])
    result = MedianDenoiser().transform(records)[0]
    np.testing.assert_array_equal(result.nuclei, records[0].nuclei)


@pytest.mark.parametrize(
    ("size", "error", "reason"),
    [
        (4, ValueError, "'size' parameter of MedianDenoiser must be an odd int .* Got 4"),
        (0, ValueError, r"in the range \[1, 255\]"),
        (257, ValueError, r"in the range \[1, 255\]"),
        (3.0, TypeError, "an odd int .* Got 3.0"),
        (True, TypeError, "an odd int"),
        ("3", TypeError, "an odd int"),
    ],
)
def test_bad_sizes(size, error, reason, smears):
    stage = MedianDenoiser(size)
    for call in (stage.fit, stage.transform):
        with pytest.raises(error, match=reason):
            call(smears.images)


def test_numpy_integers_are_integers(smears):
    assert MedianDenoiser(np.int64(3)).transform(smears.images)[0].shape == (96, 96, 3)


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.5])
def test_gaussian_of_each_channel(sigma, rng):
    image = rng.integers(0, 256, (25, 31, 3), np.uint8)
    expected = gaussian_filter(image.astype(float), (sigma, sigma, 0), mode="mirror", truncate=4)
    assert np.abs(GaussianDenoiser(sigma).transform([image])[0] - expected).max() <= 1.5


def slow_bilateral(image, sigma_color, sigma_space):
    """Mean of the pixels in a disc, weighted by distance and by the sum of the channels' differences (mirrored at the border)."""
    radius = max(1, round(1.5 * sigma_space))
    wide = np.pad(image.astype(float), [(radius, radius), (radius, radius), (0, 0)], mode="reflect")
    total, weights = np.zeros(image.shape), np.zeros(image.shape[:2])
    for dy in range(-radius, radius + 1):
        for dx in range(-radius, radius + 1):
            if dy * dy + dx * dx > radius * radius:
                continue
            other = wide[radius + dy :, radius + dx :][: image.shape[0], : image.shape[1]]
            change = np.abs(other - image).sum(axis=2)
            weight = np.exp(-(dy * dy + dx * dx) / (2 * sigma_space**2) - change**2 / (2 * sigma_color**2))
            total += weight[:, :, None] * other
            weights += weight
    return total / weights[:, :, None]


@pytest.mark.parametrize(("sigma_color", "sigma_space"), [(25.0, 2.0), (60.0, 1.0), (5.0, 3.0)])
def test_bilateral(sigma_color, sigma_space, rng):
    image = rng.integers(100, 160, (15, 18, 3), np.uint8)
    expected = slow_bilateral(image, sigma_color, sigma_space)
    assert np.abs(BilateralDenoiser(sigma_color, sigma_space).transform([image])[0] - expected).max() <= 1


def test_bilateral_smooths_beside_an_edge_that_a_gaussian_blurs(rng):
    image = np.full((20, 20, 3), 200, np.uint8)
    image[:, 10:] = 80
    noisy = np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8)
    blurred, kept = GaussianDenoiser(2.0).transform([noisy])[0], BilateralDenoiser(40.0, 2.0).transform([noisy])[0]
    assert np.abs(blurred[:, 8:12] - image[:, 8:12].astype(int)).mean() > 20
    assert np.abs(kept - image.astype(int)).mean() < np.abs(noisy - image.astype(int)).mean() / 1.5


@pytest.mark.parametrize(
    "stage", [GaussianDenoiser(100.0), BilateralDenoiser(1e-3, 1e-3), BilateralDenoiser(1000.0, 20.0)]
)
def test_any_image_and_its_label_maps(stage, records):
    for shape in ((1, 1, 3), (1, 9, 3), (9, 1, 3), (2, 2, 3)):
        image = np.full(shape, 77, np.uint8)
        np.testing.assert_array_equal(stage.transform([image])[0], image)
    result = stage.transform(records)[0]
    np.testing.assert_array_equal(result.nuclei, records[0].nuclei)
    np.testing.assert_array_equal(result.label_ids, records[0].label_ids)


@pytest.mark.parametrize(
    ("stage", "reason"),
    [
        (GaussianDenoiser(0), "'sigma' parameter of GaussianDenoiser"),
        (GaussianDenoiser(101.0), "'sigma'"),
        (BilateralDenoiser(0.0), "'sigma_color'"),
        (BilateralDenoiser(25.0, 21.0), r"'sigma_space' .* \(0.0, 20.0\]"),
    ],
)
def test_bad_sigmas(stage, reason, smears):
    with pytest.raises(ValueError, match=reason):
        stage.fit(smears.images)


def planes(image):
    return cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb).astype(float)


def test_chroma_is_smoothed_and_luma_kept(rng):
    image = np.clip(rng.normal((120, 70, 160), 8, (60, 70, 3)), 0, 255).astype(np.uint8)
    before, after = planes(image), planes(ChromaDenoiser(epsilon=1e4).transform([image])[0])
    assert np.abs(after[:, :, 0] - before[:, :, 0]).max() <= 1
    assert (after[:, :, 1:].std(axis=(0, 1)) < 0.3 * before[:, :, 1:].std(axis=(0, 1))).all()


def test_colour_does_not_run_over_an_edge_of_brightness():
    image = np.full((60, 60, 3), (235, 230, 238), np.uint8)
    image[:, :30] = (95, 50, 150)
    after = ChromaDenoiser().transform([image])[0].astype(int)
    assert np.abs(after - image).max() <= 6


def test_a_coarse_jpeg_changes_the_blue_of_nuclei_less():
    smears = make_smears(3, random_state=0)
    for image, nuclei in zip(smears.images, smears.nuclei, strict=True):
        pair = [image, compress_jpeg(image, 50)]
        changed = [
            (one[:, :, 2].astype(float) - other[:, :, 2])[nuclei > 0].std()
            for one, other in (pair, [ChromaDenoiser().transform([each])[0] for each in pair])
        ]
        assert changed[1] < 0.8 * changed[0]


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 9, 3), (9, 1, 3), (2, 2, 3)])
def test_even_images_of_any_size_keep_their_colour(shape):
    image = np.full(shape, (120, 70, 160), np.uint8)
    assert np.abs(ChromaDenoiser().transform([image])[0].astype(int) - image).max() <= 2


def guided(guide, plane, inside, radius, epsilon):
    """He et al.'s filter, pixel by pixel; windows are mirrored at the frame, and only what is inside counts."""
    wide = [np.pad(one, 2 * radius, mode="reflect") for one in (guide.astype(float), plane.astype(float), inside)]

    def windows(a):
        return np.lib.stride_tricks.sliding_window_view(a, (2 * radius + 1,) * 2)

    n = windows(wide[2]).sum(axis=(2, 3)).clip(1)
    level, own, cross, square = (
        (windows(one * wide[2]).sum(axis=(2, 3)) / n)
        for one in (wide[0], wide[1], wide[0] * wide[1], wide[0] * wide[0])
    )
    slope = (cross - level * own) / (square - level**2 + epsilon)
    here = slice(radius, -radius)
    weight = wide[2][here, here]
    n = windows(weight).sum(axis=(2, 3)).clip(1)
    slope, offset = (windows(one * weight).sum(axis=(2, 3)) / n for one in (slope, own - slope * level))
    return slope * guide + offset


@pytest.mark.parametrize("place", [(0, 0), (3, 5), (14, 20)])
def test_colour_of_cells_against_a_slow_filter(place, rng):
    image = rng.integers(60, 200, (24, 30, 3), np.uint8)
    cells = np.zeros(image.shape[:2], np.int32)
    cells[place[0] : place[0] + 10, place[1] : place[1] + 9] = 1
    cells[place[0] + 4 : place[0] + 6, place[1] + 3 : place[1] + 7] = 0
    smear = Smear(image, nuclei=cells, cells=cells)
    result = ChromaDenoiser(radius=2).transform([smear])[0].image
    np.testing.assert_array_equal(result[cells == 0], image[cells == 0])
    luma, *chroma = cv2.split(cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb))
    smooth = [np.rint(guided(luma, plane, cells, 2, 10.0)).clip(0, 255).astype(np.uint8) for plane in chroma]
    expected = cv2.cvtColor(cv2.merge([luma, *smooth]), cv2.COLOR_YCrCb2RGB)
    assert np.abs(result.astype(int) - expected)[cells > 0].max() <= 1
    assert (result != image)[cells > 0].mean() > 0.5


def test_what_lies_around_cells_does_not_get_into_their_colour(rng):
    smears = make_smears(2, random_state=0)
    for image, cells in zip(smears.images, smears.cells, strict=True):
        other = np.where(cells[:, :, None] > 0, image, rng.integers(0, 256, image.shape, np.uint8))
        plain, odd = ChromaDenoiser().transform([Smear(one, nuclei=cells, cells=cells) for one in (image, other)])
        np.testing.assert_array_equal(plain.image[cells > 0], odd.image[cells > 0])
