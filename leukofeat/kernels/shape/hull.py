"""Convex hull of the rows of a mask, on integers (coordinates doubled), so that no pixel is won or lost by rounding.

The hull is that of the midpoints of the pixels' edges. It is kept as two chains of vertices, left and right, from the
top down.
"""

import numpy as np

from leukofeat.kernels.jit import jit


@jit
def hull_chain(first: np.ndarray, height: int, sign: int, chain: np.ndarray) -> int:
    """Hull vertices (y, x) on one side, in doubled coordinates, from each row's outermost pixel (-1: empty row)."""
    size = 0
    for y in range(-1, 2 * height):
        if y % 2 == 0:
            if first[y // 2] < 0:
                continue
            x = 2 * first[y // 2] + sign
        else:
            above = first[(y - 1) // 2] if y > 0 else -1
            below = first[(y + 1) // 2] if y < 2 * height - 1 else -1
            if above < 0 and below < 0:
                continue
            if above < 0 or (below >= 0 and (below - above) * sign > 0):
                above = below
            x = 2 * above
        while size > 1:
            dy = chain[size - 1, 0] - chain[size - 2, 0]
            dx = chain[size - 1, 1] - chain[size - 2, 1]
            if sign * (dy * (x - chain[size - 1, 1]) - dx * (y - chain[size - 1, 0])) >= 0:
                size -= 1
            else:
                break
        chain[size, 0] = y
        chain[size, 1] = x
        size += 1
    return size


@jit
def fill_rows(chain: np.ndarray, size: int, sign: int, height: int, out: np.ndarray) -> None:
    """Outermost pixel of each row whose centre lies in the hull (on its edge counts)."""
    k = 0
    for r in range(height):
        y = 2 * r
        while k < size - 2 and chain[k + 1, 0] < y:
            k += 1
        dy = 2 * (chain[k + 1, 0] - chain[k, 0])
        dx = chain[k + 1, 1] - chain[k, 1]
        top = 2 * (chain[k, 1] * (dy // 2) + dx * (y - chain[k, 0]))
        # the edge crosses this row at column top / (2 dy): round towards the inside
        out[r] = top // (2 * dy) if sign > 0 else -((-top) // (2 * dy))


@jit
def feret_diameters(
    left: np.ndarray, n_left: int, right: np.ndarray, n_right: int, points: np.ndarray
) -> tuple[float, float]:
    """Largest distance between two hull vertices, and smallest width between two parallel supports."""
    n = 0
    for k in range(n_left):
        points[n, 0] = left[k, 0]
        points[n, 1] = left[k, 1]
        n += 1
    for k in range(n_right - 1, -1, -1):
        # the two chains share their first and last vertex when the tip is a single point
        if right[k, 0] != points[n - 1, 0] or right[k, 1] != points[n - 1, 1]:
            points[n, 0] = right[k, 0]
            points[n, 1] = right[k, 1]
            n += 1
    if points[n - 1, 0] == points[0, 0] and points[n - 1, 1] == points[0, 1]:
        n -= 1
    longest = 0
    narrowest = np.inf
    for i in range(n):
        j = (i + 1) % n
        dy = points[j, 0] - points[i, 0]
        dx = points[j, 1] - points[i, 1]
        reach = 0
        for k in range(n):
            ky = points[k, 0] - points[i, 0]
            kx = points[k, 1] - points[i, 1]
            longest = max(longest, ky * ky + kx * kx)
            reach = max(reach, abs(dy * kx - dx * ky))
        narrowest = min(narrowest, reach / np.sqrt(dy * dy + dx * dx))
    return np.sqrt(longest) / 2.0, narrowest / 2.0
