"""Low frequencies of closed contours: their Fourier coefficients, and the bending of what they make up."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.jit import jit

__all__ = ["bending_energies", "contour_harmonics"]


@lru_cache(maxsize=8)
def _waves(n_points: int, n_harmonics: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cosine and sine of each frequency 0..n_harmonics at each point."""
    angles = 2 * np.pi / n_points * (np.outer(np.arange(n_harmonics + 1), np.arange(n_points)) % n_points)
    return np.cos(angles), np.sin(angles)


@jit
def _harmonics(x: Any, y: Any, cosine: Any, sine: Any, out: Any) -> None:
    n_harmonics, n_points = cosine.shape[0] - 1, cosine.shape[1]
    for k in range(x.shape[0]):
        # from the first point, so that a contour without extent has none at any frequency
        left, top = x[k, 0], y[k, 0]
        for j in range(n_points):
            x[k, j] -= left
            y[k, j] -= top
        for f in range(n_harmonics + 1):
            a, b, c, d = 0.0, 0.0, 0.0, 0.0
            for j in range(n_points):
                a += x[k, j] * cosine[f, j]
                b += x[k, j] * sine[f, j]
                c += y[k, j] * cosine[f, j]
                d += y[k, j] * sine[f, j]
            if f == 0:
                a += n_points * left
                c += n_points * top
            out[k, n_harmonics + f] = complex(a + d, c - b)
            out[k, n_harmonics - f] = complex(a - d, c + b)


@jit
def _bending(harmonics: Any, cosine: Any, sine: Any, out: Any) -> None:
    n_harmonics, n_points = cosine.shape[0] - 1, cosine.shape[1]
    # first and second derivative of the contour
    x1, y1, x2, y2 = np.empty(n_points), np.empty(n_points), np.empty(n_points), np.empty(n_points)
    for k in range(harmonics.shape[0]):
        for j in range(n_points):
            x1[j], y1[j], x2[j], y2[j] = 0.0, 0.0, 0.0, 0.0
        for f in range(1, n_harmonics + 1):
            forth, back = harmonics[k, n_harmonics + f], harmonics[k, n_harmonics - f]
            turn = 2 * np.pi * f
            a, b = turn * (forth.real + back.real), turn * (forth.imag - back.imag)
            c, d = turn * (forth.imag + back.imag), turn * (forth.real - back.real)
            for j in range(n_points):
                x1[j] -= a * sine[f, j] + b * cosine[f, j]
                y1[j] -= c * sine[f, j] - d * cosine[f, j]
            a, b, c, d = turn * a, turn * b, turn * c, turn * d
            for j in range(n_points):
                x2[j] -= a * cosine[f, j] - b * sine[f, j]
                y2[j] -= c * cosine[f, j] + d * sine[f, j]
        energy, length = 0.0, 0.0
        for j in range(n_points):
            square = x1[j] * x1[j] + y1[j] * y1[j]
            if not square > 0:
                # a point where the smoothed contour stands still has no curvature
                energy = np.nan
                break
            speed = np.sqrt(square)
            cross = x1[j] * y2[j] - y1[j] * x2[j]
            energy += cross * cross / (square * square * speed)
            length += speed
        out[k] = energy / n_points * (length / n_points) / (4 * np.pi**2)


def contour_harmonics(points: ArrayLike, n_harmonics: int) -> NDArray[np.complex128]:
    """Fourier coefficients of closed contours at the frequencies -n_harmonics to n_harmonics.

    Parameters
    ----------
    points : array_like of complex128, shape (m, n_points)
        Contours at equal steps, x + i y.
    n_harmonics : int
        Highest frequency.

    Returns
    -------
    ndarray of complex128, shape (m, 2 n_harmonics + 1)
        As ``numpy.fft.fft`` has them, from the lowest frequency to the highest.

    Examples
    --------
    >>> turn = np.exp(2j * np.pi * np.arange(8) / 8)
    >>> np.abs(contour_harmonics([turn], 2)).round(6).tolist()
    [[0.0, 0.0, 0.0, 8.0, 0.0]]
    """
    points = plain(points, np.complex128, ndim=2)
    cosine, sine = _waves(points.shape[1], int(n_harmonics))
    out = np.empty((len(points), 2 * int(n_harmonics) + 1), np.complex128)
    _harmonics(points.real.copy(), points.imag.copy(), cosine, sine, out)
    return out


def bending_energies(harmonics: ArrayLike, n_points: int) -> NDArray[np.float64]:
    """Bending energy of the contours that coefficients make up, at `n_points` steps: 1 for a circle.

    Parameters
    ----------
    harmonics : array_like of complex128, shape (m, 2 n_harmonics + 1)
        Result of `contour_harmonics`.
    n_points : int
        Steps along a contour.

    Returns
    -------
    ndarray of float64, shape (m,)
        Integral of the squared curvature x length / (4 pi^2); NaN where a contour stands still.

    Examples
    --------
    >>> bending_energies([[0, 0, 0, 3, 0]], 64).round(6).tolist()
    [1.0]
    """
    harmonics = plain(harmonics, np.complex128, ndim=2)
    cosine, sine = _waves(int(n_points), harmonics.shape[1] // 2)
    out = np.empty(len(harmonics))
    _bending(harmonics, cosine, sine, out)
    return out
