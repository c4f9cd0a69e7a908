"""Chromatin: how the optical density of each nucleus is spread over it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from leukofeat.base import FeatureFamily, check_choice, check_choices
from leukofeat.features.summary import SUMMARIES, summarize, summary_names
from leukofeat.features.texture import CHANNELS, texture_plane
from leukofeat.kernels.color.histograms import optical_density_table
from leukofeat.kernels.texture.chromatin import CHROMATIN_NAMES, chromatin
from leukofeat.smear import Smear


class ChromatinFeatures(FeatureFamily):
    """Chromatin texture of each nucleus on optical density: amount, spread, clumps, rim and centre.

    Parameters
    ----------
    channel : str, default="green"
        The plane whose optical density, -log10((I + 1) / 256), is measured: "gray", "red", "green", "blue".
    summary : sequence of str, default=("mean", "std")
        Summaries over the cells: any of "mean", "std", "min", "q25", "median", "q75", "max".

    See Also
    --------
    leukofeat.kernels.texture.chromatin.chromatin : The measures.

    Examples
    --------
    >>> smear = Smear(np.full((9, 9, 3), 90, np.uint8), np.eye(9, dtype=np.int32))
    >>> family = ChromatinFeatures(summary=["mean"])
    >>> row = family.fit_transform([smear])[0]
    >>> round(dict(zip(family.get_feature_names_out().tolist(), row.tolist()))["nucleus_density_mean_mean"], 4)
    0.4492
    """

    def __init__(self, *, channel: str = "green", summary: Sequence[str] = ("mean", "std")) -> None:
        self.channel = channel
        self.summary = summary

    def check_params(self) -> None:
        check_choice("channel", self.channel, CHANNELS[:4])
        check_choices("summary", self.summary, tuple(SUMMARIES))

    def row_names(self) -> list[str]:
        return summary_names(self.cell_names(), self.summary)

    def row(self, smear: Smear) -> np.ndarray:
        return summarize(self.cells(smear), self.summary)

    def cell_names(self) -> list[str]:
        return [f"nucleus_{name}" for name in CHROMATIN_NAMES]

    def cells(self, smear: Smear) -> np.ndarray:
        density = cv2.LUT(texture_plane(smear, self.channel), optical_density_table())
        nuclei, boxes = smear.region("nucleus"), smear.region_boxes("nucleus")
        return chromatin(density, nuclei, depths=smear.nuclear_depths(), boxes=boxes)
