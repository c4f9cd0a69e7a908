"""`leukofeat masks`, and label maps made elsewhere at the command line: what is written is found and measured again."""

import shutil
import sys

import cv2
import numpy as np
import pandas as pd
import pytest

from leukofeat import read_labels
from leukofeat.cli import main
from leukofeat.datasets import load_images
from leukofeat.features import ColorFeatures, FeatureSet, GeometryFeatures
from leukofeat.persistence import load
from leukofeat.segmentation import LabKMeansSegmenter, LeukocyteSegmenter, OtsuSegmenter
from leukofeat.smear import Smear

FAST = ("--segmenter", "OtsuSegmenter", "-q")


def patterns(ending="png"):
    return {what: f"../masks/{what}/*.{ending}" for what in ("nuclei", "cells")}


@pytest.fixture
def images(labelled, tmp_path):
    """A copy of the labelled images, without what the manifest says."""
    shutil.copytree(labelled, tmp_path / "images", ignore=shutil.ignore_patterns("manifest.csv"))
    return tmp_path / "images"


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_what_is_written_is_what_the_segmenter_found(images, tmp_path, capsys, ending):
    assert main(["masks", str(images), "-o", str(tmp_path / "masks"), "--format", ending, "-q", "-j", "2"]) == 0
    out = capsys.readouterr().out
    call = f'load_images("{images}", nuclei="../masks/nuclei/*.{ending}", cells="../masks/cells/*.{ending}")'
    assert call in out
    bunch = eval(call, {"load_images": load_images})
    plain = load_images(images)
    assert bunch.filenames.tolist() == plain.filenames.tolist()
    for found, expected in zip(bunch.images, LeukocyteSegmenter().fit_transform(plain.images), strict=True):
        np.testing.assert_array_equal(found.nuclei, expected.nuclei)
        np.testing.assert_array_equal(found.cells, expected.cells)
        assert found.label_ids.tolist() == expected.label_ids.tolist()
    table = pd.read_csv(tmp_path / "masks/bodies.csv")
    assert list(table.columns) == ["path", "cell", "row", "column", "area", "confidence", "dropped"]
    cells = FeatureSet([GeometryFeatures()]).measure_cells(bunch.images)
    reported = table[table["cell"].notna()]
    assert reported["path"].tolist() == bunch.frame["path"].to_numpy()[cells["image"]].tolist()
    assert reported["cell"].tolist() == cells["cell"].tolist()
    assert reported["row"].between(cells["bbox_top"].to_numpy(), cells["bbox_bottom"].to_numpy()).all()
    assert f"label maps of {len(bunch.images)} images, {len(cells)} cells" in out


@pytest.mark.parametrize("kind", ["geojson", "roi", "coco"])
def test_outlines_give_the_rows_of_the_segmenter_to_the_last_byte(images, tmp_path, capsys, kind):
    if kind == "roi":
        pytest.importorskip("roifile")
    assert main(["masks", str(images), "-o", str(tmp_path / "masks"), "--format", kind, "-q", "-j", "2"]) == 0
    out = capsys.readouterr().out
    files = {"geojson": "*.geojson", "roi": "*.zip", "coco": "annotations.json"}[kind]
    call = f'load_images("{images}", cells="../masks/{files}")'
    assert call in out
    bunch = eval(call, {"load_images": load_images})
    assert bunch.summary.endswith(f"label maps: cells {len(bunch.filenames)}")
    features = FeatureSet([GeometryFeatures(), ColorFeatures()])
    expected = features.measure_cells(LeukocyteSegmenter().fit_transform(load_images(images).images))
    pd.testing.assert_frame_equal(features.measure_cells(bunch.images), expected, check_exact=True)
    pd.testing.assert_frame_equal(features.set_params(n_jobs=2).measure_cells(bunch.images), expected, check_exact=True)
    table = tmp_path / "cells.csv"
    assert main(["extract", str(images), "-q", "--cells", "-o", str(table), "--cells-from", f"../masks/{files}"]) == 0
    assert len(pd.read_csv(table)) == len(expected)


def test_regions_of_imagej_without_their_package(images, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "roifile", None)
    assert main(["masks", str(images), "-o", str(tmp_path / "masks"), "--format", "roi"]) == 2
    assert "pip install 'leukofeat[imagej]'" in capsys.readouterr().err


def test_a_broken_image_is_reported_and_the_rest_is_written(images, tmp_path, capsys):
    assert main(["masks", str(images), "-o", str(tmp_path / "masks"), *FAST]) == 0
    (broken,) = sorted(images.rglob("*.png"))[:1]
    broken.write_bytes(b"no image")
    assert main(["masks", str(images), "-o", str(tmp_path / "masks"), *FAST]) == 3
    said = capsys.readouterr()
    assert f"{broken}: ImageError: not a JPEG" in said.err
    assert "1 of 24 images failed; the others are done." in said.err
    assert "label maps of 23 images" in said.out
    # and none of the earlier run is left that would pass for it
    assert (
        len(list((tmp_path / "masks/nuclei").rglob("*.png")))
        == len(list((tmp_path / "masks/cells").rglob("*.png")))
        == 23
    )


def test_confidence_and_dropped_bodies_are_in_the_table(images, tmp_path, monkeypatch):
    def apply(self, smear):
        cells = np.zeros(smear.image.shape[:2], int)
        cells[2:4, 5:9] = 7
        dropped = [(1.5, 3.25, 9, "a platelet")]
        return Smear(smear.image, cells=cells, source=smear.source, confidence=np.full(7, 0.75), dropped=dropped)

    monkeypatch.setattr(OtsuSegmenter, "apply", apply)
    assert main(["masks", str(images), "-o", str(tmp_path / "masks"), *FAST]) == 0
    table = pd.read_csv(tmp_path / "masks/bodies.csv")
    assert len(table) == 48
    first, second = table.iloc[:2].to_dict("records")
    assert [first[key] for key in ("cell", "row", "column", "area", "confidence")] == [7, 2.5, 6.5, 8, 0.75]
    assert [second[key] for key in ("row", "column", "area", "dropped")] == [1.5, 3.25, 9, "a platelet"]
    assert np.isnan(second["cell"])
    written = read_labels(next((tmp_path / "masks/cells").rglob("*.png")))
    assert np.unique(written).tolist() == [0, 7]


def test_images_without_a_cell_have_empty_label_maps(tmp_path):
    (tmp_path / "images").mkdir()
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(tmp_path / "images" / name), np.full((40, 40, 3), 230, np.uint8))
    assert main(["masks", str(tmp_path / "images"), "-o", str(tmp_path / "masks"), *FAST]) == 0
    assert not read_labels(tmp_path / "masks/cells/a.png").any()
    assert pd.read_csv(tmp_path / "masks/bodies.csv").empty
    assert [smear.n_cells for smear in load_images(tmp_path / "images", **patterns()).images] == [0, 0]


def test_places_and_names_that_cannot_be(images, tmp_path, capsys):
    assert main(["masks", str(images), "-o", str(images / "masks"), "-q"]) == 2
    assert "lies within the folder of the images" in capsys.readouterr().err
    (tmp_path / "file").write_text("x")
    assert main(["masks", str(images), "-o", str(tmp_path / "file"), "-q"]) == 2
    with pytest.raises(SystemExit):
        main(["masks", str(images), "-o", str(tmp_path / "masks"), "--segmenter", "Otsu"])
    assert "'OtsuSegmenter'" in capsys.readouterr().err
    one = next(images.rglob("*.png"))
    shutil.copy(one, one.with_suffix(".jpg"))
    assert main(["masks", str(images), "-o", str(tmp_path / "masks"), "-q"]) == 1
    assert "would have one label map" in capsys.readouterr().err
    assert not (tmp_path / "masks").exists()


@pytest.fixture
def segmented(images, tmp_path):
    """The images, and label maps of another segmenter than the pipelines'."""
    assert main(["masks", str(images), "-o", str(tmp_path / "masks"), "--segmenter", "LabKMeansSegmenter", "-q"]) == 0
    where = [part for what, files in patterns().items() for part in (f"--{what}-from", files)]
    return images, where


def test_extract_measures_given_label_maps(segmented, tmp_path, capsys):
    images, where = segmented
    typed = ["extract", str(images), "-q", "--cells", "-o", str(tmp_path / "cells.csv")]
    assert main([*typed, *where]) == 0
    assert "label maps: nuclei 24, cells 24" in capsys.readouterr().err
    smears = LabKMeansSegmenter().fit_transform(load_images(images).images)
    expected = FeatureSet([GeometryFeatures()]).measure_cells(smears)
    table = pd.read_csv(tmp_path / "cells.csv")
    np.testing.assert_array_equal(table["nucleus_area"], expected["nucleus_area"])
    (tmp_path / "masks/cells/Pro").rename(tmp_path / "masks/cells/gone")
    assert main([*typed, *where]) == 3
    assert "cannot be read (No such file or directory)" in capsys.readouterr().err
    assert main([*typed, "--cells-from", "*_nothing.png"]) == 1
    assert "no image has such a file" in capsys.readouterr().err


def test_other_baselines_and_masks_without_numbers(segmented, tmp_path):
    images, where = segmented
    for name in ("four_colors", "no_leukocytes"):
        assert main(["extract", str(images), "-q", "-b", name, "-o", str(tmp_path / "x.csv"), *where]) == 0
    for path in (tmp_path / "masks").rglob("*.png"):
        cv2.imwrite(str(path), (read_labels(path) > 0).astype(np.uint8) * 255)
    typed = ["extract", str(images), "-q", "-o", str(tmp_path / "x.csv"), *where]
    assert main([*typed, "--unnumbered"]) == 0
    assert main(typed) in (0, 3)  # images of one cell have a mask that is a label map


def test_train_and_predict_on_given_label_maps(segmented, tmp_path, capsys):
    images, where = segmented
    model, output = tmp_path / "model.skops", tmp_path / "predictions.csv"
    assert main(["train", str(images), "-q", "-o", str(model), *where]) == 0
    assert load(model).named_steps["passthrough"] == "passthrough"
    main(["predict", str(model), str(images), "-q", "-o", str(output), *where])
    table = pd.read_csv(output)
    cells = [smear.n_cells for smear in LabKMeansSegmenter().fit_transform(load_images(images).images)]
    assert table["cells"].tolist() == cells
    assert table["predicted"].notna().sum() == np.count_nonzero(cells)
    capsys.readouterr()
    assert main(["predict", str(model), str(images), "-q", "-o", str(output)]) == 3
    assert "needs a segmented smear" in capsys.readouterr().err


def test_compare_on_given_label_maps(segmented, tmp_path):
    images, where = segmented
    typed = ["compare", str(images), "-q", "-o", str(tmp_path / "results"), "--cv", "2", *where]
    assert main([*typed, "-p", "given=no_leukocytes:segmenter=passthrough", "-p", "four_colors"]) == 0
    assert pd.read_csv(tmp_path / "results/table.csv")["pipeline"].tolist() == ["given", "four_colors"]
