"""Regions as sums of parts: a pixel is counted once, and every region that holds it adds it up."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from leukofeat.kernels._spans import number_parts
from leukofeat.smear import Smear

CELL_REGIONS = ("nucleus", "cytoplasm", "cell")
_POOLED = {"background": [0], "nucleus": [1], "cytoplasm": [2], "cell": [1, 2], "image": [0, 1, 2]}


def pool(values: np.ndarray, regions: Sequence[str], combine: np.ufunc = np.add) -> np.ndarray:
    """Sums over the parts (first axis, as `parts_of` numbers them) to sums over `regions` (first axis)."""
    return np.stack([combine.reduce(values[_POOLED[region]], axis=0) for region in regions])


def cell_parts(smear: Smear, outside: int = 0) -> tuple[np.ndarray, int]:
    """Part of each pixel, int32, and the number of parts: `outside` the cells, 2i - 1 in nucleus i, 2i in cytoplasm i."""
    return number_parts(smear.region("cell"), smear.region("nucleus"), True, outside), 2 * smear.n_cells + 1


def parts_of(smear: Smear, regions: Sequence[str], per_cell: bool) -> tuple[np.ndarray, int]:
    """Part of each pixel, int32, and the number of parts: those of `cell_parts`, or 0, 1 and 2 for all cells together.

    What none of the regions holds is -1, which is no part and costs nothing. If nothing but region "image" is asked
    for, the image is one part and need not be segmented.
    """
    if per_cell:
        return cell_parts(smear, outside=-1)
    if set(regions) <= {"image"}:
        return np.zeros(smear.image.shape[:2], np.int32), 3
    outside = 0 if {"background", "image"} & set(regions) else -1
    return number_parts(smear.region("cell"), smear.region("nucleus"), False, outside), 3


def split_cells(values: np.ndarray, regions: Sequence[str], combine: np.ufunc = np.add) -> np.ndarray:
    """Sums over the parts of `cell_parts` to sums over each cell's regions: (n_cells, regions, ...)."""
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
