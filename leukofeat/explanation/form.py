"""Scores that are affine in columns, of which some may be missing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np


@dataclass(frozen=True, eq=False)
class LinearForm:
    """Scores that are affine in p columns: ``intercept + coef @ x``, where a missing value of column j adds ``filled[:, j]``.

    Parameters
    ----------
    coef : ndarray of shape (n_scores, p), dtype float64
    intercept : ndarray of shape (n_scores,)
    filled : ndarray of shape (n_scores, p)
        What a missing value adds instead of ``coef[:, j] * x[j]``: the coefficient times what the imputer fills in. NaN where
        nothing fills it in.
    reference : ndarray of shape (p,)
        Mean of each column over the training images as a scaler has it, else what an imputer fills in; NaN where no step knows.
    classes : ndarray of shape (k,), optional
        None while no classifier has been reached: the scores are then columns.
    by_pair : bool
        Whether there is a score for each pair of classes, (0, 1), (0, 2), ... (1, 2), ..., in favour of the first; else one for each
        class, or for two classes one in favour of the second.
    unit : str
        "log-odds" where differences of scores are, else "decision value".
    at : ndarray of shape (p,), optional
        Row that the form was asked for.
    local : bool
        Whether it holds for that row alone, as behind a gate.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from leukofeat.explanation import linear_form
    >>> form = linear_form(LogisticRegression().fit([[0.0], [1.0], [3.0], [4.0]], ["a", "a", "b", "b"]))
    >>> form.coef.shape, form.unit
    ((1, 1), 'log-odds')
    """

    coef: np.ndarray
    intercept: np.ndarray
    filled: np.ndarray
    reference: np.ndarray
    classes: np.ndarray | None = None
    by_pair: bool = False
    unit: str = "decision value"
    at: np.ndarray | None = None
    local: bool = False

    @classmethod
    def of_columns(cls, n_columns: int, at: np.ndarray | None = None) -> Self:
        """The form that gives each column as it is.

        Examples
        --------
        >>> LinearForm.of_columns(2).coef
        array([[1., 0.],
               [0., 1.]])
        """
        filled = np.zeros((n_columns, n_columns))
        np.fill_diagonal(filled, np.nan)
        return cls(np.eye(n_columns), np.zeros(n_columns), filled, np.full(n_columns, np.nan), at=at)

    def times(self, matrix: np.ndarray, shift: Any = 0.0) -> Self:
        """Scores multiplied by a matrix (n_new, n_scores), and shifted."""
        matrix = np.asarray(matrix, np.float64)
        return replace(
            self,
            coef=matrix @ self.coef,
            intercept=matrix @ self.intercept + shift,
            filled=matrix @ self.filled,
        )

    def scaled(self, factor: Any, shift: Any = 0.0) -> Self:
        """Each score multiplied by a number, and shifted."""
        factor = np.broadcast_to(np.asarray(factor, np.float64), self.intercept.shape)
        return replace(
            self,
            coef=factor[:, None] * self.coef,
            intercept=factor * self.intercept + shift,
            filled=factor[:, None] * self.filled,
        )

    def take(self, which: Any) -> Self:
        """Some of the scores, by their places or by a mask."""
        return replace(self, coef=self.coef[which], intercept=self.intercept[which], filled=self.filled[which])

    def knows(self, values: Any, *, first: bool = False) -> Self:
        """Scores that are multiples of one column each have these values on the training images: that column's reference.

        With `first`, only where there is none yet.
        """
        rows = np.flatnonzero((self.coef != 0).sum(axis=1) == 1)
        columns = (self.coef[rows] != 0).argmax(axis=1)
        found = self.reference.copy()
        of_columns = (np.asarray(values, np.float64)[rows] - self.intercept[rows]) / self.coef[rows, columns]
        free = np.isnan(found[columns]) if first else np.ones(len(columns), bool)
        found[columns[free]] = of_columns[free]
        return replace(self, reference=found)

    def pair(self, winner: int, other: int) -> Self:
        """The one score of class `winner` (its place in `classes`) against class `other`.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.linear_model import LogisticRegression
        >>> from leukofeat.explanation import linear_form
        >>> X, y = load_iris(return_X_y=True)
        >>> model = LogisticRegression(max_iter=1000).fit(X, y)
        >>> scores = model.decision_function(X[:1])[0]
        >>> float((linear_form(model).pair(0, 2).decide(X[:1])[0, 0] - (scores[0] - scores[2])).round(9))
        0.0
        """
        k = 0 if self.classes is None else len(self.classes)
        if self.by_pair:
            low, high = sorted((winner, other))
            place = low * (2 * k - low - 1) // 2 + high - low - 1
            return self.take([place]).scaled(1.0 if winner < other else -1.0)
        if k == 2 and len(self.intercept) == 1:
            return self.scaled(1.0 if winner == 1 else -1.0)
        signs = np.zeros((1, k))
        signs[0, winner], signs[0, other] = 1, -1
        return self.times(signs)

    def shares(self, X: np.ndarray) -> np.ndarray:
        """What each column adds to a form of one score, against its reference (0 where there is none), shape (n, p)."""
        start = self.coef[0] * np.nan_to_num(self.reference)
        return np.where(np.isnan(X), self.filled[0] - start, self.coef[0] * (X - np.nan_to_num(self.reference)))

    @property
    def base(self) -> np.ndarray:
        """Scores of an image whose columns are all at their reference, shape (n_scores,)."""
        return self.intercept + self.coef @ np.nan_to_num(self.reference)

    def decide(self, X: np.ndarray) -> np.ndarray:
        """Scores of rows, in which values may be missing, shape (n, n_scores)."""
        X = np.asarray(X, np.float64)
        missing = np.isnan(X)
        filled = np.where(missing[:, None, :], self.filled, 0).sum(axis=2)
        return self.intercept + np.where(missing, 0, X) @ self.coef.T + filled


def beside(parts: Sequence[LinearForm]) -> LinearForm:
    """Scores of several forms over the same columns, as columns for what comes behind."""
    reference = parts[0].reference
    for part in parts[1:]:
        reference = np.where(np.isnan(reference), part.reference, reference)
    coef, intercept, filled = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("coef", "intercept", "filled")
    )
    return LinearForm(coef, intercept, filled, reference, at=parts[0].at, local=any(part.local for part in parts))
