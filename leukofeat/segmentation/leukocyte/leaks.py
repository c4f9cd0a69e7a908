"""What an outline that may have leaked into red cells has taken in."""

import numpy as np

from leukofeat.kernels.jit import jit
from leukofeat.segmentation.leukocyte.planes import PURE, Planes


@jit
def color_sums(
    planes: Planes, nuclei: np.ndarray, narrow: np.ndarray, wide: np.ndarray, n: int, pale: float, floor: int
) -> np.ndarray:
    """Sums of the colours of each cell's cytoplasm, of what a wider outline adds to it, and of the red cells.

    Parameters
    ----------
    planes : Planes
    nuclei, narrow, wide : (H, W) int32
        Nuclei 1..n, and two versions of their cells.
    n : int
        Number of cells.
    pale, floor : float, int
        Red cells are further than `pale` from the background, less azure than `floor`, and in no cell.

    Returns
    -------
    (3, n + 1, 4) float64
        Of cytoplasm, of what is added, and, in row 0, of all red cells: the offsets in L*, a*, b* and the number of pixels.
    """
    h, w = nuclei.shape
    sums = np.zeros((3, n + 1, 4))
    red = sums[2, 0]
    for y in range(h):
        for x in range(w):
            c = wide[y, x]
            if c == 0:
                if planes.azure[y, x] >= floor or planes.edge[y, x] >= PURE or planes.contrast[y, x] <= pale:
                    continue
                row = red
            elif nuclei[y, x] == 0:
                row = sums[0 if narrow[y, x] == c else 1, c]
            else:
                continue
            row[0] += planes.offset[y, x, 0]
            row[1] += planes.offset[y, x, 1]
            row[2] += planes.offset[y, x, 2]
            row[3] += 1
    return sums
