"""A record as if some of its cells had not been found."""

from collections.abc import Sequence

import numpy as np

from leukofeat.dropped import LEFT_OUT, Dropped
from leukofeat.smear import Smear


def without_cells(smear: Smear, labels: Sequence[int]) -> Smear:
    """The record as if some of its cells had not been found; their pixels are background then, and nothing else changes.

    Parameters
    ----------
    smear : Smear
        Segmented.
    labels : sequence of int
        Cells to leave out, 1 to n_cells; the others keep what they are called.

    Returns
    -------
    Smear
        With the cells left out among `dropped`, so that what finds cells anew in the image leaves them out as well.

    Raises
    ------
    ValueError
        For a label that there is not.

    Examples
    --------
    >>> smear = Smear(np.zeros((3, 3, 3), np.uint8), np.diag([1, 2, 3]))
    >>> left = without_cells(smear, [2])
    >>> left.n_cells, left.label_ids.tolist()
    (2, [1, 3])
    """
    gone = np.unique(np.asarray(labels, np.int64))
    for label in gone[(gone < 1) | (gone > smear.n_cells)]:
        raise ValueError(f"No cell {label}; this smear has {smear.n_cells}.")
    kept = np.ones(smear.n_cells + 1, bool)
    kept[gone] = False
    regions = {"nuclei": smear.region("nucleus"), "cells": smear.region("cell")}
    maps = {name: np.where(kept[region], region, 0) for name, region in regions.items()}
    places = [np.nonzero(regions["cells"] == label) for label in gone]
    bodies = [Dropped(float(rows.mean()), float(columns.mean()), len(rows), LEFT_OUT) for rows, columns in places]
    return smear.replace(**maps, **smear.of_cells | {"dropped": (*smear.dropped, *bodies)})
