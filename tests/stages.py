"""Small stages of the tests' own: what a user would write, importable by worker processes."""

from __future__ import annotations

from typing import Any, ClassVar

import cv2
import numpy as np

from leukofeat import Smear
from leukofeat.base import FeatureFamily, ImageStage
from leukofeat.constraints import Integral, Number


class Darker(ImageStage):
    """Subtract a constant; cheap, and its effect is known exactly."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {"by": [Number(Integral, 0, 255)]}

    def __init__(self, by: int = 10) -> None:
        self.by = by

    def apply(self, smear: Smear) -> Smear:
        return smear.replace(image=cv2.subtract(smear.image, np.full(3, self.by, np.float64)))


class DarkSegmenter(ImageStage):
    """Pixels darker in green than `level` are nuclei; a cell is its nucleus and three pixels around it."""

    def __init__(self, level: int = 110) -> None:
        self.level = level

    def apply(self, smear: Smear) -> Smear:
        dark = (smear.image[:, :, 1] < self.level).astype(np.uint8)
        nuclei = cv2.connectedComponents(dark)[1]
        wider = cv2.dilate(nuclei.astype(np.float32), np.ones((7, 7))).astype(np.int32)
        return smear.replace(nuclei=nuclei, cells=np.where(nuclei > 0, nuclei, wider))


class MeanColor(FeatureFamily):
    """Mean of R, G and B; measures an image with or without cells."""

    def row_names(self) -> list[str]:
        return ["image_r_mean", "image_g_mean", "image_b_mean"]

    def row(self, smear: Smear) -> np.ndarray:
        return smear.image.reshape(-1, 3).mean(axis=0)


class Area(FeatureFamily):
    """Number and mean area of the nuclei, and the area of each."""

    def row_names(self) -> list[str]:
        return ["n_cells", "nucleus_area_mean"]

    def row(self, smear: Smear) -> np.ndarray:
        areas = self.cells(smear)
        return np.array([smear.n_cells, areas.mean() if len(areas) else np.nan])

    def cell_names(self) -> list[str]:
        return ["nucleus_area"]

    def cells(self, smear: Smear) -> np.ndarray:
        return np.bincount(smear.region("nucleus").ravel(), minlength=smear.n_cells + 1)[1:, None].astype(np.float64)
