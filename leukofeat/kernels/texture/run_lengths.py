"""Grey-level run lengths of every region."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.jit import jit
from leukofeat.kernels.texture.crops import crop_region

RUN_LENGTH_NAMES: tuple[str, ...] = (
    "short_run_emphasis",
    "long_run_emphasis",
    "gray_level_nonuniformity",
    "run_length_nonuniformity",
    "run_percentage",
    "low_gray_level_emphasis",
    "high_gray_level_emphasis",
    "short_run_low_gray_level_emphasis",
    "short_run_high_gray_level_emphasis",
    "long_run_low_gray_level_emphasis",
    "long_run_high_gray_level_emphasis",
)


@jit
def _add_run(level: int, length: int, row: np.ndarray) -> None:
    g2 = (level + 1.0) * (level + 1.0)
    l2 = np.float64(length * length)
    row[0] += 1 / l2
    row[1] += l2
    row[5] += 1 / g2
    row[6] += g2
    row[7] += 1 / (l2 * g2)
    row[8] += g2 / l2
    row[9] += l2 / g2
    row[10] += l2 * g2


@jit
def _run_lengths(levels: np.ndarray, labels: np.ndarray, boxes: np.ndarray, n_levels: int) -> np.ndarray:
    out = np.full((boxes.shape[0], 4, 11), np.nan)
    longest = max(labels.shape) + 1
    for k in range(boxes.shape[0]):
        r0, c0, r1, c1, pixels = boxes[k, :5]
        if pixels == 0:
            continue
        crop = np.empty((r1 - r0 + 2) * (c1 - c0 + 2), dtype=np.int16)
        places = np.empty(pixels, dtype=np.int64)
        width = crop_region(levels, labels, k + 1, boxes[k], 1, crop, places)
        for angle in range(4):
            step = (1, width + 1, width, width - 1)[angle]
            of_level = np.zeros(n_levels, dtype=np.int64)
            of_length = np.zeros(longest, dtype=np.int64)
            row = out[k, angle]
            row[:] = 0.0
            runs = 0
            for place in places:
                level = crop[place]
                if crop[place - step] == level:
                    continue
                length = 1
                while crop[place + length * step] == level:
                    length += 1
                runs += 1
                of_level[level] += 1
                of_length[length] += 1
                _add_run(level, length, row)
            for x in of_level:
                row[2] += np.float64(x * x) / runs
            for x in of_length:
                row[3] += np.float64(x * x) / runs
            row /= runs
            row[4] = runs / pixels
    return out


def run_lengths(levels: ArrayLike, labels: ArrayLike, boxes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Run-length features of every region in four directions.

    Parameters
    ----------
    levels : array_like of uint8, shape (H, W)
        Grey levels; they count from 1 in the features.
    labels : array_like of int, shape (H, W)
        Label map; 0 is background. A run ends at the region's border.
    boxes : ndarray of int64, shape (n_labels, 7)
        Result of :func:`~leukofeat.kernels.regions.boxes.region_boxes`.

    Returns
    -------
    ndarray of float64, shape (n_labels, 4, 11)
        Directions 0, 135, 90 and 45 degrees; features named by ``RUN_LENGTH_NAMES``. NaN for a label without pixels.

    Raises
    ------
    ValueError
        If levels and labels differ in shape.

    Notes
    -----
    Galloway (1975), Chu et al. (1990) and Dasarathy and Holder (1991). Both non-uniformities are divided by the number
    of runs once more than in Galloway's paper, so that they do not grow with the region.

    Examples
    --------
    >>> from leukofeat.kernels.regions.boxes import region_boxes
    >>> labels = np.ones((1, 4), int)
    >>> run_lengths([[0, 0, 0, 1]], labels, region_boxes(labels))[0, 0, :2].round(3).tolist()
    [0.556, 5.0]
    """
    levels = plain(levels, np.uint8, ndim=2)
    labels = plain(labels, np.int32, ndim=2)
    if levels.shape != labels.shape:
        raise ValueError(f"levels {levels.shape} and labels {labels.shape} differ in shape")
    return _run_lengths(levels, labels, boxes, int(levels.max(initial=0)) + 1)
