"""How well a nucleus stands out in its cell: what tells its outline from the texture of its chromatin.

Where cytoplasm ends and a nucleus begins, colour changes along the whole outline more than it does from grain to grain of
the chromatin; and the outline of a nucleus, or of each lobe of it, is convex. What has the sharpness of texture is texture. Where
a nucleus reaches the outline of its cell it does not show whether it ends: the less of its outline runs within, the less it says.
"""

import numpy as np

from leukofeat.kernels.jit import jit
from leukofeat.kernels.regions.labels import separated
from leukofeat.opencv import cv2
from leukofeat.segmentation.leukocyte.neighbors import hull_counts

STRIP = 3  # pixels inside an outline that show the edge rather than what lies within
# pixels up to that distance, in 5 x 5 chamfer steps as of `cores.inner_distance`, and next neighbours: erosions take a tenth of the time of distances
_WITHIN_STRIP = np.pad(np.ones((5, 5), np.uint8), 1)
_WITHIN_STRIP[STRIP, [0, -1]] = _WITHIN_STRIP[[0, -1], STRIP] = 1
_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)
LEAST_INSIDE = 0.05  # share of a body that lies within, at least, or it is a ring or a thread and edge all over
LEAST_OUTLINE = 0.35  # length of outline, against the root of the area (3.5 all round), that says anything
LEAST_SHARE = 0.2  # share of its cell that a nucleus fills at least
ALL_NUCLEUS = 1.2  # evidence that any two parts have to have, or the cell is nucleus all over
# share of its outline that runs within the cell and counts in full: where less does, a nucleus is as good as the whole cell for the rest
TELLING = 0.5
GRAIN = 1.0  # edge strength of a body without texture, in L*a*b* units a pixel: the noise of the camera


def inner_part(labels: np.ndarray) -> np.ndarray:
    """Mask of what lies more than `STRIP` pixels inside each label, (H, W) uint8; the frame is not an edge."""
    return cv2.erode(separated(labels), _WITHIN_STRIP)


def outline_evidence(
    nuclei: np.ndarray, room: np.ndarray, edge: np.ndarray, extents: np.ndarray, *, fine: bool = True
) -> np.ndarray:
    """Sharpness of each nucleus' outline inside of its cell, against that of its texture, times its convexity; less for a speck.

    If `fine`, what goes beyond `ALL_NUCLEUS` counts in full where half of the outline or more runs inside of the cell, and in proportion where
    less does.

    Parameters
    ----------
    nuclei : (H, W) int32
        Nuclei 1..n.
    room : (H, W) uint8
        `inner_part` of the cells.
    edge : (H, W) float32
        Edge strength of the colours.
    extents : (n, 7) int64
        `leukofeat.kernels.regions.boxes.region_boxes` of the cells.

    Returns
    -------
    (n,) float64
        NaN where there is no nucleus, or none of its outline lies inside of the cell.
    """
    bodies = separated(nuclei)
    return _evidence(nuclei, cv2.erode(bodies, _CROSS), cv2.erode(bodies, _WITHIN_STRIP), room, edge, extents, fine)


@jit
def _evidence(
    nuclei: np.ndarray,
    clear: np.ndarray,
    inner: np.ndarray,
    room: np.ndarray,
    edge: np.ndarray,
    extents: np.ndarray,
    fine: bool,
) -> np.ndarray:
    """The evidence of `outline_evidence`; of nuclei, `clear` is what is not their outline, and `inner` their inner part, (H, W) uint8."""
    h, w = nuclei.shape
    n = extents.shape[0]
    # pixels and their edges, on the outline inside of the cell, in the inner part, and all; and pixels of the outline
    sums = np.zeros((n, 7))
    boxes = np.zeros((n, 4), np.int64)
    boxes[:, 0], boxes[:, 2] = h, w
    for y in range(h):
        for x in range(w):
            c = nuclei[y, x] - 1
            if c < 0:
                continue
            box, own = boxes[c], sums[c]
            box[0], box[1] = min(box[0], y), y + 1
            box[2], box[3] = min(box[2], x), max(box[3], x + 1)
            own[4] += 1
            own[5] += edge[y, x]
            if inner[y, x]:
                own[2] += 1
                own[3] += edge[y, x]
            elif not clear[y, x]:
                own[6] += 1
                if room[y, x]:
                    own[0] += 1
                    own[1] += edge[y, x]
    evidence = np.full(n, np.nan)
    for c in range(n):
        own, area = sums[c], sums[c, 4]
        if own[0] < max(LEAST_OUTLINE * np.sqrt(area), 1):
            continue
        inside = 2 if own[2] >= LEAST_INSIDE * area else 4
        texture = own[inside + 1] / max(own[inside], 1) + GRAIN
        filled, others, _, bad = hull_counts(nuclei, nuclei, c + 1, c + 1, boxes[c])
        small = min(1.0, area / (LEAST_SHARE * extents[c, 4]))
        value = own[1] / own[0] / texture * filled / max(1, filled + others + bad) * small
        if fine and value > ALL_NUCLEUS:
            value = ALL_NUCLEUS + min(1.0, own[0] / (TELLING * own[6])) * (value - ALL_NUCLEUS)
        evidence[c] = value
    return evidence
