"""Gabor waves: the response to each frequency and angle inside each region."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from leukofeat.constraints import EachIn, Integral, Number, OneOf, Real
from leukofeat.features.measure import Measure
from leukofeat.features.parts import flatten, means, merge, number_word, parts_of
from leukofeat.features.planes import CHANNELS, texture_plane
from leukofeat.features.region_family import RegionFamily
from leukofeat.kernels.texture.gabor import gabor_sums
from leukofeat.smear import Smear


class GaborFeatures(RegionFamily):
    """Mean and standard deviation of the Gabor magnitude over each region, for a bank of waves.

    Parameters
    ----------
    regions : sequence of str, default=("nucleus", "cytoplasm")
        Any of "nucleus", "cytoplasm", "cell", "background", "image". All but "image" need a segmenter.
    channel : str, default="gray"
        The plane: "gray", "red", "green", "blue", "lightness" or "saturation".
    frequencies : sequence of float, default=(0.1, 0.2, 0.4)
        Cycles per pixel, at most 0.5.
    n_angles : int, default=4
        Directions over 180 degrees.
    bandwidth : float, default=1.0
        Of the filters, in octaves.

    Notes
    -----
    The magnitude is that of ``skimage.filters.gabor``. Columns are ``nucleus_gabor_f10_45_mean`` and ``_std``, the
    frequency in hundredths of a cycle per pixel and the angle in degrees, and for each frequency the mean over the
    angles, ``nucleus_gabor_f10_all_mean``, which turning the image by 90 degrees does not change.

    Examples
    --------
    >>> GaborFeatures(regions=["image"]).fit_transform([np.zeros((8, 8, 3), np.uint8)]).shape
    (1, 27)
    """

    measures: ClassVar[tuple[Measure, ...]] = (
        Measure(
            "{region}_gabor_f{frequency}_{angle}_mean",
            "mean response to a wave of that frequency (0.01 / px) and angle (degrees)",
            "level",
            "mean |I ∗ g|, g a Gaussian times exp(2πi f x)",
            "Jain and Farrokhnia 1991",
        ),
        Measure(
            "{region}_gabor_f{frequency}_{angle}_std",
            "its standard deviation",
            "level",
            "√(mean |I ∗ g|² − mean²)",
            "Jain and Farrokhnia 1991",
        ),
        Measure(
            "{region}_gabor_f{frequency}_all_mean",
            "mean response over all angles",
            "level",
            "mean over the angles",
            "Jain and Farrokhnia 1991",
            "quarter",
        ),
    )
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **RegionFamily._parameter_constraints,
        "channel": [OneOf(*CHANNELS)],
        "frequencies": [EachIn(Real, 0.01, 0.5)],
        "n_angles": [Number(Integral, 1, 180)],
        "bandwidth": [Number(Real, 0.1)],
    }

    def __init__(
        self,
        *,
        regions: Sequence[str] = ("nucleus", "cytoplasm"),
        channel: str = "gray",
        frequencies: Sequence[float] = (0.1, 0.2, 0.4),
        n_angles: int = 4,
        bandwidth: float = 1.0,
    ) -> None:
        self.regions = regions
        self.channel = channel
        self.frequencies = frequencies
        self.n_angles = n_angles
        self.bandwidth = bandwidth

    def names(self, regions: Sequence[str]) -> list[str]:
        angles = [number_word(180 * k / self.n_angles) for k in range(self.n_angles)]
        each = [f"{angle}_{how}" for angle in angles for how in ("mean", "std")]
        return [
            f"{region}_gabor_f{number_word(100 * frequency)}_{name}"
            for region in regions
            for frequency in self.frequencies
            for name in [*each, "all_mean"]
        ]

    def measure(self, smear: Smear, regions: Sequence[str], per_cell: bool) -> np.ndarray:
        parts = parts_of(smear, regions, per_cell)
        plane = texture_plane(smear, self.channel)
        sums = gabor_sums(plane, parts.runs, parts.n, self.frequencies, self.n_angles, self.bandwidth)
        mean, square = np.moveaxis(means(merge(sums, regions)), -1, 0)
        std = np.sqrt(np.maximum(square - mean**2, 0))
        each = np.stack([mean, std], axis=-1).reshape(*mean.shape[:-1], 2 * self.n_angles)
        return flatten(np.concatenate([each, mean.mean(axis=-1, keepdims=True)], axis=-1), per_cell)
