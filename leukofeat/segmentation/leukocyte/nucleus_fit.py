"""Nuclei inside their cells: Otsu's threshold on the stain, refined by a linear discriminant on colour; tidying of labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from leukofeat.kernels.jit import jit

__all__ = ["discriminate", "remove_specks", "threshold_each"]


@jit
def _otsu(counts: Any) -> Any:
    """Otsu's threshold of 256 counts (the lower class ends there), and the mean of either class."""
    total, mass = 0, 0.0
    for v in range(256):
        total += counts[v]
        mass += v * counts[v]
    below, low, best = 0, 0.0, -1.0
    cut, lower, upper = 255, 0.0, 0.0
    for v in range(255):
        below += counts[v]
        low += v * counts[v]
        above = total - below
        if below == 0 or above == 0:
            continue
        d = (mass - low) / above - low / below
        s = d * d * below * above
        if s > best:
            best = s
            cut, lower, upper = v, low / below, (mass - low) / above
    return cut, lower, upper


@jit
def threshold_each(values: Any, regions: Any, cells: Any, n: Any, zero: Any, texture: Any) -> Any:
    """Nucleus of each cell by Otsu's threshold on its own values.

    Parameters
    ----------
    values : (H, W) uint8
        Stain.
    regions, cells : (H, W) int32
        Cells 1..n with and without a rim of background.
    n : int
        Number of cells.
    zero : float
        Value of the unstained background.
    texture : float
        Where the lower class has more than this share of the upper one's stain, the cell is all nucleus and the threshold
        has split its texture: it is then set with the rim included.

    Returns
    -------
    mask : (H, W) uint8
        1 in the nuclei.
    full : (n + 1,) bool
        Cells that are all nucleus.
    """
    h, w = values.shape
    counts = np.zeros((n + 1, 2, 256), np.int64)
    for y in range(h):
        for x in range(w):
            c = regions[y, x]
            if c > 0:
                counts[c, 0 if cells[y, x] == c else 1, values[y, x]] += 1
    cuts = np.full(n + 1, 255, np.int64)
    full = np.zeros(n + 1, np.bool_)
    for c in range(1, n + 1):
        cut, lower, upper = _otsu(counts[c, 0])
        if lower - zero > texture * (upper - zero):
            full[c] = True
            cut, lower, upper = _otsu(counts[c, 0] + counts[c, 1])
        cuts[c] = cut
    out = np.zeros((h, w), np.uint8)
    for y in range(h):
        for x in range(w):
            c = cells[y, x]
            if c > 0:
                out[y, x] = values[y, x] > cuts[c]
    return out, full


@jit
def discriminate(colors: Any, nuclei: Any, regions: Any, cells: Any, n: Any, full: Any, ridge: Any) -> Any:
    """Mask of each nucleus by the linear discriminant between its colours and those of the rest of its region; (H, W) uint8.

    The rim of a region around its cell counts for cells flagged in `full` only. The pooled covariance gets `ridge` on its
    diagonal; the cut is half way between the two means.
    """
    h, w = nuclei.shape
    sums = np.zeros((n + 1, 2, 10))
    for y in range(h):
        for x in range(w):
            c = regions[y, x]
            if c > 0 and (full[c] or cells[y, x] == c):
                a, b, d = colors[y, x, 0], colors[y, x, 1], colors[y, x, 2]
                s = sums[c, 1 if nuclei[y, x] == c else 0]
                s[0] += 1
                s[1] += a
                s[2] += b
                s[3] += d
                s[4] += a * a
                s[5] += a * b
                s[6] += a * d
                s[7] += b * b
                s[8] += b * d
                s[9] += d * d
    plane = np.zeros((n + 1, 4))
    pooled = np.zeros(6)
    apart = np.zeros(3)
    for c in range(1, n + 1):
        m0, m1 = sums[c, 0, 0], sums[c, 1, 0]
        if m0 < 10 or m1 < 10:
            continue
        # the pooled covariance: xx, xy, xz, yy, yz, zz
        k = 0
        for i in range(3):
            for j in range(i, 3):
                v = 0.0
                for s in range(2):
                    v += sums[c, s, 4 + k] - sums[c, s, 1 + i] * sums[c, s, 1 + j] / sums[c, s, 0]
                pooled[k] = v / (m0 + m1) + (ridge if i == j else 0.0)
                k += 1
            apart[i] = sums[c, 1, 1 + i] / m1 - sums[c, 0, 1 + i] / m0
        # its adjugate points as its inverse does
        xx, xy, xz, yy, yz, zz = pooled[0], pooled[1], pooled[2], pooled[3], pooled[4], pooled[5]
        u, v, t = apart[0], apart[1], apart[2]
        plane[c, 0] = (yy * zz - yz * yz) * u + (xz * yz - xy * zz) * v + (xy * yz - xz * yy) * t
        plane[c, 1] = (xz * yz - xy * zz) * u + (xx * zz - xz * xz) * v + (xy * xz - xx * yz) * t
        plane[c, 2] = (xy * yz - xz * yy) * u + (xy * xz - xx * yz) * v + (xx * yy - xy * xy) * t
        for i in range(3):
            plane[c, 3] += plane[c, i] * 0.5 * (sums[c, 1, 1 + i] / m1 + sums[c, 0, 1 + i] / m0)
    out = np.zeros((h, w), np.uint8)
    for y in range(h):
        for x in range(w):
            c = cells[y, x]
            if c == 0:
                continue
            if sums[c, 0, 0] < 10 or sums[c, 1, 0] < 10:
                out[y, x] = nuclei[y, x] > 0
                continue
            v = plane[c, 0] * colors[y, x, 0] + plane[c, 1] * colors[y, x, 1] + plane[c, 2] * colors[y, x, 2]
            out[y, x] = v > plane[c, 3]
    return out


@jit
def remove_specks(mask: Any, cells: Any, n: Any, share: Any, hole_share: Any) -> Any:
    """Nuclei in their cells, without specks and small holes.

    Parameters
    ----------
    mask : (H, W) uint8
        1 where the nuclei may be.
    cells : (H, W) int32
        Cells 1..n.
    n : int
        Number of cells.
    share : float
        Parts (4-connected) under this share of their nucleus go.
    hole_share : float
        Holes under this share of the nucleus are filled: parts of its cell (8-connected) that it encloses.

    Returns
    -------
    nuclei : (H, W) int32
        Nucleus i in cell i.
    area : (n + 1,) int64
        Pixels of each before holes are filled.
    """
    h, w = cells.shape
    nuclei = np.zeros((h, w), np.int32)
    for y in range(h):
        for x in range(w):
            nuclei[y, x] = cells[y, x] * mask[y, x]
    total = np.zeros(n + 1, np.int64)
    seen = np.zeros((h, w), np.bool_)
    # pixels of one part after the other, and where each part begins
    ys = np.empty(h * w, np.int32)
    xs = np.empty(h * w, np.int32)
    begin = np.empty(h * w + 1, np.int32)
    parts, last = 0, 0
    for sy in range(h):
        for sx in range(w):
            c = nuclei[sy, sx]
            if c == 0 or seen[sy, sx]:
                continue
            begin[parts] = last
            parts += 1
            first = last
            seen[sy, sx] = True
            ys[last], xs[last] = sy, sx
            last += 1
            while first < last:
                y, x = ys[first], xs[first]
                first += 1
                for d in range(4):
                    yy = y + (d == 0) - (d == 1)
                    xx = x + (d == 2) - (d == 3)
                    if 0 <= yy < h and 0 <= xx < w and nuclei[yy, xx] == c and not seen[yy, xx]:
                        seen[yy, xx] = True
                        ys[last], xs[last] = yy, xx
                        last += 1
            total[c] += last - begin[parts - 1]
    begin[parts] = last
    area = total.copy()
    for k in range(parts):
        c = nuclei[ys[begin[k]], xs[begin[k]]]
        if begin[k + 1] - begin[k] < share * total[c]:
            area[c] -= begin[k + 1] - begin[k]
            for i in range(begin[k], begin[k + 1]):
                nuclei[ys[i], xs[i]] = 0
    _fill_holes(nuclei, cells, total, hole_share, ys, xs)
    return nuclei, area


@jit
def _fill_holes(nuclei: Any, cells: Any, total: Any, share: Any, ys: Any, xs: Any) -> None:
    """Fill small holes of nuclei, in place; `ys` and `xs` are room for a list of pixels."""
    h, w = cells.shape
    seen = np.zeros((h, w), np.int32)  # by the search for which hole
    hole = 0
    for sy in range(1, h - 1):
        for sx in range(1, w - 1):
            c = nuclei[sy, sx - 1]
            # the first pixel of a hole has the nucleus above and to the left
            if c == 0 or nuclei[sy, sx] != 0 or cells[sy, sx] != c or seen[sy, sx] > 0:
                continue
            if nuclei[sy - 1, sx - 1] != c or nuclei[sy - 1, sx] != c or nuclei[sy - 1, sx + 1] != c:
                continue
            hole += 1
            seen[sy, sx] = hole
            ys[0], xs[0] = sy, sx
            first, last = 0, 1
            enclosed = True
            while first < last and enclosed:
                y, x = ys[first], xs[first]
                first += 1
                if y == 0 or y == h - 1 or x == 0 or x == w - 1 or last >= share * total[c]:
                    enclosed = False
                    break
                for dy in range(-1, 2):
                    for dx in range(-1, 2):
                        yy, xx = y + dy, x + dx
                        if cells[yy, xx] != c:
                            enclosed = False
                        elif nuclei[yy, xx] == 0 and seen[yy, xx] != hole:
                            # what an earlier search has given up is no hole
                            enclosed &= seen[yy, xx] == 0
                            seen[yy, xx] = hole
                            ys[last], xs[last] = yy, xx
                            last += 1
            if enclosed:
                for i in range(last):
                    nuclei[ys[i], xs[i]] = c
