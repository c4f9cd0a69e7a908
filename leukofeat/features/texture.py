"""Texture inside nuclei, cytoplasm and the rest: grey-level co-occurrence and local binary patterns."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from leukofeat.constraints import EachIn, Empty, Integral, Number, OneOf, Real, SomeOf, check
from leukofeat.features.cooccurrence import DIRECTIONS, HARALICK, MORE, haralick_names, measure_haralick
from leukofeat.features.measure import Measure
from leukofeat.features.parts import flatten, merge, number_word, parts_of
from leukofeat.features.planes import CHANNELS, texture_plane
from leukofeat.features.region_family import RegionFamily
from leukofeat.kernels.texture.haralick import COOCCURRENCE_NAMES, HARALICK_NAMES
from leukofeat.kernels.texture.lbp import LBP_METHODS, lbp_histograms, n_patterns
from leukofeat.smear import Smear


def lbp_names(regions: Sequence[str], circles: Sequence[tuple[int, float]], method: str = "uniform") -> list[str]:
    """Names of the values of `measure_lbp`.

    Examples
    --------
    >>> lbp_names(["nucleus"], [(8, 1)])[-1]
    'nucleus_lbp_8_1_9'
    >>> lbp_names(["nucleus"], [(8, 1)], "nri_uniform")[-1]
    'nucleus_lbp_nri_uniform_8_1_58'
    """
    stem = "lbp" if method == "uniform" else f"lbp_{method}"
    return [
        f"{region}_{stem}_{points}_{number_word(radius)}_{k}"
        for points, radius in circles
        for region in regions
        for k in range(n_patterns(points, method))
    ]


def measure_lbp(
    smear: Smear,
    regions: Sequence[str],
    *,
    channel: str = "gray",
    circles: Sequence[tuple[int, float]] = ((8, 1), (16, 2), (24, 3)),
    method: str = "uniform",
    per_cell: bool = False,
) -> np.ndarray:
    """Share of each local binary pattern among the pixels of each region.

    Parameters
    ----------
    smear, regions, channel, per_cell
        As for `measure_haralick`.
    circles : sequence of (int, float)
        Points and radius of each circle.
    method : {"uniform", "nri_uniform", "default"}
        Patterns that are told apart: see :func:`leukofeat.features.lbp_patterns`.

    Returns
    -------
    ndarray of float64, shape (columns,) or (n_cells, columns)
        Named by `lbp_names`: for each circle and region the share of patterns with 0, 1, ... points brighter than
        the centre, then of those that are not uniform; with another method of each pattern in the order of its number. NaN
        for a region without pixels.

    Raises
    ------
    ValueError
        For more than 8 points with method "default".

    Examples
    --------
    >>> measure_lbp(Smear(np.zeros((4, 4, 3), np.uint8)), ["image"], circles=[(8, 1)])[8]
    np.float64(1.0)
    """
    parts = parts_of(smear, regions, per_cell)
    blocks = []
    for histograms in lbp_histograms(texture_plane(smear, channel), parts.runs, parts.n, circles, method):
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
    directions : sequence of str, default=("mean", "range")
        Of the co-occurrence matrices: "mean" or "range" over the four directions, or one of them by its degrees, "0", "45",
        "90" or "135".
    cooccurrence : sequence of str, default=Haralick's 13
        Co-occurrence features, as the columns name them: "energy", "contrast", ... and "dissimilarity", "cluster_shade",
        "cluster_prominence", "maximum_probability".
    lbp_method : {"uniform", "nri_uniform", "default"}, default="uniform"
        Local binary patterns that are told apart, in scikit-image's words: uniform ones by the number of their bits, wherever
        they stand on the circle (10 for 8 points); each uniform one by itself (59); or all (256, at most 8 points).

    See Also
    --------
    measure_haralick : The same for one image, with the definitions.
    measure_lbp : Likewise.

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
            for name, (meaning, unit, formula) in HARALICK.items()
        ),
        *(
            Measure(
                f"{{region}}_haralick_{name}_d{{distance}}_{{over}}",
                meaning,
                unit,
                formula,
                "Soh and Tsatsoulis 1999",
                "quarter",
            )
            for name, (meaning, unit, formula) in MORE.items()
        ),
        Measure(
            "{region}_haralick_{pairs}_d{distance}_{degrees}",
            "each of the above, of the pairs in one direction",
            "as above",
            "pairs at 0, 45, 90 or 135°, counter-clockwise from the right",
            "Haralick et al. 1973",
        ),
        Measure(
            "{region}_lbp_{points}_{radius}_{k}",
            "share of the local binary pattern with k of the points not darker than the centre; the last: not uniform",
            "1",
            "pixels of the pattern / pixels",
            "Ojala et al. 2002",
            "quarter, nearly",
        ),
        Measure(
            "{region}_lbp_nri_uniform_{points}_{radius}_{k}",
            "share of one uniform local binary pattern, where it stands on the circle told apart; the last: not uniform",
            "1",
            "pixels of the pattern / pixels, patterns as scikit-image numbers them",
            "Ojala et al. 2002",
        ),
        Measure(
            "{region}_lbp_default_{points}_{radius}_{k}",
            "share of the local binary pattern whose bits, from the right on and counter-clockwise, are k",
            "1",
            "pixels of the pattern / pixels",
            "Ojala et al. 2002",
        ),
    )
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **RegionFamily._parameter_constraints,
        "channel": [OneOf(*CHANNELS)],
        "levels": [Number(Integral, 2, 256)],
        "distances": [EachIn(Integral, 1), Empty()],
        "directions": [SomeOf(*DIRECTIONS)],
        "cooccurrence": [SomeOf(*COOCCURRENCE_NAMES)],
        "lbp_method": [OneOf(*LBP_METHODS)],
    }

    def __init__(
        self,
        *,
        regions: Sequence[str] = ("nucleus", "cytoplasm"),
        channel: str = "gray",
        levels: int = 64,
        distances: Sequence[int] = (1,),
        circles: Sequence[tuple[int, float]] = ((8, 1), (16, 2), (24, 3)),
        directions: Sequence[str] = ("mean", "range"),
        cooccurrence: Sequence[str] = HARALICK_NAMES,
        lbp_method: str = "uniform",
    ) -> None:
        self.regions = regions
        self.channel = channel
        self.levels = levels
        self.distances = distances
        self.circles = circles
        self.directions = directions
        self.cooccurrence = cooccurrence
        self.lbp_method = lbp_method

    def check_params(self) -> None:
        super().check_params()
        for circle in self.circles:
            check("each of circles", circle, EachIn(Real, 0.5, size=2))
            check("the points of each of circles", circle[0], Number(Integral, 2, 32))
            n_patterns(circle[0], self.lbp_method)
        if not len(self.distances) and not len(self.circles):
            raise ValueError("distances and circles are both empty: nothing is left to measure.")

    def names(self, regions: Sequence[str]) -> list[str]:
        pairs: dict[str, Any] = {"directions": self.directions, "cooccurrence": self.cooccurrence}
        return haralick_names(regions, self.distances, **pairs) + lbp_names(regions, self.circles, self.lbp_method)

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
                    directions=self.directions,
                    cooccurrence=self.cooccurrence,
                    per_cell=per_cell,
                )
            )
        if len(self.circles):
            circles: dict[str, Any] = {"circles": self.circles, "method": self.lbp_method}
            blocks.append(measure_lbp(smear, regions, channel=self.channel, **circles, per_cell=per_cell))
        return np.concatenate(blocks, axis=-1)
