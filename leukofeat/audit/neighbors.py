"""Nearest neighbours among very many points, by blocks of matrix products."""

import numpy as np

from leukofeat.kernels.neighbors import keep_best

_PROBES = 12  # cells that a point looks into, where there are more
_CELLS = 4.0  # cells, by the root of the number of points: to find the cells and to look into them then takes as long
_ROWS, _COLUMNS = 512, 8192
_BATCH = 1 << 16  # points that are worked on at once, so that little memory is needed


def near_links(points: np.ndarray, k: int, reach: float, exact: int) -> np.ndarray:
    """Links from each point to the nearest within reach, itself among them.

    Parameters
    ----------
    points : ndarray of shape (n, d), dtype float32
    k : int
        Links a point, at most.
    reach : float
        Largest Euclidean distance.
    exact : int
        Number of points up to which each is compared with each.

    Returns
    -------
    ndarray of shape (m, 2), dtype int64
        Sorted by the first.

    Notes
    -----
    Beyond `exact` the points are shared out to cells around some of them, and each looks only into the twelve cells that it lies
    nearest to (an inverted file, Sivic and Zisserman 2003): the time grows as n^1.5, and some of the longer links are missed.

    Examples
    --------
    >>> near_links(np.array([[0.0], [1.0], [1.5]], np.float32), 2, 0.9, exact=100).tolist()
    [[0, 0], [1, 1], [1, 2], [2, 2], [2, 1]]
    """
    n, k = len(points), min(k, len(points))
    columns = _as_columns(points)
    squares = np.einsum("ij,ij->i", points, points)
    best = np.repeat(0.5 * (squares - np.float32(reach) ** 2) - np.float32(1e-5), k).reshape(n, k)
    who = np.full((n, k), -1)
    if n <= exact:
        _search(points, np.arange(n), columns, np.arange(n), best, who)
    else:
        _search_cells(points, columns, best, who)
    first, _ = np.nonzero(who >= 0)
    second = who[who >= 0]
    near = np.concatenate([
        np.linalg.norm(points[a].astype(np.float64) - points[b], axis=1) <= reach
        for a, b in ((first[at : at + _BATCH], second[at : at + _BATCH]) for at in range(0, max(1, len(first)), _BATCH))
    ])  # fmt: skip
    return np.column_stack([first[near], second[near]])


def _as_columns(points: np.ndarray) -> np.ndarray:
    """(d + 1, n), whose product with [a, 1] is higher the nearer a point lies to a: a·b - |b|² / 2."""
    return np.vstack([points.T, -0.5 * np.einsum("ij,ij->i", points, points)])


def _search(
    points: np.ndarray, rows: np.ndarray, columns: np.ndarray, numbers: np.ndarray, best: np.ndarray, who: np.ndarray
) -> None:
    """Look for the nearest of some points, known by numbers, of each of the rows."""
    for top in range(0, len(rows), _ROWS):
        own = rows[top : top + _ROWS]
        asked = np.hstack([points[own], np.ones((len(own), 1), np.float32)])
        for left in range(0, len(numbers), _COLUMNS):
            scores = asked @ columns[:, left : left + _COLUMNS]
            keep_best(scores, own, numbers[left : left + _COLUMNS], best, who)


def _search_cells(points: np.ndarray, columns: np.ndarray, best: np.ndarray, who: np.ndarray) -> None:
    n = len(points)
    n_cells = round(_CELLS * n**0.5)
    centers = _as_columns(points[np.linspace(0, n - 1, n_cells).astype(np.int64)])
    cells = np.empty((n, _PROBES), np.int32)
    for start in range(0, n, _BATCH):
        own = points[start : start + _BATCH]
        found = np.zeros((len(own), _PROBES), np.int64)
        _search(own, np.arange(len(own)), centers, np.arange(n_cells), np.full(found.shape, -np.inf, np.float32), found)
        cells[start : start + _BATCH] = found
    members, bounds = _by_cell(cells[:, 0], n_cells)
    columns = np.ascontiguousarray(columns[:, members])
    for start in range(0, n, _BATCH):
        asking, ends = _by_cell(cells[start : start + _BATCH].ravel(), n_cells)
        asking = start + asking // _PROBES
        for cell in range(n_cells):
            inside = slice(bounds[cell], bounds[cell + 1])
            rows = asking[ends[cell] : ends[cell + 1]]
            _search(points, rows, columns[:, inside], members[inside], best, who)


def _by_cell(cells: np.ndarray, n_cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions sorted by their cell, and where each cell begins."""
    return np.argsort(cells, kind="stable"), np.searchsorted(np.sort(cells), np.arange(n_cells + 1))
