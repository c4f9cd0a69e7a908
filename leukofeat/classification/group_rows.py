"""Rows that a classifier of slides and patients is fitted on, and answers for those that were held out."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _check_method_params

from leukofeat.classification.group_checks import has_values
from leukofeat.statistics.held_out import group_codes


class Rows(NamedTuple):
    """What is fitted on: n rows of X, their classes, their groups by name and by number, and parameters for `fit`.

    Examples
    --------
    >>> Rows._fields
    ('X', 'y', 'groups', 'codes', 'fit_params')
    """

    X: Any
    y: np.ndarray
    groups: np.ndarray
    codes: np.ndarray
    fit_params: dict[str, Any]


class HeldOut(NamedTuple):
    """What was answered for each row held out, by a model that was not fitted on its group; its class and group by number.

    Examples
    --------
    >>> HeldOut(np.zeros((0, 2)), np.zeros(0, int), np.zeros(0, int)).n_groups
    0
    """

    answers: np.ndarray
    target: np.ndarray
    codes: np.ndarray

    @property
    def n_groups(self) -> int:
        """Groups that were held out."""
        return len(np.unique(self.codes))


def rows_with_values(X: Any, y: np.ndarray, groups: np.ndarray, fit_params: dict[str, Any]) -> Rows:
    """The rows that have any value; a ValueError where there is none.

    Examples
    --------
    >>> X = np.array([[1.0], [np.nan], [3.0]])
    >>> rows_with_values(X, np.array([0, 0, 1]), np.array(["p", "p", "q"]), {}).codes
    array([0, 1])
    """
    kept = np.flatnonzero(has_values(X))
    if not len(kept):
        raise ValueError(f"None of {len(y)} rows has a value to be fitted on.")
    if len(kept) < len(y):
        fit_params = _check_method_params(X, params=fit_params, indices=kept)
        X, y, groups = _safe_indexing(X, kept), y[kept], groups[kept]
    return Rows(X, y, groups, group_codes(groups), fit_params)


def too_seldom_held_out(kinds: np.ndarray, codes: np.ndarray, asked: np.ndarray, least: int) -> list[str]:
    """Kinds of rows of which fewer than `least` groups were held out.

    Parameters
    ----------
    kinds : ndarray of shape (n,)
        Class of each row, or whether it is what is counted.
    codes : ndarray of shape (n,), int
        Number of its group.
    asked : ndarray of int
        Rows that were held out.
    least : int

    Examples
    --------
    >>> too_seldom_held_out(np.array(["a", "a", "b"]), np.array([0, 1, 2]), np.array([0, 1]), 1)
    ['b']
    """
    held_out = pd.Series(codes[asked]).groupby(kinds[asked]).nunique().reindex(np.unique(kinds), fill_value=0)
    return [str(kind) for kind in held_out.index[held_out < least]]
