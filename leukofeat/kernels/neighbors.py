"""The nearest of many points, kept while scores come in block by block."""

import numpy as np

from leukofeat.kernels.jit import jit


@jit
def _keep(scores: np.ndarray, rows: np.ndarray, columns: np.ndarray, best: np.ndarray, who: np.ndarray) -> None:
    last = best.shape[1] - 1
    for a in range(scores.shape[0]):
        i = rows[a]
        worst = best[i, last]
        for b in range(scores.shape[1]):
            score = scores[a, b]
            if score > worst:
                k = last
                while k > 0 and best[i, k - 1] < score:
                    best[i, k] = best[i, k - 1]
                    who[i, k] = who[i, k - 1]
                    k -= 1
                best[i, k] = score
                who[i, k] = columns[b]
                worst = best[i, last]


def keep_best(scores: np.ndarray, rows: np.ndarray, columns: np.ndarray, best: np.ndarray, who: np.ndarray) -> None:
    """Take the columns of a block of scores that are above what the rows have so far, in place.

    Parameters
    ----------
    scores : (a, b) float32, contiguous
        Higher is nearer.
    rows : (a,) int64
        Rows of `best` and `who` that the block's rows belong to.
    columns : (b,) int64
        Numbers that the block's columns are known by.
    best : (n, k) float32
        Scores that each row has, falling; a row begins with what is to be exceeded. Of equal scores the earlier stays.
    who : (n, k) int64
        Their columns.

    Examples
    --------
    >>> best, who = np.zeros((1, 2), np.float32), np.full((1, 2), -1)
    >>> keep_best(np.array([[0.5, -1.0, 0.7, 0.6]], np.float32), np.array([0]), np.arange(10, 14), best, who)
    >>> who
    array([[12, 13]])
    """
    _keep(scores, rows, columns, best, who)
