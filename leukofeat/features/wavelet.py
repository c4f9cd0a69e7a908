"""Wavelets: the energy of details of each scale and direction inside each region."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from leukofeat.constraints import Integral, Number, OneOf
from leukofeat.features.measure import Measure
from leukofeat.features.parts import flatten, means, merge, parts_of
from leukofeat.features.planes import CHANNELS, texture_plane
from leukofeat.features.region_family import RegionFamily
from leukofeat.kernels.texture.plane_sums import plane_sums
from leukofeat.smear import Smear

# scaling filters of orthonormal wavelets (Daubechies 1988)
_SQRT3 = np.sqrt(3.0)
WAVELETS: dict[str, np.ndarray] = {
    "haar": np.array([1.0, 1.0]) / np.sqrt(2.0),
    "db2": np.array([1 + _SQRT3, 3 + _SQRT3, 3 - _SQRT3, 1 - _SQRT3]) / (4 * np.sqrt(2.0)),
}


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

    measures: ClassVar[tuple[Measure, ...]] = (
        Measure(
            "{region}_{wavelet}_{scale}_{direction}_energy",
            "detail of 2ˢ pixels in one direction",
            "level²",
            "mean d², d the undecimated wavelet coefficients",
            "Mallat 1989",
        ),
    )
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **RegionFamily._parameter_constraints,
        "channel": [OneOf(*CHANNELS)],
        "wavelet": [OneOf(*WAVELETS)],
        "levels": [Number(Integral, 1, 8)],
    }

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
        sums = np.stack([plane_sums(plane, parts.runs, parts.n) for plane in planes], axis=1)
        return flatten(means(merge(sums, regions))[..., 1], per_cell)
