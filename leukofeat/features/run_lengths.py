"""Grey-level run lengths of nuclei, cytoplasm and the rest."""

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np

from leukofeat.constraints import Integral, Number, OneOf
from leukofeat.features.measure import Measure
from leukofeat.features.parts import flatten, measure_regions, over_directions
from leukofeat.features.planes import CHANNELS, quantized_plane
from leukofeat.features.region_family import RegionFamily
from leukofeat.kernels.texture.run_lengths import RUN_LENGTH_NAMES, run_lengths
from leukofeat.smear import Smear

_RUNS = {
    "short_run_emphasis": (
        "weight of short runs",
        "1",
        "Σ 1/l² / n, over n runs of level g and length l",
        "Galloway 1975",
    ),
    "long_run_emphasis": ("weight of long runs", "px²", "Σ l² / n", "Galloway 1975"),
    "gray_level_nonuniformity": ("how few levels hold the runs", "1", "Σ n(g)² / n²", "Galloway 1975"),
    "run_length_nonuniformity": ("how few lengths hold the runs", "1", "Σ n(l)² / n²", "Galloway 1975"),
    "run_percentage": ("runs by pixels", "1", "n / A", "Galloway 1975"),
    "low_gray_level_emphasis": ("weight of dark runs", "1", "Σ 1/g² / n", "Chu et al. 1990"),
    "high_gray_level_emphasis": ("weight of bright runs", "level²", "Σ g² / n", "Chu et al. 1990"),
    "short_run_low_gray_level_emphasis": (
        "weight of short dark runs",
        "1",
        "Σ 1/(l²g²) / n",
        "Dasarathy and Holder 1991",
    ),
    "short_run_high_gray_level_emphasis": (
        "weight of short bright runs",
        "level²",
        "Σ g²/l² / n",
        "Dasarathy and Holder 1991",
    ),
    "long_run_low_gray_level_emphasis": ("weight of long dark runs", "px²", "Σ l²/g² / n", "Dasarathy and Holder 1991"),
    "long_run_high_gray_level_emphasis": (
        "weight of long bright runs",
        "px² level²",
        "Σ l²g² / n",
        "Dasarathy and Holder 1991",
    ),
}


class RunLengthFeatures(RegionFamily):
    """Run-length features of each region: mean and range over four directions.

    A run is a chain of pixels of one grey level in one direction; it ends at the region's border. See
    :func:`leukofeat.kernels.texture.run_lengths.run_lengths` for the definitions.

    Parameters
    ----------
    regions : sequence of str, default=("nucleus", "cytoplasm")
        Any of "nucleus", "cytoplasm", "cell", "background", "image". All but "image" need a segmenter.
    channel : str, default="gray"
        The plane: "gray", "red", "green", "blue", "lightness" or "saturation".
    levels : int, default=16
        Grey levels: the 8-bit values are divided into as many equal steps.

    Examples
    --------
    >>> family = RunLengthFeatures(regions=["image"])
    >>> row = family.fit_transform([np.zeros((8, 8, 3), np.uint8)])[0]
    >>> dict(zip(family.get_feature_names_out().tolist(), row.tolist()))["image_run_run_percentage_mean"]
    0.1796875
    """

    measures: ClassVar[tuple[Measure, ...]] = tuple(
        Measure(
            f"{{region}}_run_{name}_{{over}}",
            meaning,
            unit,
            formula,
            source,
            "quarter",
        )
        for name, (meaning, unit, formula, source) in _RUNS.items()
    )
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **RegionFamily._parameter_constraints,
        "channel": [OneOf(*CHANNELS)],
        "levels": [Number(Integral, 2, 256)],
    }

    def __init__(
        self, *, regions: Sequence[str] = ("nucleus", "cytoplasm"), channel: str = "gray", levels: int = 16
    ) -> None:
        self.regions = regions
        self.channel = channel
        self.levels = levels

    def names(self, regions: Sequence[str]) -> list[str]:
        return [
            f"{region}_run_{name}_{how}" for region in regions for how in ("mean", "range") for name in RUN_LENGTH_NAMES
        ]

    def measure(self, smear: Smear, regions: Sequence[str], per_cell: bool) -> np.ndarray:
        plane = quantized_plane(smear, self.channel, self.levels)
        values = measure_regions(partial(run_lengths, plane), smear, regions, per_cell)
        return flatten(over_directions(values), per_cell)
