"""Ways to split, by the names they have in the papers, and the published index ranges as they really are."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.model_selection import (
    GroupKFold,
    LeaveOneGroupOut,
    RepeatedStratifiedKFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    StratifiedShuffleSplit,
)

from leukofeat.constraints import OneOf, check

PUBLISHED = {"60-20-20": 0.2, "80-10-10": 0.1}
# What the published 60-20-20 split of the ALL image data set (Aria et al. 2021) does differently: in the class Pre the first
# block is test and not validation, and in Pro the last file of the first block and the first of the second are exchanged.
_TEST_FIRST = ("Pre",)
_EXCHANGED = ("Pro",)


def published_split(name: str, y: Any, *, target_names: Any = None) -> dict[str, np.ndarray]:
    """Train, validation and test rows of a published protocol: index ranges in the order of the files.

    Both protocols cut the same number of files from every class: a fifth (a tenth) of the smallest class, rounded down to an
    even number, as validation and as many as test. One half of each is taken from the first files of the class and the other
    half from its last ones; everything between is training. Nothing is drawn at random, and nothing keeps a slide on one side.

    Parameters
    ----------
    name : {"60-20-20", "80-10-10"}
    y : array-like of length n
        Class of every file, in the order in which the data set numbers them within each class. The ranges are only the
        published ones if no file is missing.
    target_names : sequence of str, optional
        Names of the classes when `y` holds codes. The published 60-20-20 split of the ALL image data set (Aria et al. 2021)
        deviates in the classes called "Pre" (the first block is test) and "Pro" (two files exchanged); this is followed
        where classes have these names.

    Returns
    -------
    dict of ndarray
        `train`, `valid` and `test`: row numbers, ascending.

    Raises
    ------
    ValueError
        For an unknown name, or a class too small to hold the ranges.

    Notes
    -----
    The convention was derived from the published files of the 60-20-20 split. For 80-10-10 the same rule with half the
    number is an assumption: its files were never published.

    Examples
    --------
    >>> split = published_split("60-20-20", ["a"] * 20 + ["b"] * 30)
    >>> split["valid"]
    array([ 0,  1, 16, 17, 20, 21, 46, 47])
    """
    check("name", name, OneOf(*PUBLISHED))
    labels, codes = np.unique(np.asarray(y), return_inverse=True)
    names = labels if target_names is None else np.asarray(target_names)[labels]
    rows = [np.flatnonzero(codes == c) for c in range(len(labels))]
    half = int(PUBLISHED[name] * min(len(r) for r in rows)) // 2
    if half < 1:
        raise ValueError(f"The smallest class has {min(len(r) for r in rows)} images: too few for {name}.")
    parts: dict[str, list[np.ndarray]] = {"train": [], "valid": [], "test": []}
    for own, label in zip(rows, names, strict=True):
        first, second = own[:half].copy(), own[half : 2 * half].copy()
        if label in _EXCHANGED and name == "60-20-20":
            first[-1], second[0] = second[0], first[-1]
        if label in _TEST_FIRST:
            first, second = second, first
        n = len(own)
        parts["train"].append(own[2 * half : n - 2 * half])
        parts["valid"] += [first, own[n - 2 * half : n - half]]
        parts["test"] += [second, own[n - half :]]
    return {part: np.sort(np.concatenate(found)) for part, found in parts.items()}


SPLITTERS: dict[str, Callable[[int, int, Any], Any]] = {
    "80-20": lambda k, r, seed: StratifiedShuffleSplit(n_splits=1, test_size=0.2, random_state=seed),
    "60-40": lambda k, r, seed: StratifiedShuffleSplit(n_splits=1, test_size=0.4, random_state=seed),
    "random": lambda k, r, seed: StratifiedKFold(k, shuffle=True, random_state=seed),
    "repeated": lambda k, r, seed: RepeatedStratifiedKFold(n_splits=k, n_repeats=r, random_state=seed),
    "grouped": lambda k, r, seed: GroupKFold(k),
    "stratified-grouped": lambda k, r, seed: StratifiedGroupKFold(k, shuffle=True, random_state=seed),
    "leave-one-slide-out": lambda k, r, seed: LeaveOneGroupOut(),
}


def make_splitter(name: str, *, n_splits: int = 5, n_repeats: int = 10, random_state: Any = 0) -> Any:
    """Scikit-learn splitter by the name of its protocol.

    Parameters
    ----------
    name : str
        - "80-20", "60-40": one random split, stratified by class.
        - "random", "repeated": k folds, stratified by class, once or `n_repeats` times.
        - "grouped", "stratified-grouped", "leave-one-slide-out": no group (slide, patient) stands on both sides; give
          `groups` to the splitter, or to :func:`~leukofeat.evaluation.compare`.

        The first four put images of one slide on both sides, which is what most published figures did.
    n_splits : int, default=5
        Folds, where there are folds.
    n_repeats : int, default=10
        Of "repeated".
    random_state : int, RandomState or None, default=0

    Returns
    -------
    scikit-learn splitter

    Raises
    ------
    ValueError
        For an unknown name.

    Examples
    --------
    >>> make_splitter("grouped", n_splits=3).get_n_splits()
    3
    """
    if name in PUBLISHED:
        raise ValueError(f"{name!r} is no splitter but index ranges: published_split({name!r}, y) gives its rows.")
    check("name", name, OneOf(*SPLITTERS))
    return SPLITTERS[name](n_splits, n_repeats, random_state)
