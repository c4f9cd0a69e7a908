"""Bounding box, area and coordinate sums of every label: the table by which kernels go from region to region."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.jit import jit
from leukofeat.kernels.regions.spans import run_end


@jit
def _boxes(labels: np.ndarray, n: int) -> np.ndarray:
    out = np.zeros((n, 7), dtype=np.int64)
    height, width = labels.shape
    out[:, 0] = height
    out[:, 1] = width
    for r in range(height):
        end = 0
        while end < width:
            start = int(end)  # a literal would be another type, and compile run_end once more
            label = labels[r, start]
            end = run_end(labels[r], start)
            if label <= 0 or label > n:
                continue
            box = out[label - 1]
            box[0] = min(box[0], r)
            box[1] = min(box[1], start)
            box[2] = r + 1
            box[3] = max(box[3], end)
            length = end - start
            box[4] += length
            box[5] += length * r
            box[6] += length * (start + end - 1) // 2
    for k in range(n):
        if out[k, 4] == 0:
            out[k, :2] = 0
    return out


def region_boxes(labels: ArrayLike, n_labels: int | None = None) -> NDArray[np.int64]:
    """Bounding box, area and coordinate sums of every region.

    Parameters
    ----------
    labels : array_like of int, shape (H, W)
        Label map; 0 is background.
    n_labels : int, optional
        Number of labels; the largest in the map by default.

    Returns
    -------
    ndarray of int64, shape (n_labels, 7)
        First row, first column, last row + 1, last column + 1, pixels, sum of rows, sum of columns.
        A label without pixels has 0 pixels and an empty box.

    Examples
    --------
    >>> region_boxes([[0, 1], [0, 1]]).tolist()
    [[0, 1, 2, 2, 2, 1, 2]]
    """
    labels = plain(labels, np.int32, ndim=2)
    return _boxes(labels, int(labels.max(initial=0) if n_labels is None else n_labels))
