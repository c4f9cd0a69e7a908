"""Values of an image's cells to values of the image."""

from collections.abc import Callable, Sequence

import numpy as np


def _mean(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    n = np.add.reduce(known, axis=0, dtype=np.float64)
    n[n == 0] = np.nan
    return np.add.reduce(values, axis=0, where=known) / n


def _std(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    apart = values - _mean(values, known)
    return np.sqrt(_mean(np.multiply(apart, apart, out=apart), known))


def _by_column(how: Callable[..., np.ndarray], *args: float) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    def summary(values: np.ndarray, known: np.ndarray) -> np.ndarray:
        result = np.full(values.shape[1], np.nan)
        columns = np.flatnonzero(known.any(axis=0))
        while columns.size:
            # columns that are known on the same cells go together
            same = (known[:, columns] == known[:, columns[:1]]).all(axis=0)
            alike = columns[same]
            result[alike] = how(values[np.ix_(known[:, columns[0]], alike)], *args, axis=0)
            columns = columns[~same]
        return result

    return summary


# of values (n_cells, n_columns) and which of them are known; NaN for a column of which none is
SUMMARIES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "mean": _mean,
    "std": _std,
    "min": _by_column(np.min),
    "q25": _by_column(np.quantile, 0.25),
    "median": _by_column(np.median),
    "q75": _by_column(np.quantile, 0.75),
    "max": _by_column(np.max),
}


def summary_names(names: Sequence[str], summary: Sequence[str]) -> list[str]:
    """Column names of :func:`summarize`: `nucleus_area` and "mean" give `nucleus_area_mean`."""
    return [f"{name}_{how}" for name in names for how in summary]


def summarize(values: np.ndarray, summary: Sequence[str]) -> np.ndarray:
    """Summary over the cells, column by column; cells whose value is NaN are left out of it.

    Parameters
    ----------
    values : ndarray of shape (n_cells, n_columns)
    summary : sequence of names from SUMMARIES
        The standard deviation is the population's (0 for one cell).

    Returns
    -------
    ndarray of shape (n_columns * len(summary),)
        In the order of :func:`summary_names`; NaN where no cell has a value.
    """
    known = ~np.isnan(values)
    return np.stack([SUMMARIES[how](values, known) for how in summary], axis=1).ravel()
