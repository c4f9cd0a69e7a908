"""The stages over the threshold functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from leukofeat.base import check_choice, check_number
from leukofeat.segmentation.stage import Segmenter
from leukofeat.segmentation.thresholds import (
    CHANNELS,
    Channel,
    segment_dual_threshold,
    segment_otsu,
    segment_triangle,
)
from leukofeat.segmentation.watershed import Split
from leukofeat.smear import Smear

__all__ = ["DualThresholdSegmenter", "OtsuSegmenter", "TriangleSegmenter"]


class _ThresholdSegmenter(Segmenter):
    min_contrast: float

    def check_params(self) -> None:
        super().check_params()
        check_number("min_contrast", self.min_contrast, low=0)
        for name, value in self.get_params(deep=False).items():
            if name.endswith("channel"):
                check_choice(name, value, CHANNELS)


class OtsuSegmenter(_ThresholdSegmenter):
    """Find nuclei and cells by Otsu's thresholds on one channel.

    Parameters
    ----------
    n_classes : int, default=3
        The highest class is the nucleus and the one below it the cytoplasm. With 2 classes, nucleus and cell are one.
    channel : {"green", "red", "gray", "saturation", "lab_a", "lab_b", "violet"}, default="green"
        See `stain_channel`.
    min_contrast : float, default=20.0
        Least difference between the means above and below the highest threshold, in grey levels; below it the
        image is blank.
    min_area, max_hole : int, default=100 and 15
        Objects, then background parts, of fewer pixels than this go.
    clear_border : bool, default=True
        Whether objects that touch the image border go.
    split : {"extended", "h_maxima", None}, default="extended"
        How touching nuclei are split; None leaves them joined.
    h : float, default=1.0
        Depth of a neck that splits, in pixels.

    Examples
    --------
    >>> import cv2, numpy as np
    >>> from leukofeat.segmentation.threshold_stages import OtsuSegmenter
    >>> image = np.full((80, 80, 3), (235, 230, 238), np.uint8)
    >>> image = cv2.circle(image, (40, 40), 12, (90, 40, 150), -1)
    >>> OtsuSegmenter().transform([image])[0]
    Smear(80x80, 1 cell)
    """

    def __init__(
        self,
        n_classes: int = 3,
        channel: Channel = "green",
        *,
        min_contrast: float = 20.0,
        min_area: int = 100,
        max_hole: int = 15,
        clear_border: bool = True,
        split: Split | None = "extended",
        h: float = 1.0,
    ) -> None:
        self.n_classes = n_classes
        self.channel = channel
        self.min_contrast = min_contrast
        self.min_area = min_area
        self.max_hole = max_hole
        self.clear_border = clear_border
        self.split = split
        self.h = h

    def check_params(self) -> None:
        super().check_params()
        check_number("n_classes", self.n_classes, integer=True, low=2, high=255)

    def segment(self, smear: Smear, **params: Any) -> tuple[np.ndarray, np.ndarray]:
        return segment_otsu(smear.image, **params)


class TriangleSegmenter(_ThresholdSegmenter):
    """Find cells by Zack's triangle threshold, and nuclei by Otsu's within them.

    Parameters
    ----------
    channel, nucleus_channel : str, default="red" and "green"
        Channels of the cell and of the nucleus, see `stain_channel`.
    min_contrast : float, default=20.0
        Least difference between the means on both sides of the threshold, in grey levels; below it the image is blank.
    min_area, max_hole, clear_border, split, h
        Clean-up, see `OtsuSegmenter`.

    Examples
    --------
    >>> import cv2, numpy as np
    >>> from leukofeat.segmentation.threshold_stages import TriangleSegmenter
    >>> image = np.full((80, 80, 3), (235, 230, 238), np.uint8)
    >>> image = cv2.circle(image, (40, 40), 12, (90, 40, 150), -1)
    >>> TriangleSegmenter().transform([image])[0]
    Smear(80x80, 1 cell)
    """

    def __init__(
        self,
        channel: Channel = "red",
        nucleus_channel: Channel = "green",
        *,
        min_contrast: float = 20.0,
        min_area: int = 100,
        max_hole: int = 15,
        clear_border: bool = True,
        split: Split | None = "extended",
        h: float = 1.0,
    ) -> None:
        self.channel = channel
        self.nucleus_channel = nucleus_channel
        self.min_contrast = min_contrast
        self.min_area = min_area
        self.max_hole = max_hole
        self.clear_border = clear_border
        self.split = split
        self.h = h

    def segment(self, smear: Smear, **params: Any) -> tuple[np.ndarray, np.ndarray]:
        return segment_triangle(smear.image, **params)


class DualThresholdSegmenter(_ThresholdSegmenter):
    """Find cells as what is both dark and violet, and nuclei by Otsu's threshold within them.

    Parameters
    ----------
    channel, color_channel : str, default="gray" and "violet"
        The two channels, both of which must be above their threshold, see `stain_channel`.
    nucleus_channel : str, default="green"
        Channel of the nucleus.
    min_contrast : float, default=20.0
        Least difference between the means on both sides of the first threshold, in grey levels; below it the image is
        blank.
    min_area, max_hole, clear_border, split, h
        Clean-up, see `OtsuSegmenter`.

    Examples
    --------
    >>> import cv2, numpy as np
    >>> from leukofeat.segmentation.threshold_stages import DualThresholdSegmenter
    >>> image = np.full((80, 80, 3), (235, 230, 225), np.uint8)
    >>> image = cv2.circle(image, (40, 40), 12, (90, 40, 150), -1)
    >>> DualThresholdSegmenter().transform([image])[0]
    Smear(80x80, 1 cell)
    """

    def __init__(
        self,
        channel: Channel = "gray",
        color_channel: Channel = "violet",
        nucleus_channel: Channel = "green",
        *,
        min_contrast: float = 20.0,
        min_area: int = 100,
        max_hole: int = 15,
        clear_border: bool = True,
        split: Split | None = "extended",
        h: float = 1.0,
    ) -> None:
        self.channel = channel
        self.color_channel = color_channel
        self.nucleus_channel = nucleus_channel
        self.min_contrast = min_contrast
        self.min_area = min_area
        self.max_hole = max_hole
        self.clear_border = clear_border
        self.split = split
        self.h = h

    def segment(self, smear: Smear, **params: Any) -> tuple[np.ndarray, np.ndarray]:
        return segment_dual_threshold(smear.image, **params)
