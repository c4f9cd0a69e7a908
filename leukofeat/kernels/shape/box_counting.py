"""Box-counting dimension of every region's outline."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import count_labels, plain
from leukofeat.kernels.jit import jit
from leukofeat.kernels.shape.shape import region_boxes


@jit
def _box_dimensions(labels: Any, boxes: Any) -> Any:
    height, width = labels.shape
    n = boxes.shape[0]
    out = np.full(n, np.nan)
    space = np.empty((height, width), dtype=np.uint8)
    for k in range(n):
        r0, c0, r1, c1, pixels = boxes[k, :5]
        h = r1 - r0
        w = c1 - c0
        if pixels == 0 or max(h, w) < 4:
            continue
        count = 0
        for r in range(r0, r1):
            for c in range(c0, c1):
                mark = 0
                if labels[r, c] == k + 1:
                    inner = (
                        0 < r < height - 1
                        and 0 < c < width - 1
                        and labels[r - 1, c] == k + 1
                        and labels[r + 1, c] == k + 1
                        and labels[r, c - 1] == k + 1
                        and labels[r, c + 1] == k + 1
                    )
                    mark = 0 if inner else 1
                space[r - r0, c - c0] = mark
                count += mark
        # least squares of log2 count on -log2 size: sizes are 1, 2, 4, ... as long as two fit into the longer side
        sx = 0.0
        sy = 0.0
        sxx = 0.0
        sxy = 0.0
        scales = 0
        reach = max(h, w)
        while reach >= 2:
            x = -float(scales)
            y = np.log2(float(count))
            sx += x
            sy += y
            sxx += x * x
            sxy += x * y
            scales += 1
            reach //= 2
            count = 0
            next_h = (h + 1) // 2
            next_w = (w + 1) // 2
            for r in range(next_h):
                for c in range(next_w):
                    mark = space[2 * r, 2 * c]
                    if 2 * c + 1 < w:
                        mark |= space[2 * r, 2 * c + 1]
                    if 2 * r + 1 < h:
                        mark |= space[2 * r + 1, 2 * c]
                        if 2 * c + 1 < w:
                            mark |= space[2 * r + 1, 2 * c + 1]
                    space[r, c] = mark
                    count += mark
            h = next_h
            w = next_w
        out[k] = (scales * sxy - sx * sy) / (scales * sxx - sx * sx)
    return out


def box_dimensions(
    labels: ArrayLike, n_labels: int | None = None, boxes: NDArray[np.int64] | None = None
) -> NDArray[np.float64]:
    """Box-counting (Minkowski-Bouligand) dimension of the outline of every region.

    Parameters
    ----------
    labels : array_like of int, shape (H, W)
        Label map; 0 is background.
    n_labels : int, optional
        Number of labels; the largest in the map by default.
    boxes : ndarray of int64, shape (n_labels, 7), optional
        Result of :func:`~leukofeat.kernels.shape.shape.region_boxes`, if it is at hand.

    Returns
    -------
    ndarray of float64, shape (n_labels,)
        Slope of log(boxes that hold a pixel of the outline) on log(1 / size) by least squares, boxes of 1, 2, 4, ...
        pixels counted from the corner of the bounding box, up to half of its longer side; the outline are the region's
        pixels with a 4-neighbour outside. NaN where the longer side is under 4 pixels.

    Examples
    --------
    >>> line = np.zeros((3, 64), int)
    >>> line[1] = 1
    >>> box_dimensions(line).tolist()
    [1.0]
    """
    labels = plain(labels, np.int32, ndim=2)
    if boxes is None:
        boxes = region_boxes(labels, count_labels(labels, n_labels))
    return _box_dimensions(labels, boxes)
