"""Texture inside nuclei, cytoplasm and the rest: grey-level co-occurrence and local binary patterns."""

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np

from leukofeat.constraints import EachIn, Empty, Integral, Number, OneOf, Real, check
from leukofeat.features.measure import Measure
from leukofeat.features.parts import flatten, measure_regions, merge, number_word, over_directions, parts_of
from leukofeat.features.planes import CHANNELS, quantized_plane, texture_plane
from leukofeat.features.region_family import RegionFamily
from leukofeat.kernels.texture.haralick import HARALICK_NAMES, haralick
from leukofeat.kernels.texture.lbp import lbp_histograms
from leukofeat.smear import Smear

_HARALICK = {
    "energy": ("evenness of the pairs (angular second moment)", "1", "Σ p(i,j)²"),
    "contrast": ("local contrast", "level²", "Σ (i − j)² p(i,j)"),
    "correlation": ("how well a neighbour is foretold", "1", "(Σ ij p(i,j) − μ²) / σ²"),
    "variance": ("spread of the levels", "level²", "σ² = Σ (i − μ)² p(i)"),
    "homogeneity": ("inverse difference moment", "1", "Σ p(i,j) / (1 + (i − j)²)"),
    "sum_average": ("twice the mean level", "level", "Σ k p₊(k), p₊ of k = i + j"),
    "sum_variance": ("spread of the sums", "level²", "Σ (k − sum_average)² p₊(k)"),
    "sum_entropy": ("disorder of the sums", "bit", "−Σ p₊ log₂ p₊"),
    "entropy": ("disorder of the pairs", "bit", "Hxy = −Σ p(i,j) log₂ p(i,j)"),
    "difference_variance": ("spread of the differences", "level²", "variance of p₋, of k = |i − j|"),
    "difference_entropy": ("disorder of the differences", "bit", "−Σ p₋ log₂ p₋"),
    "information_1": ("first information measure of correlation", "1", "(Hxy − 2Hx) / Hx"),
    "information_2": ("second one", "1", "√(1 − exp(−2 (2Hx − Hxy)))"),
}


def haralick_names(regions: Sequence[str], distances: Sequence[int] = (1,)) -> list[str]:
    """Names of the values of `measure_haralick`.

    Examples
    --------
    >>> haralick_names(["nucleus"])[1]
    'nucleus_haralick_contrast_d1_mean'
    """
    return [
        f"{region}_haralick_{name}_d{distance}_{how}"
        for region in regions
        for distance in distances
        for how in ("mean", "range")
        for name in HARALICK_NAMES
    ]


def measure_haralick(
    smear: Smear,
    regions: Sequence[str],
    *,
    channel: str = "gray",
    levels: int = 64,
    distances: Sequence[int] = (1,),
    per_cell: bool = False,
) -> np.ndarray:
    """Haralick's 13 features of each region: mean and range (max - min) over the four directions.

    Parameters
    ----------
    smear : Smear
        A record; segmented, unless nothing but region "image" is asked for.
    regions : sequence of str
        Any of "nucleus", "cytoplasm", "cell", "background", "image"; with `per_cell` the first three only.
    channel : str
        One of ``CHANNELS``.
    levels : int
        Grey levels, 2 to 256: the 8-bit values are divided into as many equal steps.
    distances : sequence of int
        Steps between the pixels of a pair.
    per_cell : bool
        Whether to measure each cell; otherwise a region of the whole image is one.

    Returns
    -------
    ndarray of float64, shape (columns,) or (n_cells, columns)
        Named by `haralick_names`; see :func:`leukofeat.kernels.texture.haralick.haralick` for the definitions. A direction
        in which the region has no pair of pixels is left out; NaN where no direction has one.

    Examples
    --------
    >>> smear = Smear(np.full((4, 4, 3), 9, np.uint8))
    >>> dict(zip(haralick_names(["image"]), measure_haralick(smear, ["image"])))["image_haralick_contrast_d1_mean"]
    np.float64(0.0)
    """
    plane = quantized_plane(smear, channel, levels)
    values = measure_regions(partial(haralick, plane, distances=distances), smear, regions, per_cell)
    return flatten(over_directions(values), per_cell)


def lbp_names(regions: Sequence[str], circles: Sequence[tuple[int, float]]) -> list[str]:
    """Names of the values of `measure_lbp`.

    Examples
    --------
    >>> lbp_names(["nucleus"], [(8, 1)])[-1]
    'nucleus_lbp_8_1_9'
    """
    return [
        f"{region}_lbp_{points}_{number_word(radius)}_{k}"
        for points, radius in circles
        for region in regions
        for k in range(points + 2)
    ]


def measure_lbp(
    smear: Smear,
    regions: Sequence[str],
    *,
    channel: str = "gray",
    circles: Sequence[tuple[int, float]] = ((8, 1), (16, 2), (24, 3)),
    per_cell: bool = False,
) -> np.ndarray:
    """Share of each uniform local binary pattern among the pixels of each region.

    Parameters
    ----------
    smear, regions, channel, per_cell
        As for `measure_haralick`.
    circles : sequence of (int, float)
        Points and radius of each circle.

    Returns
    -------
    ndarray of float64, shape (columns,) or (n_cells, columns)
        Named by `lbp_names`: for each circle and region the share of patterns with 0, 1, ... points brighter than
        the centre, then of those that are not uniform. NaN for a region without pixels.

    Examples
    --------
    >>> measure_lbp(Smear(np.zeros((4, 4, 3), np.uint8)), ["image"], circles=[(8, 1)])[8]
    np.float64(1.0)
    """
    parts = parts_of(smear, regions, per_cell)
    blocks = []
    for histograms in lbp_histograms(texture_plane(smear, channel), parts.runs, parts.n, circles):
        counts = merge(histograms, regions)
        total = counts.sum(axis=-1, keepdims=True)
        blocks.append(flatten(counts / np.where(total > 0, total, np.nan), per_cell))
    return np.concatenate(blocks, axis=-1)


class TextureFeatures(RegionFamily):
    """Haralick's co-occurrence features and uniform local binary patterns of each region.

    The image's row takes a region of the whole image as one (all nuclei together); the per-cell table has each cell's
    own. A pair of pixels counts where both lie in the region, a pattern where its centre does.

    Parameters
    ----------
    regions : sequence of str, default=("nucleus", "cytoplasm")
        Any of "nucleus", "cytoplasm", "cell", "background", "image". All but "image" need a segmenter.
    channel : str, default="gray"
        The plane: "gray", "red", "green", "blue", "lightness" or "saturation".
    levels : int, default=64
        Grey levels of the co-occurrence matrices.
    distances : sequence of int, default=(1,)
        Distances of the co-occurrence matrices; empty for none.
    circles : sequence of (points, radius), default=((8, 1), (16, 2), (24, 3))
        Circles of the local binary patterns, at most 32 points; empty for none.

    See Also
    --------
    measure_haralick, measure_lbp : The same for one image, with the definitions.

    Examples
    --------
    >>> family = TextureFeatures(regions=["image"], circles=[(8, 1)])
    >>> family.fit_transform([np.zeros((8, 8, 3), np.uint8)]).shape
    (1, 36)
    """

    measures: ClassVar[tuple[Measure, ...]] = (
        *(
            Measure(
                f"{{region}}_haralick_{name}_d{{distance}}_{{over}}",
                meaning,
                unit,
                formula,
                "Haralick et al. 1973",
                "quarter",
            )
            for name, (meaning, unit, formula) in _HARALICK.items()
        ),
        Measure(
            "{region}_lbp_{points}_{radius}_{k}",
            "share of the local binary pattern with k of the points not darker than the centre; the last: not uniform",
            "1",
            "pixels of the pattern / pixels",
            "Ojala et al. 2002",
            "quarter, nearly",
        ),
    )
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **RegionFamily._parameter_constraints,
        "channel": [OneOf(*CHANNELS)],
        "levels": [Number(Integral, 2, 256)],
        "distances": [EachIn(Integral, 1), Empty()],
    }

    def __init__(
        self,
        *,
        regions: Sequence[str] = ("nucleus", "cytoplasm"),
        channel: str = "gray",
        levels: int = 64,
        distances: Sequence[int] = (1,),
        circles: Sequence[tuple[int, float]] = ((8, 1), (16, 2), (24, 3)),
    ) -> None:
        self.regions = regions
        self.channel = channel
        self.levels = levels
        self.distances = distances
        self.circles = circles

    def check_params(self) -> None:
        super().check_params()
        for circle in self.circles:
            check("each of circles", circle, EachIn(Real, 0.5, size=2))
            check("the points of each of circles", circle[0], Number(Integral, 2, 32))
        if not len(self.distances) and not len(self.circles):
            raise ValueError("distances and circles are both empty: nothing is left to measure.")

    def names(self, regions: Sequence[str]) -> list[str]:
        return haralick_names(regions, self.distances) + lbp_names(regions, self.circles)

    def measure(self, smear: Smear, regions: Sequence[str], per_cell: bool) -> np.ndarray:
        blocks = []
        if len(self.distances):
            blocks.append(
                measure_haralick(
                    smear,
                    regions,
                    channel=self.channel,
                    levels=self.levels,
                    distances=self.distances,
                    per_cell=per_cell,
                )
            )
        if len(self.circles):
            blocks.append(measure_lbp(smear, regions, channel=self.channel, circles=self.circles, per_cell=per_cell))
        return np.concatenate(blocks, axis=-1)
