"""COCO: one file for many images, run lengths without loss, polygons by the rule of centres; damage has a name."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from leukofeat import ImageError
from leukofeat.interchange import LabelMaps, read_coco, write_coco
from leukofeat.interchange.rle import counts_of
from tests.interchange.maps import ODD, label_maps, same


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("coco") / "annotations.json"


@given(label_maps(), label_maps())
@settings(max_examples=40, deadline=None)
def test_label_maps_come_back(place, one, other):
    maps = {"Pro/1.png": LabelMaps(*one), "2.png": LabelMaps(*other)}
    write_coco(place, maps)
    for name, written in maps.items():
        same(read_coco(place, name), written)


def test_odd_maps_come_back(tmp_path):
    write_coco(tmp_path / "a.json", ODD)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, maps in ODD.items():
            same(read_coco(tmp_path / "a.json", name), maps)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@given(arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40)), elements=st.sampled_from([0, 1])))
@settings(max_examples=50, deadline=None)
def test_run_lengths_are_those_of_pycocotools(tmp_path_factory, mask):
    tools = pytest.importorskip("pycocotools.mask")
    packed = tools.encode(np.asfortranarray(mask))
    counts = counts_of(packed["counts"].decode())
    runs = np.repeat(np.arange(len(counts)) % 2, counts).reshape(mask.T.shape).T
    np.testing.assert_array_equal(runs, mask)
    file = tmp_path_factory.getbasetemp() / "pycocotools.json"
    if mask.any():
        write_coco(file, {"a": LabelMaps(cells=mask)})
        written = json.loads(file.read_text())["annotations"][0]
        np.testing.assert_array_equal(tools.decode(tools.frPyObjects(written["segmentation"], *mask.shape)), mask)
        assert written["area"] == mask.sum()
        assert written["bbox"] == tools.toBbox(packed).tolist()


def document(*annotations, size=(3, 4), **changes):
    images = [{"id": 5, "file_name": "a.png", "height": size[0], "width": size[1]}]
    categories = [{"id": 1, "name": "blast"}, {"id": 2, "name": "Nucleus"}]
    marked = [{"id": i, "image_id": 5, "category_id": 1} | one for i, one in enumerate(annotations)]
    return {"images": images, "categories": categories, "annotations": marked} | changes


def read(tmp_path, content):
    file = tmp_path / "annotations.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_coco(file, "a.png")


def test_files_of_other_tools(tmp_path):
    """Several polygons of one cell, lists and texts of run lengths, a nucleus without a label, categories as classes."""
    polygons = {"segmentation": [[0, 0, 2, 0, 2, 1, 0, 1], [0, 2, 1, 2, 1, 3, 0, 3]], "score": 0.5}
    listed = {"segmentation": {"size": [3, 4], "counts": [6, 2, 4]}}
    packed = {"segmentation": {"size": [3, 4], "counts": "91200000"[:2] + "2"}}
    nucleus = {"segmentation": [[1, 0, 2, 0, 2, 1, 1, 1]], "category_id": 2}
    found = read(tmp_path, document(nucleus, polygons, listed, packed))
    assert found.cells.tolist() == [[1, 1, 2, 3], [0, 0, 2, 0], [1, 0, 0, 0]]
    assert found.nuclei.tolist() == [[0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert found.classes == ("blast",) * 3
    assert found.confidence[0] == 0.5


def test_nuclei_alone_are_cells(tmp_path):
    found = read(tmp_path, document({"segmentation": [[0, 0, 2, 0, 2, 1, 0, 1]], "category_id": 2}))
    assert found.cells.sum() == found.nuclei.sum() == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is no JSON"),
        ("[]", "no lists `images` and `annotations`"),
        (document(images=[{"id": 1}]), "'file_name' is missing"),
        (document(size=(0, 3)), "the size of the image 'a.png'"),
        (document(size=(10**6, 10**6)), "more than the 150,000,000 that are read"),
        (document(images=7), "is no COCO file"),
        (document({"image_id": 99}), "99 is missing"),
        (document({"segmentation": 3}), "a segmentation is no list"),
        (document({"segmentation": [[1, 2, 3]]}), "no list of x and y"),
        (document({"segmentation": [["a"] * 6]}), "is no COCO file"),
        (document({"segmentation": {"size": [4, 3], "counts": [12]}}), r"size \[4, 3\], but its image \[3, 4\]"),
        (document({"segmentation": {"size": [3, 4], "counts": [5, -1]}}), "0 or above"),
        (document({"segmentation": {"size": [3, 4], "counts": [5, 1]}}), "do not fill 4 x 3"),
        (document({"segmentation": {"size": [3, 4], "counts": [2**52] * 3}}), "do not fill 4 x 3"),
        (document({"segmentation": {"size": [3, 4], "counts": "~~"}}), "damaged"),
        (document({"segmentation": {"size": [3, 4], "counts": "PPPPPPPPPPPPPPPPP0"}}), "damaged"),
        (document({"segmentation": {"size": [3, 4]}}), "a list or a text"),
    ],
)
def test_damage_has_a_name(content, message, tmp_path):
    with pytest.raises(ImageError, match=message) as caught:
        read(tmp_path, content)
    assert "annotations.json" in str(caught.value)


def test_masks_that_would_be_painted_for_hours(tmp_path):
    whole = {"segmentation": {"size": [2000, 2000], "counts": [0, 4_000_000]}}
    with pytest.raises(ImageError, match="more than 50 times"):
        read(tmp_path, document(*[whole] * 80, size=(2000, 2000)))


def _document(*segmentations):
    return {
        "images": [{"id": 1, "file_name": "1.png", "width": 8, "height": 6}],
        "categories": [{"id": 1, "name": "cell"}],
        "annotations": [
            {"id": i, "image_id": 1, "category_id": 1, "bbox": [1, 1, 3, 3]} | one
            for i, one in enumerate(segmentations)
        ],
    }


@pytest.mark.parametrize("box", [{}, {"segmentation": None}, {"segmentation": []}])
def test_boxes_without_masks_are_no_cells(tmp_path, box):
    """As of a file for detectors: not as many cells that hold no pixel."""
    place = tmp_path / "boxes.json"
    place.write_text(json.dumps(_document(box, box)))
    with pytest.raises(ImageError, match=r"boxes\.json \(1\.png\).*boxes without a mask"):
        read_coco(place, "1.png")
    place.write_text(json.dumps(_document(box, {"segmentation": [[0, 0, 2, 0, 2, 2]]})))
    with pytest.warns(UserWarning, match="hold no pixel"):
        assert len(read_coco(place, "1.png").label_ids) == 1


def test_names_of_files_that_are_no_text(tmp_path):
    write_coco(tmp_path / "a.json", {"b\udcff ü.png": LabelMaps(cells=[[0, 7]])})
    assert read_coco(tmp_path / "a.json", "b\udcff ü.png").label_ids.tolist() == [7]


def test_cells_without_the_names_of_their_images_are_refused(tmp_path):
    with pytest.raises(TypeError, match=r"cells must be a dict of file name to segmented Smear, .*, not list"):
        write_coco(tmp_path / "a.json", [LabelMaps([[0, 7, 0]], [[0, 7, 7]])])
