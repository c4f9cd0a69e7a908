"""Zack's triangle threshold, and Otsu's within the cells."""

from typing import Any, ClassVar

import numpy as np

from leukofeat.opencv import cv2
from leukofeat.segmentation.cleanup import Cleanup, assemble, no_cells
from leukofeat.segmentation.stage import Segmenter
from leukofeat.segmentation.thresholds import (
    CHANNEL,
    Channel,
    contrast_at,
    equalized,
    nucleus_within,
    stain_channel,
)
from leukofeat.smear import Smear


def segment_triangle(
    image: np.ndarray,
    *,
    channel: Channel = "red",
    nucleus_channel: Channel = "green",
    equalize: bool = False,
    min_contrast: float = 20.0,
    cleanup: Cleanup | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Segment leukocytes by Zack's triangle threshold [1]_, and their nuclei by Otsu's within them.

    The triangle method suits a histogram with one high peak, the background, and a long tail.

    Parameters
    ----------
    image : (H, W, 3) uint8
        RGB.
    channel, nucleus_channel : str
        Channels of the cell and of the nucleus, see `stain_channel`.
    equalize : bool
        Whether the threshold of the cell is that of the channel's equalised levels (global histogram equalisation); `min_contrast` goes by the
        channel itself.
    min_contrast : float
        Least difference between the means on both sides of the threshold, in grey levels; below it the image is blank.
    cleanup : Cleanup, optional
        How the masks are cleaned and touching nuclei split; `Cleanup()` by default.

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
    even = equalized(values, equalize)
    cut = cv2.threshold(even, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_TRIANGLE)[0]
    if contrast_at(values, even, int(cut)) < min_contrast:
        return no_cells(values.shape)
    cell = even > cut
    return assemble(nucleus_within(image, cell, nucleus_channel), cell, cleanup)


class TriangleSegmenter(Segmenter):
    """Find cells by Zack's triangle threshold, and nuclei by Otsu's within them.

    Parameters
    ----------
    channel, nucleus_channel : str, default="red" and "green"
        Channels of the cell and of the nucleus, see `stain_channel`.
    equalize : bool, default=False
        Whether the threshold of the cell is that of the channel's equalised levels; `min_contrast` goes by the channel itself.
    min_contrast : float, default=20.0
        Least difference between the means on both sides of the threshold, in grey levels; below it the image is blank.
    cleanup : Cleanup, optional
        How the masks are cleaned and touching nuclei split; `Cleanup()` by default.

    Examples
    --------
    >>> import cv2, numpy as np
    >>> from leukofeat.segmentation import TriangleSegmenter
    >>> image = np.full((80, 80, 3), (235, 230, 238), np.uint8)
    >>> image = cv2.circle(image, (40, 40), 12, (90, 40, 150), -1)
    >>> TriangleSegmenter().transform([image])[0]
    Smear(80x80, 1 cell)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = Segmenter._parameter_constraints | {
        "channel": [CHANNEL],
        "nucleus_channel": [CHANNEL],
        "equalize": ["boolean"],
    }

    def __init__(
        self,
        channel: Channel = "red",
        nucleus_channel: Channel = "green",
        *,
        equalize: bool = False,
        min_contrast: float = 20.0,
        cleanup: Cleanup | None = None,
    ) -> None:
        self.channel = channel
        self.nucleus_channel = nucleus_channel
        self.equalize = equalize
        self.min_contrast = min_contrast
        self.cleanup = cleanup

    def segment(self, smear: Smear, **params: Any) -> tuple[np.ndarray, np.ndarray]:
        return segment_triangle(smear.image, **params)
