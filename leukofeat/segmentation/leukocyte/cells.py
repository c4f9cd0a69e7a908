"""Step three, cells: around each nucleus, the outline that has most evidence inside and edges along it.

Cytoplasm has no colour of its own under all stains. It is told by the colours near one nucleus against those far from
all, or in the corners of a frame that one cell fills: a boldly drawn cell takes in much of what might be cytoplasm, a shyly drawn one little. What only the bold outline
takes in is given up when it has the colour of the red cells. Where a cell is all nucleus, the colours near that are those of a halo:
plasma, stain that burst granules have let out, or the slide itself. It holds hardly any stain, as cytoplasm does, and is given up.
"""

import numpy as np

from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.kernels.regions.labels import nearest_label
from leukofeat.segmentation.leukocyte.bodies import BOX, Bodies, weighted_mean
from leukofeat.segmentation.leukocyte.cell_fit import Seeds, far_colors, fit_cells, ring_colors
from leukofeat.segmentation.leukocyte.halos import hold_halos, partly_pale
from leukofeat.segmentation.leukocyte.leaks import color_sums, red_sums, without_leaks
from leukofeat.segmentation.leukocyte.planes import AZURE_FLOOR, NOISE, PALE, Planes
from leukofeat.segmentation.leukocyte.stain import bin_contrasts

BOLD, SHY = 0.7, 0.1  # evidence added everywhere: for cells with much cytoplasm, and against leaking into red cells
ROUNDS, FINAL_ROUNDS = 2, 3  # of colours and outlines fitted in turn: one more for the cells that are kept
RING = 0.2  # width, in nuclear radii, of the ring that cytoplasm is first looked for in
NEAR, FAR = 0.75, 1.75  # distances, in nuclear radii, between which pixels are taken more and more to be in no cell
# where fewer pixels than so many times those of the nucleus lie so far, a cell fills the frame: what is outside lies in the corners, and nearer
SCARCE = 2.0
LOBES = 5  # of one nucleus at most, which are not joined yet
CORNER_NEAR, CORNER_FAR = 0.2, 0.75
# a leak is this near the colour of red cells (in L*a*b* units), also relative to that of the cytoplasm
RED_COLOR, RED_SHARE = 4.0, 0.4
# likewise of the stained bodies in it alone, which are compared with red cells like with like
BODY_COLOR, BODY_SHARE = 3.5, 0.5
# pixels of cytoplasm, and of red cells per pixel of a nucleus, that can be compared
LEAST_CYTOPLASM, RED_PER_NUCLEUS = 20, 0.1

Colors = tuple[
    np.ndarray, np.ndarray
]  # outside of cells in each colour bin, (4096,) float32: at first, and once cells are known

_CONTRASTS = bin_contrasts()
_IS_PALE, _CEILING, _STAINED = _CONTRASTS < PALE, _CONTRASTS - NOISE, _CONTRASTS - PALE


def find_seeds(nuclei: Bodies, planes: Planes, outside: Colors | None = None, *, fine: bool = False) -> Seeds:
    """The nuclei with what their cells are grown from; `outside` are the colours of the field around, in place of the image's.

    If `fine`, the corners tell what is outside of a single cell that fills the frame.
    """
    h, w = nuclei.labels.shape
    nearest, distance = nearest_label(nuclei.labels)
    radius, centers = nuclei.radius, nuclei.centers
    # all pixels nearest to the nucleus, and one beyond: the outline ends where evidence or reach do, at no window's side
    boxes = np.clip(region_boxes(nearest, nuclei.n)[:, BOX] + [-1, 1, -1, 1], 0, [h, h, w, w])
    boxes = np.ascontiguousarray(boxes)  # by columns it would be another type, and compile every kernel again
    unit = weighted_mean(radius, nuclei.area)
    near = ring_colors(planes.bins, nuclei.labels, nearest, distance, RING * radius)
    if outside is not None:
        first, later = outside
    else:
        first = far_colors(planes.bins, distance, NEAR * unit, FAR * unit)
        later = first[:0]
        if fine and nuclei.n <= LOBES and first.sum() < SCARCE * nuclei.area.sum():
            # most of it may be the cell's own cytoplasm
            cornered = np.where(_is_corner(h, w), distance, np.float32(0))
            corners = far_colors(planes.bins, cornered, CORNER_NEAR * unit, CORNER_FAR * unit)
            first = corners if corners.any() else first
    return Seeds(nuclei.labels, nearest, distance, radius, centers, boxes, first, near, _IS_PALE, _CEILING, later)


def _is_corner(height: int, width: int) -> np.ndarray:
    """Pixels outside of the largest ellipse in a frame, (height, width) bool."""
    y, x = (((2 * np.arange(n) + 1) / n - 1) ** 2 for n in (height, width))
    return y[:, None] + x > 1


def grow_cells(nuclei: Bodies, planes: Planes, outside: Colors | None = None, *, fine: bool = True) -> np.ndarray:
    """Bold cells around nuclei, (H, W) int32; `fine` as of `find_seeds`."""
    return fit_cells(planes, find_seeds(nuclei, planes, outside, fine=fine), BOLD, ROUNDS)


def settle_cells(nuclei: Bodies, planes: Planes, outside: Colors | None = None, *, fine: bool = True) -> np.ndarray:
    """Cells around nuclei, without the red cells that a bold outline may have taken in, nor, if `fine`, halos, (H, W) int32.

    What a bold cell has given up goes to no other cell, and a leaked cell takes nothing from its neighbours.
    """
    seeds = find_seeds(nuclei, planes, outside, fine=fine)
    cells = _without_red_cells(nuclei, planes, seeds)
    if fine and (pale := partly_pale(planes.contrast, cells, seeds.distance, nuclei.n)).any():
        tight = fit_cells(planes, seeds._replace(ceiling=_STAINED), BOLD, ROUNDS)
        halo = hold_halos(planes, seeds, cells, tight, pale)
        cells = np.where(halo[cells], np.where(tight == cells, cells, 0), cells)
    return cells


def _without_red_cells(nuclei: Bodies, planes: Planes, seeds: Seeds) -> np.ndarray:
    """Bold cells, and shy ones where those have leaked into red cells."""
    bold = fit_cells(planes, seeds, BOLD, FINAL_ROUNDS)
    red = red_sums(planes, bold, PALE, AZURE_FLOOR)
    if red[3] <= RED_PER_NUCLEUS * nuclei.area.mean():
        return bold
    shy = fit_cells(planes, seeds, SHY, ROUNDS)
    sums = color_sums(planes, nuclei.labels, shy, bold, nuclei.n, PALE)
    cytoplasm, added, bodies = sums[..., :3] / np.maximum(sums[..., 3:], 1)
    color = red[:3] / max(red[3], 1.0)
    leaked = np.zeros(nuclei.n + 1, bool)
    for taken, near, share in (added, RED_COLOR, RED_SHARE), (bodies, BODY_COLOR, BODY_SHARE):
        to_red = np.linalg.norm(taken - color, axis=1)
        leaked |= (to_red < near) & (to_red < share * np.linalg.norm(taken - cytoplasm, axis=1))
    leaked &= sums[0, :, 3] >= LEAST_CYTOPLASM
    if not leaked.any():
        return bold
    return without_leaks(bold, shy, leaked)
