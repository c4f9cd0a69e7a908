import numpy as np
import pytest
from skimage.morphology import disk, opening

from leukofeat.kernels.regions.spans import part_runs
from leukofeat.kernels.texture.granulometry import opening_sums
from tests.cells import degenerate_masks, drawn_field


def check(plane, parts, n_parts, radii):
    found = opening_sums(plane, part_runs(parts, n_parts), n_parts, radii)
    for i, radius in enumerate(radii):
        opened = opening(plane, disk(radius), mode="ignore").astype(int)
        expected = [opened[parts == part].sum() for part in range(n_parts)]
        np.testing.assert_array_equal(found[:, i], expected)


@pytest.mark.parametrize("radii", [(1, 2, 3, 5, 7), (4,), (2, 11), (150,)])
def test_matches_scikit_image(radii):
    image, nuclei, cells = drawn_field()
    plane = image[..., 1]
    if max(radii) > 100:  # larger than the field; the reference takes a minute for it, so that the field is small, too
        plane, nuclei, cells = (array[20:50, 20:60] for array in (plane, nuclei, cells))
    # cells apart, a cell at the border, all of the image
    check(plane, nuclei, 5, radii)
    check(plane, cells - 1, 4, radii)
    check(255 - plane, np.zeros_like(cells), 1, radii)


def test_high_planes_are_opened_in_windows():
    rng = np.random.default_rng(0)
    plane = rng.integers(0, 256, (150, 3000)).astype(np.uint8)
    check(plane, np.zeros(plane.shape, int), 1, (1, 3))
    check(plane, np.where(rng.random(plane.shape) < 0.001, 0, -1), 1, (1, 3))


@pytest.mark.parametrize("name", degenerate_masks())
def test_degenerate_parts(name):
    parts = degenerate_masks()[name]
    plane = np.random.default_rng(0).integers(0, 256, parts.shape).astype(np.uint8)
    check(plane, parts, 2, (1, 2, 5))
    check(np.full_like(plane, 90), parts, 2, (1, 2, 5))


def test_nothing_to_sum():
    assert not opening_sums(np.ones((4, 5), np.uint8), np.empty((0, 4), np.int32), 2, [1]).any()


def test_layouts_do_not_matter():
    plane = np.random.default_rng(0).integers(0, 256, (40, 50)).astype(np.uint8)
    parts = (plane > 99).astype(int)
    plane.flags.writeable = False
    check(plane, parts, 2, (1, 4))
    check(plane[::2, ::-3], parts[::2, ::-3], 2, (1, 4))
