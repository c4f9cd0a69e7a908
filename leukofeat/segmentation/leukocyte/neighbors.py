"""What bodies have to do with each other: gaps between them, which of them touch, and what their common hull holds."""

from typing import NamedTuple

import numpy as np

from leukofeat.kernels.jit import jit
from leukofeat.kernels.regions.union_find import find_root
from leukofeat.opencv import cv2


class Gaps(NamedTuple):
    """Distances in pixels between the nearest pixels of two bodies, for the pairs that are near each other."""

    first: np.ndarray  # (m,) int64, body from 0 on, less than the second
    second: np.ndarray  # (m,) int64
    pixels: np.ndarray  # (m,) float64


@jit
def _doubled(table: np.ndarray) -> np.ndarray:
    # element by element: slices take seconds to compile
    out = np.empty((2 * table.shape[0], table.shape[1]), table.dtype)
    for i in range(table.shape[0]):
        for k in range(table.shape[1]):
            out[i, k] = table[i, k]
    return out


@jit
def _touching(labels: np.ndarray) -> np.ndarray:
    """Pairs of labels one or two pixels apart in a row or a column, several times; `labels` has two rows and columns of 0 more."""
    h, w = labels.shape
    out = np.empty((256, 2), np.int32)
    m = 0
    for y in range(h - 2):
        here, below, under = labels[y], labels[y + 1], labels[y + 2]
        for x in range(w - 2):
            c = here[x]
            if c == 0 or (here[x + 1] == c and here[x + 2] == c and below[x] == c and under[x] == c):
                continue
            for d in (here[x + 1], below[x], here[x + 2], under[x]):
                low, high = min(c, d), max(c, d)
                # bodies mostly touch along a line
                if d == 0 or d == c or (m > 0 and out[m - 1, 0] == low and out[m - 1, 1] == high):
                    continue
                if m == out.shape[0]:
                    out = _doubled(out)
                out[m, 0], out[m, 1] = low, high
                m += 1
    return out[:m]


def touching_labels(labels: np.ndarray) -> np.ndarray:
    """Pairs of labels that lie side by side, or with one pixel between them: (m, 2) int32, the lower one first, in order."""
    pairs = _touching(cv2.copyMakeBorder(labels, 0, 2, 0, 2, cv2.BORDER_CONSTANT, value=0)).astype(np.int64)
    # as one number each, which takes a fraction of the time of sorting rows
    codes = np.unique(pairs[:, 0] << 32 | pairs[:, 1])
    return np.column_stack([codes >> 32, codes & 0xFFFFFFFF]).astype(np.int32)


@jit
def _rims(labels: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels of each label beside another or the background, and where in this list those of each label begin."""
    h, w = labels.shape
    n = boxes.shape[0]
    rim = np.empty((1024, 2), np.int32)
    start = np.zeros(n + 1, np.int64)
    m = 0
    for c in range(1, n + 1):
        y0, y1, x0, x1 = boxes[c - 1]
        for y in range(y0, y1):
            # the frame is no other label: beyond it a row or column goes on
            above, here, below = labels[max(y - 1, 0)], labels[y], labels[min(y + 1, h - 1)]
            for x in range(x0, x1):
                if here[x] == c and (
                    (here[max(x - 1, 0)] != c) | (here[min(x + 1, w - 1)] != c) | (above[x] != c) | (below[x] != c)
                ):
                    if m == rim.shape[0]:
                        rim = _doubled(rim)
                    rim[m, 0], rim[m, 1] = y, x
                    m += 1
        start[c] = m
    return rim, start


@jit
def _gaps(
    labels: np.ndarray, boxes: np.ndarray, reach: np.ndarray, downwards: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    rim, start = _rims(labels, boxes)
    pairs, squares = np.empty((256, 2), np.int64), np.empty((256, 1))
    m = 0
    most = 0.0
    for r in reach:
        most = max(most, r)
    for k in range(downwards.size):
        for following in range(k + 1, downwards.size):
            other = downwards[following]
            if boxes[other, 0] - boxes[downwards[k], 1] >= most:
                break
            i, j = min(downwards[k], other), max(downwards[k], other)
            r = max(reach[i], reach[j])
            y0, y1, x0, x1 = boxes[j]
            if max(boxes[i, 0], y0) - min(boxes[i, 1], y1) >= r or max(boxes[i, 2], x0) - min(boxes[i, 3], x1) >= r:
                continue
            best = r * r + 1e-9
            near = False
            # both are in order of their rows: what is too far above stays too far
            begin = start[j]
            for a in range(start[i], start[i + 1]):
                y, x = rim[a, 0], rim[a, 1]
                # what is further from the box of the other than the nearest so far is further from all of it
                above, beside = max(y0 - y, y - y1 + 1, 0), max(x0 - x, x - x1 + 1, 0)
                if above * above + beside * beside > best:
                    continue
                while begin < start[j + 1] and y - rim[begin, 0] > r + 1:
                    begin += 1
                for b in range(begin, start[j + 1]):
                    dy = y - rim[b, 0]
                    if dy < 0 and dy * dy > best:
                        break
                    dx = x - rim[b, 1]
                    if dy * dy + dx * dx <= best:
                        best = dy * dy + dx * dx
                        near = True
            if near:
                if m == pairs.shape[0]:
                    pairs, squares = _doubled(pairs), _doubled(squares)
                pairs[m, 0], pairs[m, 1], squares[m, 0] = i, j, best
                m += 1
    return pairs[:m], squares[:m]


def label_gaps(labels: np.ndarray, boxes: np.ndarray, reach: np.ndarray) -> Gaps:
    """Gaps between labels, where they are at most the larger `reach` of the two.

    Parameters
    ----------
    labels : (H, W) int32
        Labels 1..n.
    boxes : (n, 4) int64
        y0, y1, x0, x1 of each label, ends excluded.
    reach : (n,) float64
        Largest distance of interest from each label, in pixels.
    """
    # in one layout, so that one machine code serves
    boxes = np.ascontiguousarray(boxes)
    pairs, squares = _gaps(labels, boxes, reach, np.argsort(boxes[:, 0], kind="stable"))
    first, second = np.ascontiguousarray(pairs.T)
    return Gaps(first, second, np.sqrt(squares[:, 0]))


@jit
def joined(first: np.ndarray, second: np.ndarray, n: int) -> np.ndarray:
    """Group 1..m, in order of their lowest, of those of 0..n - 1 that pairs, (m,) each, or chains of pairs join: (n,) int32."""
    lowest = np.arange(n)
    for k in range(first.size):
        a, b = find_root(lowest, first[k]), find_root(lowest, second[k])
        lowest[max(a, b)] = min(a, b)
    group = np.empty(n, np.int32)
    m = 0
    for i in range(n):
        root = find_root(lowest, i)
        if root == i:
            m += 1
            group[i] = m
        else:
            group[i] = group[root]
    return group


@jit
def hull_counts(nuclei: np.ndarray, cells: np.ndarray, i: int, j: int, box: np.ndarray) -> tuple[int, int, int, int]:
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
            if nuclei[y0 + y, x] in (i, j):
                left[y] = min(left[y], x)
                right[y] = min(right[y], -x)
    low, high = _envelope(left), _envelope(right)
    own, others, good, bad = 0, 0, 0, 0
    for y in range(n):
        if not np.isfinite(low[y]):
            continue
        for x in range(int(np.ceil(low[y] - 1e-9)), int(np.floor(-high[y] + 1e-9)) + 1):
            nucleus, cell = nuclei[y0 + y, x], cells[y0 + y, x]
            own += nucleus in (i, j)
            others += nucleus not in (0, i, j)
            good += nucleus == 0 and cell in (i, j)
            bad += nucleus == 0 and cell == 0
    return own, others, good, bad


@jit
def _envelope(values: np.ndarray) -> np.ndarray:
    """Largest convex function under `values` (infinite where undefined), at each index between the first and the last.

    This is the hull of pixel centres. `leukofeat.kernels.shape.hull` has that of pixels with their full width, half a
    pixel further out all round, which would count the outline's own steps as gaps.
    """
    n = values.size
    chain = np.empty(n, np.int64)
    m = 0
    for y in range(n):
        if not np.isfinite(values[y]):
            continue
        while m >= 2:
            a, b = chain[m - 2], chain[m - 1]
            if (values[b] - values[a]) * (y - a) < (values[y] - values[a]) * (b - a):
                break
            m -= 1
        chain[m] = y
        m += 1
    out = np.full(n, np.inf)
    for k in range(m):
        # the last vertex by itself
        a, b = chain[k], chain[min(k + 1, m - 1)]
        for y in range(a, b + 1):
            out[y] = values[a] + (values[b] - values[a]) * (y - a) / max(b - a, 1)
    return out
