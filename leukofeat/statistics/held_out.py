"""Rows to fit on and rows held out inside a fit, groups kept together."""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold


def check_labelled(y: Any) -> None:
    """Raise a ValueError where rows have no class, with the first of them: None, NaN, NA or blanks; or where text stands beside other values.

    Without any `y` it is silent.

    Examples
    --------
    >>> check_labelled(["Benign", None])
    Traceback (most recent call last):
    ValueError: y has no class for row 1 (1 in all); fill it in, or leave these rows out.
    """
    if y is None:
        return
    classes = np.ravel(np.asarray(y, object))
    missing = missing_values(classes)
    if missing.any():
        raise ValueError(
            f"y has no class for row {np.argmax(missing)} ({np.sum(missing)} in all); fill it in, or leave these rows out."
        )
    refuse_mixed("y", classes)


def missing_values(values: np.ndarray) -> np.ndarray:
    """Which of n values are missing, (n,) bool: None, NaN, NA, or text that is empty or blank.

    Examples
    --------
    >>> missing_values(np.array(["Pro", " ", None], object))
    array([False,  True,  True])
    """
    missing = np.asarray(pd.isna(values))
    if values.dtype.kind in "OUT":
        missing |= np.array([isinstance(value, str) and not value.strip() for value in values], bool)
    return missing


def refuse_mixed(name: str, values: np.ndarray) -> None:
    """Raise a ValueError where text stands beside values of other types, which have no common order.

    Examples
    --------
    >>> refuse_mixed("y", np.array(["Pro", 1], object))
    Traceback (most recent call last):
    ValueError: y mixes values of several types (int, str); give them all as one.
    """
    kinds = {"str" if isinstance(value, str) else type(value).__name__ for value in values.tolist()}
    if "str" in kinds and len(kinds) > 1:
        raise ValueError(f"{name} mixes values of several types ({', '.join(sorted(kinds))}); give them all as one.")


def group_codes(groups: Any) -> np.ndarray:
    """Number of each row's group, in the order of their first row.

    Parameters
    ----------
    groups : array-like of length n
        Slide or patient of each row, numbers or text.

    Returns
    -------
    ndarray of shape (n,), dtype int64

    Raises
    ------
    ValueError
        When a row has none: None, NaN or blanks.

    Examples
    --------
    >>> group_codes(["b", "a", "b"])
    array([0, 1, 0])
    """
    groups = pd.Series(groups, dtype=object)  # an array of NumPy makes the text "nan" of NaN beside text
    codes = pd.factorize(groups.mask(missing_values(groups.to_numpy())))[0]
    if (codes < 0).any():
        raise ValueError(f"groups has none for image {np.argmax(codes < 0)} ({np.sum(codes < 0)} in all).")
    return codes


def inner_folds(codes: np.ndarray, groups: np.ndarray | None, cv: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows to fit on, which hold every class, and rows held out, at least one.

    Parameters
    ----------
    codes : ndarray of shape (n,), int
        Classes.
    groups : ndarray of shape (n,), int, or None
        Kept together; without them, folds are stratified blocks of consecutive rows.
    cv : int
        Number of folds; fewer where a class has fewer rows, or fewer groups.

    Yields
    ------
    train, test : ndarray of int
        A row without which `train` would lack a class is never held out; with groups, nor is its group.

    Examples
    --------
    >>> [test.tolist() for _, test in inner_folds(np.array([0, 0, 1, 1]), np.array([0, 1, 2, 3]), 5)]
    [[0, 2], [1, 3]]
    """
    members = np.arange(len(codes)) if groups is None else groups
    # with more folds than a class has members its share of a training part would depend on what is held out, against it
    sizes = np.bincount(codes[np.unique(np.stack([codes, members]), axis=1, return_index=True)[1]])
    if sizes.max() < 2:
        return
    yield from _folds(codes, groups, min(cv, sizes[sizes > 1].min()))


def _folds(codes: np.ndarray, groups: np.ndarray | None, n_folds: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    members = np.arange(len(codes)) if groups is None else groups
    splitter = (StratifiedKFold if groups is None else StratifiedGroupKFold)(n_folds)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class")  # what follows from it is done below
        folds = [test for _, test in splitter.split(codes, codes, groups)]
    for test in folds:
        out = np.zeros(len(codes), bool)
        out[test] = True
        alone = out & ~np.isin(codes, codes[~out])
        out &= ~np.isin(members, members[alone])
        if out.any():
            yield np.flatnonzero(~out), np.flatnonzero(out)


def hold_out(
    codes: np.ndarray, groups: np.ndarray | None, share: float, random_state: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Rows to fit on, which hold every class, and about a share of the rows that is held out: whole groups, or none where all are too large.

    Parameters
    ----------
    codes : ndarray of shape (n,), int
        Classes.
    groups : ndarray of shape (n,), int, or None
        Kept together; without them, a block of consecutive rows of each class is held out.
    share : float
        Of all rows; groups are taken in random order as long as no more than one and a half times that is held out. Where no class has
        1 / share rows, one of each class is.
    random_state : int, default=0

    Returns
    -------
    train, test : ndarray of int

    Examples
    --------
    >>> train, test = hold_out(np.array([0, 0, 0, 0, 1, 1, 1, 1]), None, 0.25)
    >>> test.tolist()
    [0, 4]
    """
    n = len(codes)
    everything = np.arange(n)
    if groups is None:
        # by the largest class: a rare one has less to hold out, and shall not make the share of the others larger
        n_folds = min(max(2, round(1 / share)), int(np.bincount(codes).max())) if share > 0 else 1
        folds = _folds(codes, None, n_folds) if n_folds > 1 else iter(())
        return next(folds, (everything, everything[:0]))
    out = np.zeros(n, bool)
    for group in np.random.default_rng(random_state).permutation(np.unique(groups)):
        more = out | (groups == group)
        if more.sum() <= 1.5 * share * n and len(np.unique(codes[~more])) == len(np.unique(codes)):
            out = more
    return np.flatnonzero(~out), np.flatnonzero(out)
