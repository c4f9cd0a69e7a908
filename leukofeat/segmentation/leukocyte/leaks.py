"""Where a bold outline has leaked into red cells: colours of what it took in, and cells without it."""

from __future__ import annotations

from typing import Any

import numpy as np

from leukofeat.kernels.jit import jit

__all__ = ["mean_colors", "settled"]


@jit
def mean_colors(
    offset: Any,
    contrast: Any,
    azure: Any,
    edge: Any,
    nuclei: Any,
    narrow: Any,
    wide: Any,
    n: Any,
    pale: Any,
    floor: Any,
    flat: Any,
) -> Any:
    """Mean colour offsets of each cell's cytoplasm, of what a wider outline adds to it, and of the red cells.

    Parameters
    ----------
    offset : (H, W, 3) float32
        LAB minus background.
    contrast : (H, W) float32
        Length of the offset.
    azure, edge : (H, W) uint8 and float32
        Azure stain and colour edges.
    nuclei, narrow, wide : (H, W) int32
        Nuclei 1..n, and two versions of their cells.
    n : int
        Number of cells.
    pale, floor, flat : float
        Red cells are further than `pale` from the background, less azure than `floor`, in no cell, and not taken
        where an edge is `flat` or stronger: rims have mixed colours.

    Returns
    -------
    inner, added : (n + 1, 4) float64
        Mean L*, a*, b* and number of pixels.
    red : (4,) float64
        The same of all red cells.
    """
    inner = np.zeros((n + 1, 4))
    added = np.zeros((n + 1, 4))
    red = np.zeros(4)
    h, w = nuclei.shape
    for y in range(h):
        for x in range(w):
            a, b, c = offset[y, x, 0], offset[y, x, 1], offset[y, x, 2]
            out = wide[y, x]
            if out == 0:
                if azure[y, x] < floor and edge[y, x] < flat and contrast[y, x] > pale:
                    red[0] += a
                    red[1] += b
                    red[2] += c
                    red[3] += 1
                continue
            if nuclei[y, x] != 0:
                continue
            row = inner[out] if narrow[y, x] == out else added[out]
            row[0] += a
            row[1] += b
            row[2] += c
            row[3] += 1
    for i in range(3):
        red[i] /= max(red[3], 1.0)
        for k in range(n + 1):
            inner[k, i] /= max(inner[k, 3], 1.0)
            added[k, i] /= max(added[k, 3], 1.0)
    return inner, added, red


@jit
def settled(bold: Any, shy: Any, leaked: Any) -> Any:
    """The bold cells, but the shy version of those flagged in `leaked`: (H, W) int32.

    What a bold cell has given up goes to no other cell, and a leaked cell takes nothing from its neighbours.
    """
    h, w = bold.shape
    out = np.zeros((h, w), np.int32)
    for y in range(h):
        for x in range(w):
            wide, narrow = bold[y, x], shy[y, x]
            if leaked[wide]:
                out[y, x] = wide if wide == narrow else 0
            else:
                out[y, x] = narrow if leaked[narrow] else wide
    return out
