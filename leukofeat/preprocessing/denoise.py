"""Denoising."""

from typing import Any, ClassVar

from leukofeat.base import ImageStage
from leukofeat.constraints import Integral, Number
from leukofeat.opencv import cv2
from leukofeat.smear import Smear


class MedianDenoiser(ImageStage):
    """Replace each pixel by the median of its neighbourhood, channel by channel (OpenCV's `medianBlur`).

    Parameters
    ----------
    size : int, default=3
        Side of the square neighbourhood in pixels; odd. 1 changes nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from leukofeat.preprocessing import MedianDenoiser
    >>> image = np.full((5, 5, 3), 200, np.uint8); image[2, 2] = 0
    >>> int(MedianDenoiser(3).transform([image])[0].min())
    200
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {"size": [Number(Integral, 1, 255, odd=True)]}

    def __init__(self, size: int = 3) -> None:
        self.size = size

    def apply(self, smear: Smear) -> Smear:
        return smear.replace(image=cv2.medianBlur(smear.image, int(self.size)))
