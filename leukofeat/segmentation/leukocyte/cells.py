"""From cores to cells, and from cells to the nuclei in them."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from leukofeat.kernels.regions.labels import label_sums, nearest_label, renumbered
from leukofeat.segmentation.leukocyte.cell_fit import first_colors, fit_cells
from leukofeat.segmentation.leukocyte.cores import AZURE_FLOOR, Bodies, Lobes, hull_share, mean, relabel, solidity
from leukofeat.segmentation.leukocyte.leaks import mean_colors, settled
from leukofeat.segmentation.leukocyte.necks import touching_labels
from leukofeat.segmentation.leukocyte.nucleus_fit import discriminate, remove_specks, threshold_each
from leukofeat.segmentation.leukocyte.planes import Planes
from leukofeat.segmentation.leukocyte.stain import BIN_LOW, BIN_STEP

ROUNDS, FEW = 3, 2  # how often colours and outlines are fitted in turn: for the bold cells to keep, and for the others
RING = 0.2  # width, in nuclear radii, of the ring that cytoplasm is first looked for in
NEAR, FAR = 0.75, 1.75  # distances, in nuclear radii, between which pixels are taken more and more to be in no cell
EMPTY = 4.0  # colour distance from the background up to which nothing speaks for a cell: the noise of a JPEG
PALE = 12.0  # colour distance from the background under which a colour is background
# distance prior (per nuclear radius), edge weight, stiffness, clip, share: see `leukofeat.segmentation.leukocyte.cell_fit`
FIT = (0.5, 0.4, 1.0, 3.0, 0.35)
BOLD, SHY = 0.7, 0.1  # evidence added everywhere: for cells with much cytoplasm, and against leaking into red cells
FLAT = 3.0  # edge strength under which a pixel shows the pure colour of its body
SAME, CLOSER = 4.0, 0.4  # what a leak adds is this near the colour of red cells, also relative to that of the cytoplasm
SOLID = 0.9  # convexity of a cell that has several lobes: two cells that touch have a waist
IN_HULL = 0.8  # share of the gaps between lobes that has to be cytoplasm
FAINT = 6.0  # colour distance from the background that cytoplasm between lobes has at least
RIM = 2.0  # width in pixels of the background around a cell that is all nucleus
TEXTURE = 0.65  # stain, against that of the nucleus, above which what Otsu splits off is chromatin and not cytoplasm
NO_EXCESS = 42.5  # the plane `excess` where there is no stain
OPENING = 0.08  # radius, in cell radii, of the opening that takes dark rims of cells off nuclei
SPECK, HOLE = 0.1, 0.06  # share of the nucleus under which a part of it is a speck, and a gap a hole
RIDGE = 30.0  # added to the colour variances: the noise of a JPEG


def _bin_distances() -> np.ndarray:
    """Colour distance from the background of each colour bin's centre."""
    roots = [low + (np.arange(16) + 0.5) * step for low, step in zip(BIN_LOW, BIN_STEP, strict=True)]
    light, a, b = np.meshgrid(*roots, indexing="ij")
    return np.sqrt(light**4 + a**4 + b**4).ravel()


_DISTANCE = _bin_distances()


def grow_cells(bodies: Bodies, planes: Planes, *fits: tuple[float, int]) -> list[np.ndarray]:
    """Cells around nuclei, once for each bias and number of rounds."""
    nuclei, n = bodies.labels, bodies.n
    h, w = nuclei.shape
    nearest, distance = nearest_label(nuclei)
    area = bodies.area
    radius = np.sqrt(area / np.pi)
    centers = bodies.table[:, 1:3] / area[:, None]
    reach = (2.5 * radius + 8).astype(np.int64)
    middle = centers.astype(np.int64)
    # no further than to the pixels nearest to the nucleus, and one beyond
    own = label_sums(nearest, n, planes.azure)[:, 5:9].astype(np.int64)
    boxes = np.stack(
        [
            np.maximum.reduce([middle[:, 0] - reach, own[:, 0] - 1, np.zeros(n, np.int64)]),
            np.minimum.reduce([middle[:, 0] + reach + 1, own[:, 1] + 1, np.full(n, h)]),
            np.maximum.reduce([middle[:, 1] - reach, own[:, 2] - 1, np.zeros(n, np.int64)]),
            np.minimum.reduce([middle[:, 1] + reach + 1, own[:, 3] + 1, np.full(n, w)]),
        ],
        axis=1,
    )
    unit = mean(radius, area)
    rest, near = first_colors(planes.bins, nuclei, nearest, distance, radius, RING, NEAR * unit, FAR * unit)
    places = (_DISTANCE < PALE, _DISTANCE - EMPTY, radius, centers, boxes)
    return [
        fit_cells(planes.bins, planes.edge, nuclei, nearest, distance, rest, near, *places, rounds, (*FIT, bias))
        for bias, rounds in fits
    ]


def settle_cells(bodies: Bodies, planes: Planes) -> np.ndarray:
    """Cells around nuclei, without the red cells that a bold outline may have taken in."""
    bold, shy = grow_cells(bodies, planes, (BOLD, ROUNDS), (SHY, FEW))
    inner, added, red = mean_colors(
        planes.offset,
        planes.contrast,
        planes.azure,
        planes.edge,
        bodies.labels,
        shy,
        bold,
        bodies.n,
        PALE,
        float(AZURE_FLOOR),
        FLAT,
    )
    to_red = np.linalg.norm(added[:, :3] - red[:3], axis=1)
    to_inner = np.linalg.norm(added[:, :3] - inner[:, :3], axis=1)
    leaked = (to_red < SAME) & (to_red < CLOSER * to_inner) & (inner[:, 3] >= 20)
    leaked &= red[3] > 0.1 * bodies.area.mean()
    return settled(bold, shy, leaked)


def join_lobes(cores: Bodies, planes: Planes) -> tuple[Bodies, np.ndarray, float]:
    """Give the lobes of one nucleus one label; returns nuclei, their cells, and the stain that one nucleus may hold.

    Cores near each other are tried as one nucleus: its cell has to fill the hull of the lobes.
    """
    lobes = Lobes(cores)
    group = lobes.groups()
    m = int(group.max())
    joined = cores if m == cores.n else Bodies.measure(renumbered(cores.labels, group), planes.azure)
    cells = grow_cells(joined, planes, (BOLD, FEW))[0]
    if m == cores.n:
        return joined, cells, lobes.limit
    extents = label_sums(cells, m, planes.azure)[:, 5:9].astype(np.int64)
    stained = cells * (planes.contrast >= FAINT)
    boxes, stain = joined.boxes, np.append(0, cores.stain)
    table = np.zeros(cores.n + 1, np.int32)
    count, failed = 0, False
    for g in range(1, m + 1):
        members = np.flatnonzero(group == g)
        one = members.size == 1 or (
            stain[members].sum() <= lobes.limit
            and hull_share(joined.labels, stained, g, g, boxes[g - 1]) >= IN_HULL
            and solidity(cells, g, g, extents[g - 1]) >= SOLID
        )
        failed |= not one
        table[members] = count + (1 if one else np.arange(1, members.size + 1))
        count += 1 if one else members.size
    if failed:
        joined = Bodies.measure(renumbered(cores.labels, table), planes.azure)
        cells = grow_cells(joined, planes, (BOLD, FEW))[0]
    return joined, cells, lobes.limit


def join_pairs(bodies: Bodies, cells: np.ndarray, azure: np.ndarray, limit: float) -> Bodies:
    """Join nuclei whose cells touch and together fill the hull of both, best first."""
    n = bodies.n
    pairs = {(int(i), int(j)) for i, j in np.argwhere(touching_labels(cells, n))}
    if not pairs:
        return bodies
    stain = np.append(0, bodies.stain)
    boxes = bodies.boxes
    extents = label_sums(cells, n, azure)[:, 5:9].astype(np.int64)

    def rate(candidates: set[tuple[int, int]]) -> dict[tuple[int, int], float]:
        allowed = [pair for pair in sorted(candidates) if stain[pair[0]] + stain[pair[1]] <= limit]
        return {
            (i, j): hull_share(nuclei, cells, i, j, _around(boxes[i - 1], boxes[j - 1]))
            for i, j in allowed
            if solidity(cells, i, j, _around(extents[i - 1], extents[j - 1])) >= SOLID
        }

    nuclei, cells = bodies.labels.copy(), cells.copy()
    alive = np.ones(n, bool)
    score = rate(pairs)
    while score:
        (i, j), best = max(score.items(), key=lambda item: item[1])
        if best < IN_HULL:
            break
        nuclei[nuclei == j] = i
        cells[cells == j] = i
        boxes[i - 1] = _around(boxes[i - 1], boxes[j - 1])
        extents[i - 1] = _around(extents[i - 1], extents[j - 1])
        stain[i] += stain[j]
        alive[j - 1] = False
        around = {k for pair in pairs for k in pair if (i in pair or j in pair)} - {i, j}
        pairs = {pair for pair in pairs if i not in pair and j not in pair}
        changed = {(min(i, k), max(i, k)) for k in around}
        pairs |= changed
        score = {pair: s for pair, s in score.items() if pair in pairs and pair not in changed} | rate(changed)
    return bodies if alive.all() else Bodies.measure(relabel(nuclei, alive), azure)


def _around(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.array([min(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), max(a[3], b[3])])


def draw_nuclei(cells: np.ndarray, cores: np.ndarray, planes: Planes) -> np.ndarray:
    """Nuclei inside cells: Otsu's threshold on the stain of each cell, then a linear discriminant on its colours.

    In a cell that is nearly all nucleus a rim around it counts as not nuclear, so that the contrast is that with the
    outside and not the texture of the chromatin.
    """
    n = int(cells.max(initial=0))
    if n == 0:
        return np.zeros_like(cells)
    grown = cv2.dilate(cells.astype(np.uint16 if n < 1 << 16 else np.float32), _disc(RIM))
    regions = cv2.copyTo(cells, (cells > 0).view(np.uint8), grown.astype(np.int32))
    radius = np.sqrt(np.count_nonzero(cells) / n / np.pi)
    mask, full = threshold_each(planes.excess, regions, cells, n, NO_EXCESS, TEXTURE)
    nuclei, _ = remove_specks(_smoothed(mask, radius), cells, n, SPECK, HOLE)
    mask = discriminate(planes.offset, nuclei, regions, cells, n, full, RIDGE)
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
