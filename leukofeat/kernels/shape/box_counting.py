"""Box-counting dimension of every region's outline, and of what is marked inside it."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.jit import jit


@jit
def _slope(space: np.ndarray, h: int, w: int, count: int) -> float:
    """Dimension of the `count` pixels that are marked in the upper left h x w of `space`, which is used up."""
    # least squares of log2 count on -log2 size: sizes are 1, 2, 4, ... as long as two fit into the longer side
    sx, sy, sxx, sxy = 0.0, 0.0, 0.0, 0.0
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
        next_h, next_w = (h + 1) // 2, (w + 1) // 2
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
        h, w = next_h, next_w
    return (scales * sxy - sx * sy) / (scales * sxx - sx * sx)


@jit
def _box_dimensions(labels: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    height, width = labels.shape
    n = boxes.shape[0]
    out = np.full(n, np.nan)
    space = np.empty((height, width), dtype=np.uint8)
    for k in range(n):
        r0, c0, r1, c1, pixels = boxes[k, :5]
        h, w = r1 - r0, c1 - c0
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
        out[k] = _slope(space, h, w, count)
    return out


def box_dimensions(labels: ArrayLike, boxes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Box-counting (Minkowski-Bouligand) dimension of the outline of every region.

    Parameters
    ----------
    labels : array_like of int, shape (H, W)
        Label map; 0 is background.
    boxes : ndarray of int64, shape (n_labels, 7)
        Result of :func:`~leukofeat.kernels.regions.boxes.region_boxes`.

    Returns
    -------
    ndarray of float64, shape (n_labels,)
        Slope of log(boxes that hold a pixel of the outline) on log(1 / size) by least squares, boxes of 1, 2, 4, ...
        pixels counted from the corner of the bounding box, up to half of its longer side; the outline are the region's
        pixels with a 4-neighbour outside. NaN where the longer side is under 4 pixels.

    Examples
    --------
    >>> from leukofeat.kernels.regions.boxes import region_boxes
    >>> line = np.zeros((3, 64), int)
    >>> line[1] = 1
    >>> box_dimensions(line, region_boxes(line)).tolist()
    [1.0]
    """
    return _box_dimensions(plain(labels, np.int32, ndim=2), boxes)


@jit
def _marked_dimensions(marks: np.ndarray, labels: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    n = boxes.shape[0]
    out = np.full(n, np.nan)
    space = np.empty(labels.shape, dtype=np.uint8)
    for k in range(n):
        r0, c0, r1, c1, pixels = boxes[k, :5]
        h, w = r1 - r0, c1 - c0
        if pixels == 0 or max(h, w) < 4:
            continue
        count = 0
        for r in range(r0, r1):
            for c in range(c0, c1):
                mark = 1 if labels[r, c] == k + 1 and marks[r, c] else 0
                space[r - r0, c - c0] = mark
                count += mark
        out[k] = _slope(space, h, w, count) if count else 0.0
    return out


def marked_dimensions(marks: ArrayLike, labels: ArrayLike, boxes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Box-counting dimension of the marked pixels of every region, as of edges in it.

    Parameters
    ----------
    marks : array_like of uint8 or bool, shape (H, W)
        Not 0 where a pixel is marked.
    labels : array_like of int, shape (H, W)
        Label map; 0 is background.
    boxes : ndarray of int64, shape (n_labels, 7)
        Result of :func:`~leukofeat.kernels.regions.boxes.region_boxes`.

    Returns
    -------
    ndarray of float64, shape (n_labels,)
        The slope of `box_dimensions`, of the boxes that hold a marked pixel of the region: 0 for a single pixel and for none,
        1 for a line, 2 for a filled square. NaN where the longer side of the region is under 4 pixels.

    Raises
    ------
    ValueError
        If marks and labels differ in shape.

    Examples
    --------
    >>> from leukofeat.kernels.regions.boxes import region_boxes
    >>> square = np.ones((64, 64), int)
    >>> [marked_dimensions(marks, square, region_boxes(square)).tolist() for marks in (square, np.eye(64))]
    [[2.0], [1.0]]
    """
    marks = plain(np.asarray(marks) != 0, np.uint8, ndim=2)
    labels = plain(labels, np.int32, ndim=2)
    if marks.shape != labels.shape:
        raise ValueError(f"marks {marks.shape} and labels {labels.shape} differ in shape")
    return _marked_dimensions(marks, labels, boxes)
