"""Folders as a stranger may leave them: links in circles and into nowhere, pipes, odd names, folders that may not be read."""

from __future__ import annotations

import os
import shutil

import cv2
import numpy as np
import pytest

from leukofeat import ImageError
from leukofeat.datasets import load_images
from leukofeat.features import FeatureSet, HOGFeatures, ImageWarning

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links and pipes of POSIX")


@pytest.fixture
def root(tmp_path):
    for name in ("A/1.png", "A/2.png", "B/3.png"):
        file = tmp_path / "set" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(file), np.full((40, 40, 3), 200, np.uint8))
    return tmp_path / "set"


PLAIN = ["A/1.png", "A/2.png", "B/3.png"]


def test_links_further_down_are_not_followed_and_end(root):
    (root / "A/up").symlink_to("..")
    (root / "A/here").symlink_to(".")
    (root / "A/b").mkdir()
    (root / "A/b/a").symlink_to(root / "A")
    (root / "itself").symlink_to("itself")
    assert load_images(root).frame["path"].tolist() == PLAIN


@pytest.mark.parametrize("target", [".", "..", "../set"])
def test_a_class_folder_that_leads_back_is_refused(target, root):
    (root / "loop").symlink_to(target)
    with pytest.raises(ImageError, match="loop: is a link that leads back to the folder it is in; remove it"):
        load_images(root)


def test_a_link_into_nowhere_is_a_row_and_an_error(root):
    (root / "B/4.png").symlink_to("/nowhere/4.png")
    (root / "B/5.png").symlink_to("5.png")
    (root / "B/notes.txt").symlink_to("/nowhere/notes.txt")
    bunch = load_images(root)
    assert bunch.frame["path"].tolist() == [*PLAIN, "B/4.png", "B/5.png"]
    with pytest.warns(ImageWarning, match="cannot be read") as caught:
        table = (
            FeatureSet([HOGFeatures(regions=("image",))], on_error="nan")
            .set_output(transform="pandas")
            .fit_transform(bunch.images)
        )
    assert [failure.row for failure in caught[0].message.failures] == [3, 4]
    assert table.notna().all(axis=1).tolist() == [True, True, True, False, False]


def test_pipes_and_devices_are_no_images(root):
    os.mkfifo(root / "A/pipe.png")
    (root / "A/zero.png").symlink_to("/dev/zero")
    assert load_images(root).frame["path"].tolist() == PLAIN


def test_long_and_odd_names_are_read(root):
    names = [
        "x" * 251 + ".png",
        "new\nline.png",
        "<img src=x onerror=alert(1)>.png",
        "=1+1.png",
        '"quoted", \x1b[31m.png',
    ]
    for name in names:
        shutil.copy(root / "A/1.png", root / "B" / name)
    bunch = load_images(root)
    assert set(bunch.frame["path"]) == {*PLAIN, *(f"B/{name}" for name in names)}
    assert all(image.shape == (40, 40, 3) for image in bunch.images)


def test_a_folder_that_may_not_be_listed_is_named(root, monkeypatch):
    scandir = os.scandir

    def refuse(path="."):
        if str(path).endswith("B"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(ImageError, match=r"B: cannot be listed \(Permission denied\)"):
        load_images(root)


def test_a_file_that_vanishes_is_an_error_of_its_row(root):
    bunch = load_images(root)
    (root / "A/2.png").unlink()
    with pytest.raises(ImageError, match=r"2\.png: cannot be read \(No such file or directory\)"):
        bunch.images[1]
    assert bunch.images[2].shape == (40, 40, 3)


@pytest.mark.parametrize("name", ["A/pipe.png", "/dev/zero", "A", "x" * 5000])
def test_a_manifest_of_what_is_no_file_is_refused(name, root):
    os.mkfifo(root / "A/pipe.png")
    (root / "manifest.csv").write_text(f"path,label\nA/1.png,a\n{name},b\n")
    with pytest.raises(ImageError, match=r"manifest\.csv: 1 of 2 listed files are missing"):
        load_images(root)


def test_a_manifest_with_a_zero_byte_is_refused(root):
    (root / "manifest.csv").write_text("path,label\nA/1.png,a\nA/1.png\0,b\n")
    with pytest.raises(ImageError, match=r"manifest\.csv: cannot be read as CSV in UTF-8 \(it holds a zero byte"):
        load_images(root)
