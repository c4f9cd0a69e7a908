"""Runs of one part along a row: what kernels that add up over parts walk by."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.jit import jit


@jit
def run_end(row: np.ndarray, start: int) -> int:
    """First column after `start` whose value differs from that at `start`, or the row's length."""
    value = row[start]
    c = start + 1
    # four pixels at a stride: most of an image is one long run
    while c + 4 <= row.size:
        if (row[c] ^ value) | (row[c + 1] ^ value) | (row[c + 2] ^ value) | (row[c + 3] ^ value):
            break
        c += 4
    while c < row.size and row[c] == value:
        c += 1
    return c


@jit
def number_parts(cells: np.ndarray, nuclei: np.ndarray, per_cell: bool, outside: int) -> np.ndarray:
    """Number the parts of two label maps that share ids, int32, shape (H, W).

    Outside the cells `outside`; in nucleus and cytoplasm of cell i 2i - 1 and 2i, or 1 and 2 of any cell unless
    `per_cell`.
    """
    height, width = cells.shape
    out = np.empty((height, width), dtype=np.int32)
    for r in range(height):
        for c in range(width):
            cell = cells[r, c]
            part = outside
            if cell > 0:
                part = (2 * cell if per_cell else 2) - (nuclei[r, c] > 0)
            out[r, c] = part
    return out


@jit
def _runs(parts: np.ndarray, n_parts: int, out: np.ndarray) -> int:
    n = 0
    for r in range(parts.shape[0]):
        end = 0
        while end < parts.shape[1]:
            start = int(end)  # a literal would be another type, and compile run_end once more
            end = run_end(parts[r], start)
            part = parts[r, start]
            if 0 <= part < n_parts:
                if n < out.shape[0]:
                    out[n, 0] = r
                    out[n, 1] = start
                    out[n, 2] = end
                    out[n, 3] = part
                n += 1
    return n


def part_runs(parts: ArrayLike, n_parts: int) -> NDArray[np.int32]:
    """Every stretch of a row that belongs to one part.

    Parameters
    ----------
    parts : array_like of int, shape (H, W)
        Part of each pixel; values outside 0 to n_parts - 1 are no part.
    n_parts : int
        Number of parts.

    Returns
    -------
    ndarray of int32, shape (n_runs, 4)
        Row, first column, last column + 1, part.

    Examples
    --------
    >>> part_runs([[0, 0, 1, -1, 1]], 2).tolist()
    [[0, 0, 2, 0], [0, 2, 3, 1], [0, 4, 5, 1]]
    """
    parts = plain(parts, np.int32, ndim=2)
    out = np.empty((4096, 4), np.int32)
    n = _runs(parts, int(n_parts), out)
    if n > len(out):
        out = np.empty((n, 4), np.int32)
        _runs(parts, int(n_parts), out)
    return out[:n]


@jit
def _cover(runs: np.ndarray, gap: int, largest: int, windows: np.ndarray, window: np.ndarray) -> int:
    n = 0
    active = np.empty(runs.shape[0], dtype=np.int64)
    n_active = 0
    for i in range(runs.shape[0]):
        r = runs[i, 0]
        a = 0
        while a < n_active:
            box = windows[active[a]]
            if r >= box[2] + gap or (r + 1 - box[0]) * (box[3] - box[1]) > largest:
                n_active -= 1
                active[a] = active[n_active]
            elif runs[i, 1] < box[3] + gap and runs[i, 2] > box[1] - gap:
                break
            else:
                a += 1
        if a == n_active:
            active[a] = n
            n_active += 1
            windows[n, 0] = r
            windows[n, 1] = runs[i, 1]
            windows[n, 3] = runs[i, 2]
            windows[n, 4] = i
            n += 1
        window[i] = active[a]
        box = windows[active[a]]
        box[1] = min(box[1], runs[i, 1])
        box[2] = r + 1
        box[3] = max(box[3], runs[i, 2])
        box[5] = i + 1
    return n


def cover_runs(runs: NDArray[np.int32], gap: int, largest: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cover runs by windows, so that kernels can work on small planes.

    Parameters
    ----------
    runs : ndarray of int32, shape (n_runs, 4)
        Result of `part_runs`.
    gap : int
        Runs that are less than this number of pixels apart share a window.
    largest : int
        A window takes no more rows than make up this number of pixels, or one; its columns may still spread.

    Returns
    -------
    windows : ndarray of int64, shape (n_windows, 6)
        Top, left, bottom, right, ends exclusive; first run and last run + 1. Windows may overlap.
    window : ndarray of int64, shape (n_runs,)
        The window that each run lies in.

    Examples
    --------
    >>> windows, window = cover_runs(part_runs([[0, 0, -1, -1, -1, 0], [-1, 0, -1, -1, -1, 0]], 1), 2, 100)
    >>> windows.tolist(), window.tolist()
    ([[0, 0, 2, 2, 0, 3], [0, 5, 2, 6, 1, 4]], [0, 1, 0, 1])
    """
    windows, window = np.empty((len(runs), 6), np.int64), np.empty(len(runs), np.int64)
    return windows[: _cover(runs, int(gap), int(largest), windows, window)], window
