import numpy as np
import pytest

from leukofeat.kernels.regions.spans import part_runs
from leukofeat.kernels.texture.plane_sums import plane_sums
from tests.cells import drawn_field


@pytest.mark.parametrize("divisor", [7, np.uint8(1)])
def test_plane_sums_match_numpy(divisor):
    image, nuclei, _ = drawn_field()
    plane = image[..., 0] // divisor if divisor == 1 else image[..., 0] / divisor
    for k, row in enumerate(plane_sums(plane, part_runs(nuclei, 5), 5)):
        x = plane[nuclei == k].astype(float)
        np.testing.assert_allclose(row, [len(x), x.sum(), (x**2).sum()])


def test_read_only_and_strided_planes_give_the_same():
    image, nuclei, _ = drawn_field()
    plane, runs = image[..., 0].copy(), part_runs(nuclei, 5)
    frozen = plane.copy()
    frozen.flags.writeable = False
    for other in (frozen, image[..., 0]):
        np.testing.assert_array_equal(plane_sums(other, runs, 5), plane_sums(plane, runs, 5))
