"""Each column alone: what it tells of the classes at every site, and how far it moves between sites."""

import itertools
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from leukofeat.evaluation.columns import check_labels


def column_transfer(table: Any, target: Any, sites: Any, *, positive: str = "blast") -> pd.DataFrame:
    """What each column alone tells of the positive class at every site, and how far its values move between sites.

    Parameters
    ----------
    table : DataFrame or array-like of shape (n, p)
        A row an image or cell, as a feature set gives it; NaN where a column is not defined.
    target : array-like of length n
        Classes: the positive one, and others, which count as negative.
    sites : array-like of length n
        Laboratory, camera or data set of each row.
    positive : str, default="blast"

    Returns
    -------
    DataFrame
        Indexed by column, the best first:

        ``worst_auc``
            Lowest AUC over the sites with both classes, in the one direction that suits the sites best on average.
        ``higher``
            Whether the positive class is said to have the higher values.
        ``agrees``
            Whether the AUC of every site is on the same side of one half.
        ``auc_<site>``
            AUC at that site; below one half where the positive class has the lower values. NaN where a class has no value.
        ``shift``
            Greatest difference between the negative classes' medians at two sites, in units of the mean of the two interquartile
            ranges; infinite where they differ and neither site has any spread, NaN where fewer than two sites have negative values.

    Raises
    ------
    ValueError
        For another length of `target` or `sites`, blanks in them, or no site with both classes.

    Notes
    -----
    The AUC is the Mann-Whitney statistic, ties counted half. Columns that are chosen by it have used up these sites: what is chosen has to
    be measured on others.

    Examples
    --------
    >>> table = pd.DataFrame({"size": [5.0, 6, 1, 2, 50, 60, 20, 10], "hue": [1.0, 2, 3, 4, 4, 3, 2, 1]})
    >>> target = ["blast", "blast", "healthy", "healthy"] * 2
    >>> found = column_transfer(table, target, ["A"] * 4 + ["B"] * 4)
    >>> found["worst_auc"].to_dict(), found.loc["size", "agrees"], found.loc["hue", "agrees"]
    ({'size': 1.0, 'hue': 0.0}, np.True_, np.False_)
    >>> found.loc["size", "shift"].round(2)
    np.float64(4.91)
    """
    frame = pd.DataFrame(table)
    values = frame.to_numpy(np.float64)
    truth = check_labels(target, len(values)).astype(str) == str(positive)
    at = check_labels(sites, len(values)).astype(str)
    names = list(dict.fromkeys(at.tolist()))
    both = [name for name in names if truth[at == name].any() and not truth[at == name].all()]
    if not both:
        raise ValueError(f"No site has images of {positive!r} and of another class; the sites are {', '.join(names)}.")
    auc = np.stack([_auc(values[at == name], truth[at == name]) for name in both])
    known = ~np.isnan(auc)
    n_known = known.sum(axis=0)
    mean = np.where(n_known > 0, np.where(known, auc, 0).sum(axis=0) / np.maximum(n_known, 1), np.nan)
    higher = mean >= 0.5
    aligned = np.where(higher, auc, 1 - auc)
    worst = np.where(n_known > 0, np.where(known, aligned, np.inf).min(axis=0), np.nan)
    found = pd.DataFrame(
        {
            "worst_auc": worst,
            "higher": higher,
            "agrees": (n_known > 0) & (np.where(known, aligned, 1.0) > 0.5).all(axis=0),
            **{f"auc_{name}": own for name, own in zip(both, auc, strict=True)},
            "shift": _shift([values[(at == name) & ~truth] for name in names]),
        },
        index=pd.Index(frame.columns, name="column"),
    )
    return found.sort_values("worst_auc", ascending=False, kind="stable")


def _auc(values: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Mann-Whitney AUC of each column over its rows that are not NaN, shape (p,)."""
    ranks = rankdata(values, axis=0, nan_policy="omit")
    counted = ~np.isnan(values)
    n_up, n_down = (counted & truth[:, None]).sum(axis=0), (counted & ~truth[:, None]).sum(axis=0)
    total = np.where(counted & truth[:, None], ranks, 0).sum(axis=0)
    pairs = n_up * n_down
    return np.where(pairs > 0, (total - n_up * (n_up + 1) / 2) / np.maximum(pairs, 1), np.nan)


def _shift(parts: list[np.ndarray]) -> np.ndarray:
    """Greatest standardised difference of medians over all pairs of sites, by column."""
    quartiles = [_quartiles(part) for part in parts if len(part)]
    shift = np.full(parts[0].shape[1], np.nan)
    for (low, middle, high), (low_b, middle_b, high_b) in itertools.combinations(quartiles, 2):
        apart, spread = np.abs(middle - middle_b), ((high - low) + (high_b - low_b)) / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            one = np.where(apart == 0, 0.0, apart / spread)
        shift = np.fmax(shift, one)
    return shift


def _quartiles(values: np.ndarray) -> np.ndarray:
    """Quartiles of each column without its NaNs, shape (3, p); NaN for a column that has no value."""
    defined = ~np.isnan(values).all(axis=0)
    found = np.nanquantile(np.where(defined, values, 0.0), [0.25, 0.5, 0.75], axis=0)
    return np.where(defined, found, np.nan)
