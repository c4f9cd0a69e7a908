"""n log2 n of counts, from a table: entropies need nothing else."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from leukofeat.kernels.jit import jit


@lru_cache(maxsize=1)
def log_table() -> NDArray[np.float64]:
    """Values of n log2 n for counts that are common; `n_log_n` computes rarer ones."""
    n = np.arange(1, 8192)
    return np.concatenate([[0.0], n * np.log2(n)])


@jit
def n_log_n(n: int, table: np.ndarray) -> float:
    """One value of n log2 n, 0 for 0; `table` is that of `log_table`."""
    return table[n] if n < table.size else n * np.log2(np.float64(n))
