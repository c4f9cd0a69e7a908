"""Step six, in the end: nuclei of an image that was looked at reduced are outlined once more, as it is.

An outline that is enlarged from a smaller image is off by up to a pixel of that image. Within so much of it, each pixel is asked
anew on which side of the linear discriminant between the colours of nucleus and cytoplasm it lies, as in step five.
"""

import numpy as np

from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.opencv import cv2
from leukofeat.segmentation.leukocyte.bodies import BOX, around
from leukofeat.segmentation.leukocyte.nuclei import MARGIN, RIDGE, disc
from leukofeat.segmentation.leukocyte.nucleus_fit import discriminate


def refined(nuclei: np.ndarray, cells: np.ndarray, image: np.ndarray, scale: float) -> np.ndarray:
    """Nuclei with their outlines drawn anew at full size, (H, W) int32.

    Parameters
    ----------
    nuclei, cells : (H, W) int32
        Nucleus i in cell i, for i = 1..n, as they were enlarged. One that is nothing but outline stays as it is.
    image : (H, W, 3) uint8
        RGB.
    scale : float
        At which they were found, below 1.
    """
    extents = region_boxes(cells)
    n = len(extents)
    if n == 0:
        return nuclei
    window = around(extents[:, BOX], MARGIN)
    own, inside = (np.ascontiguousarray(labels[window]) for labels in (nuclei, cells))
    # 8-bit L*a*b*, in which lightness has two and a half times its length
    colors = cv2.cvtColor(np.ascontiguousarray(image[window]), cv2.COLOR_RGB2LAB).astype(np.float32)
    found = (own > 0).view(np.uint8)
    doubtful = cv2.morphologyEx(found, cv2.MORPH_GRADIENT, disc(1 / scale))
    mask = discriminate(colors, own, inside, inside, np.zeros(n + 1, np.bool_), 1 - doubtful, RIDGE)
    # the median takes single pixels off the outline
    mask = cv2.copyTo(cv2.medianBlur(cv2.copyTo(mask, doubtful, found.copy()), 3), doubtful, found)
    again = cv2.copyTo(inside, mask)
    gone = np.append(False, region_boxes(again, n)[:, 4] == 0)
    left = nuclei.copy()
    left[window] = np.where(gone[own], own, again) if gone.any() else again
    return left
