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
    left = nuclei.copy()
    for i, box in enumerate(region_boxes(cells)[:, BOX], start=1):
        window = around(box[None], MARGIN)
        cell, nucleus = ((labels[window] == i).view(np.uint8) for labels in (cells, nuclei))
        again = _refined(nucleus, cell, image[window], 1 / scale)
        if again.any():
            left[window][cell > 0] = np.where(again[cell > 0], i, 0)
    return left


def _refined(nucleus: np.ndarray, cell: np.ndarray, image: np.ndarray, reach: float) -> np.ndarray:
    """Mask of one nucleus whose outline may move by `reach` pixels, (h, w) uint8; those of the cell and of the nucleus are, too."""
    doubtful = cv2.morphologyEx(nucleus, cv2.MORPH_GRADIENT, disc(reach))
    # 8-bit L*a*b*, in which lightness has two and a half times its length
    colors = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2LAB).astype(np.float32)
    own, inside = nucleus.astype(np.int32), cell.astype(np.int32)
    mask = discriminate(colors, own, inside, inside, np.zeros(2, np.bool_), 1 - doubtful, RIDGE)
    # the median takes single pixels off the outline
    mask = cv2.medianBlur(cv2.copyTo(mask, doubtful, nucleus.copy()), 3)
    return cv2.min(cv2.copyTo(mask, doubtful, nucleus.copy()), cell)
