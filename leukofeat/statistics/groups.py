"""From probabilities of images to those of their slide or patient: mean log-odds, and what they are worth."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

CERTAIN = 1e-3  # no image is believed to be surer than this: a single one must not outvote all others
_FLATTEST, _STEEPEST = 1e-4, 1e3  # slopes that are tried


def clipped_log_odds(probabilities: np.ndarray, least: float = CERTAIN) -> np.ndarray:
    """Log-odds of each class of single rows, (n, k): of probabilities clipped to [least, 1]; rows add up to 0.

    Examples
    --------
    >>> clipped_log_odds(np.array([[0.2, 0.8], [0.0, 1.0]])).round(3)
    array([[-0.693,  0.693],
           [-3.454,  3.454]])
    """
    logs = np.log(np.clip(probabilities, least, 1.0))
    return logs - logs.mean(axis=1, keepdims=True)


def mean_log_odds(probabilities: np.ndarray, codes: np.ndarray, n_groups: int, least: float = CERTAIN) -> np.ndarray:
    """Mean log-odds of each class over the rows of a group.

    Probabilities are clipped to [0.001, 1] before, or to [least, 1]. For two classes the difference of the two columns is the mean of
    log(p / (1 - p)); for more, each column is the mean of log p, less their mean over the classes (centred log-ratio).

    Parameters
    ----------
    probabilities : ndarray of shape (n, k)
    codes : ndarray of shape (n,), int
        Group of each row, 0 to `n_groups` - 1.
    n_groups : int
    least : float, default=0.001

    Returns
    -------
    ndarray of shape (n_groups, k), dtype float64
        Rows add up to 0; NaN for a group without a row.

    Examples
    --------
    >>> mean_log_odds(np.array([[0.5, 0.5], [0.2, 0.8]]), np.array([0, 0]), 1).round(3)
    array([[-0.347,  0.347]])
    """
    logs = clipped_log_odds(probabilities, least)
    sums = np.stack([np.bincount(codes, column, n_groups) for column in logs.T], axis=1)
    with np.errstate(invalid="ignore"):
        return sums / np.bincount(codes, minlength=n_groups)[:, None]


def fit_group_scaling(log_odds: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
    """Slope a and offsets b under which softmax(a z + b) makes groups that were held out likeliest.

    For two classes this is Platt's (1999) logistic regression with his targets, (n_c + 1) / (n_c + 2) for n_c groups of the own
    class; for k classes temperature scaling with an offset a class (Alexandari et al. 2020), and by the same rule of Laplace
    (n_c + 1) / (n_c + k) for the own class and 1 / (n_c + k) for each other: few groups never give certainty.

    Parameters
    ----------
    log_odds : ndarray of shape (g, k)
        z, of :func:`mean_log_odds`.
    target : ndarray of shape (g,), int
        Class of each group, 0 to k - 1.

    Returns
    -------
    slope : float
        Above 0: the order of the groups is never turned around.
    offsets : ndarray of shape (k,)
        They add up to 0.

    References
    ----------
    Platt, Probabilistic outputs for support vector machines, 1999. Alexandari, Kundaje, Shrikumar, Maximum likelihood with
    bias-corrected calibration is hard-to-beat at label shift adaptation, ICML 2020.

    Examples
    --------
    >>> slope, offsets = fit_group_scaling(np.array([[1.0, -1.0], [-1.0, 1.0]]), np.array([0, 1]))
    >>> softmax(slope * 1.0 * np.array([1.0, -1.0]) + offsets).round(3)  # one right of one: (1 + 1) / (1 + 2)
    array([0.667, 0.333])
    """
    g, k = log_odds.shape
    counts = np.bincount(target, minlength=k)[target].astype(np.float64)
    aims = np.repeat(1 / (counts + k)[:, None], k, axis=1)
    aims[np.arange(g), target] = (counts + 1) / (counts + k)
    scale = np.abs(log_odds).mean()
    if scale < np.finfo(np.float64).tiny:
        scale = 1.0
    z = log_odds / scale

    def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
        told = x[0] * z + x[1:]
        excess = softmax(told, axis=1) - aims
        return -float((aims * log_softmax(told, axis=1)).sum()), np.r_[(excess * z).sum(), excess.sum(axis=0)]

    bounds = [(_FLATTEST, _STEEPEST), *[(None, None)] * k]
    found = minimize(loss, np.r_[1.0, np.zeros(k)], jac=True, method="L-BFGS-B", bounds=bounds, tol=1e-12).x
    return float(found[0] / scale), found[1:] - found[1:].mean()


def scaled(log_odds: np.ndarray, slope: float, offsets: np.ndarray) -> np.ndarray:
    """softmax(slope z + offsets), (g, k) float64: probabilities of the classes of each group.

    Examples
    --------
    >>> scaled(np.zeros((1, 2)), 1.0, np.zeros(2))
    array([[0.5, 0.5]])
    """
    return softmax(slope * log_odds + offsets, axis=1)
