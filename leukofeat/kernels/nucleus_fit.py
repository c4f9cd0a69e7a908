"""Nuclei inside their cells: Otsu's threshold on the stain, refined by a linear discriminant on colour; tidying of labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from leukofeat.kernels._jit import jit

__all__ = ["discriminate", "label_sums", "owners", "remove_specks", "threshold_each"]


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
    nuclei : (H, W) int32
        Nucleus i in cell i.
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
    out = np.zeros((h, w), np.int32)
    for y in range(h):
        for x in range(w):
            c = cells[y, x]
            if c > 0 and values[y, x] > cuts[c]:
                out[y, x] = c
    return out, full


@jit
def discriminate(colors: Any, nuclei: Any, regions: Any, cells: Any, n: Any, full: Any, ridge: Any) -> Any:
    """Redraw each nucleus by the linear discriminant between its colours and those of the rest of its region.

    The rim of a region around its cell counts for cells flagged in `full` only. The pooled covariance gets `ridge` on its diagonal; the cut is half way between the two means.
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
    out = np.zeros((h, w), np.int32)
    for y in range(h):
        for x in range(w):
            c = cells[y, x]
            if c == 0:
                continue
            if sums[c, 0, 0] < 10 or sums[c, 1, 0] < 10:
                out[y, x] = nuclei[y, x]
                continue
            v = plane[c, 0] * colors[y, x, 0] + plane[c, 1] * colors[y, x, 1] + plane[c, 2] * colors[y, x, 2]
            if v > plane[c, 3]:
                out[y, x] = c
    return out


@jit
def remove_specks(nuclei: Any, cells: Any, n: Any, share: Any, hole_share: Any) -> Any:
    """Drop parts (4-connected) under `share` of their nucleus and fill holes under `hole_share` of it, in place.

    A hole is a part of the cell (8-connected) that its nucleus encloses.
    """
    h, w = nuclei.shape
    total = np.zeros(n + 1, np.int64)
    for y in range(h):
        for x in range(w):
            total[nuclei[y, x]] += 1
    seen = np.zeros((h, w), np.bool_)
    ys = np.empty(h * w, np.int32)
    xs = np.empty(h * w, np.int32)
    for hole in range(2):
        seen[:] = False
        for sy in range(h):
            for sx in range(w):
                c = cells[sy, sx]
                if c == 0 or seen[sy, sx] or (nuclei[sy, sx] == 0) != (hole == 1):
                    continue
                kind = 0 if hole else c
                seen[sy, sx] = True
                ys[0], xs[0] = sy, sx
                first, last = 0, 1
                enclosed = True
                while first < last:
                    y, x = ys[first], xs[first]
                    first += 1
                    for dy in range(-1, 2):
                        for dx in range(-1, 2):
                            if hole == 0 and dy * dx != 0:
                                continue
                            yy, xx = y + dy, x + dx
                            if yy < 0 or yy >= h or xx < 0 or xx >= w or cells[yy, xx] != c:
                                enclosed = False
                            elif nuclei[yy, xx] == kind and not seen[yy, xx]:
                                seen[yy, xx] = True
                                ys[last], xs[last] = yy, xx
                                last += 1
                if hole == 0 and last < share * total[c]:
                    for i in range(last):
                        nuclei[ys[i], xs[i]] = 0
                elif hole == 1 and enclosed and last < hole_share * total[c]:
                    for i in range(last):
                        nuclei[ys[i], xs[i]] = c


@jit
def owners(index: Any, labels: Any) -> Any:
    """Label of the pixel that each pixel is nearest to, (H, W) int32.

    Parameters
    ----------
    index : (H, W) int32
        Number of the nearest labelled pixel, as OpenCV's labelled distance transform gives it.
    labels : (H, W) int32
        Labels; 0 is background.
    """
    h, w = labels.shape
    largest = 0
    for y in range(h):
        for x in range(w):
            if labels[y, x] > 0:
                largest = max(largest, index[y, x])
    table = np.zeros(largest + 1, np.int32)
    for y in range(h):
        for x in range(w):
            if labels[y, x] > 0:
                table[index[y, x]] = labels[y, x]
    out = np.zeros((h, w), np.int32)
    for y in range(h):
        for x in range(w):
            if index[y, x] <= largest:
                out[y, x] = table[index[y, x]]
    return out


@jit
def label_sums(labels: Any, n: Any, values: Any) -> Any:
    """Per label 1..n: area, sum of y, sum of x, largest and summed value, y0, y1, x0, x1 (ends excluded), on border."""
    h, w = labels.shape
    out = np.zeros((n, 10))
    out[:, 5] = h
    out[:, 7] = w
    for y in range(h):
        for x in range(w):
            c = labels[y, x] - 1
            if c < 0:
                continue
            v = values[y, x]
            out[c, 0] += 1
            out[c, 1] += y
            out[c, 2] += x
            out[c, 3] = max(out[c, 3], v)
            out[c, 4] += v
            out[c, 5] = min(out[c, 5], y)
            out[c, 6] = max(out[c, 6], y + 1)
            out[c, 7] = min(out[c, 7], x)
            out[c, 8] = max(out[c, 8], x + 1)
            if y == 0 or x == 0 or y == h - 1 or x == w - 1:
                out[c, 9] = 1
    return out
