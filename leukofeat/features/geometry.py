"""Size and shape of nuclei and cells, and how each nucleus sits in its cell."""

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
from scipy.spatial import cKDTree

from leukofeat.constraints import Number, Real
from leukofeat.features.cell_family import CellFamily
from leukofeat.features.measure import Measure
from leukofeat.kernels.shape.region_shapes import SHAPE_NAMES, region_shapes
from leukofeat.smear import Smear

# what pixel_size turns into micrometres: power of a length in each measure
_LENGTHS = (
    "perimeter",
    "equivalent_diameter",
    "major_axis",
    "minor_axis",
    "feret_max",
    "feret_min",
    "neighbor_distance",
)
_POWERS = dict.fromkeys(_LENGTHS, 1) | {"area": 2, "convex_area": 2}
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
    """Names of the columns of `measure_geometry`; lengths and areas carry their unit when `pixel_size` is given.

    Examples
    --------
    >>> geometry_names()[0], geometry_names(pixel_size=0.25)[0]
    ('nucleus_area', 'nucleus_area_um2')
    """
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
        :func:`leukofeat.kernels.shape.region_shapes.region_shapes`; then

        - ``cytoplasm_area``: cell area - nucleus area;
        - ``nc_area_ratio``, ``nc_diameter_ratio``: nucleus / cell, of areas and of equivalent diameters (0 to 1);
        - ``nucleus_cytoplasm_ratio``: nucleus area / cytoplasm area, NaN for a cell without cytoplasm;
        - ``nucleus_offset``: distance of the two centroids / equivalent diameter of the cell;
        - ``cell_neighbor_distance``: distance from the cell's centroid to the nearest other one; if it is alone, the diagonal
          of the image, beyond which no other could be seen.

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
    cell, cell_center = region_shapes(smear.region("cell"), smear.region_boxes("cell"))
    nucleus, nucleus_center = region_shapes(smear.region("nucleus"), smear.region_boxes("nucleus"))
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
    if smear.n_cells == 1:
        relations[:, 5] = np.hypot(*smear.image.shape[:2])
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
    out = np.full(len(centers), np.nan)
    known = np.flatnonzero(~np.isnan(centers).any(axis=1))
    if len(known) > 1:
        points = centers[known]
        # the point itself comes first, or one at the same place
        _, nearest = cKDTree(points).query(points, k=2)
        other = np.where(nearest[:, 0] == np.arange(len(points)), nearest[:, 1], nearest[:, 0])
        out[known] = np.hypot(*(points - points[other]).T)
    return out


_shape = partial(Measure, rotation="any", stain="both", level="cell")
_same = partial(_shape, unit="1", scale="same")
_regionprops = partial(_shape, source="scikit-image regionprops")
_hu = partial(_same, source="Hu 1962")


class GeometryFeatures(CellFamily):
    """Size and shape of the nuclei and cells, N:C ratios, nucleus position, spacing and number of cells.

    The image's row holds ``cell_count`` and the summaries over the cells (``nucleus_area_mean``); the per-cell table
    holds the values themselves. No cell: the count is 0, the rest
    NaN; NaN is ``nucleus_cytoplasm_ratio``, too, where no cell has cytoplasm, and what needs a nucleus where none has one.

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

    measures: ClassVar[tuple[Measure, ...]] = (
        Measure("cell_count", "cells found", "1", "number of cells with a pixel", "", "any", "same", "both", "image"),
        _regionprops("{body}_area[_um2]", "area", "px²", "A = number of pixels", scale="area"),
        _shape(
            "{body}_perimeter[_um]",
            "length of the outline",
            "px",
            "P = n₁ + √2 n₂ + (1 + √2)/2 n₃ over straight, diagonal and corner border pixels",
            "Benkrid and Crookes 2000",
            scale="length",
        ),
        _regionprops(
            "{body}_equivalent_diameter[_um]", "diameter of the disc of equal area", "px", "√(4A/π)", scale="length"
        ),
        _regionprops(
            "{body}_major_axis[_um]",
            "long axis of the ellipse of equal second moments",
            "px",
            "4√λ₁, λ₁ ≥ λ₂ of the covariance of the pixels",
            scale="length",
        ),
        _regionprops("{body}_minor_axis[_um]", "short axis of that ellipse", "px", "4√λ₂", scale="length"),
        _regionprops("{body}_eccentricity", "0 circle, towards 1 a line", "1", "√(1 − λ₂/λ₁)", scale="same"),
        _regionprops("{body}_aspect_ratio", "short by long axis", "1", "√(λ₂/λ₁)", scale="same"),
        _regionprops(
            "{body}_extent",
            "share of the bounding box",
            "1",
            "A / (height × width of the box)",
            rotation="quarter",
            scale="same",
        ),
        _regionprops(
            "{body}_convex_area[_um2]",
            "area of the convex hull",
            "px²",
            "Ac = pixels whose centre the hull holds",
            scale="area",
        ),
        _regionprops("{body}_solidity", "share of the convex hull", "1", "A / Ac", scale="same"),
        _regionprops(
            "{body}_feret_max[_um]",
            "largest diameter",
            "px",
            "Fmax = largest distance of two hull vertices",
            scale="length",
        ),
        _shape(
            "{body}_feret_min[_um]",
            "smallest width",
            "px",
            "smallest distance of two parallel supports of the hull",
            "Feret 1930",
            scale="length",
        ),
        _same("{body}_convexity", "how little the outline folds", formula="perimeter of the hull / P", source=""),
        _same("{body}_circularity", "near 1 for a disc, less for anything else", formula="4πA / P²", source="Cox 1927"),
        _same("{body}_compactness", "near 4π for a disc, more for anything else", formula="P² / A", source=""),
        _same("{body}_roundness", "1 for a disc, less for anything long", formula="4A / (π Fmax²)", source=""),
        _hu("{body}_hu_1", "moment of inertia", formula="η₂₀ + η₀₂, η the normalised central moments"),
        _hu("{body}_hu_2", "elongation", formula="(η₂₀ − η₀₂)² + 4η₁₁²", rotation="quarter"),
        _hu("{body}_hu_3", "triangularity", formula="(η₃₀ − 3η₁₂)² + (3η₂₁ − η₀₃)²", rotation="quarter", scale="no"),
        _hu(
            "{body}_hu_4",
            "lopsidedness",
            formula="p² + q², p = η₃₀ + η₁₂, q = η₂₁ + η₀₃",
            rotation="quarter",
            scale="no",
        ),
        _hu(
            "{body}_hu_5",
            "fifth invariant",
            formula="u p (p² − 3q²) + v q (3p² − q²), u = η₃₀ − 3η₁₂, v = 3η₂₁ − η₀₃",
            rotation="quarter",
            scale="no",
        ),
        _hu(
            "{body}_hu_6", "sixth invariant", formula="(η₂₀ − η₀₂)(p² − q²) + 4η₁₁ p q", rotation="quarter", scale="no"
        ),
        _hu(
            "{body}_hu_7",
            "seventh invariant; a mirror changes its sign",
            formula="v p (p² − 3q²) − u q (3p² − q²)",
            rotation="turns",
            scale="no",
        ),
        _shape("cytoplasm_area[_um2]", "area of the cytoplasm", "px²", "A(cell) − A(nucleus)", "", scale="area"),
        _same("nc_area_ratio", "nucleus by cell, of areas", formula="A(nucleus) / A(cell)", source=""),
        _same("nc_diameter_ratio", "nucleus by cell, of diameters", formula="√(A(nucleus) / A(cell))", source=""),
        _same(
            "nucleus_cytoplasm_ratio", "nucleus by cytoplasm, of areas", formula="A(nucleus) / A(cytoplasm)", source=""
        ),
        _same(
            "nucleus_offset",
            "how far off the centre the nucleus lies",
            formula="distance of the centroids / equivalent diameter of the cell",
            source="",
        ),
        _shape(
            "cell_neighbor_distance[_um]",
            "distance to the nearest other cell",
            "px",
            "smallest distance between centroids; of a single cell the diagonal of the image",
            "",
            scale="length",
        ),
    )

    _parameter_constraints: ClassVar[dict[str, Any]] = CellFamily._parameter_constraints | {
        "pixel_size": [Number(Real, 0, above=True), None]
    }

    def __init__(self, *, pixel_size: float | None = None, summary: Sequence[str] = ("mean", "std")) -> None:
        self.pixel_size = pixel_size
        self.summary = summary

    def row_names(self) -> list[str]:
        return ["cell_count", *super().row_names()]

    def row(self, smear: Smear) -> np.ndarray:
        return np.concatenate([[smear.n_cells], super().row(smear)])

    def cell_names(self) -> list[str]:
        return geometry_names(self.pixel_size)

    def cells(self, smear: Smear) -> np.ndarray:
        return measure_geometry(smear, self.pixel_size)
