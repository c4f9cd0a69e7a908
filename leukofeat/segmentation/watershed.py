"""Watershed on the distance transform: touching cells fall apart at their necks."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np

from leukofeat.kernels.regions.distance import squared_distance
from leukofeat.kernels.regions.labels import number_in_order
from leukofeat.kernels.regions.morphology import plateaus, reconstruct
from leukofeat.kernels.regions.watershed import flood

__all__ = ["distance_to_background", "extended_maxima", "h_maxima", "marker_watershed", "split_touching"]

Split = Literal["extended", "h_maxima"]


def as_mask(array: np.ndarray) -> np.ndarray:
    """Copy of a (H, W) array as uint8: 1 where it is not 0."""
    array = np.asarray(array)
    if array.ndim != 2:
        raise ValueError(f"a mask must have two dimensions, got shape {array.shape}")
    return (array != 0).astype(np.uint8, order="C")


def h_maxima(image: np.ndarray, h: float) -> np.ndarray:
    """Maxima that stand at least `h` above the pass to a higher one: scikit-image's `h_maxima`, faster.

    Parameters
    ----------
    image : (H, W) array
        Converted to float32.
    h : float
        Least height, above 0.

    Returns
    -------
    (H, W) uint8
        1 on the maxima, else 0. Of two peaks of equal height with a shallow pass between them both are marked,
        as scikit-image does; `extended_maxima` joins them.

    References
    ----------
    .. [1] Soille (2003). Morphological image analysis, 2nd edition, chapter 6.

    Examples
    --------
    >>> import numpy as np
    >>> h_maxima(np.array([[0, 5, 4, 6, 0, 3, 0]]), 2)
    array([[0, 0, 0, 1, 0, 1, 0]], dtype=uint8)
    """
    image = _float32(image, h)
    if image.size == 0 or h > np.ptp(image):
        return np.zeros(image.shape, np.uint8)
    # the same slack, in the same precision and order, as the reference: it decides which near-ties are marked
    slack = 2 * np.finfo(np.float32).resolution * np.abs(image)
    residue = image - _reconstructed(image - np.float32(h) - slack, image)[1:-1, 1:-1]
    return (residue >= np.float32(h)).astype(np.uint8)


def extended_maxima(image: np.ndarray, h: float) -> np.ndarray:
    """Regional maxima of the h-maxima transform: one connected region for each peak higher than `h`.

    Parameters
    ----------
    image : (H, W) array
        Converted to float32.
    h : float
        Height of the peaks to level, above 0.

    Returns
    -------
    (H, W) int32
        Regions 1..n, else 0.

    References
    ----------
    .. [1] Soille (2003). Morphological image analysis, 2nd edition, chapter 6.

    Examples
    --------
    >>> import numpy as np
    >>> extended_maxima(np.array([[0, 6, 5, 6, 0, 3, 0]]), 2)
    array([[0, 1, 1, 1, 0, 2, 0]], dtype=int32)
    """
    image = _float32(image, h)
    out = np.zeros((image.shape[0] + 2, image.shape[1] + 2), np.int32)
    # a peak no higher than h leaves level ground, which has no maximum
    if image.size and np.ptp(image) > h:
        seed = image - np.float32(h)
        level = _reconstructed(seed, image)
        # only the top of a peak keeps its seed
        tops = np.zeros(out.shape, np.uint8)
        tops[1:-1, 1:-1] = level[1:-1, 1:-1] == seed
        plateaus(level, tops, out)
    return np.ascontiguousarray(out[1:-1, 1:-1])


def marker_watershed(elevation: np.ndarray, markers: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Basins of `elevation` grown from `markers` within `mask`: scikit-image's partition, faster.

    Parameters
    ----------
    elevation : (H, W) array
        Lowest values are flooded first. No NaN.
    markers : (H, W) integer array
        Positive labels where a basin starts, 0 elsewhere.
    mask : (H, W) array
        Non-zero where to flood, through the 4 neighbours of a pixel.

    Returns
    -------
    (H, W) int32
        The marker's label in its basin, 0 outside the mask and where no marker reaches.

    Notes
    -----
    Equal to ``skimage.segmentation.watershed(elevation, markers, mask=mask)`` of scikit-image 0.26 pixel by pixel,
    ties and plateaus included.

    Examples
    --------
    >>> import numpy as np
    >>> marker_watershed(np.array([[0, 1, 3, 2, 1]]), np.array([[1, 0, 0, 0, 2]]), np.ones((1, 5)))
    array([[1, 1, 1, 2, 2]], dtype=int32)
    """
    elevation, markers, mask = np.asarray(elevation), np.asarray(markers), as_mask(mask)
    if not elevation.shape == markers.shape == mask.shape or elevation.ndim != 2:
        raise ValueError(
            "elevation, markers and mask must be of one two-dimensional shape, "
            f"got {elevation.shape}, {markers.shape} and {mask.shape}"
        )
    return _flooded(_order(elevation), markers, mask)


def _flooded(keys: np.ndarray, markers: np.ndarray, mask: np.ndarray) -> np.ndarray:
    h, w = mask.shape
    framed_keys = np.zeros((h + 2, w + 2), np.int32)
    framed = np.zeros((h + 2, w + 2), np.uint8)
    labels = np.zeros((h + 2, w + 2), np.int32)
    framed_keys[1:-1, 1:-1] = keys
    framed[1:-1, 1:-1] = mask
    np.multiply(markers, mask, out=labels[1:-1, 1:-1], casting="unsafe")
    flood(framed_keys, labels, framed, int(np.count_nonzero(mask)))
    return np.ascontiguousarray(labels[1:-1, 1:-1])


def distance_to_background(mask: np.ndarray) -> np.ndarray:
    """Euclidean distance of every mask pixel to the nearest pixel outside it, in pixels; (H, W) float32.

    Examples
    --------
    >>> import numpy as np
    >>> distance_to_background(np.array([[0, 1, 1, 1]]))
    array([[0., 1., 2., 3.]], dtype=float32)
    """
    return np.sqrt(squared_distance(as_mask(mask)), dtype=np.float32)


def split_touching(mask: np.ndarray, h: float = 1.0, markers: Split = "extended") -> np.ndarray:
    """Split a mask into its convex parts by a watershed on its distance transform.

    Minor maxima of the distance to the background are filtered out first, so that a wavy outline does not shatter a
    cell: the "modified watershed" of the 2023 paper as its text has it, after Eddins [1]_.

    Parameters
    ----------
    mask : (H, W) array
        Non-zero on the objects. The image border is not background.
    h : float
        A neck splits an object when it is narrower than both sides by this much, in pixels of radius.
    markers : {"extended", "h_maxima"}
        How the maxima of the distance are marked: `extended_maxima`, as Eddins does, where two equal peaks
        with a shallow neck between them are one object; or `h_maxima`, where they are two.

    Returns
    -------
    (H, W) int32
        Labels 1..n in the order of their first pixel. An object too thin to hold a maximum higher than `h` stays whole.

    References
    ----------
    .. [1] Eddins (2013). Watershed transform question from tech support. Steve on image processing, MathWorks.

    Examples
    --------
    >>> import cv2, numpy as np
    >>> mask = np.zeros((40, 60), np.uint8)
    >>> for x in (20, 38):
    ...     mask = cv2.circle(mask, (x, 20), 12, 1, -1)
    >>> int(split_touching(mask).max())
    2
    """
    if markers not in ("extended", "h_maxima"):
        raise ValueError(f'markers must be "extended" or "h_maxima", got {markers!r}')
    mask = as_mask(mask)
    out = np.zeros(mask.shape, np.int32)
    if not mask.any():
        return out
    x, y, width, height = cv2.boundingRect(mask)
    # one pixel of background is kept: the reference sees it, too
    box = np.s_[max(y - 1, 0) : y + height + 1, max(x - 1, 0) : x + width + 1]
    inside = np.ascontiguousarray(mask[box])
    squares = squared_distance(inside)
    distance = np.sqrt(squares, dtype=np.float32)
    if markers == "extended":
        seeds = extended_maxima(distance, h)
    else:
        seeds = cv2.connectedComponents(h_maxima(distance, h), connectivity=8, ltype=cv2.CV_32S)[1]
    # squares come in the order of the distances
    labels = _flooded(-squares, seeds, inside)
    missed = ((labels == 0) & (inside != 0)).astype(np.uint8)
    if missed.any():
        thin = cv2.connectedComponents(missed, connectivity=4, ltype=cv2.CV_32S)[1]
        labels[thin > 0] = thin[thin > 0] + labels.max()
    number_in_order(labels.ravel(), labels.max())
    out[box] = labels
    return out


def _float32(image: np.ndarray, h: float) -> np.ndarray:
    if not h > 0:
        raise ValueError(f"h must be above 0, got {h}")
    image = np.ascontiguousarray(image, dtype=np.float32)
    if image.ndim != 2:
        raise ValueError(f"the image must have two dimensions, got shape {image.shape}")
    return image


def _reconstructed(seed: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Reconstruction by dilation, in a frame of −inf one pixel wide."""
    rec, lim = np.full((2, seed.shape[0] + 2, seed.shape[1] + 2), -np.inf, np.float32)
    lim[1:-1, 1:-1] = limit
    # every pixel is reached over passes no lower than the floor, by the highest seed at least
    floor = limit.min()
    np.maximum(seed, min(floor, seed.max()), out=rec[1:-1, 1:-1])
    reconstruct(rec, lim, floor)
    return rec


def _order(values: np.ndarray) -> np.ndarray:
    """int32 keys that compare as the values do."""
    if values.dtype.kind in "bu" and values.dtype.itemsize < 4:
        return values.astype(np.int32)
    if values.dtype == np.float32:
        # the bits of a positive float sort as an integer does; those of a negative one the other way round
        bits = (values + np.float32(0)).view(np.int32)
        return np.where(bits < 0, np.int32(-(2**31)) - bits, bits)
    return np.unique(values, return_inverse=True)[1].reshape(values.shape).astype(np.int32)
