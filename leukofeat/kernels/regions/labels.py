"""Label maps: what values sum up to on each label, where it ends, and which one is nearest to a pixel."""

import numpy as np

from leukofeat.kernels.jit import jit

LABEL_BITS = 24
# 5 x 5 chamfer steps (Borgefors 1986) in 1/65536 pixel: to the side, diagonal, and a knight's move
STRAIGHT, DIAGONAL, KNIGHT = (int(step * 65536) << LABEL_BITS for step in (1.0, 1.4, 2.1969))
FAR, MOST = 1 << 60, (1 << 31) - 1


@jit
def label_sums(labels: np.ndarray, boxes: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Sum of 8-bit values over each label, (n,) float64; `boxes` is the table of `region_boxes`."""
    out = np.zeros(len(boxes))
    for k in range(len(boxes)):
        total = 0
        for y in range(boxes[k, 0], boxes[k, 2]):
            row, value = labels[y], values[y]
            # small whole numbers without branches, so that it runs in vector registers
            part = np.int32(0)
            for x in range(boxes[k, 1], boxes[k, 3]):
                part += np.int32(value[x]) * np.int32(row[x] == k + 1)
            total += int(part)
        out[k] = total
    return out


@jit
def _step(here: np.ndarray, one: np.ndarray, two: np.ndarray) -> None:
    """Lower a row by steps from the rows one and two away from it; all have two columns to spare at either end."""
    for x in range(here.size - 4):
        v = min(here[x + 2], one[x + 2] + STRAIGHT)
        v = min(v, min(one[x + 1], one[x + 3]) + DIAGONAL)
        v = min(v, min(one[x], one[x + 4]) + KNIGHT)
        here[x + 2] = min(v, min(two[x + 1], two[x + 3]) + KNIGHT)


@jit
def nearest_label(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Label nearest to each pixel, and the distance to it.

    Parameters
    ----------
    labels : (H, W) int32
        Labels; 0 is background.

    Returns
    -------
    nearest : (H, W) int32
        The lower one of two equally near labels; all 0 where there is no label.
    distance : (H, W) float32
        0 on the labels; elsewhere the 5 x 5 chamfer distance, as OpenCV has it, up to 32768 pixels.
    """
    h, w = labels.shape
    # distance and label share one integer, so that one comparison settles both
    both = np.full((h + 4, w + 4), FAR, np.int64)
    for y in range(h):
        row = both[y + 2]
        for x in range(w):
            c = np.int64(labels[y, x])
            row[x + 2] = c if c > 0 else FAR
    for y in range(2, h + 2):
        row = both[y]
        _step(row, both[y - 1], both[y - 2])
        v = FAR
        for x in range(2, w + 2):
            v = min(v + STRAIGHT, row[x])
            row[x] = v
    nearest = np.empty((h, w), np.int32)
    distance = np.empty((h, w), np.float32)
    for y in range(h + 1, 1, -1):
        row = both[y]
        _step(row, both[y + 1], both[y + 2])
        v = FAR
        for x in range(w + 1, 1, -1):
            v = min(v + STRAIGHT, row[x])
            row[x] = v
        for x in range(w):
            nearest[y - 2, x] = np.int32(row[x + 2] & ((1 << LABEL_BITS) - 1))
            distance[y - 2, x] = np.float32(np.int32(min(row[x + 2] >> LABEL_BITS, MOST))) * np.float32(1 / 65536)
    return nearest, distance


@jit
def separated(labels: np.ndarray) -> np.ndarray:
    """Mask of the labels without the pixels at which two of them touch (4 neighbours): (H, W) uint8, 0 and 1."""
    h, w = labels.shape
    out = np.empty((h, w), np.uint8)
    beside = np.empty(w + 2, np.int32)
    for y in range(h):
        here, above, below, to = labels[y], labels[max(y - 1, 0)], labels[min(y + 1, h - 1)], out[y]
        for x in range(w):
            beside[x + 1] = here[x]
        beside[0], beside[w + 1] = here[0], here[w - 1]
        # without branches, so that it runs in vector registers
        for x in range(w):
            c, a, b, d, e = here[x], above[x], below[x], beside[x], beside[x + 2]
            vertical = (np.uint8(a == c) | np.uint8(a == 0)) & (np.uint8(b == c) | np.uint8(b == 0))
            level = (np.uint8(d == c) | np.uint8(d == 0)) & (np.uint8(e == c) | np.uint8(e == 0))
            to[x] = np.uint8(c > 0) & vertical & level
    return out


@jit
def renumbered(labels: np.ndarray, table: np.ndarray) -> np.ndarray:
    """The new label ``table[i]`` of each label i of an (H, W) map; both are int32."""
    h, w = labels.shape
    out = np.zeros((h, w), np.int32)
    for y in range(h):
        for x in range(w):
            c = labels[y, x]
            if c > 0:
                out[y, x] = table[c]
    return out


@jit
def number_in_order(labels: np.ndarray, n_labels: int) -> int:
    """Renumber `labels`, (n,) int32 in 0..n_labels, in place to 1..m in order of first appearance; return m."""
    table = np.zeros(n_labels + 1, np.int32)
    m = 0
    for i in range(labels.size):
        old = labels[i]
        if old > 0:
            if table[old] == 0:
                m += 1
                table[old] = m
            labels[i] = table[old]
    return m
