"""k-means on weighted integer points: the occupied bins of a histogram stand for all pixels."""

from functools import lru_cache

import numpy as np

from leukofeat.kernels.jit import jit

BLOCK = 64
RandomState = int | np.random.Generator | None


@jit
def ab_histogram(lab: np.ndarray, red: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Occupied bins of the joint (a, b) histogram, ascending: 256 a + b, number of pixels, sum of red; all int64.

    `lab` is (n, 3) uint8 and `red` is (n,) uint8.
    """
    counts = np.zeros(1 << 16, np.int32)
    reds = np.zeros(1 << 16, np.int64)
    first = counts.size
    last = 0
    for i in range(lab.shape[0]):
        j = np.int64(lab[i, 1]) * 256 + lab[i, 2]
        counts[j] += 1
        reds[j] += red[i]
        first = min(first, j)
        last = max(last, j)
    out = np.empty((3, max(last + 1 - first, 0)), np.int64)
    m = 0
    for j in range(first, last + 1):
        if counts[j] > 0:
            out[0, m] = j
            out[1, m] = counts[j]
            out[2, m] = reds[j]
            m += 1
    return out[0, :m], out[1, :m], out[2, :m]


@jit
def label_by_bin(lab: np.ndarray, table: np.ndarray, out: np.ndarray) -> None:
    """Write ``table[256 a + b]`` of every pixel of `lab`, (n, 3) uint8, to `out`, (n,) uint8."""
    for i in range(lab.shape[0]):
        out[i] = table[np.int64(lab[i, 1]) * 256 + lab[i, 2]]


@jit
def _block_sums(weights: np.ndarray, distances: np.ndarray, out: np.ndarray) -> float:
    """Sums of weight × squared distance over blocks of BLOCK points, and the sum of all."""
    total = 0.0
    for k in range(out.size):
        begin, end = k * BLOCK, min((k + 1) * BLOCK, weights.size)
        out[k] = _inertia(weights[begin:end], distances[begin:end])
        total += out[k]
    return total


@jit
def _inertia(weights: np.ndarray, distances: np.ndarray) -> float:
    # four sums at a time: products of integers are exact in any order
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    whole = weights.size - weights.size % 4
    for i in range(0, whole, 4):
        a += weights[i] * distances[i]
        b += weights[i + 1] * distances[i + 1]
        c += weights[i + 2] * distances[i + 2]
        d += weights[i + 3] * distances[i + 3]
    for i in range(whole, weights.size):
        a += weights[i] * distances[i]
    return (a + b) + (c + d)


@jit
def _draw(weights: np.ndarray, distances: np.ndarray, sums: np.ndarray, target: float) -> int:
    """Index at which the running sum of weight × squared distance exceeds `target`; `sums` are those of the blocks."""
    running = 0.0
    k = 0
    while k < sums.size - 1 and running + sums[k] <= target:
        running += sums[k]
        k += 1
    last = k * BLOCK
    for i in range(k * BLOCK, weights.size):
        p = weights[i] * distances[i]
        if p > 0.0:
            running += p
            last = i
            if running > target:
                return i
    return last


@jit
def _nearer(x: np.ndarray, y: np.ndarray, cx: float, cy: float, nearest: np.ndarray, out: np.ndarray) -> None:
    """Squared distance to (cx, cy), or `nearest` where that is less."""
    for i in range(x.size):
        out[i] = min((x[i] - cx) * (x[i] - cx) + (y[i] - cy) * (y[i] - cy), nearest[i])


@jit
def _plus_plus(x: np.ndarray, y: np.ndarray, w: np.ndarray, draws: np.ndarray, centers: np.ndarray) -> None:
    """Greedy k-means++: of a few candidates drawn by squared distance, the one that lowers the inertia most."""
    n = x.size
    nearest = np.ones(n)
    trial = np.empty(n)
    best_trial = np.empty(n)
    sums = np.empty((n + BLOCK - 1) // BLOCK)
    i = _draw(w, nearest, sums, draws[0, 0] * _block_sums(w, nearest, sums))
    centers[0, 0] = x[i]
    centers[0, 1] = y[i]
    trial[:] = np.inf
    _nearer(x, y, x[i], y[i], trial, nearest)
    for k in range(1, centers.shape[0]):
        total = _block_sums(w, nearest, sums)
        best = np.inf
        for t in range(draws.shape[1]):
            i = _draw(w, nearest, sums, draws[k, t] * total)
            _nearer(x, y, x[i], y[i], nearest, trial)
            inertia = _inertia(w, trial)
            if inertia < best:
                best = inertia
                centers[k, 0] = x[i]
                centers[k, 1] = y[i]
                trial, best_trial = best_trial, trial
        nearest, best_trial = best_trial, nearest


@jit
def add_point(sums: np.ndarray, w: float, x: float, y: float) -> None:
    """Add a weight and the weighted coordinates to a cluster's three sums."""
    sums[0] += w
    sums[1] += w * x
    sums[2] += w * y


@jit
def _lloyd(
    x: np.ndarray, y: np.ndarray, w: np.ndarray, centers: np.ndarray, labels: np.ndarray, max_iter: int
) -> float:
    """Move `centers` until no label changes; fill `labels`, (n,) uint8, and return the inertia."""
    n = x.size
    k = centers.shape[0]
    nearest = np.empty(n)
    closest = np.zeros(n, np.int64)
    sums = np.zeros((k, 3))
    for step in range(max_iter):
        changed = step == 0
        # a pass per centre, without branches and with labels as wide as the distances, is vectorised
        nearest[:] = np.inf
        for c in range(k):
            cx, cy = centers[c, 0], centers[c, 1]
            for i in range(n):
                d = (x[i] - cx) * (x[i] - cx) + (y[i] - cy) * (y[i] - cy)
                closest[i] = c if d < nearest[i] else closest[i]
                nearest[i] = min(d, nearest[i])
        for i in range(n):
            new = closest[i]
            if step == 0 or new != labels[i]:
                # later on few points move in a step, and sums of integers stay exact
                if step > 0:
                    add_point(sums[labels[i]], -w[i], x[i], y[i])
                add_point(sums[new], w[i], x[i], y[i])
                labels[i] = new
                changed = True
        if not changed:
            break
        for c in range(k):
            if sums[c, 0] == 0.0:
                # an emptied cluster starts again from the point that is served worst
                worst = np.argmax(nearest)
                add_point(sums[labels[worst]], -w[worst], x[worst], y[worst])
                add_point(sums[c], w[worst], x[worst], y[worst])
                labels[worst] = c
                nearest[worst] = 0.0
        for c in range(k):
            if sums[c, 0] > 0.0:
                centers[c, 0] = sums[c, 1] / sums[c, 0]
                centers[c, 1] = sums[c, 2] / sums[c, 0]
    inertia = 0.0
    for i in range(n):
        dx = x[i] - centers[labels[i], 0]
        dy = y[i] - centers[labels[i], 1]
        inertia += w[i] * (dx * dx + dy * dy)
    return inertia


@jit
def _kmeans(
    x: np.ndarray, y: np.ndarray, w: np.ndarray, draws: np.ndarray, starts: np.ndarray, max_iter: int
) -> tuple[np.ndarray, np.ndarray, float]:
    labels = np.empty(x.size, np.uint8)
    best_labels = np.empty(x.size, np.uint8)
    best = np.inf
    best_s = 0
    for s in range(starts.shape[0]):
        if draws.size:
            _plus_plus(x, y, w, draws[s], starts[s])
        inertia = _lloyd(x, y, w, starts[s], labels, max_iter)
        if inertia < best:
            best = inertia
            best_s = s
            labels, best_labels = best_labels, labels
    return starts[best_s], best_labels, best


def _random(random_state: RandomState, shape: tuple[int, ...]) -> np.ndarray:
    rng = random_state if isinstance(random_state, np.random.Generator) else np.random.default_rng(random_state)
    return rng.random(shape)


# a seed gives every image the same draws, and a generator takes longer to seed than a small image to cluster
_seeded = lru_cache(maxsize=16)(_random)


def kmeans(
    points: np.ndarray,
    weights: np.ndarray,
    n_clusters: int,
    *,
    n_init: int = 5,
    max_iter: int = 300,
    init: np.ndarray | None = None,
    random_state: RandomState = None,
) -> tuple[np.ndarray, np.ndarray, float]:
    """Lloyd's k-means on weighted points in the plane, run until no label changes.

    A weight counts how often a point occurs, so the result on the occupied bins of a histogram is
    the result on the pixels that were counted: for integer values the sums are exact. Of `n_init`
    greedy k-means++ starts [1]_ the one with the least inertia is kept.

    Parameters
    ----------
    points : (n, 2) array of distinct integer points
    weights : (n,) array of positive integer weights
    n_clusters : int
        At most 255. Fewer clusters come back when there are fewer points.
    n_init : int
        Number of starts; the best is kept.
    max_iter : int
        Upper bound of the steps of one start.
    init : (m, n_clusters, 2) array, optional
        Start from these m sets of centres instead of drawing any.
    random_state : int or numpy Generator, optional
        Source of the draws.

    Returns
    -------
    centers : (k, 2) float64
    labels : (n,) uint8
        Index of each point's cluster; a tie goes to the lower index.
    inertia : float
        Weighted sum of squared distances to the centres.

    References
    ----------
    .. [1] Arthur and Vassilvitskii (2007). k-means++: the advantages of careful seeding. SODA.

    Examples
    --------
    >>> import numpy as np
    >>> centers, labels, inertia = kmeans(
    ...     np.array([[0, 0], [0, 2], [9, 9]]), np.array([1, 1, 5]), 2, random_state=0
    ... )
    >>> sorted(centers.tolist()), inertia
    ([[0.0, 1.0], [9.0, 9.0]], 2.0)
    """
    if not 1 <= n_clusters <= 255:
        raise ValueError(f"n_clusters must lie in 1..255, got {n_clusters}")
    if n_init < 1:
        raise ValueError(f"n_init must be at least 1, got {n_init}")
    x = np.array(points[:, 0], dtype=np.float64)
    y = np.array(points[:, 1], dtype=np.float64)
    w = np.array(weights, dtype=np.float64)
    k = min(n_clusters, x.size) if init is None else np.shape(init)[1]
    if x.size == 0:
        return np.empty((0, 2)), np.empty(0, np.uint8), 0.0
    if init is None:
        how_many = (n_init, k, 2 + int(np.log(k)))
        draws = _seeded(random_state, how_many) if isinstance(random_state, int) else _random(random_state, how_many)
        starts = np.empty((n_init, k, 2))
    else:
        draws = np.empty((0, 0, 0))
        starts = np.array(init, dtype=np.float64)
    return _kmeans(x, y, w, draws, starts, max_iter)
