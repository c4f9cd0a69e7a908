"""Fuzzy c-means on weighted points in the plane."""

import numpy as np

from leukofeat.kernels.color.kmeans import add_point
from leukofeat.kernels.jit import jit


@jit
def _fuzzy(
    x: np.ndarray, y: np.ndarray, w: np.ndarray, centers: np.ndarray, power: float, tol: float, max_iter: int
) -> None:
    k = centers.shape[0]
    nearness = np.empty(k)
    sums = np.empty((k, 3))
    for _ in range(max_iter):
        sums[:] = 0.0
        for i in range(x.size):
            total = 0.0
            hit = -1
            for c in range(k):
                d = (x[i] - centers[c, 0]) * (x[i] - centers[c, 0]) + (y[i] - centers[c, 1]) * (y[i] - centers[c, 1])
                if d == 0.0:
                    hit = c
                    break
                nearness[c] = 1.0 / d if power == 2.0 else d ** (-1.0 / (power - 1.0))
                total += nearness[c]
            if hit >= 0:
                # a point on a centre belongs to it alone
                add_point(sums[hit], w[i], x[i], y[i])
                continue
            for c in range(k):
                u = nearness[c] / total
                add_point(sums[c], w[i] * (u * u if power == 2.0 else u**power), x[i], y[i])
        shift = 0.0
        for c in range(k):
            if sums[c, 0] > 0.0:
                cx = sums[c, 1] / sums[c, 0]
                cy = sums[c, 2] / sums[c, 0]
                shift = max(shift, max(abs(cx - centers[c, 0]), abs(cy - centers[c, 1])))
                centers[c, 0] = cx
                centers[c, 1] = cy
        if shift <= tol:
            break


def fuzzy_c_means(
    points: np.ndarray,
    weights: np.ndarray,
    centers: np.ndarray,
    *,
    fuzziness: float = 2.0,
    tol: float = 1e-3,
    max_iter: int = 300,
) -> np.ndarray:
    """Fuzzy c-means [1]_ on weighted points in the plane: the centres it settles at.

    The membership of a point in a cluster falls with the distance to its centre, so its largest membership is in the
    nearest cluster and the centres say everything.

    Parameters
    ----------
    points : (n, 2) array
    weights : (n,) array of positive weights
    centers : (k, 2) array
        Where to start, for example the centres of `kmeans`.
    fuzziness : float
        Exponent of the memberships, above 1; near 1 it is k-means.
    tol : float
        Stops when no centre moves farther along either axis.
    max_iter : int
        Upper bound of the steps.

    Returns
    -------
    (k, 2) float64

    References
    ----------
    .. [1] Bezdek (1981). Pattern recognition with fuzzy objective function algorithms. Plenum.

    Examples
    --------
    >>> import numpy as np
    >>> fuzzy_c_means([[0, 0], [0, 2], [90, 9]], [1, 1, 5], [[0, 0], [90, 9]]).round(2)
    array([[ 0.,  1.],
           [90.,  9.]])
    """
    if not fuzziness > 1:
        raise ValueError(f"fuzziness must be above 1, got {fuzziness}")
    x, y = np.array(points, dtype=np.float64).reshape(-1, 2).T.copy()
    out = np.array(centers, dtype=np.float64)
    _fuzzy(x, y, np.array(weights, dtype=np.float64), out, float(fuzziness), tol, max_iter)
    return out
