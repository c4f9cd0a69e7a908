"""What a field's outputs may not replace, and what is left where a run is stopped."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import tifffile
from sklearn.pipeline import make_pipeline

from leukofeat.segmentation import OtsuSegmenter
from leukofeat.tiling import extract_field, open_field
from leukofeat.tiling.output import LabelMap, Table

PIPELINE = make_pipeline(OtsuSegmenter())
IMAGE = np.full((60, 80, 3), 230, np.uint8)


def contents(folder):
    """Everything in a folder, with its bytes."""
    return {path.relative_to(folder): path.is_file() and path.read_bytes() for path in folder.rglob("*")}


def refused(tmp_path, source, match, **outputs):
    before = contents(tmp_path)
    with pytest.raises(ValueError, match=match):
        extract_field(source, PIPELINE, **outputs)
    assert contents(tmp_path) == before


@pytest.fixture
def slide(tmp_path):
    path = tmp_path / "s.tif"
    tifffile.imwrite(path, IMAGE, photometric="rgb", tile=(32, 32))
    return path


@pytest.fixture
def stored(tmp_path):
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(tmp_path / "s.zarr", mode="w")
    group.create_array("0", data=IMAGE, attributes={"leukofeat": "label map"})
    group.attrs["multiscales"] = [{"datasets": [{"path": "0"}]}]
    return tmp_path / "s.zarr"


@pytest.mark.parametrize("how", ["itself", "relative", "symbolic", "hard", "folder"])
@pytest.mark.parametrize("output", ["labels", "nuclei"])
def test_the_field_is_not_replaced(slide, tmp_path, monkeypatch, how, output):
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "other.tif"
    if how == "itself":
        place = slide
    elif how == "relative":
        place = "./s.tif"
    elif how == "symbolic":
        place.symlink_to(slide)
    elif how == "hard":
        os.link(slide, place)
    else:
        (tmp_path / "here").symlink_to(tmp_path)
        place = tmp_path / "here" / "s.tif"
    for source in (slide, open_field(slide), np.memmap(slide, np.uint8, "r", shape=(60, 80))):
        refused(tmp_path, source, f"{output} would replace or change the field", **{output: place})


def test_a_field_in_zarr_is_not_removed_nor_added_to(stored, tmp_path):
    import zarr

    array = zarr.open(stored)["0"]
    (tmp_path / "link.zarr").symlink_to(stored)
    for source in (stored, stored / "0", open_field(stored), array):
        refused(tmp_path, source, "the field itself", labels=stored)
        refused(tmp_path, source, "the field itself", labels=tmp_path / "link.zarr")
        refused(tmp_path, source, "the field itself", output=stored / "0" / "cells.csv")
    refused(tmp_path, stored, "the field itself", nuclei=stored / "nuclei.zarr")


def test_outputs_are_places_of_their_own(tmp_path):
    for name in ("m.tif", "m.zarr"):
        refused(tmp_path, IMAGE, "labels and nuclei", labels=tmp_path / name, nuclei=tmp_path / "." / name)
    (tmp_path / "m.tif").write_bytes(b"old")
    os.link(tmp_path / "m.tif", tmp_path / "n.tif")
    refused(tmp_path, IMAGE, "labels and nuclei", labels=tmp_path / "m.tif", nuclei=tmp_path / "n.tif")
    (tmp_path / "m.zarr").mkdir()
    refused(tmp_path, IMAGE, "output and labels", labels=tmp_path / "m.zarr", output=tmp_path / "m.zarr" / "t.csv")


@pytest.mark.parametrize(
    "place", [{"output": "t.parquet"}, {"output": "t.csv"}, {"labels": "m.tif"}, {"nuclei": "m.zarr"}]
)
def test_a_folder_that_is_in_the_way_stays(tmp_path, place):
    ((name, file),) = place.items()
    for inside in ((), ("part-0.parquet",)):
        (tmp_path / file).mkdir(exist_ok=True)
        for one in inside:
            (tmp_path / file / one).write_bytes(b"rows")
        refused(tmp_path, IMAGE, "name another place, or move it away", **{name: tmp_path / file})


def test_a_label_map_in_zarr_is_replaced_and_nothing_else(tmp_path):
    zarr = pytest.importorskip("zarr")
    place = tmp_path / "m.zarr"
    nucleus = IMAGE.copy()
    nucleus[20:45, 20:45] = (90, 50, 150)
    for image, n in ((nucleus, 1), (IMAGE, 0), (nucleus, 1)):
        extract_field(image, PIPELINE, labels=place)
        assert zarr.open(place)[:].max() == n
        assert os.listdir(tmp_path) == ["m.zarr"]
    (place / "c" / "notes.txt").write_text("mine")
    refused(tmp_path, IMAGE, "holds more", labels=place)
    (place / "c" / "notes.txt").unlink()
    del zarr.open(place, mode="a").attrs["leukofeat"]
    refused(tmp_path, IMAGE, "no label map of leukofeat", labels=place)
    (tmp_path / "file.zarr").write_bytes(b"packed")
    refused(tmp_path, IMAGE, "is a file", labels=tmp_path / "file.zarr")


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "m.tif", "m.zarr"])
def test_what_was_there_stays_where_the_disk_is_full(tmp_path, monkeypatch, name):
    if name.endswith("zarr"):
        pytest.importorskip("zarr")
    kind = "output" if name.startswith("t") else "labels"
    extract_field(IMAGE, PIPELINE, **{kind: tmp_path / name})
    before, move = contents(tmp_path), os.replace

    def full(source, target):
        if os.fspath(target) == os.fspath(tmp_path / name) and not os.fspath(source).endswith(".old.tmp"):
            raise OSError(28, "No space left on device")
        move(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="what was there is as it was") as caught:
        extract_field(IMAGE, PIPELINE, **{kind: tmp_path / name})
    assert (caught.value.errno, caught.value.filename) == (28, str(tmp_path / name))
    assert contents(tmp_path) == before


def test_errors_of_one_file_are_not_said_of_another(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(LabelMap, "_rows", full)
    with pytest.raises(OSError, match="No space") as caught:
        extract_field(IMAGE, PIPELINE, output=tmp_path / "t.csv", labels=tmp_path / "m.tif")
    assert (caught.value.errno, caught.value.filename) == (28, str(tmp_path / "m.tif"))
    assert contents(tmp_path) == {}


@pytest.mark.skipif(os.name == "nt", reason="leftovers stay there")
def test_what_killed_runs_left_is_hidden_and_goes_with_the_next(tmp_path):
    code = """if True:
        import os, sys
        import pandas as pd
        from leukofeat.tiling.output import LabelMap, Table
        with Table(sys.argv[1]) as table, LabelMap(sys.argv[2], 0) as labels:
            table.write(pd.DataFrame({"a": [1]}))
            labels.paint([], [], (500, 500))
            os.kill(os.getpid(), 9)
    """
    places = [tmp_path / "t.csv", tmp_path / "m.tif"]
    assert subprocess.run([sys.executable, "-c", code, *map(str, places)], check=False).returncode == -9
    left = os.listdir(tmp_path)
    assert len(left) == 2
    assert all(name.startswith(".") and name.endswith(".tmp") for name in left)
    alive, others = tmp_path / f".t.csv.{os.getppid()}.raw.tmp", tmp_path / ".u.csv.2147483646.tmp"
    for path in (alive, others):
        path.write_bytes(b"")
    with Table(places[0]) as table, LabelMap(places[1], 0) as labels:
        table.write(pd.DataFrame({"a": [2]}))
        labels.paint([], [], (5, 5))
    assert sorted(tmp_path.iterdir()) == sorted([*places, alive, others])
    assert pd.read_csv(places[0])["a"].tolist() == [2]
