import cv2
import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from leukofeat.kernels.color.histograms import gather_runs, histogram_statistics, part_histograms
from leukofeat.kernels.color.stains import optical_density_table
from leukofeat.kernels.regions.spans import part_runs
from tests.cells import drawn_field, real_cells


def histograms_of(image, parts, n_parts):
    return part_histograms(image, part_runs(parts, n_parts), n_parts)


def reference(x):
    counts = np.unique(x, return_counts=True)[1]
    moments = [x.mean(), x.std(), scipy.stats.skew(x), scipy.stats.kurtosis(x), scipy.stats.entropy(counts, base=2)]
    return [*moments, *np.percentile(x, [5, 25, 50, 75, 95])]


def assert_matches_scipy(image, parts):
    counts = histograms_of(image, parts, int(parts.max()) + 1)
    linear = histogram_statistics(counts)
    dense = histogram_statistics(counts, optical_density_table())
    for part in np.unique(parts):
        for channel in range(image.shape[2]):
            x = image[parts == part, channel].astype(float)
            np.testing.assert_allclose(linear[part, channel], reference(x), rtol=1e-9, atol=1e-9)
            x = optical_density_table()[x.astype(int)]
            np.testing.assert_allclose(dense[part, channel], reference(x), rtol=1e-6, atol=1e-9)


def test_gathered_pixels_have_the_same_histograms():
    image, nuclei, cells = drawn_field()
    parts = np.where(nuclei > 0, 1, np.where(cells > 0, 2, -1))
    pixels, runs = gather_runs(image, part_runs(parts, 3))
    assert pixels.shape == (1, np.count_nonzero(cells), 3)
    np.testing.assert_array_equal(part_histograms(pixels, runs, 3), histograms_of(image, parts, 3))


@pytest.mark.parametrize("code", [cv2.COLOR_RGB2LAB, cv2.COLOR_RGB2HSV_FULL, cv2.COLOR_RGB2YCrCb])
def test_a_colour_is_converted_alike_wherever_it_stands(code):
    image = np.random.default_rng(0).integers(0, 256, (256, 256, 3)).astype(np.uint8)
    alone = cv2.cvtColor(np.ascontiguousarray(image.reshape(-1, 1, 3)), code)
    np.testing.assert_array_equal(cv2.cvtColor(image, code).reshape(-1, 1, 3), alone)


def test_drawn_cells_match_scipy():
    image, nuclei, cells = drawn_field()
    assert_matches_scipy(image, nuclei)
    assert_matches_scipy(image, np.where(nuclei > 0, 1, np.where(cells > 0, 2, 0)))


def test_real_cells_match_scipy():
    for image, nuclei, _ in real_cells(40):
        assert_matches_scipy(image, nuclei)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 255), min_size=1, max_size=40))
def test_any_sample_matches_numpy(values):
    x = np.array(values)
    got = histogram_statistics(np.bincount(x, minlength=256))
    counts = np.unique(x, return_counts=True)[1]
    np.testing.assert_allclose(got[:2], [x.mean(), x.std()], atol=1e-9)
    np.testing.assert_allclose(got[4], scipy.stats.entropy(counts, base=2), atol=1e-9)
    np.testing.assert_allclose(got[5:], np.percentile(x, [5, 25, 50, 75, 95]), atol=1e-9)
    if len(counts) > 1:
        np.testing.assert_allclose(got[2:4], [scipy.stats.skew(x), scipy.stats.kurtosis(x)], rtol=1e-6, atol=1e-9)


def test_constant_sample_is_symmetric_and_empty_one_nothing():
    counts = np.zeros((2, 256), int)
    counts[0, 77] = 5
    constant, empty = histogram_statistics(counts)
    assert constant.tolist() == [77, 0, 0, 0, 0, *[77] * 5]
    assert np.isnan(empty).all()


def test_parts_add_up():
    image, nuclei, _ = drawn_field()
    parts = histograms_of(image, nuclei, 5)
    whole = histograms_of(image, np.zeros_like(nuclei), 1)
    np.testing.assert_array_equal(parts.sum(axis=0), whole[0])


def test_labels_that_are_no_part_are_left_out():
    counts = histograms_of(np.zeros((1, 3, 1), np.uint8), [[-1, 0, 7]], 2)
    assert counts.sum() == 1


def test_read_only_and_strided_images_give_the_same():
    image, nuclei, _ = drawn_field()
    expected = histograms_of(image, nuclei, 5)
    frozen = image.copy()
    frozen.flags.writeable = False
    for other in (frozen, image[:, :, ::-1].copy()[:, :, ::-1]):
        np.testing.assert_array_equal(histograms_of(other, nuclei, 5), expected)
