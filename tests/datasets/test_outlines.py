"""Outlines beside images: which are whose, what a file for nuclei or for cells means, and what is told of those that do not fit."""

from __future__ import annotations

import json
import pickle

import cv2
import numpy as np
import pandas as pd
import pytest

from leukofeat import ImageError, write_labels
from leukofeat.datasets import load_images
from leukofeat.failures import ImageWarning
from leukofeat.features import FeatureSet, GeometryFeatures
from leukofeat.interchange import LabelMaps, write_coco, write_geojson

CELLS = np.zeros((6, 8), int)
CELLS[1:4, 1:4], CELLS[2:5, 5:8] = 12, 5
NUCLEI = np.zeros((6, 8), int)
NUCLEI[2, 2] = 12
MAPS = LabelMaps(NUCLEI, CELLS, confidence=[np.nan] * 4 + [0.75] + [np.nan] * 7)


@pytest.fixture
def two(tmp_path):
    """Two classes of an image each, of the same name."""
    for name in ("Pro", "Benign"):
        (tmp_path / "data" / name).mkdir(parents=True)
        assert cv2.imwrite(str(tmp_path / "data" / name / "1.png"), np.full((6, 8, 3), 200, np.uint8))
    return tmp_path / "data"


def test_geojson_of_cells_has_their_nuclei_names_and_confidence(two):
    for name in ("Pro", "Benign"):
        write_geojson(two / name / "1.geojson", MAPS)
    bunch = load_images(two, cells="*.geojson")
    assert bunch.summary == "2 images of 2 classes (Benign 1, Pro 1); label maps: cells 2"
    for smear in pickle.loads(pickle.dumps(bunch.images)):
        assert smear.label_ids.tolist() == [5, 12]
        np.testing.assert_array_equal(smear.nuclei, MAPS.nuclei)
        assert smear.confidence.tolist()[0] == 0.75
    (both,) = load_images(two, cells="*.geojson", nuclei="*.geojson").images[:1]
    np.testing.assert_array_equal(both.cells, MAPS.cells)


def test_a_file_for_nuclei(two):
    """Of cells with nuclei these, of outlines without nuclei all."""
    write_geojson(two / "Pro/1.geojson", MAPS)
    write_geojson(two / "Benign/1.geojson", LabelMaps(cells=CELLS))
    benign, pro = load_images(two, nuclei="*.geojson").images
    assert pro.label_ids.tolist() == [12]
    assert pro.cells.sum() == 1
    np.testing.assert_array_equal(benign.cells, MAPS.cells)
    np.testing.assert_array_equal(benign.nuclei, MAPS.cells)


def test_outlines_beside_label_maps(two):
    """Nuclei of one tool and cells of another, numbered apart."""
    for name in ("Pro", "Benign"):
        write_geojson(two / name / "1_n.geojson", LabelMaps(nuclei=NUCLEI // 4))
        write_labels(two / name / "1_c.png", CELLS)
    for smear in load_images(two, nuclei="*_n.geojson", cells="*_c.png").images:
        np.testing.assert_array_equal(smear.nuclei, MAPS.nuclei)
        assert smear.label_ids.tolist() == [5, 12]


@pytest.mark.parametrize("ending", ["geojson", "json"])
def test_cells_keep_their_confidence_beside_nuclei_of_another_file(two, ending):
    maps = LabelMaps(cells=CELLS, confidence=[np.nan] * 4 + [0.75] + [np.nan] * 6 + [0.5])
    for name in ("Pro", "Benign"):
        write_geojson(two / name / "1.geojson", maps)
        write_labels(two / name / "1_n.png", NUCLEI // 4)
    write_coco(two / "cells.json", {"Pro/1.png": maps, "Benign/1.png": maps})
    where = "*.geojson" if ending == "geojson" else "cells.json"
    for smear in load_images(two, nuclei="*_n.png", cells=where).images:
        assert smear.label_ids.tolist() == [5, 12]
        assert smear.confidence.tolist() == [0.75, 0.5]
        np.testing.assert_array_equal(smear.nuclei, MAPS.nuclei)


def test_masks_that_are_not_numbered_beside_outlines(two):
    """Each part of a mask is an object, whichever of the two it is."""
    for name in ("Pro", "Benign"):
        write_geojson(two / name / "1.geojson", LabelMaps(cells=CELLS))
        inner = CELLS * np.pad(np.ones((2, 6), int), ((2, 2), (1, 1)))
        assert cv2.imwrite(str(two / name / "1_m.png"), np.where(inner, 255, 0).astype(np.uint8))
    for smear in load_images(two, nuclei="*_m.png", cells="*.geojson", numbered=False).images:
        assert smear.label_ids.tolist() == [5, 12]
        assert np.unique(smear.nuclei).tolist() == [0, 1, 2]
    for smear in load_images(two, nuclei="*.geojson", cells="*_m.png", numbered=False).images:
        assert len(smear.label_ids) == 2


def test_one_coco_file_for_all(two):
    other = LabelMaps(cells=CELLS * (CELLS == 5))
    write_coco(two / "annotations.json", {"Pro/1.png": MAPS, "Benign/1.png": other})
    bunch = load_images(two, cells="annotations.json")
    assert bunch.summary == "2 images of 2 classes (Benign 1, Pro 1); label maps: cells 2"
    assert [smear.label_ids.tolist() for smear in bunch.images] == [[5], [5, 12]]
    assert bunch.images.digest(0) != bunch.images.digest(1)
    tables = [FeatureSet([GeometryFeatures()], n_jobs=n).measure_cells(bunch.images) for n in (1, 2)]
    pd.testing.assert_frame_equal(*tables, check_exact=True)
    write_coco(two / "annotations.json", {"Pro/1.png": MAPS})
    bunch = load_images(two, cells="annotations.json", nuclei="annotations.json")
    assert isinstance(bunch.images[0], np.ndarray)  # not in the file: as it is
    np.testing.assert_array_equal(bunch.images[1].nuclei, MAPS.nuclei)


def test_coco_files_that_do_not_fit(two):
    write_coco(two / "a.json", {"1.png": MAPS})
    with pytest.raises(ImageError, match=r"are both called 1\.png in .*a\.json; it must call images by their paths"):
        load_images(two, cells="a.json")
    write_coco(two / "a.json", {"2.png": MAPS})
    with pytest.raises(ImageError, match=r"names none of the images; 2\.png for one"):
        load_images(two, cells="a.json")
    write_coco(two / "a.json", {"Pro/1.png": LabelMaps(cells=CELLS.T)})
    with pytest.raises(ImageError, match=r"calls Pro/1\.png 6 x 8 pixels, but the image is 8 x 6"):
        load_images(two, cells="a.json").images[1]
    with pytest.raises(ImageError, match=r"b\.json: cannot be read"):
        load_images(two, cells="b.json")


def test_a_damaged_file_fails_like_a_broken_image(two):
    write_geojson(two / "Pro/1.geojson", MAPS)
    (two / "Benign/1.geojson").write_text("{")
    images = load_images(two, cells="*.geojson").images
    with pytest.warns(ImageWarning, match=r"Benign.1\.geojson: is no JSON"):
        table = FeatureSet([GeometryFeatures()], on_error="nan").measure_cells(images)
    assert table["image"].tolist() == [1, 1]


def test_overlaps_are_told_of_once_for_all_images(two):
    def box(left, right):
        ring = [[left, 0], [right, 0], [right, 5], [left, 5], [left, 0]]
        return {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}}

    for name in ("Pro", "Benign"):
        features = {"type": "FeatureCollection", "features": [box(0, 4), box(3, 7)]}
        (two / name / "1.geojson").write_text(json.dumps(features))
    for n_jobs in (1, 2):
        with pytest.warns(UserWarning, match=r"2 of 2 images, .*: objects overlap") as caught:
            FeatureSet([GeometryFeatures()], n_jobs=n_jobs).measure_cells(load_images(two, cells="*.geojson").images)
        assert len(caught) == 1
