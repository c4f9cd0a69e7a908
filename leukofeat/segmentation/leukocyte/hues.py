"""Hues that nuclei have and cytoplasm has not: violet, and magenta for their darkness."""

import numpy as np

from leukofeat.kernels.jit import jit

LESS_VIOLET = 0.3  # how much evidence counts for a nucleus that is bluer than the rest of its cell
LEAST_DARKNESS = 4.0  # L* under the slide's from which on a pixel has a hue


@jit
def hue_factor(nuclei: np.ndarray, violet: np.ndarray, extents: np.ndarray, total: np.ndarray) -> np.ndarray:
    """1 where a nucleus is more violet than the rest of its cell, and LESS_VIOLET where it is less, (n,) float64.

    `extents` is `region_boxes` of the cells, which have that sum of `violet`, (n,).
    """
    n = total.size
    inside, stain = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for y in range(nuclei.shape[0]):
        for x in range(nuclei.shape[1]):
            c = nuclei[y, x] - 1
            if c >= 0:
                inside[c] += 1
                stain[c] += violet[y, x]
    factor = np.ones(n)
    for c in range(n):
        area = extents[c, 4]
        if area > inside[c] and stain[c] / max(inside[c], 1) < (total[c] - stain[c]) / (area - inside[c]):
            factor[c] = LESS_VIOLET
    return factor


@jit
def magenta(offset: np.ndarray) -> np.ndarray:
    """How magenta each pixel is for its darkness, a* over L*, (H, W) uint8: a hue, which pale chromatin shares with dark.

    `offset` is (H, W, 3) float32, L*a*b* less the empty slide; 255 is as much a* above the slide's as L* below it. Of each pixel and its
    eight neighbours the median counts; beyond the frame goes on what is at its edge. (OpenCV's median takes ten times as long in a narrow window.)
    """
    h, w, _ = offset.shape
    levels = np.empty((h, w), np.uint8)
    least, none, full = np.float32(LEAST_DARKNESS), np.float32(0), np.float32(255)
    for y in range(h):
        for x in range(w):
            levels[y, x] = np.uint8(min(max(full * offset[y, x, 1] / max(-offset[y, x, 0], least), none), full))
    out = np.empty((h, w), np.uint8)
    low, middle, high = np.empty(w + 2, np.uint8), np.empty(w + 2, np.uint8), np.empty(w + 2, np.uint8)
    for y in range(h):
        above, here, below = levels[max(y - 1, 0)], levels[y], levels[min(y + 1, h - 1)]
        for x in range(w):
            low[x + 1] = min(min(above[x], here[x]), below[x])
            middle[x + 1] = _median(above[x], here[x], below[x])
            high[x + 1] = max(max(above[x], here[x]), below[x])
        for column in (low, middle, high):
            column[0], column[w + 1] = column[1], column[w]
        for x in range(w):
            lowest, highest = max(max(low[x], low[x + 1]), low[x + 2]), min(min(high[x], high[x + 1]), high[x + 2])
            out[y, x] = _median(lowest, _median(middle[x], middle[x + 1], middle[x + 2]), highest)
    return out


@jit
def _median(a: np.uint8, b: np.uint8, c: np.uint8) -> np.uint8:
    """The middle one of three."""
    return max(min(a, b), min(max(a, b), c))
