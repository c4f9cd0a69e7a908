"""Circular arcs of outlines: where an outline bends like a circle of about one radius, and the circle through it."""

import numpy as np

from leukofeat.kernels.jit import jit

# bend relative to that of the circle looked for: outside of these an outline turns at a corner, goes straight or is hollow
LEAST_BEND, MOST_BEND = 0.3, 2.2
REACH = 0.5  # of the radius, along the outline to both sides: the bend is taken over so much
LEAST_POINTS = 5


@jit
def fit_circle(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float, float]:
    """Least-squares circle through points: centre, radius, and root mean square distance of the points from it.

    The algebraic fit of Kasa (1976), without the bias that short arcs give it: its radius is refined by two steps of
    Gauss and Newton on the geometric distances. A radius of 0 stands for points on a line.

    Parameters
    ----------
    x, y : ndarray of shape (n,), dtype float64

    Returns
    -------
    x, y, radius, error : float
    """
    n = x.size
    mx, my = x.mean(), y.mean()
    uu = uv = vv = uz = vz = zz = 0.0
    for i in range(n):
        u, v = x[i] - mx, y[i] - my
        z = u * u + v * v
        uu += u * u
        uv += u * v
        vv += v * v
        uz += u * z
        vz += v * z
        zz += z
    det = uu * vv - uv * uv
    if n < 3 or det <= 1e-9 * (uu + vv) ** 2:
        return mx, my, 0.0, 0.0
    a, b = 0.5 * (uz * vv - vz * uv) / det, 0.5 * (vz * uu - uz * uv) / det
    r = np.sqrt(a * a + b * b + zz / n)
    a += mx
    b += my
    error = 0.0
    for step in range(4):
        # normal equations of the distances, whose slopes are the unit vectors (cos, sin) and 1
        cc = cs = ss = c1 = s1 = ce = se = e1 = ee = 0.0
        for i in range(n):
            dx, dy = x[i] - a, y[i] - b
            d = max(np.sqrt(dx * dx + dy * dy), 1e-12)
            c, s, e = dx / d, dy / d, d - r
            cc += c * c
            cs += c * s
            ss += s * s
            c1 += c
            s1 += s
            ce += c * e
            se += s * e
            e1 += e
            ee += e * e
        error = np.sqrt(ee / n)
        if step == 3:
            break
        # the radius is eliminated
        acc, acs, ass = cc - c1 * c1 / n, cs - c1 * s1 / n, ss - s1 * s1 / n
        ace, ase = ce - c1 * e1 / n, se - s1 * e1 / n
        d2 = acc * ass - acs * acs
        if d2 <= 1e-9 * n * n:
            break
        da, db = (ace * ass - ase * acs) / d2, (ase * acc - ace * acs) / d2
        a += da
        b += db
        r += (e1 - da * c1 - db * s1) / n
    return a, b, r, error


@jit
def smooth_outlines(points: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Closed outlines with the steps of their pixels evened out: twice the mean of each point with its neighbours, 1 : 2 : 1.

    Parameters
    ----------
    points : ndarray of shape (n, 2), dtype int32
    ends : ndarray of shape (m,), dtype int64
        Where each outline ends, exclusive.

    Returns
    -------
    ndarray of shape (n, 2), dtype float64
    """
    out = np.empty(points.shape, np.float64)
    begin = 0
    for end in ends:
        n = end - begin
        for i in range(n):
            for c in range(2):
                total = 6 * points[begin + i, c]
                total += 4 * (points[begin + (i - 1) % n, c] + points[begin + (i + 1) % n, c])
                total += points[begin + (i - 2) % n, c] + points[begin + (i + 2) % n, c]
                out[begin + i, c] = total / 16
        begin = end
    return out


@jit
def circular_arcs(
    points: np.ndarray, ends: np.ndarray, free: np.ndarray, radius: float, least: float, smallest: float = 0.0
) -> np.ndarray:
    """Arcs of closed outlines that bend like a circle of about a given radius.

    Parameters
    ----------
    points : ndarray of shape (n, 2), dtype float64
        x and y (downwards) of the outlines one after the other, each with the body to the left of its way as it is seen: outer
        outlines run against the clock and holes with it, as OpenCV's do.
    ends : ndarray of shape (m,), dtype int64
        Where each outline ends, exclusive.
    free : ndarray of shape (n,), dtype bool
        Points that may belong to an arc.
    radius : float
        Looked for, in pixels.
    least : float
        Angle that an arc must span, in radians.
    smallest : float
        Radius in pixels that an arc must have; through what is too short for it no circle is fitted.

    Returns
    -------
    ndarray of shape (k, 5), dtype float64
        x, y, radius, root mean square error, and angle in radians.
    """
    found = np.empty((points.shape[0] // LEAST_POINTS + 1, 5))
    k = 0
    begin = 0
    reach = max(2, int(np.rint(REACH * radius)))
    for end in ends:
        n = end - begin
        if n >= max(2 * reach + 1, least * radius):
            x, y = points[begin:end, 0].copy(), points[begin:end, 1].copy()
            bent = np.empty(n, np.bool_)
            for i in range(n):
                h, j = i - reach, i + reach
                h += n if h < 0 else 0
                j -= n if j >= n else 0
                ax, ay, bx, by = x[i] - x[h], y[i] - y[h], x[j] - x[i], y[j] - y[i]
                turn = ay * bx - ax * by
                if turn <= 0 or not free[begin + i]:
                    bent[i] = False
                    continue
                length = 0.5 * (np.sqrt(ax * ax + ay * ay) + np.sqrt(bx * bx + by * by))
                along = ax * bx + ay * by
                least_turn, most_turn = LEAST_BEND * length / radius, MOST_BEND * length / radius
                # x + x³ / 3 < tan x < x + 0.4 x³ below 0.5: few points are so near a limit that it takes the arc tangent
                if along > 0 and turn <= (least_turn + least_turn**3 / 3) * along:
                    bent[i] = False
                elif (
                    least_turn < 0.5
                    and most_turn < 1.5
                    and (least_turn + 0.4 * least_turn**3) * along < turn < (most_turn + most_turn**3 / 3) * along
                ):
                    bent[i] = True
                else:
                    bent[i] = least_turn < np.arctan2(turn, along) < most_turn
            start = 0
            while start < n and bent[start]:
                start += 1
            whole = start == n
            i = 0
            while i < n:
                size = 0
                if whole:
                    size = n
                else:
                    while i < n and not bent[(start + i) % n]:
                        i += 1
                    while i + size < n and bent[(start + i + size) % n]:
                        size += 1
                # no step of an evened outline is longer than a diagonal
                if size >= LEAST_POINTS and (whole or 1.5 * size >= least * smallest):
                    arc_x, arc_y = np.empty(size), np.empty(size)
                    for p in range(size):
                        row = (start + i + p) % n
                        arc_x[p], arc_y[p] = x[row], y[row]
                    length = np.inf
                    if not whole:
                        length = 0.0
                        for p in range(size - 1):
                            length += np.hypot(arc_x[p + 1] - arc_x[p], arc_y[p + 1] - arc_y[p])
                    a, b, r, error = fit_circle(arc_x, arc_y) if length >= least * smallest else (0.0, 0.0, 0.0, 0.0)
                    angle = 2 * np.pi if whole else length / max(r, 1e-12)
                    if r > 0 and r >= smallest and angle >= least:
                        # one by one: a row given whole would bring text along, for the error of a wrong length
                        found[k, 0], found[k, 1], found[k, 2], found[k, 3], found[k, 4] = a, b, r, error, angle
                        k += 1
                i += max(size, 1)
        begin = end
    return found[:k]
