"""Haralick's texture of the regions of an 8-bit plane: a pair of pixels counts where both lie in the same region."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.jit import jit
from leukofeat.kernels.logs import log_table, n_log_n
from leukofeat.kernels.regions.boxes import region_boxes

HARALICK_NAMES: tuple[str, ...] = (
    "energy",
    "contrast",
    "correlation",
    "variance",
    "homogeneity",
    "sum_average",
    "sum_variance",
    "sum_entropy",
    "entropy",
    "difference_variance",
    "difference_entropy",
    "information_1",
    "information_2",
)


@jit
def _count_pairs(crop: Any, places: Any, offset: int, shift: int, counts: Any, touched: Any) -> int:
    """Add every pair of levels at this offset to the upper triangle `counts`; list the bins that it touched.

    `crop` is flat, has a frame of -1 as wide as the offset reaches, and `places` are the region's pixels in it.
    Bin (i, j) is i 2^shift + j: taking it apart again is a shift and not a division.
    """
    n = 0
    for i in places:
        a = crop[i]
        b = crop[i + offset]
        if b < 0:
            continue
        k = (np.int64(min(a, b)) << shift) | np.int64(max(a, b))
        if counts[k] == 0:
            touched[n] = k
            n += 1
        counts[k] += 1
    return n


@jit
def _features(
    counts: Any, touched: Any, n: int, n_levels: int, shift: int, low: int, table: Any, space: Any, out: Any
) -> None:
    """Haralick's features from the upper triangle of a co-occurrence matrix, which is emptied on the way."""
    px = space[:n_levels]
    plus = space[n_levels : 3 * n_levels]
    minus = space[3 * n_levels : 4 * n_levels]
    for i in range(4 * n_levels):
        space[i] = 0
    pairs = 0
    energy = 0
    joint = 0.0
    for t in range(n):
        k = touched[t]
        i = k >> shift
        j = k & ((1 << shift) - 1)
        count: Any = np.int64(counts[k])
        counts[k] = 0
        pairs += count
        px[i] += count
        px[j] += count
        plus[i + j] += count
        minus[j - i] += count
        if i == j:
            energy += 4 * count * count
            joint += n_log_n(2 * count, table)
        else:
            energy += 2 * count * count
            joint += 2 * n_log_n(count, table)
    if pairs == 0:
        return
    total = 2 * pairs
    s1 = 0
    s2 = 0
    single = 0.0
    for i in range(n_levels):
        if px[i]:
            s1 += px[i] * (i + low)
            s2 += px[i] * (i + low) * (i + low)
            single += n_log_n(px[i], table)
    p1 = 0
    p2 = 0
    sum_entropy = 0.0
    for i in range(2 * n_levels):
        if plus[i]:
            p1 += plus[i] * (i + 2 * low)
            p2 += plus[i] * (i + 2 * low) * (i + 2 * low)
            sum_entropy += n_log_n(plus[i], table)
    d1 = 0
    d2 = 0
    homogeneity = 0.0
    difference_entropy = 0.0
    for i in range(n_levels):
        if minus[i]:
            d1 += minus[i] * i
            d2 += minus[i] * i * i
            homogeneity += minus[i] / (1.0 + i * i)
            difference_entropy += n_log_n(minus[i], table)
    # integers up to here: the variances below lose nothing by cancellation
    variance = np.float64(total * s2 - s1 * s1) / np.float64(total) ** 2
    products = np.float64(p2 - d2) / 4 / pairs
    mean = s1 / total
    hx = np.log2(np.float64(total)) - single / total
    hxy = np.log2(np.float64(total)) - joint / total
    out[0] = energy / np.float64(total) ** 2
    out[1] = d2 / pairs
    out[2] = (products - mean * mean) / variance
    out[3] = variance
    out[4] = homogeneity / pairs
    out[5] = p1 / pairs
    out[6] = np.float64(pairs * p2 - p1 * p1) / np.float64(pairs) ** 2
    out[7] = np.log2(np.float64(pairs)) - sum_entropy / pairs
    out[8] = hxy
    out[9] = np.float64(pairs * d2 - d1 * d1) / np.float64(pairs) ** 2
    out[10] = np.log2(np.float64(pairs)) - difference_entropy / pairs
    out[11] = (hxy - 2 * hx) / hx
    out[12] = np.sqrt(max(0.0, 1.0 - np.exp(-2.0 * (2 * hx - hxy))))
    if variance == 0:
        # a single level has no entropy: don't let its rounding noise be divided by itself
        out[2] = 1.0
        for i in (7, 8, 10, 11, 12):
            out[i] = 0.0


@jit
def _haralick(levels: Any, labels: Any, boxes: Any, distances: Any, n_levels: int, table: Any, out: Any) -> None:
    n = boxes.shape[0]
    shift = 0
    while (1 << shift) < n_levels:
        shift += 1
    counts = np.zeros(n_levels << shift, dtype=np.uint32)
    farthest = 0
    for step in distances:
        farthest = max(farthest, step)
    largest = 0
    most = 0
    for k in range(n):
        most = max(most, boxes[k, 4])
        largest = max(largest, (boxes[k, 2] - boxes[k, 0] + 2 * farthest) * (boxes[k, 3] - boxes[k, 1] + 2 * farthest))
    touched = np.empty(min(most, n_levels * (n_levels + 1) // 2), dtype=np.int64)
    places = np.empty(most, dtype=np.int64)
    crop = np.empty(largest, dtype=np.int16)
    space = np.zeros(4 * n_levels, dtype=np.int64)
    for k in range(n):
        r0, c0, r1, c1 = boxes[k, 0], boxes[k, 1], boxes[k, 2], boxes[k, 3]
        if boxes[k, 4] == 0:
            continue
        width = c1 - c0 + 2 * farthest
        for i in range((r1 - r0 + 2 * farthest) * width):
            crop[i] = -1
        low = n_levels
        high = 0
        m = 0
        for r in range(r0, r1):
            for c in range(c0, c1):
                if labels[r, c] == k + 1:
                    level: Any = np.int64(levels[r, c])
                    low = min(low, level)
                    high = max(high, level)
                    places[m] = (r - r0 + farthest) * width + c - c0 + farthest
                    crop[places[m]] = level
                    m += 1
        for i in places[:m]:
            crop[i] -= low
        span = high - low + 1
        for d in range(distances.size):
            step = distances[d]
            for angle in range(4):
                offset = (step, step * width + step, step * width, step * width - step)[angle]
                found = _count_pairs(crop, places[:m], offset, shift, counts, touched)
                _features(counts, touched, found, span, shift, low + 1, table, space, out[k, d, angle])


def haralick(
    levels: ArrayLike,
    labels: ArrayLike,
    n_labels: int | None = None,
    distances: tuple[int, ...] = (1,),
    boxes: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """Haralick's 13 co-occurrence features of every region, for four directions and several distances.

    Parameters
    ----------
    levels : array_like of uint8, shape (H, W)
        Grey levels. They count from 1 in the features, as in Haralick's paper: level 0 here is his level 1.
    labels : array_like of int, shape (H, W)
        Label map; 0 is background.
    n_labels : int, optional
        Number of labels; the largest in the map by default.
    distances : tuple of int
        Steps between the pixels of a pair, in pixels along each axis.
    boxes : ndarray of int64, shape (n_labels, 7), optional
        Result of :func:`~leukofeat.kernels.regions.boxes.region_boxes`, if it is at hand.

    Returns
    -------
    ndarray of float64, shape (n_labels, len(distances), 4, 13)
        Directions 0, 135, 90 and 45 degrees; features named by ``HARALICK_NAMES``. NaN where a region has no pair.

    Raises
    ------
    ValueError
        If levels and labels differ in shape.

    Notes
    -----
    Haralick, Shanmugam and Dinstein (1973), symmetric matrices, logarithms to base 2. Values are those of
    ``mahotas.features.haralick(..., ignore_zeros=True, use_x_minus_y_variance=True)`` on the region alone with
    its levels raised by 1. A constant region has correlation 1 and informations 0.

    Examples
    --------
    >>> board = np.indices((4, 4)).sum(axis=0) % 2
    >>> haralick(board, np.ones((4, 4), int))[0, 0, :, 1].tolist()
    [1.0, 0.0, 1.0, 0.0]
    """
    levels = plain(levels, np.uint8, ndim=2)
    labels = plain(labels, np.int32, ndim=2)
    if levels.shape != labels.shape:
        raise ValueError(f"levels {levels.shape} and labels {labels.shape} differ in shape")
    if boxes is None:
        boxes = region_boxes(labels, n_labels)
    n_levels = int(levels.max()) + 1 if levels.size else 1
    out = np.full((len(boxes), len(distances), 4, 13), np.nan)
    _haralick(levels, labels, boxes, np.array(distances, np.int64), n_levels, log_table(), out)
    return out
