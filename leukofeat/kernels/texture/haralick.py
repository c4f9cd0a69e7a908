"""Haralick's texture of the regions of an 8-bit plane: a pair of pixels counts where both lie in the same region."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.jit import jit
from leukofeat.kernels.logs import log_table, n_log_n
from leukofeat.kernels.texture.crops import crop_region

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
# other measures of the same matrices
COOCCURRENCE_NAMES: tuple[str, ...] = (
    *HARALICK_NAMES,
    "dissimilarity",
    "cluster_shade",
    "cluster_prominence",
    "maximum_probability",
)


@jit
def _count_pairs(
    crop: np.ndarray, places: np.ndarray, offset: int, shift: int, counts: np.ndarray, touched: np.ndarray
) -> int:
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
    counts: np.ndarray,
    touched: np.ndarray,
    n_levels: int,
    shift: int,
    low: int,
    table: np.ndarray,
    space: np.ndarray,
    out: np.ndarray,
) -> None:
    """Haralick's features from the upper triangle of a co-occurrence matrix, which is emptied on the way, and the others too
    where `out` has room for them.
    """
    px = space[:n_levels]
    plus = space[n_levels : 3 * n_levels]
    minus = space[3 * n_levels : 4 * n_levels]
    space[: 4 * n_levels] = 0
    pairs = energy = 0
    joint = 0.0
    largest = 0
    if out.size > 13:
        for k in touched:
            largest = max(largest, counts[k] * (2 if k >> shift == k & ((1 << shift) - 1) else 1))
    for k in touched:
        i = k >> shift
        j = k & ((1 << shift) - 1)
        count = counts[k]
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
    s1, s2, single = _moments(px, low, table)
    p1, p2, sum_entropy = _moments(plus, 2 * low, table)
    d1, d2, difference_entropy = _moments(minus, 0, table)
    homogeneity = 0.0
    for i in range(n_levels):
        homogeneity += minus[i] / (1.0 + i * i)
    variance = _variance(total, s1, s2)
    products = np.float64(p2 - d2) / 4 / pairs
    mean = s1 / total
    hx = np.log2(np.float64(total)) - single / total
    hxy = np.log2(np.float64(total)) - joint / total
    values = (
        energy / np.float64(total) ** 2,
        d2 / pairs,
        (products - mean * mean) / variance,
        variance,
        homogeneity / pairs,
        p1 / pairs,
        _variance(pairs, p1, p2),
        np.log2(np.float64(pairs)) - sum_entropy / pairs,
        hxy,
        _variance(pairs, d1, d2),
        np.log2(np.float64(pairs)) - difference_entropy / pairs,
        (hxy - 2 * hx) / hx,
        np.sqrt(max(0.0, 1.0 - np.exp(-2.0 * (2 * hx - hxy)))),
    )
    # not in one assignment, which takes numba seconds to compile
    for i in range(13):
        out[i] = values[i]
    if variance == 0:
        # a single level has no entropy: don't let its rounding noise be divided by itself
        out[2] = 1.0
        for i in (7, 8, 10, 11, 12):
            out[i] = 0.0
    if out.size > 13:
        third = fourth = 0.0
        for k in range(2 * n_levels):
            # from the mean sum in pairs-ths, an integer until it is divided: a single level is at 0 from it
            away = (k + 2 * low) * pairs - p1
            off = away / np.float64(pairs)
            third += plus[k] * off * off * off
            fourth += plus[k] * off * off * off * off
        out[13] = d1 / pairs
        out[14] = third / pairs
        out[15] = fourth / pairs
        out[16] = largest / np.float64(total)


@jit
def _moments(counts: np.ndarray, first: int, table: np.ndarray) -> tuple[int, int, float]:
    """Sum and sum of squares of levels from `first` on that occur so often, and the sum of n log n of the counts."""
    total = squares = 0
    logs = 0.0
    for i in range(counts.size):
        if counts[i]:
            total += counts[i] * (i + first)
            squares += counts[i] * (i + first) * (i + first)
            logs += n_log_n(counts[i], table)
    return total, squares, logs


@jit
def _variance(n: int, total: int, squares: int) -> float:
    """Variance of n whole numbers, none below 0, by their sum and the sum of their squares."""
    # whole as long as 63 bits hold it: nothing is lost by cancellation
    if np.float64(n) * np.float64(squares) < 2.0**63:
        return np.float64(n * squares - total * total) / np.float64(n) ** 2
    # about the whole number below the mean, which leaves little to cancel
    middle = total // n
    rest = total - n * middle
    return (squares - middle * (total + rest)) / n - (rest / n) ** 2


@jit
def _haralick(
    levels: np.ndarray,
    labels: np.ndarray,
    boxes: np.ndarray,
    distances: np.ndarray,
    frame: int,
    n_levels: int,
    table: np.ndarray,
    out: np.ndarray,
) -> None:
    """Fill `out`; `frame` is the longest distance."""
    shift = 0
    while (1 << shift) < n_levels:
        shift += 1
    counts = np.zeros(n_levels << shift, dtype=np.int32)
    most = largest = 0
    for k in range(boxes.shape[0]):
        most = max(most, boxes[k, 4])
        largest = max(largest, (boxes[k, 2] - boxes[k, 0] + 2 * frame) * (boxes[k, 3] - boxes[k, 1] + 2 * frame))
    touched = np.empty(min(most, n_levels * (n_levels + 1) // 2), dtype=np.int64)
    places = np.empty(most, dtype=np.int64)
    crop = np.empty(largest, dtype=np.int16)
    space = np.zeros(4 * n_levels, dtype=np.int64)
    for k in range(boxes.shape[0]):
        pixels = boxes[k, 4]
        if pixels == 0:
            continue
        width = crop_region(levels, labels, k + 1, boxes[k], frame, crop, places)
        inside = places[:pixels]
        low = n_levels
        high = 0
        for i in inside:
            low = min(low, crop[i])
            high = max(high, crop[i])
        for i in inside:
            crop[i] -= low
        span = high - low + 1
        for d in range(distances.size):
            step = distances[d]
            for angle in range(4):
                offset = (step, step * width + step, step * width, step * width - step)[angle]
                found = _count_pairs(crop, inside, offset, shift, counts, touched)
                _features(counts, touched[:found], span, shift, low + 1, table, space, out[k, d, angle])


def haralick(
    levels: ArrayLike,
    labels: ArrayLike,
    boxes: NDArray[np.int64],
    distances: Sequence[int] = (1,),
    *,
    more: bool = False,
) -> NDArray[np.float64]:
    """Haralick's 13 co-occurrence features of every region, for four directions and several distances.

    Parameters
    ----------
    levels : array_like of uint8, shape (H, W)
        Grey levels. They count from 1 in the features, as in Haralick's paper: level 0 here is his level 1.
    labels : array_like of int, shape (H, W)
        Label map; 0 is background.
    boxes : ndarray of int64, shape (n_labels, 7)
        Result of :func:`~leukofeat.kernels.regions.boxes.region_boxes`.
    distances : sequence of int
        Steps between the pixels of a pair, in pixels along each axis.
    more : bool, default=False
        Whether to add dissimilarity, cluster shade, cluster prominence and maximum probability.

    Returns
    -------
    ndarray of float64, shape (n_labels, len(distances), 4, 13), or 17 for 13
        Directions 0, 135, 90 and 45 degrees; features named by ``HARALICK_NAMES``, or ``COOCCURRENCE_NAMES``. NaN where a
        region has no pair.

    Raises
    ------
    ValueError
        If levels and labels differ in shape.

    Notes
    -----
    Haralick, Shanmugam and Dinstein (1973), symmetric matrices, logarithms to base 2. Values are those of
    ``mahotas.features.haralick(..., ignore_zeros=True, use_x_minus_y_variance=True)`` on the region alone with
    its levels raised by 1. A constant region has correlation 1 and informations 0. 45 degrees is up and to the right, as in
    the paper; in scikit-image's ``graycomatrix``, whose rows count downwards, that is an angle of 3/4 pi, and 135 degrees 1/4 pi.

    Examples
    --------
    >>> from leukofeat.kernels.regions.boxes import region_boxes
    >>> board, labels = np.indices((4, 4)).sum(axis=0) % 2, np.ones((4, 4), int)
    >>> haralick(board, labels, region_boxes(labels))[0, 0, :, 1].tolist()
    [1.0, 0.0, 1.0, 0.0]
    """
    levels = plain(levels, np.uint8, ndim=2)
    labels = plain(labels, np.int32, ndim=2)
    if levels.shape != labels.shape:
        raise ValueError(f"levels {levels.shape} and labels {labels.shape} differ in shape")
    n_levels = int(levels.max(initial=0)) + 1
    n_features = len(COOCCURRENCE_NAMES if more else HARALICK_NAMES)
    out = np.full((len(boxes), len(distances), 4, n_features), np.nan)
    _haralick(
        levels, labels, boxes, np.array(distances, np.int64), max(distances, default=0), n_levels, log_table(), out
    )
    return out
