"""Split touching bodies at their necks: a watershed of the distance map with a relative depth criterion."""

import numpy as np

from leukofeat.kernels.jit import jit
from leukofeat.kernels.regions.union_find import find_root
from leukofeat.segmentation.leukocyte.flooding import framed, from_the_top, unframed

DEPTH_STEPS = 64  # per pixel of distance: the order in which pixels flood
LEAST_DEPTH = 1.0  # pixels by which a part is deeper than its neck, at least


def split_at_necks(labels: np.ndarray, distance: np.ndarray, neck: float) -> np.ndarray:
    """Cut labels where a passage is narrower than `neck` times the inscribed radius of the smaller part.

    Pixels flood from high to low distance; two floods that meet fuse unless both are deeper than the passage.

    Parameters
    ----------
    labels : (H, W) int32
        Labels, each taken by itself.
    distance : (H, W) float32
        Distance to the outside of each label.
    neck : float
        Relative width, under 1.

    Returns
    -------
    (H, W) int32
        Parts 1..n.
    """
    labels, depth = framed(labels), framed(distance)
    places = np.flatnonzero(labels > 0)
    order = from_the_top(places, (DEPTH_STEPS * depth.reshape(-1)[places]).astype(np.int32))
    return unframed(_flooded(labels, depth, order, neck))


@jit
def _flooded(labels: np.ndarray, distance: np.ndarray, order: np.ndarray, neck: float) -> np.ndarray:
    row = labels.shape[1]
    label, depth = labels.reshape(-1), distance.reshape(-1)
    n = order.size
    # parts are named after their deepest pixel, by its place in the order; -1 is not flooded yet, as is the frame
    region: np.ndarray = np.full(label.size, -1)
    parent = np.arange(n)
    peak = np.zeros(n, np.float32)
    for k in range(n):
        p = order[k]
        level = depth[p]
        best = -1
        steepest = -1
        ahead = np.float32(-1)
        before = -1
        for side in (row, -row, 1, -1, row + 1, row - 1, 1 - row, -row - 1):
            r = region[p + side]
            if r < 0 or label[p + side] != label[p]:
                continue
            other = depth[p + side]
            if r == before and other < ahead:
                continue
            before = r
            q = find_root(parent, r)
            # a pixel joins the part it lies on the slope of
            if other > ahead or (other == ahead and peak[q] > peak[steepest]):
                ahead = other
                steepest = q
            if best < 0:
                best = q
            elif q != best:
                low, high = (q, best) if peak[q] < peak[best] else (best, q)
                if level > neck * peak[low] or peak[low] - level < LEAST_DEPTH:
                    parent[low] = high
                best = high
        if best < 0:
            best = k
            peak[k] = level
        elif steepest != best:
            best = find_root(parent, steepest)
        region[p] = best
    out = np.zeros(label.size, np.int32)
    name = np.zeros(n, np.int32)
    count = 0
    for p in order:
        q = find_root(parent, region[p])
        if name[q] == 0:
            count += 1
            name[q] = count
        out[p] = name[q]
    return out.reshape(labels.shape)
