import numpy as np
import pytest

from leukofeat.kernels.outline import resample_closed


@pytest.mark.parametrize("n_points", [1, 3, 64, 257])
def test_matches_interpolation_along_the_length(n_points):
    vertices = np.random.default_rng(0).integers(0, 100, (23, 2))
    z = vertices[:, 0] + 1j * vertices[:, 1]
    closed = np.append(z, z[0])
    length = np.concatenate([[0], np.cumsum(np.abs(np.diff(closed)))])
    expected = np.interp(np.arange(n_points) * length[-1] / n_points, length, closed)
    np.testing.assert_allclose(resample_closed(vertices, n_points), expected, atol=1e-9)


def test_a_single_vertex_and_repeated_ones_stay_where_they_are():
    np.testing.assert_array_equal(resample_closed([[3, 4]], 5), np.full(5, 3 + 4j))
    np.testing.assert_array_equal(resample_closed([[3, 4], [3, 4]], 5), np.full(5, 3 + 4j))


def test_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        resample_closed(np.zeros((0, 2), int), 4)
