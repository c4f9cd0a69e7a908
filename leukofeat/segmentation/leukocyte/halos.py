"""Halos that were taken for cytoplasm: stain that burst granules have let out, plasma, or the slide itself, around a cell that is all nucleus.

Cytoplasm is protein and RNA within a membrane: it holds stain, evenly up to an edge. A halo holds next to none, and fades.
"""

import numpy as np

from leukofeat.kernels.jit import jit
from leukofeat.opencv import cv2
from leukofeat.segmentation.leukocyte.bodies import around
from leukofeat.segmentation.leukocyte.cell_fit import Seeds
from leukofeat.segmentation.leukocyte.planes import Planes

# a halo differs from the slide by less than this in the mean (in L*a*b* units), also relative to the nucleus
COLOR, SHARE = 10.0, 0.13
FADING = 0.65  # and by less of that just inside its outline than just outside: 1 for an even cytoplasm, a third for what fades evenly
BLUR = 2.5  # pixels around a nucleus that its colour reaches
BAND, LEAST_BAND = (
    3,
    8,
)  # pixels to both sides of an outline that are compared, but for the nearest; and how many there have to be
LEAST = 0.05  # share of a cell that is worth a look


def hold_halos(planes: Planes, seeds: Seeds, cells: np.ndarray) -> np.ndarray:
    """Whether what would be the cytoplasm of each cell is a halo, (n + 1,) bool; that of label 0 is none.

    Parameters
    ----------
    planes : Planes
    seeds : Seeds
    cells : (H, W) int32
        Cells 1..n around the nuclei of the seeds.
    """
    n = seeds.radius.size
    sums = contrast_sums(planes.contrast, seeds.nuclei, cells, seeds.distance, n, BLUR)
    (nucleus, cytoplasm), area = sums[..., 0] / np.maximum(sums[..., 1], 1), sums[..., 1]
    halo = (cytoplasm < np.minimum(COLOR, SHARE * nucleus)) & (area[1] > LEAST * area.sum(axis=0))
    for c in np.flatnonzero(halo):
        halo[c] = _drop(planes, seeds, cells, c) < FADING * cytoplasm[c]
    return halo


def _drop(planes: Planes, seeds: Seeds, cells: np.ndarray, c: int) -> float:
    """By how much the contrast falls from just inside the outline of cell c to just outside, away from nuclei and other cells; infinite where there is hardly such a place."""
    window = around(seeds.boxes[c - 1 : c], 0)
    cell = (cells[window] == c).view(np.uint8)
    near, far = np.ones((3, 3), np.uint8), np.ones((2 * BAND + 1, 2 * BAND + 1), np.uint8)
    pale = seeds.distance[window] > BLUR + 1.5
    inside = pale & (cv2.erode(cell, near) > cv2.erode(cell, far))
    outside = pale & (cv2.dilate(cell, far) > cv2.dilate(cell, near)) & (cells[window] == 0)
    if min(np.count_nonzero(inside), np.count_nonzero(outside)) < LEAST_BAND:
        return np.inf
    contrast = planes.contrast[window]
    return float(contrast[inside].mean() - contrast[outside].mean())


@jit
def contrast_sums(
    contrast: np.ndarray, nuclei: np.ndarray, cells: np.ndarray, distance: np.ndarray, n: int, blur: float
) -> np.ndarray:
    """Sums of the contrast of each cell's nucleus, and of its cytoplasm beyond the blur of the nucleus.

    Parameters
    ----------
    contrast : (H, W) float32
        Colour difference from the background.
    nuclei, cells : (H, W) int32
        1..n.
    distance : (H, W) float32
        Pixels to the nearest nucleus.
    n : int
        Number of cells.
    blur : float
        Pixels up to which the colour of a nucleus reaches.

    Returns
    -------
    (2, n + 1, 2) float64
        Of nucleus and cytoplasm: the sum, and the number of pixels. Those of label 0 are none.
    """
    h, w = nuclei.shape
    sums = np.zeros((2, n + 1, 2))
    for y in range(h):
        for x in range(w):
            c = cells[y, x]
            if c > 0:
                inside = nuclei[y, x] == c
                if inside or distance[y, x] > blur:
                    k = 0 if inside else 1
                    sums[k, c, 0] += contrast[y, x]
                    sums[k, c, 1] += 1
    return sums
