"""Chromatin: how the optical density of each nucleus is spread over it."""

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np

from leukofeat.constraints import OneOf
from leukofeat.features.cell_family import CellFamily
from leukofeat.features.measure import Measure
from leukofeat.features.planes import CHANNELS, texture_plane
from leukofeat.kernels.color.stains import optical_density_table
from leukofeat.kernels.texture.chromatin import CHROMATIN_NAMES, chromatin
from leukofeat.opencv import cv2
from leukofeat.smear import Smear

_nuclear = partial(Measure, level="cell")


class ChromatinFeatures(CellFamily):
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

    measures: ClassVar[tuple[Measure, ...]] = (
        _nuclear(
            "nucleus_integrated_density",
            "amount of stain",
            "px²",
            "Σ D, D the optical density",
            "Caspersson 1936",
            "any",
            "area",
        ),
        _nuclear("nucleus_density_mean", "mean density", "1", "μ = Σ D / A", "", "any", "same", "no"),
        _nuclear("nucleus_density_cv", "unevenness", "1", "σ / μ", "after Young et al. 1986", "any", "same", "stain"),
        _nuclear(
            "nucleus_condensed_share",
            "share of condensed chromatin",
            "1",
            "n(D > μ + σ) / A",
            "after Young et al. 1986",
            "any",
            "same",
        ),
        _nuclear(
            "nucleus_clump_count",
            "clumps of condensed chromatin",
            "1",
            "8-connected clumps of at least 4 such pixels",
            "after Young et al. 1986",
            "quarter",
        ),
        _nuclear(
            "nucleus_clump_area",
            "size of the clumps",
            "1",
            "their mean area / A",
            "after Young et al. 1986",
            "quarter",
        ),
        _nuclear(
            "nucleus_open_share",
            "share of open chromatin and nucleoli",
            "1",
            "n(D < μ − σ) / A",
            "after Young et al. 1986",
            "any",
            "same",
        ),
        _nuclear(
            "nucleus_rim_ratio",
            "rim against centre",
            "1",
            "mean D up to the median depth / mean D deeper",
            "after Young et al. 1986",
            "any",
            "same",
            "stain",
        ),
        _nuclear(
            "nucleus_radial_trend",
            "whether density rises with depth",
            "1",
            "correlation of D with the distance to the outside",
            "",
            "quarter",
            "same",
            "both",
        ),
        _nuclear(
            "nucleus_mass_offset",
            "lopsidedness of the stain",
            "1",
            "distance of the centre of ΣD from the centroid / equivalent diameter",
            "",
            "any",
            "same",
            "both",
        ),
    )
    _parameter_constraints: ClassVar[dict[str, Any]] = CellFamily._parameter_constraints | {
        "channel": [OneOf(*CHANNELS[:4])]
    }

    def __init__(self, *, channel: str = "green", summary: Sequence[str] = ("mean", "std")) -> None:
        self.channel = channel
        self.summary = summary

    def cell_names(self) -> list[str]:
        return [f"nucleus_{name}" for name in CHROMATIN_NAMES]

    def cells(self, smear: Smear) -> np.ndarray:
        density = cv2.LUT(texture_plane(smear, self.channel), optical_density_table())
        nuclei, boxes = smear.region("nucleus"), smear.region_boxes("nucleus")
        return chromatin(density, nuclei, boxes, smear.nuclear_depths())
