"""The dual threshold: what is both dark and violet, and Otsu's threshold within it."""

from typing import Any, ClassVar

import numpy as np

from leukofeat.kernels.color.otsu import otsu_thresholds
from leukofeat.segmentation.cleanup import Cleanup, assemble, no_cells
from leukofeat.segmentation.stage import Segmenter
from leukofeat.segmentation.thresholds import (
    CHANNEL,
    Channel,
    histogram_of,
    level_contrast,
    nucleus_within,
    stain_channel,
)
from leukofeat.smear import Smear


def segment_dual_threshold(
    image: np.ndarray,
    *,
    channel: Channel = "gray",
    color_channel: Channel = "violet",
    nucleus_channel: Channel = "green",
    min_contrast: float = 20.0,
    cleanup: Cleanup | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Segment leukocytes as what is both dark and violet, and their nuclei by Otsu's threshold within them.

    After Li et al. (2016) [1]_, who threshold the grey and the hue image. Both thresholds maximise the variance
    between two classes; here the maximum is taken from the histogram and not by a golden section search. Their planes are
    ``color_channel="hue"`` and grey after :class:`~leukofeat.preprocessing.ContrastStretcher`; nearness to violet, the default, keeps red
    cells and the noisy hues of an empty slide apart from nuclei.

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
    cleanup : Cleanup, optional
        How the masks are cleaned and touching nuclei split; `Cleanup()` by default.

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
    histogram = histogram_of(values)
    cuts, color_cuts = otsu_thresholds(histogram), otsu_thresholds(histogram_of(color))
    if not (cuts.size and color_cuts.size) or level_contrast(histogram, cuts[0]) < min_contrast:
        return no_cells(values.shape)
    cell = (values > cuts[0]) & (color > color_cuts[0])
    return assemble(nucleus_within(image, cell, nucleus_channel), cell, cleanup)


class DualThresholdSegmenter(Segmenter):
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
    cleanup : Cleanup, optional
        How the masks are cleaned and touching nuclei split; `Cleanup()` by default.

    Examples
    --------
    >>> import cv2, numpy as np
    >>> from leukofeat.segmentation import DualThresholdSegmenter
    >>> image = np.full((80, 80, 3), (235, 230, 225), np.uint8)
    >>> image = cv2.circle(image, (40, 40), 12, (90, 40, 150), -1)
    >>> DualThresholdSegmenter().transform([image])[0]
    Smear(80x80, 1 cell)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = Segmenter._parameter_constraints | {
        "channel": [CHANNEL],
        "color_channel": [CHANNEL],
        "nucleus_channel": [CHANNEL],
    }

    def __init__(
        self,
        channel: Channel = "gray",
        color_channel: Channel = "violet",
        nucleus_channel: Channel = "green",
        *,
        min_contrast: float = 20.0,
        cleanup: Cleanup | None = None,
    ) -> None:
        self.channel = channel
        self.color_channel = color_channel
        self.nucleus_channel = nucleus_channel
        self.min_contrast = min_contrast
        self.cleanup = cleanup

    def segment(self, smear: Smear, **params: Any) -> tuple[np.ndarray, np.ndarray]:
        return segment_dual_threshold(smear.image, **params)
