"""What a classifier of slides and patients can be fitted on."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import _num_samples


def has_values(X: Any) -> np.ndarray:
    """Whether a row of columns has any value, (n,) bool; rows of something else, as images, always count.

    Examples
    --------
    >>> has_values(np.array([[np.nan, 1.0], [np.nan, np.nan]]))
    array([ True, False])
    """
    if hasattr(X, "columns") or (isinstance(X, np.ndarray) and X.ndim == 2):
        return ~np.asarray(pd.isna(np.asarray(X)).all(axis=1), bool)
    return np.ones(_num_samples(X), bool)


def check_one_class(groups: np.ndarray, codes: np.ndarray, y: np.ndarray) -> None:
    """Raise a ValueError where a group has rows of two classes.

    Parameters
    ----------
    groups : ndarray of shape (n,)
    codes : ndarray of shape (n,), int
        Numbers of the groups, 0 to the last.
    y : ndarray of shape (n,)

    Examples
    --------
    >>> check_one_class(np.array(["p", "q"]), np.array([0, 1]), np.array([1, 0]))
    """
    first = y[np.unique(codes, return_index=True)[1]]
    mixed = np.flatnonzero(y != first[codes])
    if len(mixed):
        i = mixed[0]
        raise ValueError(
            f"Group {str(groups[i])!r} has images of the classes {first[codes[i]]} and {y[i]}; under rule='log_odds' y is the label of the "
            "patient, the same for all its images. For labels of single cells there is rule='share'."
        )


def check_named(name: Any, classes: np.ndarray) -> None:
    """Raise a ValueError, with the classes that there are, where `name` is none of them.

    Examples
    --------
    >>> check_named("blast", np.array(["blast", "lymphocyte"]))
    """
    known = classes.tolist()
    if name not in known:
        raise ValueError(f"positive must name one of the classes {', '.join(map(repr, known))}. Got {name!r} instead.")


def numbers_of_cells(n_cells: Any) -> np.ndarray:
    """Cells of each image, (n,) int64, -1 where they are not known; a TypeError for what is no whole number.

    Examples
    --------
    >>> numbers_of_cells([2, None, 0])
    array([ 2, -1,  0])
    """
    try:
        return pd.Series(np.asarray(n_cells), dtype="Int64").fillna(-1).to_numpy(np.int64)
    except (TypeError, ValueError):
        raise TypeError(
            "n_cells must be whole numbers of cells, NaN or None where they are not known, as in "
            "FeatureSet.extract(images).n_cells."
        ) from None
