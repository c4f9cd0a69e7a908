"""Connected components, greyscale reconstruction, plateaus: the parts of binary and grey morphology."""

import numpy as np

from leukofeat.kernels.jit import jit
from leukofeat.kernels.regions.union_find import find_root


@jit
def drop_components(mask: np.ndarray, value: int, min_area: int, drop_border: bool) -> None:
    """Turn 4-connected components of `value` into the other value, in place, when small or at the border.

    Parameters
    ----------
    mask : (H, W) uint8
        0 and 1.
    value : int
        0 or 1: which components are looked at.
    min_area : int
        Components of fewer pixels go.
    drop_border : bool
        Whether those that touch the border go, too.
    """
    h, w = mask.shape
    most = h * ((w + 1) // 2)
    first = np.empty(most, np.int32)
    last = np.empty(most, np.int32)
    parent = np.empty(most, np.int32)
    row_start = np.empty(h + 1, np.int32)
    n = 0
    above = 0
    for i in range(h):
        row_start[i] = n
        before = 1 - value
        for j in range(w):
            v = np.int64(mask[i, j])
            if v != before:
                if v == value:
                    first[n] = j
                else:
                    last[n] = j
                    n += 1
                before = value if v == value else 1 - value
        if before == value:
            last[n] = w
            n += 1
        for k in range(row_start[i], n):
            parent[k] = k
            # runs of the row above that end before this one starts are behind the next one, too
            while above < row_start[i] and last[above] <= first[k]:
                above += 1
            m = above
            while m < row_start[i] and first[m] < last[k]:
                a = find_root(parent, m)
                b = find_root(parent, k)
                if a < b:
                    parent[b] = a
                else:
                    parent[a] = b
                m += 1
        above = row_start[i]
    row_start[h] = n
    area = np.zeros(n, np.int64)
    for i in range(h):
        for k in range(row_start[i], row_start[i + 1]):
            root = find_root(parent, k)
            if drop_border and (i == 0 or i == h - 1 or first[k] == 0 or last[k] == w):
                area[root] = -(h * w + 1)
            area[root] += last[k] - first[k]
    for i in range(h):
        for k in range(row_start[i], row_start[i + 1]):
            size = area[find_root(parent, k)]
            if size < min_area or size < 0:
                for j in range(first[k], last[k]):
                    mask[i, j] = 1 - value


@jit
def reconstruct(seed: np.ndarray, limit: np.ndarray, floor: float) -> None:
    """Dilate `seed` under `limit` in place until nothing changes; neighbours are the 8 around a pixel.

    Both are (H, W) float32 and padded by a frame of −inf; `floor` is the least value of `limit` inside the frame, and
    `seed` is nowhere below it. Two scans do most of the work and a queue of the pixels they left unfinished
    does the rest (Vincent 1993, the hybrid algorithm); only maxima and minima are taken, so every order
    gives the same bits.
    """
    h, w = seed.shape
    n = seed.size
    rec = seed.ravel()
    lim = limit.ravel()
    for i in range(1, h - 1):
        left = rec[i * w]
        for p in range(i * w + 1, i * w + w - 1):
            if lim[p] == floor:
                left = rec[p]
                continue
            v = max(max(rec[p - w - 1], rec[p - w]), max(rec[p - w + 1], left))
            left = min(max(v, rec[p]), lim[p])
            rec[p] = left
    queue = np.empty(n, np.int32)
    queued = np.zeros(n, np.bool_)
    head = 0
    size = 0
    for i in range(h - 2, 0, -1):
        for p in range(i * w + w - 2, i * w, -1):
            if lim[p] == floor:
                continue
            v = max(max(rec[p + w + 1], rec[p + w]), max(rec[p + w - 1], rec[p + 1]))
            v = min(max(v, rec[p]), lim[p])
            rec[p] = v
            for q in (p + 1, p + w - 1, p + w, p + w + 1):
                if rec[q] < v and rec[q] < lim[q]:
                    queue[size] = p
                    size += 1
                    queued[p] = True
                    break
    while size > 0:
        p = queue[head]
        head = head + 1 if head + 1 < n else 0
        size -= 1
        queued[p] = False
        v = rec[p]
        for q in (p - w - 1, p - w, p - w + 1, p - 1, p + 1, p + w - 1, p + w, p + w + 1):
            if rec[q] < v and rec[q] < lim[q]:
                rec[q] = min(v, lim[q])
                if not queued[q]:
                    queued[q] = True
                    tail = head + size
                    queue[tail if tail < n else tail - n] = q
                    size += 1


@jit
def plateaus(image: np.ndarray, candidates: np.ndarray, out: np.ndarray) -> int:
    """Label the 8-connected plateaus of `image` that hold a candidate and have no higher neighbour.

    `image` is (H, W) float32 and padded by a frame of −inf, `candidates` (H, W) uint8 and `out` (H, W) int32, all 0.
    Returns the number of labels, which are given in raster order of the first candidate.
    """
    w = image.shape[1]
    f = image.ravel()
    label = out.ravel()
    wanted = candidates.ravel()
    stack = np.empty(f.size, np.int32)
    n = 0
    for start in range(f.size):
        if wanted[start] == 0 or label[start] != 0:
            continue
        v = f[start]
        label[start] = n + 1
        stack[0] = start
        size = 1
        read = 0
        highest = True
        while read < size:
            p = stack[read]
            read += 1
            for q in (p - w - 1, p - w, p - w + 1, p - 1, p + 1, p + w - 1, p + w, p + w + 1):
                if f[q] > v:
                    highest = False
                elif f[q] == v and label[q] == 0:
                    label[q] = n + 1
                    stack[size] = q
                    size += 1
        if highest:
            n += 1
        else:
            # a mark of its own keeps other candidates of the plateau from walking it again
            for k in range(size):
                label[stack[k]] = -1
    for p in range(f.size):
        label[p] = max(label[p], 0)
    return n
