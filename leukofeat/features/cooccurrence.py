"""Grey-level co-occurrence inside nuclei, cytoplasm and the rest."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from leukofeat.features.parts import flatten, measure_regions, over_directions
from leukofeat.features.planes import quantized_plane
from leukofeat.kernels.texture.haralick import COOCCURRENCE_NAMES, HARALICK_NAMES, haralick
from leukofeat.smear import Smear

HARALICK = {
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
MORE = {
    "dissimilarity": ("mean difference of the pairs", "level", "Σ |i − j| p(i,j)"),
    "cluster_shade": ("skew of the sums", "level³", "Σ (i + j − 2μ)³ p(i,j)"),
    "cluster_prominence": ("peakedness of the sums", "level⁴", "Σ (i + j − 2μ)⁴ p(i,j)"),
    "maximum_probability": ("share of the commonest pair", "1", "max p(i,j)"),
}
_ANGLES = ("0", "135", "90", "45")  # as the kernel has them
DIRECTIONS = ("mean", "range", "0", "45", "90", "135")


def haralick_names(
    regions: Sequence[str],
    distances: Sequence[int] = (1,),
    *,
    directions: Sequence[str] = ("mean", "range"),
    cooccurrence: Sequence[str] = HARALICK_NAMES,
) -> list[str]:
    """Names of the values of `measure_haralick`.

    Examples
    --------
    >>> haralick_names(["nucleus"])[1]
    'nucleus_haralick_contrast_d1_mean'
    >>> haralick_names(["nucleus"], directions=["0", "90"], cooccurrence=["dissimilarity"])
    ['nucleus_haralick_dissimilarity_d1_0', 'nucleus_haralick_dissimilarity_d1_90']
    """
    return [
        f"{region}_haralick_{name}_d{distance}_{how}"
        for region in regions
        for distance in distances
        for how in directions
        for name in cooccurrence
    ]


def measure_haralick(
    smear: Smear,
    regions: Sequence[str],
    *,
    channel: str = "gray",
    levels: int = 64,
    distances: Sequence[int] = (1,),
    directions: Sequence[str] = ("mean", "range"),
    cooccurrence: Sequence[str] = HARALICK_NAMES,
    per_cell: bool = False,
) -> np.ndarray:
    """Co-occurrence features of each region: Haralick's 13, mean and range (max - min) over the four directions, by default.

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
    directions : sequence of str
        "mean" or "range" over the four directions, or one of them by its degrees: "0" to the right, "45" up and to the right,
        "90" up, "135" up and to the left.
    cooccurrence : sequence of str
        Any of Haralick's 13 (``HARALICK_NAMES`` of :mod:`leukofeat.kernels.texture.haralick`), "dissimilarity",
        "cluster_shade", "cluster_prominence" and "maximum_probability".
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
    more = not set(cooccurrence) <= set(HARALICK_NAMES)
    values = measure_regions(partial(haralick, plane, distances=distances, more=more), smear, regions, per_cell)
    values = _of_directions(values, directions)
    if tuple(cooccurrence) != HARALICK_NAMES:
        values = values[..., [COOCCURRENCE_NAMES.index(name) for name in cooccurrence]]
    return flatten(values, per_cell)


def _of_directions(values: np.ndarray, directions: Sequence[str]) -> np.ndarray:
    """What is asked for of the four directions (axis -2), in their place."""
    found = dict(zip(_ANGLES, np.moveaxis(values, -2, 0), strict=True))
    if {"mean", "range"} & set(directions):
        found |= zip(("mean", "range"), np.moveaxis(over_directions(values), -2, 0), strict=True)
    return np.stack([found[direction] for direction in directions], axis=-2)
