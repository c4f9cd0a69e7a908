"""Compile the second half of the segmentation by itself, for a process that begins at the end."""

import numpy as np

from leukofeat.opencv import cv2
from leukofeat.segmentation.leukocyte.bodies import Bodies
from leukofeat.segmentation.leukocyte.cells import settle_cells
from leukofeat.segmentation.leukocyte.nuclei import draw_nuclei
from leukofeat.segmentation.leukocyte.planes import PALE, Planes


def compile_outlines() -> None:
    """Grow a cell and draw its nucleus on planes of red all over, which spares the kernels that make them."""
    nuclei = cv2.circle(np.zeros((48, 48), np.int32), (24, 24), 9, 1, -1)
    real, gray, bins = (np.zeros(nuclei.shape, dtype) for dtype in (np.float32, np.uint8, np.uint16))
    planes = Planes(np.zeros((*nuclei.shape, 3), np.float32), real + np.float32(2 * PALE), gray, gray, gray, bins, real)
    draw_nuclei(settle_cells(Bodies.measure(nuclei, gray), planes), nuclei, planes)
