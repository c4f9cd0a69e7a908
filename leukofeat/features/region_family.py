"""Base of the families that measure the same numbers on each of several regions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from leukofeat.base import FeatureFamily, check_choices
from leukofeat.features.parts import cell_regions
from leukofeat.smear import REGIONS, Smear


class RegionFamily(FeatureFamily):
    """A family with a parameter `regions`: pooled over the image in its row, cell by cell in the table.

    A subclass defines `_names(regions) -> list of str` and `_measure(smear, regions, per_cell) -> ndarray` of shape
    (columns,), or (n_cells, columns) when `per_cell`.
    """

    regions: Sequence[str]

    def _check_params(self) -> None:
        check_choices("regions", self.regions, REGIONS)

    def _row_names(self) -> list[str]:
        return self._names(self.regions)

    def _row(self, smear: Smear) -> np.ndarray:
        return self._measure(smear, self.regions, per_cell=False)

    def _cell_names(self) -> list[str]:
        return self._names(cell_regions(self.regions))

    def _cells(self, smear: Smear) -> np.ndarray:
        regions = cell_regions(self.regions)
        if not regions:
            return np.empty((smear.n_cells, 0))
        return self._measure(smear, regions, per_cell=True)

    def _names(self, regions: Sequence[str]) -> list[str]:
        raise NotImplementedError

    def _measure(self, smear: Smear, regions: Sequence[str], per_cell: bool) -> np.ndarray:
        raise NotImplementedError
