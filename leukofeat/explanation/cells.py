"""What each cell does to a verdict: the image measured again without it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from leukofeat.leaving_out import without_cells
from leukofeat.smear import Smear

COLUMNS = (
    "label",
    "cell",
    "bbox_top",
    "bbox_left",
    "bbox_bottom",
    "bbox_right",
    "push",
    "value_without",
    "verdict_without",
)


class Judge(NamedTuple):
    """Decision value and verdict of rows of columns (n, p)."""

    decide: Callable[[np.ndarray], np.ndarray]
    predict: Callable[[np.ndarray], np.ndarray]


class Deletions(NamedTuple):
    """The cells in the order of their push, labels of those without which another class wins, and how many were tried."""

    table: pd.DataFrame
    decisive: tuple[int, ...]
    n_tried: int


def measure_row(features: Any, smear: Smear) -> np.ndarray:
    """Columns of one record, (p,), as `transform` of the feature stage gives them.

    Examples
    --------
    >>> from leukofeat.features import ColorFeatures
    >>> measure_row(ColorFeatures(regions=("image",)), Smear(np.full((2, 2, 3), 9, np.uint8)))[0]
    np.float64(9.0)
    """
    families, places = features.measured()
    row = np.concatenate([np.asarray(family.row(smear), np.float64) for family in families])
    return row if places is None else row[list(places)]


def untried(smear: Smear) -> pd.DataFrame:
    """A row a cell as in `Explanation.cells`, before any is left out.

    Examples
    --------
    >>> untried(Smear(np.zeros((3, 3, 3), np.uint8), np.diag([1, 2, 3])))["label"].tolist()
    [1, 2, 3]
    """
    table = pd.DataFrame({"label": np.arange(1, smear.n_cells + 1), "cell": np.asarray(smear.label_ids)})
    table[list(COLUMNS[2:6])] = smear.boxes
    table["push"], table["value_without"] = np.nan, np.nan
    table["verdict_without"] = pd.Series([None] * smear.n_cells, dtype=object)
    return table


def delete_cells(smear: Smear, features: Any, judge: Judge, row: np.ndarray, max_cells: int) -> Deletions:
    """Each cell left out in turn, and then those that push most together until the verdict changes.

    Parameters
    ----------
    smear : Smear
        As the feature stage gets it.
    features : feature stage
    judge : Judge
    row : ndarray of shape (p,)
        The image's columns with all of its cells.
    max_cells : int
        Of an image with more, the largest are tried.

    Returns
    -------
    Deletions
    """
    n, table = smear.n_cells, untried(smear)
    tried = np.argsort(-smear.region_boxes("cell")[:, 4], kind="stable")[:max_cells] if n > 1 else np.empty(0, int)
    if len(tried):
        rows = np.stack([measure_row(features, without_cells(smear, [int(i) + 1])) for i in tried])
        values = judge.decide(rows)
        table.loc[tried, "push"] = judge.decide(row[None])[0] - values
        table.loc[tried, "value_without"] = values
        table.loc[tried, "verdict_without"] = np.asarray(judge.predict(rows), object)
    ranked = table.sort_values("push", ascending=False, kind="stable", ignore_index=True)
    return Deletions(ranked, _decisive(smear, features, judge, row, ranked), len(tried))


def _decisive(smear: Smear, features: Any, judge: Judge, row: np.ndarray, ranked: pd.DataFrame) -> tuple[int, ...]:
    """The cells that push for the verdict, the strongest first, as many as it takes to change it; none if all do not."""
    verdict = judge.predict(row[None])[0]
    pushing = ranked.loc[ranked["push"] > 0, "label"].tolist()[: smear.n_cells - 1]
    for n in range(1, len(pushing) + 1):
        left = measure_row(features, without_cells(smear, pushing[:n]))
        if judge.predict(left[None])[0] != verdict:
            return tuple(pushing[:n])
    return ()
