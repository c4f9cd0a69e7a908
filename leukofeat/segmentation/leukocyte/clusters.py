"""Clusters: cores larger than any nucleus are several, which lie cell to cell.

Where two cells touch, two membranes and a little cytoplasm lie between their nuclei: a line paler in azure stain than both, much
longer than any gap in chromatin. Cells are cut along such lines, and only in cores that the red cells beside them show to be larger than
a nucleus can be: in a folded nucleus there are pale lines, too.
"""

from collections.abc import Callable
from heapq import heapify, heappop, heappush

import numpy as np

from leukofeat.kernels.regions.labels import nearest_label
from leukofeat.opencv import cv2
from leukofeat.scale.record import Scale
from leukofeat.segmentation.leukocyte.bodies import Bodies, keep_labels
from leukofeat.segmentation.leukocyte.cores import NECK, inner_distance
from leukofeat.segmentation.leukocyte.lobes import ROUGH, Limits, tells_size
from leukofeat.segmentation.leukocyte.necks import split_at_necks
from leukofeat.segmentation.leukocyte.planes import Planes

# lengths are in radii of red cells
LARGEST = 2.6  # radius of a nucleus at most: of the disc of its area, 19 micrometres wide
SUPPOSED = 2.7  # radius of what may be a cluster where red cells tell no size: little more than the largest nucleus
ROUGHEST = 0.5  # relative error of their size up to which it tells of what is several beyond doubt; of a cluster, it does up to ROUGH
SEVERAL = 3.0  # radius from which on there are several beyond doubt
TYPICAL_NUCLEUS = 2.0  # radius of the nuclei in a cluster, for which the image is reduced
WIDTH = 0.3  # half the width of a pale line at most
BLUR = 0.06  # smoothing before lines are looked for
SHORTEST = 1.0  # extent of a line at least
FRAGMENT = 0.7  # radius under which a part is no nucleus
# how much paler a line is, against the texture on both sides, at least: between nuclei; around what is too small for one; and between
# what would be several beyond doubt together
DISTINCT, DISTINCT_SMALL, DISTINCT_LARGE = 1.5, 3.0, 1.15
LINE_REACH = 5  # pixels, the width of the window around a boundary in which its line may lie


def red_cells_of_cluster(solid: Bodies, limits: Limits, scale: Callable[[], Scale], *, suppose: bool) -> float:
    """Radius of the red cells, in pixels of the planes, against which the largest body is more than one nucleus; 0 where it is not.

    Where nothing tells how large red cells are, a body that the frame cuts is supposed to be more than a nucleus: in a crop around a cell it
    is a neighbour, or the cell and a neighbour. It is cut where there is a line between two, and only there. Nothing is to `suppose` in a
    part of a field, whose frame cuts something everywhere, or where the size of nuclei is given.
    """
    if solid.n == 0:
        return 0.0
    largest = int(np.argmax(solid.area))
    radius = float(solid.radius[largest])
    if limits.red > 0:
        known = limits.sure or tells_size(scale(), ROUGH)
        several = radius > SEVERAL * limits.red and tells_size(scale(), ROUGHEST)
        if several or (known and radius > LARGEST * limits.red):
            return limits.red
        if known:
            return 0.0
    if suppose and limits.stain == np.inf and solid.cut[largest] and not tells_size(scale(), ROUGH):
        return radius / SUPPOSED
    return 0.0


def split_clusters(cores: np.ndarray, planes: Planes, red: float) -> np.ndarray:
    """Cut cores that are larger than a nucleus along the pale lines between cells.

    Parameters
    ----------
    cores : (H, W) int32
        Cores 1..n.
    planes : Planes
    red : float
        Radius of a red cell in pixels.

    Returns
    -------
    (H, W) int32
        Cores 1..m; no pixel of a core is lost.
    """
    bodies = Bodies.measure(cores, planes.azure)
    large = bodies.radius > LARGEST * red
    if not large.any():
        return cores
    cluster = np.append(False, large)[cores]
    depth = pale_lines(planes.azure, red)
    parts = _rough_parts(cluster, depth, red)
    if parts.max() < 2:
        return cores
    near = np.where(cluster, nearest_label(parts)[0], 0)
    near = _without_faint_boundaries(near, cv2.dilate(depth, np.ones((LINE_REACH, LINE_REACH), np.uint8)), red)
    others = keep_labels(cores, ~large)
    return np.where(cluster, near + others.max(), others).astype(np.int32)


def pale_lines(azure: np.ndarray, red: float) -> np.ndarray:
    """How much paler each pixel is than both sides of it, (H, W) uint8: the black-hat of the stain."""
    side = 2 * max(1, round(WIDTH * red)) + 1
    smooth = cv2.GaussianBlur(azure, (0, 0), max(0.3, BLUR * red))
    return cv2.morphologyEx(smooth, cv2.MORPH_BLACKHAT, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))


def _rough_parts(cluster: np.ndarray, depth: np.ndarray, red: float) -> np.ndarray:
    """Parts of a cluster between its longer pale lines and at its necks, (H, W) int32: too many rather than too few."""
    least = cv2.threshold(depth[cluster].reshape(1, -1), 0, 255, cv2.THRESH_OTSU)[0]
    lines = ((depth > least) & cluster).astype(np.uint8)
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(lines, connectivity=8)
    long = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]) > SHORTEST * red
    long[0] = False
    rest = cv2.connectedComponents((cluster & ~long[pieces]).astype(np.uint8), connectivity=4)[1]
    return split_at_necks(rest, inner_distance(rest), NECK)


def _without_faint_boundaries(parts: np.ndarray, depth: np.ndarray, red: float) -> np.ndarray:
    """Join parts 1..n over the faintest boundary between two, until all that are left are distinct lines."""
    n = int(parts.max())
    area = np.bincount(parts.ravel(), minlength=n + 1).tolist()
    texture = np.bincount(parts.ravel(), depth.ravel(), n + 1).tolist()
    beside = _boundaries(parts, depth, n)
    several, fragment = np.pi * (SEVERAL * red) ** 2, np.pi * (FRAGMENT * red) ** 2

    def distinctness(i: int, j: int) -> float:
        """How much paler the boundary is than what is within, against what is wanted of one."""
        wanted = DISTINCT_LARGE if area[i] + area[j] > several else DISTINCT
        wanted = DISTINCT_SMALL if min(area[i], area[j]) < fragment else wanted
        line, length = beside[i][j]
        within = (texture[i] + texture[j]) / (area[i] + area[j])
        return line / length / (within + 1) / wanted  # one grey level more, where there is no texture

    name, joins = np.arange(n + 1), [0] * (n + 1)
    queue = [(distinctness(i, j), i, j, 0) for i in range(1, n + 1) for j in beside[i] if i < j]
    heapify(queue)
    while queue and queue[0][0] < 1:
        _, i, j, known = heappop(queue)
        if j not in beside[i] or joins[i] + joins[j] != known:
            continue  # of parts that have been joined since
        area[i] += area[j]
        texture[i] += texture[j]
        joins[i] += joins[j] + 1
        name[name == j] = i
        for k, (line, length) in beside[j].items():
            del beside[k][j]
            if k != i:
                before = beside[i].get(k, (0.0, 0))
                beside[i][k] = beside[k][i] = (before[0] + line, before[1] + length)
        beside[j] = {}
        for k in beside[i]:
            a, b = min(i, k), max(i, k)
            heappush(queue, (distinctness(a, b), a, b, joins[a] + joins[b]))
    return np.unique(name, return_inverse=True)[1][parts]


def _boundaries(parts: np.ndarray, depth: np.ndarray, n: int) -> list[dict[int, tuple[float, int]]]:
    """Of each of parts 0..n, those that touch it: the sum of `depth` along the boundary, and its length in pixels."""
    pairs, values = [], []
    for here, there, value in (parts[1:], parts[:-1], depth[1:]), (parts[:, 1:], parts[:, :-1], depth[:, 1:]):
        touch = (here != there) & (here > 0) & (there > 0)
        pairs.append(np.stack([here[touch], there[touch]]))
        values.append(value[touch])
    first, second = np.sort(np.concatenate(pairs, axis=1), axis=0).astype(np.int64)
    both, place = np.unique(first * (n + 1) + second, return_inverse=True)
    line, length = np.bincount(place, np.concatenate(values), both.size), np.bincount(place, minlength=both.size)
    beside: list[dict[int, tuple[float, int]]] = [{} for _ in range(n + 1)]
    for pair, total, pixels in zip(both.tolist(), line.tolist(), length.tolist(), strict=True):
        i, j = divmod(pair, n + 1)
        beside[i][j] = beside[j][i] = (total, pixels)
    return beside
