"""Where images stand on a map, and which of them are shown as pictures."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA


def principal_components(table: Any) -> tuple[np.ndarray, tuple[float, float]]:
    """First two principal components of columns scaled to unit variance, (n, 2), and the shares of the variance in each.

    Rows without a value are NaN. Columns without a value, or without variance, have no part.

    Examples
    --------
    >>> places, shares = principal_components([[0.0, 1.0], [1.0, 2.0], [2.0, 3.0], [np.nan, np.nan]])
    >>> np.abs(places[:, 0]).round(2), [round(share, 2) for share in shares]
    (array([1.73, 0.  , 1.73,  nan]), [1.0, 0.0])
    """
    values = pd.DataFrame(table).to_numpy(np.float64)
    values = np.where(np.isfinite(values), values, np.nan)
    held = ~np.isnan(values).all(axis=1)
    places = np.full((len(values), 2), np.nan)
    kept = values[held][:, ~np.isnan(values[held]).all(axis=0)] if held.any() else values[held]
    if not kept.size:
        places[held] = 0.0
        return places, (0.0, 0.0)
    kept = np.where(np.isnan(kept), np.nanmedian(kept, axis=0), kept)
    # by the largest, so that no square is too large for its kind
    kept = kept / np.maximum(np.abs(kept).max(axis=0), np.finfo(float).tiny)
    spread_of = kept.std(axis=0)
    scaled = ((kept - kept.mean(axis=0)) / np.where(spread_of > 1e-12, spread_of, 1))[:, spread_of > 1e-12]
    places[held] = 0.0
    n = min(2, *scaled.shape) if scaled.size else 0
    if n == 0:
        return places, (0.0, 0.0)
    model = PCA(n, svd_solver="full").fit(scaled)
    places[np.flatnonzero(held), :n] = model.transform(scaled)
    shares = [*model.explained_variance_ratio_.tolist(), 0.0]
    return places, (shares[0], shares[1])


def spread(places: np.ndarray, least: float, most: int) -> list[int]:
    """Rows of places that are `least` apart or more along x or y, at most `most`: each next one is the farthest from those before.

    Parameters
    ----------
    places : ndarray of shape (n, 2)
        Rows with NaN are passed over.
    least : float
    most : int

    Examples
    --------
    >>> spread(np.array([[0.0, 0.0], [0.1, 0.0], [1.0, 0.0], [np.nan, 0.0]]), 0.5, 9)
    [0, 2]
    """
    known = np.isfinite(places).all(axis=1)
    distance = np.where(known, np.inf, -np.inf)
    chosen: list[int] = []
    while len(chosen) < most and len(places) and distance.max() >= least:
        row = int(distance.argmax())
        chosen.append(row)
        apart = np.abs(places - places[row]).max(axis=1)
        distance = np.where(known, np.minimum(distance, apart), -np.inf)
        distance[row] = -np.inf
    return chosen


def middle_of(places: np.ndarray) -> np.ndarray:
    """Middle of the span of all points."""
    known = places[np.isfinite(places).all(axis=1)]
    return (known.min(axis=0) + known.max(axis=0)) / 2 if len(known) else np.zeros(2)


def half_of(places: np.ndarray, side: float) -> np.ndarray:
    """Halves of the map's width and height: all points, and thumbnails at its edge; a unit is as long in both directions."""
    known = places[np.isfinite(places).all(axis=1)]
    reach = np.ptp(known, axis=0) / 2 if len(known) else np.zeros(2)
    largest = reach.max() if reach.max() > 0 else 1.0
    half = largest / max(1 - 1.15 * side, 0.1)
    return np.clip(reach + 1.15 * side * half, 0.55 * half, half)
