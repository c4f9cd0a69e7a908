"""Local binary patterns of an 8-bit plane, in scikit-image's own arithmetic so that ties fall alike."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.color.histograms import part_histograms
from leukofeat.kernels.jit import jit

# scikit-image's names; the places are those that the kernel goes by
LBP_METHODS = ("uniform", "nri_uniform", "default")


@jit
def _lbp(
    method: int,
    padded: np.ndarray,
    margin: int,
    segments: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
    fractions: np.ndarray,
    out: np.ndarray,
) -> None:
    """Pattern of the pixels of each segment (row, first, last + 1); `padded` has a margin of zeros."""
    n_points = rows.size
    codes = np.empty(out.shape[1], dtype=np.uint32)
    for s in range(segments.shape[0]):
        r = segments[s, 0]
        first = segments[s, 1]
        size = segments[s, 2] - first
        codes[:size] = 0
        center = padded[r + margin, margin + first : margin + first + size]
        for p in range(n_points):
            y = r + rows[p]
            top = int(np.floor(y))
            dr = y - top
            left = margin + first + int(np.floor(columns[p]))
            bit = np.uint32(1) << np.uint32(p)
            upper = padded[top + margin, left : left + size + 1]
            lower = padded[top + margin + 1, left : left + size + 1]
            dc = fractions[p, first : first + size]
            if dr == 0 and dc[0] == 0:
                for c in range(size):
                    codes[c] |= bit if upper[c] >= center[c] else np.uint32(0)
            else:
                for c in range(size):
                    t = (1 - dc[c]) * upper[c] + dc[c] * upper[c + 1]
                    b = (1 - dc[c]) * lower[c] + dc[c] * lower[c + 1]
                    codes[c] |= bit if (1 - dr) * t + dr * b >= center[c] else np.uint32(0)
        line = out[r, first : first + size]
        if method == 2:
            for c in range(size):
                line[c] = codes[c]
            continue
        for c in range(size):
            x = codes[c]
            turn = x ^ ((x >> np.uint32(1)) | ((x & np.uint32(1)) << np.uint32(n_points - 1)))
            changes = _popcount(turn)
            line[c] = _popcount(x) if changes <= 2 else n_points + 1
        if method == 1:
            for c in range(size):
                n_set = np.int64(line[c])
                if n_set > n_points:
                    line[c] = n_points * (n_points - 1) + 2
                elif n_set == n_points:
                    line[c] = n_points * (n_points - 1) + 1
                elif n_set > 0:
                    # the first set bit behind one that is not, going round
                    x = codes[c]
                    before = (x << np.uint32(1)) | (x >> np.uint32(n_points - 1))
                    start = np.int64(_popcount((x & ~before) - np.uint32(1)))
                    line[c] = 1 + (n_set - 1) * n_points + (n_points - start) % n_points


@jit
def _popcount(x: np.uint32) -> np.uint32:
    x = x - ((x >> np.uint32(1)) & np.uint32(0x55555555))
    x = (x & np.uint32(0x33333333)) + ((x >> np.uint32(2)) & np.uint32(0x33333333))
    x = (x + (x >> np.uint32(4))) & np.uint32(0x0F0F0F0F)
    return np.uint32(x * np.uint32(0x01010101)) >> np.uint32(24)


@jit
def _segments(runs: np.ndarray, gap: int) -> np.ndarray:
    """Stretches (row, first, last + 1) of the pixels of runs, which may lie up to `gap` pixels apart."""
    out = np.empty((runs.shape[0], 3), dtype=np.int64)
    n = 0
    for i in range(runs.shape[0]):
        r, first, last = runs[i, 0], runs[i, 1], runs[i, 2]
        if n > 0 and out[n - 1, 0] == r and first - out[n - 1, 2] <= gap:
            out[n - 1, 2] = last
        else:
            out[n, 0] = r
            out[n, 1] = first
            out[n, 2] = last
            n += 1
    return out[:n]


@lru_cache(maxsize=16)
def _circle(
    n_points: int, radius: float, width: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Row and column offsets of the points, and each column's fractional position, rounded as scikit-image does."""
    angle = 2 * np.pi * np.arange(n_points, dtype=np.float64) / n_points
    rows = np.round(-radius * np.sin(angle), 5)
    columns = np.round(radius * np.cos(angle), 5)
    position = np.arange(width) + columns[:, None]
    return rows, columns, position - np.floor(position)


def n_patterns(n_points: int, method: str = "uniform") -> int:
    """Number of the patterns of so many points that a method tells apart.

    Raises
    ------
    ValueError
        For an unknown method, and for more than 8 points with "default".

    Examples
    --------
    >>> [n_patterns(8, method) for method in LBP_METHODS]
    [10, 59, 256]
    """
    if method not in LBP_METHODS:
        raise ValueError(f"method must be one of {', '.join(map(repr, LBP_METHODS))}. Got {method!r} instead.")
    if method == "default" and n_points > 8:
        raise ValueError(
            f"{n_points} points have 2^{n_points} patterns, too many to count: method 'default' takes at most 8 points, as in "
            "circles=[(8, 1)]; more go with 'uniform' or 'nri_uniform'."
        )
    return {"uniform": n_points + 2, "nri_uniform": n_points * (n_points - 1) + 3, "default": 2**n_points}[method]


def _patterns(
    gray: NDArray[np.uint8],
    segments: NDArray[np.int64],
    circles: Sequence[tuple[int, float]],
    method: str = "uniform",
) -> Iterator[np.ndarray]:
    """Plane of the patterns of each circle, in the same memory; pixels outside the segments are left as they are."""
    height, width = gray.shape
    margin = max(int(np.ceil(radius)) for _, radius in circles) + 1
    padded = np.zeros((height + 2 * margin, width + 2 * margin))
    padded[margin : margin + height, margin : margin + width] = gray
    out = np.zeros(gray.shape, np.uint16 if method == "nri_uniform" else np.uint8)
    for n_points, radius in circles:
        _lbp(LBP_METHODS.index(method), padded, margin, segments, *_circle(n_points, float(radius), width), out)
        yield out


def lbp_patterns(
    gray: ArrayLike, n_points: int = 8, radius: float = 1.0, method: str = "uniform"
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Local binary pattern of every pixel (Ojala, Pietikainen and Maenpaa 2002).

    Parameters
    ----------
    gray : array_like of uint8, shape (H, W)
        One 8-bit plane; beyond its border everything is 0.
    n_points : int
        Points on the circle, at most 32.
    radius : float
        Radius of the circle in pixels.
    method : {"uniform", "nri_uniform", "default"}, default="uniform"
        What is told apart. "uniform": the number of bits set in a uniform pattern, one with two changes round the circle at
        most, and n_points + 1 for the others. "nri_uniform": each uniform pattern by itself, where it stands on the circle
        too, 59 for 8 points, the last for the others. "default": the bits themselves, for at most 8 points.

    Returns
    -------
    ndarray of uint8 (of uint16 with "nri_uniform"), shape (H, W)
        Equal to the last bit to ``skimage.feature.local_binary_pattern(gray, n_points, radius, method)``.

    Raises
    ------
    ValueError
        For an unknown method, and for more than 8 points with "default".

    Examples
    --------
    >>> lbp_patterns(np.zeros((3, 3), np.uint8)).tolist()
    [[8, 8, 8], [8, 8, 8], [8, 8, 8]]
    """
    gray = plain(gray, np.uint8, ndim=2)
    n_patterns(n_points, method)
    rows = np.arange(gray.shape[0])[:, None] * [1, 0, 0] + [0, 0, gray.shape[1]]
    return next(_patterns(gray, rows, [(n_points, radius)], method))


def lbp_histograms(
    gray: ArrayLike,
    runs: NDArray[np.int32],
    n_parts: int,
    circles: Sequence[tuple[int, float]] = ((8, 1.0),),
    method: str = "uniform",
) -> list[NDArray[np.int32]]:
    """Count the patterns in each part of a plane; sums of parts are the histograms of their union.

    Parameters
    ----------
    gray : array_like of uint8, shape (H, W)
        One 8-bit plane; the circles read beyond a part's border.
    runs : ndarray of int32, shape (n_runs, 4)
        The parts' pixels, as :func:`~leukofeat.kernels.regions.spans.part_runs` gives them.
    n_parts : int
        Number of parts.
    circles : sequence of (n_points, radius)
    method : {"uniform", "nri_uniform", "default"}, default="uniform"
        See `lbp_patterns`.

    Returns
    -------
    list of ndarray of int32, shape (n_parts, n)
        One for each circle; n is that of `n_patterns`.

    Examples
    --------
    >>> from leukofeat.kernels.regions.spans import part_runs
    >>> lbp_histograms(np.zeros((3, 3), np.uint8), part_runs(np.eye(3) - 1, 1), 1)[0].tolist()
    [[0, 0, 0, 0, 0, 0, 0, 0, 3, 0]]
    """
    sizes = [n_patterns(n_points, method) for n_points, _ in circles]
    # starting a stretch costs about as much as sixteen pixels
    planes = _patterns(plain(gray, np.uint8, ndim=2), _segments(runs, 16), circles, method)
    if method == "nri_uniform":
        return [_count(plane, runs, n_parts, size) for plane, size in zip(planes, sizes, strict=True)]
    counts = [part_histograms(plane[:, :, None], runs, n_parts)[:, 0] for plane in planes]
    return [histograms[:, :size] for histograms, size in zip(counts, sizes, strict=True)]


def _count(plane: NDArray[np.uint16], runs: NDArray[np.int32], n_parts: int, size: int) -> NDArray[np.int32]:
    """Histograms of the parts, as `part_histograms` gives them of 8 bits."""
    rows, firsts, lasts, parts = runs.T.astype(np.int64)
    lengths = lasts - firsts
    starts = rows * plane.shape[1] + firsts - (np.cumsum(lengths) - lengths)
    places = np.repeat(starts, lengths) + np.arange(lengths.sum())
    bins = np.repeat(parts * size, lengths) + plane.ravel()[places]
    return np.bincount(bins, minlength=n_parts * size).reshape(n_parts, size).astype(np.int32)
