"""What an outline that may have leaked into red cells has taken in."""

import numpy as np

from leukofeat.kernels.jit import jit
from leukofeat.segmentation.leukocyte.planes import PURE, Planes


@jit
def red_sums(planes: Planes, cells: np.ndarray, pale: float, floor: int) -> np.ndarray:
    """Sums of the colours of the red cells.

    Parameters
    ----------
    planes : Planes
    cells : (H, W) int32
        Leukocytes.
    pale, floor : float, int
        Red cells are further than `pale` from the background, less azure than `floor`, and in no leukocyte.

    Returns
    -------
    (4,) float64
        The offsets in L*, a*, b* and the number of pixels.
    """
    h, w = cells.shape
    sums = np.zeros(4)
    for y in range(h):
        for x in range(w):
            if (
                cells[y, x] == 0
                and planes.azure[y, x] < floor
                and planes.edge[y, x] < PURE
                and planes.contrast[y, x] > pale
            ):
                sums[0] += planes.offset[y, x, 0]
                sums[1] += planes.offset[y, x, 1]
                sums[2] += planes.offset[y, x, 2]
                sums[3] += 1
    return sums


@jit
def color_sums(planes: Planes, nuclei: np.ndarray, narrow: np.ndarray, wide: np.ndarray, n: int) -> np.ndarray:
    """Sums of the colours of each cell's cytoplasm, and of what a wider outline adds to it.

    Parameters
    ----------
    planes : Planes
    nuclei, narrow, wide : (H, W) int32
        Nuclei 1..n, and two versions of their cells.
    n : int
        Number of cells.

    Returns
    -------
    (2, n + 1, 4) float64
        Of cytoplasm, and of what is added: the offsets in L*, a*, b* and the number of pixels.
    """
    h, w = nuclei.shape
    sums = np.zeros((2, n + 1, 4))
    for y in range(h):
        for x in range(w):
            c = wide[y, x]
            if c > 0 and nuclei[y, x] == 0:
                row = sums[0 if narrow[y, x] == c else 1, c]
                row[0] += planes.offset[y, x, 0]
                row[1] += planes.offset[y, x, 1]
                row[2] += planes.offset[y, x, 2]
                row[3] += 1
    return sums
