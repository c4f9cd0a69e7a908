"""Grey-level run lengths of nuclei, cytoplasm and the rest."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from leukofeat.base import check_choice, check_number
from leukofeat.features.parts import flatten, measure_regions
from leukofeat.features.region_family import RegionFamily
from leukofeat.features.texture import CHANNELS, over_directions, quantized_plane
from leukofeat.kernels.texture.run_lengths import RUN_LENGTH_NAMES, run_lengths
from leukofeat.smear import Smear


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

    def __init__(
        self, *, regions: Sequence[str] = ("nucleus", "cytoplasm"), channel: str = "gray", levels: int = 16
    ) -> None:
        self.regions = regions
        self.channel = channel
        self.levels = levels

    def check_params(self) -> None:
        super().check_params()
        check_choice("channel", self.channel, CHANNELS)
        check_number("levels", self.levels, integer=True, low=2, high=256)

    def names(self, regions: Sequence[str]) -> list[str]:
        return [
            f"{region}_run_{name}_{how}" for region in regions for how in ("mean", "range") for name in RUN_LENGTH_NAMES
        ]

    def measure(self, smear: Smear, regions: Sequence[str], per_cell: bool) -> np.ndarray:
        plane = quantized_plane(smear, self.channel, self.levels)
        values = measure_regions(partial(run_lengths, plane), smear, regions, per_cell)
        return flatten(over_directions(values), per_cell)
