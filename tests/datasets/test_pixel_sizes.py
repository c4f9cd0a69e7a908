"""The manifest's column of pixel sizes, on its way to the Smears."""

from __future__ import annotations

import pickle

import cv2
import numpy as np
import pytest

from leukofeat import ImageError
from leukofeat.datasets import load_images
from leukofeat.preprocessing import Resizer


@pytest.fixture
def folder(tmp_path):
    for name in "abc":
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((30, 40, 3), 200, np.uint8))

    def write(*rows, columns="path,pixel_size"):
        (tmp_path / "manifest.csv").write_text("\n".join([columns, *rows]))
        return tmp_path

    return write


def test_smears_carry_it_and_blanks_are_unknown(folder):
    bunch = load_images(folder("a.png,0.1", "b.png,", "c.png, 0.25 "))
    assert [bunch.images.smear(i).pixel_size for i in range(3)] == [0.1, None, 0.25]
    np.testing.assert_array_equal(bunch.frame["pixel_size"], [0.1, np.nan, 0.25])
    assert bunch.images.smear(0).scale.source == "pixel size"
    assert bunch.images.name(0) == bunch.filenames[0] == bunch.images.smear(0).source


def test_it_goes_through_slices_workers_and_stages(folder):
    images = load_images(folder("a.png,0.1", "b.png,", "c.png,0.25")).images
    assert pickle.loads(pickle.dumps(images[[2, 0]])).smear(0).pixel_size == 0.25
    assert Resizer(15).transform(images).smear(0).pixel_size == pytest.approx(0.1 * 40 / 15, rel=0.03)
    assert images[::-1].digest(2) == images.digest(0)


def test_the_digest_tells_sizes_apart(folder):
    first = load_images(folder("a.png,0.1")).images
    other = load_images(folder("a.png,0.2")).images
    none = load_images(folder("a.png,")).images
    assert len({first.digest(0), other.digest(0), none.digest(0)}) == 3


@pytest.mark.parametrize("value", ["x", "0", "-0.1", "100", "1e-5", "inf", "nan", "0.1 um"])
def test_what_is_no_pixel_size_is_named_with_its_line(folder, value):
    with pytest.raises(
        ImageError, match=r"manifest\.csv: pixel_size '.*' in line 3 and 1 more; .*micrometres.*0\.02 to 2"
    ):
        load_images(folder("a.png,0.1", f"b.png,{value}", f"c.png,{value}"))


@pytest.mark.parametrize("name", ["Pixel_Size", "PIXEL_SIZE", " pixel_size"])
def test_a_column_that_is_nearly_called_so_is_not_passed_over(folder, name):
    root = folder("a.png,0.1", columns=f"path,{name}")
    with pytest.raises(ImageError, match=rf"the column '{name}' is not 'pixel_size'; call it so, or say columns="):
        load_images(root)
    assert load_images(root, columns={"pixel_size": name}).images.smear(0).pixel_size == 0.1


def test_a_column_of_blanks_is_as_none(folder):
    images = load_images(folder("a.png,", "b.png,")).images
    assert images.smear(0).pixel_size is None
