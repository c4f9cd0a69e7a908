"""The simplest thing that works on crops: Otsu's three classes on green, tidied up."""

from __future__ import annotations

import cv2
import numpy as np

from leukofeat import Smear
from leukofeat.base import ImageStage
from leukofeat.kernels.color.otsu import otsu_thresholds

LEAST = 0.15  # of the largest part


def tidied(mask: np.ndarray) -> np.ndarray:
    """A mask after a median of 5, without parts below 15 % of the largest and without holes."""
    smooth = cv2.medianBlur(mask.astype(np.uint8), 5)
    _, parts, stats, _ = cv2.connectedComponentsWithStats(smooth, connectivity=4)
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    kept = areas >= max(1.0, LEAST * areas.max(initial=0))
    around = np.pad(np.where(kept[parts], 0, 1).astype(np.uint8), 1, constant_values=1)
    cv2.floodFill(around, None, (0, 0), 2)
    return around[1:-1, 1:-1] != 2


class TidiedOtsu(ImageStage):
    """Nuclei are the darkest of Otsu's three classes on green, cells the two darkest; each part is a nucleus of its own.

    A part of the cell mask belongs to the largest nucleus in it.
    """

    def apply(self, smear: Smear) -> Smear:
        green = smear.image[:, :, 1]
        cuts = otsu_thresholds(np.bincount(green.ravel(), minlength=256), 3)
        if not len(cuts):
            none = np.zeros(green.shape, np.int32)
            return smear.replace(nuclei=none, cells=none)
        nucleus = tidied(green <= cuts[0])
        n, nuclei = cv2.connectedComponents(nucleus.astype(np.uint8), connectivity=4)
        _, bodies = cv2.connectedComponents((tidied(green <= cuts[-1]) | nucleus).astype(np.uint8), connectivity=4)
        areas = np.bincount(nuclei.ravel(), minlength=n)
        owner = np.zeros(bodies.max() + 1, np.int32)
        for label in np.argsort(areas[1:], kind="stable") + 1:
            owner[bodies[nuclei == label]] = label
        owner[0] = 0
        return smear.replace(nuclei=nuclei, cells=np.where(nuclei > 0, nuclei, owner[bodies]).astype(np.int32))
