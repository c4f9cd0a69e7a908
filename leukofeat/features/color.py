"""Colour distributions of nuclei, cytoplasm and the rest, in several colour spaces."""

from collections.abc import Callable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, ClassVar, NamedTuple

import numpy as np

from leukofeat.constraints import Empty, SomeOf, check
from leukofeat.features.cell_family import CellFamily
from leukofeat.features.measure import Measure
from leukofeat.features.parts import CELL_REGIONS, flatten, merge, parts_of
from leukofeat.features.region_family import RegionFamily
from leukofeat.features.summary import SUMMARIES, summarize
from leukofeat.kernels.color.histograms import (
    STATISTIC_NAMES,
    gather_runs,
    histogram_statistics,
    hue_statistics,
    part_histograms,
)
from leukofeat.kernels.color.inks import cmyk
from leukofeat.kernels.color.stains import haematoxylin_eosin, optical_density_table
from leukofeat.smear import Smear


class _Space(NamedTuple):
    """A colour space: its channels, the 8-bit planes, and what their values stand for if not for themselves."""

    channels: tuple[str, ...]
    planes: Callable[[Smear], np.ndarray]
    values: np.ndarray | None = None


_RGB = attrgetter("image")
_SPACES = {
    "rgb": _Space(("r", "g", "b"), _RGB),
    "hsv": _Space(("h", "s", "v"), attrgetter("hsv")),
    "lab": _Space(("l", "a", "b"), attrgetter("lab")),
    "ycrcb": _Space(("y", "cr", "cb"), attrgetter("ycrcb")),
    # counted once with "rgb"
    "od": _Space(("r", "g", "b"), _RGB, optical_density_table()),
    "hed": _Space(("h", "e"), lambda smear: haematoxylin_eosin(smear.image)),
    "cmyk": _Space(("c", "m", "y", "k"), lambda smear: cmyk(smear.image)),
}
COLOR_SPACES = ("rgb", "hsv", "lab", "ycrcb", "od", "hed")  # those by default
_ALL_STATISTICS = (*STATISTIC_NAMES, "energy")


def color_names(
    regions: Sequence[str], spaces: Sequence[str] = COLOR_SPACES, statistics: Sequence[str] = STATISTIC_NAMES
) -> list[str]:
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
        for channel in _SPACES[space].channels
        for statistic in statistics
    ]


def measure_color(
    smear: Smear,
    regions: Sequence[str],
    spaces: Sequence[str] = COLOR_SPACES,
    statistics: Sequence[str] = STATISTIC_NAMES,
    *,
    per_cell: bool = False,
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
        colour deconvolution), "cmyk" (:func:`leukofeat.kernels.color.inks.cmyk`).
    statistics : sequence of str
        Any of "mean", "std", "skewness", "kurtosis", "entropy", "p5", "p25", "p50", "p75", "p95", and "energy", the sum of the
        squared shares of the 256 bins: 1 for one colour, 1/256 for all alike.
    per_cell : bool
        Whether to measure each cell; otherwise all pixels of a region in the image are one sample.

    Returns
    -------
    ndarray of float64, shape (columns,) or (n_cells, columns)
        Named by `color_names`. The statistics are those of
        :func:`leukofeat.kernels.color.histograms.histogram_statistics`, exact for the 8-bit planes: LAB, HSV (hue 0 to 255
        for the full circle) and YCrCb as OpenCV scales them, "hed" in hundredths of optical density. Those of hue are on the
        circle: :func:`leukofeat.kernels.color.histograms.hue_statistics`.
        NaN for a region without pixels; skewness and kurtosis are 0 where a channel is constant.

    Examples
    --------
    >>> smear = Smear(np.full((4, 4, 3), 9, np.uint8))
    >>> measure_color(smear, ["image"], ["rgb"])[:2].tolist()
    [9.0, 0.0]
    """
    parts = parts_of(smear, regions, per_cell)
    record, runs = smear, parts.runs
    if len(runs):
        # only what is counted is converted
        pixels, runs = gather_runs(smear.image, runs)
        record = Smear(pixels)
    counts = cache(lambda planes: merge(_histograms(planes(record), runs, parts.n), regions))
    blocks = [_statistics(space, counts(_SPACES[space].planes)) for space in spaces]
    if "energy" in statistics:
        energies = [_energy(counts(_SPACES[space].planes)) for space in spaces]
        blocks = [np.concatenate(pair, axis=-1) for pair in zip(blocks, energies, strict=True)]
    if tuple(statistics) != STATISTIC_NAMES:
        blocks = [block[..., [_ALL_STATISTICS.index(statistic) for statistic in statistics]] for block in blocks]
    # (cells, regions, channels of all spaces, statistics)
    return flatten(np.concatenate(blocks, axis=-2), per_cell)


def _histograms(image: np.ndarray, runs: np.ndarray, n_parts: int) -> np.ndarray:
    """Of any number of channels, which are counted by threes."""
    threes = [part_histograms(image[..., k : k + 3], runs, n_parts) for k in range(0, image.shape[-1], 3)]
    return threes[0] if len(threes) == 1 else np.concatenate(threes, axis=1)


def _energy(counts: np.ndarray) -> np.ndarray:
    """Sum of the squared shares, (..., 1); NaN without pixels."""
    n = counts.sum(axis=-1, keepdims=True)
    return ((counts / np.where(n > 0, n, np.nan)) ** 2).sum(axis=-1, keepdims=True)


def _statistics(space: str, counts: np.ndarray) -> np.ndarray:
    values = histogram_statistics(counts, _SPACES[space].values)
    if space == "hsv":
        values[..., 0, :] = hue_statistics(counts[..., 0, :])
    return values


def _hues_together(cells: np.ndarray, spaces: Sequence[str]) -> None:
    """Bring the hues of cells on one turn of the circle, by which they can be summarised, in place.

    `cells` is (cells, regions, channels of all spaces, all statistics).
    """
    channels = [(space, channel) for space in spaces for channel in _SPACES[space].channels]
    places = [_ALL_STATISTICS.index(statistic) for statistic in _PLACES]
    for channel in [k for k, name in enumerate(channels) if name == ("hsv", "h")]:
        for region in range(cells.shape[1]):
            hues = cells[:, region, channel]
            mean = hues[:, _ALL_STATISTICS.index("mean")]
            middle = np.angle(np.nansum(np.exp(2j * np.pi * mean / 256))) * 128 / np.pi % 256
            hues[:, places] += 256 * np.rint((middle - mean) / 256)[:, None]


_PLACES = ("mean", "p5", "p25", "p50", "p75", "p95")
_STATISTICS = {
    "mean": ("mean", "μ = Σx / n"),
    "std": ("standard deviation", "σ = √(Σ(x − μ)² / n)"),
    "skewness": ("skewness", "Σ(x − μ)³ / n / σ³"),
    "kurtosis": ("excess kurtosis", "Σ(x − μ)⁴ / n / σ⁴ − 3"),
    "entropy": ("entropy", "−Σ p log₂ p over the 256 bins"),
    "p5": ("5th percentile", "interpolated linearly"),
    "p25": ("lower quartile", "interpolated linearly"),
    "p50": ("median", "interpolated linearly"),
    "p75": ("upper quartile", "interpolated linearly"),
    "p95": ("95th percentile", "interpolated linearly"),
    "energy": ("energy", "Σ p² over the 256 bins"),
}
# columns, what they are of, unit, source
_SCALES = {
    "{space}_{c}": ("channel c of RGB, LAB or YCrCb", "8 bit", "OpenCV"),
    "hsv_{level}": ("saturation or value of HSV", "8 bit", "OpenCV"),
    "hsv_h": ("hue of HSV, 256 for the full circle", "8 bit", "OpenCV"),
    "od_{c}": ("optical density −log₁₀((I + 1)/256) of R, G or B", "1", "Beer-Lambert"),
    "cmyk_{ink}": ("cyan, magenta, yellow or black of CMYK", "8 bit", "K = 255 − max, C = 255 (max − R) / max"),
    "hed_{stain}": ("haematoxylin or eosin by colour deconvolution", "0.01", "Ruifrok and Johnston 2001"),
}
# of hue, an angle; the other formulas hold for the hues unrolled around the mean
_ON_CIRCLE = {
    "mean": ("circular mean", "μ = direction of Σ exp(2πix/256), 0 to 256"),
    "std": ("circular standard deviation", "√(−2 ln R) 256/2π, R = |Σ exp(2πix/256)| / n"),
    "entropy": _STATISTICS["entropy"],
    "energy": _STATISTICS["energy"],
}
_HUE = {name: (of, f"{how}, x in (μ − 128, μ + 128)") for name, (of, how) in _STATISTICS.items()} | _ON_CIRCLE
# what a few pixels at the border of a region decide follows how they are sampled
_BORDER = ("std", "skewness", "kurtosis", "entropy", "energy")
_UNITS = {"entropy": "bit", "energy": "1", "skewness": "1", "kurtosis": "1"}


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
        Colour spaces, "cmyk" beside these; see `measure_color`.
    summary : sequence of str, default=()
        Summaries over the cells: any of "mean", "std", "min", "q25", "median", "q75", "max"; for the regions that a cell has,
        "nucleus", "cytoplasm" and "cell". Empty: all pixels of a region are one sample.
    statistics : sequence of str, default=("mean", "std", "skewness", "kurtosis", "entropy", "p5", "p25", "p50", "p75", "p95")
        Statistics of each channel, "energy" beside these; see `measure_color`.

    See Also
    --------
    measure_color : The same for one image, with the definitions.

    Examples
    --------
    >>> family = ColorFeatures(regions=["image"], spaces=["lab"])
    >>> family.fit_transform([np.zeros((4, 4, 3), np.uint8)])[0, :2].tolist()
    [0.0, 0.0]
    """

    measures: ClassVar[tuple[Measure, ...]] = tuple(
        Measure(
            f"{{region}}_{columns}_{statistic}",
            f"{meaning} of {of}",
            _UNITS.get(statistic, unit),
            formula,
            source,
            "quarter" if statistic in _BORDER else "any",
            "same",
            "light" if (columns, statistic) == ("od_{c}", "std") else "no",
        )
        for columns, (of, unit, source) in _SCALES.items()
        for statistic, (meaning, formula) in (_HUE if columns == "hsv_h" else _STATISTICS).items()
    )
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **RegionFamily._parameter_constraints,
        "spaces": [SomeOf(*_SPACES)],
        "summary": [SomeOf(*SUMMARIES), Empty()],
        "statistics": [SomeOf(*_ALL_STATISTICS)],
    }

    def __init__(
        self,
        *,
        regions: Sequence[str] = ("nucleus", "cytoplasm"),
        spaces: Sequence[str] = COLOR_SPACES,
        summary: Sequence[str] = (),
        statistics: Sequence[str] = STATISTIC_NAMES,
    ) -> None:
        self.regions = regions
        self.spaces = spaces
        self.summary = summary
        self.statistics = statistics

    def check_params(self) -> None:
        super().check_params()
        if len(self.summary):
            check("regions, with a summary over the cells,", self.regions, SomeOf(*CELL_REGIONS))

    def row_names(self) -> list[str]:
        return CellFamily.row_names(self) if len(self.summary) else super().row_names()

    def row(self, smear: Smear) -> np.ndarray:
        if not len(self.summary):
            return super().row(smear)
        # a hue's percentiles turn with its mean
        cells = measure_color(smear, self.regions, self.spaces, _ALL_STATISTICS, per_cell=True)
        n_channels = sum(len(_SPACES[space].channels) for space in self.spaces)
        by_channel = cells.reshape(len(cells), len(self.regions), n_channels, len(_ALL_STATISTICS))
        _hues_together(by_channel, self.spaces)
        if tuple(self.statistics) != _ALL_STATISTICS:
            chosen = by_channel[..., [_ALL_STATISTICS.index(statistic) for statistic in self.statistics]]
            # in rows again: sums depend on the order in memory, to the last bit
            cells = np.ascontiguousarray(flatten(chosen, per_cell=True))
        return summarize(cells, self.summary)

    def names(self, regions: Sequence[str]) -> list[str]:
        return color_names(regions, self.spaces, self.statistics)

    def measure(self, smear: Smear, regions: Sequence[str], per_cell: bool) -> np.ndarray:
        return measure_color(smear, regions, self.spaces, self.statistics, per_cell=per_cell)
