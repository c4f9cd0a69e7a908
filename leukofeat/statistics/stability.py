"""How alike the sets of columns are that a selector chooses from one resample to the next."""

from typing import Any, NamedTuple

import numpy as np
from scipy.stats import norm


class StabilityIndex(NamedTuple):
    """Nogueira's stability of a selection, with the ends of its confidence interval.

    Examples
    --------
    >>> stability_index([[1, 0], [1, 0]])._fields
    ('value', 'low', 'high')
    """

    value: float
    low: float
    high: float


def stability_index(chosen: Any, *, level: float = 0.95) -> StabilityIndex:
    """Stability of a selection over resamples (Nogueira, Sechidis and Brown 2018).

    One less the mean variance of the columns' being chosen, over the variance it would have if as many columns were drawn at
    random: 1 where every resample chooses the same columns, about 0 where they are drawn. Sets may differ in size. With sets of
    one size it is the mean correlation of pairs of them, Kuncheva's index.

    Parameters
    ----------
    chosen : array-like of shape (n_resamples, n_features) of bool
    level : float, default=0.95
        Of the interval, from the index's asymptotic normality.

    Returns
    -------
    StabilityIndex
        NaN for fewer than two resamples, and where all columns are always chosen, or none, so that there is no choice. `high` is at
        most 1.

    References
    ----------
    Nogueira, Sechidis and Brown, "On the stability of feature selection algorithms", JMLR 18(174), 2018.

    Examples
    --------
    >>> index = stability_index([[1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 0, 0]])
    >>> round(index.value, 3)
    0.333
    """
    z = np.asarray(chosen, np.float64)
    n_resamples, n_features = z.shape
    if n_resamples < 2 or z.all() or not z.any():
        return StabilityIndex(np.nan, np.nan, np.nan)
    sizes, shares = z.sum(axis=1) / n_features, z.mean(axis=0)
    mean_size = sizes.mean()
    by_chance = mean_size * (1 - mean_size)
    value = 1 - n_resamples / (n_resamples - 1) * (shares * (1 - shares)).mean() / by_chance
    # what each resample adds to the index: the delta method's influence values
    own = z @ shares / n_features - sizes * mean_size
    own += value / 2 * (2 * sizes * mean_size - sizes - mean_size + 1)
    own /= by_chance
    half = norm.ppf(0.5 + level / 2) * 2 / n_resamples * np.sqrt(((own - own.mean()) ** 2).sum())
    return StabilityIndex(float(value), float(value - half), float(min(1.0, value + half)))


def mean_jaccard(chosen: Any) -> float:
    """Mean over pairs of resamples of the columns that both choose, as a share of those that either does (Jaccard 1901).

    It is not corrected for chance: large sets are alike even where they are drawn.

    Parameters
    ----------
    chosen : array-like of shape (n_resamples, n_features) of bool

    Returns
    -------
    float
        NaN for fewer than two resamples; two empty sets count as alike.

    Examples
    --------
    >>> mean_jaccard([[1, 1, 0, 0], [1, 0, 1, 0]])
    0.3333333333333333
    """
    z = np.asarray(chosen, np.float64)
    if len(z) < 2:
        return float("nan")
    both, sizes = z @ z.T, z.sum(axis=1)
    either = sizes[:, None] + sizes - both
    alike = np.divide(both, either, out=np.ones_like(both), where=either > 0)
    return float(alike[np.triu_indices(len(z), 1)].mean())
