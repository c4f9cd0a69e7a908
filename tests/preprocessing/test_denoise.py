"""MedianDenoiser against a slow median."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import median_filter

from leukofeat.preprocessing import MedianDenoiser


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
