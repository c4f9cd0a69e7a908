import numpy as np
import pytest
from scipy.signal import convolve2d
from skimage.filters import gabor, gabor_kernel

from leukofeat.kernels.regions.spans import part_runs
from leukofeat.kernels.texture.gabor import gabor_sums
from tests.cells import drawn_field


@pytest.mark.parametrize(("frequencies", "n_angles"), [((0.1, 0.4), 4), ((0.2,), 3), ((0.3,), 5), ((0.25,), 1)])
def test_gabor_matches_scikit_image(frequencies, n_angles):
    image, nuclei, _ = drawn_field()
    gray = image[..., 1]
    sums = gabor_sums(gray, part_runs(nuclei - 1, 4), 4, frequencies, n_angles)
    for i, frequency in enumerate(frequencies):
        for j in range(n_angles):
            magnitude = np.hypot(*gabor(gray.astype(float), frequency, np.pi * j / n_angles))
            for k in (0, 1, 3):
                x = magnitude[nuclei == k + 1]
                np.testing.assert_allclose(sums[k, i, j], [len(x), x.sum(), (x**2).sum()], rtol=1e-6)
    assert not sums[2].any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 2)])
def test_gabor_of_tiny_planes_matches_the_convolution(shape):
    # not scikit-image's, whose ndimage.convolve reads astray where the kernel is many times the plane
    gray = np.random.default_rng(0).integers(0, 256, shape).astype(float)
    sums = gabor_sums(gray, part_runs(np.zeros(shape), 1), 1, [0.2], 4)
    for j in range(4):
        kernel = gabor_kernel(0.2, np.pi * j / 4)
        padded = np.pad(gray, kernel.shape[0] // 2, mode="symmetric")
        expected = np.abs(convolve2d(padded, kernel, mode="valid")).sum()
        assert sums[0, 0, j, 1] == pytest.approx(expected, rel=1e-6)


def test_gabor_of_no_part_is_nothing():
    assert not gabor_sums(np.ones((5, 5)), part_runs(np.full((5, 5), -1), 2), 2).any()


def test_a_quarter_turn_swaps_the_angles():
    gray = drawn_field()[0][..., 1]
    straight, turned = (gabor_sums(g, part_runs(np.zeros(g.shape), 1), 1) for g in (gray, np.rot90(gray)))
    np.testing.assert_allclose(turned[:, :, [2, 3, 0, 1]], straight, rtol=1e-9)
