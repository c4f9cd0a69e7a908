"""Histograms of oriented gradients of an 8-bit plane, exact by look-up: 8-bit gradients are small integers."""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.jit import jit


@lru_cache(maxsize=8)
def _orientation_table(orientations: int) -> NDArray[np.uint8]:
    """Bin of every pair of integer gradients, (row + 255, column + 255); bins open at their upper end."""
    steps = np.arange(-255.0, 256.0)
    angle = np.rad2deg(np.arctan2(steps[:, None], steps[None, :])) % 180
    edges = np.float32(180.0 / orientations) * np.arange(1, orientations + 1, dtype=np.float32)
    bins = np.searchsorted(edges.astype(np.float64), angle.ravel(), side="right")
    # angle % 180 may round up to 180 itself: scikit-image then counts the pixel nowhere
    return np.where(bins < orientations, bins, 255).astype(np.uint8).reshape(angle.shape)


@jit
def _cell_histograms(
    gray: np.ndarray, table: np.ndarray, orientations: int, cell_rows: int, cell_columns: int
) -> np.ndarray:
    height, width = gray.shape
    n_rows = height // cell_rows
    n_columns = width // cell_columns
    # one column more than there are orientations takes what belongs nowhere
    out = np.zeros((n_rows, n_columns, orientations + 1), dtype=np.float32)
    for i in range(n_rows):
        for r in range(i * cell_rows, (i + 1) * cell_rows):
            inside = 0 < r < height - 1
            # cell by cell in turn: a sum does not wait for the one before
            for offset in range(cell_columns):
                for j in range(n_columns):
                    cell = out[i, j]
                    c = j * cell_columns + offset
                    gy = np.int64(gray[r + 1, c]) - np.int64(gray[r - 1, c]) if inside else np.int64(0)
                    gx = np.int64(gray[r, c + 1]) - np.int64(gray[r, c - 1]) if 0 < c < width - 1 else np.int64(0)
                    k = min(table[gy + 255, gx + 255], orientations)
                    cell[k] = np.float32(np.float64(cell[k]) + np.sqrt(np.float64(gx * gx + gy * gy)))
    # summed in single precision and in this order, scikit-image's sums come out to the last bit
    return (out[:, :, :orientations] / np.float32(cell_rows * cell_columns)).astype(np.float64)


@jit
def _normalize_blocks(cells: np.ndarray, block_rows: int, block_columns: int) -> np.ndarray:
    """L2-Hys: unit length, clipped at 0.2, unit length again."""
    n_rows, n_columns, orientations = cells.shape
    out_rows = n_rows - block_rows + 1
    out_columns = n_columns - block_columns + 1
    span = block_columns * orientations
    out = np.empty((out_rows, out_columns, block_rows * span))
    squares = np.empty((n_rows, n_columns))
    for r in range(n_rows):
        for c in range(n_columns):
            total = 0.0
            for k in range(orientations):
                total += cells[r, c, k] * cells[r, c, k]
            squares[r, c] = total
    flat = cells.reshape(n_rows, n_columns * orientations)
    for r in range(out_rows):
        for c in range(out_columns):
            total = 0.0
            for i in range(block_rows):
                for j in range(block_columns):
                    total += squares[r + i, c + j]
            scale = 1.0 / np.sqrt(total + 1e-10)
            block = out[r, c]
            clipped = 0.0
            for i in range(block_rows):
                for k in range(span):
                    value = min(flat[r + i, c * orientations + k] * scale, 0.2)
                    block[i * span + k] = value
                    clipped += value * value
            block *= 1.0 / np.sqrt(clipped + 1e-10)
    return out


@jit
def _crossing_values(cells: np.ndarray, strokes: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Value of the picture where strokes meet, (rows of cells, columns of cells, n)."""
    n_rows, n_columns, _ = cells.shape
    out = np.empty((n_rows, n_columns, ends.size - 1))
    for i in range(n_rows):
        for j in range(n_columns):
            for g in range(ends.size - 1):
                value = 0.0
                for k in range(ends[g], ends[g + 1]):
                    value += cells[i, j, strokes[k]]
                out[i, j, g] = value
    return out


@jit
def _picture_sums(values: np.ndarray, counts: np.ndarray) -> tuple[float, float, float, int]:
    """Largest value, sum, sum of squares and number of values above 0, where value g stands for `counts[g]` pixels."""
    largest = total = squares = 0.0
    active = 0
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            for g in range(counts.size):
                value = values[i, j, g]
                largest = max(largest, value)
                total += counts[g] * value
                squares += counts[g] * value * value
                active += counts[g] if value > 0 else 0
    return largest, total, squares, active


def hog_cells(gray: ArrayLike, orientations: int = 9, pixels_per_cell: tuple[int, int] = (8, 8)) -> NDArray[np.float64]:
    """Gradient histograms of the cells of a grid, as ``skimage.feature.hog`` counts them before normalisation.

    Parameters
    ----------
    gray : array_like of uint8, shape (H, W)
        One 8-bit plane.
    orientations : int
        Bins over 180 degrees.
    pixels_per_cell : (int, int)
        Rows and columns of a grid cell; pixels beyond the last whole cell are left out.

    Returns
    -------
    ndarray of float64, shape (H // rows, W // columns, orientations)
        Sums of gradient magnitudes divided by the pixels of a grid cell.

    Examples
    --------
    >>> ramp = np.tile(np.arange(16, dtype=np.uint8), (16, 1))
    >>> float(hog_cells(ramp)[0, 1, 0])
    1.75
    """
    return _cell_histograms(
        plain(gray, np.uint8, ndim=2), _orientation_table(orientations), orientations, *pixels_per_cell
    )


def hog_vector(
    gray: ArrayLike,
    orientations: int = 9,
    pixels_per_cell: tuple[int, int] = (8, 8),
    cells_per_block: tuple[int, int] = (3, 3),
) -> NDArray[np.float64]:
    """Histogram of oriented gradients (Dalal and Triggs 2005), L2-Hys blocks, as ``skimage.feature.hog`` orders it.

    Parameters
    ----------
    gray : array_like of uint8, shape (H, W)
        One 8-bit plane.
    orientations, pixels_per_cell
        See `hog_cells`.
    cells_per_block : (int, int)
        Grid cells that are normalised together.

    Returns
    -------
    ndarray of float64, shape (blocks down x blocks across x cells per block x orientations,)

    Raises
    ------
    ValueError
        If the plane is smaller than one block.

    Examples
    --------
    >>> hog_vector(np.eye(32, dtype=np.uint8) * 255).shape
    (324,)
    """
    cells = hog_cells(gray, orientations, pixels_per_cell)
    rows, columns = cells_per_block
    if cells.shape[0] < rows or cells.shape[1] < columns:
        least = (rows * pixels_per_cell[0], columns * pixels_per_cell[1])
        raise ValueError(f"a plane of shape {np.shape(gray)} holds no block: at least {least} is needed")
    return _normalize_blocks(cells, rows, columns).ravel()


@lru_cache(maxsize=8)
def _crossings(
    orientations: int, rows: int, columns: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[list[tuple[int, int]]]]:
    """Where strokes meet: the same in every cell, since they keep to their cell.

    Strokes that meet in a pixel, one list after another; list g is ``strokes[ends[g] : ends[g + 1]]``; and the pixels
    (row and column in the cell) of each list.
    """
    from skimage.draw import line

    # a cell of one pixel has a radius of -1: its strokes would point outwards
    radius = max(min(rows, columns) // 2 - 1, 0)
    middle = np.pi * (np.arange(orientations) + 0.5) / orientations
    met: dict[tuple[int, int], list[int]] = {}
    for k, (dr, dc) in enumerate(zip(radius * np.sin(middle), radius * np.cos(middle), strict=True)):
        # truncation as of absolute positions: shift far from zero first
        far = 1 << 20
        stroke = line(int(far - dc) - far, int(far + dr) - far, int(far + dc) - far, int(far - dr) - far)
        for r, c in zip(*(x.tolist() for x in stroke), strict=True):
            met.setdefault((r + rows // 2, c + columns // 2), []).append(k)
    pixels: dict[tuple[int, ...], list[tuple[int, int]]] = {}
    for pixel, strokes in met.items():
        pixels.setdefault(tuple(strokes), []).append(pixel)
    in_turn = np.array([stroke for strokes in pixels for stroke in strokes])
    return in_turn, np.cumsum([0, *map(len, pixels)]), list(pixels.values())


def hog_image(gray: ArrayLike, orientations: int = 9, pixels_per_cell: tuple[int, int] = (8, 8)) -> NDArray[np.float64]:
    """Picture of the gradient histograms, one stroke an orientation and cell: ``skimage.feature.hog(visualize=True)``.

    Parameters
    ----------
    gray, orientations, pixels_per_cell
        See `hog_cells`.

    Returns
    -------
    ndarray of float64, shape (H, W)

    Examples
    --------
    >>> float(hog_image(np.zeros((16, 16), np.uint8)).max())
    0.0
    """
    rows, columns = pixels_per_cell
    values, pixels = _picture(gray, orientations, pixels_per_cell)
    out = np.zeros(np.shape(gray))
    inside = out[: len(values) * rows, : values.shape[1] * columns]
    for k, places in enumerate(pixels):
        for r, c in places:
            inside[r::rows, c::columns] = values[:, :, k]
    return out


def _picture(
    gray: ArrayLike, orientations: int, pixels_per_cell: tuple[int, int]
) -> tuple[NDArray[np.float64], list[list[tuple[int, int]]]]:
    """Values of the picture where strokes meet, and the pixels of a cell that have them."""
    strokes, ends, pixels = _crossings(orientations, *pixels_per_cell)
    return _crossing_values(hog_cells(gray, orientations, pixels_per_cell), strokes, ends), pixels


def hog_image_statistics(
    gray: ArrayLike, orientations: int = 9, pixels_per_cell: tuple[int, int] = (8, 8)
) -> NDArray[np.float64]:
    """Maximum, mean, standard deviation and share of pixels above 0 of `hog_image`, which is not drawn as a whole.

    Parameters
    ----------
    gray, orientations, pixels_per_cell
        See `hog_cells`.

    Returns
    -------
    ndarray of float64, shape (4,)
        Named by ``GRADIENT_NAMES`` of :mod:`leukofeat.kernels.texture.gradients`.

    Examples
    --------
    >>> hog_image_statistics(np.zeros((16, 16), np.uint8)).tolist()
    [0.0, 0.0, 0.0, 0.0]
    """
    values, pixels = _picture(gray, orientations, pixels_per_cell)
    largest, total, squares, active = _picture_sums(values, np.array([len(places) for places in pixels]))
    n = np.size(gray)
    mean = total / n
    return np.array([largest, mean, np.sqrt(max(squares / n - mean * mean, 0.0)), active / n])
