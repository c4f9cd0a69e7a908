"""Whole cells around their nuclei: colour evidence against everything outside of cells, and a star-shaped outline."""

from __future__ import annotations

from typing import Any

import numpy as np

from leukofeat.kernels.jit import jit
from leukofeat.segmentation.leukocyte.star_contour import mark_star, star_contour

__all__ = ["first_colors", "fit_cells"]

BINS = 4096  # 16 x 16 x 16


@jit
def _smoothed(hist: Any, out: Any) -> Any:
    """(1, 2, 1) / 4 along each of the three axes; returns the sum. Only what the bins that hold something reach is visited."""
    out[:] = 0
    total = 0.0
    for i in range(16):
        for j in range(16):
            for k in range(16):
                v = hist[(i * 16 + j) * 16 + k]
                if v == 0:
                    continue
                total += v
                for di in range(-1, 2):
                    ii = min(max(i + di, 0), 15)
                    vi = v * (0.5 if di == 0 else 0.25)
                    for dj in range(-1, 2):
                        jj = min(max(j + dj, 0), 15)
                        vj = vi * (0.5 if dj == 0 else 0.25)
                        for dk in range(-1, 2):
                            kk = min(max(k + dk, 0), 15)
                            out[(ii * 16 + jj) * 16 + kk] += vj * (0.5 if dk == 0 else 0.25)
    return total


@jit
def first_colors(
    bins: Any, nuclei: Any, nearest: Any, distance: Any, radius: Any, ring: Any, begin: Any, end: Any
) -> Any:
    """First guess of the colours outside of cells, and of the cytoplasm of each cell.

    Parameters
    ----------
    bins : (H, W) uint16
        Colour bin of each pixel.
    nuclei, nearest : (H, W) int32
        Nucleus 1..n of each pixel, and the nucleus nearest to it.
    distance : (H, W) float32
        Distance to the nearest nucleus, in pixels.
    radius : (n,) float64
        Radius of each nucleus.
    ring : float
        Width, in radii of the nucleus, of the ring that cytoplasm is looked for in.
    begin, end : float
        Distances in pixels between which pixels count more and more as outside.

    Returns
    -------
    rest : (4096,) float32
        Pixels outside of cells in each bin.
    near : (n, 4096) float32
        Pixels of each ring in each bin.
    """
    h, w = bins.shape
    # neighbours are mostly of one colour: added up in turns, none waits for the one before
    sums = np.zeros((2, BINS), np.float32)
    near = np.zeros((radius.size, BINS), np.float32)
    slope = 1 / (end - begin)
    for y in range(h):
        for x in range(w):
            d = distance[y, x]
            if d > begin:
                sums[x & 1, bins[y, x]] += min((d - begin) * slope, 1.0)
            if nuclei[y, x] == 0:
                c = nearest[y, x] - 1
                if d <= ring * radius[c]:
                    near[c, bins[y, x]] += 1
    return sums[0] + sums[1], near


@jit
def _colors(bins: Any, nuclei: Any, cells: Any, n: Any) -> Any:
    """Colours outside of cells, and of the cytoplasm of each cell: see `first_colors`."""
    h, w = bins.shape
    # in turns, as above
    counts = np.zeros((2, BINS), np.int32)
    near = np.zeros((n, BINS), np.float32)
    for y in range(h):
        for x in range(w):
            if cells[y, x] == 0:
                counts[x & 1, bins[y, x]] += 1
            elif nuclei[y, x] == 0:
                near[cells[y, x] - 1, bins[y, x]] += 1
    rest = np.empty(BINS, np.float32)
    for b in range(BINS):
        rest[b] = counts[0, b] + counts[1, b]
    return rest, near


@jit
def fit_cells(
    bins: Any,
    edge: Any,
    nuclei: Any,
    nearest: Any,
    distance: Any,
    rest: Any,
    near: Any,
    is_pale: Any,
    ceiling: Any,
    radius: Any,
    centers: Any,
    boxes: Any,
    rounds: Any,
    params: Any,
) -> Any:
    """Grow each nucleus to its cell.

    Parameters
    ----------
    bins : (H, W) uint16
        Colour bin of each pixel.
    edge : (H, W) float32
        Edge strength.
    nuclei, nearest : (H, W) int32
        Nucleus 1..n of each pixel, and the nucleus nearest to it.
    distance : (H, W) float32
        Distance to the nearest nucleus, in pixels.
    rest, near : (4096,) and (n, 4096) float32
        First guesses of the colours outside of cells and of each cell's cytoplasm: see `first_colors`.
    is_pale : (4096,) bool
        Bins of background colours.
    ceiling : (4096,) float64
        Largest evidence for being inside a cell that a bin can give.
    radius, centers, boxes : (n,) float64, (n, 2) float64, (n, 4) int64
        Radius of each nucleus, (y, x) to look from, and (y0, y1, x0, x1) to look in.
    rounds : int
        How often colours and outlines are fitted in turn.
    params : tuple of float
        prior, edge_weight, stiffness, clip, share, bias: see `leukofeat.segmentation.leukocyte.cells`.

    Returns
    -------
    (H, W) int32
        Cells 1..n, each holding its nucleus.
    """
    prior, edge_weight, stiffness, clip, share, bias = params
    n_cells = radius.size
    h, w = nuclei.shape
    cells = np.zeros((h, w), np.int32)
    center = centers.copy()
    # flat, with unsigned offsets, which spare the checks for negative indices
    owners, cores, colors = nearest.reshape(-1), nuclei.reshape(-1), bins.reshape(-1)
    distances, edges = distance.reshape(-1), edge.reshape(-1)
    smooth = np.empty(BINS)
    outside = np.empty(BINS)
    evidence = np.empty(BINS)
    worked_out = np.full(BINS, -1, np.int64)  # the last fit that the evidence of a bin is of
    for k in range(rounds):
        if k > 0:
            rest, near = _colors(bins, nuclei, cells, n_cells)
        stained = 1.0 + _smoothed(rest, outside)
        pale = 1.0
        for b in range(BINS):
            if is_pale[b]:
                pale += outside[b]
        stained += 1.0 - pale
        # around one cell there may be nothing but background or nothing but red cells: each counts as frequent as that
        floor = share * (pale + stained)
        pale, stained = max(pale, floor), max(stained, floor)
        cells[:] = 0
        for c in range(n_cells):
            R = radius[c]
            y0, y1, x0, x1 = boxes[c]
            bh, bw = y1 - y0, x1 - x0
            total = 1.0 + _smoothed(near[c], smooth)
            fit = k * n_cells + c
            cy, cx = center[c, 0] - y0, center[c, 1] - x0
            most = int(2.5 * R + 8)
            slope = prior / R
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
                begin, end = max(0, int(cx - room)), min(bw, int(cx + room) + 2)
                row = (y0 + y) * w + x0
                low, high = bw, -1
                for x in range(begin, end):
                    i = np.uint64(row + x)
                    g = -clip
                    heart = False
                    if owners[i] == c + 1:
                        heart = cores[i] > 0
                        if heart:
                            g = clip
                            top, bottom, left, right = min(top, y), max(bottom, y), min(left, x), max(right, x)
                        else:
                            v = np.uint64(colors[i])
                            if worked_out[v] != fit:
                                worked_out[v] = fit
                                share_of_rest = (outside[v] + 0.02) / (pale if is_pale[v] else stained)
                                share_of_near = (smooth[v] + 0.02) / total
                                evidence[v] = min(np.log(share_of_near / share_of_rest) + bias, ceiling[v])
                            g = min(max(evidence[v] - slope * distances[i], -clip), clip)
                        if g > -clip:
                            low, high = min(low, x), x
                    if not heart:
                        away = dy * dy + (x - cx) * (x - cx)
                        if away < nearest_out:
                            nearest_out = away
                    j = np.uint64(2 * (y * bw + x))
                    flat[j] = g
                    flat[j + np.uint64(1)] = edges[i]
                if high >= 0:
                    farthest_in = max(farthest_in, dy * dy + max((low - cx) ** 2, (high - cx) ** 2))
            # the outline runs neither through the heart of the nucleus nor where nothing speaks for the cell
            first = min(max(1, int(np.sqrt(nearest_out)) - 1), most - 4)
            last = max(first + 4, min(most, int(np.sqrt(farthest_in)) + 4))
            outline = star_contour(field, cy, cx, R, first, last, edge_weight, stiffness)
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
                    if nearest[yy, xx] == c + 1 and (inside or nuclei[yy, xx] > 0):
                        cells[yy, xx] = c + 1
                        sy += y
                        sx += x
                        m += 1
            if m > 0:
                center[c, 0] = sy / m + y0
                center[c, 1] = sx / m + x0
    return cells
