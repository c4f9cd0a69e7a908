"""Marker-controlled watershed by a priority queue, and by a plain one on level ground."""

import numpy as np

from leukofeat.kernels.jit import jit


@jit
def flood(keys: np.ndarray, labels: np.ndarray, mask: np.ndarray, n_pixels: int) -> None:
    """Grow the markers in `labels` over `mask`, lowest key first, through the 4 neighbours of a pixel.

    Parameters
    ----------
    keys : (H, W) int32
        Order of the elevations.
    labels : (H, W) int32
        Markers on entry, basins on return.
    mask : (H, W) uint8
        Where to grow; its outermost rows and columns must be 0, and `labels` 0 outside it.
    n_pixels : int
        Number of mask pixels.

    Notes
    -----
    The order is that of scikit-image, so that the partition is too: lower elevation first, then earlier arrival;
    a pixel counts at least as high as the one it was reached from; it is labelled when it is reached; neighbours
    are visited up, left, right, down. All marker pixels arrive at once, so equal ones leave the queue in the order in
    which a plain binary heap filled in raster order gives them up: this too is part of the partition.
    """
    w = keys.shape[1]
    key = keys.ravel()
    out = labels.ravel()
    inside = mask.ravel()
    # elevation and arrival share one integer, so that the heap compares once
    heap = np.empty(n_pixels + 1, np.int64)
    where = np.empty(n_pixels + 1, np.int32)
    size = 0
    for p in range(out.size):
        if out[p] != 0:
            size = _push(heap, where, size, int(key[p]) << 32, p)
    age = 0
    offsets = (-w, -1, 1, w)
    while size > 0:
        top = heap[0]
        p = where[0]
        size = _pop(heap, where, size)
        level = top >> 32
        for d in offsets:
            q = p + d
            if inside[q] == 0 or out[q] != 0:
                continue
            age += 1
            out[q] = out[p]
            size = _push(heap, where, size, (max(int(key[q]), level) << 32) | age, q)


@jit
def _push(heap: np.ndarray, where: np.ndarray, size: int, item: int, pixel: int) -> int:
    child = size
    while child > 0:
        parent = (child - 1) >> 1
        if item >= heap[parent]:
            break
        heap[child] = heap[parent]
        where[child] = where[parent]
        child = parent
    heap[child] = item
    where[child] = pixel
    return size + 1


@jit
def _pop(heap: np.ndarray, where: np.ndarray, size: int) -> int:
    """Drop the first item; the last one takes its place and sinks, the left child going first among equals."""
    size -= 1
    item = heap[size]
    pixel = where[size]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        # the right child moves up only if it is less than the smaller of the left one and the item
        smallest = item
        if heap[child] < item:
            smallest = heap[child]
            best = child
        else:
            best = i
        if child + 1 < size and heap[child + 1] < smallest:
            best = child + 1
        if best == i:
            break
        heap[i] = heap[best]
        where[i] = where[best]
        i = best
    heap[i] = item
    where[i] = pixel
    return size


@jit
def grow(labels: np.ndarray, mask: np.ndarray) -> None:
    """Grow `labels`, (H, W) int32, in place over `mask`, (H, W) uint8, all at one speed through the 4 neighbours of a pixel.

    A pixel goes to the label nearest to it on a path within the mask, among equals to the one that arrives first.
    """
    h, w = labels.shape
    ys = np.empty(h * w, np.int32)
    xs = np.empty(h * w, np.int32)
    size = 0
    for y in range(h):
        for x in range(w):
            if labels[y, x] > 0:
                ys[size], xs[size] = y, x
                size += 1
    read = 0
    while read < size:
        row, column = np.int64(ys[read]), np.int64(xs[read])
        read += 1
        for d in range(4):
            yy = row + (d == 3) - (d == 0)
            xx = column + (d == 2) - (d == 1)
            if 0 <= yy < h and 0 <= xx < w and mask[yy, xx] != 0 and labels[yy, xx] == 0:
                labels[yy, xx] = labels[row, column]
                ys[size], xs[size] = yy, xx
                size += 1
