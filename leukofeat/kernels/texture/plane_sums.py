"""Sums of a plane over the parts of an image."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.jit import jit


@jit
def _plane_sums(plane: np.ndarray, runs: np.ndarray, n_parts: int) -> np.ndarray:
    out = np.zeros((n_parts, 3))
    for i in range(runs.shape[0]):
        line = plane[runs[i, 0]]
        # in integers where the plane is of such: their sums run in vector registers
        total = plane.dtype.type(0) + 0
        squares = total
        for x in range(runs[i, 1], runs[i, 2]):
            value = line[x] + 0
            total += value
            squares += value * value
        row = out[runs[i, 3]]
        row[0] += runs[i, 2] - runs[i, 1]
        row[1] += total
        row[2] += squares
    return out


def plane_sums(plane: ArrayLike, runs: NDArray[np.int32], n_parts: int) -> NDArray[np.float64]:
    """Pixels, sum and sum of squares of a plane over each part; sums of parts are the sums of their union.

    Parameters
    ----------
    plane : array_like, shape (H, W)
        Taken as float64, if it is not uint8.
    runs : ndarray of int32, shape (n_runs, 4)
        The parts' pixels, as :func:`~leukofeat.kernels.regions.spans.part_runs` gives them.
    n_parts : int
        Number of parts.

    Returns
    -------
    ndarray of float64, shape (n_parts, 3)

    Examples
    --------
    >>> from leukofeat.kernels.regions.spans import part_runs
    >>> plane_sums([[1.0, 2.0, 3.0]], part_runs([[0, 1, 1]], 2), 2).tolist()
    [[1.0, 1.0, 1.0], [2.0, 5.0, 13.0]]
    """
    dtype = np.uint8 if np.asarray(plane).dtype == np.uint8 else np.float64
    return _plane_sums(plain(plane, dtype, ndim=2), runs, n_parts)
