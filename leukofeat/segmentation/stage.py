"""What every segmenting stage shares: the clean-up parameters and the way from a function to a stage."""

from __future__ import annotations

from typing import Any

import numpy as np

from leukofeat.base import ImageStage, check_choice, check_number
from leukofeat.smear import Smear


class Segmenter(ImageStage):
    """Base of the segmenters: `segment` finds nuclei and cells in a record, given the stage's parameters by name."""

    min_area: int
    max_hole: int
    clear_border: bool
    split: str | None
    h: float

    def check_params(self) -> None:
        check_number("min_area", self.min_area, integer=True, low=0)
        check_number("max_hole", self.max_hole, integer=True, low=0)
        check_choice("clear_border", self.clear_border, (True, False))
        check_choice("split", self.split, ("extended", "h_maxima", None))
        check_number("h", self.h, low=np.nextafter(0, 1))

    def segment(self, smear: Smear, **params: Any) -> tuple[np.ndarray, np.ndarray]:
        raise NotImplementedError

    def apply(self, smear: Smear) -> Smear:
        nuclei, cells = self.segment(smear, **self.get_params(deep=False))
        return smear.replace(nuclei=nuclei, cells=cells)
