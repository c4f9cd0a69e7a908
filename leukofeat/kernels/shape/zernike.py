"""Zernike moments of every region, by way of plain moments on its unit disc."""

from functools import lru_cache
from math import factorial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.jit import jit


def zernike_orders(degree: int = 8) -> list[tuple[int, int]]:
    """Orders (n, l) of the moments up to `degree`: n - l is even.

    Examples
    --------
    >>> zernike_orders(2)
    [(0, 0), (1, 1), (2, 0), (2, 2)]
    """
    return [(n, m) for n in range(degree + 1) for m in range(n + 1) if (n - m) % 2 == 0]


@lru_cache(maxsize=8)
def _coefficients(degree: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Real and imaginary part of each Zernike polynomial as a sum of y^j x^i: (orders, degree + 1, degree + 1)."""
    orders = zernike_orders(degree)
    out = np.zeros((len(orders), degree + 1, degree + 1), dtype=np.complex128)
    for k, (n, m) in enumerate(orders):
        for s in range((n - m) // 2 + 1):
            radial = (-1) ** s * factorial(n - s)
            radial //= factorial(s) * factorial((n + m) // 2 - s) * factorial((n - m) // 2 - s)
            # r^(n - 2s) e^(-i m t) = (x^2 + y^2)^q (x - iy)^m
            q = (n - m) // 2 - s
            for a in range(q + 1):
                for b in range(m + 1):
                    term = factorial(q) // factorial(a) // factorial(q - a) * factorial(m) // factorial(b)
                    term //= factorial(m - b)
                    out[k, 2 * a + b, 2 * (q - a) + m - b] += radial * term * (-1j) ** b
        out[k] *= (n + 1) / np.pi
    return np.ascontiguousarray(out.real), np.ascontiguousarray(out.imag)


@jit
def _zernike(labels: np.ndarray, boxes: np.ndarray, real: np.ndarray, imaginary: np.ndarray) -> np.ndarray:
    n = boxes.shape[0]
    size = real.shape[1]
    out = np.full((n, real.shape[0]), np.nan)
    powers = np.empty((labels.shape[1], size))
    line = np.empty(size)
    moments = np.empty((size, size))
    for k in range(n):
        r0, c0, r1, c1, pixels, sum_r, sum_c = boxes[k]
        if pixels == 0:
            continue
        center_r = sum_r / pixels
        center_c = sum_c / pixels
        farthest = 0.0
        for r in range(r0, r1):
            # the farthest pixel of a row is its first or its last
            first = c0
            while first < c1 and labels[r, first] != k + 1:
                first += 1
            if first == c1:
                continue
            last = c1 - 1
            while labels[r, last] != k + 1:
                last -= 1
            reach = max(abs(first - center_c), abs(last - center_c))
            farthest = max(farthest, (r - center_r) ** 2 + reach**2)
        radius = np.sqrt(farthest) + 0.5
        for c in range(c0, c1):
            x = (c - center_c) / radius
            power = 1.0
            for i in range(size):
                powers[c, i] = power
                power *= x
        moments[:] = 0.0
        for r in range(r0, r1):
            line[:] = 0.0
            for c in range(c0, c1):
                if labels[r, c] == k + 1:
                    for i in range(size):
                        line[i] += powers[c, i]
            power = 1.0
            y = (r - center_r) / radius
            for j in range(size):
                for i in range(size - j):
                    moments[j, i] += power * line[i]
                power *= y
        for z in range(real.shape[0]):
            a = 0.0
            b = 0.0
            for j in range(size):
                for i in range(size - j):
                    a += real[z, j, i] * moments[j, i]
                    b += imaginary[z, j, i] * moments[j, i]
            out[k, z] = np.sqrt(a * a + b * b) / pixels
    return out


def zernike_moments(labels: ArrayLike, boxes: NDArray[np.int64], degree: int = 8) -> NDArray[np.float64]:
    """Magnitudes of the Zernike moments of every region (Teague 1980); turning the region does not change them.

    Parameters
    ----------
    labels : array_like of int, shape (H, W)
        Label map; 0 is background.
    boxes : ndarray of int64, shape (n_labels, 7)
        Result of :func:`~leukofeat.kernels.regions.boxes.region_boxes`.
    degree : int
        Highest order, 0 to 12: beyond that, powers of what lies within the disc lose too many digits.

    Returns
    -------
    ndarray of float64, shape (n_labels, len(zernike_orders(degree)))
        On the disc about the centroid that reaches half a pixel beyond the farthest pixel. NaN for a region without
        pixels.

    Notes
    -----
    Equal to ``mahotas.features.zernike_moments(region, radius, degree, cm=centroid)`` with this radius and centroid.

    Examples
    --------
    >>> from leukofeat.kernels.regions.boxes import region_boxes
    >>> rows, columns = np.indices((41, 41)) - 20
    >>> disc = rows**2 + columns**2 <= 400
    >>> zernike_moments(disc, region_boxes(disc))[0, [0, 1]].round(3).tolist()
    [0.318, 0.0]
    """
    return _zernike(plain(labels, np.int32, ndim=2), boxes, *_coefficients(int(degree)))
