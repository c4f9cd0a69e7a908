"""Oriented gradients: the statistics that the published SVM recipe uses, and the descriptor itself."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from leukofeat.base import FeatureFamily
from leukofeat.constraints import EachIn, Integral, Number, SomeOf
from leukofeat.features.measure import Measure
from leukofeat.features.parts import cell_regions, flatten, merge, parts_of
from leukofeat.kernels.texture.gradients import GRADIENT_NAMES, gradient_statistics, gradient_sums
from leukofeat.kernels.texture.hog import hog_image_statistics, hog_vector
from leukofeat.opencv import cv2
from leukofeat.smear import REGIONS, Smear

_STATISTICS = {
    "max": ("largest", "max x", "level"),
    "mean": ("mean", "Σx / n", "level"),
    "std": ("standard deviation", "√(Σ(x − mean)² / n)", "level"),
    "active": ("share above 0", "n(x > 0) / n", "1"),
}


def _measure_gradient(smear: Smear, regions: Sequence[str], per_cell: bool) -> np.ndarray:
    parts = parts_of(smear, regions, per_cell)
    sums = gradient_sums(smear.gray, parts.runs, parts.n)
    # all columns add up but the last, the largest gradient
    merged = [merge(sums[:, :-1], regions), merge(sums[:, -1:], regions, np.maximum)]
    return flatten(gradient_statistics(np.concatenate(merged, axis=-1)), per_cell)


class HOGFeatures(FeatureFamily):
    """Statistics of oriented gradients, after Jin et al. (2023), and the HOG vector on request.

    ``image_hog_max``, ``_mean``, ``_std`` and ``_active`` describe the HOG picture (one stroke for each orientation
    of each grid cell, as ``skimage.feature.hog(visualize=True)`` draws it): its maximum, mean, standard deviation and
    share of pixels above 0. The paper names these four, its code was not published. ``nucleus_gradient_max`` and so
    on are the same four of the gradient magnitude (central difference of the grey plane, 0 at the border) over the
    pixels of a region. The per-cell table holds the gradient of each cell's regions.

    Parameters
    ----------
    regions : sequence of str, default=("image",)
        Regions of the gradient statistics, each of "nucleus", "cytoplasm", "cell", "background", "image".
        All but "image" need a segmenter.
    orientations : int, default=9
        Bins over 180 degrees.
    pixels_per_cell : (int, int), default=(8, 8)
        Rows and columns of a grid cell.
    vector : bool, default=False
        Whether to add the descriptor of the whole image, scaled to `vector_size` so that every image has the same columns.
    cells_per_block : (int, int), default=(2, 2)
        Grid cells normalised together (L2-Hys).
    vector_size : (int, int), default=(64, 64)
        Rows and columns that the image is scaled to for the vector, by pixel area.

    Examples
    --------
    >>> family = HOGFeatures()
    >>> family.fit_transform([np.zeros((32, 32, 3), np.uint8)]).tolist()
    [[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]
    >>> family.get_feature_names_out()[:4].tolist()
    ['image_hog_max', 'image_hog_mean', 'image_hog_std', 'image_hog_active']
    """

    measures: ClassVar[tuple[Measure, ...]] = (
        *(
            Measure(
                f"image_hog_{name}",
                f"{meaning} of the HOG picture, a stroke for each direction of each grid cell",
                unit,
                formula,
                "scikit-image hog; Jin et al. 2023",
                "no",
                "no",
                "no",
                "image",
            )
            for name, (meaning, formula, unit) in _STATISTICS.items()
        ),
        *(
            Measure(
                f"{{region}}_gradient_{name}",
                f"{meaning} of the gradient's magnitude",
                unit,
                f"{formula}, x = √(gx² + gy²), g = next − previous pixel",
                "Jin et al. 2023",
                "quarter",
            )
            for name, (meaning, formula, unit) in _STATISTICS.items()
        ),
        Measure(
            "image_hog_vector_{k}",
            "descriptor of the scaled image",
            "1",
            "gradient histograms of grid cells, blocks to unit length, clipped at 0.2",
            "Dalal and Triggs 2005",
            "no",
            "no",
            "no",
            "image",
        ),
    )
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "regions": [SomeOf(*REGIONS)],
        "orientations": [Number(Integral, 1, 180)],
        "pixels_per_cell": [EachIn(Integral, 1, size=2)],
        "vector": ["boolean"],
        "cells_per_block": [EachIn(Integral, 1, size=2)],
        "vector_size": [EachIn(Integral, 1, size=2)],
    }

    def __init__(
        self,
        *,
        regions: Sequence[str] = ("image",),
        orientations: int = 9,
        pixels_per_cell: tuple[int, int] = (8, 8),
        vector: bool = False,
        cells_per_block: tuple[int, int] = (2, 2),
        vector_size: tuple[int, int] = (64, 64),
    ) -> None:
        self.regions = regions
        self.orientations = orientations
        self.pixels_per_cell = pixels_per_cell
        self.vector = vector
        self.cells_per_block = cells_per_block
        self.vector_size = vector_size

    def check_params(self) -> None:
        super().check_params()
        if self.vector and min(self._blocks()) < 1:
            raise ValueError(
                f"vector_size={self.vector_size!r} holds no block of {self.cells_per_block!r} cells of "
                f"{self.pixels_per_cell!r} pixels."
            )

    def _blocks(self) -> list[int]:
        sizes = zip(self.vector_size, self.pixels_per_cell, self.cells_per_block, strict=True)
        return [size // cell - block + 1 for size, cell, block in sizes]

    def row_names(self) -> list[str]:
        names = [f"image_hog_{name}" for name in GRADIENT_NAMES]
        names += [f"{region}_gradient_{name}" for region in self.regions for name in GRADIENT_NAMES]
        if self.vector:
            n = int(np.prod([*self._blocks(), *self.cells_per_block])) * self.orientations
            names += [f"image_hog_vector_{k}" for k in range(n)]
        return names

    def row(self, smear: Smear) -> np.ndarray:
        values = [
            hog_image_statistics(smear.gray, self.orientations, self.pixels_per_cell),
            _measure_gradient(smear, self.regions, per_cell=False),
        ]
        if self.vector:
            rows, columns = self.vector_size
            scaled = cv2.resize(smear.gray, (columns, rows), interpolation=cv2.INTER_AREA)
            values.append(hog_vector(scaled, self.orientations, self.pixels_per_cell, self.cells_per_block))
        return np.concatenate(values)

    def cell_names(self) -> list[str]:
        return [f"{region}_gradient_{name}" for region in cell_regions(self.regions) for name in GRADIENT_NAMES]

    def cells(self, smear: Smear) -> np.ndarray:
        regions = cell_regions(self.regions)
        if not regions:
            return np.empty((smear.n_cells, 0))
        return _measure_gradient(smear, regions, per_cell=True)
