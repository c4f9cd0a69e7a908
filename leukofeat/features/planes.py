"""The 8-bit planes of an image that texture is read from."""

import numpy as np

from leukofeat.opencv import cv2
from leukofeat.smear import Smear

# colour image of the record, and channel of it
_PLANES = {
    "red": ("image", 0),
    "green": ("image", 1),
    "blue": ("image", 2),
    "lightness": ("lab", 0),
    "saturation": ("hsv", 1),
}
CHANNELS = ("gray", *_PLANES)


def texture_plane(smear: Smear, channel: str) -> np.ndarray:
    """The 8-bit plane of shape (height, width) that texture is read from; kept with the record and read-only.

    Examples
    --------
    >>> texture_plane(Smear(np.full((1, 2, 3), (9, 8, 7), np.uint8)), "green").tolist()
    [[8, 8]]
    """
    if channel == "gray":
        return smear.gray
    return smear.keep(("plane", channel), lambda: _extract(smear, *_PLANES[channel]))


def _extract(smear: Smear, image: str, k: int) -> np.ndarray:
    plane = cv2.extractChannel(getattr(smear, image), k).view()
    plane.flags.writeable = False
    return plane


def quantized_plane(smear: Smear, channel: str, levels: int) -> np.ndarray:
    """The plane in `levels` equal steps, uint8: level = value * levels // 256."""
    if 256 % levels == 0:
        return texture_plane(smear, channel) // np.uint8(256 // levels)
    return cv2.LUT(texture_plane(smear, channel), (np.arange(256) * levels // 256).astype(np.uint8))
