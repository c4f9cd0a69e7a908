"""Fourier coefficients and bending of contours against NumPy's transform."""

import numpy as np
import pytest

from leukofeat.kernels.shape.harmonics import bending_energies, contour_harmonics


def contours(n_points, seed=0):
    rng = np.random.default_rng(seed)
    circle = 30 * np.exp(2j * np.pi * np.arange(n_points) / n_points)
    return circle + rng.normal(size=(5, n_points)) + 1j * rng.normal(size=(5, n_points))


def bending_oracle(points, n_harmonics):
    n = points.shape[-1]
    turns = 2j * np.pi * np.fft.fftfreq(n, 1 / n)
    spectrum = np.where(np.abs(np.fft.fftfreq(n, 1 / n)) <= n_harmonics, np.fft.fft(points), 0)
    first, second = np.fft.ifft(turns * spectrum), np.fft.ifft(turns**2 * spectrum)
    speed = np.abs(first)
    turn = first.real * second.imag - first.imag * second.real
    return (turn**2 / speed**5).mean(axis=-1) * speed.mean(axis=-1) / (4 * np.pi**2)


@pytest.mark.parametrize("n_points", [3, 17, 64, 128])
def test_coefficients_are_those_of_the_transform(n_points):
    points = contours(n_points)
    n = (n_points - 1) // 2
    expected = np.fft.fftshift(np.fft.fft(points), axes=-1)
    zero = n_points // 2
    np.testing.assert_allclose(contour_harmonics(points, n), expected[:, zero - n : zero + n + 1], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("n_harmonics", [1, 4, 8])
def test_bending_is_that_of_the_inverse_transform(n_harmonics):
    points = contours(128)
    found = bending_energies(contour_harmonics(points, n_harmonics), 128)
    np.testing.assert_allclose(found, bending_oracle(points, n_harmonics), rtol=1e-9)


def test_what_is_unknown_or_stands_still_has_no_bending():
    points = contours(32)
    points[1] = np.nan
    points[2] = 7
    energies = bending_energies(contour_harmonics(points, 4), 32)
    assert np.isnan(energies).tolist() == [False, True, True, False, False]


def test_any_layout_and_none_at_all():
    points = contours(64)
    view = np.repeat(points, 2, axis=0)[::2]
    view.flags.writeable = False
    np.testing.assert_array_equal(contour_harmonics(view, 3), contour_harmonics(points, 3))
    assert contour_harmonics(points[:0], 3).shape == (0, 7)
    assert bending_energies(np.empty((0, 7)), 64).shape == (0,)
