"""Linear filters on a plane, and the sums of a filtered plane over parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.jit import jit
from leukofeat.kernels.regions.spans import part_runs


@jit
def _add_taps(
    before: Any, after: Any, before_2: Any, after_2: Any, even: Any, odd: Any, k: int, ev: Any, od: Any
) -> None:
    """Add two taps to a line's symmetric and antisymmetric sums at once: the sums are then read half as often."""
    # one loop for each sum: LLVM gives up vectorising where more arrays than this might overlap
    a, a2 = even[k], even[k + 1]
    for c in range(ev.size):
        ev[c] += a * (after[c] + before[c]) + a2 * (after_2[c] + before_2[c])
    b, b2 = odd[k], odd[k + 1]
    if b != 0:
        for c in range(od.size):
            od[c] += b * (after[c] - before[c]) + b2 * (after_2[c] - before_2[c])


@jit
def _rows(padded: Any, margin: int, even: Any, odd: Any, real: Any, imaginary: Any) -> None:
    """Along rows: real part by the symmetric `even`, imaginary part by the antisymmetric `odd` half kernel."""
    reach = even.size - 1
    width = real.shape[1]
    # the column filter is as long as the row filter: rows beyond its reach are not read
    for r in range(margin - reach, real.shape[0] - margin + reach):
        line = padded[r]
        for c in range(width):
            real[r, c] = even[0] * line[c + margin]
            imaginary[r, c] = 0.0
        for k in range(1, reach, 2):
            before = line[margin - k : margin - k + width]
            after = line[margin + k : margin + k + width]
            before_2 = line[margin - k - 1 : margin - k - 1 + width]
            after_2 = line[margin + k + 1 : margin + k + 1 + width]
            _add_taps(before, after, before_2, after_2, even, odd, k, real[r], imaginary[r])


@jit
def _columns(plane: Any, margin: int, even: Any, odd: Any, out_even: Any, out_odd: Any) -> None:
    """Along columns: the plane filtered by the symmetric and by the antisymmetric half kernel."""
    reach = even.size - 1
    for r in range(out_even.shape[0]):
        m = r + margin
        for c in range(out_even.shape[1]):
            out_even[r, c] = even[0] * plane[m, c]
            out_odd[r, c] = 0.0
        for k in range(1, reach, 2):
            before, after, before_2, after_2 = plane[m - k], plane[m + k], plane[m - k - 1], plane[m + k + 1]
            _add_taps(before, after, before_2, after_2, even, odd, k, out_even[r], out_odd[r])


@jit
def _wave_sums(waves: Any, parts: Any, n_parts: int, out: Any) -> None:
    """Add up pixels, magnitude and squared magnitude over each part, for the wave (0) and its mirror image (1)."""
    for r in range(parts.shape[0]):
        for c in range(parts.shape[1]):
            part = parts[r, c]
            if 0 <= part < n_parts:
                plus = (waves[0, r, c] - waves[3, r, c]) ** 2 + (waves[1, r, c] + waves[2, r, c]) ** 2
                minus = (waves[0, r, c] + waves[3, r, c]) ** 2 + (waves[1, r, c] - waves[2, r, c]) ** 2
                out[part, 0, 0] += 1
                out[part, 0, 1] += np.sqrt(plus)
                out[part, 0, 2] += plus
                out[part, 1, 0] += 1
                out[part, 1, 1] += np.sqrt(minus)
                out[part, 1, 2] += minus


@jit
def _plane_sums(plane: Any, runs: Any, n_parts: int) -> Any:
    out = np.zeros((n_parts, 3))
    for i in range(runs.shape[0]):
        line = plane[runs[i, 0]]
        # in integers where the plane is of such: their sums run in vector registers
        total = plane.dtype.type(0) + 0
        squares = total
        for x in range(runs[i, 1], runs[i, 2]):
            value = line[x] + 0
            total += value
            squares += value * value
        row = out[runs[i, 3]]
        row[0] += runs[i, 2] - runs[i, 1]
        row[1] += total
        row[2] += squares
    return out


def plane_sums(
    plane: ArrayLike, parts: ArrayLike, n_parts: int, runs: NDArray[np.int32] | None = None
) -> NDArray[np.float64]:
    """Pixels, sum and sum of squares of a plane over each part; sums of parts are the sums of their union.

    Parameters
    ----------
    plane : array_like, shape (H, W)
        Taken as float64, if it is not uint8.
    parts : array_like of int, shape (H, W)
        Part of each pixel, 0 to n_parts - 1; others are left out.
    n_parts : int
        Number of parts.
    runs : ndarray of int32, shape (n_runs, 4), optional
        Result of ``part_runs(parts, n_parts)``, if it is at hand; `parts` is then not read.

    Returns
    -------
    ndarray of float64, shape (n_parts, 3)

    Raises
    ------
    ValueError
        If plane and parts differ in shape.

    Examples
    --------
    >>> plane_sums([[1.0, 2.0, 3.0]], [[0, 1, 1]], 2).tolist()
    [[1.0, 1.0, 1.0], [2.0, 5.0, 13.0]]
    """
    plane = plain(plane, np.uint8 if np.asarray(plane).dtype == np.uint8 else np.float64, ndim=2)
    if plane.shape != np.shape(parts):
        raise ValueError(f"plane {plane.shape} and parts {np.shape(parts)} differ in shape")
    return _plane_sums(plane, part_runs(parts, n_parts) if runs is None else runs, int(n_parts))


def _half_kernels(
    frequency: float, angle: float, bandwidth: float
) -> tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...]:
    """Even and odd halves of the row filter and of the column filter, of even reach (a last tap of 0 may fill up)."""
    octaves = 2.0**bandwidth
    sigma = np.sqrt(np.log(2) / 2) / np.pi * (octaves + 1) / (octaves - 1) / frequency
    cosine, sine = np.cos(angle), np.sin(angle)
    reach = int(np.ceil(max(abs(3 * sigma * cosine), abs(3 * sigma * sine), 1)))
    steps = np.arange(reach + 1 + reach % 2)
    bell = np.where(steps <= reach, np.exp(-0.5 * (steps / sigma) ** 2) / (np.sqrt(2 * np.pi) * sigma), 0)
    halves = []
    for part in (cosine, sine):
        phase = 2 * np.pi * frequency * part * steps
        # exactly zero where the wave runs along the other axis, which spares its pass
        odd = bell * np.sin(phase) if abs(part) > 1e-12 else np.zeros_like(bell)
        halves.append((bell * np.cos(phase), odd))
    return tuple(halves)


def gabor_sums(
    gray: ArrayLike,
    parts: ArrayLike,
    n_parts: int,
    frequencies: Sequence[float] = (0.1, 0.2, 0.4),
    n_angles: int = 4,
    bandwidth: float = 1.0,
) -> NDArray[np.float64]:
    """Sums of Gabor magnitudes over each part of a plane, for a bank of filters.

    An isotropic Gabor filter is a row filter times a column filter, and its mirror image shares both.

    Parameters
    ----------
    gray : array_like, shape (H, W)
        Grey values; reflected at the border (the border pixel repeated).
    parts : array_like of int, shape (H, W)
        Part of each pixel, 0 to n_parts - 1; others are left out.
    n_parts : int
        Number of parts.
    frequencies : sequence of float
        Cycles per pixel.
    n_angles : int
        Directions of the wave, evenly spread over 180 degrees from the columns' axis towards the rows'.
    bandwidth : float
        In octaves; the Gaussian's standard deviation follows from it and is cut off at 3.

    Returns
    -------
    ndarray of float64, shape (n_parts, len(frequencies), n_angles, 3)
        Pixels, sum of magnitudes, sum of squared magnitudes; the magnitude is
        ``np.hypot(*skimage.filters.gabor(gray, frequency, angle, bandwidth=bandwidth))``.

    Raises
    ------
    ValueError
        If gray and parts differ in shape.

    Examples
    --------
    >>> wave = 100 * np.cos(2 * np.pi * 0.25 * np.arange(32))[None] * np.ones((32, 1))
    >>> sums = gabor_sums(wave, np.zeros((32, 32)), 1, [0.25], 2)[0, 0, :, 1]
    >>> bool(sums[0] > 10 * sums[1])
    True
    """
    gray = plain(gray, np.float64, ndim=2)
    parts = plain(parts, np.int32, ndim=2)
    if gray.shape != parts.shape:
        raise ValueError(f"plane {gray.shape} and parts {parts.shape} differ in shape")
    out = np.zeros((int(n_parts), len(frequencies), n_angles, 3))
    rows, columns = (np.flatnonzero(((parts >= 0) & (parts < n_parts)).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return out
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    inside = plain(parts[box], np.int32)
    angles = np.pi * np.arange(n_angles) / n_angles
    bank = {(f, k): _half_kernels(f, angles[k], bandwidth) for f in frequencies for k in range(n_angles // 2 + 1)}
    margin = max(len(halves[0][0]) - 1 for halves in bank.values())
    # only what the filters reach from the box
    padded = np.pad(gray, margin, mode="symmetric")
    padded = plain(padded[box[0].start : box[0].stop + 2 * margin, box[1].start : box[1].stop + 2 * margin], np.float64)
    real = np.empty((padded.shape[0], inside.shape[1]))
    imaginary = np.empty_like(real)
    waves = np.zeros((4, *inside.shape))
    both = np.empty((int(n_parts), 2, 3))
    for i, frequency in enumerate(frequencies):
        for k in range(n_angles // 2 + 1):
            row_filter, column_filter = bank[frequency, k]
            _rows(padded, margin, *row_filter, real, imaginary)
            _columns(real, margin, *column_filter, waves[0], waves[1])
            if row_filter[1].any():
                _columns(imaginary, margin, *column_filter, waves[2], waves[3])
            else:
                waves[2:] = 0
            both[:] = 0
            _wave_sums(waves, inside, int(n_parts), both)
            out[:, i, k] = both[:, 0]
            if 0 < k < n_angles - k:
                out[:, i, n_angles - k] = both[:, 1]
    return out
