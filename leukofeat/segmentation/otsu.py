"""Otsu's thresholds on one channel."""

from typing import Any, ClassVar

import numpy as np

from leukofeat.constraints import Integral, Number
from leukofeat.kernels.color.otsu import otsu_thresholds
from leukofeat.segmentation.cleanup import Cleanup, assemble, no_cells
from leukofeat.segmentation.stage import Segmenter
from leukofeat.segmentation.thresholds import CHANNEL, Channel, contrast_at, equalized, histogram_of, stain_channel
from leukofeat.smear import Smear


def segment_otsu(
    image: np.ndarray,
    *,
    n_classes: int = 3,
    channel: Channel = "green",
    equalize: bool = False,
    min_contrast: float = 20.0,
    cleanup: Cleanup | None = None,
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
    equalize : bool
        Whether the threshold is that of the channel's equalised levels (global histogram equalisation); `min_contrast` goes by the
        channel itself.
    min_contrast : float
        Least difference between the means above and below the highest threshold, in grey levels. Below it the image
        counts as blank and no cell is found.
    cleanup : Cleanup, optional
        How the masks are cleaned and touching nuclei split; `Cleanup()` by default.

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
    even = equalized(values, equalize)
    cuts = otsu_thresholds(histogram_of(even), n_classes)
    if not cuts.size or contrast_at(values, even, cuts[-1]) < min_contrast:
        return no_cells(values.shape)
    return assemble(even > cuts[-1], even > cuts[-2 if n_classes > 2 else -1 :][0], cleanup)


class OtsuSegmenter(Segmenter):
    """Find nuclei and cells by Otsu's thresholds on one channel.

    Parameters
    ----------
    n_classes : int, default=3
        The highest class is the nucleus and the one below it the cytoplasm. With 2 classes, nucleus and cell are one.
    channel : str, default="green"
        "green", "red", "gray", "saturation", "lab_a", "lab_b", "violet", "hue", "cyan", "magenta" or "yellow", see `stain_channel`.
    equalize : bool, default=False
        Whether the threshold is that of the channel's equalised levels; `min_contrast` goes by the channel itself.
    min_contrast : float, default=20.0
        Least difference between the means above and below the highest threshold, in grey levels; below it the
        image is blank.
    cleanup : Cleanup, optional
        How the masks are cleaned and touching nuclei split; `Cleanup()` by default.

    Examples
    --------
    >>> import cv2, numpy as np
    >>> from leukofeat.segmentation import OtsuSegmenter
    >>> image = np.full((80, 80, 3), (235, 230, 238), np.uint8)
    >>> image = cv2.circle(image, (40, 40), 12, (90, 40, 150), -1)
    >>> OtsuSegmenter().transform([image])[0]
    Smear(80x80, 1 cell)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = Segmenter._parameter_constraints | {
        "n_classes": [Number(Integral, 2, 255)],
        "channel": [CHANNEL],
        "equalize": ["boolean"],
    }

    def __init__(
        self,
        n_classes: int = 3,
        channel: Channel = "green",
        *,
        equalize: bool = False,
        min_contrast: float = 20.0,
        cleanup: Cleanup | None = None,
    ) -> None:
        self.n_classes = n_classes
        self.channel = channel
        self.equalize = equalize
        self.min_contrast = min_contrast
        self.cleanup = cleanup

    def segment(self, smear: Smear, **params: Any) -> tuple[np.ndarray, np.ndarray]:
        return segment_otsu(smear.image, **params)
