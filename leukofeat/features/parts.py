"""Regions as sums of parts: a pixel is counted once, and every region that holds it adds it up."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property, reduce

import numpy as np

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.kernels.regions.spans import number_parts, part_runs
from leukofeat.smear import Smear

CELL_REGIONS = ("nucleus", "cytoplasm", "cell")
_POOLED = {"background": [0], "nucleus": [1], "cytoplasm": [2], "cell": [1, 2], "image": [0, 1, 2]}


def pool(values: np.ndarray, regions: Sequence[str], combine: np.ufunc = np.add) -> np.ndarray:
    """Sums over the parts (first axis, as `parts_of` numbers them) to sums over `regions` (first axis)."""
    return np.stack([reduce(combine, [values[part] for part in _POOLED[region]]) for region in regions])


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
    parts.runs = np.zeros((height, 4), np.int32)
    parts.runs[:, 0], parts.runs[:, 2] = np.arange(height), width
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


def measure_regions(
    kernel: Callable[..., np.ndarray], smear: Smear, regions: Sequence[str], per_cell: bool
) -> np.ndarray:
    """Values of `kernel(labels, n_labels, boxes=...)` of each region, of all cells together (one label) or of each cell.

    Shape (labels, regions, ...). Nuclei and cytoplasm do not overlap: one label map holds both.
    """
    values = {}
    if {"nucleus", "cytoplasm"} & set(regions):
        parts = parts_of(smear, ["nucleus", "cytoplasm"], per_cell)
        both = kernel(parts.map, parts.n - 1, boxes=parts.boxes)
        values = {"nucleus": both[0::2], "cytoplasm": both[1::2]}
    for region in set(regions) - set(values):
        labels = smear.region(region)
        values[region] = kernel(labels if per_cell else labels > 0, smear.n_cells if per_cell else 1, boxes=None)
    return np.stack([values[region] for region in regions], axis=1)


def split_cells(values: np.ndarray, regions: Sequence[str], combine: np.ufunc = np.add) -> np.ndarray:
    """Sums over the parts of single cells to sums over each cell's regions: (n_cells, regions, ...)."""
    nucleus, cytoplasm = values[1::2], values[2::2]
    of = {"nucleus": lambda: nucleus, "cytoplasm": lambda: cytoplasm, "cell": lambda: combine(nucleus, cytoplasm)}
    return np.stack([of[region]() for region in regions], axis=1)


def cell_regions(regions: Sequence[str]) -> list[str]:
    """Those of `regions` that a single cell has."""
    return [region for region in regions if region in CELL_REGIONS]


def flatten(values: np.ndarray, per_cell: bool) -> np.ndarray:
    """All values in one row, or one row a cell (first axis), of which there may be none."""
    return values.reshape(len(values), math.prod(values.shape[1:])) if per_cell else values.ravel()


def number_word(number: float) -> str:
    """A number as a part of a column's name: 45 is ``45``, 22.5 is ``22p5``."""
    return f"{number:g}".replace(".", "p")
