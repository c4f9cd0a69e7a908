"""Nuclei and cells that were found apart, numbered alike."""

from typing import Any

import numpy as np

from leukofeat.label_maps import in_pieces, is_mask, mask_error, number_labels


def match_labels(nuclei: Any, cells: Any) -> tuple[np.ndarray, np.ndarray]:
    """Give nuclei the numbers of the cells that they lie in, as :class:`~leukofeat.Smear` wants them.

    For label maps of two runs or two tools (Cellpose, StarDist, Mesmer, ImageJ), which number nuclei and cells each for themselves.

    Parameters
    ----------
    nuclei, cells : array of int, shape (height, width)
        Label maps; 0 is background.

    Returns
    -------
    nuclei, cells : ndarray of int32, shape (height, width)
        Cells are renumbered 1..n in the order of their labels, then come nuclei that lie in no cell: each of them is a cell of its own.
        A nucleus belongs to the cell that holds most of it; several in one cell, as lobes that were labelled apart, become its one
        nucleus. What of a nucleus lies outside its cell is added to the cell where there is background, and taken from the nucleus
        where there is another cell.

    Raises
    ------
    TypeError, ValueError
        When the maps differ in shape, are not of integers, hold negative labels, or one is a mask: cells that are not told apart,
        or nuclei of several cells with one label.

    Examples
    --------
    >>> nuclei = np.array([[0, 0, 0, 0, 9], [0, 4, 0, 2, 2], [0, 4, 0, 0, 0]])
    >>> cells = np.array([[0, 0, 0, 0, 0], [7, 7, 0, 3, 3], [7, 7, 7, 3, 3]])
    >>> for labels in match_labels(nuclei, cells):
    ...     print(labels)
    [[0 0 0 0 3]
     [0 2 0 1 1]
     [0 2 0 0 0]]
    [[0 0 0 0 3]
     [2 2 0 1 1]
     [2 2 2 1 1]]
    """
    nuclei, cells = np.asarray(nuclei), np.asarray(cells)
    if nuclei.shape != cells.shape:
        raise ValueError(
            f"nuclei have the shape {nuclei.shape} and cells {cells.shape}; they must be maps of one image."
        )
    if is_mask(cells):
        raise mask_error("cells")
    mask, several = is_mask(nuclei), in_pieces(nuclei)
    nuclei, nucleus_labels = number_labels(nuclei, "nuclei")
    cells, cell_labels = number_labels(cells, "cells")
    if several and len(nucleus_labels) == 1:
        places = np.unique(cells[nuclei > 0])
        if (len(places) if mask else np.count_nonzero(places)) > 1:
            raise mask_error("nuclei")
    home = _best_cells(nuclei, cells, len(nucleus_labels))
    alone = np.flatnonzero(home == 0)
    home[alone] = len(cell_labels) + 1 + np.arange(len(alone))
    matched = np.concatenate([[0], home])[nuclei].astype(np.int32)
    cells = np.where((cells == 0) & (matched > 0), matched, cells).astype(np.int32)
    return np.where(matched == cells, matched, np.int32(0)), cells


def _best_cells(nuclei: np.ndarray, cells: np.ndarray, n_nuclei: int) -> np.ndarray:
    """Cell that holds most pixels of each nucleus (the first of equals), 0 where none holds any."""
    both = (nuclei > 0) & (cells > 0)
    n = int(cells.max(initial=0)) + 1
    pairs, counts = np.unique(nuclei[both].astype(np.int64) * n + cells[both], return_counts=True)
    nucleus, cell = np.divmod(pairs, n)
    home = np.zeros(n_nuclei, np.int64)
    order = np.lexsort([-cell, counts])  # the last that is written stays
    home[nucleus[order] - 1] = cell[order]
    return home
