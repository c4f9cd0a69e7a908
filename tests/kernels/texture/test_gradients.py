import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.feature import hog

from leukofeat.kernels.regions.spans import part_runs
from leukofeat.kernels.texture.gradients import gradient_statistics, gradient_sums
from leukofeat.kernels.texture.hog import hog_cells, hog_image, hog_image_statistics, hog_vector
from tests.cells import drawn_field, real_cells

LAYOUTS = [(9, (8, 8), (3, 3)), (8, (16, 16), (2, 2)), (12, (7, 9), (2, 3)), (4, (3, 3), (1, 1))]


def sums_of(gray, parts, n_parts):
    return gradient_sums(gray, part_runs(parts, n_parts), n_parts)


def gray_of(image):
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def assert_matches_scikit_image(gray, orientations, cell, block):
    theirs, picture = hog(gray, orientations, cell, block, visualize=True)
    np.testing.assert_allclose(hog_vector(gray, orientations, cell, block), theirs, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(hog_image(gray, orientations, cell), picture, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_vector_and_picture_match_scikit_image(layout):
    assert_matches_scikit_image(gray_of(drawn_field()[0]), *layout)


def test_real_images_match_scikit_image():
    for image, _, _ in real_cells(20):
        assert_matches_scikit_image(gray_of(image), *LAYOUTS[0])


@settings(max_examples=30, deadline=None)
@given(arrays(np.uint8, (16, 17), elements=st.sampled_from([0, 1, 100, 254, 255])), st.sampled_from([4, 6, 8, 9]))
def test_extreme_gradients_fall_into_scikit_images_bins(gray, orientations):
    assert_matches_scikit_image(gray, orientations, (8, 8), (2, 2))


def test_constant_image_has_no_gradient():
    gray = np.full((32, 32), 200, np.uint8)
    assert not hog_cells(gray).any()
    assert hog_image_statistics(gray).tolist() == [0, 0, 0, 0]


def test_plane_smaller_than_a_cell_has_an_empty_grid():
    assert hog_cells(np.zeros((1, 1), np.uint8)).shape == (0, 0, 9)
    assert hog_image(np.zeros((1, 1), np.uint8)).tolist() == [[0.0]]


def test_plane_smaller_than_a_block_is_refused():
    with pytest.raises(ValueError, match=r"at least \(24, 24\)"):
        hog_vector(np.zeros((16, 40), np.uint8))


@pytest.mark.parametrize(("orientations", "cell"), [(9, (8, 8)), (12, (7, 9)), (4, (3, 3)), (9, (1, 1))])
def test_statistics_of_the_picture(orientations, cell):
    gray = gray_of(drawn_field()[0])
    picture = hog_image(gray, orientations, cell)
    expected = [picture.max(), picture.mean(), picture.std(), (picture > 0).mean()]
    np.testing.assert_allclose(hog_image_statistics(gray, orientations, cell), expected, rtol=1e-9)


def test_last_bits_do_not_depend_on_the_place_in_memory():
    gray = gray_of(drawn_field()[0])
    space = np.empty(gray.size + 16, np.uint8)
    for offset in range(16):
        moved = space[offset : offset + gray.size].reshape(gray.shape)
        moved[:] = gray
        np.testing.assert_array_equal(hog_image_statistics(moved), hog_image_statistics(gray))
        np.testing.assert_array_equal(sums_of(moved, gray, 256), sums_of(gray, gray, 256))


def test_gradient_statistics_of_parts_match_numpy():
    image, nuclei, _ = drawn_field()
    gray = gray_of(image)
    gy, gx = np.zeros(gray.shape), np.zeros(gray.shape)
    gy[1:-1] = gray[2:].astype(float) - gray[:-2]
    gx[:, 1:-1] = gray[:, 2:].astype(float) - gray[:, :-2]
    magnitude = np.hypot(gy, gx)
    statistics = gradient_statistics(sums_of(gray, nuclei, 6))
    for k in (0, 1, 2, 4):
        x = magnitude[nuclei == k]
        np.testing.assert_allclose(statistics[k], [x.max(), x.mean(), x.std(), (x > 0).mean()], rtol=1e-9)
    assert np.isnan(statistics[[3, 5]]).all()


def test_labels_that_are_no_part_are_left_out():
    gray = gray_of(drawn_field()[0])
    parts = np.where(np.arange(gray.shape[1]) < 20, -1, np.arange(gray.shape[1]) // 40) * np.ones(
        (gray.shape[0], 1), int
    )
    assert sums_of(gray, parts, 2)[:, 0].sum() == gray.shape[0] * 60


def test_read_only_and_strided_planes_give_the_same():
    gray = gray_of(drawn_field()[0])
    frozen = gray.copy()
    frozen.flags.writeable = False
    wide = np.repeat(gray, 2, axis=1)[:, ::2]
    for other in (frozen, wide):
        np.testing.assert_array_equal(hog_vector(other), hog_vector(gray))
        np.testing.assert_array_equal(sums_of(other, gray, 256), sums_of(gray, gray, 256))
