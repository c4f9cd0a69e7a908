"""Circular arcs of outlines: where an outline bends like a circle of about one radius, and the circle through it."""

import numpy as np

from leukofeat.kernels.jit import jit

# bend relative to that of the circle looked for: outside of these an outline turns at a corner, goes straight or is hollow
LEAST_BEND, MOST_BEND = 0.3, 2.2
REACH = 0.5  # of the radius, along the outline to both sides: the bend is taken over so much
LEAST_POINTS = 5
MOST_TOLD = 2.0  # radians up to which a few terms of sine and cosine tell on which side of an angle a direction lies


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
            bent = _bent(x, y, free[begin:end], radius, reach)
            # from the first point that does not bend on, no arc is met half way
            start = 0
            while start < n and bent[start]:
                start += 1
            whole = start == n
            size = 0
            for i in range(n + 1):
                if i < n and bent[_around(start + i, n)]:
                    size += 1
                    continue
                # no step of an evened outline is longer than a diagonal
                if size >= LEAST_POINTS and (whole or 1.5 * size >= least * smallest):
                    arc_x, arc_y = np.empty(size), np.empty(size)
                    for p in range(size):
                        row = _around(_around(start + i - size, n) + p, n)
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
                size = 0
        begin = end
    return found[:k]


@jit
def _around(i: int, n: int) -> int:
    """Place of the i-th point of a closed outline of n points, from any of its points on: once around at most."""
    return i - n if i >= n else i


@jit
def _bent(x: np.ndarray, y: np.ndarray, free: np.ndarray, radius: float, reach: int) -> np.ndarray:
    """Which free points of a closed outline, (n,) each, bend like a circle of this radius over `reach` points to both sides."""
    n = x.size
    # the chord that ends at each point, and once more those at the first ones: the chord that follows one is never out of range
    dx, dy, chord = np.empty(n + reach), np.empty(n + reach), np.empty(n + reach)
    for i in range(reach):
        dx[i], dy[i] = x[i] - x[n - reach + i], y[i] - y[n - reach + i]
        dx[n + i], dy[n + i] = dx[i], dy[i]
    for i in range(n - reach):
        dx[reach + i], dy[reach + i] = x[reach + i] - x[i], y[reach + i] - y[i]
    for i in range(n + reach):
        chord[i] = np.sqrt(dx[i] * dx[i] + dy[i] * dy[i])
    dx_after, dy_after, chord_after = dx[reach:], dy[reach:], chord[reach:]
    # 1, -1 and 0 where it takes the arc tangent: without branches, so that it runs in vector registers
    told = np.empty(n, np.int8)
    for i in range(n):
        turn = dy[i] * dx_after[i] - dx[i] * dy_after[i]
        along = dx[i] * dx_after[i] + dy[i] * dy_after[i]
        length = 0.5 * (chord[i] + chord_after[i])
        low, high = LEAST_BEND * length / radius, MOST_BEND * length / radius
        over_low, over_high = _side(turn, along, low), _side(turn, along, high)
        off_low, off_high = _side_error(turn, along, low), _side_error(turn, along, high)
        yes = (turn > 0) & (over_low > off_low) & (over_high < -off_high)
        no = (turn <= 0) | (over_low < -off_low) | (over_high > off_high)
        told[i] = (np.int8(yes) - np.int8(no)) * np.int8(high < MOST_TOLD)
    bent = np.empty(n, np.bool_)
    for i in range(n):
        bent[i] = free[i] and told[i] > 0
        if free[i] and told[i] == 0:
            turn = dy[i] * dx_after[i] - dx[i] * dy_after[i]
            along = dx[i] * dx_after[i] + dy[i] * dy_after[i]
            length = 0.5 * (chord[i] + chord_after[i])
            bent[i] = turn > 0 and LEAST_BEND * length / radius < np.arctan2(turn, along) < MOST_BEND * length / radius
    return bent


@jit
def _side(turn: float, along: float, angle: float) -> float:
    """Above 0 where the direction (along, turn) is turned by more than an angle, by the first terms of its sine and cosine."""
    square = angle * angle
    sine = angle * (1 - square * (1 / 6 - square * (1 / 120)))
    cosine = 1 - square * (1 / 2 - square * (1 / 24 - square * (1 / 720)))
    return turn * cosine - along * sine


@jit
def _side_error(turn: float, along: float, angle: float) -> float:
    """How far `_side` is off at most: what the next terms of both series say, and rounding."""
    square = angle * angle
    return (abs(turn) + abs(along)) * (square * square * square * angle / 5040 + 1e-12)
