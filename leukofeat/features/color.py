"""Colour distributions of nuclei, cytoplasm and the rest, in several colour spaces."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from leukofeat.base import check_choices
from leukofeat.features.cell_family import CellFamily
from leukofeat.features.parts import CELL_REGIONS, flatten, parts_of, pool, split_cells
from leukofeat.features.region_family import RegionFamily
from leukofeat.features.summary import SUMMARIES
from leukofeat.kernels.color.histograms import (
    STATISTIC_NAMES,
    gather_runs,
    histogram_statistics,
    optical_density_table,
    part_histograms,
    stain_planes,
)
from leukofeat.smear import Smear

# name, channels, 8-bit planes; "od" shares the planes of "rgb" and only reads them on another scale
_SPACES: dict[str, tuple[tuple[str, ...], Callable[[Smear], np.ndarray]]] = {
    "rgb": (("r", "g", "b"), lambda smear: smear.image),
    "hsv": (("h", "s", "v"), lambda smear: smear.hsv),
    "lab": (("l", "a", "b"), lambda smear: smear.lab),
    "ycrcb": (("y", "cr", "cb"), lambda smear: smear.ycrcb),
    "od": (("r", "g", "b"), lambda smear: smear.image),
    "hed": (("h", "e"), lambda smear: stain_planes(smear.image)),
}
COLOR_SPACES = tuple(_SPACES)


def color_names(regions: Sequence[str], spaces: Sequence[str] = COLOR_SPACES) -> list[str]:
    """Names of the values of `measure_color`: ``nucleus_lab_a_mean``.

    Examples
    --------
    >>> color_names(["nucleus"], ["lab"])[:2]
    ['nucleus_lab_l_mean', 'nucleus_lab_l_std']
    """
    return [
        f"{region}_{space}_{channel}_{statistic}"
        for region in regions
        for space in spaces
        for channel in _SPACES[space][0]
        for statistic in STATISTIC_NAMES
    ]


def measure_color(
    smear: Smear, regions: Sequence[str], spaces: Sequence[str] = COLOR_SPACES, *, per_cell: bool = False
) -> np.ndarray:
    """Statistics of each colour channel over the pixels of each region.

    Parameters
    ----------
    smear : Smear
        A record; segmented, unless nothing but region "image" is asked for.
    regions : sequence of str
        Any of "nucleus", "cytoplasm", "cell", "background", "image"; with `per_cell` the first three only.
    spaces : sequence of str
        Any of "rgb", "hsv", "lab", "ycrcb", "od" (optical density of R, G, B), "hed" (haematoxylin and eosin by
        colour deconvolution).
    per_cell : bool
        Whether to measure each cell; otherwise all pixels of a region in the image are one sample.

    Returns
    -------
    ndarray of float64, shape (columns,) or (n_cells, columns)
        Named by `color_names`. The statistics are those of
        :func:`leukofeat.kernels.color.histograms.histogram_statistics`, exact for the 8-bit planes: LAB, HSV (hue 0 to 255,
        taken as a number, not as an angle) and YCrCb as OpenCV scales them, "hed" in hundredths of optical density.
        NaN for a region without pixels.

    Examples
    --------
    >>> smear = Smear(np.full((4, 4, 3), 9, np.uint8))
    >>> measure_color(smear, ["image"], ["rgb"])[:2].tolist()
    [9.0, 0.0]
    """
    parts = parts_of(smear, regions, per_cell)
    merge = split_cells if per_cell else pool
    # the optical density has the histogram of RGB, on another scale; one call for all, taken apart again
    counted = list(dict.fromkeys("rgb" if space == "od" else space for space in spaces))
    record, runs = smear, parts.runs
    if len(runs):
        # only what is counted is converted
        pixels, runs = gather_runs(smear.image, parts.runs)
        record = Smear(pixels)
    histograms = [part_histograms(_SPACES[space][1](record), parts.map, parts.n, runs) for space in counted]
    counts = merge(np.concatenate(histograms, axis=1), regions)
    ends = np.cumsum([len(_SPACES[space][0]) for space in counted])
    columns = {space: slice(end - len(_SPACES[space][0]), end) for space, end in zip(counted, ends, strict=True)}
    values = histogram_statistics(counts)
    found = {space: values[..., columns[space], :] for space in counted}
    if "od" in spaces:
        found["od"] = histogram_statistics(counts[..., columns["rgb"], :], optical_density_table())
    # (..., regions, channels of all spaces, statistics)
    return flatten(np.concatenate([found[space] for space in spaces], axis=-2), per_cell)


class ColorFeatures(RegionFamily, CellFamily):
    """Distribution of each colour channel over nuclei, cytoplasm, whole cells, background or image.

    The image's row takes all pixels of a region (of all nuclei, say) as one sample: ``nucleus_lab_a_mean``. With `summary` it
    summarises what is measured on each cell instead, so that a large cell counts no more than a small one:
    ``nucleus_lab_a_mean_mean``. The per-cell table has each cell's own, for the regions that a cell has.

    Parameters
    ----------
    regions : sequence of str, default=("nucleus", "cytoplasm")
        Any of "nucleus", "cytoplasm", "cell", "background", "image". All but "image" need a segmenter. Background and
        image tell slides apart more than diseases: put them in as a control rather than as evidence.
    spaces : sequence of str, default=("rgb", "hsv", "lab", "ycrcb", "od", "hed")
        Colour spaces; see `measure_color`.
    summary : sequence of str, default=()
        Summaries over the cells: any of "mean", "std", "min", "q25", "median", "q75", "max"; for the regions that a cell has,
        "nucleus", "cytoplasm" and "cell". Empty: all pixels of a region are one sample.

    See Also
    --------
    measure_color : The same for one image, with the definitions.

    Examples
    --------
    >>> family = ColorFeatures(regions=["image"], spaces=["lab"])
    >>> family.fit_transform([np.zeros((4, 4, 3), np.uint8)])[0, :2].tolist()
    [0.0, 0.0]
    """

    def __init__(
        self,
        *,
        regions: Sequence[str] = ("nucleus", "cytoplasm"),
        spaces: Sequence[str] = COLOR_SPACES,
        summary: Sequence[str] = (),
    ) -> None:
        self.regions = regions
        self.spaces = spaces
        self.summary = summary

    def check_params(self) -> None:
        super().check_params()
        check_choices("spaces", self.spaces, COLOR_SPACES)
        if self.summary is None or len(self.summary):
            check_choices("summary", self.summary, tuple(SUMMARIES))
            check_choices("regions, with a summary over the cells,", self.regions, CELL_REGIONS)

    def row_names(self) -> list[str]:
        return CellFamily.row_names(self) if len(self.summary) else super().row_names()

    def row(self, smear: Smear) -> np.ndarray:
        return CellFamily.row(self, smear) if len(self.summary) else super().row(smear)

    def names(self, regions: Sequence[str]) -> list[str]:
        return color_names(regions, self.spaces)

    def measure(self, smear: Smear, regions: Sequence[str], per_cell: bool) -> np.ndarray:
        return measure_color(smear, regions, self.spaces, per_cell=per_cell)
