"""What is trained on what: single sites, all but one, and the folds inside each."""

import warnings
from typing import NamedTuple

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from leukofeat.evaluation.sites.rows import OTHERS, Rows


class Training(NamedTuple):
    """Sites that are trained on together, the folds inside them, and the sites that are tested.

    `name` is the site, or "all others" for all but the one that is tested.
    """

    name: str
    rows: np.ndarray
    folds: list[tuple[np.ndarray, np.ndarray]]
    tested: list[str]


def plan_trainings(rows: Rows, usable: np.ndarray, cv: int) -> tuple[list[Training], dict[str, str]]:
    """Trainings that are possible, and why the others are not, by what they would have been trained on.

    Parameters
    ----------
    rows : Rows
    usable : ndarray of shape (n,), bool
        Images that could be measured.
    cv : int

    Returns
    -------
    trainings : list of Training
        Each site alone, tested on the others; then all others, a site at a time.
    impossible : dict of str to str
    """
    present = [name for name in rows.names if usable[rows.of(name)].any()]
    plans = [(name, [name], [other for other in present if other != name]) for name in present]
    plans += [(OTHERS, [other for other in present if other != name], [name]) for name in present]
    trainings, impossible = [], {}
    for name, trained, tested in plans:
        own = rows.of(*trained)
        own = own[usable[own]]
        folds = grouped_folds(rows.target[own], rows.site[own], rows.groups[own], cv)
        if len(np.unique(rows.target[own])) < 2:
            reason = f"all its images are {rows.target[own[0]]}"
        elif not folds:
            reason = "too few groups of a class for folds that each train on both"
        else:
            trainings.append(Training(name, own, [(own[train], own[test]) for train, test in folds], tested))
            continue
        impossible[name if name != OTHERS else f"all but {tested[0]}"] = reason
    return trainings, impossible


def grouped_folds(
    target: np.ndarray, site: np.ndarray, groups: np.ndarray, cv: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Folds that keep groups together and share out the classes of each site: `cv`, or the most that train on both classes.

    Parameters
    ----------
    target, site, groups : ndarray of shape (n,)
    cv : int

    Returns
    -------
    list of (train, test)
        Empty where two folds are not possible.

    Examples
    --------
    >>> target = np.array(["blast", "blast", "healthy", "healthy"])
    >>> [test.tolist() for _, test in grouped_folds(target, np.full(4, "A"), np.arange(4), 5)]
    [[0, 2], [1, 3]]
    """
    classes, members = np.unique(target), np.unique(groups)
    strata = np.array([f"{one}|{label}" for one, label in zip(site, target, strict=True)])
    for n in range(min(cv, len(members)), 1, -1):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The least populated class")
            try:
                folds = list(StratifiedGroupKFold(n).split(target, strata, groups))
            except ValueError:  # fewer images of every class than folds
                continue
        if all(len(test) and np.isin(classes, target[train]).all() for train, test in folds) and len(classes) > 1:
            return folds
    return []
