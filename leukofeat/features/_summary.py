"""Values of an image's cells to values of the image."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

SUMMARIES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean": lambda values: np.mean(values, axis=0),
    "std": lambda values: np.std(values, axis=0),
    "min": lambda values: np.min(values, axis=0),
    "q25": lambda values: np.quantile(values, 0.25, axis=0),
    "median": lambda values: np.median(values, axis=0),
    "q75": lambda values: np.quantile(values, 0.75, axis=0),
    "max": lambda values: np.max(values, axis=0),
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
    result = np.full((values.shape[1], len(summary)), np.nan)
    known = ~np.isnan(values)
    columns = np.flatnonzero(known.any(axis=0))
    while columns.size:
        # columns that are known on the same cells go together
        same = (known[:, columns] == known[:, columns[:1]]).all(axis=0)
        alike = columns[same]
        part = values[np.ix_(known[:, columns[0]], alike)]
        result[alike] = np.stack([SUMMARIES[how](part) for how in summary], axis=1)
        columns = columns[~same]
    return result.ravel()
