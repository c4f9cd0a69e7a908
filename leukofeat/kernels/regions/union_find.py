"""Union-find: sets that grow together, each known by its root."""

from __future__ import annotations

import numpy as np

from leukofeat.kernels.jit import jit

__all__ = ["find_root"]


@jit
def find_root(parent: np.ndarray, i: int) -> int:
    """Root of the set that element `i` is in, with path halving; `parent` holds each element's parent, a root's is itself."""
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i
