"""Optical density, and the stains and colours that follow from it."""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.jit import jit

# Ruifrok and Johnston (2001): optical densities (R, G, B) of haematoxylin, eosin and DAB
STAINS = np.array([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]])


@jit
def _unmix(image: np.ndarray, tables: np.ndarray) -> np.ndarray:
    out = np.empty((image.shape[0], image.shape[1], tables.shape[0]), dtype=np.uint8)
    for r in range(out.shape[0]):
        for c in range(out.shape[1]):
            for k in range(out.shape[2]):
                s = tables[k, 0, image[r, c, 0]] + tables[k, 1, image[r, c, 1]] + tables[k, 2, image[r, c, 2]]
                out[r, c, k] = np.uint8(min(max(s + 0.5, 0.0), 255.0))
    return out


@jit
def _side_sums(
    image: np.ndarray, lab: np.ndarray, cells: np.ndarray, threshold: int, density: np.ndarray
) -> np.ndarray:
    """Outside the cells, above and up to a threshold of green: pixels, sums of LAB and of the density of RGB."""
    out = np.zeros((2, 7))
    for r in range(image.shape[0]):
        for c in range(image.shape[1]):
            if cells[r, c] > 0:
                continue
            row = out[1 if image[r, c, 1] <= threshold else 0]
            row[0] += 1
            for k in range(3):
                row[1 + k] += lab[r, c, k]
                row[4 + k] += density[image[r, c, k]]
    return out


@lru_cache(maxsize=1)
def optical_density_table() -> NDArray[np.float64]:
    """Optical density of each 8-bit intensity, -log10((I + 1) / 256): white is 0, black 2.41.

    Examples
    --------
    >>> optical_density_table()[[255, 0]].round(4).tolist()
    [0.0, 2.4082]
    """
    return -np.log10(np.arange(1, 257) / 256) + 0.0


@lru_cache(maxsize=1)
def _stain_tables() -> NDArray[np.float32]:
    inverse = np.linalg.inv(STAINS / np.linalg.norm(STAINS, axis=1, keepdims=True))
    return (100 * inverse.T[:2, :, None] * optical_density_table()).astype(np.float32)


def haematoxylin_eosin(image: ArrayLike) -> NDArray[np.uint8]:
    """Unmix haematoxylin and eosin (Ruifrok and Johnston 2001), with DAB as the third stain.

    Parameters
    ----------
    image : array_like of uint8, shape (H, W, 3)
        RGB.

    Returns
    -------
    ndarray of uint8, shape (H, W, 2)
        100 times the optical density of each stain, rounded and clipped to 0..255.

    Examples
    --------
    >>> haematoxylin_eosin(np.full((1, 1, 3), 255, np.uint8)).tolist()
    [[[0, 0]]]
    """
    return _unmix(plain(image, np.uint8, ndim=3), _stain_tables())


def side_means(
    image: ArrayLike, lab: ArrayLike, cells: ArrayLike, threshold: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean colours of what lies outside the cells, by its green.

    Parameters
    ----------
    image, lab : array_like of uint8, shape (H, W, 3)
        RGB and 8-bit LAB.
    cells : array_like of int, shape (H, W)
        Label map; 0 is outside.
    threshold : int
        Greatest green of the darker side.

    Returns
    -------
    lighter, darker : ndarray of float64, shape (6,)
        Means of L, a, b and of the optical densities of R, G, B; NaN without pixels.

    Examples
    --------
    >>> image = np.array([[[9, 255, 9], [9, 9, 255], [0, 0, 0]]], np.uint8)
    >>> lighter, darker = side_means(image, image, [[0, 0, 1]], 100)
    >>> lighter[:3].tolist(), darker[:3].tolist()
    ([9.0, 255.0, 9.0], [9.0, 9.0, 255.0])
    """
    image, lab = plain(image, np.uint8, ndim=3), plain(lab, np.uint8, ndim=3)
    sums = _side_sums(image, lab, plain(cells, np.int32, ndim=2), int(threshold), optical_density_table())
    lighter, darker = sums[:, 1:] / np.where(sums[:, :1] > 0, sums[:, :1], np.nan)
    return lighter, darker
