"""Base of the families that measure the same numbers on each of several regions."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from leukofeat.base import FeatureFamily
from leukofeat.constraints import SomeOf
from leukofeat.features.parts import cell_regions
from leukofeat.smear import REGIONS, Smear


class RegionFamily(FeatureFamily):
    """A family with a parameter `regions`: pooled over the image in its row, cell by cell in the table.

    A family of your own defines :meth:`names` and :meth:`measure`; what may be asked of it is declared in
    `_parameter_constraints`, as :mod:`leukofeat.constraints` shows.

    Examples
    --------
    The mean of the red channel over each region, counted by parts so that no pixel is read twice:

    >>> from leukofeat.features.parts import flatten, means, merge, parts_of
    >>> from leukofeat.kernels.texture.plane_sums import plane_sums
    >>> class Redness(RegionFamily):
    ...     def __init__(self, *, regions=("nucleus", "cytoplasm")):
    ...         self.regions = regions
    ...
    ...     def names(self, regions):
    ...         return [f"{region}_redness" for region in regions]
    ...
    ...     def measure(self, smear, regions, per_cell):
    ...         parts = parts_of(smear, regions, per_cell)
    ...         sums = plane_sums(smear.image[:, :, 0], parts.runs, parts.n)
    ...         return flatten(means(merge(sums, regions))[..., 0], per_cell)
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.features import FeatureSet
    >>> bunch = make_smears(n_samples=2, random_state=0)
    >>> smears = [Smear(*parts) for parts in zip(bunch.images, bunch.nuclei, bunch.cells)]
    >>> features = FeatureSet([Redness(regions=["nucleus", "image"])])
    >>> features.fit_transform(smears).shape, features.get_feature_names_out().tolist()
    ((2, 2), ['nucleus_redness', 'image_redness'])
    >>> "nucleus_redness" in features.measure_cells(smears)
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {"regions": [SomeOf(*REGIONS)]}
    regions: Sequence[str]

    def row_names(self) -> list[str]:
        return self.names(self.regions)

    def row(self, smear: Smear) -> np.ndarray:
        return self.measure(smear, self.regions, per_cell=False)

    def cell_names(self) -> list[str]:
        return self.names(cell_regions(self.regions))

    def cells(self, smear: Smear) -> np.ndarray:
        regions = cell_regions(self.regions)
        return self.measure(smear, regions, per_cell=True) if regions else super().cells(smear)

    @abstractmethod
    def names(self, regions: Sequence[str]) -> list[str]:
        """Names of the numbers of some regions, in their order.

        Parameters
        ----------
        regions : sequence of str
            Some of the parameter `regions`, possibly none.
        """

    @abstractmethod
    def measure(self, smear: Smear, regions: Sequence[str], per_cell: bool) -> np.ndarray:
        """Measure some regions of one image.

        Parameters
        ----------
        smear : Smear
        regions : sequence of str
            Some of the parameter `regions`; with `per_cell` at least one, and only such as a cell has ("nucleus",
            "cytoplasm", "cell").
        per_cell : bool
            Whether to measure each cell; otherwise all pixels of a region in the image are one sample.

        Returns
        -------
        ndarray of float64, shape (columns,) or (n_cells, columns)
            As many columns as `names` gives; NaN for a region without pixels.
        """
