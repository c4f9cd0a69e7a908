"""Step six, in the end: the dark rim of a basophilic cell is cytoplasm where it lies against the nucleus, too.

Cytoplasm goes all around a nucleus. In blasts, promyelocytes and plasma cells it is deeply basophilic along the membrane,
darker than chromatin, and where the nucleus comes near the membrane both are one dark body to any threshold. The rim is told
by its depth under the outline of the cell: it is darker there, along much of the outline, than the grain of the chromatin explains.
"""

import numpy as np

from leukofeat.kernels.jit import jit
from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.opencv import cv2
from leukofeat.segmentation.leukocyte.bodies import BOX, around
from leukofeat.segmentation.leukocyte.cores import inner_distance

# a cell in layers, one under the other: the thickness of each, in radii of the cell, and their number, the last without end
LAYER, N_LAYERS = 0.015, 14
EDGE_LAYERS = 7  # in which a rim is darkest
MOST_LAYERS = 6.0  # that a rim takes: a tenth of the radius
# a rim counts the more, from not at all to wholly, the darker it is where it is darkest, in optical density in green beyond that
# inside of the nucleus and in standard deviations of the latter, the grain of its chromatin; and the more of the nucleus'
# circumference lies at the edge, as the tip of one may be chromatin
DARKER, ALONG = (1.2, 1.8), (0.2, 0.4)
FADED = 0.8  # share of that excess under which a rim ends
LEAST_GRAIN = 0.05  # of a nucleus without any
LEAST_IN_LAYER, LEAST_INSIDE = 8, 20  # pixels that have a mean
_DENSITY = -np.log10(np.arange(1, 257) / 256)  # base 10, of 8-bit levels, from one more so that 0 has one


def without_rims(nuclei: np.ndarray, cells: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Nuclei without the dark rims of their cells, (H, W) int32.

    Parameters
    ----------
    nuclei, cells : (H, W) int32
        Nucleus i in cell i, for i = 1..n.
    image : (H, W, 3) uint8
        RGB.
    """
    extents = region_boxes(cells)
    area = extents[:, 4]
    if area.size == 0:
        return nuclei
    window = around(extents[:, BOX], 1)
    inside, own = (np.ascontiguousarray(labels[window]) for labels in (cells, nuclei))
    room = inner_distance(inside)
    thickness = LAYER * np.sqrt(np.maximum(area, 1) / np.pi)
    green = cv2.medianBlur(cv2.extractChannel(image[window], 1), 3)
    depth = _rim_layers(_sum_layers(own, room, thickness, green, _DENSITY), thickness) * thickness
    if not depth.any():
        return nuclei
    left = nuclei.copy()
    left[window][room < np.append(0, depth)[own]] = 0
    return left


@jit
def _sum_layers(
    nuclei: np.ndarray, room: np.ndarray, thickness: np.ndarray, green: np.ndarray, density: np.ndarray
) -> np.ndarray:
    """Pixels of the nucleus in each layer of its cell, and the sums of their density and of its square: (n, N_LAYERS, 3)."""
    sums = np.zeros((thickness.size, N_LAYERS, 3))
    h, w = nuclei.shape
    for y in range(h):
        for x in range(w):
            c = nuclei[y, x] - 1
            if c >= 0:
                layer = sums[c, min(int(room[y, x] / thickness[c]), N_LAYERS - 1)]
                layer[0] += 1
                layer[1] += density[green[y, x]]
                layer[2] += density[green[y, x]] ** 2
    return sums


@jit
def _rim_layers(sums: np.ndarray, thickness: np.ndarray) -> np.ndarray:
    """How many layers the dark rim of each cell takes, 0 where it has none, from what `_sum_layers` says: (n,) float64."""
    layers = np.zeros(thickness.size)
    darker = np.zeros(N_LAYERS)
    for c in range(thickness.size):
        own, density = sums[c, :, 0], sums[c, :, 1]
        inside = own[-1]
        if inside < LEAST_INSIDE:
            continue
        mean = density[-1] / inside
        darkest = 0
        for k in range(N_LAYERS - 1):
            darker[k] = density[k] / own[k] - mean if own[k] >= LEAST_IN_LAYER else 0.0
            if k < EDGE_LAYERS and darker[k] > darker[darkest]:
                darkest = k
        grain = np.sqrt(max(sums[c, -1, 2] / inside - mean * mean, LEAST_GRAIN**2))
        along = own[:EDGE_LAYERS].sum() / (EDGE_LAYERS * thickness[c] * 2 * np.sqrt(np.pi * own.sum()))
        weight = _ramp(darker[darkest] / grain, DARKER) * _ramp(along, ALONG)
        if weight > 0:
            # between two layers; the last, which is the inside, is no darker than it is
            faded = FADED * darker[darkest]
            end = darkest + 1
            while darker[end] >= faded:
                end += 1
            layers[c] = weight * min(end - (faded - darker[end]) / (darker[end - 1] - darker[end]), MOST_LAYERS)
    return layers


@jit
def _ramp(value: float, ends: tuple[float, float]) -> float:
    """0 up to the first end, 1 from the second one on, and a line between them."""
    return min(max((value - ends[0]) / (ends[1] - ends[0]), 0.0), 1.0)
