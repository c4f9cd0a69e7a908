"""Optimal star-shaped outlines: region evidence and edges along rays, solved by dynamic programming."""

import numpy as np

from leukofeat.kernels.jit import jit

EDGE_WEIGHT, STIFFNESS = 0.4, 1.0  # of the terms of the score
MAX_RAYS = 64
MAX_JUMP = 4  # pixels that the radius changes at most from ray to ray
FAINT_EDGE = 1e-3  # edge strength, along a ray, that counts as typical where there is none
# share of the next step that the outline lies beyond the last one inside: short of the middle, as blur carries colours outward
OUTLINE_BEYOND = 0.25
# sine and cosine of the directions of 0, 16, 32, 48 and 64 rays
RAYS = np.zeros((5, MAX_RAYS, 2))
for _k in range(1, 5):
    _angles = 2 * np.pi * (np.arange(16 * _k) + 0.5) / (16 * _k)
    RAYS[_k, : 16 * _k] = np.column_stack([np.sin(_angles), np.cos(_angles)])


@jit
def _median(values: np.ndarray) -> float:
    """Median of a few values, which it puts in order (insertion sort)."""
    n = values.size
    for i in range(1, n):
        v = values[i]
        k = i
        while k > 0 and values[k - 1] > v:
            values[k] = values[k - 1]
            k -= 1
        values[k] = v
    return 0.5 * (values[(n - 1) // 2] + values[n // 2])


@jit
def _between(flat: np.ndarray, here: np.uint64, below: np.uint64, fy: np.float32, fx: np.float32) -> np.float32:
    """Bilinear interpolation between four neighbours, from flat index `here`, of every second value of rows `below` apart."""
    right = np.uint64(2)
    upper, lower = flat[here], flat[here + below]
    upper += fx * (flat[here + right] - upper)
    lower += fx * (flat[here + below + right] - lower)
    return upper + fy * (lower - upper)


@jit
def _jump(best: np.ndarray, i: int, bend: np.ndarray) -> int:
    """From which of the scores around `i` the path came, less what the jump costs; the shortest jump of equals, inwards first."""
    top, jump = best[i], 0
    for k in range(1, MAX_JUMP + 1):
        for d in (-k, k):
            v = best[i + d] - bend[k]
            if v > top:
                top, jump = v, d
    return jump


@jit
def star_contour(field: np.ndarray, cy: float, cx: float, unit: float, first: int, last: int) -> np.ndarray:
    """Radius per ray of the star-shaped region around (cy, cx) with the largest score.

    The score is the area integral of the gain inside, plus EDGE_WEIGHT times the line integral of the edge (relative to its
    typical maximum along a ray) along the outline, minus STIFFNESS times the squared change of radius from ray to ray;
    lengths are in units of `unit` pixels. Outside of the frame gains are those of the nearest pixel and edges zero.

    Parameters
    ----------
    field : (H, W, 2) float32, C-contiguous
        Gain, the evidence for being inside, and edge strength.
    cy, cx : float
        Centre, in pixels, in the frame.
    unit : float
        Length scale, in pixels.
    first, last : int
        Smallest and largest radius, in pixels; what lies within the smallest one counts as inside.

    Returns
    -------
    (n,) float64
        Radius in pixels along the directions 2 pi (k + 1/2) / n. A ray for about two pixels of outline, 64 at most.
    """
    h, w, _ = field.shape
    flat = field.reshape(-1)
    # unsigned offsets spare the check for negative indices
    edge, below = np.uint64(1), np.uint64(2 * w)
    n_rays = min(MAX_RAYS, 16 * int(np.ceil(unit / 4)))
    rays = RAYS[n_rays // 16]
    n_steps = last - first + 1
    score = np.empty((n_rays, n_steps), np.float32)
    step = np.zeros((n_rays, n_steps), np.float32)
    strongest = np.empty(n_rays)
    for k in range(n_rays):
        dy, dx = rays[k, 0], rays[k, 1]
        # steps before the ray leaves the frame: up to there all four neighbours exist
        limit = min((h - 1 - cy if dy > 0 else cy) / abs(dy), (w - 1 - cx if dx > 0 else cx) / abs(dx))
        framed = min(max(int(limit - 1e-6) - first + 1, 0), n_steps)
        peak = np.float32(0)
        for s in range(framed):
            y, x = cy + (first + s) * dy, cx + (first + s) * dx
            y0, x0 = int(y), int(x)
            fy, fx = np.float32(y - y0), np.float32(x - x0)
            here = np.uint64(2 * (y0 * w + x0))
            score[k, s] = _between(flat, here, below, fy, fx)
            step[k, s] = _between(flat, here + edge, below, fy, fx)
            peak = max(peak, step[k, s])
        for s in range(framed, n_steps):
            y = min(max(cy + (first + s) * dy, 0.0), h - 1.0)
            x = min(max(cx + (first + s) * dx, 0.0), w - 1.0)
            score[k, s] = field[int(y + 0.5), int(x + 0.5), 0]
        total = np.float32(0)
        for s in range(n_steps):
            total += score[k, s] * np.float32(first + s)
            score[k, s] = total
        strongest[k] = peak
    typical = np.float32(1 / max(_median(strongest), FAINT_EDGE))
    whole, half = np.float32(1), np.float32(0.5)
    area, line = np.float32(1 / (unit * unit)), np.float32(EDGE_WEIGHT / unit)
    for k in range(n_rays):
        for s in range(n_steps):
            score[k, s] = area * score[k, s] + line * min(typical * step[k, s], whole) * (np.float32(first + s) + half)
    bend = np.empty(MAX_JUMP + 1, np.float32)
    for j in range(MAX_JUMP + 1):
        bend[j] = STIFFNESS * j * j / unit
    # the path overlaps itself by a quarter at both ends, which closes the outline wherever it starts
    lead = n_rays // 4
    laps = n_rays + 2 * lead
    best = np.empty((laps, n_steps + 2 * MAX_JUMP), np.float32)
    for lap in range(laps):
        for i in range(MAX_JUMP):
            best[lap, i] = best[lap, n_steps + MAX_JUMP + i] = -1e30
    for s in range(n_steps):
        best[0, s + MAX_JUMP] = score[0, s]
    b1, b2, b3, b4 = bend[1], bend[2], bend[3], bend[4]
    for lap in range(1, laps):
        row, here, to = score[lap % n_rays], best[lap - 1], best[lap]
        # written out and without branches, so that it runs in vector registers; which way is best is seen on the way back
        for s in range(n_steps):
            one, two = max(here[s + 3], here[s + 5]) - b1, max(here[s + 2], here[s + 6]) - b2
            three, four = max(here[s + 1], here[s + 7]) - b3, max(here[s], here[s + 8]) - b4
            to[s + 4] = max(max(max(one, two), max(three, four)), here[s + 4]) + row[s]
    s = 0
    for i in range(n_steps):
        if best[laps - 1, i + MAX_JUMP] > best[laps - 1, s + MAX_JUMP]:
            s = i
    radius = np.empty(n_rays)
    for lap in range(laps - 1, lead - 1, -1):
        if lap < lead + n_rays:
            radius[lap % n_rays] = first + s + OUTLINE_BEYOND
        s += _jump(best[lap - 1], s + MAX_JUMP, bend)
    return radius


@jit
def mark_star(radius: np.ndarray, cy: float, cx: float, out: np.ndarray) -> None:
    """Flip, in each row of `out`, the pixels at which the polygon of `radius` (one per ray) around (cy, cx) begins or ends.

    A pixel centre lies inside where the number of marks up to it, in its row, is odd.
    """
    h, w = out.shape
    n = radius.size
    rays = RAYS[n // 16]
    y, x = cy + radius[n - 1] * rays[n - 1, 0], cx + radius[n - 1] * rays[n - 1, 1]
    for k in range(n):
        before_y, before_x = y, x
        y, x = cy + radius[k] * rays[k, 0], cx + radius[k] * rays[k, 1]
        low, high = min(y, before_y), max(y, before_y)
        if high <= low:
            continue
        slope = (x - before_x) / (y - before_y)
        for row in range(max(0, int(np.ceil(low))), min(h - 1, int(np.ceil(high)) - 1) + 1):
            column = int(np.ceil(before_x + (row - before_y) * slope))
            if column < w:
                out[row, max(column, 0)] ^= 1
