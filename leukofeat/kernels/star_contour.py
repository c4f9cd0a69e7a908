"""Optimal star-shaped outlines: region evidence and edges along rays, solved by dynamic programming."""

from __future__ import annotations

from typing import Any

import numpy as np

from leukofeat.kernels._jit import jit

__all__ = ["fill_star", "star_contour"]

N_RAYS = 64
MAX_JUMP = 4
LEAD = 16  # rays by which the path runs in and out, so that where it starts does not show


@jit
def star_contour(
    gain: Any, edge: Any, cy: Any, cx: Any, unit: Any, n_steps: Any, edge_weight: Any, stiffness: Any
) -> Any:
    """Radius per ray of the star-shaped region around (cy, cx) with the largest score.

    The score is the area integral of `gain` inside, plus `edge_weight` times the line integral of `edge` (relative to its
    typical maximum along a ray) along the outline, minus `stiffness` times the squared change of radius from ray to
    ray; lengths are in units of `unit` pixels. Outside of the frame gains are those of the nearest pixel and edges zero.

    Parameters
    ----------
    gain, edge : (H, W) float32
        Evidence for being inside; edge strength.
    cy, cx : float
        Centre, in pixels.
    unit : float
        Length scale, in pixels.
    n_steps : int
        Largest radius, in pixels.
    edge_weight, stiffness : float
        Weights of the terms.

    Returns
    -------
    (64,) float64
        Radius in pixels along the directions 2 pi (k + 1/2) / 64.
    """
    h, w = gain.shape
    score = np.empty((N_RAYS, n_steps), np.float32)
    step = np.zeros((N_RAYS, n_steps), np.float32)
    strongest = np.empty(N_RAYS)
    for k in range(N_RAYS):
        t = 2 * np.pi * (k + 0.5) / N_RAYS
        dy, dx = np.sin(t), np.cos(t)
        total = 0.0
        peak = 0.0
        for s in range(n_steps):
            r = s + 1.0
            y, x = cy + r * dy, cx + r * dx
            framed = 0 <= y <= h - 1 and 0 <= x <= w - 1
            y = min(max(y, 0.0), h - 1.0)
            x = min(max(x, 0.0), w - 1.0)
            y0, x0 = int(y), int(x)
            y1, x1 = min(y0 + 1, h - 1), min(x0 + 1, w - 1)
            fy, fx = y - y0, x - x0
            w00, w01, w10, w11 = (1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx
            total += (gain[y0, x0] * w00 + gain[y0, x1] * w01 + gain[y1, x0] * w10 + gain[y1, x1] * w11) * r
            score[k, s] = total / (unit * unit)
            if framed:
                e = edge[y0, x0] * w00 + edge[y0, x1] * w01 + edge[y1, x0] * w10 + edge[y1, x1] * w11
                step[k, s] = e
                peak = max(peak, e)
        strongest[k] = peak
    typical = max(np.median(strongest), 1e-3)
    for k in range(N_RAYS):
        for s in range(n_steps):
            score[k, s] += edge_weight * min(step[k, s] / typical, 1.0) * (s + 1.5) / unit
    bend = np.empty(MAX_JUMP + 1, np.float32)
    for j in range(MAX_JUMP + 1):
        bend[j] = stiffness * j * j / unit
    # the path overlaps itself at both ends, which closes the outline
    laps = N_RAYS + 2 * LEAD
    best = np.full(n_steps + 2 * MAX_JUMP, -1e30, np.float32)
    best[MAX_JUMP : MAX_JUMP + n_steps] = score[0]
    new = best.copy()
    back = np.zeros((laps, n_steps), np.int32)
    for lap in range(1, laps):
        row = score[lap % N_RAYS]
        came = back[lap]
        # written out, so that it runs in vector registers; each step is MAX_JUMP = 4 neighbours each way
        for s in range(n_steps):
            top, jump = best[s + 4], 0
            v = best[s + 3] - bend[1]
            jump, top = (-1 if v > top else jump), max(v, top)
            v = best[s + 5] - bend[1]
            jump, top = (1 if v > top else jump), max(v, top)
            v = best[s + 2] - bend[2]
            jump, top = (-2 if v > top else jump), max(v, top)
            v = best[s + 6] - bend[2]
            jump, top = (2 if v > top else jump), max(v, top)
            v = best[s + 1] - bend[3]
            jump, top = (-3 if v > top else jump), max(v, top)
            v = best[s + 7] - bend[3]
            jump, top = (3 if v > top else jump), max(v, top)
            v = best[s] - bend[4]
            jump, top = (-4 if v > top else jump), max(v, top)
            v = best[s + 8] - bend[4]
            jump, top = (4 if v > top else jump), max(v, top)
            came[s] = jump
            new[s + 4] = top + row[s]
        best, new = new, best
    s = 0
    for i in range(n_steps):
        if best[i + MAX_JUMP] > best[s + MAX_JUMP]:
            s = i
    radius = np.empty(N_RAYS)
    for lap in range(laps - 1, LEAD - 1, -1):
        if lap < LEAD + N_RAYS:
            # short of the middle between the last step inside and the next: blur carries colours outward
            radius[lap % N_RAYS] = s + 1.25
        s += back[lap, s]
    return radius


@jit
def fill_star(radius: Any, cy: Any, cx: Any, out: Any) -> Any:
    """Set `out` to 1 at the pixel centres inside the polygon of `radius` (one per ray) around (cy, cx)."""
    h, w = out.shape
    n = radius.size
    ys = np.empty(n + 1)
    xs = np.empty(n + 1)
    for k in range(n):
        t = 2 * np.pi * (k + 0.5) / n
        ys[k] = cy + radius[k] * np.sin(t)
        xs[k] = cx + radius[k] * np.cos(t)
    ys[n], xs[n] = ys[0], xs[0]
    # even-odd parity: every edge flips the pixels to its right in the rows it spans
    for k in range(n):
        low, high = min(ys[k], ys[k + 1]), max(ys[k], ys[k + 1])
        if high <= low:
            continue
        slope = (xs[k + 1] - xs[k]) / (ys[k + 1] - ys[k])
        for y in range(max(0, int(np.ceil(low))), min(h - 1, int(np.ceil(high)) - 1) + 1):
            x = int(np.ceil(xs[k] + (y - ys[k]) * slope))
            if x < w:
                out[y, max(x, 0)] ^= 1
    for y in range(max(0, int(np.floor(ys.min()))), min(h - 1, int(np.ceil(ys.max()))) + 1):
        parity = 0
        for x in range(w):
            parity ^= out[y, x]
            out[y, x] = parity
