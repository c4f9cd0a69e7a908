"""Split touching blobs at their necks: a watershed of the distance map with a relative depth criterion."""

from __future__ import annotations

from typing import Any

import numpy as np

from leukofeat.kernels.jit import jit

__all__ = ["hull_counts", "label_gaps", "split_at_necks", "touching_labels"]


@jit
def _root(parent: Any, i: Any) -> Any:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = np.int64(parent[i])
    return i


@jit
def split_at_necks(labels: Any, distance: Any, neck: Any) -> Any:
    """Cut labels where a passage is narrower than `neck` times the inscribed radius of the smaller part.

    Pixels flood from high to low distance; two floods that meet fuse unless both are deeper than the passage.

    Parameters
    ----------
    labels : (H, W) int32
        Labels, each taken by itself.
    distance : (H, W) float32
        Distance to the outside of each label.
    neck : float
        Relative width, under 1.

    Returns
    -------
    (H, W) int32
        Parts 1..n.
    """
    h, w = labels.shape
    label, depth = labels.reshape(-1), distance.reshape(-1)
    row = w + 2
    pixels = np.empty(h * w, np.int32)  # in the image, and in a frame of one pixel
    frames = np.empty(h * w, np.int32)
    n = 0
    deepest: Any = np.int64(0)
    for y in range(h):
        for x in range(w):
            if labels[y, x] > 0:
                pixels[n] = y * w + x
                frames[n] = (y + 1) * row + x + 1
                n += 1
                deepest = max(deepest, np.int64(64 * distance[y, x]))
    # from the deepest, by a counting sort in steps of 1/64 pixel
    place = np.zeros(deepest + 2, np.int64)
    for i in range(n):
        place[deepest - np.int64(64 * depth[pixels[i]]) + 1] += 1
    for k in range(deepest + 1):
        place[k + 1] += place[k]
    order = np.empty(n, np.int32)
    for i in range(n):
        k = deepest - np.int64(64 * depth[pixels[i]])
        order[place[k]] = i
        place[k] += 1
    # parts are named after their deepest pixel, by its place in this order; -1 is not flooded yet, as is a frame around all
    region = np.full((h + 2) * row, -1, np.int32)
    parent = np.arange(n, dtype=np.int32)
    peak = np.zeros(n, np.float32)
    steps = (w, -w, 1, -1, w + 1, w - 1, 1 - w, -w - 1)
    framed = (row, -row, 1, -1, row + 1, row - 1, 1 - row, -row - 1)
    for k in range(n):
        p, here = np.int64(pixels[order[k]]), np.int64(frames[order[k]])
        level = depth[p]
        best = -1
        steepest = -1
        ahead = np.float32(-1)
        before: Any = -1
        for d in range(8):
            r = np.int64(region[here + framed[d]])
            if r < 0 or label[p + steps[d]] != label[p]:
                continue
            other = depth[p + steps[d]]
            if r == before and other < ahead:
                continue
            before = r
            q = _root(parent, r)
            # a pixel joins the part it lies on the slope of
            if other > ahead or (other == ahead and peak[q] > peak[steepest]):
                ahead = other
                steepest = q
            if best < 0:
                best = q
            elif q != best:
                low, high = (q, best) if peak[q] < peak[best] else (best, q)
                if level > neck * peak[low] or peak[low] - level < 1.0:
                    parent[low] = high
                best = high
        if best < 0:
            best = k
            peak[k] = level
        elif steepest != best:
            best = _root(parent, steepest)
        region[here] = best
    out = np.zeros(h * w, np.int32)
    name = np.zeros(n, np.int32)
    count = 0
    for k in range(n):
        q = _root(parent, np.int64(region[frames[order[k]]]))
        if name[q] == 0:
            count += 1
            name[q] = count
        out[pixels[order[k]]] = name[q]
    return out.reshape(h, w)


@jit
def touching_labels(labels: Any, n: Any) -> Any:
    """Which of the labels 1..n lie side by side, or with one pixel between them: (n + 1, n + 1) bool, i < j."""
    h, w = labels.shape
    out = np.zeros((n + 1, n + 1), np.bool_)
    for y in range(h):
        for x in range(w):
            c = labels[y, x]
            if c == 0:
                continue
            for step in (1, 2):
                if x + step < w:
                    d = labels[y, x + step]
                    out[min(c, d), max(c, d)] |= d > 0 and d != c
                if y + step < h:
                    d = labels[y + step, x]
                    out[min(c, d), max(c, d)] |= d > 0 and d != c
    return out


@jit
def label_gaps(labels: Any, boxes: Any, reach: Any) -> Any:
    """Distance in pixels between the nearest pixels of each two labels, where it is at most `reach`, else infinity.

    Parameters
    ----------
    labels : (H, W) int32
        Labels 1..n.
    boxes : (n, 4) int64
        y0, y1, x0, x1 of each label, ends excluded.
    reach : (n, n) float64
        Largest distance of interest.

    Returns
    -------
    (n, n) float64
        Symmetric distances.
    """
    h, w = labels.shape
    n = boxes.shape[0]
    room = 0
    for i in range(n):
        room += (boxes[i, 1] - boxes[i, 0]) * (boxes[i, 3] - boxes[i, 2])
    rim = np.empty((room, 2), np.int32)
    start = np.zeros(n + 1, np.int64)
    m = 0
    for i in range(n):
        c = i + 1
        for y in range(boxes[i, 0], boxes[i, 1]):
            for x in range(boxes[i, 2], boxes[i, 3]):
                if labels[y, x] == c and (
                    (y > 0 and labels[y - 1, x] != c)
                    or (y < h - 1 and labels[y + 1, x] != c)
                    or (x > 0 and labels[y, x - 1] != c)
                    or (x < w - 1 and labels[y, x + 1] != c)
                ):
                    rim[m, 0], rim[m, 1] = y, x
                    m += 1
        start[c] = m
    out = np.full((n, n), np.inf)
    for i in range(n):
        for j in range(i + 1, n):
            r = reach[i, j]
            if max(boxes[i, 0], boxes[j, 0]) - min(boxes[i, 1], boxes[j, 1]) >= r:
                continue
            if max(boxes[i, 2], boxes[j, 2]) - min(boxes[i, 3], boxes[j, 3]) >= r:
                continue
            best = r * r + 1e-9
            found = False
            for a in range(start[i], start[i + 1]):
                if (
                    rim[a, 0] < boxes[j, 0] - r
                    or rim[a, 0] > boxes[j, 1] + r
                    or rim[a, 1] < boxes[j, 2] - r
                    or rim[a, 1] > boxes[j, 3] + r
                ):
                    continue
                for b in range(start[j], start[j + 1]):
                    dy = rim[a, 0] - rim[b, 0]
                    dx = rim[a, 1] - rim[b, 1]
                    if dy * dy + dx * dx <= best:
                        best = dy * dy + dx * dx
                        found = True
            if found:
                out[i, j] = np.sqrt(best)
                out[j, i] = out[i, j]
    return out


@jit
def _envelope(values: Any, out: Any) -> Any:
    """Largest convex function under `values` (infinite where undefined), at each index between the first and the last."""
    n = values.size
    chain = np.empty(n, np.int64)
    m = 0
    for y in range(n):
        if not np.isfinite(values[y]):
            continue
        while m >= 2:
            a, b = chain[m - 2], chain[m - 1]
            if (values[b] - values[a]) * (y - a) >= (values[y] - values[a]) * (b - a):
                m -= 1
            else:
                break
        chain[m] = y
        m += 1
    for k in range(m - 1):
        a, b = chain[k], chain[k + 1]
        for y in range(a, b + 1):
            out[y] = values[a] + (values[b] - values[a]) * (y - a) / (b - a)
    if m == 1:
        out[chain[0]] = values[chain[0]]


@jit
def hull_counts(nuclei: Any, cells: Any, i: Any, j: Any, box: Any) -> Any:
    """Count the pixels of the convex hull of nuclei i and j: their own, other nuclei, gaps in their cells and in none.

    Parameters
    ----------
    nuclei, cells : (H, W) int32
        Nuclei, and the cells they lie in.
    i, j : int
        Two labels, or the same twice.
    box : (4,) int64
        y0, y1, x0, x1 around both, ends excluded.

    Returns
    -------
    own, others, good, bad : int
        Gaps in cells other than i and j count as neither good nor bad.
    """
    y0, y1, x0, x1 = box
    n = y1 - y0
    left = np.full(n, np.inf)
    right = np.full(n, np.inf)
    for y in range(n):
        for x in range(x0, x1):
            c = nuclei[y0 + y, x]
            if c in (i, j):
                left[y] = min(left[y], x)
                right[y] = min(right[y], -x)
    low = np.full(n, np.inf)
    high = np.full(n, np.inf)
    _envelope(left, low)
    _envelope(right, high)
    own, others, good, bad = 0, 0, 0, 0
    for y in range(n):
        if not np.isfinite(low[y]):
            continue
        for x in range(int(np.ceil(low[y] - 1e-9)), int(np.floor(-high[y] + 1e-9)) + 1):
            c = nuclei[y0 + y, x]
            if c in (i, j):
                own += 1
            elif c != 0:
                others += 1
            else:
                c = cells[y0 + y, x]
                good += c in (i, j)
                bad += c == 0
    return own, others, good, bad
