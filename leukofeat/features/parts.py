"""Regions as sums of parts: a pixel is counted once, and every region that holds it adds it up."""

import math
from collections.abc import Callable, Sequence
from functools import cached_property, reduce

import numpy as np

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.kernels.regions.spans import number_parts, part_runs
from leukofeat.smear import Smear

CELL_REGIONS = ("nucleus", "cytoplasm", "cell")
# outside the cells, nucleus, cytoplasm
_PARTS = {"background": [0], "nucleus": [1], "cytoplasm": [2], "cell": [1, 2], "image": [0, 1, 2]}


class Parts:
    """Parts that the pixels of an image are counted by, and what follows from their map, each computed once.

    Attributes
    ----------
    map : ndarray of int32, shape (H, W)
        Part of each pixel; -1 is none.
    n : int
        Number of parts.
    """

    def __init__(self, part_map: np.ndarray, n: int) -> None:
        self.map = part_map
        self.n = n

    @cached_property
    def runs(self) -> np.ndarray:
        """Every stretch of a row that belongs to one part: :func:`leukofeat.kernels.regions.spans.part_runs`."""
        return part_runs(self.map, self.n)

    @cached_property
    def boxes(self) -> np.ndarray:
        """Boxes of parts 1 to n - 1: :func:`leukofeat.kernels.regions.boxes.region_boxes`."""
        return region_boxes(self.map, self.n - 1)


def _number(smear: Smear, per_cell: bool, outside: int) -> Parts:
    cells, nuclei = plain(smear.region("cell"), np.int32), plain(smear.region("nucleus"), np.int32)
    return Parts(number_parts(cells, nuclei, per_cell, outside), 2 * smear.n_cells + 1 if per_cell else 3)


def _whole(height: int, width: int) -> Parts:
    parts = Parts(np.zeros((height, width), np.int32), 3)
    # known without reading the map
    parts.runs = (np.arange(height)[:, None] * [1, 0, 0, 0] + [0, 0, width, 0]).astype(np.int32)
    return parts


def parts_of(smear: Smear, regions: Sequence[str], per_cell: bool) -> Parts:
    """Parts that make up the regions: 2i - 1 in nucleus i, 2i in cytoplasm i, or 1 and 2 for all cells together.

    Outside the cells is part 0 if a region holds it, else no part, which costs nothing. If nothing but region "image"
    is asked for, the image is one part and need not be segmented.
    """
    if not per_cell and set(regions) <= {"image"}:
        return smear.keep("image as a part", lambda: _whole(*smear.image.shape[:2]))
    outside = 0 if {"background", "image"} & set(regions) else -1
    return smear.keep(("parts", per_cell, outside), lambda: _number(smear, per_cell, outside))


def merge(values: np.ndarray, regions: Sequence[str], combine: np.ufunc = np.add) -> np.ndarray:
    """Sums over the parts (first axis, as `parts_of` numbers them) to sums over regions: (cells, regions, ...).

    All cells of an image together are one. Of single cells there are sums over nucleus, cytoplasm and cell only.

    Examples
    --------
    >>> merge(np.array([7, 1, 2, 3, 4]), ["nucleus", "cell"]).tolist()
    [[1, 3], [3, 7]]
    """
    parts = values[:1], values[1::2], values[2::2]
    return np.stack([reduce(combine, [parts[k] for k in _PARTS[region]]) for region in regions], axis=1)


def means(sums: np.ndarray) -> np.ndarray:
    """Means from pixels and sums (last axis); NaN without pixels.

    Examples
    --------
    >>> means(np.array([[4.0, 6.0, 10.0], [0.0, 0.0, 0.0]])).tolist()
    [[1.5, 2.5], [nan, nan]]
    """
    return sums[..., 1:] / np.where(sums[..., :1] > 0, sums[..., :1], np.nan)


def measure_regions(
    kernel: Callable[..., np.ndarray], smear: Smear, regions: Sequence[str], per_cell: bool
) -> np.ndarray:
    """Values of `kernel(labels, boxes)` of each region, of all cells together (one label) or of each cell.

    Shape (labels, regions, ...). Nuclei and cytoplasm do not overlap: one label map holds both.
    """
    values = {}
    if {"nucleus", "cytoplasm"} & set(regions):
        parts = parts_of(smear, ["nucleus", "cytoplasm"], per_cell)
        both = kernel(parts.map, parts.boxes)
        values = {"nucleus": both[0::2], "cytoplasm": both[1::2]}
    for region in set(regions) - set(values):
        if per_cell:
            values[region] = kernel(smear.region(region), smear.region_boxes(region))
        else:
            whole = Parts((smear.region(region) > 0).astype(np.int32), 2)
            values[region] = kernel(whole.map, whole.boxes)
    return np.stack([values[region] for region in regions], axis=1)


def over_directions(values: np.ndarray) -> np.ndarray:
    """Mean and range over the directions (axis -2), which they replace; a direction of NaN is left out."""
    known = ~np.isnan(values)
    n_known = known.sum(axis=-2)
    mean = values.sum(axis=-2, where=known) / np.where(n_known > 0, n_known, np.nan)
    span = values.max(axis=-2, where=known, initial=-np.inf) - values.min(axis=-2, where=known, initial=np.inf)
    return np.stack([mean, np.where(n_known > 0, span, np.nan)], axis=-2)


def flatten(values: np.ndarray, per_cell: bool) -> np.ndarray:
    """Values (cells, ...) in a row for each cell, of which there may be none, or of all cells together in one row."""
    table = values.reshape(len(values), math.prod(values.shape[1:]))
    return table if per_cell else table[0]


def cell_regions(regions: Sequence[str]) -> list[str]:
    """Those of `regions` that a single cell has."""
    return [region for region in regions if region in CELL_REGIONS]


def number_word(number: float) -> str:
    """A number as a part of a column's name: 45 is ``45``, 22.5 is ``22p5``."""
    return f"{number:g}".replace(".", "p")
