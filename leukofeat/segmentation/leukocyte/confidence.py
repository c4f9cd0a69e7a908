"""How sure each cell is: what stands out, all around, is convex and no larger than a cell can be has been outlined right."""

import numpy as np

from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.segmentation.leukocyte.bodies import BOX, Bodies
from leukofeat.segmentation.leukocyte.cell_edge import relative_steps
from leukofeat.segmentation.leukocyte.lobes import solidity

LARGEST_NUCLEUS = 2.3  # radius of a nucleus, in red cells, at most


SHARP = 0.35  # change of colour across the outline of a cell, as of `relative_steps`, from which on it is as sharp as that of any


def distinctness(evidence: np.ndarray, nuclei: Bodies, cells: np.ndarray, red: float) -> np.ndarray:
    """How sure each nucleus is, 0 to 1.

    Parameters
    ----------
    evidence : (n,) float64
        Of the nuclei: see `leukofeat.segmentation.leukocyte.evidence.outline_evidence`.
    nuclei : Bodies
    cells : (H, W) int32
        Cells 1..n.
    red : float
        Radius of the red cells in pixels, 0 where it is not known.

    Returns
    -------
    (n,) float64
        e / (1 + e) of the evidence e, times the convexity of the cell, times how much smaller the largest nucleus there is than
        this one, where this one is larger.
    """
    evidence = np.nan_to_num(evidence)
    boxes = region_boxes(cells, nuclei.n)[:, BOX]
    convex = np.array([solidity(cells, i + 1, i + 1, box) for i, box in enumerate(boxes)])
    most = np.pi * (LARGEST_NUCLEUS * red) ** 2
    size = np.minimum(1.0, most / np.maximum(nuclei.area, 1)) if red > 0 else 1.0
    return np.clip(evidence / (1 + evidence) * convex * size, 0.0, 1.0)


def sharpness(cells: np.ndarray, n: int, offset: np.ndarray) -> np.ndarray:
    """How sure the outline of each cell is, 0 to 1.

    Parameters
    ----------
    cells : (H, W) int32
        Cells 1..n.
    n : int
    offset : (H, W, 3) float32
        L*a*b* minus that of the slide.

    Returns
    -------
    (n,) float64
        Of the change of colour across it, the share of `SHARP`, but no more than 1; 1 where it faces other cells or the frame alone.
    """
    steps = relative_steps(offset, cells, n)
    return np.where(np.isnan(steps), 1.0, np.minimum(1.0, steps / SHARP))
