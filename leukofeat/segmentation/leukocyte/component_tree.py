"""Component tree of the nucleus index: every nucleus at the level where its own outline is sharpest."""

from __future__ import annotations

from typing import Any

import numpy as np

from leukofeat.kernels.jit import jit

__all__ = ["core_sums", "sharpest_components"]

NEXT, PARENT, LEVEL, SEED, OWN = range(5)  # columns of a node: links, grey level, a pixel, whether it beats its parts
WHOLE = 1.6  # how much parts have to be better than the whole: chromatin has outlines, too


@jit
def _find(parent: Any, i: Any) -> Any:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@jit
def _by_level(index: Any, floor: Any, step: Any) -> Any:
    """Pixels from `floor` up in order of falling level, y and x; the place of each in it, in a frame of -1; where levels begin."""
    h, w = index.shape
    n_levels = (255 - floor) // step + 1
    # the number of each grey level, from the highest
    level = np.full(256, n_levels, np.int64)
    for v in range(floor, 256):
        level[v] = n_levels - 1 - (v - floor) // step
    count = np.zeros(n_levels + 2, np.int64)
    for y in range(h):
        for x in range(w):
            count[level[index[y, x]] + 1] += 1
    for k in range(n_levels):
        count[k + 1] += count[k]
    place = count.copy()
    ys = np.empty(count[n_levels], np.int32)
    xs = np.empty(count[n_levels], np.int32)
    slot = np.full((h + 2, w + 2), -1, np.int32)
    for y in range(h):
        for x in range(w):
            k = level[index[y, x]]
            if k < n_levels:
                i = place[k]
                ys[i], xs[i] = y, x
                slot[y + 1, x + 1] = i
                place[k] += 1
    return ys, xs, slot, count[: n_levels + 1]


@jit
def _within(y: Any, x: Any, d: Any, h: Any, w: Any) -> Any:
    """Whether the neighbour below, above, to the right or to the left (d = 0..3) lies in the image."""
    return y < h - 1 if d == 0 else y > 0 if d == 1 else x < w - 1 if d == 2 else x > 0


@jit
def sharpest_components(index: Any, edge: Any, floor: Any, step: Any, min_area: Any) -> Any:
    """Disjoint components of level sets of `index`, each at the level where its outline is sharpest.

    In the tree of 4-connected components of all level sets, a component is worth the mean edge strength along its
    outline times how well it fills its ellipse of inertia. Going down, a component replaces those it contains where
    it is worth more than their mean, weighted by area.

    Parameters
    ----------
    index : (H, W) uint8
        What nuclei are bright in.
    edge : (H, W) uint8
        Edge strength.
    floor, step : int
        Lowest level, and distance between levels.
    min_area : int
        Components of fewer pixels do not count.

    Returns
    -------
    labels : (H, W) int32
        Components 1..n.
    n : int
        Their number.
    """
    h, w = index.shape
    ys, xs, slot, count = _by_level(index, floor, step)
    n_levels = count.size - 1
    n = ys.size
    parent = np.arange(n)
    # of each component, in the row of its root: area, outline length, edge sum, sx, sy, sxx, syy, sxy
    attr = np.empty((n, 8), np.float64)
    head = np.full(n, -1, np.int64)
    tail = np.full(n, -1, np.int64)
    stamp = np.full(n, -1, np.int64)
    nodes = np.full((1024, 5), -1, np.int64)
    values = np.zeros((1024, 2), np.float64)
    n_nodes = np.int64(0)
    roots = np.empty(n, np.int64)
    places, edges = slot.reshape(-1), edge.reshape(-1)
    framed = (w + 2, -w - 2, 1, -1)
    steps = (w, -w, 1, -1)
    for k in range(n_levels):
        lo, hi = count[k], count[k + 1]
        for i in range(lo, hi):
            y, x = np.int64(ys[i]), np.int64(xs[i])
            p, here = y * w + x, (y + 1) * (w + 2) + x + 1
            g = np.float64(edges[p])
            length = 0.0
            total = 0.0
            r = -1
            for d in range(4):
                j = places[here + framed[d]]
                if j < 0 or j > i:
                    # an outline, unless it is the frame
                    if j >= 0 or (0 < y < h - 1 and 0 < x < w - 1) or _within(y, x, d, h, w):
                        length += 1
                        total += g + edges[p + steps[d]]
                    continue
                gg = g + edges[p + steps[d]]
                length -= 1
                total -= gg
                q = _find(parent, j)
                if r < 0:
                    r = q
                elif q != r:
                    if attr[q, 0] > attr[r, 0]:
                        q, r = r, q
                    parent[q] = r
                    for c in range(8):
                        attr[r, c] += attr[q, c]
                    if head[q] >= 0:
                        if head[r] >= 0:
                            nodes[tail[r], NEXT] = head[q]
                        else:
                            head[r] = head[q]
                        tail[r] = tail[q]
            if r < 0:
                r = i
                attr[r] = 0
            parent[i] = r
            attr[r, 0] += 1
            attr[r, 1] += length
            attr[r, 2] += total
            attr[r, 3] += x
            attr[r, 4] += y
            attr[r, 5] += x * x
            attr[r, 6] += y * y
            attr[r, 7] += x * y
        n_roots = 0
        for i in range(lo, hi):
            r = _find(parent, i)
            if stamp[r] != k:
                stamp[r] = k
                roots[n_roots] = r
                n_roots += 1
        for m in range(n_roots):
            r = roots[m]
            area = attr[r, 0]
            if area < min_area:
                continue
            if n_nodes == len(nodes):
                nodes = _doubled(nodes)
                values = _doubled(values)
            e = n_nodes
            n_nodes += 1
            mx, my = attr[r, 3] / area, attr[r, 4] / area
            cxx = attr[r, 5] / area - mx * mx + 1 / 12
            cyy = attr[r, 6] / area - my * my + 1 / 12
            cxy = attr[r, 7] / area - mx * my
            fill = area / (4 * np.pi * np.sqrt(max(cxx * cyy - cxy * cxy, 1e-9)))
            sharp = attr[r, 2] / (2 * max(attr[r, 1], 1.0))
            own = sharp * min(fill, 1.0)
            weight = 0.0
            value = 0.0
            c = head[r]
            n_parts = 0
            while c >= 0:
                n_parts += 1
                nodes[c, PARENT] = e
                value += values[c, 0] * values[c, 1]
                weight += values[c, 1]
                c = nodes[c, NEXT]
            best = value / weight if weight > 0 else -1.0
            nodes[e, LEVEL] = floor + (n_levels - 1 - k) * step
            nodes[e, SEED] = ys[r] * w + xs[r]
            whole = own * (WHOLE if n_parts > 1 else 1.0) >= best
            nodes[e, OWN] = 1 if whole else 0
            values[e, 0] = own if whole else best
            values[e, 1] = area if whole else weight
            nodes[e, NEXT] = -1
            nodes[e, PARENT] = -1
            head[r] = e
            tail[r] = e
    return _painted(index, nodes, n_nodes)


@jit
def _painted(index: Any, nodes: Any, n_nodes: Any) -> Any:
    """Label the topmost node of each branch that beats its own parts."""
    h, w = index.shape
    labels = np.zeros((h, w), np.int32)
    taken = np.zeros(n_nodes, np.bool_)
    n_labels = 0
    queue_y = np.empty(h * w, np.int32)
    queue_x = np.empty(h * w, np.int32)
    for e in range(n_nodes - 1, -1, -1):
        up, level, seed = nodes[e, PARENT], nodes[e, LEVEL], nodes[e, SEED]
        if up >= 0 and taken[up]:
            taken[e] = True
        elif nodes[e, OWN] == 1:
            taken[e] = True
            n_labels += 1
            y, x = seed // w, seed % w
            queue_y[0], queue_x[0] = y, x
            labels[y, x] = n_labels
            first, last = 0, 1
            while first < last:
                y, x = queue_y[first], queue_x[first]
                first += 1
                for d in range(4):
                    yy = y + (d == 0) - (d == 1)
                    xx = x + (d == 2) - (d == 3)
                    inside = 0 <= yy < h and 0 <= xx < w
                    if inside and labels[yy, xx] == 0 and index[yy, xx] >= level:
                        labels[yy, xx] = n_labels
                        queue_y[last], queue_x[last] = yy, xx
                        last += 1
    return labels, n_labels


@jit
def _doubled(table: Any) -> Any:
    """The table with as many rows again."""
    out = np.empty((2 * table.shape[0], table.shape[1]), table.dtype)
    # row by row: assigning to a slice takes numba seconds to compile
    for i in range(table.shape[0]):
        for k in range(table.shape[1]):
            out[i, k] = table[i, k]
    return out


@jit
def core_sums(labels: Any, n: Any, distance: Any, azure: Any, offset: Any) -> Any:
    """Per label 1..n: area, largest distance, sum of the azure stain, and of how violet it is: 2 a* - b*.

    `labels` is (H, W) int32, `distance` float32, `azure` uint8, and `offset` (H, W, 3) float32: LAB minus background.
    """
    h, w = labels.shape
    out = np.zeros((n, 4))
    for y in range(h):
        for x in range(w):
            c = labels[y, x] - 1
            if c >= 0:
                out[c, 0] += 1
                out[c, 1] = max(out[c, 1], distance[y, x])
                out[c, 2] += azure[y, x]
                out[c, 3] += 2 * offset[y, x, 1] - offset[y, x, 2]
    return out
