"""How far each of several classifiers counts for a row, by its distance from those of training, and how that is learned."""

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np

# Reaches that are compared, in shares of the largest: from 1 to 1/362, two to a halving.
_SHORTER = 2.0 ** -np.arange(0, 9, 0.5)
_ROUNDING = 1e-9  # of a loss: two classifiers that say the same do not differ by more
_NO_END = np.inf  # of a reach within which the first classifier judges alone


class Answers(NamedTuple):
    """What m classifiers say of n rows, and how far these are from those of training.

    `values` (m, n, k, k) are in favour of class i against class j, `distances` (n,) squared, a dimension, to the nearest class mean.

    Examples
    --------
    >>> Answers.joined([Answers(np.zeros((2, 1, 3, 3)), np.zeros(1))] * 4).values.shape
    (2, 4, 3, 3)
    """

    values: np.ndarray
    distances: np.ndarray

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Answers for several sets of rows, one behind the other."""
        return cls(np.concatenate([one.values for one in parts], 1), np.concatenate([one.distances for one in parts]))


class Gates(NamedTuple):
    """The gate to the last of two or three classifiers, and between three of them the one to the second.

    `typical` is the usual distance, `scales` are the root mean squares of what the classifiers say, `reach` and `near_reach` those of
    the gates, in units of the usual distance.

    Examples
    --------
    >>> Gates(1.0, (1.0, 1.0), 8.0).shares(np.array([0.0, 8.0, 1e9])).round(2)
    array([[1. , 0. ],
           [0.5, 0.5],
           [0. , 1. ]])
    """

    typical: float
    scales: tuple[float, ...]
    reach: float
    near_reach: float = _NO_END

    @classmethod
    def wide_open(cls, answers: Answers, reach: float) -> "Gates":
        """Gates of a given reach for rows like these, none between the first two classifiers."""
        return cls(float(np.median(answers.distances)), tuple(map(_scale, answers.values)), reach)

    def learned(self, answers: Answers, codes: np.ndarray) -> "Gates":
        """Gates of the reach, up to this one, under which rows of the classes `codes`, (n,) int, have the least loss.

        That between the first two classifiers is learned after it, and only where the loss becomes less by more than its standard error.
        """
        reaches = (self.reach * _SHORTER).tolist()
        best, least = _best([self._replace(reach=reach) for reach in reaches], answers, codes)
        if len(self.scales) < 3:
            return best
        closer, less = _best([best._replace(near_reach=reach) for reach in reaches], answers, codes)
        gains = least - less
        return closer if gains.mean() > max(gains.std() / np.sqrt(len(gains)), _ROUNDING) else best

    def familiarity(self, distances: np.ndarray) -> np.ndarray:
        """What all classifiers but the last count, (n,)."""
        return self._opening(distances, self.reach)

    def shares(self, distances: np.ndarray) -> np.ndarray:
        """What each classifier counts, (n, m); rows add up to 1."""
        w, v = self._opening(distances, self.reach), self._opening(distances, self.near_reach)
        return np.stack([w, 1 - w] if len(self.scales) < 3 else [w * v, w * (1 - v), 1 - w], axis=1)

    def mix(self, answers: Answers) -> np.ndarray:
        """What the classifiers say together in favour of class i against class j, (n, k, k)."""
        weights = self.shares(answers.distances) / self.scales
        return sum(weight[:, None, None] * values for weight, values in zip(weights.T, answers.values, strict=True))

    def losses(self, answers: Answers, codes: np.ndarray) -> np.ndarray:
        """Mean logistic loss of the pairs between each row's class and the others, (n,)."""
        pairs = self.mix(answers)
        margins = pairs[np.arange(len(codes)), codes]
        others = codes[:, None] != np.arange(pairs.shape[1])
        return np.logaddexp(0, -margins).mean(axis=1, where=others)

    def _opening(self, distances: np.ndarray, reach: float) -> np.ndarray:
        if reach == _NO_END:
            return np.ones_like(distances)
        usual = reach * max(self.typical, np.finfo(float).tiny)
        with np.errstate(over="ignore"):
            return 1 / (1 + (distances / usual) ** 3)


def _best(gates: list[Gates], answers: Answers, codes: np.ndarray) -> tuple[Gates, np.ndarray]:
    """The gates of the least mean loss, of equal ones the first, and the loss of each row under them."""
    losses = [one.losses(answers, codes) for one in gates]
    best = int(np.argmin([loss.mean() for loss in losses]))
    return gates[best], losses[best]


def _scale(values: np.ndarray) -> float:
    return float(np.sqrt((values**2).mean())) or 1.0
