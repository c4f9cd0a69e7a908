"""Whole cells around their nuclei: colour evidence against everything outside of cells, and a star-shaped outline."""

from typing import NamedTuple

import numpy as np

from leukofeat.kernels.jit import jit
from leukofeat.segmentation.leukocyte.planes import Planes
from leukofeat.segmentation.leukocyte.stain import BINS_PER_AXIS
from leukofeat.segmentation.leukocyte.star_contour import mark_star, star_contour

BINS = BINS_PER_AXIS**3
DISTANCE_PRIOR = 0.5  # evidence that each nuclear radius of distance from the nucleus takes off
MOST_EVIDENCE = 3.0  # of one pixel, for or against
RARE = 0.02  # pixels that each bin is taken to hold beyond those counted, or a rare colour would be certain
# around one cell there may be nothing but background or nothing but red cells: share of all that each counts as, at least
LEAST_SHARE = 0.35
REACH, REACH_PIXELS = 2.5, 8  # largest radius of a cell, in nuclear radii, and pixels beyond


class Seeds(NamedTuple):
    """The nuclei that cells grow from, what lies around them, and what is known of colours."""

    nuclei: np.ndarray  # (H, W) int32, 1..n
    nearest: np.ndarray  # (H, W) int32, the nucleus nearest to each pixel
    distance: np.ndarray  # (H, W) float32, distance to it in pixels
    radius: np.ndarray  # (n,) float64
    centers: np.ndarray  # (n, 2) float64, y and x to look from
    boxes: np.ndarray  # (n, 4) int64, y0, y1, x0, x1 to look in
    rest: np.ndarray  # (4096,) float32, first guess of the colours outside of cells
    near: np.ndarray  # (n, 4096) float32, first guess of the colours of each cell's cytoplasm
    is_pale: np.ndarray  # (4096,) bool, colours of the background
    ceiling: np.ndarray  # (4096,) float64, largest evidence for being inside a cell that each colour can give
    outside: (
        np.ndarray
    )  # (4096,) float32, colours outside of cells where the field around has told them; else of no length


class _Evidence(NamedTuple):
    """Log-likelihood ratio of each colour bin between one cell's cytoplasm and the rest, worked out when it is met."""

    value: np.ndarray  # (4096,) float64
    worked_out: np.ndarray  # (4096,) int64, the last fit that the value is of
    inside: np.ndarray  # (4096,) float64, smoothed colours of the cytoplasm
    total: float  # their sum
    outside: np.ndarray  # (4096,) float64, smoothed colours outside of cells
    pale: float  # sum of those of the background
    stained: float  # sum of the others


@jit
def far_colors(bins: np.ndarray, distance: np.ndarray, begin: float, end: float) -> np.ndarray:
    """First guess of the colours outside of cells: pixels in each colour bin, (4096,) float32.

    Parameters
    ----------
    bins : (H, W) uint16
        Colour bin of each pixel.
    distance : (H, W) float32
        As in `Seeds`.
    begin, end : float
        Distances in pixels between which pixels count more and more as outside.
    """
    h, w = bins.shape
    # neighbours are mostly of one colour: added up in turns, none waits for the one before
    sums = np.zeros((2, BINS), np.float32)
    slope = 1 / (end - begin)
    for y in range(h):
        for x in range(w):
            d = distance[y, x]
            if d > begin:
                sums[x & 1, bins[y, x]] += min((d - begin) * slope, 1.0)
    return sums[0] + sums[1]


@jit
def ring_colors(
    bins: np.ndarray, nuclei: np.ndarray, nearest: np.ndarray, distance: np.ndarray, reach: np.ndarray
) -> np.ndarray:
    """First guess of the colours of the cytoplasm of each cell: pixels of a ring around its nucleus in each colour bin, (n, 4096) float32.

    Parameters
    ----------
    bins : (H, W) uint16
        Colour bin of each pixel.
    nuclei, nearest, distance
        As in `Seeds`.
    reach : (n,) float64
        Width of each ring in pixels.
    """
    h, w = bins.shape
    near = np.zeros((reach.size, BINS), np.float32)
    for y in range(h):
        for x in range(w):
            if nuclei[y, x] == 0:
                c = nearest[y, x] - 1
                if distance[y, x] <= reach[c]:
                    near[c, bins[y, x]] += 1
    return near


@jit
def _colors(bins: np.ndarray, nuclei: np.ndarray, cells: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Colours outside of cells, (4096,) float32, and of the cytoplasm of each cell, (n, 4096) float32: pixels in each bin."""
    h, w = bins.shape
    # in turns, as above
    sums = np.zeros((2, BINS), np.float32)
    near = np.zeros((n, BINS), np.float32)
    for y in range(h):
        for x in range(w):
            if cells[y, x] == 0:
                sums[x & 1, bins[y, x]] += 1
            elif nuclei[y, x] == 0:
                near[cells[y, x] - 1, bins[y, x]] += 1
    return sums[0] + sums[1], near


@jit
def _smoothed(hist: np.ndarray, out: np.ndarray) -> float:
    """(1, 2, 1) / 4 along each of the three axes; returns the sum. Only what the bins that hold something reach is visited."""
    out[:] = 0
    total = 0.0
    size = BINS_PER_AXIS
    bits = hist.view(np.int32)
    for i in range(size):
        for j in range(size):
            # most rows are empty, which is seen in vector registers
            any_bits = np.int32(0)
            for k in range(size):
                any_bits |= bits[(i * size + j) * size + k]
            if any_bits == 0:
                continue
            for k in range(size):
                v = hist[(i * size + j) * size + k]
                if v == 0:
                    continue
                total += v
                for di in range(-1, 2):
                    ii = min(max(i + di, 0), size - 1)
                    vi = v * (0.5 if di == 0 else 0.25)
                    for dj in range(-1, 2):
                        jj = min(max(j + dj, 0), size - 1)
                        vj = vi * (0.5 if dj == 0 else 0.25)
                        for dk in range(-1, 2):
                            kk = min(max(k + dk, 0), size - 1)
                            out[(ii * size + jj) * size + kk] += vj * (0.5 if dk == 0 else 0.25)
    return total


@jit
def fit_cells(planes: Planes, seeds: Seeds, bias: float, rounds: int) -> np.ndarray:
    """Grow each nucleus to its cell.

    Parameters
    ----------
    planes : Planes
    seeds : Seeds
    bias : float
        Evidence for being inside a cell that is added everywhere.
    rounds : int
        How often colours and outlines are fitted in turn.

    Returns
    -------
    (H, W) int32
        Cells 1..n, each holding its nucleus.
    """
    cells = np.zeros(seeds.nuclei.shape, np.int32)
    centers = seeds.centers.copy()
    n = seeds.radius.size
    rest, near = seeds.rest, seeds.near
    inside, outside, value = np.empty(BINS), np.empty(BINS), np.empty(BINS)
    worked_out = np.full(BINS, -1, np.int64)
    for k in range(rounds):
        if k > 0:
            rest, near = _colors(planes.bins, seeds.nuclei, cells, n)
            if seeds.outside.size:
                rest = seeds.outside
        stained = 1.0 + _smoothed(rest, outside)
        pale = 1.0
        for b in range(BINS):
            if seeds.is_pale[b]:
                pale += outside[b]
        stained += 1.0 - pale
        floor = LEAST_SHARE * (pale + stained)
        pale, stained = max(pale, floor), max(stained, floor)
        cells[:] = 0
        for c in range(n):
            total = 1.0 + _smoothed(near[c], inside)
            evidence = _Evidence(value, worked_out, inside, total, outside, pale, stained)
            field, frame, first, last = _gains(planes, seeds, c, centers, evidence, bias, k * n + c)
            cy, cx = centers[c, 0] - seeds.boxes[c, 0], centers[c, 1] - seeds.boxes[c, 2]
            outline = star_contour(field, cy, cx, seeds.radius[c], first, last)
            _paint(outline, seeds, c, centers, frame, cells)
    return cells


@jit
def _gains(
    planes: Planes,
    seeds: Seeds,
    c: int,
    centers: np.ndarray,
    evidence: _Evidence,
    bias: float,
    fit: int,
) -> tuple[np.ndarray, tuple[int, int, int, int], int, int]:
    """Evidence and edges in the box of cell c, the frame of its nucleus, and the radii between which its outline may run."""
    y0, y1, x0, x1 = seeds.boxes[c]
    bh, bw = y1 - y0, x1 - x0
    cy, cx = centers[c, 0] - y0, centers[c, 1] - x0
    # flat, with unsigned offsets, which spare the checks for negative indices
    owners, cores, colors = seeds.nearest.reshape(-1), seeds.nuclei.reshape(-1), planes.bins.reshape(-1)
    distances, edges = seeds.distance.reshape(-1), planes.edge.reshape(-1)
    w = seeds.nuclei.shape[1]
    most = int(REACH * seeds.radius[c] + REACH_PIXELS)
    slope = DISTANCE_PRIOR / seeds.radius[c]
    field = np.empty((bh, bw, 2), np.float32)
    flat = field.reshape(-1)
    top, bottom, left, right = bh, 0, bw, 0
    nearest_out, farthest_in = 1e9, 0.0
    for y in range(bh):
        # what no ray reaches is left undefined
        dy = y - cy
        room = (most + 2.0) ** 2 - dy * dy
        if room < 0:
            continue
        room = np.sqrt(room)
        row = (y0 + y) * w + x0
        low, high = bw, -1
        for x in range(max(0, int(cx - room)), min(bw, int(cx + room) + 2)):
            i = np.uint64(row + x)
            g = -MOST_EVIDENCE
            heart = False
            if owners[i] == c + 1:
                heart = cores[i] > 0
                if heart:
                    g = MOST_EVIDENCE
                    top, bottom, left, right = min(top, y), max(bottom, y), min(left, x), max(right, x)
                else:
                    v = np.uint64(colors[i])
                    if evidence.worked_out[v] != fit:
                        evidence.worked_out[v] = fit
                        of_rest = evidence.pale if seeds.is_pale[v] else evidence.stained
                        share_of_rest = (evidence.outside[v] + RARE) / of_rest
                        share_of_near = (evidence.inside[v] + RARE) / evidence.total
                        evidence.value[v] = min(np.log(share_of_near / share_of_rest) + bias, seeds.ceiling[v])
                    g = min(max(evidence.value[v] - slope * distances[i], -MOST_EVIDENCE), MOST_EVIDENCE)
                if g > -MOST_EVIDENCE:
                    low, high = min(low, x), x
            if not heart:
                nearest_out = min(nearest_out, dy * dy + (x - cx) * (x - cx))
            j = np.uint64(2 * (y * bw + x))
            flat[j] = g
            flat[j + np.uint64(1)] = edges[i]
        if high >= 0:
            farthest_in = max(farthest_in, dy * dy + max((low - cx) ** 2, (high - cx) ** 2))
    # the outline runs neither through the heart of the nucleus nor where nothing speaks for the cell
    first = min(max(1, int(np.sqrt(nearest_out)) - 1), most - 4)
    last = max(first + 4, min(most, int(np.sqrt(farthest_in)) + 4))
    return field, (top, bottom, left, right), first, last


@jit
def _paint(
    outline: np.ndarray,
    seeds: Seeds,
    c: int,
    centers: np.ndarray,
    frame: tuple[int, int, int, int],
    cells: np.ndarray,
) -> None:
    """Paint what the outline of cell c, and its nucleus, hold of the pixels nearest to it, and move its centre there."""
    y0, y1, x0, x1 = seeds.boxes[c]
    bh, bw = y1 - y0, x1 - x0
    cy, cx = centers[c, 0] - y0, centers[c, 1] - x0
    top, bottom, left, right = frame
    reach = 0.0
    for r in outline:
        reach = max(reach, r)
    top, bottom = max(0, min(top, int(cy - reach))), min(bh - 1, max(bottom, int(cy + reach) + 1))
    left, right = max(0, min(left, int(cx - reach))), min(bw - 1, max(right, int(cx + reach) + 1))
    marks = np.zeros((bh, bw), np.uint8)
    mark_star(outline, cy, cx, marks)
    sy, sx, m = 0, 0, 0
    for y in range(top, bottom + 1):
        inside = False
        for x in range(left, right + 1):
            yy, xx = y0 + y, x0 + x
            inside ^= marks[y, x] == 1
            if seeds.nearest[yy, xx] == c + 1 and (inside or seeds.nuclei[yy, xx] > 0):
                cells[yy, xx] = c + 1
                sy += y
                sx += x
                m += 1
    if m > 0:
        centers[c, 0] = sy / m + y0
        centers[c, 1] = sx / m + x0
