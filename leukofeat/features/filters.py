"""Responses to filters inside each region: Gabor waves, wavelets, and openings of growing size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from leukofeat.base import check_choice, check_choices, check_number
from leukofeat.features.parts import flatten, number_word, parts_of, pool, split_cells
from leukofeat.features.region_family import RegionFamily
from leukofeat.features.texture import CHANNELS, texture_plane
from leukofeat.kernels.texture.gabor import gabor_sums, plane_sums
from leukofeat.kernels.texture.granulometry import opening_sums
from leukofeat.smear import Smear

# scaling filters of orthonormal wavelets (Daubechies 1988)
_SQRT3 = np.sqrt(3.0)
WAVELETS: dict[str, np.ndarray] = {
    "haar": np.array([1.0, 1.0]) / np.sqrt(2.0),
    "db2": np.array([1 + _SQRT3, 3 + _SQRT3, 3 - _SQRT3, 1 - _SQRT3]) / (4 * np.sqrt(2.0)),
}


def _means(sums: np.ndarray, regions: Sequence[str], per_cell: bool) -> tuple[np.ndarray, np.ndarray]:
    """Mean and mean square of sums (pixels, sum, sum of squares) on the last axis, by region; NaN without pixels."""
    merged = (split_cells if per_cell else pool)(sums, regions)
    n = np.where(merged[..., 0] > 0, merged[..., 0], np.nan)
    return merged[..., 1] / n, merged[..., 2] / n


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

    def check_params(self) -> None:
        super().check_params()
        check_choice("channel", self.channel, CHANNELS)
        for frequency in self.frequencies:
            check_number("each of frequencies", frequency, low=0.01, high=0.5)
        check_number("n_angles", self.n_angles, integer=True, low=1, high=180)
        check_number("bandwidth", self.bandwidth, low=0.1)

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
        sums = gabor_sums(plane, parts.map, parts.n, tuple(self.frequencies), self.n_angles, self.bandwidth)
        mean, square = _means(sums, regions, per_cell)
        std = np.sqrt(np.maximum(square - mean**2, 0))
        each = np.stack([mean, std], axis=-1).reshape(*mean.shape[:-1], 2 * self.n_angles)
        return flatten(np.concatenate([each, mean.mean(axis=-1, keepdims=True)], axis=-1), per_cell)


def wavelet_details(plane: np.ndarray, wavelet: str = "haar", levels: int = 3) -> np.ndarray:
    """Undecimated wavelet details of a plane (the algorithme à trous): no pixel is favoured by its place on a grid.

    Parameters
    ----------
    plane : ndarray, shape (H, W)
        Grey values; reflected beyond the last row and column.
    wavelet : {"haar", "db2"}
        Orthonormal filters; at even positions level 1 holds the coefficients of the decimated transform.
    levels : int
        Number of scales.

    Returns
    -------
    ndarray of float64, shape (levels, 3, H, W)
        For each level the horizontal (high-pass along rows), vertical and diagonal details.

    Examples
    --------
    >>> wavelet_details(np.array([[4.0, 2.0], [4.0, 2.0]]), levels=1)[0, 0].round(6).tolist()
    [[2.0, 0.0], [2.0, 0.0]]
    """
    low = WAVELETS[wavelet]
    high = low[::-1] * (-1.0) ** np.arange(len(low))
    smooth = np.asarray(plane, np.float64)
    out = np.empty((levels, 3, *smooth.shape))
    for level in range(levels):
        step = 2**level
        across = [_filtered(smooth, taps, step, axis=1) for taps in (low, high)]
        out[level, 0] = _filtered(across[1], low, step, axis=0)
        out[level, 1] = _filtered(across[0], high, step, axis=0)
        out[level, 2] = _filtered(across[1], high, step, axis=0)
        smooth = _filtered(across[0], low, step, axis=0)
    return out


def _filtered(plane: np.ndarray, taps: np.ndarray, step: int, axis: int) -> np.ndarray:
    reach = step * (len(taps) - 1)
    padded = np.pad(plane, [(0, reach if axis == 0 else 0), (0, reach if axis == 1 else 0)], mode="symmetric")
    n = plane.shape[axis]
    out = np.zeros_like(plane)
    for k, tap in enumerate(taps):
        shifted = slice(k * step, k * step + n)
        out += tap * (padded[shifted] if axis == 0 else padded[:, shifted])
    return out


class WaveletFeatures(RegionFamily):
    """Energy of the wavelet details over each region: mean squared coefficient of each scale and direction.

    Parameters
    ----------
    regions : sequence of str, default=("nucleus", "cytoplasm")
        Any of "nucleus", "cytoplasm", "cell", "background", "image". All but "image" need a segmenter.
    channel : str, default="gray"
        The plane: "gray", "red", "green", "blue", "lightness" or "saturation".
    wavelet : {"haar", "db2"}, default="haar"
        Orthonormal wavelet.
    levels : int, default=3
        Scales, of 2, 4, 8, ... pixels.

    See Also
    --------
    wavelet_details : The transform.

    Examples
    --------
    >>> WaveletFeatures(regions=["image"]).fit_transform([np.zeros((8, 8, 3), np.uint8)]).shape
    (1, 9)
    """

    def __init__(
        self,
        *,
        regions: Sequence[str] = ("nucleus", "cytoplasm"),
        channel: str = "gray",
        wavelet: str = "haar",
        levels: int = 3,
    ) -> None:
        self.regions = regions
        self.channel = channel
        self.wavelet = wavelet
        self.levels = levels

    def check_params(self) -> None:
        super().check_params()
        check_choice("channel", self.channel, CHANNELS)
        check_choice("wavelet", self.wavelet, tuple(WAVELETS))
        check_number("levels", self.levels, integer=True, low=1, high=8)

    def names(self, regions: Sequence[str]) -> list[str]:
        return [
            f"{region}_{self.wavelet}_{level}_{direction}_energy"
            for region in regions
            for level in range(1, self.levels + 1)
            for direction in ("horizontal", "vertical", "diagonal")
        ]

    def measure(self, smear: Smear, regions: Sequence[str], per_cell: bool) -> np.ndarray:
        parts = parts_of(smear, regions, per_cell)
        details = wavelet_details(texture_plane(smear, self.channel), self.wavelet, self.levels)
        planes = details.reshape(-1, *parts.map.shape)
        sums = np.stack([plane_sums(plane, parts.map, parts.n, parts.runs) for plane in planes], axis=1)
        return flatten(_means(sums, regions, per_cell)[1], per_cell)


class GranulometryFeatures(RegionFamily):
    """How much of each region's brightness openings and closings of growing size take away: a pattern spectrum.

    An opening by a disc of radius r removes the bright grains that the disc does not fit into, a closing fills the
    dark ones; the loss from one radius to the next is the share of grains of that size (Maragos 1989).

    Parameters
    ----------
    regions : sequence of str, default=("nucleus", "cytoplasm")
        Any of "nucleus", "cytoplasm", "cell", "background", "image". All but "image" need a segmenter.
    channels : sequence of str, default=("green",)
        Planes: any of "gray", "red", "green", "blue", "lightness", "saturation".
    radii : sequence of int, default=(1, 2, 3, 5, 7)
        Radii of the discs in pixels, rising.

    Notes
    -----
    ``nucleus_green_bright_3`` is the mean over the region of opening(2) - opening(3), if 2 is the radius before 3, and
    ``_dark_3`` of closing(3) - closing(2), in grey levels; discs of pixels do not nest perfectly, so it may fall a little
    below 0. The plane is opened as a whole, so a grain at a region's border may reach out of it.

    Examples
    --------
    >>> GranulometryFeatures(regions=["image"]).fit_transform([np.zeros((8, 8, 3), np.uint8)]).shape
    (1, 10)
    """

    def __init__(
        self,
        *,
        regions: Sequence[str] = ("nucleus", "cytoplasm"),
        channels: Sequence[str] = ("green",),
        radii: Sequence[int] = (1, 2, 3, 5, 7),
    ) -> None:
        self.regions = regions
        self.channels = channels
        self.radii = radii

    def check_params(self) -> None:
        super().check_params()
        check_choices("channels", self.channels, CHANNELS)
        for radius in self.radii:
            check_number("each of radii", radius, integer=True, low=1)
        if not len(self.radii) or list(self.radii) != sorted(set(self.radii)):
            raise ValueError(f"radii must rise and hold at least one, not {self.radii!r}.")

    def names(self, regions: Sequence[str]) -> list[str]:
        return [
            f"{region}_{channel}_{grain}_{radius}"
            for region in regions
            for channel in self.channels
            for grain in ("bright", "dark")
            for radius in self.radii
        ]

    def measure(self, smear: Smear, regions: Sequence[str], per_cell: bool) -> np.ndarray:
        parts = parts_of(smear, regions, per_cell)
        sums = []
        for channel in self.channels:
            plane = texture_plane(smear, channel)
            pixels, total, _ = plane_sums(plane, parts.map, parts.n, parts.runs).T[:, :, None]
            opened, negative = (opening_sums(one, self.radii, parts.runs, parts.n) for one in (plane, ~plane))
            sums += [np.hstack([pixels, total, sizes]) for sizes in (opened, 255 * pixels - negative)]
        # (..., channels x grains, pixels and radii): openings lose brightness from one to the next, closings gain it
        merged = (split_cells if per_cell else pool)(np.stack(sums, axis=1), regions)
        mean = merged[..., 1:] / np.where(merged[..., :1] > 0, merged[..., :1], np.nan)
        loss = np.diff(mean, axis=-1) * np.tile([-1.0, 1.0], len(self.channels))[:, None]
        return flatten(loss, per_cell)
