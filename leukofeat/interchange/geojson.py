"""GeoJSON as QuPath reads and writes it: a FeatureCollection of cells, each with its nucleus, class and measurements."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from leukofeat.decode import ImageError
from leukofeat.interchange.documents import fraction, read_json, text, whole_number, write_json
from leukofeat.interchange.maps import LabelMaps, as_maps
from leukofeat.interchange.polygons import Outline, Polygon, maps_of, trace_labels
from leukofeat.interchange.tables import feature_columns

CONFIDENCE = "Confidence"
_COLORS = ((200, 0, 0), (0, 120, 200), (0, 150, 60), (230, 130, 0), (140, 60, 180), (110, 110, 110))


def write_geojson(
    path: str | os.PathLike[str],
    cells: Any,
    *,
    classes: Sequence[str | None] | None = None,
    measurements: pd.DataFrame | None = None,
) -> None:
    """Write the cells of an image as GeoJSON, as QuPath imports it.

    Outlines run along the edges of pixels, so that :func:`read_geojson` gives the same pixels. A cell in several parts is a MultiPolygon.

    Parameters
    ----------
    path : str or path-like
        By custom it ends in .geojson.
    cells : Smear or LabelMaps
        A segmented image, or its label maps.
    classes : sequence of str or None, length n_cells, optional
        QuPath's classification of each cell; by default those of the LabelMaps.
    measurements : DataFrame, optional
        Rows of this image from :meth:`~leukofeat.features.FeatureSet.measure_cells`: each feature is a measurement of the cell that
        the column `cell` names, values that are not finite left out.

    Raises
    ------
    TypeError, ValueError
        For what holds no cells, classes of another number or that are no text, a table without `cell` or of other cells.
    OSError
        When the file cannot be written.

    Notes
    -----
    A cell's name is its label, `label_ids`; its confidence is the measurement "Confidence". Coordinates are pixels, those of the first
    pixel from 0 to 1. A measurement is stored as QuPath 0.4 and later do, as an object of names and values.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "cells.geojson"
    >>> write_geojson(path, LabelMaps(cells=[[0, 7, 7], [0, 7, 0]]), classes=["blast"])
    >>> found = read_geojson(path, (2, 3))
    >>> found.cells.tolist(), found.label_ids, found.classes
    ([[0, 1, 1], [0, 1, 0]], array([7]), ('blast',))
    """
    maps = as_maps(cells)
    n = len(maps.label_ids)
    kinds = list(maps.classes or ()) if classes is None else list(classes)
    if len(kinds) != n:
        raise ValueError(f"classes has {len(kinds)} entries for {n} cells; give one for each, or None.")
    if wrong := [kind for kind in kinds if kind is not None and not isinstance(kind, str)]:
        raise TypeError(
            f"classes holds {wrong[0]!r}, {type(wrong[0]).__name__}; give names, or None, as target_names[code] of a code."
        )
    known = sorted({kind for kind in kinds if kind is not None})
    values = _values(measurements)
    if n and values and not values.keys() & set(maps.label_ids.tolist()):
        raise ValueError(
            f"measurements has cell {next(iter(values))}, and the image cells {maps.label_ids[0]} to {maps.label_ids[-1]}, none of those: is "
            "it of another image?"
        )
    outlines, nuclei = trace_labels(maps.cells), trace_labels(maps.nuclei)
    features = []
    for i, (number, confidence) in enumerate(zip(maps.label_ids.tolist(), maps.confidence.tolist(), strict=True)):
        nucleus = nuclei[i] if i < len(nuclei) else []
        feature: dict[str, Any] = {"type": "Feature", "geometry": _geometry(outlines[i])}
        if nucleus:
            feature["nucleusGeometry"] = _geometry(nucleus)
        properties: dict[str, Any] = {"objectType": "cell", "name": str(number)}
        kind = kinds[i]
        if kind is not None:
            color = _COLORS[known.index(kind) % len(_COLORS)]
            properties["classification"] = {"name": kind, "color": list(color)}
        said = {} if np.isnan(confidence) else {CONFIDENCE: confidence}
        properties |= {"isLocked": False, "measurements": said | values.get(number, {})}
        features.append(feature | {"properties": properties})
    write_json(path, {"type": "FeatureCollection", "features": features})


def read_geojson(path: str | os.PathLike[str], shape: tuple[int, int]) -> LabelMaps:
    """Read the cells of an image from GeoJSON, as QuPath exports it, or any other tool.

    Parameters
    ----------
    path : str or path-like
        A FeatureCollection, a list of features, or one feature: Polygons and MultiPolygons in pixels of the image. Points and lines are
        passed over, and so are annotations where there are cells or detections.
    shape : (height, width)
        Of the image.

    Returns
    -------
    LabelMaps
        In the file's order. A pixel belongs to a cell whose outline its centre lies in; where cells overlap, to the later one in the
        file. A cell is called by its name where that is a whole number above 0 that no cell before it has; the others get the next
        numbers. Of a nucleus, what lies in its cell counts; without `nucleusGeometry` there is none.

    Raises
    ------
    ImageError
        When the file cannot be read, is damaged, holds something else, or more than an image of this size can; the message names it.

    Warns
    -----
    UserWarning
        Where cells overlap, and where some hold no pixel of the image.

    See Also
    --------
    leukofeat.datasets.load_images : Images with such files, `cells="*.geojson"`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "drawn.geojson"
    >>> _ = path.write_text(
    ...     '{"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [[[0.2, 0], [2.4, 0.1], [2.3, 1.9], [0, 2]]]}}'
    ... )
    >>> read_geojson(path, (3, 3)).cells.tolist()
    [[1, 1, 0], [1, 1, 0], [0, 0, 0]]
    """
    name, document = read_json(path)
    return maps_of(outlines_of(document, name), shape, name)


def outlines_of(document: Any, name: str) -> list[Outline]:
    """Cells of a document, in its order.

    Examples
    --------
    >>> outlines_of({"type": "FeatureCollection", "features": []}, "empty.geojson")
    []
    """
    try:
        features = list(_features(document))
        drawn = [_kind_of_object(feature) for feature in features]
        is_region = {"annotation", "pathannotationobject", "root", "pathrootobject"}
        if not is_region.issuperset(drawn):
            features = [one for one, kind in zip(features, drawn, strict=True) if kind not in is_region]
        found = [_outline(feature) for feature in features]
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
        raise ImageError(f"{name}: is no GeoJSON of outlines: {error}; export it again.") from error
    return [outline for outline in found if outline is not None]


def _features(document: Any) -> Iterator[dict[str, Any]]:
    if isinstance(document, list):
        for one in document:
            if isinstance(one, list):
                raise ValueError("it holds a list within a list")
            yield from _features(one)
        return
    if not isinstance(document, dict):
        raise ValueError("it holds no object of the type FeatureCollection")
    if document.get("type") == "FeatureCollection":
        features = document.get("features")
        if not isinstance(features, list) or not all(isinstance(one, dict) for one in features):
            raise ValueError("its FeatureCollection has no list of features")
        yield from features
    elif document.get("type") == "Feature":
        yield document
    else:
        raise ValueError(f"it holds an object of the type {document.get('type')!r:.40}, not a FeatureCollection")


def _properties(feature: dict[str, Any]) -> dict[str, Any]:
    properties = feature.get("properties")
    return properties if isinstance(properties, dict) else {}


def _kind_of_object(feature: dict[str, Any]) -> str:
    """QuPath's type of an object: up to version 0.2 the feature's id, then `object_type`, then `objectType`."""
    properties = _properties(feature)
    return str(properties.get("objectType") or properties.get("object_type") or feature.get("id") or "").casefold()


def _outline(feature: dict[str, Any]) -> Outline | None:
    cell = _polygons(feature.get("geometry"))
    if cell is None:
        return None
    properties = _properties(feature)
    nucleus = _polygons(feature.get("nucleusGeometry", properties.get("nucleusGeometry")))
    kind = properties.get("classification")
    kind = kind.get("name") or ": ".join(map(str, kind.get("names") or ())) if isinstance(kind, dict) else kind
    return Outline(cell, nucleus, whole_number(properties.get("name")), fraction(_confidence(properties)), text(kind))


def _confidence(properties: dict[str, Any]) -> Any:
    """Of measurements as an object, or, as before QuPath 0.4, as a list of names and values."""
    known = properties.get("measurements")
    if isinstance(known, list):
        known = {str(one.get("name")): one.get("value") for one in known if isinstance(one, dict)}
    return known.get(CONFIDENCE) if isinstance(known, dict) else None


def _polygons(geometry: Any) -> list[Polygon] | None:
    """Polygons of a geometry; None for one without an inside, such as a point."""
    if geometry is None:
        return None
    if not isinstance(geometry, dict):
        raise ValueError(f"a geometry is no object but {type(geometry).__name__}")
    kind = geometry.get("type")
    if kind == "GeometryCollection":
        parts = [_polygons(one) for one in geometry["geometries"] if one.get("type") != kind]
        return [polygon for part in parts if part for polygon in part] or None
    if kind not in ("Polygon", "MultiPolygon"):
        return None
    coordinates = geometry.get("coordinates")
    if not isinstance(coordinates, list):
        raise ValueError(f"a {kind} has no coordinates")
    found = [[_ring(ring) for ring in polygon] for polygon in ([coordinates] if kind == "Polygon" else coordinates)]
    return [[ring for ring in polygon if len(ring) > 2] for polygon in found]


def _ring(values: Any) -> np.ndarray:
    if not isinstance(values, list):
        raise ValueError("a ring of a polygon is no list of points")
    if not values:
        return np.empty((0, 2))
    ring = np.array(values, np.float64)
    if ring.ndim != 2 or ring.shape[1] < 2:
        raise ValueError("a ring of a polygon is no list of points x, y")
    return ring[:, :2]


def _geometry(polygons: Sequence[Polygon]) -> dict[str, Any]:
    coordinates = [[[*ring.tolist(), ring[0].tolist()] for ring in polygon] for polygon in polygons]
    if len(coordinates) == 1:
        return {"type": "Polygon", "coordinates": coordinates[0]}
    return {"type": "MultiPolygon", "coordinates": coordinates}


def _values(table: pd.DataFrame | None) -> dict[int, dict[str, float]]:
    """Measurements of each cell by its number."""
    if table is None:
        return {}
    if "cell" not in table or table["cell"].duplicated().any():
        raise ValueError(
            "measurements must be the rows of one image, as table[table['image'] == 0] of FeatureSet.measure_cells: each cell once."
        )
    names = feature_columns(table)
    rows = table[names].to_numpy(np.float64).tolist()
    return {
        int(cell): {name: value for name, value in zip(names, row, strict=True) if np.isfinite(value)}
        for cell, row in zip(table["cell"], rows, strict=True)
    }
