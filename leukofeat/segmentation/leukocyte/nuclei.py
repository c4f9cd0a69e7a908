"""Step five, nuclei: in each cell, what is darker in azure stain, and then what has the colour of it.

Chromatin takes up more azure dye than cytoplasm, which Otsu's threshold tells in each cell by itself. Where stain alone
is not enough, as in a basophilic cytoplasm, the linear discriminant between the colours of both (Fisher 1936) is.

Whether a cell has two parts, and which of them is the nucleus, is asked of its outline (`evidence`). Where the answer is
doubtful other ones are heard: a nucleus paler than a dark rim of cytoplasm, in stain; a nucleus told by its violet hue, which
basophilic cytoplasm has not, however dark, or by how magenta it is for its darkness, which pale chromatin shares with dark; and a
cell that is nucleus all over.
"""

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from leukofeat.kernels.color.otsu import otsu_thresholds
from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.kernels.regions.labels import label_sums
from leukofeat.opencv import cv2
from leukofeat.segmentation.leukocyte.bodies import BOX, around
from leukofeat.segmentation.leukocyte.evidence import ALL_NUCLEUS, inner_part, outline_evidence
from leukofeat.segmentation.leukocyte.hues import hue_factor, magenta
from leukofeat.segmentation.leukocyte.nucleus_fit import discriminate, remove_specks, threshold_each
from leukofeat.segmentation.leukocyte.planes import Planes
from leukofeat.segmentation.leukocyte.stain import NO_EXCESS

MIXED = 1.5  # pixels on both sides of an outline that have colours of both
RIM = 4.0  # width in pixels of the background around a cell that its nucleus fills
MARGIN = int(RIM) + 1  # pixels around a cell that are looked at
OPENING = 0.08  # radius, in cell radii, of the opening that takes dark rims of cells off nuclei
SPECK, HOLE = 0.1, 0.06  # share of the nucleus under which a part of it is a speck, and a gap a hole
RIDGE = 30.0  # added to the colour variances: the noise of a JPEG
# evidence of a nucleus that is not doubted, and of one so small (radius in pixels) that neither texture nor a rim shows
CONVINCING, CONVINCING_SMALL, SMALL = 2.0, 1.2, 12.0
LIKE_NUCLEUS = 0.5  # stain, against that of the nucleus, that the rest of such a cell has at least


class Nuclei(NamedTuple):
    """Nuclei in their cells, and how well each stands out."""

    labels: np.ndarray  # (H, W) int32, nucleus i in cell i
    evidence: np.ndarray  # (n,) float64, see `outline_evidence`; ALL_NUCLEUS where a cell is nucleus all over


def draw_nuclei(cells: np.ndarray, cores: np.ndarray, planes: Planes, *, fine: bool = True) -> Nuclei:
    """Nuclei inside cells, by stain and colour; what is doubtful is decided by the outline.

    Parameters
    ----------
    cells, cores : (H, W) int32
        Cells 1..n, and the cores they were grown from, which stand in for a nucleus that is lost.
    planes : Planes
    fine : bool, default=True
        As of `outline_evidence`.
    """
    extents = region_boxes(cells)
    n = len(extents)
    if n == 0:
        return Nuclei(np.zeros_like(cells), np.zeros(0))
    window = around(extents[:, BOX], MARGIN)
    inside = planes.within(window)
    part, evidence = _drawn(np.ascontiguousarray(cells[window]), np.ascontiguousarray(cores[window]), inside, n, fine)
    nuclei = np.zeros_like(cells)
    nuclei[window] = part
    return Nuclei(nuclei, evidence)


def _drawn(cells: np.ndarray, cores: np.ndarray, planes: Planes, n: int, fine: bool) -> Nuclei:
    """Nuclei of cells 1..n, as `draw_nuclei` does it, in the window that holds the cells."""
    regions = with_rim(cells, n)
    radius = float(np.sqrt(np.count_nonzero(cells) / n / np.pi))
    mask, full = threshold_each(planes.excess, regions, cells, n, NO_EXCESS)
    nuclei = _tidied(mask, cells, n, radius)
    nuclei = _by_color(nuclei, cells, regions, full, planes.offset, radius)
    table = region_boxes(nuclei, n)
    lost = np.append(False, table[:, 4] == 0)
    if lost.any():
        nuclei = np.where(lost[cores] & (cores == cells), cores, nuclei)
        table = region_boxes(nuclei, n)
    extents = region_boxes(cells, n)
    evidence = outline_evidence(nuclei, inner_part(cells), planes.edge, extents, fine=fine)
    evidence *= hue_factor(nuclei, planes.violet, extents, label_sums(cells, extents, planes.violet))
    doubted = evidence < CONVINCING_SMALL
    doubted |= ~(evidence >= CONVINCING) & (table[:, 4] >= np.pi * SMALL**2)
    for i in np.flatnonzero(doubted).tolist():
        evidence[i] = _reconsider(nuclei, cells, planes, i + 1, extents[i, BOX], float(evidence[i]), fine)
    evidence[np.isnan(evidence) & (table[:, 4] > 0)] = ALL_NUCLEUS
    return Nuclei(nuclei, evidence)


def _reconsider(
    nuclei: np.ndarray, cells: np.ndarray, planes: Planes, i: int, box: np.ndarray, evidence: float, fine: bool
) -> float:
    """Give cell i the nucleus that has most evidence, in place, and return that evidence."""
    window = around(box[None], MARGIN)
    cell = (cells[window] == i).astype(np.int32)
    first = (nuclei[window] == i).astype(np.int32)
    # a nucleus whose outline is that of its cell is an answer, too: all nucleus
    best, chosen = (ALL_NUCLEUS if np.isnan(evidence) else evidence), first
    if best < ALL_NUCLEUS and _is_stained(planes.excess[window], first, cell):
        best, chosen = ALL_NUCLEUS, cell
    edge, violet = (np.ascontiguousarray(plane[window]) for plane in (planes.edge, planes.violet))
    room, extents = inner_part(cell), region_boxes(cell, 1)
    total = label_sums(cell, extents, violet)
    others = (cells[window] > 0) & (cell == 0)
    for mask in _other_nuclei(cell, others, planes, window):
        value = outline_evidence(mask, room, edge, extents, fine=fine)[0]
        value *= hue_factor(mask, violet, extents, total)[0]
        if value > best:
            best, chosen = float(value), mask
    if chosen is not first:
        part = nuclei[window]
        part[cell > 0] = chosen[cell > 0] * i
    return best


def _is_stained(excess: np.ndarray, nucleus: np.ndarray, cell: np.ndarray) -> bool:
    """Whether the rest of a cell has so much of the stain of its nucleus that it may be nucleus, too."""
    rest = excess[(cell > 0) & (nucleus == 0)]
    return rest.size > 0 and rest.mean() - NO_EXCESS >= LIKE_NUCLEUS * (excess[nucleus > 0].mean() - NO_EXCESS)


def _other_nuclei(
    cell: np.ndarray, others: np.ndarray, planes: Planes, window: tuple[slice, slice]
) -> Iterator[np.ndarray]:
    """Other nuclei that a cell may have, (H, W) int32 each: 0 and 1; `others` are the pixels of other cells."""
    inside = cell > 0
    radius = float(np.sqrt(np.count_nonzero(inside) / np.pi))
    regions, part = np.where(others, 0, with_rim(cell, 1)), np.zeros(2, np.bool_)
    offset = np.ascontiguousarray(planes.offset[window])
    for plane, n_classes in ((planes.excess[window], 3), (planes.violet[window], 2), (magenta(offset), 2)):
        # of three classes of stain the upper two: pale cytoplasm, nucleus, dark rim
        counts = cv2.calcHist([plane], [0], inside.view(np.uint8), [256], (0, 256)).ravel()
        cuts = otsu_thresholds(counts, n_classes)
        if cuts.size == 0:
            continue
        rough = _tidied(((plane > cuts[0]) & inside).view(np.uint8), cell, 1, radius)
        yield _by_color(rough, cell, regions, part, offset, radius)
        if n_classes == 2:
            yield rough


def _by_color(
    nuclei: np.ndarray, cells: np.ndarray, regions: np.ndarray, full: np.ndarray, offset: np.ndarray, radius: float
) -> np.ndarray:
    """Nuclei drawn anew by the linear discriminant between their colours and the others of their cells."""
    found = (nuclei > 0).view(np.uint8)
    mixed = cv2.morphologyEx(found, cv2.MORPH_GRADIENT, disc(MIXED))
    mask = discriminate(offset, nuclei, regions, cells, full, 1 - mixed, RIDGE)
    return _tidied(mask, cells, full.size - 1, radius)


def with_rim(cells: np.ndarray, n: int) -> np.ndarray:
    """Cells with a rim of background, (H, W) int32."""
    grown = cv2.dilate(cells.astype(np.uint16 if n < 1 << 16 else np.float32), disc(RIM))
    return cv2.copyTo(cells, (cells > 0).view(np.uint8), grown.astype(np.int32))


def disc(r: float) -> np.ndarray:
    """Pixels up to a radius from the middle one, (2 k + 1, 2 k + 1) uint8."""
    return _disc(math.ceil(r), int(r * r + 0.5))


@lru_cache(maxsize=64)  # radii are any number, and processes long-lived; few of them differ in whole numbers
def _disc(k: int, square: int) -> np.ndarray:
    y, x = np.ogrid[-k : k + 1, -k : k + 1]
    return (y * y + x * x <= square).astype(np.uint8)


def _tidied(mask: np.ndarray, cells: np.ndarray, n: int, radius: float) -> np.ndarray:
    """Nuclei from a (H, W) uint8 mask: smooth outlines, no thin rims of cells, no specks and no small holes."""
    # the median of 5 x 5
    neighbors = cv2.boxFilter(mask, -1, (5, 5), normalize=False, borderType=cv2.BORDER_REPLICATE)
    mask = (neighbors > 12).view(np.uint8)
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, disc(OPENING * radius))
    smooth = cv2.min(cv2.dilate(opened, disc(1)), mask)
    return remove_specks(smooth, cells, n, SPECK, HOLE)
