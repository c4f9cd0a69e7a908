"""From what a network says of all that it is shown of an image to the verdict on the image."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp


def mean_by_image(log_p: np.ndarray, owner: np.ndarray, n: int, k: int) -> np.ndarray:
    """Mean of the log-probabilities of what belongs to an image; 0 where there is nothing.

    Parameters
    ----------
    log_p : ndarray of shape (m, k)
    owner : ndarray of shape (m,), int
        The image that each row belongs to.
    n, k : int
        Images and classes.

    Returns
    -------
    ndarray of shape (n, k)

    Examples
    --------
    >>> mean_by_image(np.array([[-1.0, -3.0], [-3.0, -1.0]]), np.array([1, 1]), 2, 2).tolist()
    [[0.0, 0.0], [-2.0, -2.0]]
    """
    sums = np.zeros((n, k))
    np.add.at(sums, owner, log_p.reshape(len(owner), k))
    return sums / np.bincount(owner, minlength=n).clip(min=1)[:, None]


def fit_softmax_temperature(log_p: np.ndarray, target: np.ndarray) -> float:
    """Number that log-probabilities are to be divided by for their classes to be likeliest, between 1/20 and 20.

    Parameters
    ----------
    log_p : ndarray of shape (n, k)
    target : ndarray of shape (n,), int

    Examples
    --------
    >>> log_p = np.log([[0.99, 0.01], [0.99, 0.01], [0.99, 0.01], [0.99, 0.01]])
    >>> fit_softmax_temperature(log_p, np.array([0, 0, 0, 1])) > 3  # three of four, and not 99 of 100
    True
    """
    rows, k = np.arange(len(target)), log_p.shape[1]
    # certainty that n images cannot prove is kept out, as by Platt's targets
    wanted = np.full(log_p.shape, 1 / (len(target) + k))
    wanted[rows, target] += len(target) / (len(target) + k)

    def loss(log_t: float) -> float:
        cooled = log_p / np.exp(log_t)
        cooled = cooled - logsumexp(cooled, axis=1, keepdims=True)
        return float(-(wanted * cooled).sum())

    return float(np.exp(minimize_scalar(loss, bounds=(-np.log(20), np.log(20)), method="bounded").x))


def cooled(log_p: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities of log-probabilities that are divided by a temperature, (n, k); rows add up to 1.

    Examples
    --------
    >>> cooled(np.log([[0.8, 0.2]]), 2.0).round(3).tolist()
    [[0.667, 0.333]]
    """
    log_p = log_p / temperature
    p = np.exp(log_p - log_p.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)
