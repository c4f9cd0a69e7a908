import cv2
import numpy as np
import pytest
from skimage.feature import local_binary_pattern

from leukofeat.kernels.regions.spans import part_runs
from leukofeat.kernels.texture.lbp import lbp_histograms, lbp_patterns
from tests.cells import drawn_field, real_cells


def histograms_of(gray, parts, n_parts, circles=((8, 1),)):
    return lbp_histograms(gray, part_runs(parts, n_parts), n_parts, circles)


def gray_of(image):
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


@pytest.mark.parametrize(("points", "radius"), [(8, 1), (16, 2), (24, 3), (8, 2.5), (4, 1), (32, 4)])
def test_lbp_matches_scikit_image_to_the_last_bit(points, radius):
    gray = gray_of(drawn_field()[0])
    # plateaus make ties, which only the very same arithmetic decides alike
    gray[:30, :40] = 255
    gray[50:, 60:] //= 64
    np.testing.assert_array_equal(
        lbp_patterns(gray, points, radius), local_binary_pattern(gray, points, radius, "uniform")
    )


def test_lbp_of_real_images_matches_scikit_image():
    for image, _, _ in real_cells(20):
        gray = gray_of(image)
        np.testing.assert_array_equal(lbp_patterns(gray, 16, 2), local_binary_pattern(gray, 16, 2, "uniform"))


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (3, 3)])
def test_lbp_of_tiny_planes_matches_scikit_image(shape):
    gray = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    np.testing.assert_array_equal(lbp_patterns(gray, 24, 3), local_binary_pattern(gray, 24, 3, "uniform"))


def test_lbp_histograms_count_the_patterns_of_each_part():
    image, nuclei, _ = drawn_field()
    gray = gray_of(image)
    patterns = lbp_patterns(gray, 16, 2)
    got = histograms_of(gray, nuclei - 1, 4, [(8, 1), (16, 2)])[1]
    for k in range(4):
        np.testing.assert_array_equal(got[k], np.bincount(patterns[nuclei == k + 1], minlength=18))
    everything = histograms_of(gray, nuclei, 5, [(16, 2)])[0]
    np.testing.assert_array_equal(everything.sum(axis=0), np.bincount(patterns.ravel(), minlength=18))


def test_gaps_in_a_row_change_nothing():
    gray = gray_of(drawn_field()[0])
    columns = np.arange(gray.shape[1])
    for width in (1, 5, 17, 18, 40):
        parts = np.where(columns // width % 2 == 0, 0, -1) * np.ones((gray.shape[0], 1), int)
        expected = np.bincount(lbp_patterns(gray, 8, 1)[parts == 0], minlength=10)
        np.testing.assert_array_equal(histograms_of(gray, parts, 1)[0][0], expected)


def test_read_only_and_strided_planes_give_the_same():
    image, nuclei, _ = drawn_field()
    gray = gray_of(image)
    frozen = gray.copy()
    frozen.flags.writeable = False
    for other in (frozen, np.repeat(gray, 2, axis=0)[::2]):
        np.testing.assert_array_equal(histograms_of(other, nuclei, 5)[0], histograms_of(gray, nuclei, 5)[0])
