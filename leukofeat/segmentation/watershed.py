"""Watershed on the distance transform: touching cells fall apart at their necks."""

from typing import Literal, get_args

import numpy as np

from leukofeat.constraints import Number, OneOf, Real, check
from leukofeat.kernels.regions.distance import squared_distance
from leukofeat.kernels.regions.labels import number_in_order
from leukofeat.kernels.regions.morphology import plateaus, reconstruct
from leukofeat.kernels.regions.watershed import flood
from leukofeat.opencv import cv2

Split = Literal["extended", "h_maxima"]
SPLIT = OneOf(*get_args(Split))


def as_mask(array: np.ndarray) -> np.ndarray:
    """Copy of a (H, W) array as uint8: 1 where it is not 0."""
    array = np.asarray(array)
    if array.ndim != 2:
        raise ValueError(f"a mask must have two dimensions, got shape {array.shape}")
    return (array != 0).astype(np.uint8, order="C")


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
        How the maxima of the distance are marked [2]_: "extended", as Eddins does, takes the regional maxima of the
        h-maxima transform, so that two equal peaks with a shallow neck between them are one object; "h_maxima" takes
        what stands at least `h` above the pass to a higher peak, so that they are two.

    Returns
    -------
    (H, W) int32
        Labels 1..n in the order of their first pixel. An object too thin to hold a maximum higher than `h` stays whole.

    Notes
    -----
    Markers and basins are those of scikit-image 0.26 pixel by pixel, ties and plateaus included.

    References
    ----------
    .. [1] Eddins (2013). Watershed transform question from tech support. Steve on image processing, MathWorks.
    .. [2] Soille (2003). Morphological image analysis, 2nd edition, chapter 6.

    Examples
    --------
    >>> import cv2, numpy as np
    >>> mask = np.zeros((40, 60), np.uint8)
    >>> for x in (20, 38):
    ...     mask = cv2.circle(mask, (x, 20), 12, 1, -1)
    >>> int(split_touching(mask).max())
    2
    """
    check("h", h, Number(Real, 0, above=True))
    check("markers", markers, SPLIT)
    mask = as_mask(mask)
    out = np.zeros(mask.shape, np.int32)
    if not mask.any():
        return out
    x, y, width, height = cv2.boundingRect(mask)
    # one pixel of background is kept: the reference sees it, too
    box = np.s_[max(y - 1, 0) : y + height + 1, max(x - 1, 0) : x + width + 1]
    inside = np.ascontiguousarray(mask[box])
    labels = marked_parts(inside, h, markers)
    missed = ((labels == 0) & (inside != 0)).astype(np.uint8)
    if missed.any():
        thin = cv2.connectedComponents(missed, connectivity=4, ltype=cv2.CV_32S)[1]
        labels[thin > 0] = thin[thin > 0] + labels.max()
    number_in_order(labels.ravel(), labels.max())
    out[box] = labels
    return out


def marked_parts(mask: np.ndarray, h: float, markers: Split) -> np.ndarray:
    """Basins of the marked maxima of the distance: (H, W) int32, 1..n; 0 on what of a (H, W) uint8 mask is too thin for a marker.

    Examples
    --------
    >>> mask = np.zeros((9, 9), np.uint8); mask[1:6, 1:6] = 1; mask[7, 7] = 1
    >>> parts = marked_parts(mask, 1.0, "extended")
    >>> int(parts[3, 3]), int(parts[7, 7])
    (1, 0)
    """
    squares = squared_distance(mask)
    distance = np.sqrt(squares, dtype=np.float32)
    labels = _extended_maxima(distance, h) if markers == "extended" else _h_maxima(distance, h)
    # squares come in the order of the distances; no maximum lies outside the mask
    flood(_framed(-squares), labels, _framed(mask), int(np.count_nonzero(mask)))
    return np.ascontiguousarray(labels[1:-1, 1:-1])


def _framed(image: np.ndarray, value: float = 0.0) -> np.ndarray:
    """The image in a frame one pixel wide, over which the kernels never step."""
    return cv2.copyMakeBorder(image, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=value)


def _extended_maxima(image: np.ndarray, h: float) -> np.ndarray:
    """Regional maxima of the h-maxima transform, one region for each peak higher than `h`: framed, int32, 1..n."""
    out = np.zeros((image.shape[0] + 2, image.shape[1] + 2), np.int32)
    # a peak no higher than h leaves level ground, which has no maximum
    if np.ptp(image) > h:
        seed = image - np.float32(h)
        level = _reconstructed(seed, image)
        # only the top of a peak keeps its seed
        plateaus(level, _framed((level[1:-1, 1:-1] == seed).astype(np.uint8)), out)
    return out


def _h_maxima(image: np.ndarray, h: float) -> np.ndarray:
    """Regions that stand at least `h` above the pass to a higher one, as scikit-image has them: framed, int32, 1..n."""
    if h > np.ptp(image):
        return np.zeros((image.shape[0] + 2, image.shape[1] + 2), np.int32)
    # the same slack, in the same precision and order, as the reference: it decides which near-ties are marked
    slack = 2 * np.finfo(np.float32).resolution * np.abs(image)
    residue = image - _reconstructed(image - np.float32(h) - slack, image)[1:-1, 1:-1]
    marked = _framed((residue >= np.float32(h)).astype(np.uint8))
    return cv2.connectedComponents(marked, connectivity=8, ltype=cv2.CV_32S)[1]


def _reconstructed(seed: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Reconstruction by dilation, in a frame of −inf one pixel wide."""
    # every pixel is reached over passes no lower than the floor, by the highest seed at least
    floor = limit.min()
    out = _framed(np.maximum(seed, min(floor, seed.max())), -np.inf)
    reconstruct(out, _framed(limit, -np.inf), floor)
    return out
