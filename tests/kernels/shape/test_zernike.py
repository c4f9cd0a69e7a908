import numpy as np
import pytest

from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.kernels.shape.zernike import zernike_moments, zernike_orders
from tests.cells import degenerate_masks, drawn_field, real_cells


def moments(labels, **options):
    return zernike_moments(labels, region_boxes(labels), **options)


def disc_around(mask):
    points = np.argwhere(mask)
    center = points.mean(axis=0)
    return center, np.linalg.norm(points - center, axis=1).max() + 0.5


def zernike_oracle(mask, degree):
    """Radial polynomials from their recurrence, pixel by pixel in polar coordinates."""
    center, radius = disc_around(mask)
    y, x = (np.argwhere(mask) - center).T / radius
    r, t = np.hypot(y, x), np.arctan2(y, x)
    radial = {}
    for m in range(degree + 1):
        radial[m, m] = r**m
        for n in range(m + 2, degree + 1, 2):
            # Prata and Rusch (1989), by way of R(n - 1, |m - 1|)
            total = np.zeros_like(r)
            for s in range((n - m) // 2 + 1):
                k = np.prod(np.arange(1, n - s + 1, dtype=float)) * (-1) ** s
                for q in (s, (n + m) // 2 - s, (n - m) // 2 - s):
                    k /= np.prod(np.arange(1, q + 1, dtype=float))
                total += k * r ** (n - 2 * s)
            radial[n, m] = total
    return [abs((radial[n, m] * np.exp(-1j * m * t)).mean()) * (n + 1) / np.pi for n, m in zernike_orders(degree)]


@pytest.mark.parametrize("degree", [0, 1, 8, 12])
def test_moments_match_the_definition(degree):
    nuclei = drawn_field()[1]
    got = moments(nuclei, degree=degree)
    for k in (1, 2, 4):
        np.testing.assert_allclose(got[k - 1], zernike_oracle(nuclei == k, degree), rtol=1e-6, atol=1e-12)
    assert np.isnan(got[2]).all()


@pytest.mark.parametrize("name", degenerate_masks())
def test_degenerate_masks_match_the_definition(name):
    labels = degenerate_masks()[name]
    np.testing.assert_allclose(moments(labels)[0], zernike_oracle(labels, 8), rtol=1e-6, atol=1e-12)


def test_real_cells_match_mahotas():
    mahotas = pytest.importorskip("mahotas")
    for _, nuclei, _ in real_cells(40):
        center, radius = disc_around(nuclei)
        theirs = mahotas.features.zernike_moments(nuclei, radius, 8, cm=center)
        np.testing.assert_allclose(moments(nuclei)[0], theirs, rtol=1e-6, atol=1e-9)


def test_turning_and_mirroring_change_nothing():
    labels = drawn_field()[1]
    for turned in (np.rot90(labels), labels[::-1], labels.T):
        np.testing.assert_allclose(moments(turned), moments(labels), rtol=1e-6, atol=1e-9)


def test_size_hardly_matters():
    rows, columns = np.indices((401, 401)) - 200
    small = moments(rows**2 / 4 + columns**2 + 20 * columns < 30**2)
    large = moments(rows**2 / 4 + columns**2 + 60 * columns < 90**2)
    np.testing.assert_allclose(small, large, atol=0.01)
