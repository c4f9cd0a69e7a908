"""Size and shape of nuclei and cells, and how each nucleus sits in its cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from leukofeat.base import FeatureFamily, check_choices, check_number
from leukofeat.features.summary import SUMMARIES, summarize, summary_names
from leukofeat.kernels.shape.shape import SHAPE_NAMES, region_shapes
from leukofeat.smear import Smear

# power of a length in each measure: what pixel_size turns into micrometres
_POWERS = {
    "area": 2,
    "convex_area": 2,
    "perimeter": 1,
    "equivalent_diameter": 1,
    "major_axis": 1,
    "minor_axis": 1,
    "feret_max": 1,
    "feret_min": 1,
    "neighbor_distance": 1,
}
_UNITS = {0: "", 1: "_um", 2: "_um2"}
_RELATION_NAMES = (
    "cytoplasm_area",
    "nc_area_ratio",
    "nc_diameter_ratio",
    "nucleus_cytoplasm_ratio",
    "nucleus_offset",
    "cell_neighbor_distance",
)


def _power(name: str) -> int:
    return _POWERS.get(name.split("_", 1)[1], 0)


def geometry_names(pixel_size: float | None = None) -> list[str]:
    """Names of the columns of `measure_geometry`; lengths and areas carry their unit when `pixel_size` is given."""
    names = [f"{region}_{name}" for region in ("nucleus", "cell") for name in SHAPE_NAMES]
    names += _RELATION_NAMES
    return [name + (_UNITS[_power(name)] if pixel_size is not None else "") for name in names]


def measure_geometry(smear: Smear, pixel_size: float | None = None) -> np.ndarray:
    """Shape of each nucleus and cell, and of the nucleus within its cell.

    Parameters
    ----------
    smear : Smear
        A segmented record.
    pixel_size : float, optional
        Edge of a pixel in micrometres; left out, lengths are in pixels.

    Returns
    -------
    ndarray of float64, shape (n_cells, columns)
        Named by `geometry_names`. For nucleus and cell the measures of
        :func:`leukofeat.kernels.shape.shape.region_shapes`; then

        - ``cytoplasm_area``: cell area - nucleus area;
        - ``nc_area_ratio``, ``nc_diameter_ratio``: nucleus / cell, of areas and of equivalent diameters (0 to 1);
        - ``nucleus_cytoplasm_ratio``: nucleus area / cytoplasm area, NaN for a cell without cytoplasm;
        - ``nucleus_offset``: distance of the two centroids / equivalent diameter of the cell;
        - ``cell_neighbor_distance``: distance from the cell's centroid to the nearest other one, NaN if it is alone.

        A cell without nucleus has NaN wherever a nucleus is needed.

    Raises
    ------
    ValueError
        If the smear is not segmented.

    Examples
    --------
    >>> cells = np.zeros((9, 9), np.int32); cells[1:8, 1:8] = 1
    >>> nuclei = np.zeros((9, 9), np.int32); nuclei[2:5, 2:5] = 1
    >>> smear = Smear(np.zeros((9, 9, 3), np.uint8), nuclei, cells)
    >>> values = dict(zip(geometry_names(), measure_geometry(smear)[0].tolist()))
    >>> values["nucleus_area"], values["cytoplasm_area"], round(values["nc_area_ratio"], 3)
    (9.0, 40.0, 0.184)
    """
    cell, _, cell_center = region_shapes(smear.region("cell"), boxes=smear.region_boxes("cell"))
    nucleus, _, nucleus_center = region_shapes(smear.region("nucleus"), boxes=smear.region_boxes("nucleus"))
    area, diameter = SHAPE_NAMES.index("area"), SHAPE_NAMES.index("equivalent_diameter")
    # a cell without nucleus is all cytoplasm
    cytoplasm = cell[:, area] - np.where(np.isnan(nucleus[:, area]), 0, nucleus[:, area])
    relations = np.empty((len(cell), len(_RELATION_NAMES)))
    relations[:, 0] = cytoplasm
    relations[:, 1] = nucleus[:, area] / cell[:, area]
    relations[:, 2] = nucleus[:, diameter] / cell[:, diameter]
    relations[:, 3] = nucleus[:, area] / np.where(cytoplasm > 0, cytoplasm, np.nan)
    relations[:, 4] = np.hypot(*(nucleus_center - cell_center).T) / cell[:, diameter]
    relations[:, 5] = nearest_distances(cell_center)
    values = np.hstack([nucleus, cell, relations])
    if pixel_size is not None:
        values *= float(pixel_size) ** np.array([_power(name) for name in geometry_names()])
    return values


def nearest_distances(centers: np.ndarray) -> np.ndarray:
    """Distance of each point (row, column) to the nearest other one; NaN for a single point or a missing one.

    Examples
    --------
    >>> nearest_distances(np.array([[0.0, 0.0], [0.0, 3.0], [0.0, 4.0]])).tolist()
    [3.0, 1.0, 1.0]
    """
    apart = np.hypot(*(centers[:, None] - centers).transpose(2, 0, 1))
    apart.flat[:: len(centers) + 1] = np.inf
    nearest = np.fmin.reduce(apart, axis=1, initial=np.inf)
    return np.where(np.isinf(nearest), np.nan, nearest)


class GeometryFeatures(FeatureFamily):
    """Size and shape of the nuclei and cells, N:C ratios, nucleus position, spacing and number of cells.

    The image's row holds ``cell_count`` and the summaries over the cells (``nucleus_area_mean``); the per-cell table
    holds the values themselves. No cell: the count is 0, the rest NaN.

    Parameters
    ----------
    pixel_size : float, optional
        Edge of a pixel in micrometres. Lengths and areas are then in micrometres and say so in their names
        (``nucleus_area_um2_mean``).
    summary : sequence of str, default=("mean", "std")
        Summaries over the cells: any of "mean", "std", "min", "q25", "median", "q75", "max".

    See Also
    --------
    measure_geometry : The measures and their definitions.

    Examples
    --------
    >>> smear = Smear(np.zeros((9, 9, 3), np.uint8), np.eye(9, dtype=np.int32))
    >>> family = GeometryFeatures(summary=["mean"])
    >>> row = family.fit_transform([smear])[0]
    >>> list(zip(family.get_feature_names_out().tolist(), row.tolist()))[:2]
    [('cell_count', 1.0), ('nucleus_area_mean', 9.0)]
    """

    def __init__(self, *, pixel_size: float | None = None, summary: Sequence[str] = ("mean", "std")) -> None:
        self.pixel_size = pixel_size
        self.summary = summary

    def check_params(self) -> None:
        if self.pixel_size is not None:
            check_number("pixel_size", self.pixel_size, low=1e-9)
        check_choices("summary", self.summary, tuple(SUMMARIES))

    def row_names(self) -> list[str]:
        return ["cell_count", *summary_names(self.cell_names(), self.summary)]

    def row(self, smear: Smear) -> np.ndarray:
        count = np.count_nonzero(smear.region_boxes("cell")[:, 4])
        return np.concatenate([[count], summarize(self.cells(smear), self.summary)])

    def cell_names(self) -> list[str]:
        return geometry_names(self.pixel_size)

    def cells(self, smear: Smear) -> np.ndarray:
        return measure_geometry(smear, self.pixel_size)
