"""Step five, nuclei: in each cell, what is darker in azure stain, and then what has the colour of it.

Chromatin takes up more azure dye than cytoplasm, which Otsu's threshold tells in each cell by itself. Where stain alone
is not enough, as in a basophilic cytoplasm, the linear discriminant between the colours of both (Fisher 1936) is.
"""

from functools import cache

import numpy as np

from leukofeat.opencv import cv2
from leukofeat.segmentation.leukocyte.nucleus_fit import discriminate, remove_specks, threshold_each
from leukofeat.segmentation.leukocyte.planes import Planes
from leukofeat.segmentation.leukocyte.stain import NO_EXCESS

RIM = 2.0  # width in pixels of the background around a cell that is all nucleus
OPENING = 0.08  # radius, in cell radii, of the opening that takes dark rims of cells off nuclei
SPECK, HOLE = 0.1, 0.06  # share of the nucleus under which a part of it is a speck, and a gap a hole
RIDGE = 30.0  # added to the colour variances: the noise of a JPEG


def draw_nuclei(cells: np.ndarray, cores: np.ndarray, planes: Planes) -> np.ndarray:
    """Nuclei inside cells: Otsu's threshold on the stain of each cell, then a linear discriminant on its colours.

    In a cell that is nearly all nucleus a rim around it counts as not nuclear, so that the contrast is that with the
    outside and not the texture of the chromatin. Returns (H, W) int32.
    """
    n = int(cells.max(initial=0))
    if n == 0:
        return np.zeros_like(cells)
    grown = cv2.dilate(cells.astype(np.uint16 if n < 1 << 16 else np.float32), _disc(RIM))
    regions = cv2.copyTo(cells, (cells > 0).view(np.uint8), grown.astype(np.int32))
    radius = np.sqrt(np.count_nonzero(cells) / n / np.pi)
    mask, full = threshold_each(planes.excess, regions, cells, n, NO_EXCESS)
    nuclei, _ = remove_specks(_smoothed(mask, radius), cells, n, SPECK, HOLE)
    mask = discriminate(planes.offset, nuclei, regions, cells, full, RIDGE)
    nuclei, area = remove_specks(_smoothed(mask, radius), cells, n, SPECK, HOLE)
    lost = area == 0
    if lost[1:].any():
        nuclei = np.where(lost[cores] & (cores == cells), cores, nuclei)
    return nuclei


@cache
def _disc(r: float) -> np.ndarray:
    k = int(np.ceil(r))
    y, x = np.ogrid[-k : k + 1, -k : k + 1]
    return (y * y + x * x <= r * r + 0.5).astype(np.uint8)


def _smoothed(mask: np.ndarray, radius: float) -> np.ndarray:
    """The (H, W) uint8 mask with smooth outlines and without the thin rims of cells."""
    # the median of 5 x 5
    mask = (cv2.boxFilter(mask, -1, (5, 5), normalize=False, borderType=cv2.BORDER_REPLICATE) > 12).astype(np.uint8)
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, _disc(OPENING * radius))
    return np.minimum(cv2.dilate(opened, _disc(1)), mask)
