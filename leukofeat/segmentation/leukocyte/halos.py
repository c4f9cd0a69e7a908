"""Halos that were taken for cytoplasm: stain that burst granules have let out, plasma, or the slide itself, around a cell that is all nucleus.

Cytoplasm is protein and RNA within a membrane: it holds stain, up to an edge. A halo holds next to none, and fades.
"""

import numpy as np

from leukofeat.kernels.jit import jit
from leukofeat.opencv import cv2
from leukofeat.segmentation.leukocyte.bodies import around
from leukofeat.segmentation.leukocyte.cell_fit import Seeds
from leukofeat.segmentation.leukocyte.planes import PALE, Planes

# a halo differs from the slide by less than this in the mean (in L*a*b* units), also relative to the nucleus
COLOR, SHARE = 9.0, 0.13
FADING = 0.65  # and by less of that just inside its outline than just outside: 1 for what is even, a third for what fades evenly
LEAST = 0.05  # share of a cell that is worth a look
BLUR = 2.5  # pixels around a nucleus that its colour reaches
# bands to both sides of an outline that are compared: pixels from it, but for the nearest, and how many each has at least
BAND, LEAST_BAND = 3, 8


@jit
def partly_pale(contrast: np.ndarray, cells: np.ndarray, distance: np.ndarray, n: int) -> np.ndarray:
    """Whether so much of each cell is hardly stained that it is worth a look.

    Parameters
    ----------
    contrast : (H, W) float32
        Colour difference from the background.
    cells : (H, W) int32
        1..n.
    distance : (H, W) float32
        Pixels to the nearest nucleus: what it blurs is left out.
    n : int
        Number of cells.

    Returns
    -------
    (n + 1,) bool
        That of label 0, and of cells without pixels, is False.
    """
    counts = np.zeros((2, n + 1))
    for y in range(cells.shape[0]):
        for x in range(cells.shape[1]):
            c = cells[y, x]
            if c > 0:
                counts[0, c] += 1
                counts[1, c] += contrast[y, x] < PALE and distance[y, x] > BLUR
    return counts[1] > LEAST * counts[0]


def hold_halos(planes: Planes, seeds: Seeds, cells: np.ndarray, tight: np.ndarray, pale: np.ndarray) -> np.ndarray:
    """Whether what tight outlines of cells would give up is a halo, (n + 1,) bool; that of label 0 is none.

    Parameters
    ----------
    planes : Planes
    seeds : Seeds
    cells, tight : (H, W) int32
        Cells 1..n around the nuclei of the seeds, and their tight outlines.
    pale : (n + 1,) bool
        Cells that are looked at: see `partly_pale`.
    """
    halo = np.zeros_like(pale)
    for c in np.flatnonzero(pale):
        window = around(seeds.boxes[c - 1 : c], 0)
        cell = cells[window] == c
        given_up = cell & (tight[window] != c) & (seeds.distance[window] > BLUR)
        contrast = planes.contrast[window]
        faint = min(COLOR, SHARE * contrast[seeds.nuclei[window] == c].mean())
        halo[c] = (
            np.count_nonzero(given_up) > LEAST * np.count_nonzero(cell)
            and (color := contrast[given_up].mean()) < faint
            and _drop(contrast, cell, given_up, cells[window] > 0) < FADING * color
        )
    return halo


def _drop(contrast: np.ndarray, cell: np.ndarray, part: np.ndarray, cells: np.ndarray) -> float:
    """By how much the contrast falls from just inside the outline of a cell, where that is of `part`, to just outside; infinite where there is hardly such a place."""
    near, far = np.ones((3, 3), np.uint8), np.ones((2 * BAND + 1, 2 * BAND + 1), np.uint8)
    mask = cell.view(np.uint8)
    inside = part & (cv2.erode(mask, near) > cv2.erode(mask, far))
    outside = (cv2.dilate(part.view(np.uint8), far) > cv2.dilate(mask, near)) & ~cells
    if min(np.count_nonzero(inside), np.count_nonzero(outside)) < LEAST_BAND:
        return np.inf
    return float(contrast[inside].mean() - contrast[outside].mean())
