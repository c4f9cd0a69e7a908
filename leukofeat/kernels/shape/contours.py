"""Borders of masks and regions: areas within the outermost ones, and points at equal steps along them."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.jit import jit


@jit
def _neighbor_steps(stride: int) -> np.ndarray:
    """Steps (pixels in a mask with this many a row, columns, rows) against the clock, from the right on, twice around."""
    out = np.empty((16, 3), np.int64)
    for way in range(16):
        across = (1, 1, 0, -1, -1, -1, 0, 1)[way & 7]
        down = (0, -1, -1, -1, 0, 1, 1, 1)[way & 7]
        out[way] = across + stride * down, across, down
    return out


@jit
def _follow(mask: np.ndarray, start: int, steps: np.ndarray, path: np.ndarray) -> tuple[int, int, int]:
    """Follow the border from `start`, whose left neighbour is outside; return twice its area, its vertices and length.

    The area of a hole is negative. Border pixels become 2, and -2 where the border runs between them and their right
    neighbour; `path` takes as many of them as it has room for.
    """
    way = 3
    while way != 4 and mask[start + steps[way, 0]] == 0:
        way = (way - 1) & 7
    if way == 4:
        mask[start] = -2
        return 0, 1, 1
    last = start + steps[way, 0]
    before = way ^ 4
    area = 0
    vertices = 0
    n = 0
    x = 0
    y = 0
    here = start
    while True:
        if n < path.size:
            path[n] = here
        n += 1
        way += 1
        while mask[here + steps[way, 0]] == 0:
            way += 1
        if way > 8:
            mask[here] = -2
        elif mask[here] == 1:
            mask[here] = 2
        way &= 7
        vertices += way != before
        before = way
        # the shoelace formula, from the start
        area += y * steps[way, 1] - x * steps[way, 2]
        x += steps[way, 1]
        y += steps[way, 2]
        there = here + steps[way, 0]
        if there == start and here == last:
            return area, vertices, n
        here = there
        way = (way + 4) & 7


@jit
def _areas(mask: np.ndarray, words: np.ndarray, stride: int, areas: np.ndarray) -> int:
    """Fill `areas` with those of the outermost contours (Suzuki and Abe 1985); `words` holds eight pixels each."""
    steps = _neighbor_steps(stride)
    no_path = np.empty(0, np.int64)
    n = 0
    for row in range(0, words.size, stride // 8):
        # what the last border to the left was marked with: above 0, this is inside it
        mark = 0
        for w in range(row, row + stride // 8):
            if words[w] == 0:
                continue
            for i in range(8 * w, 8 * w + 8):
                if mask[i] == 0:
                    continue
                if mask[i] == 1 and mask[i - 1] == 0 and mark <= 0:
                    area, vertices, _ = _follow(mask, i, steps, no_path)
                    # two points enclose nothing
                    if vertices > 2:
                        areas[n] = area / 2
                        n += 1
                if mask[i] != 1:
                    mark = mask[i]
    return n


def contour_areas(edges: ArrayLike) -> NDArray[np.float64]:
    """Areas within the outermost contours of a mask that have at least three vertices.

    Parameters
    ----------
    edges : array_like of uint8, shape (H, W)
        Non-zero on edges.

    Returns
    -------
    ndarray of float64, shape (n,)
        Square pixels, in raster order of the contours' first pixels; 0 for a line that the contour runs around.

    Notes
    -----
    Those that ``cv2.contourArea`` has for ``cv2.findContours(edges, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)``, in
    reverse order.

    Examples
    --------
    >>> ring = np.zeros((6, 6), np.uint8); ring[1:5, 1:5] = 1; ring[2:4, 2:4] = 0
    >>> contour_areas(ring).tolist()
    [9.0]
    """
    edges = plain(edges, np.uint8, ndim=2)
    height, width = edges.shape
    # a frame around the mask, in rows of whole words
    stride = (width + 9) // 8 * 8
    mask = np.zeros((height + 2, stride), np.int8)
    np.not_equal(edges, 0, out=mask[1:-1, 1 : width + 1].view(bool))
    flat = mask.ravel()
    areas = np.empty((edges.size + 1) // 2)
    return areas[: _areas(flat, flat.view(np.int64), stride, areas)]


@jit
def _resample(points: np.ndarray, out: np.ndarray) -> None:
    """Points at equal steps along the closed polygon of (x, y) vertices, from the first one on."""
    n = points.shape[0]
    length = 0.0
    for i in range(n):
        j = (i + 1) % n
        length += np.hypot(np.float64(points[j, 0] - points[i, 0]), np.float64(points[j, 1] - points[i, 1]))
    i = 0
    walked = 0.0
    step = np.hypot(np.float64(points[1 % n, 0] - points[0, 0]), np.float64(points[1 % n, 1] - points[0, 1]))
    for k in range(out.size):
        target = k * length / out.size
        while i < n - 1 and walked + step < target:
            walked += step
            i += 1
            j = (i + 1) % n
            step = np.hypot(np.float64(points[j, 0] - points[i, 0]), np.float64(points[j, 1] - points[i, 1]))
        j = (i + 1) % n
        part = (target - walked) / step if step > 0 else 0.0
        x = points[i, 0] + part * (points[j, 0] - points[i, 0])
        y = points[i, 1] + part * (points[j, 1] - points[i, 1])
        out[k] = complex(x, y)


@jit
def _outlines(labels: np.ndarray, boxes: np.ndarray, out: np.ndarray) -> None:
    most = 0
    for k in range(boxes.shape[0]):
        most = max(most, boxes[k, 4])
    # a border passes through a pixel four times at most
    path = np.empty(4 * most + 1, dtype=np.int64)
    points = np.empty((4 * most + 1, 2), dtype=np.int64)
    for k in range(boxes.shape[0]):
        r0, c0, r1, c1, pixels = boxes[k, :5]
        width = c1 - c0 + 2
        steps = _neighbor_steps(width)
        mask = np.zeros((r1 - r0 + 2) * width, dtype=np.int8)
        for r in range(r0, r1):
            for c in range(c0, c1):
                if labels[r, c] == k + 1:
                    mask[(r - r0 + 1) * width + c - c0 + 1] = 1
        largest = 0
        size = 0
        for i in range(width + 1, mask.size if pixels else 0):
            if mask[i] != 1 or mask[i - 1] != 0:
                continue
            area, _, n = _follow(mask, i, steps, path)
            if area >= largest and area > 0:
                largest = area
                size = n
                for j in range(n):
                    points[j, 0] = path[j] % width - 1 + c0
                    points[j, 1] = path[j] // width - 1 + r0
        if size:
            _resample(points[:size], out[k])


def region_outlines(labels: ArrayLike, boxes: NDArray[np.int64], n_points: int = 128) -> NDArray[np.complex128]:
    """Points at equal steps along the outer contour of the largest part of every region.

    Parameters
    ----------
    labels : array_like of int, shape (H, W)
        Label map; 0 is background.
    boxes : ndarray of int64, shape (n_labels, 7)
        Result of :func:`~leukofeat.kernels.regions.boxes.region_boxes`.
    n_points : int
        Points on each contour.

    Returns
    -------
    ndarray of complex128, shape (n_labels, n_points)
        Column + i row; the contour runs through the centres of the border pixels (Suzuki and Abe 1985), from the first
        one in raster order on and down. NaN where it encloses no area.

    Notes
    -----
    The contours are those of ``cv2.findContours(region, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)``.

    Examples
    --------
    >>> from leukofeat.kernels.regions.boxes import region_boxes
    >>> square = np.zeros((6, 6), int); square[1:5, 1:5] = 1
    >>> region_outlines(square, region_boxes(square), 4).tolist()
    [[(1+1j), (1+4j), (4+4j), (4+1j)]]
    """
    out = np.full((len(boxes), int(n_points)), np.nan + 0j)
    _outlines(plain(labels, np.int32, ndim=2), boxes, out)
    return out
