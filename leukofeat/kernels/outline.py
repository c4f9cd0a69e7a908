"""Closed contours at equal steps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels._arrays import plain
from leukofeat.kernels._jit import jit


@jit
def _resample(points: Any, n_points: int, out: Any) -> None:
    n = points.shape[0]
    length = 0.0
    for i in range(n):
        j = (i + 1) % n
        length += np.hypot(np.float64(points[j, 0] - points[i, 0]), np.float64(points[j, 1] - points[i, 1]))
    i = 0
    walked = 0.0
    step = np.hypot(np.float64(points[1 % n, 0] - points[0, 0]), np.float64(points[1 % n, 1] - points[0, 1]))
    for k in range(n_points):
        target = k * length / n_points
        while i < n - 1 and walked + step < target:
            walked += step
            i += 1
            j = (i + 1) % n
            step = np.hypot(np.float64(points[j, 0] - points[i, 0]), np.float64(points[j, 1] - points[i, 1]))
        j = (i + 1) % n
        part = (target - walked) / step if step > 0 else 0.0
        x = points[i, 0] + part * (points[j, 0] - points[i, 0])
        y = points[i, 1] + part * (points[j, 1] - points[i, 1])
        out[k] = complex(x, y)


def resample_closed(points: ArrayLike, n_points: int) -> NDArray[np.complex128]:
    """Points at equal steps along a closed polygon, from its first vertex on.

    Parameters
    ----------
    points : array_like of int, shape (n, 2)
        Vertices (x, y), n > 0; the last is joined to the first.
    n_points : int
        Number of points to take.

    Returns
    -------
    ndarray of complex128, shape (n_points,)
        x + i y.

    Examples
    --------
    >>> resample_closed([[0, 0], [4, 0], [4, 4], [0, 4]], 4).tolist()
    [0j, (4+0j), (4+4j), 4j]
    """
    vertices = plain(points, np.int64, ndim=2)
    if not len(vertices):
        raise ValueError("a polygon needs at least one vertex")
    out = np.empty(int(n_points), np.complex128)
    _resample(vertices, int(n_points), out)
    return out
