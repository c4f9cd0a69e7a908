"""Tables with a row a slide or patient."""

from typing import Any

import numpy as np
import pandas as pd

from leukofeat.statistics.prevalence import Rate, share_interval, true_share

NO_VOTE = "none of its images could be judged"


def grouped(groups: Any, codes: np.ndarray, votes: np.ndarray, n_cells: np.ndarray | None = None) -> pd.DataFrame:
    """Groups and the numbers of their images, of those that vote, and of cells where these are known.

    Parameters
    ----------
    groups : array-like of length n
    codes : ndarray of shape (n,), int
        Number of each row's group, in the order of their first row.
    votes : ndarray of shape (n,), bool
    n_cells : ndarray of shape (n,), int, optional
        Below 0 where it is not known.

    Returns
    -------
    DataFrame
        `group`, `n_images`, `n_voting` and perhaps `n_cells`.

    Examples
    --------
    >>> grouped(["b", "a", "b"], np.array([0, 1, 0]), np.array([True, False, True])).values.tolist()
    [['b', 2, 2], ['a', 1, 0]]
    """
    first = np.unique(codes, return_index=True)[1]
    table = pd.DataFrame({"group": pd.Series(groups).iloc[first].to_numpy()})
    table["n_images"] = np.bincount(codes, minlength=len(first))
    table["n_voting"] = np.bincount(codes[votes], minlength=len(first))
    if n_cells is not None:
        known = n_cells >= 0
        total = np.bincount(codes[known], n_cells[known], len(first)).astype(np.int64)
        table["n_cells"] = pd.array(total, "Int64")
        table.loc[np.bincount(codes[known], minlength=len(first)) == 0, "n_cells"] = pd.NA
    return table


def log_odds_table(table: pd.DataFrame, scores: np.ndarray, classes: np.ndarray, abstain: float = 0.0) -> pd.DataFrame:
    """The groups with the probability of each class, the verdict, and why there is none.

    Examples
    --------
    >>> groups = grouped(["a"], np.array([0]), np.array([True]))
    >>> log_odds_table(groups, np.array([[0.4, 0.6]]), np.array(["B", "M"]), 0.8)["reason"][0]
    'the likeliest class, M, has probability 0.600, below 0.8'
    """
    known = ~np.isnan(scores).any(axis=1)
    best = np.where(known, scores.argmax(axis=1), 0)
    top = scores[np.arange(len(scores)), best]
    undecided = known & (top < abstain)
    reason = np.where(known, "", NO_VOTE).astype(object)
    for i in np.flatnonzero(undecided):
        reason[i] = f"the likeliest class, {classes[best[i]]}, has probability {top[i]:.3f}, below {abstain:g}"
    verdict = classes[best].astype(object)
    verdict[~known | undecided] = None
    columns: dict[str, Any] = {f"score_{name}": column for name, column in zip(classes, scores.T, strict=True)}
    return table.assign(**columns, verdict=pd.Series(verdict, dtype=object), reason=reason)


def share_table(
    table: pd.DataFrame,
    n_called: np.ndarray,
    rates: tuple[np.ndarray, np.ndarray],
    *,
    line: float,
    level: float,
) -> pd.DataFrame:
    """The groups with the share of positive cells, its interval, and on which side of the line that lies.

    Examples
    --------
    >>> cells = grouped(np.repeat("a", 100), np.zeros(100, int), np.ones(100, bool))
    >>> rates = np.array([0.95, 200]), np.array([0.95, 200])
    >>> share_table(cells, np.array([60]), rates, line=0.2, level=0.95)["verdict"][0]
    'positive'
    """
    sensitivity, specificity = (Rate(*map(float, rate)) for rate in rates)
    n = table["n_voting"].to_numpy()
    counted = n > 0
    called = np.where(counted, n_called / np.maximum(n, 1), np.nan)
    share = true_share(called, sensitivity.value, specificity.value)
    low, high = share_interval(n_called, n, sensitivity, specificity, level=level)
    low, high = np.fmin(low, share), np.fmax(high, share)  # small samples draw the interval away from a share at 0 or 1
    reason = np.where(counted, "", NO_VOTE).astype(object)
    verdict = np.full(len(table), None, object)
    verdict[low > line], verdict[high < line] = "positive", "negative"
    across = np.flatnonzero(counted & pd.isna(verdict))
    chance = sensitivity.n == 0 or specificity.n == 0 or not sensitivity.value + specificity.value > 1
    for i in across:
        reason[i] = (
            "nothing is known of the classifier's errors on other patients, or it is no better than chance there"
            if chance
            else f"the share may lie between {low[i]:.3f} and {high[i]:.3f}, on both sides of {line:g}"
        )
    verdicts = pd.Series(verdict, dtype=object)
    shares = {"share_called": called, "share": share, "share_low": low, "share_high": high}
    return table.assign(**shares, verdict=verdicts, reason=reason)
