"""Base of the families that measure the same numbers on each of several regions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from leukofeat.base import FeatureFamily, check_choices
from leukofeat.features.parts import cell_regions
from leukofeat.smear import REGIONS, Smear


class RegionFamily(FeatureFamily):
    """A family with a parameter `regions`: pooled over the image in its row, cell by cell in the table.

    A subclass defines `names(regions) -> list of str` and `measure(smear, regions, per_cell) -> ndarray` of shape
    (columns,), or (n_cells, columns) when `per_cell`.
    """

    regions: Sequence[str]

    def check_params(self) -> None:
        check_choices("regions", self.regions, REGIONS)

    def row_names(self) -> list[str]:
        return self.names(self.regions)

    def row(self, smear: Smear) -> np.ndarray:
        return self.measure(smear, self.regions, per_cell=False)

    def cell_names(self) -> list[str]:
        return self.names(cell_regions(self.regions))

    def cells(self, smear: Smear) -> np.ndarray:
        regions = cell_regions(self.regions)
        if not regions:
            return np.empty((smear.n_cells, 0))
        return self.measure(smear, regions, per_cell=True)

    def names(self, regions: Sequence[str]) -> list[str]:
        raise NotImplementedError

    def measure(self, smear: Smear, regions: Sequence[str], per_cell: bool) -> np.ndarray:
        raise NotImplementedError
