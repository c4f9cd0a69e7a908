"""Red cells as the yardstick of an image: the radius of the discs that fill what is stained but not azure.

A red cell is 7 to 8 micrometres wide wherever blood is smeared. A nucleus is one to two and a half times as wide, a lobe of
one less than a red cell, a platelet less than a nucleus; what is larger than any nucleus is several.
"""

import numpy as np

from leukofeat.kernels.jit import jit
from leukofeat.opencv import cv2
from leukofeat.segmentation.leukocyte.planes import AZURE_FLOOR, PALE, Planes

COVER = 0.1  # share of what is outside of cells that red cells have to fill to be measured by
WIDEST = 2.3  # inscribed radius of a nucleus, in red cells, at most
LEAST_DEPTH = 2.0  # pixels of the radius of a disc at least
TYPICAL = 0.6  # quantile, by area, of the discs' radii that counts: the frame and neighbours cut many of them
ALIKE = (0.75, 1.33)  # discs of such radii, against the typical one, are whole red cells
# so many of them, and this share of what is stained in them, or it is not red cells that are seen
FEW, EXPLAINED = 3, 0.45
# a disc no nearer to the frame than this, in its own radii, is that of a cell; the frame may leave a slice of one only, which is narrower
SEEN = 0.8


def red_cell_radius(planes: Planes, cells: np.ndarray) -> tuple[float, bool]:
    """Radius of the red cells in pixels, 0 where there are none or they are not told apart, and whether it is that of whole ones.

    It is that of the largest discs that fit between the outlines of what is stained, not azure and in none of the `cells`,
    (H, W) int32; pallors are filled, and no two discs hold each other's middle. A core of larger inscribed radius than `WIDEST`
    of these contradicts it. Unless `FEW` such discs lie clear of the frame they may be slices, and the red cells larger.
    """
    red = cv2.bitwise_and(
        cv2.compare(planes.azure, AZURE_FLOOR, cv2.CMP_LT), cv2.compare(planes.contrast, PALE, cv2.CMP_GT)
    )
    red[cells > 0] = 0
    area = cv2.countNonZero(red)
    if area < COVER * (red.size - cv2.countNonZero(cells)):
        return 0.0, False
    red, area = _without_pallor(red, planes.azure)
    if area == red.size:
        return 0.0, False
    depth = cv2.distanceTransform(red, cv2.DIST_L2, 5)
    top = cv2.dilate(depth, np.ones((5, 5), np.uint8))
    y, x = np.nonzero((depth >= top) & (depth > LEAST_DEPTH))
    radius = depth[y, x].astype(np.float64)
    order = np.argsort(-radius, kind="stable")
    order = order[_apart(y[order], x[order], radius[order])[::-1]]
    y, x, radius = y[order], x[order], radius[order]
    if radius.size == 0:
        return 0.0, False
    share = np.cumsum(radius**2)
    typical = float(radius[np.searchsorted(share, TYPICAL * share[-1])])
    alike = (radius > ALIKE[0] * typical) & (radius < ALIKE[1] * typical)
    if alike.sum() < FEW or np.pi * (radius[alike] ** 2).sum() < EXPLAINED * area:
        return 0.0, False
    h, w = red.shape
    seen = np.minimum.reduce([y + 1, h - y, x + 1, w - x]) >= SEEN * radius
    return typical, bool((seen & (radius > ALIKE[0] * typical)).sum() >= FEW)


def _without_pallor(red: np.ndarray, azure: np.ndarray) -> tuple[np.ndarray, int]:
    """The (H, W) uint8 mask with holes filled in which no azure is, and its area."""
    n, gaps = cv2.connectedComponents(cv2.bitwise_not(red), connectivity=4)
    filled = np.ones(n, bool)
    for edge in gaps[0], gaps[-1], gaps[:, 0], gaps[:, -1], gaps[azure >= AZURE_FLOOR]:
        filled[edge] = False
    filled[0] = True  # what is red is no gap
    mask = filled[gaps].view(np.uint8)
    return mask, cv2.countNonZero(mask)


@jit
def _apart(y: np.ndarray, x: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Which of the discs, largest first, have their middle in no larger one."""
    kept = np.empty(radius.size, np.int64)
    n = 0
    for i in range(radius.size):
        apart = True
        for j in kept[:n]:
            if (y[i] - y[j]) ** 2 + (x[i] - x[j]) ** 2 <= radius[j] ** 2:
                apart = False
                break
        if apart:
            kept[n] = i
            n += 1
    return kept[:n]
