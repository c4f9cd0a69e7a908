import numpy as np
import pytest

from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.kernels.shape.zernike import zernike_moments, zernike_orders
from tests.cells import degenerate_masks, drawn_field, real_cells


def moments(labels, **options):
    return zernike_moments(labels, region_boxes(labels), **options)


def zernike_oracle(mask, weights, radius, degree):
    """Radial polynomials from their recurrence, pixel by pixel in polar coordinates."""
    rows, columns = np.nonzero(mask)
    y, x = (rows - rows.mean()) / radius, (columns - columns.mean()) / radius
    w = weights[rows, columns]
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
    return [
        abs((w * radial[n, m] * np.exp(-1j * m * t)).sum()) * (n + 1) / np.pi / w.sum()
        for n, m in zernike_orders(degree)
    ]


@pytest.mark.parametrize("degree", [0, 1, 8, 12])
def test_moments_match_the_definition(degree):
    image, nuclei, _ = drawn_field()
    gray = image[..., 1].astype(float)
    for weights in (None, gray):
        got, radii = moments(nuclei, degree=degree, weights=weights)
        for k in (1, 2, 4):
            plane = np.ones(gray.shape) if weights is None else weights
            expected = zernike_oracle(nuclei == k, plane, radii[k - 1], degree)
            np.testing.assert_allclose(got[k - 1], expected, rtol=1e-6, atol=1e-12)
        assert np.isnan(got[2]).all()
        assert np.isnan(radii[2])


def test_radius_reaches_half_a_pixel_beyond_the_farthest_pixel():
    for name, labels in degenerate_masks().items():
        points = np.argwhere(labels)
        farthest = np.linalg.norm(points - points.mean(axis=0), axis=1).max()
        assert moments(labels)[1][0] == pytest.approx(farthest + 0.5), name


@pytest.mark.parametrize("name", degenerate_masks())
def test_degenerate_masks_match_the_definition(name):
    labels = degenerate_masks()[name]
    got, radii = moments(labels)
    expected = zernike_oracle(labels, np.ones(labels.shape), radii[0], 8)
    np.testing.assert_allclose(got[0], expected, rtol=1e-6, atol=1e-12)


def test_real_cells_match_mahotas():
    mahotas = pytest.importorskip("mahotas")
    for image, nuclei, _ in real_cells(40):
        gray = image[..., 1].astype(float) + 1
        got, radii = moments(nuclei, weights=gray)
        center = np.argwhere(nuclei).mean(axis=0)
        theirs = mahotas.features.zernike_moments(np.where(nuclei, gray, 0), radii[0], 8, cm=center)
        np.testing.assert_allclose(got[0], theirs, rtol=1e-6, atol=1e-9)


def test_turning_and_mirroring_change_nothing():
    labels = drawn_field()[1]
    straight = moments(labels)[0]
    for turned in (np.rot90(labels), labels[::-1], labels.T):
        np.testing.assert_allclose(moments(turned)[0], straight, rtol=1e-6, atol=1e-9)


def test_size_hardly_matters():
    rows, columns = np.indices((401, 401)) - 200
    small = moments(rows**2 / 4 + columns**2 + 20 * columns < 30**2)[0]
    large = moments(rows**2 / 4 + columns**2 + 60 * columns < 90**2)[0]
    np.testing.assert_allclose(small, large, atol=0.01)


def test_region_without_weight_is_nan():
    assert np.isnan(moments([[1, 1]], weights=[[0, 0]])[0]).all()


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="degree"):
        moments([[1]], degree=13)
    with pytest.raises(ValueError, match="differ in shape"):
        moments([[1]], weights=[[1, 1]])
