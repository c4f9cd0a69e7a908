"""Component tree of the azure stain: every body at the level where its own outline is sharpest."""

import numpy as np

from leukofeat.kernels.jit import jit
from leukofeat.kernels.regions.union_find import find_root
from leukofeat.segmentation.leukocyte.flooding import flood, framed, from_the_top, unframed

NEXT, PARENT, LEVEL, SEED, OWN = range(5)  # columns of a node: links, level, a pixel, whether it beats its parts
WHOLE = 1.6  # how much parts have to be better than the whole: chromatin has outlines, too
FRAME = -2  # beyond the image, in the map of where pixels come in order; -1 is under the floor


@jit
def stain_edges(azure: np.ndarray) -> np.ndarray:
    """Gradient magnitude (Sobel) of a uint8 plane in steps of 0.3 a pixel, (H, W) uint8.

    `azure` is (H + 2, W + 2): in a frame that repeats its outermost pixels.
    """
    h, w = azure.shape[0] - 2, azure.shape[1] - 2
    out = np.empty((h, w), np.uint8)
    smooth = np.empty(w + 2, np.int32)
    slope = np.empty(w + 2, np.int32)
    for y in range(h):
        up, mid, down = azure[y], azure[y + 1], azure[y + 2]
        for x in range(w + 2):
            smooth[x] = np.int32(up[x]) + 2 * np.int32(mid[x]) + np.int32(down[x])
            slope[x] = np.int32(down[x]) - np.int32(up[x])
        for x in range(w):
            gx = np.float32(smooth[x + 2] - smooth[x])
            gy = np.float32(slope[x] + 2 * slope[x + 1] + slope[x + 2])
            steep = np.sqrt(gx * gx + gy * gy) * np.float32(10 / 24) + np.float32(0.5)
            out[y, x] = np.uint8(np.int32(min(steep, np.float32(255))))
    return out


def sharpest_components(
    index: np.ndarray, edge: np.ndarray, floor: int, step: int, min_area: int
) -> tuple[np.ndarray, int]:
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
    index = framed(index)
    places = np.flatnonzero(index >= floor)
    level = (index.reshape(-1)[places] - floor) // step
    order = from_the_top(places, level)
    place = np.full(index.shape, FRAME, np.int32)
    place[1:-1, 1:-1] = -1
    place.reshape(-1)[order] = np.arange(order.size, dtype=np.int32)
    nodes = _tree(order, np.bincount(level), place, framed(edge), min_area)
    labels, n = _painted(index, nodes, floor, step, order.size)
    return unframed(labels), n


@jit
def _tree(order: np.ndarray, counts: np.ndarray, place: np.ndarray, edge: np.ndarray, min_area: int) -> np.ndarray:
    """Nodes of the tree, parts before the whole, (n, 5) int64.

    `order` says how the framed planes are flooded, `place` when each pixel is, and `counts` how many are of each level.
    """
    row = edge.shape[1]
    places, edges = place.reshape(-1), edge.reshape(-1)
    n = order.size
    parent = np.arange(n)
    # of each component, in the row of its root: area, outline length, edge sum, sx, sy, sxx, syy, sxy
    attr = np.empty((n, 8), np.float64)
    head = np.full(n, -1, np.int64)
    tail = np.full(n, -1, np.int64)
    # each node has a pixel that came with its level
    nodes = np.empty((n, 5), np.int64)
    values = np.empty((n, 2), np.float64)
    n_nodes = 0
    end = 0
    for level in range(counts.size - 1, -1, -1):
        begin, end = end, end + counts[level]
        for i in range(begin, end):
            p = order[i]
            y, x = np.float64(p // row - 1), np.float64(p % row - 1)
            g = np.float64(edges[p])
            length = 0.0
            total = 0.0
            r = -1
            for side in (row, -row, 1, -1):
                j = places[p + side]
                if j == FRAME:
                    continue
                across = g + edges[p + side]
                if j < 0 or j > i:
                    length += 1
                    total += across
                    continue
                length -= 1
                total -= across
                q = find_root(parent, j)
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
            for c, v in enumerate((1.0, length, total, x, y, x * x, y * y, x * y)):
                attr[r, c] += v
        for i in range(begin, end):
            r = find_root(parent, i)
            area = attr[r, 0]
            c = head[r]
            if area < min_area or (c >= 0 and nodes[c, LEVEL] == level):
                continue
            own = _worth(attr[r])
            weight = 0.0
            value = 0.0
            n_parts = 0
            while c >= 0:
                n_parts += 1
                nodes[c, PARENT] = n_nodes
                value += values[c, 0] * values[c, 1]
                weight += values[c, 1]
                c = nodes[c, NEXT]
            best = value / weight if weight > 0 else -1.0
            whole = own * (WHOLE if n_parts > 1 else 1.0) >= best
            node = nodes[n_nodes]
            node[NEXT], node[PARENT], node[LEVEL], node[SEED], node[OWN] = -1, -1, level, order[r], whole
            values[n_nodes, 0] = own if whole else best
            values[n_nodes, 1] = area if whole else weight
            head[r] = n_nodes
            tail[r] = n_nodes
            n_nodes += 1
    return nodes[:n_nodes]


@jit
def _worth(sums: np.ndarray) -> float:
    """Mean edge along the outline of a component, times the share of its ellipse of inertia that it fills."""
    area = sums[0]
    mx, my = sums[3] / area, sums[4] / area
    cxx = sums[5] / area - mx * mx + 1 / 12
    cyy = sums[6] / area - my * my + 1 / 12
    cxy = sums[7] / area - mx * my
    fill = area / (4 * np.pi * np.sqrt(max(cxx * cyy - cxy * cxy, 1e-9)))
    sharp = sums[2] / (2 * max(sums[1], 1.0))
    return sharp * min(fill, 1.0)


@jit
def _painted(index: np.ndarray, nodes: np.ndarray, floor: int, step: int, room: int) -> tuple[np.ndarray, int]:
    """Label the topmost node of each branch that beats its own parts, in the framed image; `room` pixels have nodes."""
    row = index.shape[1]
    values = index.reshape(-1)
    labels = np.zeros(values.size, np.int32)
    taken = np.zeros(len(nodes), np.bool_)
    n_labels = 0
    queue = np.empty(room, np.int64)
    for e in range(len(nodes) - 1, -1, -1):
        up = nodes[e, PARENT]
        inherited = up >= 0 and taken[up]
        taken[e] = inherited or nodes[e, OWN] == 1
        if inherited or not taken[e]:
            continue
        n_labels += 1
        flood(values, floor + nodes[e, LEVEL] * step, 255, nodes[e, SEED], row, labels, n_labels, queue)
    return labels.reshape(index.shape), n_labels


@jit
def core_sums(labels: np.ndarray, n: int, distance: np.ndarray, azure: np.ndarray, offset: np.ndarray) -> np.ndarray:
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
