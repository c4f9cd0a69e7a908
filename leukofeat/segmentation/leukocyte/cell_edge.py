"""How much the colour changes across the outline of a cell: it differs to either side of a membrane, and goes on where an outline has leaked."""

import numpy as np

from leukofeat.kernels.jit import jit

REACH = 0.1  # radii of a cell to either side of its outline that are compared
LEAST_REACH, MOST_REACH = 2, 10  # pixels
LEAST_SIDE = 4  # pixels on either side that have a colour
LEAST_OUTLINE = 8  # pixels of an outline that tell anything
WEAKEST = 4  # the change at the weakest one in so many of the outline


@jit
def relative_steps(offset: np.ndarray, cells: np.ndarray, n: int) -> np.ndarray:
    """Change of colour across the outline of each cell where it is weakest (lower quartile), against its difference from the slide just inside.

    Outlines along other cells and along the frame are left out.

    Parameters
    ----------
    offset : (H, W, 3) float32
        L*a*b* minus that of the slide.
    cells : (H, W) int32
        1..n.
    n : int

    Returns
    -------
    (n,) float64
        0 where colour goes on unchanged, 1 where a cell ends on empty slide; NaN where hardly any outline faces what is no cell.
    """
    h, w = cells.shape
    area, length = np.zeros(n + 1, np.int64), np.zeros(n + 1, np.int64)
    for y in range(h):
        for x in range(w):
            c = cells[y, x]
            area[c] += 1
            length[c] += _is_outline(cells, y, x)
    steps = np.empty((n + 1, max(1, length[1:].max() if n else 1)))
    inside, seen = np.zeros(n + 1), np.zeros(n + 1, np.int64)
    side = np.empty((2, 4))
    for y in range(h):
        for x in range(w):
            c = cells[y, x]
            if not _is_outline(cells, y, x):
                continue
            reach = min(max(int(REACH * np.sqrt(area[c] / np.pi) + 0.5), LEAST_REACH), MOST_REACH)
            side[:] = 0
            for v in range(max(0, y - reach), min(h, y + reach + 1)):
                for u in range(max(0, x - reach), min(w, x + reach + 1)):
                    if cells[v, u] == c or cells[v, u] == 0:
                        one = side[0] if cells[v, u] == c else side[1]
                        one[0] += offset[v, u, 0]
                        one[1] += offset[v, u, 1]
                        one[2] += offset[v, u, 2]
                        one[3] += 1
            if min(side[0, 3], side[1, 3]) < LEAST_SIDE:
                continue
            step, stain = 0.0, 0.0
            for k in range(3):
                within = side[0, k] / side[0, 3]
                step += (within - side[1, k] / side[1, 3]) ** 2
                stain += within**2
            steps[c, seen[c]] = np.sqrt(step)
            inside[c] += np.sqrt(stain)
            seen[c] += 1
    relative = np.full(n, np.nan)
    for c in range(1, n + 1):
        if seen[c] >= LEAST_OUTLINE:
            ordered = np.sort(steps[c, : seen[c]])
            relative[c - 1] = ordered[seen[c] // WEAKEST] / max(inside[c] / seen[c], 1e-6)
    return relative


@jit
def _is_outline(cells: np.ndarray, y: int, x: int) -> bool:
    """Whether a pixel of a cell has a neighbour, above, below or beside, that is of no or another cell."""
    c = cells[y, x]
    if c == 0:
        return False
    h, w = cells.shape
    return bool(
        (y > 0 and cells[y - 1, x] != c)
        or (y < h - 1 and cells[y + 1, x] != c)
        or (x > 0 and cells[y, x - 1] != c)
        or (x < w - 1 and cells[y, x + 1] != c)
    )
