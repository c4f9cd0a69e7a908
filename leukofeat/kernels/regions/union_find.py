"""Disjoint sets: what components, basins and trees are merged by."""

import numpy as np

from leukofeat.kernels.jit import jit


@jit
def find_root(parent: np.ndarray, i: int) -> int:
    """Root of the set that holds `i`; a root is its own parent. Halves the path to it (Tarjan and van Leeuwen 1984)."""
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i
