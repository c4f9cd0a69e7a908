"""Step four, lobes: cores that are one nucleus are joined.

The lobes of a segmented nucleus lie in one cell: the gaps in their common hull are cytoplasm, and the cell around them
has no waist. Together they hold no more stain, which is DNA, than the solitary nuclei of the field.
"""

import numpy as np

from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.kernels.regions.labels import renumbered
from leukofeat.segmentation.leukocyte.bodies import BOX, Bodies, keep_labels
from leukofeat.segmentation.leukocyte.cells import grow_cells
from leukofeat.segmentation.leukocyte.cores import core_gaps, near_groups, nucleus_stain
from leukofeat.segmentation.leukocyte.neighbors import hull_counts, touching_labels
from leukofeat.segmentation.leukocyte.planes import FAINT, Planes

SOLID = 0.9  # convexity of a cell that has several lobes at least: two cells that touch have a waist
FILLED = 0.8  # share of the gaps between lobes that is cytoplasm at least
FEW_GAPS = 0.02  # gaps, against the area of the lobes, that say nothing
OTHER_NUCLEI = 0.5  # how much a pixel of another nucleus between the lobes counts against them


def join_lobes(cores: Bodies, planes: Planes) -> tuple[Bodies, np.ndarray, float]:
    """Give the lobes of one nucleus one label; returns nuclei, their cells, and the stain that one nucleus may hold.

    Cores near each other are tried as one nucleus: its cell has to fill the hull of the lobes.
    """
    gaps = core_gaps(cores)
    most = nucleus_stain(cores, gaps)

    def joined(group: np.ndarray) -> tuple[Bodies, np.ndarray]:
        same = np.array_equal(group, np.arange(group.size))
        nuclei = cores if same else Bodies.measure(renumbered(cores.labels, group), planes.azure)
        return nuclei, grow_cells(nuclei, planes)

    group = near_groups(gaps, cores.n)
    nuclei, cells = joined(group)
    if nuclei is cores:
        return nuclei, cells, most
    boxes, extents = nuclei.boxes, region_boxes(cells, nuclei.n)[:, BOX]
    stained = cells * (planes.contrast >= FAINT)
    stain = np.bincount(group[1:], cores.stain)
    whole = np.ones(nuclei.n + 1, bool)
    for g in np.flatnonzero(np.bincount(group) > 1).tolist():
        whole[g] = (
            stain[g] <= most
            and filled_gaps(nuclei.labels, stained, g, g, boxes[g - 1]) >= FILLED
            and solidity(cells, g, g, extents[g - 1]) >= SOLID
        )
    if not whole.all():
        # groups that are no nucleus fall apart into their cores
        pieces = group * group.size + np.where(whole[group], 0, np.arange(group.size))
        nuclei, cells = joined(np.unique(pieces, return_inverse=True)[1].astype(np.int32))
    return nuclei, cells, most


def join_pairs(nuclei: Bodies, cells: np.ndarray, azure: np.ndarray, most: float) -> Bodies:
    """Join nuclei whose cells touch and together fill the hull of both, best first, up to a stain of `most`."""
    pairs = touching_labels(cells).tolist()
    if not pairs:
        return nuclei
    labels, cells, stain = nuclei.labels.copy(), cells.copy(), nuclei.stain.copy()
    boxes, extents = nuclei.boxes, region_boxes(cells, nuclei.n)[:, BOX]
    alive = np.ones(nuclei.n, bool)

    def rated(pairs: list[list[int]]) -> dict[tuple[int, int], float]:
        """How well pairs go together, 0 where they are no nucleus."""
        return {(i, j): rate(i, j) for i, j in sorted(pairs)}

    def rate(i: int, j: int) -> float:
        if stain[i - 1] + stain[j - 1] > most:
            return 0.0
        if solidity(cells, i, j, _around(extents[i - 1], extents[j - 1])) < SOLID:
            return 0.0
        return filled_gaps(labels, cells, i, j, _around(boxes[i - 1], boxes[j - 1]))

    score = rated(pairs)
    while score and max(score.values()) >= FILLED:
        i, j = max(score, key=score.__getitem__)
        for plane, box in (labels, boxes[j - 1]), (cells, extents[j - 1]):
            part = plane[box[0] : box[1], box[2] : box[3]]
            part[part == j] = i
        for box in boxes, extents:
            box[i - 1] = _around(box[i - 1], box[j - 1])
        stain[i - 1] += stain[j - 1]
        alive[j - 1] = False
        near = {k for pair in score if i in pair or j in pair for k in pair} - {i, j}
        score = {pair: s for pair, s in score.items() if i not in pair and j not in pair}
        score |= rated([[min(i, k), max(i, k)] for k in near])
    return nuclei if alive.all() else Bodies.measure(keep_labels(labels, alive), azure)


def filled_gaps(nuclei: np.ndarray, cells: np.ndarray, i: int, j: int, box: np.ndarray) -> float:
    """Share of the gaps in the common hull of two nuclei that lies in their own cells: 1 for lobes of one nucleus."""
    own, others, good, bad = hull_counts(nuclei, cells, i, j, box)
    if good + bad + others < FEW_GAPS * own:
        return 1.0
    return good / max(1.0, good + bad + OTHER_NUCLEI * others)


def solidity(cells: np.ndarray, i: int, j: int, box: np.ndarray) -> float:
    """Area of two cells together, against that of their common hull."""
    own, others, _, bad = hull_counts(cells, cells, i, j, box)
    return own / max(1, own + others + bad)


def _around(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The box (y0, y1, x0, x1) around two."""
    return np.where([True, False, True, False], np.minimum(a, b), np.maximum(a, b))
