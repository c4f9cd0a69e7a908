"""Region covariance: how colour and its changes go together inside each nucleus."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from leukofeat.constraints import Number, Real, SomeOf
from leukofeat.features.cell_family import CellFamily
from leukofeat.features.measure import Measure
from leukofeat.features.parts import CELL_REGIONS
from leukofeat.kernels.texture.covariance import SIGNALS, matrix_logarithms, region_covariances
from leukofeat.smear import Smear

# Variance added to every signal, in L*, a*, b* squared: what rounding to 8 bits and a camera's noise leave of the finest signals, so that
# the logarithm tells nothing of less.
_NOISE = 0.1


class CovarianceFeatures(CellFamily):
    """How colour, its edges and its grains vary and go together over each nucleus: the logarithm of their covariance.

    Twelve signals a pixel: L*, a*, b*, the length of their gradients, and their grains of two sizes. Their covariance over a region
    is a descriptor that says nothing of the mean colour, which follows the stain, and in its logarithm a factor on all contrasts is one number
    added. Covariances are compared, and averaged over the cells of an image, by their logarithms, among which straight lines are shortest
    ways (Arsigny et al. 2006). Large cells are brought to a common size, so that their grains are a share of the cell and not of the magnification.

    Gradients and grains at a region's rim are those of the image, so that what lies beside a cell counts with some pixels, unless cells are seen alone.

    Parameters
    ----------
    regions : sequence of str, default=("nucleus",)
        Any of "nucleus", "cytoplasm", "cell".
    size : float, default=50.0
        Pixels of the side of a square as large as the cell, to which larger cells are shrunk; smaller ones are measured as they are.
    surroundings : bool, default=True
        Whether gradients and grains see what lies around a cell. Without, they are averages over the cell's own pixels (normalised convolution,
        Knutsson and Westin 1993), and a cell has the same columns on whatever field it lies. Where the nucleus is all that is found of a
        cell, so is all that is seen of it.
    summary : sequence of str, default=("mean",)
        Summaries over the cells: any of "mean", "std", "min", "q25", "median", "q75", "max".

    Notes
    -----
    ``nucleus_logcov_l_edge_b_fine`` is the entry of the matrix logarithm of ``l_edge`` and ``b_fine``, times √2 where two signals meet, so that
    the distance of two cells' columns is that of their matrices. A variance of 0.1 is added to each signal first.

    A cell whose region has no pixel has NaN.

    See Also
    --------
    leukofeat.kernels.texture.covariance.region_covariances : The signals, and their covariance.

    References
    ----------
    .. [1] Tuzel, Porikli, Meer, "Region covariance: a fast descriptor for detection and classification", ECCV 2006.
    .. [2] Arsigny, Fillard, Pennec, Ayache, "Log-Euclidean metrics for fast and simple calculus on diffusion tensors", Magn. Reson. Med. 56, 2006.
    .. [3] Knutsson, Westin, "Normalized and differential convolution", CVPR 1993.

    Examples
    --------
    >>> family = CovarianceFeatures()
    >>> flat = Smear(np.full((9, 9, 3), 90, np.uint8), np.ones((9, 9), np.int32))
    >>> row = dict(zip(family.row_names(), family.row(flat).tolist()))
    >>> round(row["nucleus_logcov_l_l_mean"], 4), len(row)  # nothing varies: the logarithm of 0.1
    (-2.3026, 78)
    """

    measures: ClassVar[tuple[Measure, ...]] = (
        Measure(
            "{region}_logcov_{signal}_{signal}",
            "how two signals vary, or go together",
            "1",
            "entry of log(C + 0.1 I), C their covariance; √2 times off the diagonal",
            "Tuzel et al. 2006; Arsigny et al. 2006",
            "quarter",
            level="cell",
        ),
    )
    _parameter_constraints: ClassVar[dict[str, Any]] = CellFamily._parameter_constraints | {
        "regions": [SomeOf(*CELL_REGIONS)],
        "size": [Number(Real, 8, 1000)],
        "surroundings": ["boolean"],
    }

    def __init__(
        self,
        *,
        regions: Sequence[str] = ("nucleus",),
        size: float = 50.0,
        surroundings: bool = True,
        summary: Sequence[str] = ("mean",),
    ) -> None:
        self.regions = regions
        self.size = size
        self.surroundings = surroundings
        self.summary = summary

    def cell_names(self) -> list[str]:
        pairs = [f"{first}_{second}" for i, first in enumerate(SIGNALS) for second in SIGNALS[i:]]
        return [f"{region}_logcov_{pair}" for region in self.regions for pair in pairs]

    def cells(self, smear: Smear) -> np.ndarray:
        areas = smear.region_boxes("cell")[:, 4]
        cells = None if self.surroundings else smear.region("cell")
        found = [
            region_covariances(smear.image, smear.region(region), smear.region_boxes(region), areas, self.size, cells)
            for region in self.regions
        ]
        return np.hstack([matrix_logarithms(one, _NOISE) for one in found])
