"""Component tree of the nucleus index: every nucleus at the level where its own outline is sharpest."""

from __future__ import annotations

from typing import Any

import numpy as np

from leukofeat.kernels._jit import jit

__all__ = ["sharpest_components"]

WHOLE = 1.6  # how much parts have to be better than the whole: chromatin has outlines, too


@jit
def _find(parent: Any, i: Any) -> Any:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@jit
def _by_level(index: Any, floor: Any, step: Any) -> Any:
    """Pixels from `floor` up in order of falling level, the place of each pixel in it, and where each level begins."""
    h, w = index.shape
    n_levels = (255 - floor) // step + 1
    count = np.zeros(n_levels + 1, np.int64)
    for y in range(h):
        for x in range(w):
            if index[y, x] >= floor:
                count[n_levels - (np.int64(index[y, x]) - floor) // step] += 1
    for k in range(n_levels):
        count[k + 1] += count[k]
    place = count.copy()
    order = np.empty(count[n_levels], np.int64)
    slot = np.full(h * w, -1, np.int64)
    for y in range(h):
        for x in range(w):
            if index[y, x] >= floor:
                k = n_levels - 1 - (np.int64(index[y, x]) - floor) // step
                order[place[k]] = y * w + x
                slot[y * w + x] = place[k]
                place[k] += 1
    return order, slot, count


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
    order, slot, count = _by_level(index, floor, step)
    n_levels = count.size - 1
    n = order.size
    parent = np.arange(n)
    live = np.zeros(n, np.bool_)
    # of each component, in the row of its root: area, outline length, edge sum, sx, sy, sxx, syy, sxy
    attr = np.empty((n, 8), np.float64)
    head = np.full(n, -1, np.int64)
    tail = np.full(n, -1, np.int64)
    stamp = np.full(n, -1, np.int64)
    max_nodes = 1024
    node_next = np.full(max_nodes, -1, np.int64)
    node_parent = np.full(max_nodes, -1, np.int64)
    node_level = np.zeros(max_nodes, np.int64)
    node_seed = np.zeros(max_nodes, np.int64)
    node_value = np.zeros((max_nodes, 2), np.float64)
    node_own = np.zeros(max_nodes, np.bool_)
    n_nodes = 0
    roots = np.empty(n, np.int64)
    for k in range(n_levels):
        lo, hi = count[k], count[k + 1]
        for i in range(lo, hi):
            p = order[i]
            y, x = p // w, p % w
            live[i] = True
            g = np.float64(edge[y, x])
            length = 0.0
            total = 0.0
            r = -1
            for d in range(4):
                yy = y + (d == 0) - (d == 1)
                xx = x + (d == 2) - (d == 3)
                if yy < 0 or yy >= h or xx < 0 or xx >= w:
                    continue
                j = slot[yy * w + xx]
                gg = g + edge[yy, xx]
                if j < 0 or not live[j]:
                    length += 1
                    total += gg
                    continue
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
                            node_next[tail[r]] = head[q]
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
            if n_nodes == max_nodes:
                max_nodes *= 2
                node_next = _grown(node_next, max_nodes)
                node_parent = _grown(node_parent, max_nodes)
                node_level = _grown(node_level, max_nodes)
                node_seed = _grown(node_seed, max_nodes)
                node_own = _grown(node_own, max_nodes)
                node_value = _grown_2d(node_value, max_nodes)
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
                node_parent[c] = e
                value += node_value[c, 0] * node_value[c, 1]
                weight += node_value[c, 1]
                c = node_next[c]
            best = value / weight if weight > 0 else -1.0
            node_level[e] = floor + (n_levels - 1 - k) * step
            node_seed[e] = order[r]
            node_own[e] = own * (WHOLE if n_parts > 1 else 1.0) >= best
            node_value[e, 0] = own if node_own[e] else best
            node_value[e, 1] = area if node_own[e] else weight
            node_next[e] = -1
            node_parent[e] = -1
            head[r] = e
            tail[r] = e
    return _painted(index, order[:n], node_parent, node_own, node_level, node_seed, n_nodes)


@jit
def _painted(index: Any, order: Any, parent: Any, own: Any, level: Any, seed: Any, n_nodes: Any) -> Any:
    """Label the topmost node of each branch that beats its own parts."""
    h, w = index.shape
    labels = np.zeros((h, w), np.int32)
    taken = np.zeros(n_nodes, np.bool_)
    n_labels = 0
    queue = np.empty(order.size, np.int64)
    for e in range(n_nodes - 1, -1, -1):
        up = parent[e]
        if up >= 0 and taken[up]:
            taken[e] = True
        elif own[e]:
            taken[e] = True
            n_labels += 1
            queue[0] = seed[e]
            labels[seed[e] // w, seed[e] % w] = n_labels
            first, last = 0, 1
            while first < last:
                y, x = queue[first] // w, queue[first] % w
                first += 1
                for d in range(4):
                    yy = y + (d == 0) - (d == 1)
                    xx = x + (d == 2) - (d == 3)
                    inside = 0 <= yy < h and 0 <= xx < w
                    if inside and labels[yy, xx] == 0 and index[yy, xx] >= level[e]:
                        labels[yy, xx] = n_labels
                        queue[last] = yy * w + xx
                        last += 1
    return labels, n_labels


@jit
def _grown(a: Any, n: Any) -> Any:
    out = np.zeros(n, a.dtype)
    out[: a.size] = a
    return out


@jit
def _grown_2d(a: Any, n: Any) -> Any:
    out = np.zeros((n, a.shape[1]), a.dtype)
    out[: a.shape[0]] = a
    return out
