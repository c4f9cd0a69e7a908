"""Folders as people have them: Kaggle's, one flat folder with a table, names with and without endings, masks beside images."""

from __future__ import annotations

from pathlib import Path
from unicodedata import normalize

import cv2
import numpy as np
import pandas as pd
import polars
import pytest

from leukofeat import ImageError
from leukofeat.datasets import load_images


def draw(root: Path, *names: str) -> Path:
    for i, name in enumerate(names):
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(file), np.full((6, 8, 3), 40 + 20 * i, np.uint8))
    return root


def classes(bunch):
    return [] if bunch.target is None else bunch.target_names[bunch.target].tolist()


def relative(bunch, root):
    return [Path(file).relative_to(root).as_posix() for file in bunch.filenames]


def test_parts_with_class_folders_in_blanks_and_capitals(tmp_path):
    draw(tmp_path, "My Set/TRAIN/Acute ALL/a 1.JPG", "My Set/Valid/Acute ALL/b.PNG", "My Set/Test/Healthy Donor/c.Tiff")
    bunch = load_images(tmp_path)
    found = dict(zip(bunch.split.tolist(), classes(bunch), strict=True))
    assert found == {"train": "Acute ALL", "valid": "Acute ALL", "test": "Healthy Donor"}
    assert all(image.shape == (6, 8, 3) for image in bunch.images)


@pytest.mark.parametrize("path", ["filename", "Image", "id"])
@pytest.mark.parametrize("ending", ["", ".png"])
def test_one_flat_folder_and_a_table(path, ending, tmp_path):
    draw(tmp_path, "x1.png", "x2.png", "x10.png")
    (tmp_path / "labels.csv").write_text(f"{path},Class\nx10{ending},ALL\nx1{ending},hem\n")
    columns = {"path": path, "label": "Class"}
    bunch = load_images(tmp_path, manifest="labels.csv", columns=columns)
    assert relative(bunch, tmp_path) == ["x10.png", "x1.png"]
    assert bunch.frame["path"].tolist() == ["x10.png", "x1.png"]
    assert classes(bunch) == ["ALL", "hem"]
    frame = pd.read_csv(tmp_path / "labels.csv")
    assert classes(load_images(tmp_path, manifest=frame, columns=columns)) == ["ALL", "hem"]


def test_a_table_beside_the_folder_of_images(tmp_path):
    draw(tmp_path, "train/images/1.png", "train/images/2.png", "test/images/3.png")
    (tmp_path / "train.csv").write_text("id,diagnosis,patient_id,fold\n2,1,p01,0\n1,0,02,1\n3,1,02,0\n")
    columns = {"path": "id", "label": "diagnosis", "group": "patient_id", "split": "fold"}
    bunch = load_images(tmp_path, manifest=tmp_path / "train.csv", columns=columns)
    assert relative(bunch, tmp_path) == ["train/images/2.png", "train/images/1.png", "test/images/3.png"]
    assert classes(bunch) == ["1", "0", "1"]
    assert bunch.groups.tolist() == ["p01", "02", "02"]
    assert bunch.split.tolist() == ["0", "1", "0"]


def test_what_is_said_beats_what_is_there(tmp_path):
    draw(tmp_path, "1.png")
    (tmp_path / "t.csv").write_text("path,label,truth\n1.png,a,b\n")
    bunch = load_images(tmp_path, manifest="t.csv", columns={"label": "truth"})
    assert classes(bunch) == ["b"]
    assert bunch.frame.columns.tolist() == ["path", "label", "truth"]


def test_masks_beside_images_and_in_a_column(tmp_path):
    draw(tmp_path, "1.png", "2.png")
    for name in "12":
        assert cv2.imwrite(str(tmp_path / f"{name}_mask.png"), np.eye(6, 8, dtype=np.uint8) * 255)
    (tmp_path / "labels.csv").write_text("id,label,m\n1,a,1_mask.png\n2,b,2_mask.png\n")
    for cells in ("*_mask.png", "m"):
        bunch = load_images(tmp_path, manifest="labels.csv", columns={"path": "id"}, cells=cells, numbered=False)
        assert [len(smear.label_ids) for smear in (bunch.images.smear(0), bunch.images.smear(1))] == [1, 1]


def test_images_and_masks_called_alike_are_told_apart(tmp_path):
    draw(tmp_path, "images/1.png", "masks/1.png")
    table = pd.DataFrame({"path": ["1"]})
    with pytest.raises(ImageError, match=r"'?1'? may be images/1\.png or masks/1\.png; .*which files are label maps"):
        load_images(tmp_path, manifest=table)
    assert relative(load_images(tmp_path, manifest=table, cells="masks/*.png"), tmp_path) == ["images/1.png"]


@pytest.mark.parametrize(("typed", "stored"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_accents_are_one_letter_or_two(typed, stored, tmp_path):
    file = normalize(stored, "Müller/ö 1.png")
    draw(tmp_path, file)
    for name in ("Müller/ö 1.png", "ö 1"):
        bunch = load_images(tmp_path, manifest=pd.DataFrame({"path": [normalize(typed, name)]}))
        assert relative(bunch, tmp_path) == [file]
        assert bunch.images[0].ndim == 3


def test_a_wrong_folder_in_a_path_stays_an_error(tmp_path):
    draw(tmp_path, "Pro/1.png", "Pro/2.jpg")
    for path in ("Benign/1.png", "Pro/2.png", "3"):
        with pytest.raises(ImageError, match="1 of 1 listed files are missing"):
            load_images(tmp_path, manifest=pd.DataFrame({"path": [path]}))
    assert relative(load_images(tmp_path, manifest=pd.DataFrame({"path": ["Pro/2"]})), tmp_path) == ["Pro/2.jpg"]


@pytest.mark.parametrize(
    ("text", "columns", "error"),
    [
        (
            "Filename,Diagnosis,Patient_ID\n1.png,a,3\n",
            None,
            r"no column 'path'; it has Filename, Diagnosis, Patient_ID\. Say which is which, perhaps "
            r"columns={'path': 'Filename', 'label': 'Diagnosis', 'group': 'Patient_ID'}",
        ),
        (
            "id;label\n1.png;2\n",
            None,
            r"it has id;label\. Its columns are separated by ';' and not by commas: save it with commas, or pass pandas",
        ),
        ("Path,b\n1.png,2\n", None, r"the column 'Path' is not 'path'; call it so, or say columns={'path': 'Path'}"),
        ("a,b\n1.png,2\n", None, r"it has a, b\. columns={'path': NAME} says which"),
        ("a,b\n1.png,2\n", {"path": "c"}, r"no column 'c', which is to be 'path'; it has a, b\."),
        ("a,b\n1.png,\n", {"path": "a", "label": "b"}, "no label in line 2"),
    ],
)
def test_columns_that_are_not_there(text, columns, error, tmp_path):
    draw(tmp_path, "1.png")
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(ImageError, match=error):
        load_images(tmp_path, manifest="labels.csv", columns=columns)


def test_roles_that_there_are_not(tmp_path):
    draw(tmp_path, "1.png")
    with pytest.raises(ValueError, match="columns: 'class' is none of path, label, split, group, pixel_size"):
        load_images(tmp_path, manifest=pd.DataFrame({"path": ["1.png"]}), columns={"class": "path"})
    with pytest.raises(ImageError, match=r"columns= is of a table, and there is no manifest\.csv"):
        load_images(tmp_path, columns={"path": "file"})


def test_a_table_that_nobody_named_is_told(tmp_path):
    draw(tmp_path, "1.png", "2.png")
    (tmp_path / "labels.csv").write_text("id,label\n1,a\n2,b\n")
    assert (
        load_images(tmp_path).summary == "2 images without labels; labels.csv lies there unread (manifest=, --manifest)"
    )


def test_columns_that_are_called_otherwise_are_told(tmp_path):
    draw(tmp_path, "1.png", "2.png")
    (tmp_path / "manifest.csv").write_text("path,Patient_ID,class label,fold\n1.png,7,a,0\n2.png,8,b,1\n")
    bunch = load_images(tmp_path)
    assert bunch.summary == (
        "2 images without labels; not read: the columns class label and Patient_ID and fold, perhaps "
        "columns={'label': 'class label', 'group': 'Patient_ID', 'split': 'fold'} "
        "(--column 'label=class label' --column group=Patient_ID --column split=fold)"
    )
    columns = {"label": "class label", "group": "Patient_ID", "split": "fold"}
    assert (
        load_images(tmp_path, columns=columns).summary
        == "2 images of 2 classes (a 1, b 1), 2 parts (0 1, 1 1), 2 groups"
    )


def test_tables_that_cannot_be_read_say_the_way_out(tmp_path):
    draw(tmp_path, "1.png")
    (tmp_path / "manifest.csv").write_bytes("path,label\n1.png,Größe\n".encode("cp1252"))
    with pytest.raises(
        ImageError, match=r"is not in UTF-8 .*; save it as 'CSV UTF-8', or pass pandas\.read_csv\(FILE, encoding="
    ):
        load_images(tmp_path)
    with pytest.raises(TypeError, match=r"manifest must be a file or a pandas DataFrame, not <class 'polars"):
        load_images(tmp_path, manifest=polars.DataFrame({"path": ["1.png"]}))


def test_a_given_table_is_not_changed(tmp_path):
    draw(tmp_path, "1.png", "2.png")
    table = pd.DataFrame({"id": [2, 1], "label": [0, None], "pixel_size": [0.1, None]}, index=[7, 3])
    before = table.copy()
    with pytest.raises(ImageError, match="no label in line 3"):
        load_images(tmp_path, manifest=table, columns={"path": "id"})
    pd.testing.assert_frame_equal(table, before)
    frame = load_images(tmp_path, manifest=table.drop(columns="label"), columns={"path": "id"}).frame
    assert frame["pixel_size"].tolist()[0] == 0.1
    assert np.isnan(frame["pixel_size"].tolist()[1])


def test_tables_of_windows_and_excel(tmp_path):
    draw(tmp_path, "images/ALL/1.png", "images/ALL/2.png")
    (tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbfpath,label\r\nimages\\ALL\\1.png,a\r\n2.png,b\r\n")
    bunch = load_images(tmp_path, manifest="t.csv")
    assert relative(bunch, tmp_path) == ["images/ALL/1.png", "images/ALL/2.png"]
    assert classes(bunch) == ["a", "b"]
