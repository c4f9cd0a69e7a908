"""GeoJSON: what was drawn comes back, pixel by pixel; what others have drawn is filled by one rule; damage has a name."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leukofeat import ImageError, Smear
from leukofeat.decode import limits
from leukofeat.features import ColorFeatures, FeatureSet, GeometryFeatures
from leukofeat.interchange import LabelMaps, read_geojson, write_geojson
from leukofeat.interchange.polygons import paint, trace_labels
from leukofeat.segmentation import LabKMeansSegmenter
from tests.interchange.maps import ODD, label_maps, same


@given(label_maps())
@settings(max_examples=150, deadline=None)
def test_outlines_hold_the_pixels_that_they_were_drawn_around(maps):
    _, cells = maps
    cells = LabelMaps(cells=cells).cells
    polygons = trace_labels(cells)
    painted, n_covered = paint(polygons, cells.shape)
    np.testing.assert_array_equal(painted, cells)
    assert n_covered == 0
    for parts in polygons:
        for polygon in parts:
            areas = [_area(ring) for ring in polygon]
            assert areas[0] > 0
            assert all(area < 0 for area in areas[1:])
            for ring in polygon:
                assert len(np.unique(ring, axis=0)) == len(ring)  # simple: no corner twice
                turns = np.diff(np.vstack([ring, ring[:2]]), axis=0) != 0
                assert (turns.sum(axis=1) == 1).all()  # along the edges of pixels
                assert (turns[1:] != turns[:-1]).all()  # and only where they turn
    assert sum(_area(ring) for parts in polygons for polygon in parts for ring in polygon) == (cells > 0).sum()


def _area(ring):
    x, y = ring.astype(np.int64).T
    return (x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("geojson") / "cells.geojson"


@given(label_maps())
@settings(max_examples=60, deadline=None)
def test_label_maps_come_back(place, maps):
    given = LabelMaps(*maps)
    write_geojson(place, given)
    same(read_geojson(place, given.cells.shape), given)


@pytest.mark.parametrize("maps", ODD.values(), ids=ODD)
def test_odd_maps_come_back(maps, tmp_path):
    write_geojson(tmp_path / "a.geojson", maps)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same(read_geojson(tmp_path / "a.geojson", maps.cells.shape), maps)


def test_rows_are_the_same_bytes(smears, tmp_path):
    features = FeatureSet([GeometryFeatures(), ColorFeatures()])
    records = list(LabKMeansSegmenter().fit_transform(smears.images))
    back = []
    for i, smear in enumerate(records):
        write_geojson(tmp_path / f"{i}.geojson", smear)
        back.append(read_geojson(tmp_path / f"{i}.geojson", smear.image.shape[:2]).on(smear.image))
    pd.testing.assert_frame_equal(features.measure_cells(back), features.measure_cells(records), check_exact=True)
    assert features.transform(back).tobytes() == features.transform(records).tobytes()


def test_what_qupath_is_told(tmp_path):
    image = np.full((3, 4, 3), 200, np.uint8)
    smear = Smear(
        image, ODD["some nuclei"].nuclei[:3], ODD["some nuclei"].cells[:3], label_ids=[12, 7], confidence=[0.5, np.nan]
    )
    table = FeatureSet([GeometryFeatures()]).measure_cells([smear])
    write_geojson(tmp_path / "a.geojson", smear, classes=["blast", None], measurements=table)
    document = json.loads((tmp_path / "a.geojson").read_text())
    first, second = document["features"]
    assert document["type"] == "FeatureCollection"
    assert first["geometry"]["type"] == "Polygon"
    ring = first["geometry"]["coordinates"][0]
    assert ring[0] == ring[-1] == [0, 0]
    assert second["nucleusGeometry"] == second["geometry"]
    assert "nucleusGeometry" not in first
    assert first["properties"]["classification"]["name"] == "blast"
    assert "classification" not in second["properties"]
    assert [one["properties"]["objectType"] for one in (first, second)] == ["cell", "cell"]
    assert [one["properties"]["name"] for one in (first, second)] == ["12", "7"]
    said = first["properties"]["measurements"]
    assert said["cell_area"] == table["cell_area"][0]
    assert said["Confidence"] == 0.5
    assert "bbox_top" not in said
    assert "Confidence" not in second["properties"]["measurements"]
    assert read_geojson(tmp_path / "a.geojson", (3, 4)).classes == ("blast", None)


def feature(coordinates, kind="Polygon", nucleus=None, **properties):
    one = {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}, "properties": properties}
    return one if nucleus is None else one | {"nucleusGeometry": {"type": "Polygon", "coordinates": nucleus}}


def box(left, top, right, bottom):
    return [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]


def written(tmp_path, document):
    file = tmp_path / "drawn.geojson"
    file.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return file


def collection(*features):
    return {"type": "FeatureCollection", "features": list(features)}


@given(st.lists(st.tuples(st.floats(-3, 9), st.floats(-3, 9)), min_size=3, max_size=7))
@settings(max_examples=100, deadline=None)
def test_pixels_whose_centres_lie_inside(points):
    """Against the winding of a polygon counted pixel by pixel, for centres that are not on an edge."""
    ring = np.array(points, np.float64)
    painted, _ = paint([[[ring]]], (6, 7))
    for row in range(6):
        for column in range(7):
            x, y, inside, on_edge = column + 0.5, row + 0.5, False, False
            for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
                if (y0 > y) != (y1 > y):
                    crossing = x0 + (y - y0) * (x1 - x0) / (y1 - y0)
                    on_edge |= abs(crossing - x) < 1e-6
                    inside ^= crossing > x
                on_edge |= min(abs(y0 - y), abs(y1 - y)) < 1e-6
            assert on_edge or bool(painted[row, column]) == inside


def test_polygons_side_by_side_share_no_pixel():
    """A centre on a common edge belongs to one of them."""
    left, right = np.array(box(0, 0, 1.5, 2)[:-1]), np.array(box(1.5, 0, 3, 2)[:-1])
    painted, n_covered = paint([[[left]], [[right]]], (2, 3))
    assert painted.tolist() == [[1, 2, 2]] * 2
    assert n_covered == 0


def test_an_ellipse_has_its_area():
    turns = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    x, y = 20 * np.cos(turns), 11 * np.sin(turns)
    ring = np.column_stack([50.3 + x * 0.8 - y * 0.6, 40.7 + x * 0.6 + y * 0.8])
    assert abs(int((paint([[[ring]]], (90, 100))[0] > 0).sum()) - np.pi * 20 * 11) < 8


def test_overlapping_cells_are_told_of(tmp_path):
    file = written(tmp_path, collection(feature([box(0, 0, 3, 3)], name="4"), feature([box(1, 0, 4, 3)], name="2")))
    with pytest.warns(
        UserWarning, match=r"drawn\.geojson: objects overlap; a pixel in two of them belongs to the later one"
    ):
        found = read_geojson(file, (3, 5))
    assert found.named("cells").tolist() == [[4, 2, 2, 2, 0]] * 3


def test_cells_beyond_the_image_are_left_out_and_told_of(tmp_path):
    far, thin = feature([box(50, 50, 60, 60)]), feature([box(0.6, 0, 1.4, 3)])
    file = written(tmp_path, collection(far, feature([box(-2, 1, 2, 9)], name="8"), thin))
    with pytest.warns(UserWarning, match=r"some objects hold no pixel's centre"):
        found = read_geojson(file, (3, 4))
    assert found.named("cells").tolist() == [[0, 0, 0, 0], [8, 8, 0, 0], [8, 8, 0, 0]]


def test_a_nucleus_counts_as_far_as_it_lies_in_its_cell(tmp_path):
    file = written(
        tmp_path, collection(feature([box(0, 0, 2, 2)], nucleus=[box(1, 0, 3, 1)]), feature([box(2, 0, 4, 2)]))
    )
    found = read_geojson(file, (2, 4))
    assert found.nuclei.tolist() == [[0, 1, 0, 0], [0, 0, 0, 0]]


def test_names(tmp_path):
    squares = [
        feature([box(i, 0, i + 1, 1)], name=name) for i, name in enumerate(["7", "7", "blast", None, "0", 3, "1e3"])
    ]
    assert read_geojson(written(tmp_path, collection(*squares)), (1, 7)).label_ids.tolist() == [7, 8, 9, 10, 11, 3, 12]


def test_older_and_other_files(tmp_path):
    """Types as earlier versions have them, a list, one feature, lines and points beside cells, a region drawn around them, height as third number."""
    region = feature([box(0, 0, 4, 4)], objectType="annotation")
    old = feature([box(0, 0, 1, 1)], object_type="cell", measurements=[{"name": "Confidence", "value": 0.25}])
    oldest = feature([[[1, 1, 0], [2, 1, 0], [2, 2, 0], [1, 2, 0]]]) | {"id": "PathCellObject"}
    point = feature([1, 1], kind="Point", objectType="annotation")
    many = feature([[box(2, 2, 3, 3)], [box(3, 3, 4, 4)]], kind="MultiPolygon", objectType="detection")
    found = read_geojson(written(tmp_path, [region, old, oldest, point, many]), (4, 4))
    assert found.cells.tolist() == [[1, 0, 0, 0], [0, 2, 0, 0], [0, 0, 3, 0], [0, 0, 0, 3]]
    assert found.confidence.tolist()[0] == 0.25
    assert read_geojson(written(tmp_path, [region, point]), (4, 4)).cells.all()  # drawn by hand
    assert read_geojson(written(tmp_path, "\ufeff" + json.dumps(old)), (4, 4)).cells.sum() == 1
    assert len(read_geojson(written(tmp_path, collection()), (4, 4)).label_ids) == 0


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("", "the file is empty"),
        ("{", "is no JSON"),
        ("[" * 100_000, "is nested too deeply"),
        ("\xff", "holds no object|is no JSON"),
        ("7", "holds no object of the type FeatureCollection"),
        ('{"type": "Topology"}', "'Topology', not a FeatureCollection"),
        ('{"type": "FeatureCollection"}', "no list of features"),
        ('{"type": "FeatureCollection", "features": [3]}', "no list of features"),
        (collection(feature("x")), "has no coordinates"),
        (collection(feature(["x"])), "no list of points"),
        (collection(feature([[["a", "b"]] * 3])), "is no GeoJSON of outlines"),
        (collection(feature([[[0, 0], [1], [2, 2]]])), "is no GeoJSON of outlines"),
        (collection(feature([[0, 1, 2]])), "no list of points x, y"),
        (collection(feature([box(0, 0, float("nan"), 3)])), "coordinates that are no numbers"),
        (collection(feature([box(0, 0, 1e300, 3)])), "millions of pixels"),
        (
            '{"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [[[' + "9" * 5000 + ", 0]]]}}",
            "JSON|outlines",
        ),
        ({"type": "Feature", "geometry": 3}, "a geometry is no object"),
    ],
)
def test_damage_has_a_name(document, message, tmp_path):
    with pytest.raises(ImageError, match=message) as caught:
        read_geojson(written(tmp_path, document), (3, 4))
    assert "drawn.geojson" in str(caught.value)


def test_few_bytes_that_would_paint_for_hours(tmp_path):
    file = written(tmp_path, collection(*[feature([box(0, 0, 4000, 4000)])] * 300))
    with pytest.raises(ImageError, match="more than 50 times"):
        read_geojson(file, (4000, 4000))
    zigzag = [[x, y * 4000] for x in range(4000) for y in (0, 1)] * 60
    with pytest.raises(ImageError, match="more than 50 times"):
        read_geojson(written(tmp_path, feature([zigzag])), (4000, 4000))


def test_a_file_that_is_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_PIXELS", 100)
    with pytest.raises(ImageError, match=r"bytes are more than the 100 that are read"):
        read_geojson(written(tmp_path, collection(*[feature([box(0, 0, 1, 1)])] * 5)), (3, 4))


def test_what_cannot_be_written(tmp_path):
    image = np.zeros((2, 2, 3), np.uint8)
    with pytest.raises(TypeError, match="is not segmented"):
        write_geojson(tmp_path / "a.geojson", Smear(image))
    with pytest.raises(TypeError, match="not as ndarray"):
        write_geojson(tmp_path / "a.geojson", image)
    with pytest.raises(ValueError, match="classes has 2 entries for 1 cells"):
        write_geojson(tmp_path / "a.geojson", LabelMaps(cells=[[1]]), classes=["a", "b"])
    with pytest.raises(ValueError, match="rows of one image"):
        write_geojson(tmp_path / "a.geojson", LabelMaps(cells=[[1]]), measurements=pd.DataFrame({"cell": [1, 1]}))
    with pytest.raises(ValueError, match=r"height, width"):
        read_geojson(written(tmp_path, collection()), image.shape)
    assert not (tmp_path / "a.geojson").exists()


@pytest.mark.parametrize("classes", [np.array([0, 1]), ["blast", np.nan], [b"blast", None]])
def test_classes_are_names(tmp_path, classes):
    """As `predict` gives codes where it was trained on codes."""
    with pytest.raises(TypeError, match=r"classes holds .*give names"):
        write_geojson(tmp_path / "a.geojson", LabelMaps(cells=[[1, 2]]), classes=classes)
    assert not (tmp_path / "a.geojson").exists()


def test_measurements_of_another_image_are_refused(tmp_path):
    maps = LabelMaps(cells=[[3, 9]])
    with pytest.raises(ValueError, match="measurements has cell 4, and the image cells 3 to 9"):
        write_geojson(tmp_path / "a.geojson", maps, measurements=pd.DataFrame({"cell": [4], "area": [1.0]}))
    # of some cells, and beside others that are not written
    write_geojson(tmp_path / "a.geojson", maps, measurements=pd.DataFrame({"cell": [4, 9], "area": [1.0, 2.0]}))
    measured = [
        one["properties"]["measurements"] for one in json.loads((tmp_path / "a.geojson").read_text())["features"]
    ]
    assert measured == [{}, {"area": 2.0}]
