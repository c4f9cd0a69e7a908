"""Regions to polygons along the edges of pixels, and polygons to the pixels whose centres lie inside."""

import numpy as np

from leukofeat.kernels.jit import jit


@jit
def _follow(parts: np.ndarray, seen: np.ndarray, top: int, left: int, out: np.ndarray, n: int) -> int:
    """Walk one outline with the region on the right, from the upper side of a pixel on; where two pixels of a part meet at a corner
    only, keep to the background, by which no outline passes a corner twice.
    """
    part = parts[top, left]
    y, x, heading = top, left, 0
    while True:
        if n < len(out):
            out[n, 0] = x - 1
            out[n, 1] = y - 1
        n += 1
        while True:
            if heading == 0:
                seen[y, x] = True
                x += 1
                ahead_left, ahead_right = parts[y - 1, x], parts[y, x]
            elif heading == 1:
                y += 1
                ahead_left, ahead_right = parts[y, x], parts[y, x - 1]
            elif heading == 2:
                x -= 1
                ahead_left, ahead_right = parts[y, x - 1], parts[y - 1, x - 1]
            else:
                y -= 1
                ahead_left, ahead_right = parts[y - 1, x - 1], parts[y - 1, x]
            if ahead_left == part:
                heading = (heading + 3) % 4
                break
            if ahead_right != part:
                heading = (heading + 1) % 4
                break
        if y == top and x == left and heading == 0:
            return n


@jit
def trace(parts: np.ndarray, points: np.ndarray, loops: np.ndarray) -> tuple[int, int]:
    """Outlines of 4-connected parts, each a simple polygon of the corners at which it turns.

    Parameters
    ----------
    parts : (H + 2, W + 2) int32
        Number of the part of each pixel, with a frame of background (0).
    points : (m, 2) int32
        Filled with x and y of the corners, where pixel (0, 0) reaches from 0 to 1. Pass one without rows to count.
    loops : (k, 2) int64
        Filled with the first of each outline's points, and where in `parts`, counted along its rows, the outline begins. The first outline
        of a part is its outer one, which has a positive area, all others are holes.

    Returns
    -------
    n_points, n_loops : int
    """
    height, width = parts.shape
    seen = np.zeros((height, width), np.bool_)
    n, k = 0, 0
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            part = parts[y, x]
            if part == 0 or parts[y - 1, x] == part or seen[y, x]:
                continue
            if k < len(loops):
                loops[k, 0] = n
                loops[k, 1] = y * width + x
            k += 1
            n = _follow(parts, seen, y, x, points, n)
    return n, k


@jit
def fill(points: np.ndarray, rings: np.ndarray, polygons: np.ndarray, values: np.ndarray, out: np.ndarray) -> int:
    """Paint polygons one after another: each pixel whose centre lies inside by the even-odd rule.

    A centre on a left or upper side is inside, one on a right or lower side is not, so that polygons side by side share no pixel.

    Parameters
    ----------
    points : (m, 2) float64
        x and y, where pixel (0, 0) reaches from 0 to 1; finite, and below 2**31.
    rings : (r + 1,) int64
        The first point of each ring, and m; rings close by themselves.
    polygons : (p + 1,) int64
        The first ring of each polygon, and r.
    values : (p,) int32
        What each polygon is painted with.
    out : (H, W) int32
        Painted on.

    Returns
    -------
    int
        Pixels that held another value, but 0.
    """
    height, width = out.shape
    n_covered = 0
    for p in range(len(values)):
        first, last = rings[polygons[p]], rings[polygons[p + 1]]
        if first == last:
            continue
        low_x, high_x = points[first, 0], points[first, 0]
        low_y, high_y = points[first, 1], points[first, 1]
        for i in range(first, last):
            low_x, high_x = min(low_x, points[i, 0]), max(high_x, points[i, 0])
            low_y, high_y = min(low_y, points[i, 1]), max(high_y, points[i, 1])
        top, bottom = max(0, int(np.ceil(low_y - 0.5))), min(height, int(np.ceil(high_y - 0.5)))
        left, right = max(0, int(np.ceil(low_x - 0.5))), min(width, int(np.ceil(high_x - 0.5)))
        if top >= bottom or left >= right:
            continue
        flips = np.zeros((bottom - top, right - left + 1), np.uint8)
        for ring in range(polygons[p], polygons[p + 1]):
            before = rings[ring + 1] - 1
            for i in range(rings[ring], rings[ring + 1]):
                x0, y0, x1, y1 = points[before, 0], points[before, 1], points[i, 0], points[i, 1]
                before = i
                if y0 > y1:
                    x0, y0, x1, y1 = x1, y1, x0, y0
                for row in range(max(top, int(np.ceil(y0 - 0.5))), min(bottom, int(np.ceil(y1 - 0.5)))):
                    x = x0 + (row + 0.5 - y0) * (x1 - x0) / (y1 - y0)
                    flips[row - top, min(right, max(left, int(np.ceil(x - 0.5)))) - left] ^= 1
        for row in range(top, bottom):
            inside = 0
            for column in range(left, right):
                inside ^= flips[row - top, column - left]
                if inside:
                    held = out[row, column]
                    n_covered += held != 0 and held != values[p]
                    out[row, column] = values[p]
    return n_covered
