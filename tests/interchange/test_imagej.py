"""Regions of interest of ImageJ: what was drawn comes back, every kind of region has an inside, and damage has a name."""

from __future__ import annotations

import io
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings

from leukofeat import ImageError
from leukofeat.decode import limits
from leukofeat.interchange import LabelMaps, read_imagej, write_imagej
from tests.interchange.maps import ODD, label_maps, same

roifile = pytest.importorskip("roifile")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("imagej") / "RoiSet.zip"


@given(label_maps())
@settings(max_examples=40, deadline=None)
def test_label_maps_come_back(place, maps):
    given = LabelMaps(*maps)
    if given.cells.any():
        write_imagej(place, given)
        same(read_imagej(place, given.cells.shape), given)


@pytest.mark.parametrize("maps", [ODD[name] for name in ODD if name != "empty"], ids=[n for n in ODD if n != "empty"])
def test_odd_maps_come_back(maps, tmp_path):
    write_imagej(tmp_path / "a.zip", maps)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same(read_imagej(tmp_path / "a.zip", maps.cells.shape), maps)


def test_an_empty_set(tmp_path):
    write_imagej(tmp_path / "a.zip", ODD["empty"])
    same(read_imagej(tmp_path / "a.zip", (3, 4)), ODD["empty"])


def test_the_same_cells_give_the_same_file(tmp_path):
    for name in ("a.zip", "b.zip"):
        write_imagej(tmp_path / name, ODD["some nuclei"])
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_other_readers_see_the_outlines(tmp_path):
    write_imagej(tmp_path / "a.zip", LabelMaps(cells=[[0, 0, 0], [0, 5, 5]]))
    (roi,) = roifile.roiread(tmp_path / "a.zip")
    assert (roi.name, roi.roitype) == ("cell 5", roifile.ROI_TYPE.TRACED)
    assert sorted(roi.coordinates().tolist()) == [[1, 1], [1, 2], [3, 1], [3, 2]]


def test_kinds_of_regions(tmp_path):
    kinds = roifile.ROI_TYPE
    rois = [
        roifile.ImagejRoi(roitype=kinds.RECT, left=1, top=2, right=4, bottom=5, name="12"),
        roifile.ImagejRoi(roitype=kinds.OVAL, left=10, top=10, right=31, bottom=21, name="blast"),
        roifile.ImagejRoi.frompoints([[40.2, 1.0], [44.4, 1.1], [44.3, 4.9], [40.0, 5.0]], name="a"),
        roifile.ImagejRoi(roitype=kinds.LINE, x1=0, y1=0, x2=9, y2=9, name="ruler"),
    ]
    roifile.roiwrite(tmp_path / "set.zip", rois, mode="w")
    found = read_imagej(tmp_path / "set.zip", (30, 50))
    assert found.label_ids.tolist() == [12, 13, 14]
    assert (found.cells == 1).nonzero()[0].tolist() == [2, 2, 2, 3, 3, 3, 4, 4, 4]
    assert abs(int((found.cells == 2).sum()) - np.pi * 21 * 11 / 4) < 4
    assert (found.cells == 3).sum() == 16
    rois[2].tofile(tmp_path / "one.roi")
    assert read_imagej(tmp_path / "one.roi", (30, 50)).cells.sum() == 16


def test_nuclei_without_numbers_go_to_the_cells_that_hold_them(tmp_path):
    kinds = roifile.ROI_TYPE
    nucleus = roifile.ImagejRoi(roitype=kinds.RECT, left=1, top=0, right=2, bottom=1, name="nucleus 9")
    cell = roifile.ImagejRoi(roitype=kinds.RECT, left=0, top=0, right=3, bottom=2, name="cell 4")
    roifile.roiwrite(tmp_path / "set.zip", [nucleus, cell], mode="w")
    found = read_imagej(tmp_path / "set.zip", (2, 4))
    assert found.named("nuclei").tolist() == [[0, 4, 0, 0], [0, 0, 0, 0]]
    nucleus.tofile(tmp_path / "one.roi")
    assert read_imagej(tmp_path / "one.roi", (2, 4)).named("nuclei").tolist() == [[0, 9, 0, 0], [0, 0, 0, 0]]


def packed(**files):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            file.writestr(f"{name}.roi", data)
    return archive.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"RIFF....", "is no .roi and no .zip"),
        (b"Iout", "damaged regions of interest"),
        (b"Iout" + b"\xff" * 200, "damaged regions of interest"),
        (b"PK\x03\x04", "damaged regions of interest"),
        (packed(a=b"nothing"), "damaged regions of interest"),
        (packed(a=b"Iout" * 10)[:60], "damaged regions of interest"),
    ],
)
def test_damage_has_a_name(data, message, tmp_path):
    (tmp_path / "set.zip").write_bytes(data)
    with pytest.raises(ImageError, match=message) as caught:
        read_imagej(tmp_path / "set.zip", (3, 4))
    assert "set.zip" in str(caught.value)


def test_an_archive_that_swells(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_PIXELS", 10_000)
    (tmp_path / "set.zip").write_bytes(packed(a=bytes(10**6)))
    with pytest.raises(ImageError, match="more than the 10,000 that are read"):
        read_imagej(tmp_path / "set.zip", (3, 4))


def test_what_cannot_be_written(tmp_path):
    with pytest.raises(ValueError, match=r"written as \.zip"):
        write_imagej(tmp_path / "a.roi", ODD["one pixel"])
    with pytest.raises(ValueError, match=r"32,767 pixels"):
        write_imagej(tmp_path / "a.zip", LabelMaps(cells=np.ones((1, 40_000), int)))
