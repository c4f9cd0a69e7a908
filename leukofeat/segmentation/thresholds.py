"""Segmentation by thresholds of one or two channels: Otsu, Zack's triangle, the dual threshold."""

from __future__ import annotations

from typing import Any, Literal, get_args

import cv2
import numpy as np

from leukofeat.base import check_choice
from leukofeat.kernels.color.otsu import otsu_thresholds
from leukofeat.segmentation.cleanup import assemble
from leukofeat.smear import check_image

__all__ = [
    "CHANNELS",
    "Channel",
    "segment_dual_threshold",
    "segment_otsu",
    "segment_triangle",
    "stain_channel",
]

Channel = Literal["green", "red", "gray", "saturation", "lab_a", "lab_b", "violet"]
CHANNELS = get_args(Channel)
# Hue of the nuclear stain on OpenCV's circle of 180, between blue and magenta.
_VIOLET = 140


def stain_channel(image: np.ndarray, channel: Channel) -> np.ndarray:
    """One channel of an RGB image, turned so that leukocytes are bright.

    Parameters
    ----------
    image : (H, W, 3) uint8
        RGB.
    channel : {"green", "red", "gray", "saturation", "lab_a", "lab_b", "violet"}
        Inverted green, red or grey; saturation of HSV; a* or inverted b* of LAB; nearness of the hue to violet.

    Returns
    -------
    (H, W) uint8

    Examples
    --------
    >>> import numpy as np
    >>> stain_channel(np.array([[[90, 40, 150], [235, 230, 238]]], np.uint8), "green")
    array([[215,  25]], dtype=uint8)
    """
    image = check_image(image)
    check_choice("channel", channel, CHANNELS)
    if channel in ("green", "red"):
        return cv2.bitwise_not(cv2.extractChannel(image, ("red", "green").index(channel)))
    if channel == "gray":
        return cv2.bitwise_not(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
    if channel in ("lab_a", "lab_b"):
        lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
        return cv2.extractChannel(lab, 1) if channel == "lab_a" else cv2.bitwise_not(cv2.extractChannel(lab, 2))
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
    if channel == "saturation":
        return cv2.extractChannel(hsv, 1)
    around = np.abs((np.arange(256) - _VIOLET + 90) % 180 - 90)
    return cv2.LUT(cv2.extractChannel(hsv, 0), (90 - around).astype(np.uint8))


def segment_otsu(
    image: np.ndarray,
    *,
    n_classes: int = 3,
    channel: Channel = "green",
    min_contrast: float = 20.0,
    **cleanup: Any,
) -> tuple[np.ndarray, np.ndarray]:
    """Segment leukocytes by Otsu's thresholds [1]_ on one channel.

    Parameters
    ----------
    image : (H, W, 3) uint8
        RGB.
    n_classes : int
        The highest class is the nucleus and the one below it the cytoplasm. With 2 classes, nucleus and cell are one.
    channel : str
        See `stain_channel`.
    min_contrast : float
        Least difference between the means above and below the highest threshold, in grey levels. Below it the image
        counts as blank and no cell is found.
    **cleanup
        `min_area`, `max_hole`, `clear_border`, `split` and `h`, see `assemble`.

    Returns
    -------
    nuclei, cells : (H, W) int32
        Label maps with shared ids 1..n: cell i holds nucleus i.

    References
    ----------
    .. [1] Otsu (1979). A threshold selection method from gray-level histograms. IEEE Trans. SMC 9, 62-66.

    Examples
    --------
    >>> import cv2, numpy as np
    >>> image = np.full((80, 80, 3), (235, 230, 238), np.uint8)
    >>> image = cv2.circle(image, (40, 40), 20, (190, 170, 220), -1)
    >>> image = cv2.circle(image, (40, 40), 12, (90, 40, 150), -1)
    >>> nuclei, cells = segment_otsu(image)
    >>> int((nuclei > 0).sum()), int((cells > 0).sum())
    (441, 1257)
    """
    values = stain_channel(image, channel)
    histogram = _histogram(values)
    cuts = otsu_thresholds(histogram, n_classes)
    if not cuts.size or _contrast(histogram, cuts[-1]) < min_contrast:
        return _nothing(values)
    return assemble(values > cuts[-1], values > cuts[-2 if n_classes > 2 else -1 :][0], **cleanup)


def segment_triangle(
    image: np.ndarray,
    *,
    channel: Channel = "red",
    nucleus_channel: Channel = "green",
    min_contrast: float = 20.0,
    **cleanup: Any,
) -> tuple[np.ndarray, np.ndarray]:
    """Segment leukocytes by Zack's triangle threshold [1]_, and their nuclei by Otsu's within them.

    The triangle method suits a histogram with one high peak, the background, and a long tail.

    Parameters
    ----------
    image : (H, W, 3) uint8
        RGB.
    channel, nucleus_channel : str
        Channels of the cell and of the nucleus, see `stain_channel`.
    min_contrast : float
        Least difference between the means on both sides of the threshold, in grey levels; below it the image is blank.
    **cleanup
        `min_area`, `max_hole`, `clear_border`, `split` and `h`, see `assemble`.

    Returns
    -------
    nuclei, cells : (H, W) int32
        Label maps with shared ids 1..n: cell i holds nucleus i.

    References
    ----------
    .. [1] Zack, Rogers and Latt (1977). Automatic measurement of sister chromatid exchange frequency.
       J. Histochem. Cytochem. 25, 741-753.

    Examples
    --------
    >>> import cv2, numpy as np
    >>> image = np.full((80, 80, 3), (235, 230, 238), np.uint8)
    >>> image = cv2.circle(image, (40, 40), 20, (170, 150, 220), -1)
    >>> image = cv2.circle(image, (40, 40), 12, (90, 40, 150), -1)
    >>> nuclei, cells = segment_triangle(image)
    >>> int((nuclei > 0).sum()), int((cells > 0).sum())
    (441, 1257)
    """
    values = stain_channel(image, channel)
    cut = cv2.threshold(values, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_TRIANGLE)[0]
    if _contrast(_histogram(values), int(cut)) < min_contrast:
        return _nothing(values)
    cell = values > cut
    return assemble(_nucleus_within(image, cell, nucleus_channel), cell, **cleanup)


def segment_dual_threshold(
    image: np.ndarray,
    *,
    channel: Channel = "gray",
    color_channel: Channel = "violet",
    nucleus_channel: Channel = "green",
    min_contrast: float = 20.0,
    **cleanup: Any,
) -> tuple[np.ndarray, np.ndarray]:
    """Segment leukocytes as what is both dark and violet, and their nuclei by Otsu's threshold within them.

    After Li et al. (2016) [1]_, who threshold the grey and the hue image. Both thresholds maximise the variance
    between two classes; here the maximum is taken from the histogram and not by a golden section search.

    Parameters
    ----------
    image : (H, W, 3) uint8
        RGB.
    channel, color_channel : str
        The two channels, both of which must be above their threshold, see `stain_channel`.
    nucleus_channel : str
        Channel of the nucleus.
    min_contrast : float
        Least difference between the means on both sides of the first threshold, in grey levels; below it the image is
        blank.
    **cleanup
        `min_area`, `max_hole`, `clear_border`, `split` and `h`, see `assemble`.

    Returns
    -------
    nuclei, cells : (H, W) int32
        Label maps with shared ids 1..n: cell i holds nucleus i.

    References
    ----------
    .. [1] Li, Zhu, Mi, Cao and Yao (2016). Segmentation of white blood cell from acute lymphoblastic leukemia images
       using dual-threshold method. Comput. Math. Methods Med. 2016, 9514707.

    Examples
    --------
    >>> import cv2, numpy as np
    >>> image = np.full((80, 80, 3), (235, 230, 225), np.uint8)
    >>> image = cv2.circle(image, (20, 60), 14, (205, 120, 110), -1)
    >>> image = cv2.circle(image, (40, 30), 20, (150, 120, 190), -1)
    >>> image = cv2.circle(image, (40, 30), 12, (90, 40, 150), -1)
    >>> nuclei, cells = segment_dual_threshold(image)
    >>> int((nuclei > 0).sum()), int((cells > 0).sum())
    (441, 1257)
    """
    values, color = stain_channel(image, channel), stain_channel(image, color_channel)
    histogram = _histogram(values)
    cuts, color_cuts = otsu_thresholds(histogram), otsu_thresholds(_histogram(color))
    if not (cuts.size and color_cuts.size) or _contrast(histogram, cuts[0]) < min_contrast:
        return _nothing(values)
    cell = (values > cuts[0]) & (color > color_cuts[0])
    return assemble(_nucleus_within(image, cell, nucleus_channel), cell, **cleanup)


def _histogram(values: np.ndarray) -> np.ndarray:
    return np.bincount(values.ravel(), minlength=256)


def _contrast(histogram: np.ndarray, cut: int) -> float:
    """Difference between the mean level above `cut` and that up to it; 0 where either side is empty."""
    level = np.arange(histogram.size)
    above = histogram[cut + 1 :].sum()
    below = histogram.sum() - above
    if not above or not below:
        return 0.0
    high = (histogram * level)[cut + 1 :].sum() / above
    return float(high - (histogram * level)[: cut + 1].sum() / below)


def _nucleus_within(image: np.ndarray, cell: np.ndarray, channel: Channel) -> np.ndarray:
    values = stain_channel(image, channel)
    cuts = otsu_thresholds(_histogram(values[cell]))
    return cell & (values > cuts[0]) if cuts.size else cell


def _nothing(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros(values.shape, np.int32), np.zeros(values.shape, np.int32)
