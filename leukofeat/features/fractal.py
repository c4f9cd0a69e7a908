"""Fractal dimension of the edges inside cells, in the grey levels and in their local binary patterns, and their energy."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from leukofeat.constraints import Number, OneOf, Real, SomeOf
from leukofeat.features.cell_family import CellFamily
from leukofeat.features.measure import Measure
from leukofeat.features.parts import CELL_REGIONS, merge, parts_of
from leukofeat.features.planes import CHANNELS, texture_plane
from leukofeat.kernels.color.histograms import part_histograms
from leukofeat.kernels.shape.box_counting import marked_dimensions
from leukofeat.kernels.texture.lbp import lbp_patterns
from leukofeat.opencv import cv2
from leukofeat.smear import Smear

_SQUARES = (np.arange(256) / 255) ** 2


class FractalFeatures(CellFamily):
    """Box dimension of the edges inside nuclei, before and after local binary patterns, and the energy of the grey levels.

    After Agaian, Madhukar and Chronopoulos (2014), who do not state how edges are found. Here they are Canny's, of the whole
    plane, and those that lie in a region are its own. Per cell: ``nucleus_edge_dimension`` of the grey levels,
    ``nucleus_lbp_edge_dimension`` of the map of their local binary patterns (8 points at radius 1, all 256 told apart), and
    ``nucleus_energy``. The image's row holds their summaries over the cells.

    Parameters
    ----------
    regions : sequence of str, default=("nucleus",)
        Any of "nucleus", "cytoplasm" and "cell".
    channel : str, default="gray"
        The plane: "gray", "red", "green", "blue", "lightness" or "saturation".
    low, high : float, default=75, 150
        Hysteresis thresholds of Canny's edges, of both maps.
    lbp : bool, default=True
        Whether to measure the map of the patterns beside the grey levels.
    summary : sequence of str, default=("mean", "std")
        Summaries over the cells: any of "mean", "std", "min", "q25", "median", "q75", "max".

    Notes
    -----
    The energy is the sum of (g / 255)^2 over the region's pixels, not divided by their number: pixels of full brightness that
    would have as much. A dimension is the slope of :func:`leukofeat.kernels.shape.box_counting.marked_dimensions`: 0 where there
    is no edge, NaN where a region is under 4 pixels in length and width. Boxes stand at the corner of the region's bounding box, so
    that its place in the image does not matter; turning it does.

    Examples
    --------
    >>> image = np.zeros((64, 64, 3), np.uint8)
    >>> image[:, 32:] = 255
    >>> whole = np.ones((64, 64), int)
    >>> family = FractalFeatures(summary=["mean"])
    >>> row = family.fit_transform([Smear(image, whole)])[0]
    >>> dict(zip(family.get_feature_names_out().tolist(), row.round(3).tolist()))["nucleus_edge_dimension_mean"]
    1.0
    """

    measures: ClassVar[tuple[Measure, ...]] = (
        Measure(
            "{region}_edge_dimension",
            "fractal dimension of the edges",
            "1",
            "slope of log N(s) on log 1/s, N boxes of s = 1, 2, 4, … pixels that hold an edge",
            "Agaian et al. 2014; Canny 1986",
            level="cell",
        ),
        Measure(
            "{region}_lbp_edge_dimension",
            "the same of the map of local binary patterns",
            "1",
            "edges of the plane of patterns of 8 points at radius 1",
            "Agaian et al. 2014; Ojala et al. 2002",
            level="cell",
        ),
        Measure(
            "{region}_energy",
            "energy of the grey levels",
            "px",
            "Σ (g / 255)² over the region",
            "Agaian et al. 2014",
            rotation="any",
            scale="area",
            level="cell",
        ),
    )
    _parameter_constraints: ClassVar[dict[str, Any]] = CellFamily._parameter_constraints | {
        "regions": [SomeOf(*CELL_REGIONS)],
        "channel": [OneOf(*CHANNELS)],
        "low": [Number(Real, 0)],
        "high": [Number(Real, 0)],
        "lbp": ["boolean"],
    }

    def __init__(
        self,
        *,
        regions: Sequence[str] = ("nucleus",),
        channel: str = "gray",
        low: float = 75.0,
        high: float = 150.0,
        lbp: bool = True,
        summary: Sequence[str] = ("mean", "std"),
    ) -> None:
        self.regions = regions
        self.channel = channel
        self.low = low
        self.high = high
        self.lbp = lbp
        self.summary = summary

    def check_params(self) -> None:
        super().check_params()
        if self.low > self.high:
            raise ValueError(f"low must not be above high. Got low={self.low!r} and high={self.high!r}.")

    def cell_names(self) -> list[str]:
        names = ["edge_dimension", *(["lbp_edge_dimension"] if self.lbp else []), "energy"]
        return [f"{region}_{name}" for region in self.regions for name in names]

    def cells(self, smear: Smear) -> np.ndarray:
        plane = texture_plane(smear, self.channel)
        maps = [plane, lbp_patterns(plane, method="default")] if self.lbp else [plane]
        edges = [_edges(each, self.low, self.high) for each in maps]
        parts = parts_of(smear, self.regions, per_cell=True)
        counts = merge(part_histograms(plane[:, :, None], parts.runs, parts.n)[:, 0], self.regions)
        energies = (counts * _SQUARES).sum(axis=-1)
        energies[counts.sum(axis=-1) == 0] = np.nan
        columns = []
        for k, region in enumerate(self.regions):
            labels, boxes = smear.region(region), smear.region_boxes(region)
            columns += [marked_dimensions(each, labels, boxes) for each in edges]
            columns.append(energies[:, k])
        return np.stack(columns, axis=1)


def _edges(plane: np.ndarray, low: float, high: float) -> np.ndarray:
    dx, dy = cv2.spatialGradient(plane, borderType=cv2.BORDER_REPLICATE)
    return cv2.Canny(dx, dy, low, high)
