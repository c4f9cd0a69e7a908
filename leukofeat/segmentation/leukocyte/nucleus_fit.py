"""Nuclei inside their cells: Otsu's threshold on the stain, refined by a linear discriminant on colour; tidying."""

import numpy as np

from leukofeat.kernels.jit import jit
from leukofeat.segmentation.leukocyte.flooding import flood, framed, unframed

TEXTURE = 0.65  # stain, against that of the nucleus, above which what Otsu splits off is chromatin and not cytoplasm
LEAST_CLEAR = 0.1  # cytoplasm clear of the outline, against the nucleus, under which that nucleus fills its cell
LEAST_CLASS = 10  # pixels of either class that have a mean and variances


@jit
def threshold_each(
    excess: np.ndarray, regions: np.ndarray, cells: np.ndarray, n: int, none: float
) -> tuple[np.ndarray, np.ndarray]:
    """Nucleus of each cell by Otsu's threshold on its own stain.

    Where the lower class has nearly the stain of the upper one, the cell is all nucleus and the threshold has split its
    texture: it is then set with the rim included.

    Parameters
    ----------
    excess : (H, W) uint8
        Stain.
    regions, cells : (H, W) int32
        Cells 1..n with and without a rim of background.
    n : int
        Number of cells.
    none : float
        Value of `excess` where there is no stain.

    Returns
    -------
    mask : (H, W) uint8
        1 in the nuclei.
    full : (n + 1,) bool
        Cells that are all nucleus.
    """
    h, w = excess.shape
    counts = np.zeros((n + 1, 2, 256), np.int64)
    for y in range(h):
        for x in range(w):
            c = regions[y, x]
            if c > 0:
                counts[c, 0 if cells[y, x] == c else 1, excess[y, x]] += 1
    cuts = np.full(n + 1, 255, np.int64)
    full = np.zeros(n + 1, np.bool_)
    for c in range(1, n + 1):
        cuts[c], lower, upper = _otsu(counts[c, 0])
        if lower - none > TEXTURE * (upper - none):
            full[c] = True
            cuts[c] = _otsu(counts[c, 0] + counts[c, 1])[0]
    mask = np.empty((h, w), np.uint8)
    for y in range(h):
        for x in range(w):
            mask[y, x] = excess[y, x] > cuts[cells[y, x]]
    return mask, full


@jit
def _otsu(counts: np.ndarray) -> tuple[int, float, float]:
    """Otsu's threshold of 256 counts (the lower class ends there), and the mean of either class.

    `leukofeat.kernels.color.otsu` finds any number of thresholds, in quadratic time, and no means.
    """
    total, mass = 0, 0.0
    for v in range(256):
        total += counts[v]
        mass += v * counts[v]
    below, low, best = 0, 0.0, -1.0
    cut, lower, upper = 255, 0.0, 0.0
    for v in range(255):
        below += counts[v]
        low += v * counts[v]
        above = total - below
        if below == 0 or above == 0:
            continue
        apart = (mass - low) / above - low / below
        between = apart * apart * below * above
        if between > best:
            best = between
            cut, lower, upper = v, low / below, (mass - low) / above
    return cut, lower, upper


@jit
def discriminate(
    colors: np.ndarray,
    nuclei: np.ndarray,
    regions: np.ndarray,
    cells: np.ndarray,
    full: np.ndarray,
    pure: np.ndarray,
    ridge: float,
) -> np.ndarray:
    """Mask of each nucleus by the linear discriminant between its colours and those of the rest of its cell; (H, W) uint8.

    Around a nucleus that nearly fills its cell there are hardly any but mixed pixels, which have the colours of both sides, and half way to
    these would lie inside of the outline: there, as in the cells flagged in `full`, only `pure` pixels count, (H, W) uint8, and
    the rim of the region around the cell with them. The pooled covariance gets `ridge` on its diagonal; the cut is half way
    between the two means.
    """
    h, w = nuclei.shape
    n = full.size
    # number, x, y, z, xx, xy, xz, yy, yz, zz of each of these five
    sums = np.zeros((n, 5, 10))
    rest_pure, core_pure, rest_mixed, core_mixed, rim = range(5)
    for y in range(h):
        for x in range(w):
            c = regions[y, x]
            if c > 0 and (cells[y, x] == c or pure[y, x]):
                a, b, d = colors[y, x, 0], colors[y, x, 1], colors[y, x, 2]
                part = rest_pure if pure[y, x] else rest_mixed
                if cells[y, x] != c:
                    part = rim
                elif nuclei[y, x] == c:
                    part += core_pure
                s = sums[c, part]
                # written out, which takes half the time of a loop
                s[0] += 1
                s[1] += a
                s[2] += b
                s[3] += d
                s[4] += a * a
                s[5] += a * b
                s[6] += a * d
                s[7] += b * b
                s[8] += b * d
                s[9] += d * d
    known = np.zeros(n, np.bool_)
    normal = np.zeros((n, 3))
    cut = np.zeros(n)
    pooled, apart = np.zeros((3, 3)), np.zeros(3)
    for c in range(1, n):
        rest, core = sums[c, rest_pure], sums[c, core_pure]
        filled = full[c] or rest[0] < LEAST_CLEAR * (core[0] + sums[c, core_mixed, 0])
        if filled:
            rest += sums[c, rim]
        if not filled or rest[0] < LEAST_CLASS:
            rest += sums[c, rest_mixed]
        if not filled or core[0] < LEAST_CLASS:
            core += sums[c, core_mixed]
        m0, m1 = rest[0], core[0]
        known[c] = min(m0, m1) >= LEAST_CLASS
        if not known[c]:
            continue
        k = 4
        for i in range(3):
            for j in range(i, 3):
                square = rest[k] - rest[1 + i] * rest[1 + j] / m0 + (core[k] - core[1 + i] * core[1 + j] / m1)
                pooled[i, j] = pooled[j, i] = square / (m0 + m1) + (ridge if i == j else 0.0)
                k += 1
            apart[i] = core[1 + i] / m1 - rest[1 + i] / m0
        # Cramer's rule, but for the determinant that all three have in common
        p, q, r = pooled[0], pooled[1], pooled[2]
        normal[c, 0], normal[c, 1], normal[c, 2] = _volume(apart, q, r), _volume(p, apart, r), _volume(p, q, apart)
        for i in range(3):
            cut[c] += normal[c, i] * 0.5 * (core[1 + i] / m1 + rest[1 + i] / m0)
    mask = np.zeros((h, w), np.uint8)
    for y in range(h):
        for x in range(w):
            c = cells[y, x]
            if c == 0:
                continue
            if known[c]:
                along = normal[c, 0] * colors[y, x, 0] + normal[c, 1] * colors[y, x, 1] + normal[c, 2] * colors[y, x, 2]
                mask[y, x] = along > cut[c]
            else:
                mask[y, x] = nuclei[y, x] > 0
    return mask


@jit
def _volume(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> float:
    """Determinant of the 3 x 3 matrix of three rows."""
    return a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) + a[2] * (b[0] * c[1] - b[1] * c[0])


def remove_specks(mask: np.ndarray, cells: np.ndarray, n: int, speck: float, hole: float) -> np.ndarray:
    """Nuclei in their cells, without specks and small holes.

    Parameters
    ----------
    mask : (H, W) uint8
        1 where the nuclei may be.
    cells : (H, W) int32
        Cells 1..n.
    n : int
        Number of cells.
    speck : float
        Parts (4-connected) under this share of their nucleus go.
    hole : float
        Holes under this share of the nucleus are filled: parts of its cell (8-connected) that it encloses.

    Returns
    -------
    (H, W) int32
        Nucleus i in cell i.
    """
    return unframed(_without_specks(mask, framed(cells), n, speck, hole))


@jit
def _without_specks(mask: np.ndarray, cells: np.ndarray, n: int, speck: float, hole: float) -> np.ndarray:
    """The framed map of the nuclei; the cells are framed, too."""
    h, w = mask.shape
    row = w + 2
    nuclei = np.zeros((h + 2, w + 2), np.int32)
    flat, owners = nuclei.reshape(-1), cells.reshape(-1)
    total = np.zeros(n + 1, np.int64)
    places = np.empty(mask.size, np.int64)
    m = 0
    for y in range(h):
        for x in range(w):
            p = (y + 1) * row + x + 1
            if mask[y, x] > 0 and owners[p] > 0:
                flat[p] = owners[p]
                total[owners[p]] += 1
                places[m] = p
                m += 1
    _drop_specks(flat, places[:m], row, total, speck)
    _fill_holes(flat, owners, places[:m], row, total, hole)
    return nuclei


@jit
def _drop_specks(nuclei: np.ndarray, places: np.ndarray, row: int, total: np.ndarray, speck: float) -> None:
    """Drop small parts of the nuclei at these places of the flat framed map, in place."""
    seen = np.zeros(nuclei.size, np.uint8)
    queue = np.empty(places.size, np.int64)
    for start in places:
        c = nuclei[start]
        if seen[start]:
            continue
        size = flood(nuclei, c, c, start, row, seen, 1, queue)
        if size < speck * total[c]:
            for p in queue[:size]:
                nuclei[p] = 0


@jit
def _fill_holes(
    nuclei: np.ndarray, cells: np.ndarray, places: np.ndarray, row: int, area: np.ndarray, share: float
) -> None:
    """Fill holes under a share of their nucleus' area in the flat framed map, in place."""
    seen = np.zeros(nuclei.size, np.int32)  # by the search that began where
    # a hole is smaller than its nucleus; the search that finds one too large has listed 8 neighbours more at most
    queue = np.empty(places.size + 8, np.int64)
    for place in places:
        c, start = nuclei[place], place + 1
        if c == 0 or nuclei[start] != 0 or cells[start] != c or seen[start] > 0:
            continue
        # the first pixel of a hole has the nucleus above, too
        if nuclei[start - row - 1] != c or nuclei[start - row] != c or nuclei[start - row + 1] != c:
            continue
        seen[start] = start
        queue[0] = start
        first, last = 0, 1
        enclosed = True
        while first < last and enclosed:
            p = queue[first]
            first += 1
            enclosed = last < share * area[c]
            for q in (p - row - 1, p - row, p - row + 1, p - 1, p + 1, p + row - 1, p + row, p + row + 1):
                if cells[q] != c:
                    enclosed = False
                elif nuclei[q] == 0 and seen[q] != start:
                    # what an earlier search has given up is no hole
                    enclosed &= seen[q] == 0
                    seen[q] = start
                    queue[last] = q
                    last += 1
        if enclosed:
            for p in queue[:last]:
                nuclei[p] = c
