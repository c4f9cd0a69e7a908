"""Histogram equalisation and contrast stretching: the grey levels of an image, spread over the whole scale."""

from typing import Any, ClassVar, Literal, get_args

import numpy as np

from leukofeat.base import ImageStage
from leukofeat.constraints import Number, OneOf, Real
from leukofeat.content.padding import find_content
from leukofeat.opencv import cv2
from leukofeat.smear import Smear

Plane = Literal["value", "lightness", "luma"]


class HistogramEqualizer(ImageStage):
    """Spread the brightness of an image evenly over the 256 levels, and keep its colour: global histogram equalisation.

    Parameters
    ----------
    plane : {"value", "lightness", "luma"}, default="value"
        What is equalised:

        - "value": V of HSV. R, G and B of a pixel are multiplied by one factor, so that its hue and saturation stay.
        - "lightness": L* of 8-bit CIELAB; a* and b* stay, as far as there is such a colour.
        - "luma": Y of YCrCb, the grey of the image; Cr and Cb stay, as far as there is such a colour.

    Notes
    -----
    Level i becomes ``255 (c(i) - c(0)) / (n - c(0))``, with c(i) the pixels at or below i, c(0) those of the darkest level that
    occurs, and n all pixels: OpenCV's `equalizeHist`. An image of one level comes back as it is. Padding
    (:func:`~leukofeat.preprocessing.find_padding`) stays as it is and is not counted. Label maps and the pixel size of a segmented
    smear go on unchanged.

    The darkest pixels become nearly black, and of nearly black 8-bit pixels rounding leaves no hue: often the nuclei are among them. A
    segmenter that goes by colour, such as ``LabKMeansSegmenter(space="hsv")``, finds more before this stage than behind it.

    References
    ----------
    Gonzalez and Woods, Digital image processing, Histogram equalization.

    Examples
    --------
    >>> import numpy as np
    >>> from leukofeat.preprocessing import HistogramEqualizer
    >>> image = np.tile(np.arange(100, 152, dtype=np.uint8)[:, None], (9, 1, 3))
    >>> HistogramEqualizer().transform([image])[0][0, [0, 1, 2, -1], 0]
    array([  0,   5,  10, 255], dtype=uint8)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {"plane": [OneOf(*get_args(Plane))]}

    def __init__(self, plane: Plane = "value") -> None:
        self.plane = plane

    def apply(self, smear: Smear) -> Smear:
        image, content = smear.image, find_content(smear.image)
        if self.plane == "value":
            levels = cv2.extractChannel(smear.hsv, 2)
        elif self.plane == "lightness":
            levels = cv2.extractChannel(smear.lab, 0)
        else:
            levels = cv2.extractChannel(smear.ycrcb, 0)
        even = _equalized(levels, content)
        if (even == levels).all():
            return smear
        if self.plane == "value":
            gain = even.astype(np.float32) / np.maximum(levels, 1)
            changed = cv2.merge([cv2.multiply(image[:, :, c], gain, dtype=cv2.CV_8U) for c in range(3)])
        elif self.plane == "lightness":
            changed = cv2.cvtColor(np.dstack([even, smear.lab[:, :, 1:]]), cv2.COLOR_LAB2RGB)
        else:
            changed = cv2.cvtColor(np.dstack([even, smear.ycrcb[:, :, 1:]]), cv2.COLOR_YCrCb2RGB)
        if content is not None:
            changed[~content] = image[~content]
        return smear.replace(image=changed)


def _equalized(levels: np.ndarray, content: np.ndarray | None) -> np.ndarray:
    if content is None:
        return cv2.equalizeHist(levels)
    even = levels.copy()
    if content.any():
        even[content] = cv2.equalizeHist(levels[content][None])[0]
    return even


class ContrastStretcher(ImageStage):
    """Stretch each of R, G and B to the whole scale, with a small share of the pixels saturated at either end.

    What MATLAB's ``imadjust(RGB, stretchlim(RGB))`` does by default: limits of their own for each channel, between them a straight
    line.

    Parameters
    ----------
    saturated : float, default=0.01
        Largest share of the pixels of a channel that may become 0 beyond its lower limit, and as many 255 beyond its upper one; less
        where the levels leave no such choice. 0 stretches from the least to the greatest level; at most 0.49.

    Notes
    -----
    With F(i) the share of pixels at or below level i, the lower limit is the first level with ``F > saturated``, the upper one the
    first with ``F >= 1 - saturated``; halves are rounded up. A channel in which both are one level, as in an image of one
    colour, comes back as it is. Padding (:func:`~leukofeat.preprocessing.find_padding`) stays as it is and is not counted. Label maps and
    the pixel size of a segmented smear go on unchanged.

    References
    ----------
    MathWorks, Image Processing Toolbox: stretchlim, imadjust.

    Examples
    --------
    >>> import numpy as np
    >>> from leukofeat.preprocessing import ContrastStretcher
    >>> image = np.tile(np.arange(100, 152, dtype=np.uint8)[:, None], (9, 1, 3))
    >>> ContrastStretcher().transform([image])[0][0, [0, 1, 2, -1], 0]
    array([  0,   5,  10, 255], dtype=uint8)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {"saturated": [Number(Real, 0, 0.49)]}

    def __init__(self, saturated: float = 0.01) -> None:
        self.saturated = saturated

    def apply(self, smear: Smear) -> Smear:
        image, content = smear.image, find_content(smear.image)
        if content is not None and not content.any():
            return smear
        pixels = image.reshape(-1, 3) if content is None else image[content]
        table = np.stack([_stretching_table(pixels[:, c], self.saturated) for c in range(3)], axis=1)
        changed = cv2.LUT(image, table[None])
        if content is not None:
            changed[~content] = image[~content]
        return smear.replace(image=changed)


def _stretching_table(levels: np.ndarray, saturated: float) -> np.ndarray:
    """(256,) uint8: what becomes of each level of a channel."""
    share = np.cumsum(np.bincount(levels, minlength=256)) / levels.size
    low, high = int(np.argmax(share > saturated)), int(np.argmax(share >= 1 - saturated))
    if low >= high:
        return np.arange(256, dtype=np.uint8)
    # whole numbers, so that halves are halves
    stretched = (2 * 255 * (np.arange(256) - low) + (high - low)) // (2 * (high - low))
    return np.clip(stretched, 0, 255).astype(np.uint8)
