"""Chromatin: how the optical density of every nucleus is spread over it."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.jit import jit

CHROMATIN_NAMES: tuple[str, ...] = (
    "integrated_density",
    "density_mean",
    "density_cv",
    "condensed_share",
    "clump_count",
    "clump_area",
    "open_share",
    "rim_ratio",
    "radial_trend",
    "mass_offset",
)


@jit
def _fill(condensed: np.ndarray, stack: np.ndarray, stride: int, start: int) -> int:
    """Pixels of the clump at `start` (8-neighbours) of a flat mask with a frame of zeros; the clump is erased."""
    count = 0
    top = 1
    stack[0] = start
    condensed[start] = 0
    while top > 0:
        top -= 1
        count += 1
        i = stack[top]
        for step in (-stride - 1, -stride, 1 - stride, -1, 1, stride - 1, stride, stride + 1):
            if condensed[i + step]:
                condensed[i + step] = 0
                stack[top] = i + step
                top += 1
    return count


@jit
def _lower_median(values: np.ndarray) -> int:
    """Median of small non-negative integers, or the lower one of two, by counting: NumPy's takes seconds to compile."""
    counts = np.zeros(max(values) + 1, dtype=np.int64)
    for value in values:
        counts[value] += 1
    median = 0
    below = counts[0]
    while 2 * below < values.size:
        median += 1
        below += counts[median]
    return median


@jit
def _chromatin(density: np.ndarray, labels: np.ndarray, boxes: np.ndarray, depths: np.ndarray) -> np.ndarray:
    out = np.full((boxes.shape[0], 10), np.nan)
    for k in range(boxes.shape[0]):
        r0, c0, r1, c1, pixels, sum_r, sum_c = boxes[k]
        if pixels == 0:
            continue
        stride = c1 - c0 + 2
        values = np.empty(pixels)
        squares = np.empty(pixels, dtype=np.int64)
        places = np.empty(pixels, dtype=np.int64)
        m = 0
        total = mass_r = mass_c = 0.0
        low = np.inf
        high = -np.inf
        for r in range(r0, r1):
            for c in range(c0, c1):
                if labels[r, c] == k + 1:
                    x = density[r, c]
                    values[m] = x
                    squares[m] = depths[r, c]
                    places[m] = (r - r0 + 1) * stride + c - c0 + 1
                    m += 1
                    total += x
                    mass_r += x * r
                    mass_c += x * c
                    low = min(low, x)
                    high = max(high, x)
        if total <= 0:
            continue
        mean = total / pixels
        square = 0.0
        if high > low:
            for x in values:
                square += (x - mean) * (x - mean)
        std = np.sqrt(square / pixels)
        condensed = np.zeros((r1 - r0 + 2) * stride, dtype=np.uint8)
        dense = sparse = 0
        for t in range(pixels):
            if values[t] > mean + std and std > 0:
                condensed[places[t]] = 1
                dense += 1
            elif values[t] < mean - std and std > 0:
                sparse += 1
        stack = np.empty(pixels, dtype=np.int64)
        clumps = clumped = 0
        for t in range(pixels):
            if condensed[places[t]]:
                size = _fill(condensed, stack, stride, places[t])
                if size >= 4:
                    clumps += 1
                    clumped += size
        middle = _lower_median(squares)
        rim = depth_mean = 0.0
        rim_pixels = 0
        for t in range(pixels):
            depth_mean += np.sqrt(float(squares[t]))
            if squares[t] <= middle:
                rim += values[t]
                rim_pixels += 1
        depth_mean /= pixels
        both = depth_square = 0.0
        for t in range(pixels):
            d = np.sqrt(float(squares[t])) - depth_mean
            both += d * (values[t] - mean)
            depth_square += d * d
        rim_ratio = radial_trend = np.nan
        if rim_pixels < pixels and total > rim:
            rim_ratio = rim / rim_pixels / ((total - rim) / (pixels - rim_pixels))
        if rim_pixels < pixels:
            radial_trend = both / np.sqrt(square * depth_square) if square > 0 else 0.0
        shift_r = mass_r / total - sum_r / pixels
        shift_c = mass_c / total - sum_c / pixels
        measures = (
            total,
            mean,
            std / mean,
            dense / pixels,
            float(clumps),
            clumped / max(clumps, 1) / pixels,
            sparse / pixels,
            rim_ratio,
            radial_trend,
            np.sqrt(shift_r * shift_r + shift_c * shift_c) / np.sqrt(4 * pixels / np.pi),
        )
        for i in range(10):
            out[k, i] = measures[i]
    return out


def chromatin(
    density: ArrayLike, labels: ArrayLike, boxes: NDArray[np.int64], depths: ArrayLike
) -> NDArray[np.float64]:
    """Describe how the optical density of every nucleus is spread over it.

    Parameters
    ----------
    density : array_like of float64, shape (H, W)
        Optical density, not negative.
    labels : array_like of int, shape (H, W)
        Label map of nuclei; 0 is background.
    boxes : ndarray of int64, shape (n_labels, 7)
        Result of :func:`~leukofeat.kernels.regions.boxes.region_boxes`.
    depths : array_like of int32, shape (H, W)
        Result of :func:`~leukofeat.kernels.regions.distance.squared_depths`.

    Returns
    -------
    ndarray of float64, shape (n_labels, 10)
        Named by ``CHROMATIN_NAMES``:

        - ``integrated_density``: sum over the nucleus (pixels x density; cytometry's measure of DNA content);
        - ``density_mean`` and ``density_cv``: mean, and standard deviation / mean;
        - ``condensed_share``: share of pixels denser than mean + 1 standard deviation; ``clump_count``: connected
          clumps (8-neighbours) of at least 4 such pixels; ``clump_area``: their mean area / nuclear area, 0 if none;
        - ``open_share``: share of pixels less dense than mean - 1 standard deviation (open chromatin, nucleoli);
        - ``rim_ratio``: mean density of the pixels up to the median depth / that of the deeper ones;
        - ``radial_trend``: correlation of density with depth (the distance to the outside) over the nucleus, 0 if it is
          equally dense throughout;
        - ``mass_offset``: distance of the density's centre of mass from the centroid / equivalent diameter.

        NaN where a label has no pixel or no density, and for the two before the last where all pixels are equally deep.

    Raises
    ------
    ValueError
        If density and labels differ in shape.

    Examples
    --------
    >>> from leukofeat.kernels.regions.distance import squared_depths
    >>> from leukofeat.kernels.regions.boxes import region_boxes
    >>> labels = np.ones((9, 9), int)
    >>> flat = chromatin(np.full((9, 9), 0.5), labels, region_boxes(labels), squared_depths(labels, region_boxes(labels)))[0]
    >>> dict(zip(CHROMATIN_NAMES, flat.tolist()))["integrated_density"]
    40.5
    """
    labels = plain(labels, np.int32, ndim=2)
    density = plain(density, np.float64, ndim=2)
    if density.shape != labels.shape:
        raise ValueError(f"density {density.shape} and labels {labels.shape} differ in shape")
    return _chromatin(density, labels, boxes, plain(depths, np.int32, ndim=2))
