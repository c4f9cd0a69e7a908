"""From decision values of pairs of classes to probabilities of classes."""

from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

_LEAST = 1e-7  # of one class against another, as in LIBSVM: certainty would leave nothing to couple
_FLATTEST, _STEEPEST = -10.0, 10.0  # logarithm of 1 / t, t in units of the mean decision value


def fit_temperature(margins: np.ndarray) -> float:
    """The t under which decision values of the true class against the others, divided by t, are likeliest.

    Under a logistic model of each value (temperature scaling, Guo et al. 2017). That n images were judged right does not prove
    that the next will be: the model is asked for probability (n + 1) / (n + 2) of the true class (Platt 1999).

    Parameters
    ----------
    margins : ndarray of shape (n, k)
        Above 0 where the true class wins; 0 for itself.

    Returns
    -------
    float
        Above 0; 1 where all values are 0, or too small to be divided by.

    Examples
    --------
    >>> round(fit_temperature(np.array([[2.0], [2.0], [2.0], [-2.0]])), 2)  # 3 of 4 right, by Platt's count 2 of 3
    2.89
    """
    scale = np.abs(margins).mean()
    if scale < np.finfo(np.float64).tiny:
        return 1.0
    margins, doubt = margins / scale, 1 / (len(margins) + 2)

    def gain(log_slope: float) -> float:
        """Derivative of the log-likelihood by the slope 1 / t, which falls as the slope grows: the likelihood is concave in it."""
        z = np.exp(log_slope) * margins
        return float(np.sum(margins * ((1 - doubt) * expit(-z) - doubt * expit(z))))

    if gain(_FLATTEST) <= 0:  # worse than chance: no slope is flat enough
        return float(scale / np.exp(_FLATTEST))
    if gain(_STEEPEST) >= 0:
        return float(scale / np.exp(_STEEPEST))
    return float(scale / np.exp(brentq(gain, _FLATTEST, _STEEPEST, xtol=1e-12, rtol=1e-14)))


def couple_pairs(r: np.ndarray) -> np.ndarray:
    """Probabilities of classes from those of each class against each other.

    The p that minimises the sum over pairs of (r_ji p_i - r_ij p_j)^2: the second method of Wu, Lin and Weng (2004).

    Parameters
    ----------
    r : ndarray of shape (n, k, k)
        r[:, i, j] is the probability of class i if it is i or j; the diagonal is not read.

    Returns
    -------
    ndarray of shape (n, k), dtype float64
        Rows add up to 1.

    Examples
    --------
    >>> p = np.array([0.5, 0.3, 0.2])
    >>> couple_pairs((p[:, None] / (p[:, None] + p))[None]).round(6)
    array([[0.5, 0.3, 0.2]])
    """
    n, k = r.shape[:2]
    r = np.clip(r, _LEAST, 1 - _LEAST)
    r[:, range(k), range(k)] = 0
    system = np.ones((n, k + 1, k + 1))
    system[:, :k, :k] = -r * r.transpose(0, 2, 1)
    system[:, range(k), range(k)] = (r**2).sum(axis=1)
    system[:, k, k] = 0
    right = np.zeros((n, k + 1, 1))
    right[:, k] = 1
    p = np.clip(np.linalg.solve(system, right)[:, :k, 0], 0, None)
    return p / p.sum(axis=1, keepdims=True)


def pair_values(values: Any, n_classes: int, decision_function_shape: str) -> np.ndarray:
    """Decision values in favour of class i against j.

    Parameters
    ----------
    values : array-like of shape (n,), (n, k) or (n, k (k - 1) / 2)
        What a `decision_function` gives: of two classes those of the second.
    n_classes : int
        k.
    decision_function_shape : {"ovr", "ovo"}
        A value a class, or a value a pair of classes in the order of `SVC(decision_function_shape="ovo")`.

    Returns
    -------
    ndarray of shape (n, k, k), dtype float64

    Raises
    ------
    ValueError
        For values of another shape.

    Examples
    --------
    >>> pair_values([2.0], 2, "ovr")
    array([[[ 0., -2.],
            [ 2.,  0.]]])
    """
    values, k = np.asarray(values, np.float64), n_classes
    by_pair = decision_function_shape == "ovo" or k == 2
    expected = k * (k - 1) // 2 if by_pair else k
    if values.size != len(values) * expected:
        raise ValueError(
            f"decision_function gives {values.size // len(values)} values an image for {k} classes, and "
            f"decision_function_shape={decision_function_shape!r} says {expected}; set it as the estimator's is."
        )
    values = values.reshape(-1, expected)
    if not by_pair:
        return values[:, :, None] - values[:, None, :]
    pairs = np.zeros((len(values), k, k))
    first, second = np.triu_indices(k, 1) if k > 2 else ([1], [0])  # of two classes, values are for the second
    pairs[:, first, second] = values
    return pairs - pairs.transpose(0, 2, 1)
