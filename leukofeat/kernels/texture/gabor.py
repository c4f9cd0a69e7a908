"""Gabor filters on a plane, and the sums of their magnitudes over the parts of an image."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.jit import jit

Halves = tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...]


@jit
def _add_taps(
    before: np.ndarray,
    after: np.ndarray,
    before_2: np.ndarray,
    after_2: np.ndarray,
    even: np.ndarray,
    odd: np.ndarray,
    out_even: np.ndarray,
    out_odd: np.ndarray,
) -> None:
    """Add two taps to a line's symmetric and antisymmetric sums at once: the sums are then read half as often."""
    # one loop for each sum: LLVM gives up vectorising where more arrays than this might overlap
    a, a2 = even[0], even[1]
    for c in range(out_even.size):
        out_even[c] += a * (after[c] + before[c]) + a2 * (after_2[c] + before_2[c])
    b, b2 = odd[0], odd[1]
    if b != 0:
        for c in range(out_odd.size):
            out_odd[c] += b * (after[c] - before[c]) + b2 * (after_2[c] - before_2[c])


@jit
def _rows(
    padded: np.ndarray, margin: int, even: np.ndarray, odd: np.ndarray, real: np.ndarray, imaginary: np.ndarray
) -> None:
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
            _add_taps(before, after, before_2, after_2, even[k:], odd[k:], real[r], imaginary[r])


@jit
def _columns(
    plane: np.ndarray, margin: int, even: np.ndarray, odd: np.ndarray, out_even: np.ndarray, out_odd: np.ndarray
) -> None:
    """Along columns: the plane filtered by the symmetric and by the antisymmetric half kernel."""
    for r in range(out_even.shape[0]):
        m = r + margin
        for c in range(out_even.shape[1]):
            out_even[r, c] = even[0] * plane[m, c]
            out_odd[r, c] = 0.0
        for k in range(1, even.size - 1, 2):
            before, after, before_2, after_2 = plane[m - k], plane[m + k], plane[m - k - 1], plane[m + k + 1]
            _add_taps(before, after, before_2, after_2, even[k:], odd[k:], out_even[r], out_odd[r])


@jit
def _wave_sums(waves: np.ndarray, runs: np.ndarray, n_parts: int) -> np.ndarray:
    """Pixels, magnitude and squared magnitude over each part, for the wave (0) and its mirror image (1)."""
    out = np.zeros((n_parts, 2, 3))
    for i in range(runs.shape[0]):
        r = runs[i, 0]
        wave, mirror = out[runs[i, 3], 0], out[runs[i, 3], 1]
        for c in range(runs[i, 1], runs[i, 2]):
            plus = (waves[0, r, c] - waves[3, r, c]) ** 2 + (waves[1, r, c] + waves[2, r, c]) ** 2
            minus = (waves[0, r, c] + waves[3, r, c]) ** 2 + (waves[1, r, c] - waves[2, r, c]) ** 2
            wave[1] += np.sqrt(plus)
            wave[2] += plus
            mirror[1] += np.sqrt(minus)
            mirror[2] += minus
        wave[0] += runs[i, 2] - runs[i, 1]
        mirror[0] = wave[0]
    return out


def _half_kernels(frequency: float, angle: float, bandwidth: float) -> Halves:
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
    runs: NDArray[np.int32],
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
    runs : ndarray of int32, shape (n_runs, 4)
        The parts' pixels, as :func:`~leukofeat.kernels.regions.spans.part_runs` gives them.
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

    Examples
    --------
    >>> from leukofeat.kernels.regions.spans import part_runs
    >>> wave = 100 * np.cos(2 * np.pi * 0.25 * np.arange(32))[None] * np.ones((32, 1))
    >>> sums = gabor_sums(wave, part_runs(np.zeros((32, 32)), 1), 1, [0.25], 2)[0, 0, :, 1]
    >>> bool(sums[0] > 10 * sums[1])
    True
    """
    gray = plain(gray, np.float64, ndim=2)
    out = np.zeros((n_parts, len(frequencies), n_angles, 3))
    if not len(runs):
        return out
    top, bottom, left, right = runs[0, 0], runs[-1, 0] + 1, runs[:, 1].min(), runs[:, 2].max()
    inside = runs - np.array([top, left, left, 0], np.int32)
    angles = np.pi * np.arange(n_angles) / n_angles
    bank = {(f, k): _half_kernels(f, angles[k], bandwidth) for f in frequencies for k in range(n_angles // 2 + 1)}
    margin = max(len(halves[0][0]) - 1 for halves in bank.values())
    # only what the filters reach from the box of all parts
    padded = plain(
        np.pad(gray, margin, mode="symmetric")[top : bottom + 2 * margin, left : right + 2 * margin], np.float64
    )
    real = np.empty((padded.shape[0], right - left))
    imaginary = np.empty_like(real)
    waves = np.zeros((4, bottom - top, right - left))
    for i, frequency in enumerate(frequencies):
        for k in range(n_angles // 2 + 1):
            row_filter, column_filter = bank[frequency, k]
            _rows(padded, margin, *row_filter, real, imaginary)
            _columns(real, margin, *column_filter, waves[0], waves[1])
            if row_filter[1].any():
                _columns(imaginary, margin, *column_filter, waves[2], waves[3])
            else:
                waves[2:] = 0
            both = _wave_sums(waves, inside, n_parts)
            out[:, i, k] = both[:, 0]
            if 0 < k < n_angles - k:
                out[:, i, n_angles - k] = both[:, 1]
    return out
