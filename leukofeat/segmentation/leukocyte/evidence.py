"""How well a nucleus stands out in its cell: what tells its outline from the texture of its chromatin.

Where cytoplasm ends and a nucleus begins, colour changes along the whole outline more than it does from grain to grain of
the chromatin; and the outline of a nucleus, or of each lobe of it, is convex. What has the sharpness of texture is texture. Where
a nucleus reaches the outline of its cell it does not show whether it ends: the less of its outline runs within, the less it says.
"""

import numpy as np

from leukofeat.kernels.jit import jit
from leukofeat.segmentation.leukocyte.bodies import BOX
from leukofeat.segmentation.leukocyte.cores import inner_distance
from leukofeat.segmentation.leukocyte.neighbors import hull_counts

STRIP = 3.0  # pixels inside an outline that show the edge rather than what lies within
LEAST_INSIDE = 0.05  # share of a body that lies within, at least, or it is a ring or a thread and edge all over
LEAST_OUTLINE = 0.35  # length of outline, against the root of the area (3.5 all round), that says anything
LEAST_SHARE = 0.2  # share of its cell that a nucleus fills at least
ALL_NUCLEUS = 1.2  # evidence that any two parts have to have, or the cell is nucleus all over
# share of its outline that runs within the cell and counts in full: where less does, a nucleus is as good as the whole cell for the rest
TELLING = 0.5
GRAIN = 1.0  # edge strength of a body without texture, in L*a*b* units a pixel: the noise of the camera


@jit
def _edge_sums(nuclei: np.ndarray, n: int, depth: np.ndarray, room: np.ndarray, edge: np.ndarray) -> np.ndarray:
    """Per nucleus 1..n: number and sum of edges of its outline inside of its cell, of what lies within, and of all of it; length of outline: (n, 7).

    `depth` is the distance inside each nucleus, `room` that inside each cell, in pixels.
    """
    h, w = nuclei.shape
    sums = np.zeros((n, 7))
    for y in range(h):
        for x in range(w):
            c = nuclei[y, x] - 1
            if c < 0:
                continue
            sums[c, 4] += 1
            sums[c, 5] += edge[y, x]
            if depth[y, x] > STRIP:
                sums[c, 2] += 1
                sums[c, 3] += edge[y, x]
            elif depth[y, x] < 1.2:
                sums[c, 6] += 1
                if room[y, x] > STRIP:
                    sums[c, 0] += 1
                    sums[c, 1] += edge[y, x]
    return sums


def outline_evidence(
    nuclei: np.ndarray, room: np.ndarray, edge: np.ndarray, table: np.ndarray, area: np.ndarray, *, fine: bool = True
) -> np.ndarray:
    """Sharpness of each nucleus' outline inside of its cell, against that of its texture, times its convexity; less for a speck.

    If `fine`, what goes beyond `ALL_NUCLEUS` counts in full where half of the outline or more runs inside of the cell, and in proportion where
    less does.

    Parameters
    ----------
    nuclei : (H, W) int32
        Nuclei 1..n.
    room : (H, W) float32
        Distance inside each cell to its outline, in pixels: `leukofeat.segmentation.leukocyte.cores.inner_distance`.
    edge : (H, W) float32
        Edge strength of the colours.
    table : (n, 7) int64
        `leukofeat.kernels.regions.boxes.region_boxes` of the nuclei.
    area : (n,) int64
        Pixels of the cells.

    Returns
    -------
    (n,) float64
        NaN where there is no nucleus, or none of its outline lies inside of the cell.
    """
    n = len(table)
    sums = _edge_sums(nuclei, n, inner_distance(nuclei), room, edge)
    evidence = np.full(n, np.nan)
    for i in np.flatnonzero(sums[:, 0] >= np.maximum(LEAST_OUTLINE * np.sqrt(table[:, 4]), 1)).tolist():
        inside = 2 if sums[i, 2] >= LEAST_INSIDE * sums[i, 4] else 4
        texture = sums[i, inside + 1] / max(sums[i, inside], 1) + GRAIN
        own, others, _, bad = hull_counts(nuclei, nuclei, i + 1, i + 1, table[i, BOX])
        small = min(1.0, table[i, 4] / (LEAST_SHARE * area[i]))
        value = sums[i, 1] / sums[i, 0] / texture * own / max(1, own + others + bad) * small
        if fine and value > ALL_NUCLEUS:
            value = ALL_NUCLEUS + min(1.0, sums[i, 0] / (TELLING * sums[i, 6])) * (value - ALL_NUCLEUS)
        evidence[i] = value
    return evidence
