"""A region cut out of a plane: neighbours are then found by adding to a place."""

import numpy as np

from leukofeat.kernels.jit import jit


@jit
def crop_region(
    plane: np.ndarray,
    labels: np.ndarray,
    label: int,
    box: np.ndarray,
    frame: int,
    crop: np.ndarray,
    places: np.ndarray,
) -> int:
    """Copy a region to the flat `crop`, -1 outside it and on a frame around its box, and list its places in there.

    `box` is the region's row of ``region_boxes``; the width of the crop is returned.
    """
    r0, c0, r1, c1 = box[:4]
    width = c1 - c0 + 2 * frame
    crop[: (r1 - r0 + 2 * frame) * width] = -1
    m = 0
    for r in range(r0, r1):
        for c in range(c0, c1):
            if labels[r, c] == label:
                places[m] = (r - r0 + frame) * width + c - c0 + frame
                crop[places[m]] = plane[r, c]
                m += 1
    return width
