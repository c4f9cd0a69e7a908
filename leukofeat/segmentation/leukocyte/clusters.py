"""Clusters: cores larger than any nucleus are several, which lie cell to cell.

Where two cells touch, two membranes and a little cytoplasm lie between their nuclei: a line paler in azure stain than both, much
longer than any gap in chromatin. Cells are cut along such lines, and only in cores that the red cells beside them show to be larger than
a nucleus can be: in a folded nucleus there are pale lines, too.
"""

import numpy as np

from leukofeat.kernels.regions.labels import nearest_label
from leukofeat.opencv import cv2
from leukofeat.segmentation.leukocyte.bodies import Bodies, keep_labels
from leukofeat.segmentation.leukocyte.cores import NECK, inner_distance
from leukofeat.segmentation.leukocyte.necks import split_at_necks
from leukofeat.segmentation.leukocyte.planes import Planes

# lengths are in radii of red cells
LARGEST = 2.6  # radius of a nucleus at most: of the disc of its area, 19 micrometres wide
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
    area = np.bincount(parts.ravel(), minlength=n + 1).astype(np.float64)
    texture = np.bincount(parts.ravel(), depth.ravel(), n + 1)
    line, length = _boundaries(parts, depth, n)
    name = np.arange(n + 1)
    while length.any():
        i, j = np.nonzero(length)
        within = (texture[i] + texture[j]) / (area[i] + area[j])
        wanted = np.full(i.size, DISTINCT)
        wanted[area[i] + area[j] > np.pi * (SEVERAL * red) ** 2] = DISTINCT_LARGE
        wanted[np.minimum(area[i], area[j]) < np.pi * (FRAGMENT * red) ** 2] = DISTINCT_SMALL
        # one grey level more, where there is no texture
        distinct = line[i, j] / length[i, j] / (within + 1) / wanted
        k = int(np.argmin(distinct))
        if distinct[k] >= 1:
            break
        a, b = i[k], j[k]
        for total in line, length:
            total[a] += total[b]
            total[:, a] += total[:, b]
            total[b] = total[:, b] = 0
            total[a, a] = 0
        area[a] += area[b]
        texture[a] += texture[b]
        name[name == b] = a
    return np.unique(name, return_inverse=True)[1][parts]


def _boundaries(parts: np.ndarray, depth: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Sum of `depth` along the boundary of each two of parts 1..n, and its length in pixels, (n + 1, n + 1) float64 each."""
    sums = np.zeros((2, (n + 1) ** 2))
    for here, there, value in (parts[1:], parts[:-1], depth[1:]), (parts[:, 1:], parts[:, :-1], depth[:, 1:]):
        touch = (here != there) & (here > 0) & (there > 0)
        pair = here[touch] * (n + 1) + there[touch]
        sums[0] += np.bincount(pair, value[touch], sums.shape[1])
        sums[1] += np.bincount(pair, minlength=sums.shape[1])
    line, length = sums.reshape(2, n + 1, n + 1)
    return line + line.T, length + length.T
