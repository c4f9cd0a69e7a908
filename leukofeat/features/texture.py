"""Texture inside nuclei, cytoplasm and the rest: grey-level co-occurrence and local binary patterns."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import cv2
import numpy as np

from leukofeat.base import check_choice, check_number
from leukofeat.features.parts import flatten, measure_regions, number_word, parts_of, pool, split_cells
from leukofeat.features.region_family import RegionFamily
from leukofeat.kernels.texture.haralick import HARALICK_NAMES, haralick
from leukofeat.kernels.texture.lbp import lbp_histograms
from leukofeat.smear import Smear

CHANNELS = ("gray", "red", "green", "blue", "lightness", "saturation")


def texture_plane(smear: Smear, channel: str) -> np.ndarray:
    """The 8-bit plane of shape (height, width) that texture is read from; kept with the record and read-only."""
    if channel == "gray":
        return smear.gray
    return smear.keep(("plane", channel), lambda: _extract_plane(smear, channel))


def _extract_plane(smear: Smear, channel: str) -> np.ndarray:
    if channel == "lightness":
        image, k = smear.lab, 0
    elif channel == "saturation":
        image, k = smear.hsv, 1
    else:
        image, k = smear.image, ("red", "green", "blue").index(channel)
    plane = cv2.extractChannel(image, k).view()
    plane.flags.writeable = False
    return plane


def quantized_plane(smear: Smear, channel: str, levels: int) -> np.ndarray:
    """The plane in `levels` equal steps, uint8: level = value * levels // 256."""
    if 256 % levels == 0:
        return texture_plane(smear, channel) // np.uint8(256 // levels)
    return cv2.LUT(texture_plane(smear, channel), (np.arange(256) * levels // 256).astype(np.uint8))


def over_directions(values: np.ndarray) -> np.ndarray:
    """Mean and range over the directions (axis -2), which they replace; a direction of NaN is left out."""
    known = ~np.isnan(values)
    if known.all():
        out = np.empty((*values.shape[:-2], 2, values.shape[-1]))
        out[..., 0, :] = np.add.reduce(values, axis=-2) / values.shape[-2]
        out[..., 1, :] = np.maximum.reduce(values, axis=-2) - np.minimum.reduce(values, axis=-2)
        return out
    n_known = known.sum(axis=-2)
    mean = np.where(known, values, 0).sum(axis=-2) / np.where(n_known > 0, n_known, np.nan)
    span = np.where(known, values, -np.inf).max(axis=-2) - np.where(known, values, np.inf).min(axis=-2)
    return np.stack([mean, np.where(n_known > 0, span, np.nan)], axis=-2)


def haralick_names(regions: Sequence[str], distances: Sequence[int] = (1,)) -> list[str]:
    """Names of the values of `measure_haralick`: ``nucleus_haralick_contrast_d1_mean``."""
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
    steps = tuple(int(d) for d in distances)
    values = measure_regions(partial(haralick, plane, distances=steps), smear, regions, per_cell)
    return flatten(over_directions(values), per_cell)


def lbp_names(regions: Sequence[str], circles: Sequence[tuple[int, float]]) -> list[str]:
    """Names of the values of `measure_lbp`: ``nucleus_lbp_8_1_0`` to ``nucleus_lbp_8_1_9``."""
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
    plane = texture_plane(smear, channel)
    merge = split_cells if per_cell else pool
    blocks = []
    for histograms in lbp_histograms(plane, parts.map, parts.n, circles, parts.runs):
        counts = merge(histograms, regions)
        total = counts.sum(axis=-1, keepdims=True)
        shares = counts / np.where(total > 0, total, np.nan)
        blocks.append(flatten(shares, per_cell))
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
        check_choice("channel", self.channel, CHANNELS)
        check_number("levels", self.levels, integer=True, low=2, high=256)
        for distance in self.distances:
            check_number("each of distances", distance, integer=True, low=1)
        for circle in self.circles:
            if not isinstance(circle, (tuple, list)) or len(circle) != 2:
                raise TypeError(f"each of circles must be a pair (points, radius), not {circle!r}.")
            check_number("the points of each of circles", circle[0], integer=True, low=2, high=32)
            check_number("the radius of each of circles", circle[1], low=0.5)
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
