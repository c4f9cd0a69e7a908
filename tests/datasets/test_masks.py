"""Label maps made elsewhere, beside their images: which file belongs to which, what becomes of its numbers, and how far they reach."""

from __future__ import annotations

import doctest
import os
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.model_selection import cross_val_predict

from leukofeat import ImageError, Smear, as_sequence, write_labels
from leukofeat.baselines import find_pipeline, make_baseline
from leukofeat.datasets import load_images
from leukofeat.datasets import masks as masks_module
from leukofeat.evaluation import compare
from leukofeat.failures import ImageWarning
from leukofeat.features import ColorFeatures, FeatureSet, GeometryFeatures
from leukofeat.segmentation import LabKMeansSegmenter, OtsuSegmenter


def draw(file: Path, shape=(6, 8)) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(file), np.full((*shape, 3), 200, np.uint8))
    return file


def write(file: Path, labels) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    write_labels(file, labels)
    return file


CELLS = np.zeros((6, 8), int)
CELLS[1:4, 1:4], CELLS[2:5, 5:8] = 12, 5


@pytest.fixture
def two(tmp_path) -> Path:
    """Two classes of an image each, of the same name."""
    draw(tmp_path / "data/Pro/1.jpg")
    draw(tmp_path / "data/Benign/1.png")
    return tmp_path / "data"


@pytest.fixture(scope="session")
def masked(smears, tmp_path_factory) -> Path:
    """Eight synthetic fields in class folders, and their label maps, numbered by hundreds, in folders beside them."""
    root = tmp_path_factory.mktemp("masked")
    for i, (image, nuclei, cells) in enumerate(zip(smears.images, smears.nuclei, smears.cells, strict=True)):
        name = f"{smears.target_names[smears.target[i]]}/{i}"
        (root / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(root / "images" / f"{name}.png"), image[:, :, ::-1])
        write(root / "nuclei" / f"{name}.tif", nuclei * 100)
        write(root / "cells" / f"{name}.tif", cells * 100)
    return root / "images"


WHERE = {"nuclei": "../nuclei/*.tif", "cells": "../cells/*.tif"}


@pytest.mark.parametrize(
    ("where", "files"),
    [
        ("*_cp_masks.png", ("Pro/1_cp_masks.png", "Benign/1_cp_masks.png")),
        ("masks/*.tif", ("masks/Pro/1.tif", "masks/Benign/1.tif")),
        ("../labels/*-labels.png", ("../labels/Pro/1-labels.png", "../labels/Benign/1-labels.png")),
        ("./*.tif", ("Pro/1.tif", "Benign/1.tif")),
    ],
)
def test_files_by_name(where, files, two):
    for i, file in enumerate(files):
        write(two / file, CELLS + (CELLS > 0) * i)
    bunch = load_images(two, cells=where)
    assert bunch.summary == "2 images of 2 classes (Benign 1, Pro 1); label maps: cells 2"
    assert [smear.label_ids.tolist() for smear in bunch.images] == [[6, 13], [5, 12]]
    assert [Path(file).suffix for file in bunch.filenames] == [".png", ".jpg"]
    absolute = load_images(two, cells=str(two / where))
    assert [smear.label_ids.tolist() for smear in absolute.images] == [[6, 13], [5, 12]]


@pytest.mark.skipif(os.name == "nt", reason="no name holds an asterisk there")
@pytest.mark.parametrize("where", ["*_mask.png", "masks/*.png", "../masks/*.png"])
def test_an_asterisk_in_the_path_of_the_folder_is_none_of_the_pattern(where, tmp_path):
    root = tmp_path / "a*b" / "c*"
    draw(root / "1.png")
    write(root / where.replace("*", "1"), CELLS)
    bunch = load_images(root, cells=where)
    assert [smear.label_ids.tolist() for smear in bunch.images] == [[5, 12]]


def test_a_flat_folder_of_label_maps(tmp_path):
    for name in ("images/a.png", "images/b.png"):
        draw(tmp_path / name)
    for name in ("a", "b"):
        write(tmp_path / f"masks/{name}_masks.tif", CELLS)
    write(tmp_path / "masks/overview.png", CELLS)
    bunch = load_images(tmp_path, cells="masks/*_masks.tif")
    assert [smear.n_cells for smear in bunch.images] == [2, 2]


def test_one_flat_file_for_two_images_is_refused(two):
    write(two.parent / "masks/1.png", CELLS)
    with pytest.raises(
        ImageError, match=r"1\.png and .*1\.jpg have the same cells, .*masks.1\.png; name the files in a column"
    ):
        load_images(two, cells="../masks/*.png")


def test_columns_of_a_manifest(two):
    write(two / "one.png", CELLS)
    write(two / "cores.png", CELLS * (CELLS == 5))
    pd.DataFrame(
        {"path": ["Pro/1.jpg", "Benign/1.png"], "outline": ["one.png", " "], "core": [str(two / "cores.png"), None]}
    ).to_csv(two / "manifest.csv", index=False)
    bunch = load_images(two, cells="outline", nuclei="core")
    assert bunch.summary == "2 images without labels; label maps: nuclei 1, cells 1"
    first, second = bunch.images
    assert first.label_ids.tolist() == [5, 12]
    assert np.unique(first.nuclei).tolist() == [0, 1]
    assert isinstance(second, np.ndarray)  # whoever has none is segmented, or not, like any other image
    assert load_images(two).images[0].shape == (6, 8, 3)  # a column means nothing until it is named
    with pytest.raises(ImageError, match=r"nuclei='cores': .* no manifest with this column; it may also be a pattern"):
        load_images(two, nuclei="cores")


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        (
            "masks/*.png",
            r"cells='masks/\*\.png': no image has such a file; .*masks.Benign.1\.png for one is not there|1\.png",
        ),
        ("*/*.png", "has one asterisk"),
        ("masks", "no manifest with this column"),
    ],
)
def test_patterns_that_are_not_right(where, reason, two):
    with pytest.raises(ImageError, match=reason):
        load_images(two, cells=where)


def test_an_image_as_its_own_label_map_is_refused(two):
    (two / "manifest.csv").write_text("path\nBenign/1.png\n")
    with pytest.raises(ImageError, match=r"1\.png: is named as an image and as its cells"):
        load_images(two, cells="*.png")


def test_nothing_is_read_on_loading(two, monkeypatch):
    write(two / "Pro/1_mask.png", CELLS)
    monkeypatch.setattr(masks_module, "read_labels", lambda path: pytest.fail(f"read {path}"))
    assert len(load_images(two, cells="*_mask.png").images[[1, 0]]) == 2


def one(tmp_path, nuclei=None, cells=None, **options) -> Smear:
    """One image with these label maps, read again."""
    draw(tmp_path / "a.png")
    given = {"nuclei": nuclei, "cells": cells}
    for what, labels in given.items():
        if labels is not None:
            write(tmp_path / f"{what}/a.png", labels)
    where = {what: f"{what}/*.png" for what, labels in given.items() if labels is not None}
    return load_images(tmp_path, **where, **options).images[0]


def test_nuclei_alone_cells_alone_and_both(tmp_path):
    nuclei = CELLS * (np.arange(8) % 4 > 1)
    for folder, given in {
        "n": {"nuclei": nuclei},
        "c": {"cells": CELLS},
        "b": {"nuclei": nuclei, "cells": CELLS},
    }.items():
        smear = one(tmp_path / folder, **given)
        assert smear.label_ids.tolist() == [5, 12]
        whole = given.get("cells", nuclei)
        np.testing.assert_array_equal(np.append(0, smear.label_ids)[smear.cells], whole)
        np.testing.assert_array_equal(np.append(0, smear.label_ids)[smear.nuclei], given.get("nuclei", 0 * whole))


def test_nuclei_that_are_numbered_apart_go_to_their_cells(tmp_path):
    nuclei = np.zeros((6, 8), int)
    nuclei[2, 2], nuclei[3, 6], nuclei[0, 7] = 1, 2, 3  # in 12, in 5, in none
    smear = one(tmp_path, nuclei, CELLS)
    assert smear.label_ids.tolist() == [5, 12, 13]
    named = np.append(0, smear.label_ids)
    assert [named[smear.nuclei[place]] for place in ((2, 2), (3, 6), (0, 7))] == [12, 5, 13]
    assert (named[smear.cells][CELLS > 0] == CELLS[CELLS > 0]).all()


def test_an_empty_label_map_is_an_image_without_cells(tmp_path):
    smear = one(tmp_path, cells=0 * CELLS)
    assert smear.is_segmented
    assert smear.n_cells == 0


def test_masks_are_numbered_only_when_asked(tmp_path):
    with pytest.raises(
        ImageError, match=r"cells.a\.png: is a mask, not a label map: .*numbered=False of load_images \(--unnumbered\)"
    ):
        one(tmp_path, cells=(CELLS > 0) * 255)
    smear = one(tmp_path, cells=(CELLS > 0) * 255, numbered=False)
    assert (smear.n_cells, smear.label_ids.tolist()) == (2, [1, 2])
    nuclei = (CELLS > 0) & (np.arange(8) % 4 > 1)
    both = one(tmp_path / "both", nuclei * 255, (CELLS > 0) * 255, numbered=False)
    np.testing.assert_array_equal(both.cells, smear.cells)
    np.testing.assert_array_equal(both.nuclei, smear.cells * nuclei)


@pytest.mark.parametrize("name", ["a_mask.png", "a_mask.tif", "a_mask.npy"])
def test_masks_of_one_bit_are_masks(name, tmp_path):
    draw(tmp_path / "images/a.png")
    mask = CELLS > 0
    if name.endswith(".npy"):
        np.save(tmp_path / name, mask)
    else:
        Image.fromarray(mask).save(tmp_path / name)
    where = {"cells": f"../*{name[1:]}"}
    with pytest.raises(ImageError, match=rf"{name}: is a mask, not a label map: .*numbered=False"):
        _ = load_images(tmp_path / "images", **where).images[0]
    found = load_images(tmp_path / "images", **where, numbered=False).images[0]
    assert found.label_ids.tolist() == [1, 2]
    np.testing.assert_array_equal(found.cells > 0, mask)


@pytest.mark.parametrize("values", [(128, 255), (1, 2), (0, 255)])
def test_one_mask_that_tells_nucleus_from_cytoplasm(values, tmp_path):
    nuclei = (CELLS > 0) & (np.arange(8) % 4 > 1)
    mask = np.where(nuclei, values[1], np.where(CELLS > 0, values[0], 0))
    draw(tmp_path / "a.png")
    write(tmp_path / "a_mask.png", mask)
    smear = load_images(tmp_path, nuclei="*_mask.png", cells="*_mask.png", numbered=False).images[0]
    np.testing.assert_array_equal(smear.nuclei > 0, nuclei)
    np.testing.assert_array_equal(smear.cells > 0, mask > 0)
    assert smear.n_cells == 2
    if values[0] > 1:
        with pytest.raises(ImageError, match=r"holds 128 and 255 only, .*name the file for both nuclei and cells"):
            _ = load_images(tmp_path, cells="*_mask.png").images[0]


@pytest.mark.parametrize("values", [(1, 2), (100, 255), (300, 700)])
def test_two_values_in_one_file_for_both_are_refused_unless_they_are_said_to_be_parts(values, tmp_path):
    draw(tmp_path / "a.png")
    write(tmp_path / "a_mask.png", np.where(CELLS == 5, values[0], np.where(CELLS == 12, values[1], 0)))
    with pytest.raises(
        ImageError,
        match=rf"holds {values[0]} and {values[1]} only, .*numbered=False of load_images .*name the file for nuclei alone",
    ):
        _ = load_images(tmp_path, nuclei="*_mask.png", cells="*_mask.png").images[0]
    assert load_images(tmp_path, nuclei="*_mask.png").images[0].label_ids.tolist() == list(values)
    write(tmp_path / "a_mask.png", CELLS + (np.arange(8) > 6) * (CELLS > 0))
    assert load_images(tmp_path, nuclei="*_mask.png", cells="*_mask.png").images[0].label_ids.tolist() == [5, 6, 12]


def test_a_missing_a_damaged_and_a_misfit_label_map_fail_alone(tmp_path):
    for name in "abcdef":
        draw(tmp_path / f"{name}.png")
        write(tmp_path / f"masks/{name}.png", CELLS)
    (tmp_path / "masks/b.png").unlink()
    (tmp_path / "masks/c.png").write_bytes((tmp_path / "masks/c.png").read_bytes()[:-20])
    write(tmp_path / "masks/d.png", CELLS[:, 1:])
    np.save(tmp_path / "masks/e.npy", {"masks": CELLS})
    (tmp_path / "masks/e.npy").rename(tmp_path / "masks/e.png")
    bunch = load_images(tmp_path, cells="masks/*.png")
    assert bunch.summary.endswith("; label maps: cells 5")
    features = FeatureSet([GeometryFeatures()], on_error="nan", on_empty="nan")
    with pytest.warns(ImageWarning, match="4 of 6 images could not be measured") as caught:
        table = features.fit_transform(bunch.images)
    assert np.isnan(table).all(axis=1).tolist() == [False, True, True, True, True, False]
    (warning,) = [one.message for one in caught if isinstance(one.message, ImageWarning)]
    assert [Path(failure.name).name for failure in warning.failures] == ["b.png", "c.png", "d.png", "e.png"]
    for failure, reason in zip(
        warning.failures,
        [
            r"masks/b.png: cannot be read",
            "masks/c.png: damaged",
            "masks/d.png: is 7 x 6 pixels, but its image 8 x 6",
            "pickled",
        ],
        strict=True,
    ):
        assert reason in failure.reason
    with pytest.raises(ImageError, match=r"masks.b\.png") as raised:
        FeatureSet([GeometryFeatures()]).fit_transform(bunch.images)
    assert any("b.png" in note for note in raised.value.__notes__)


def test_measured_cells_are_called_as_in_the_file(masked, records):
    bunch = load_images(masked, **WHERE)
    table = FeatureSet([GeometryFeatures()]).measure_cells(bunch.images)
    order = [int(Path(file).stem) for file in bunch.filenames]
    expected = FeatureSet([GeometryFeatures()]).measure_cells([records[i] for i in order])
    assert table["cell"].tolist() == (expected["cell"] * 100).tolist()
    columns = table.columns.difference(["cell", "source"])
    pd.testing.assert_frame_equal(table[columns], expected[columns])


def test_a_published_pipeline_on_given_label_maps_under_cross_validation(masked, smears, records):
    bunch = load_images(masked, **WHERE)
    order = [int(Path(file).stem) for file in bunch.filenames]
    pipeline = make_baseline("leukofeat_svm", segmenter="passthrough")
    options = {"cv": 2, "method": "predict_proba"}
    y = bunch.target % 2
    found = cross_val_predict(pipeline, bunch.images, y, **options)
    given = [records[i] for i in order]
    np.testing.assert_array_equal(found, cross_val_predict(clone(pipeline), given, y, **options))
    own = make_baseline("leukofeat_svm")[:-1].fit_transform([record.image for record in given])
    theirs = pipeline[:-1].fit_transform(given)
    assert not np.array_equal(own, theirs, equal_nan=True)
    assert theirs[:, 0].tolist() == [record.n_cells for record in given]  # cell_count


def test_workers_and_memory_give_the_same_and_a_changed_label_map_is_measured_again(tmp_path):
    for name in "abc":
        draw(tmp_path / f"images/{name}.png")
        write(tmp_path / f"masks/{name}.png", CELLS)
    images = load_images(tmp_path / "images", cells="../masks/*.png").images
    features = FeatureSet([GeometryFeatures()], memory=tmp_path / "memory")
    first = features.fit_transform(images)
    np.testing.assert_array_equal(first, FeatureSet([GeometryFeatures()], n_jobs=2).fit_transform(images))
    np.testing.assert_array_equal(first, features.fit_transform(images))
    write(tmp_path / "masks/b.png", CELLS * (CELLS == 5))
    again = features.fit_transform(images)
    assert again[:, 0].tolist() == [2, 1, 2]
    np.testing.assert_array_equal(again[[0, 2]], first[[0, 2]])


def test_comparison_of_own_and_given_outlines_with_stress_tests(records, smears):
    rows = {
        "given": make_baseline("no_leukocytes", segmenter="passthrough"),
        "own": make_baseline("no_leukocytes", segmenter=LabKMeansSegmenter()),
    }
    tests = ["other background", "blur"]
    with pytest.warns(
        UserWarning, match="label maps are replaced by those of LabKMeansSegmenter; leave that stage out"
    ):
        result = compare(rows, records, smears.target, cv=2, stress=tests, n_bootstrap=20)
    assert len(result.failures) == 0
    assert set(result.stress["pipeline"]) == set(rows)
    assert (result.stress["n_images"] == len(records)).all()


def test_a_segmenter_says_that_it_replaces_what_was_given(records):
    images = OtsuSegmenter().fit_transform(records)
    with pytest.warns(
        UserWarning, match=r"8 of 8 images, image 0 for one: its label maps are replaced .*segmenter='passthrough'"
    ):
        FeatureSet([GeometryFeatures()], on_empty="nan").fit_transform(images)


def test_segmenters_of_baselines(records, smears):
    assert "passthrough" in make_baseline("jin2023_svm", segmented=True, segmenter="passthrough").named_steps
    assert "otsusegmenter" in make_baseline("leukofeat_svm", segmenter=OtsuSegmenter()).named_steps
    assert find_pipeline("no_leukocytes:segmenter=passthrough")[1].named_steps["passthrough"] == "passthrough"
    with pytest.raises(ValueError, match=r"segmenter must be .*passthrough.* Got 'Otsu' instead"):
        make_baseline("leukofeat_svm", segmenter="Otsu")
    with pytest.raises(ValueError, match="segmenter must be text, not '3'"):
        find_pipeline("leukofeat_svm:segmenter=3")
    with pytest.raises(ValueError, match="needs a segmented smear"):
        make_baseline("leukofeat_svm", segmenter="passthrough").fit(smears.images, smears.target)


def test_without_label_maps_the_sequence_is_that_of_the_files(two):
    images = load_images(two).images
    assert images.identity() == as_sequence([str(file) for file in load_images(two).filenames]).identity()


def test_colours_of_given_cells_are_those_under_them(masked, records):
    bunch = load_images(masked, **WHERE)
    table = ColorFeatures(summary=("mean",)).fit_transform(bunch.images)
    expected = ColorFeatures(summary=("mean",)).fit_transform([records[int(Path(f).stem)] for f in bunch.filenames])
    np.testing.assert_array_equal(table, expected)


def test_real_masks_of_nucleus_and_cytoplasm(data_folder):
    where = {"nuclei": "*_mask.png", "cells": "*_mask.png"}
    bunch = load_images(data_folder / "wbcseg" / "dataset1", **where, numbered=False)
    assert len(bunch.images) > 100
    smear = bunch.images[0]
    assert smear.n_cells == 1
    mask = cv2.imread(bunch.filenames[0].replace(".png", "_mask.png"), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(smear.nuclei, mask == 255)
    np.testing.assert_array_equal(smear.cells, mask > 0)


def test_the_page_in_docs(tmp_path, monkeypatch):
    page = Path(__file__).resolve().parents[2] / "docs" / "masks.md"
    monkeypatch.chdir(tmp_path)
    found = doctest.testfile(str(page), module_relative=False)
    assert found.attempted > 5
    assert found.failed == 0
