"""load_images: folders and manifests, and what the user reads when one of them is not right."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from leukofeat import ImageError, ImageSequence
from leukofeat import sequence as sequence_module
from leukofeat.datasets import load_images
from leukofeat.features import FeatureSet
from tests.stages import MeanColor


def draw(file: Path, value: int = 200) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(file), np.full((6, 8, 3), value, np.uint8))
    return file


@pytest.fixture
def classes(tmp_path) -> Path:
    """Two classes of two images, with other files beside and among them."""
    for i, name in enumerate(["Pro/2.png", "Pro/deep/1.JPG", "Benign/b.tif", "Benign/a.bmp"]):
        draw(tmp_path / name, 50 * i)
    draw(tmp_path / "Pro/.hidden.png")
    draw(tmp_path / ".cache/x.png")
    draw(tmp_path / "Benign/.thumbs/x.png")
    (tmp_path / "Benign/notes.txt").write_text("x")
    (tmp_path / "README.md").write_text("x")
    (tmp_path / "Benign/folder.png").mkdir()
    return tmp_path


def test_class_folders(classes):
    bunch = load_images(classes)
    assert isinstance(bunch.images, ImageSequence)
    assert bunch.target_names.tolist() == ["Benign", "Pro"]
    assert bunch.target.tolist() == [0, 0, 1, 1]
    assert bunch.target.dtype.kind == "i"
    names = [Path(file).relative_to(classes).as_posix() for file in bunch.filenames]
    assert names == ["Benign/a.bmp", "Benign/b.tif", "Pro/2.png", "Pro/deep/1.JPG"]
    assert bunch.frame["path"].tolist() == names
    assert bunch.frame["label"].tolist() == ["Benign", "Benign", "Pro", "Pro"]
    assert bunch.groups is None
    assert bunch.split is None
    for image, file in zip(bunch.images, bunch.filenames, strict=True):
        np.testing.assert_allclose(image, cv2.imread(file)[:, :, ::-1], atol=1)


def test_nothing_is_decoded_on_loading(classes, monkeypatch):
    monkeypatch.setattr(sequence_module, "read_image", lambda path: pytest.fail(f"read {path}"))
    assert len(load_images(classes).images[[0, 2]]) == 2


def test_relative_folder(classes, monkeypatch):
    monkeypatch.chdir(classes.parent)
    files = load_images(classes.name).filenames
    assert all(Path(file).is_absolute() for file in files)


def test_linked_class_folders(classes, tmp_path_factory):
    root = tmp_path_factory.mktemp("links")
    (root / "Sick").symlink_to(classes / "Pro", target_is_directory=True)
    draw(root / "Well/1.png")
    bunch = load_images(root)
    assert bunch.frame["label"].tolist() == ["Sick", "Sick", "Well"]


def test_images_alone_have_no_labels(tmp_path):
    for name in ("b.png", "a.png"):
        draw(tmp_path / name)
    bunch = load_images(tmp_path)
    assert bunch.target is None
    assert bunch.target_names.tolist() == []
    assert [Path(file).name for file in bunch.filenames] == ["a.png", "b.png"]


def test_images_beside_class_folders_are_ambiguous(classes):
    draw(classes / "stray.png")
    with pytest.raises(ImageError, match=r"1 images? .*beside the class folders, stray\.png for one; move"):
        load_images(classes)


def test_no_folder_and_empty_folder(tmp_path):
    with pytest.raises(ImageError, match=r"gone: no such folder"):
        load_images(tmp_path / "gone")
    with pytest.raises(ImageError, match=r"~/gone: no such folder; pass pathlib\.Path\(FOLDER\)\.expanduser\(\)"):
        load_images("~/gone")
    with pytest.raises(ImageError, match="no JPEG, PNG, BMP or TIFF image in this folder; expected class folders"):
        load_images(tmp_path)
    (tmp_path / "Benign").mkdir()
    (tmp_path / "Benign/readme.txt").write_text("x")
    with pytest.raises(ImageError, match="expected class folders with images, or a manifest"):
        load_images(tmp_path)


def test_a_class_of_one_image_is_loaded_and_a_class_of_none_is_no_class(classes):
    draw(classes / "Early/only.png")
    (classes / "Pre").mkdir()
    bunch = load_images(classes)
    assert bunch.target_names.tolist() == ["Benign", "Early", "Pro"]
    assert np.bincount(bunch.target).tolist() == [2, 1, 2]


def test_a_broken_image_is_loaded_and_named_when_read(classes):
    (classes / "Pro/0.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut short")
    bunch = load_images(classes)
    assert len(bunch.images) == 5
    with pytest.raises(ImageError, match=r"Pro.0\.jpg: damaged JPEG file"):
        FeatureSet([MeanColor()]).fit_transform(bunch.images)


def manifest(root: Path, text: str, name: str = "manifest.csv") -> Path:
    (root / name).write_text(text)
    return root / name


def test_manifest(classes):
    text = "path,label,split,group,camera\nPro/2.png,sick,test,7,x\nBenign/a.bmp,well,train,3,y\n"
    manifest(classes, text)
    bunch = load_images(classes)
    assert [Path(file).name for file in bunch.filenames] == ["2.png", "a.bmp"]
    assert bunch.target_names.tolist() == ["sick", "well"]
    assert bunch.target.tolist() == [0, 1]
    assert bunch.split.tolist() == ["test", "train"]
    assert bunch.groups.tolist() == ["7", "3"]
    assert bunch.summary == "2 images of 2 classes (sick 1, well 1), 2 parts (test 1, train 1), 2 groups"
    assert bunch.frame["camera"].tolist() == ["x", "y"]
    assert [image[0, 0, 0] for image in bunch.images] == [0, 150]


def test_another_manifest(classes, tmp_path_factory):
    other = manifest(tmp_path_factory.mktemp("lists"), "path\nPro/2.png\n", "mine.csv")
    bunch = load_images(classes, manifest=other)
    assert len(bunch.images) == 1
    assert bunch.target is None
    assert (bunch.groups, bunch.split) == (None, None)
    with pytest.raises(ImageError, match=r"none\.csv: cannot be read as CSV"):
        load_images(classes, manifest=classes / "none.csv")


def test_absolute_paths_in_a_manifest(classes, tmp_path_factory):
    root = tmp_path_factory.mktemp("elsewhere")
    manifest(root, f"path\n{classes / 'Pro/2.png'}\n")
    assert load_images(root).images[0].shape == (6, 8, 3)


def test_labels_and_paths_are_text(classes):
    for name in ("001", "002", "003"):
        draw(classes / "x.png").rename(classes / name)
    manifest(classes, "path,label\n001,01\n002,NA\n003,None\n")
    bunch = load_images(classes)
    assert bunch.target_names.tolist() == ["01", "NA", "None"]
    assert [Path(file).name for file in bunch.filenames] == ["001", "002", "003"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("file,label\na.png,x\n", "no column 'path'; it has file, label"),
        ("path,label\n", "lists no image"),
        ("", "cannot be read as CSV"),
        ("path,label\nPro/2.png,\n", "no label in line 2"),
        ("path,label\nPro/2.png,x\n,y\n", "no path in line 3"),
        ("path,group\nPro/2.png,P1\nPro/2.png,\nPro/2.png,  \n", "no group in line 3 and 1 more; fill it in, or leave"),
        ("path,split\nPro/2.png,\n", "no split in line 2; fill it in, or leave the column 'split' out"),
        ("path\nPro/2.png\nPro/3.png\nPro/4.png\n", r"2 of 3 listed files are missing under .*, Pro/3\.png for one"),
    ],
)
def test_manifests_that_are_not_right(text, reason, classes):
    file = manifest(classes, text)
    with pytest.raises(ImageError, match=reason) as caught:
        load_images(classes)
    assert str(caught.value).startswith(f"{file}: ")


@pytest.mark.parametrize("names", [("Train", "Test"), ("training", "val", "testing"), ("train", "valid", "test")])
@pytest.mark.parametrize("wrapper", ["", "data/", "a/b/"])
def test_folders_of_parts_are_read_as_the_split(names, wrapper, tmp_path):
    for part in names:
        for label in ("ALL", "HEM"):
            draw(tmp_path / f"{wrapper}{part}/{label}/deep/1.png")
    bunch = load_images(tmp_path)
    assert bunch.target_names.tolist() == ["ALL", "HEM"]
    assert len(bunch.images) == 2 * len(names)
    assert set(bunch.split) <= {"train", "valid", "test"}
    assert len(set(bunch.split)) == len(names)
    assert bunch.summary.startswith(
        f"{2 * len(names)} images of 2 classes (ALL {len(names)}, HEM {len(names)}), {len(names)} parts ("
    )


def test_a_test_folder_without_labels(tmp_path):
    draw(tmp_path / "train/1.png")
    draw(tmp_path / "test/2.png")
    bunch = load_images(tmp_path)
    assert bunch.target is None
    assert bunch.split.tolist() == ["test", "train"]


@pytest.mark.parametrize(
    "files",
    [
        # the same classes twice, as the ALL image data set comes: Original and Segmented
        ("Original/Benign/1.png", "Original/Pro/1.png", "Segmented/Benign/1.png", "Segmented/Pro/1.png"),
        ("fold_0/all/1.png", "fold_0/hem/1.png", "fold_1/all/1.png", "fold_1/hem/1.png"),
        ("train/1.png", "Benign/2.png"),  # one part among classes
        ("train/Benign/1.png", "test/2.png"),  # labels in one part only
    ],
)
def test_folders_that_may_be_classes_or_not_are_refused(files, tmp_path):
    for file in files:
        draw(tmp_path / file)
    with pytest.raises(
        ImageError, match=r"are its folders .* the classes\? .*; name one of them as the folder, or list the files"
    ):
        load_images(tmp_path)


def test_patients_within_classes_are_no_classes(tmp_path):
    for file in ("ALL/P1/1.png", "ALL/P2/1.png", "HEM/P3/1.png"):
        draw(tmp_path / file)
    assert load_images(tmp_path).target_names.tolist() == ["ALL", "HEM"]


def test_images_of_other_kinds_are_counted(classes, tmp_path_factory):
    for name in ("x.webp", "y.webp", "z.svs"):
        (classes / "Pro" / name).write_bytes(b"x")
    assert load_images(classes).summary.endswith("; not read: 1 .svs, 2 .webp (convert to PNG or TIFF)")
    root = tmp_path_factory.mktemp("slides")
    (root / "a.czi").write_bytes(b"x")
    with pytest.raises(
        ImageError,
        match=r"no JPEG, PNG, BMP or TIFF image in this folder; 1 of other kinds \(\.czi\), which are not read",
    ):
        load_images(root)


def test_identifiers_are_names_and_not_numbers(classes):
    ids = ("01", "1", "001", "9007199254740993", "9007199254740992", "1e5", "NA", "1.0")
    for k in range(len(ids)):
        draw(classes / f"Pro/n{k}.png")
    manifest(classes, "path,group,split\n" + "".join(f"Pro/n{k}.png,{name},{name}\n" for k, name in enumerate(ids)))
    bunch = load_images(classes)
    assert bunch.groups.tolist() == list(ids)
    assert bunch.split.tolist() == list(ids)


def test_blanks_around_names_are_left_out_and_said(classes):
    manifest(classes, "path,label,group\nBenign/a.bmp,Benign,P1\nBenign/b.tif,Benign ,P1\nPro/2.png, Pro,P2\n")
    with pytest.warns(
        UserWarning, match="2 entries of the column 'label' have blanks at their ends, 'Benign ' for one"
    ):
        bunch = load_images(classes)
    assert bunch.target_names.tolist() == ["Benign", "Pro"]


@pytest.mark.parametrize(
    ("rows", "warned"),
    [
        (
            "Pro/2.png,Pro,train\nPro/2.png,Benign,train\n",
            r"^Pro/2\.png: in several rows of the manifest, with a label of its own in each: one of them is wrong\. Leave",
        ),
        (
            "Pro/2.png,Pro,train\nPro/2.png,Pro,test\n",
            r"^Pro/2\.png: in several rows of the manifest, with a split of its own in each: .* Leave one row a file",
        ),
    ],
)
def test_a_file_with_two_labels_or_in_two_parts_is_told(classes, rows, warned):
    manifest(classes, "path,label,split\nBenign/a.bmp,Benign,train\n" + rows)
    with pytest.warns(UserWarning, match=warned):
        load_images(classes)


def test_a_file_may_be_named_twice(classes):
    manifest(classes, "path,label\nBenign/a.bmp,Benign\nPro/2.png,Pro\nPro/2.png,Pro\n")
    assert len(load_images(classes).images) == 3


def test_names_that_differ_in_case_are_asked_about(tmp_path):
    for name in ("Benign", "benign", "Pro  B", "Pro"):
        draw(tmp_path / name / "1.png")
    with pytest.warns(UserWarning, match="The classes 'Benign' and 'benign' differ in case or blanks only"):
        assert len(load_images(tmp_path).target_names) == 4


def test_the_split_has_one_spelling(classes):
    manifest(classes, "path,split\nPro/2.png,Train\nPro/deep/1.JPG,VAL\nBenign/a.bmp,test\nBenign/b.tif,fold3\n")
    assert load_images(classes).split.tolist() == ["train", "valid", "test", "fold3"]


def test_a_name_that_is_no_utf8_costs_nothing(classes):
    os.rename(classes / "Pro/2.png", os.fsencode(classes) + b"/Pro/caf\xe9.png")
    bunch = load_images(classes)
    assert bunch.frame["path"].tolist()[2] == "Pro/caf\\xe9.png"
    assert bunch.images[2].shape == (6, 8, 3)
    assert bunch.images.name(2).endswith("caf\\xe9.png")
    bunch.frame.to_csv(classes / "table.csv")


def test_the_real_images_load(data_folder):
    bunch = load_images(data_folder / "leukemia4")
    assert bunch.target_names.tolist() == ["Benign", "Early", "Pre", "Pro"]
    assert set(bunch.split) == {"train", "valid"}
    assert bunch.images[0].shape == (224, 224, 3)
