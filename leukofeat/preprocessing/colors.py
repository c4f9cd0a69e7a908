"""Colour normalisation of one image: what each method measures on the reference and what it does to an image."""

from __future__ import annotations

import warnings
from typing import Any

import cv2
import numpy as np

# Light is what reaches the camera where nothing is stained: the intensity that counts as white after balancing
# and as I0 in optical density (Macenko et al. 2009 use 240).
WHITE = 240.0
# Optical density from which a pixel counts as stained (Macenko's beta).
STAINED = 0.15
_MIN_STAINED_SHARE = 0.001


def background_color(image: np.ndarray) -> np.ndarray:
    """Colour of the empty slide: the median of the quarter of the pixels that is brightest in green.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8

    Returns
    -------
    ndarray of shape (3,), dtype float64
        RGB, 0 to 255. Red cells and nuclei absorb green most, so they stay out as long as a quarter of the field is empty.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.full((10, 10, 3), (230, 225, 235), np.uint8); image[:5] = (200, 120, 140)
    >>> background_color(image)
    array([230., 225., 235.])
    """
    level = _middle(_counts(image[:, :, 1]), 0.75)[0]
    bright = cv2.inRange(image, (0.0, float(level), 0.0), (255.0, 255.0, 255.0))
    histograms = (cv2.calcHist([image], [c], bright, [256], (0, 256)).ravel() for c in range(3))
    return np.array([np.mean(_middle(counts, 0.5)) for counts in histograms])


def stained_mask(image: np.ndarray) -> np.ndarray:
    """Pixels that some stain darkens: optical density above 0.15 against the image's own background, in any channel.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8

    Returns
    -------
    ndarray of shape (height, width), dtype bool
    """
    return _stained(image) > 0


def _stained(image: np.ndarray) -> np.ndarray:
    clear = np.ceil(background_color(image) * np.exp(-STAINED))
    return cv2.bitwise_not(cv2.inRange(image, tuple(clear.tolist()), (255.0, 255.0, 255.0)))


def _counts(channel: np.ndarray) -> np.ndarray:
    return np.bincount(channel.ravel(), minlength=256)


def _middle(counts: np.ndarray, share: float) -> tuple[int, int]:
    """Levels of the two sorted pixels around the quantile `share`; their mean is the median for 0.5."""
    total = np.cumsum(counts)
    position = share * (total[-1] - 1)
    low, high = np.searchsorted(total, [np.floor(position), np.ceil(position)], side="right")
    return int(low), int(high)


def measure_reference(image: np.ndarray, method: str) -> np.ndarray | None:
    """What `method` has to know of a reference image, or None where the image is blank."""
    if method == "white_balance":
        return background_color(image)
    if is_blank(image):
        return None
    if method == "template":
        return _mean_std(image)
    if method == "histogram":
        return np.stack([_quantiles(image[:, :, c]) for c in range(3)])
    mask = _stained(image)
    if cv2.countNonZero(mask) < max(2, _MIN_STAINED_SHARE * mask.size):
        return None
    if method == "reinhard":
        statistics = _mean_std(cv2.cvtColor(image, cv2.COLOR_RGB2LAB), mask)
        return None if np.all(statistics[1] < 1.0) else statistics
    stains, strength = _macenko(image, mask > 0)
    return np.vstack([stains, strength])


def normalize(image: np.ndarray, reference: np.ndarray, method: str, name: str | None = None) -> np.ndarray:
    """Image with the reference's colours; a blank image comes back as it is, with a warning that names it."""
    own = measure_reference(image, method)
    if own is None or is_blank(image):
        warnings.warn(
            f"{name or 'An image'} is blank: there are no colours to normalise, it is left unchanged.", stacklevel=2
        )
        return image
    if method == "macenko":
        return _apply_macenko(image, own, reference)
    if method == "reinhard":
        lab = cv2.LUT(cv2.cvtColor(image, cv2.COLOR_RGB2LAB), _linear_table(own, reference)[None])
        return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
    if method == "template":
        table = _linear_table(own, reference)
    elif method == "histogram":
        table = np.stack([_matching_table(image[:, :, c], reference[c]) for c in range(3)], axis=1)
    else:
        table = _to_uint8(np.arange(256)[:, None] * (reference / np.maximum(own, 1.0)))
    return cv2.LUT(image, table[None])


def is_blank(image: np.ndarray) -> bool:
    """Whether every channel is constant, or almost (standard deviation below one grey level)."""
    return bool(np.all(cv2.meanStdDev(image)[1] < 1.0))


def _to_uint8(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _mean_std(image: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """(2, 3): mean and standard deviation of each channel."""
    mean, std = cv2.meanStdDev(image, mask=mask)
    return np.stack([mean[:, 0], std[:, 0]])


def _linear_table(own: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """(256, 3) look-up table that moves mean and standard deviation onto the reference's."""
    # Below one grey level a spread is rounding, and stretching it would throw every other pixel to an end of the scale.
    gain = reference[1] / np.maximum(own[1], 1.0)
    return _to_uint8((np.arange(256)[:, None] - own[0]) * gain + reference[0])


def _quantiles(channel: np.ndarray) -> np.ndarray:
    """Cumulative share of the pixels at or below each of the 256 levels."""
    return np.cumsum(_counts(channel)) / channel.size


def _matching_table(channel: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Level of the reference that has the same cumulative share, interpolated between levels that occur."""
    occurs = np.flatnonzero(np.diff(reference, prepend=0.0) > 0)
    return _to_uint8(np.interp(_quantiles(channel), reference[occurs], occurs))


def _density(image: np.ndarray) -> np.ndarray:
    table = -np.log((np.arange(256) + 1.0) / WHITE)
    return table[image]


def _macenko(image: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit stain vectors (2, 3), haematoxylin-like first, and the 99th percentile of each stain's density (1, 3; last 0)."""
    density = _density(image)[mask]
    _, vectors = np.linalg.eigh(np.cov(density, rowvar=False))
    plane = vectors[:, [2, 1]] * np.where(vectors[0, [2, 1]] < 0, -1.0, 1.0)
    projected = density @ plane
    low, high = np.percentile(np.arctan2(projected[:, 1], projected[:, 0]), [1, 99])
    pair = np.array([plane @ (np.cos(angle), np.sin(angle)) for angle in (low, high)])
    stains = pair if pair[0, 0] > pair[1, 0] else pair[::-1]
    strength = np.percentile(density @ np.linalg.pinv(stains), 99, axis=0)
    return stains, np.array([[*strength, 0.0]])


def _apply_macenko(image: np.ndarray, own: np.ndarray, reference: np.ndarray) -> np.ndarray:
    gain = reference[2, :2] / np.maximum(own[2, :2], 1e-6)
    mix = np.linalg.pinv(own[:2]) @ (gain[:, None] * reference[:2])
    density = _density(image).astype(np.float32) @ mix.astype(np.float32)
    return _to_uint8(WHITE * np.exp(-density) - 1.0)


def average_references(references: list[Any]) -> np.ndarray:
    """Reference of a set of images: the median of theirs, blank ones left out."""
    found = [reference for reference in references if reference is not None]
    if not found:
        raise ValueError("Every image is blank: no template can be learned; give one as template=.")
    return np.median(found, axis=0)
