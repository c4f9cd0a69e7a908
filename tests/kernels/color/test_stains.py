import numpy as np
from skimage.color import separate_stains

from leukofeat.kernels.color.stains import STAINS, haematoxylin_eosin, optical_density_table, side_means
from tests.cells import drawn_field


def test_means_beside_the_cells_match_numpy():
    image, _, cells = drawn_field()
    lab = 255 - image
    for threshold in (-1, 180, 255):
        dark = image[:, :, 1] <= threshold
        for found, side in zip(side_means(image, lab, cells, threshold), (~dark, dark), strict=True):
            inside = side & (cells == 0)
            density = optical_density_table()[image[inside]]
            expected = np.concatenate([lab[inside].mean(axis=0), density.mean(axis=0)]) if inside.any() else np.nan
            np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_stains_match_scikit_images_deconvolution():
    image = drawn_field()[0]
    matrix = np.linalg.inv(STAINS / np.linalg.norm(STAINS, axis=1, keepdims=True))
    # scikit-image takes (I / 255) in units of log(1e-6); the same plane from (I + 1) / 256 in decimal units
    theirs = separate_stains((image + 1.0) / 256, matrix) * 6
    np.testing.assert_allclose(haematoxylin_eosin(image), np.minimum(100 * theirs[..., :2], 255), atol=0.51)


def test_read_only_and_strided_images_give_the_same():
    image = drawn_field()[0]
    frozen = image.copy()
    frozen.flags.writeable = False
    for other in (frozen, image[:, :, ::-1].copy()[:, :, ::-1]):
        np.testing.assert_array_equal(haematoxylin_eosin(other), haematoxylin_eosin(image))
