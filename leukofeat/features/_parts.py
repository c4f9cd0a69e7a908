"""Regions as sums of parts: a pixel is counted once, and every region that holds it adds it up."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from leukofeat.smear import Smear

CELL_REGIONS = ("nucleus", "cytoplasm", "cell")
_POOLED = {"background": [0], "nucleus": [1], "cytoplasm": [2], "cell": [1, 2], "image": [0, 1, 2]}


def pooled_parts(smear: Smear, regions: Sequence[str]) -> np.ndarray:
    """Part of each pixel, int32: 0 outside the cells, 1 in a nucleus, 2 in cytoplasm.

    If nothing but region "image" is asked for, the image is one part and need not be segmented.
    """
    if set(regions) <= {"image"}:
        return np.zeros(smear.image.shape[:2], np.int32)
    return 2 * (smear.region("cell") > 0).astype(np.int32) - (smear.region("nucleus") > 0)


def pool(values: np.ndarray, regions: Sequence[str], combine: np.ufunc = np.add) -> np.ndarray:
    """Sums over the parts (first axis, as `pooled_parts` numbers them) to sums over `regions` (first axis)."""
    return np.stack([combine.reduce(values[_POOLED[region]], axis=0) for region in regions])


def cell_parts(smear: Smear) -> tuple[np.ndarray, int]:
    """Part of each pixel, int32, and the number of parts: 0 outside, 2i - 1 in nucleus i, 2i in cytoplasm i."""
    cells, nuclei = smear.region("cell"), smear.region("nucleus")
    return 2 * cells - (nuclei > 0), 2 * smear.n_cells + 1


def parts_of(smear: Smear, regions: Sequence[str], per_cell: bool) -> tuple[np.ndarray, int]:
    """Parts for either use, and their number; what no region holds is -1, which is no part and costs nothing."""
    parts, n_parts = cell_parts(smear) if per_cell else (pooled_parts(smear, regions), 3)
    if per_cell or not {"background", "image"} & set(regions):
        parts[parts == 0] = -1
    return parts, n_parts


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
