"""What bodies have to do with each other: gaps between them, which of them touch, and what their common hull holds."""

import numpy as np

from leukofeat.kernels.jit import jit


@jit
def touching_labels(labels: np.ndarray, n: int) -> np.ndarray:
    """Which of the labels 1..n lie side by side, or with one pixel between them: (n + 1, n + 1) bool, i < j."""
    h, w = labels.shape
    out = np.zeros((n + 1, n + 1), np.bool_)
    for y in range(h):
        for x in range(w):
            c = labels[y, x]
            if c == 0:
                continue
            for yy, xx in ((y, x + 1), (y + 1, x), (y, x + 2), (y + 2, x)):
                if yy < h and xx < w:
                    d = labels[yy, xx]
                    out[min(c, d), max(c, d)] |= d > 0 and d != c
    return out


@jit
def label_gaps(labels: np.ndarray, boxes: np.ndarray, reach: np.ndarray) -> np.ndarray:
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
    rim = np.empty((h * w, 2), np.int32)
    start = np.zeros(n + 1, np.int64)
    m = 0
    for c in range(1, n + 1):
        y0, y1, x0, x1 = boxes[c - 1]
        for y in range(y0, y1):
            for x in range(x0, x1):
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
            y0, y1, x0, x1 = boxes[j]
            if max(boxes[i, 0], y0) - min(boxes[i, 1], y1) >= r or max(boxes[i, 2], x0) - min(boxes[i, 3], x1) >= r:
                continue
            best = r * r + 1e-9
            for a in range(start[i], start[i + 1]):
                y, x = rim[a, 0], rim[a, 1]
                if y < y0 - r or y > y1 + r or x < x0 - r or x > x1 + r:
                    continue
                for b in range(start[j], start[j + 1]):
                    dy = y - rim[b, 0]
                    dx = x - rim[b, 1]
                    if dy * dy + dx * dx <= best:
                        best = dy * dy + dx * dx
                        out[i, j] = out[j, i] = np.sqrt(best)
    return out


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
