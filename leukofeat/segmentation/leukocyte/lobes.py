"""Step four, lobes: cores that are one nucleus are joined.

The lobes of a segmented nucleus lie in one cell: the gaps in their common hull are cytoplasm, and the cell around them
has no waist. Together they hold no more stain, which is DNA, than the solitary nuclei of the field, and they are no larger, in
red cells, than a nucleus can be, nor several of them larger than a lobe is.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.kernels.regions.labels import renumbered
from leukofeat.opencv import cv2
from leukofeat.scale.record import Scale
from leukofeat.segmentation.leukocyte.bodies import BOX, Bodies, frame_contacts, is_cut, keep_labels
from leukofeat.segmentation.leukocyte.cells import Colors, grow_cells
from leukofeat.segmentation.leukocyte.cores import core_gaps, inner_distance, lobe_gaps, near_groups, nucleus_stain
from leukofeat.segmentation.leukocyte.neighbors import Gaps, hull_counts, touching_labels
from leukofeat.segmentation.leukocyte.planes import FAINT, Planes
from leukofeat.segmentation.leukocyte.red_cells import ALIKE, WIDEST, red_cell_radius

SOLID = 0.9  # convexity of a cell that has several lobes at least: two cells that touch have a waist
FILLED = 0.8  # share of the gaps between lobes that is cytoplasm at least
FEW_GAPS = 0.02  # gaps, against the area of the lobes, that say nothing
# radii in red cells: of a lobed nucleus at most (a monocyte's has 1.7), of what is a lobe beside a nucleus of any size, and
# of a cell at most; and how long a cell is against its width. What goes beyond is two cells
LOBED_MOST, LOBE_MOST, CELL_MOST, LONG = 1.8, 0.7, 3.2, 1.35
LARGE_LOBE, MANY_LARGE = 1.1, 3  # radius, in red cells, of cores of which so many are no lobes of one nucleus
# how long a cell of several lobes is against its width at most, of whatever size: two round cells that touch come to 2.2, and to
# this where they overlap by a quarter of their width
LONGEST = 1.8
# relative error of the size of red cells, most of which the frame cuts, up to which it tells two cells from one, and up to which it does
# where slices of them agree
FINE, ROUGH = 0.2, 0.3
DOUBTFUL = 2.4  # radius of a core, in red cells, from which on these are looked for once more
ROUNDS = 2  # in which groups fall apart: first at their widest gap, then altogether
# share of its cell that a lobed nucleus of which the frame cuts a part fills at most, where nothing tells its size: granulocytes have
# much cytoplasm, and what fills its cell there is a neighbour
LOBED_SHARE = 0.5
OTHER_NUCLEI = 0.5  # how much a pixel of another nucleus between the lobes counts against them


class Limits(NamedTuple):
    """What one nucleus and its cell may be, as far as the image shows it."""

    stain: float  # that one nucleus may hold; infinite where solitary nuclei do not show it
    red: float  # radius of the red cells in pixels; 0 where it is not known
    sure: bool = True  # or it counts against cells only that the frame cuts: those drawn around several mostly reach it

    def allow(
        self, stain: np.ndarray, area: np.ndarray, cell: tuple[float, float], cut: bool, part_cut: bool = False
    ) -> bool:
        """Whether parts of these stains and areas, (n,) each, in a cell of this radius and elongation can be one nucleus.

        `cut` says whether the frame cuts the cell, and `part_cut` whether it cuts one of the parts.

        Examples
        --------
        >>> limits = Limits(np.inf, 20.0)
        >>> parts = np.array([3000.0, 3000.0])
        >>> limits.allow(parts, parts, (55.0, 1.1), False), limits.allow(parts, parts, (55.0, 1.8), False)
        (True, False)
        >>> lobes = np.array([900.0, 900.0])  # small ones, in a cell as long as two that touch
        >>> limits.allow(lobes, lobes, (30.0, 1.3), False), limits.allow(lobes, lobes, (30.0, 2.2), False)
        (True, False)
        """
        if stain.sum() > self.stain or (not cut and cell[1] > LONGEST):
            return False
        if self.red == 0 and part_cut and area.sum() > LOBED_SHARE * np.pi * cell[0] ** 2:
            return False
        disc = np.pi * self.red**2
        total, largest = float(area.sum()), float(area.max())
        if (
            self.red == 0
            or not (self.sure or cut)
            or total <= LOBED_MOST**2 * disc
            or total - largest < LOBE_MOST**2 * disc
        ):
            return True
        if np.count_nonzero(area >= LARGE_LOBE**2 * disc) >= MANY_LARGE:
            return False
        # how large and how long a cell is that the frame cuts does not show
        return not cut and cell[0] <= CELL_MOST * self.red and cell[1] <= LONG


def join_lobes(
    cores: Bodies,
    planes: Planes,
    beside: Callable[[], Scale],
    red: float = 0.0,
    most: float | None = None,
    outside: Colors | None = None,
    *,
    fine: bool = True,
) -> tuple[Bodies, np.ndarray, Limits]:
    """Give the lobes of one nucleus one label; returns nuclei, their cells, and the limits of one nucleus.

    Cores near each other are tried as one nucleus: its cell has to fill the hull of the lobes. Those that are none fall
    apart at their widest gap, and then altogether. `red` is the radius of the red cells in pixels where it is known already, else 0;
    `beside` gives their size by what is seen beside the cells, and is asked where discs do not tell it. `most` is the stain
    that one nucleus may hold, and `outside` the colours outside of cells, where the field around the image has told them.
    """
    beside_each_other = core_gaps(cores)
    gaps = lobe_gaps(cores, beside_each_other)

    def joined(group: np.ndarray) -> tuple[Bodies, np.ndarray]:
        same = np.array_equal(group, np.arange(group.size))
        nuclei = cores if same else Bodies.measure(renumbered(cores.labels, group), planes.azure)
        return nuclei, grow_cells(nuclei, planes, outside, fine=fine)

    group = near_groups(gaps, cores.n)
    nuclei, cells = joined(group)
    most, sure = nucleus_stain(cores, beside_each_other) if most is None else most, True
    if most == np.inf and red == 0:
        # where stain does not show what one nucleus may hold, size does
        red, sure = _red_cells(cores, nuclei.n < cores.n, planes, cells, beside)
    limits = Limits(most, red, sure)
    rounds = 0
    while nuclei.n < cores.n:
        boxes, table = nuclei.boxes, region_boxes(cells, nuclei.n)
        extents, cut = table[:, BOX], is_cut(frame_contacts(cells, nuclei.n), table[:, 4])
        stained = cells * (planes.contrast >= FAINT)
        apart = np.zeros(nuclei.n + 1, bool)
        for g in np.flatnonzero(np.bincount(group) > 1).tolist():
            parts = group[1:] == g
            apart[g] = not (
                filled_gaps(nuclei.labels, stained, g, g, boxes[g - 1]) >= FILLED
                and solidity(cells, g, g, extents[g - 1]) >= SOLID
                and limits.allow(
                    cores.stain[parts],
                    cores.area[parts],
                    _roundness(cells, g, g, extents[g - 1]),
                    bool(cut[g - 1]),
                    bool(cores.cut[parts].any()),
                )
            )
        if not apart.any():
            break
        rounds += 1
        gaps = _without_widest(gaps, group, apart) if rounds < ROUNDS else _without(gaps, apart[group[1:][gaps.first]])
        group = near_groups(gaps, cores.n)
        nuclei, cells = joined(group)
    return nuclei, cells, limits


def _red_cells(
    cores: Bodies, grouped: bool, planes: Planes, cells: np.ndarray, beside: Callable[[], Scale]
) -> tuple[float, bool]:
    """Radius of the red cells in pixels, 0 where it is not known, and whether it is sure.

    The discs that fit into what is stained tell it, unless the frame cuts them, cells may hide the red ones, or a core is larger than nuclei
    are. Then outlines do, which takes longer; where these do not, discs that the frame cuts are the least that a red cell can be.
    """
    discs, whole = red_cell_radius(planes, cells)
    largest = int(np.argmax(cores.area))
    # one cell drawn around several may have taken in all red ones
    hidden = discs == 0 and (grouped or bool(cores.cut[largest]))
    large = cores.radius[largest] > DOUBTFUL * discs > 0 or inner_distance(cores.labels).max() > WIDEST * discs > 0
    if not (hidden or large or (discs > 0 and not whole)):
        return discs, whole
    scale = beside()
    if not scale.known:
        return (0.0 if whole else discs), False
    red = scale.pixels / 2
    agreed = ALIKE[0] * red < discs < ALIKE[1] * red
    if whole:
        return red, agreed
    return red, (agreed and scale.relative_error <= ROUGH) or tells_size(scale, FINE)


def tells_size(scale: Scale, error: float) -> bool:
    """Whether red cells tell how large they are, up to this relative error: two of them at least, as one may be a platelet."""
    return scale.relative_error <= error and scale.n_red_cells != 1


def _without(gaps: Gaps, flags: np.ndarray) -> Gaps:
    return Gaps(*(column[~flags] for column in gaps))


def _without_widest(gaps: Gaps, group: np.ndarray, apart: np.ndarray) -> Gaps:
    """The gaps but for those over which the flagged groups hold together: the widest ones, until each falls into two."""
    keep = np.ones(gaps.first.size, bool)
    member = group[1:][gaps.first]
    for g in np.flatnonzero(apart).tolist():
        inside = np.flatnonzero(member == g)
        inside = inside[np.argsort(-gaps.pixels[inside], kind="stable")]
        before = np.unique(near_groups(gaps, group.size - 1)[1:][group[1:] == g]).size
        for k in inside.tolist():
            keep[k] = False
            left = near_groups(_without(gaps, ~keep), group.size - 1)
            if np.unique(left[1:][group[1:] == g]).size > before:
                break
    return _without(gaps, ~keep)


def join_pairs(nuclei: Bodies, cells: np.ndarray, azure: np.ndarray, limits: Limits) -> Bodies:
    """Join nuclei whose cells touch and together fill the hull of both, best first, within the limits of one nucleus."""
    pairs = touching_labels(cells).tolist()
    if not pairs:
        return nuclei
    labels, cells, stain, lobes = nuclei.labels.copy(), cells.copy(), nuclei.stain.copy(), [[a] for a in nuclei.area]
    table = region_boxes(cells, nuclei.n)
    boxes, extents, size = nuclei.boxes, table[:, BOX], table[:, 4].copy()
    at_frame, cell_at_frame = frame_contacts(labels, nuclei.n), frame_contacts(cells, nuclei.n)
    alive = np.ones(nuclei.n, bool)

    def rated(pairs: list[list[int]]) -> dict[tuple[int, int], float]:
        """How well pairs go together, 0 where they are no nucleus."""
        return {(i, j): rate(i, j) for i, j in sorted(pairs)}

    def rate(i: int, j: int) -> float:
        both = [i - 1, j - 1]
        extent = _around(extents[i - 1], extents[j - 1])
        if stain[both].sum() > limits.stain or solidity(cells, i, j, extent) < SOLID:
            return 0.0
        area = np.array(lobes[i - 1] + lobes[j - 1])
        cut = bool(is_cut(cell_at_frame[both].sum(axis=0), size[both].sum()))
        part_cut = any(is_cut(at_frame[k], sum(lobes[k])) for k in both)
        if not limits.allow(stain[both], area, _roundness(cells, i, j, extent), cut, part_cut):
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
        for sums in stain, size, at_frame, cell_at_frame:
            sums[i - 1] += sums[j - 1]
        lobes[i - 1] += lobes[j - 1]
        alive[j - 1] = False
        near = {k for pair in score if i in pair or j in pair for k in pair} - {i, j}
        score = {pair: s for pair, s in score.items() if i not in pair and j not in pair}
        score |= rated([[min(i, k), max(i, k)] for k in near])
    return nuclei if alive.all() else Bodies.measure(keep_labels(labels, alive), azure)


def _roundness(cells: np.ndarray, i: int, j: int, box: np.ndarray) -> tuple[float, float]:
    """Radius in pixels of cells i and j together, and how long they are against their width, by second moments."""
    part = cells[box[0] : box[1], box[2] : box[3]]
    moments = cv2.moments(((part == i) | (part == j)).astype(np.uint8), binaryImage=True)
    area = max(moments["m00"], 1.0)
    # that of the pixels themselves, so that a line has a width
    yy, xx, xy = moments["mu02"] / area + 1 / 12, moments["mu20"] / area + 1 / 12, moments["mu11"] / area
    spread = np.hypot(xx - yy, 2 * xy)
    return float(np.sqrt(area / np.pi)), float(np.sqrt((xx + yy + spread) / max(xx + yy - spread, 1e-9)))


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
