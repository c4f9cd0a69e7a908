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
def color_sums(
    planes: Planes, nuclei: np.ndarray, narrow: np.ndarray, wide: np.ndarray, n: int, pale: float
) -> np.ndarray:
    """Sums of the colours of each cell's cytoplasm, of what a wider outline adds to it, and of the stained bodies in that.

    Parameters
    ----------
    planes : Planes
    nuclei, narrow, wide : (H, W) int32
        Nuclei 1..n, and two versions of their cells.
    n : int
        Number of cells.
    pale : float
        A stained body is further than this from the background, and not at an edge, where colours are mixed: as `red_sums` sees red cells.

    Returns
    -------
    (3, n + 1, 4) float64
        Of cytoplasm, of what is added, and of stained bodies in that: the offsets in L*, a*, b* and the number of pixels.
    """
    h, w = nuclei.shape
    sums = np.zeros((3, n + 1, 4))
    for y in range(h):
        for x in range(w):
            c = wide[y, x]
            if c > 0 and nuclei[y, x] == 0:
                added = narrow[y, x] != c
                body = added and planes.edge[y, x] < PURE and planes.contrast[y, x] > pale
                for k in range(1 if added else 0, 1 + added + body):
                    row = sums[k, c]
                    row[0] += planes.offset[y, x, 0]
                    row[1] += planes.offset[y, x, 1]
                    row[2] += planes.offset[y, x, 2]
                    row[3] += 1
    return sums


@jit
def without_leaks(bold: np.ndarray, shy: np.ndarray, leaked: np.ndarray) -> np.ndarray:
    """Bold cells, and shy ones where those have leaked, (H, W) int32.

    Parameters
    ----------
    bold, shy : (H, W) int32
        Two versions of cells 1..n.
    leaked : (n + 1,) bool
        Those whose bold version has leaked; 0 has not. What one has given up goes to no other cell, and it takes nothing from its neighbours.
    """
    h, w = bold.shape
    out = np.empty((h, w), np.int32)
    for y in range(h):
        for x in range(w):
            b, s = bold[y, x], shy[y, x]
            if leaked[b]:
                out[y, x] = b if s == b else 0
            else:
                out[y, x] = s if leaked[s] else b
    return out
