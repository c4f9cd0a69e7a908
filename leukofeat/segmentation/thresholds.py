"""Channels in which leukocytes are bright, and what the segmenters by thresholds share."""

from typing import Literal, get_args

import numpy as np

from leukofeat.constraints import OneOf, check
from leukofeat.kernels.color.inks import cmyk
from leukofeat.kernels.color.otsu import otsu_thresholds
from leukofeat.opencv import cv2
from leukofeat.smear import check_image

Channel = Literal["green", "red", "gray", "saturation", "lab_a", "lab_b", "violet", "hue", "cyan", "magenta", "yellow"]
CHANNEL = OneOf(*get_args(Channel))
# Hue of the nuclear stain on OpenCV's circle of 180, between blue and magenta.
_VIOLET = 140
# Inks of CMYK in the order of the lights they take away.
_INKS = ("cyan", "magenta", "yellow")


def stain_channel(image: np.ndarray, channel: Channel) -> np.ndarray:
    """One channel of an RGB image, turned so that leukocytes are bright.

    Parameters
    ----------
    image : (H, W, 3) uint8
        RGB.
    channel : {"green", "red", "gray", "saturation", "lab_a", "lab_b", "violet", "hue", "cyan", "magenta", "yellow"}
        Inverted green, red or grey; saturation of HSV; a* or inverted b* of LAB; nearness of the hue to violet; hue itself; cyan,
        magenta or inverted yellow of CMYK.

    Returns
    -------
    (H, W) uint8

    Notes
    -----
    "hue" is H of HSV, 256 steps once round the circle from red over green and blue, and 0 for grey: violet lies near three quarters,
    and only magenta and bluish red are above it.

    CMYK has black taken out: ``K = 1 - max(R, G, B)`` and ``C = (1 - R - K) / (1 - K)``, which is ``(max - R) / max``, M and Y alike with G
    and B; black itself has none of the three. Yellow is inverted because what is violet or blue has none, unlike red cells; nor has a bluish or white slide. In dark pixels the inks,
    quotients, are noisy.

    Examples
    --------
    >>> import numpy as np
    >>> stain_channel(np.array([[[90, 40, 150], [235, 230, 238]]], np.uint8), "green")
    array([[215,  25]], dtype=uint8)
    """
    image = check_image(image)
    check("channel", channel, CHANNEL)
    if channel in ("green", "red"):
        return cv2.bitwise_not(cv2.extractChannel(image, ("red", "green").index(channel)))
    if channel == "gray":
        return cv2.bitwise_not(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
    if channel in ("lab_a", "lab_b"):
        lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
        return cv2.extractChannel(lab, 1) if channel == "lab_a" else cv2.bitwise_not(cv2.extractChannel(lab, 2))
    if channel in _INKS:
        ink = cv2.extractChannel(cmyk(image), _INKS.index(channel))
        return cv2.bitwise_not(ink) if channel == "yellow" else ink
    if channel == "hue":
        return cv2.extractChannel(cv2.cvtColor(image, cv2.COLOR_RGB2HSV_FULL), 0)
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
    if channel == "saturation":
        return cv2.extractChannel(hsv, 1)
    around = np.abs((np.arange(256) - _VIOLET + 90) % 180 - 90)
    return cv2.LUT(cv2.extractChannel(hsv, 0), (90 - around).astype(np.uint8))


def equalized(values: np.ndarray, equalize: bool) -> np.ndarray:
    """The channel after global histogram equalisation, or as it is."""
    return cv2.equalizeHist(values) if equalize else values


def histogram_of(values: np.ndarray) -> np.ndarray:
    """Number of pixels at each of the 256 levels."""
    return np.bincount(values.ravel(), minlength=256)


def level_contrast(histogram: np.ndarray, cut: int) -> float:
    """Difference between the mean level above `cut` and that up to it; 0 where either side is empty."""
    sides = slice(cut + 1, None), slice(cut + 1)
    if not all(histogram[side].any() for side in sides):
        return 0.0
    high, low = (np.average(np.arange(256)[side], weights=histogram[side]) for side in sides)
    return float(high - low)


def contrast_at(values: np.ndarray, even: np.ndarray, cut: int) -> float:
    """`level_contrast` of a channel where it is parted by a threshold on its equalised levels, in which any noise is wide."""
    # levels keep their order
    return level_contrast(histogram_of(values), int(values[even <= cut].max(initial=0)) if even is not values else cut)


def nucleus_within(image: np.ndarray, cell: np.ndarray, channel: Channel) -> np.ndarray:
    """Mask of what is above Otsu's threshold within the cells; the cells themselves where they are of one level."""
    values = stain_channel(image, channel)
    cuts = otsu_thresholds(histogram_of(values[cell]))
    return cell & (values > cuts[0]) if cuts.size else cell
