"""`leukofeat field`: what it writes, says and refuses."""

import numpy as np
import pandas as pd
import pytest
import tifffile

from leukofeat import read_labels
from leukofeat.baselines import make_baseline
from leukofeat.cli import main
from leukofeat.datasets import make_smears
from leukofeat.tiling import extract_field


@pytest.fixture(scope="module")
def slide(tmp_path_factory):
    path = tmp_path_factory.mktemp("slides") / "slide.tif"
    pixels = make_smears(n_samples=1, size=400, random_state=3).images[0]
    with tifffile.TiffWriter(path) as file:
        file.write(pixels, subifds=1, photometric="rgb", tile=(64, 64), compression="zlib")
        file.write(pixels[::2, ::2], subfiletype=1, photometric="rgb", tile=(64, 64))
    return path


def test_a_slide_becomes_a_table_and_label_maps(slide, tmp_path, capsys):
    places = {name: tmp_path / name for name in ("cells.parquet", "cells.tif", "nuclei.tif")}
    options = ["--cells-to", places["cells.tif"], "--nuclei-to", places["nuclei.tif"], "--tile", "200", "-q"]
    assert main(["field", str(slide), "-o", *map(str, (places["cells.parquet"], *options))]) == 0
    said = capsys.readouterr()
    table = pd.read_parquet(places["cells.parquet"])
    assert f"{len(table)} cells of 4 tiles" in said.out
    assert "slide.tif: 400 x 400 pixels, level 0 of 2." in said.err
    expected = extract_field(slide, make_baseline("leukofeat_svm"), tile=200).table
    pd.testing.assert_frame_equal(table, expected, check_dtype=False)
    cells, nuclei = (read_labels(places[name]) for name in ("cells.tif", "nuclei.tif"))
    assert cells.max() == len(table) > 5
    np.testing.assert_array_equal(nuclei[nuclei > 0], cells[nuclei > 0])


def test_another_level_and_size_of_the_pixels(slide, tmp_path, capsys):
    place = tmp_path / "cells.csv"
    assert main(["field", str(slide), "-o", str(place), "--level", "1", "--pixel-size", "0.2", "-q"]) == 0
    assert "200 x 200 pixels of 0.4 µm, level 1 of 2." in capsys.readouterr().err
    assert pd.read_csv(place)["bbox_bottom"].max() <= 200


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--level", "2"], 1, "there is no level 2"),
        (["--cells-to", "cells.png"], 2, "cells.png: label maps of a field"),
        (["-o", "cells.xlsx"], 2, "cells.xlsx: tables are written"),
        (["--baseline", "four_colors"], 2, "four_colors measures no single cells"),
        (["--tile", "3"], 1, "tile"),
        (["--pixel-size", "0"], 2, "--pixel-size 0: it is the side of a pixel in micrometres, from 0.02 to 2"),
        (["--pixel-size", "nan"], 2, "--pixel-size nan: it is the side"),
        (["--pixel-size", "250"], 2, "--pixel-size 250: it is the side"),
    ],
)
def test_what_cannot_be_is_refused(slide, tmp_path, monkeypatch, capsys, options, code, message):
    monkeypatch.chdir(tmp_path)
    assert main(["field", str(slide), "-o", "cells.csv", "-q", *options]) == code
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--cells-to", "s.tif"], "s.tif: --cells-to would replace or change the field itself, s.tif"),
        (
            ["--cells-to", "m.tif", "--nuclei-to", "./m.tif"],
            "m.tif: --cells-to and --nuclei-to are written to one place",
        ),
        (["-o", "t.parquet"], "t.parquet: is a folder"),
        (["--cells-to", "m.zarr"], "m.zarr: is a folder that is no label map"),
    ],
)
def test_nothing_is_written_over_the_slide_or_a_folder(slide, tmp_path, monkeypatch, capsys, options, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.tif").write_bytes(slide.read_bytes())
    for name in ("t.parquet", "m.zarr"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine").write_bytes(b"")
    before = sorted(tmp_path.rglob("*"))
    assert main(["field", "s.tif", "-o", "t.csv", "-q", *options]) == 2
    assert message in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "s.tif").read_bytes() == slide.read_bytes()


def test_a_damaged_tile_is_named_and_the_rest_is_measured(slide, tmp_path, capsys):
    with tifffile.TiffFile(slide) as file:
        page = file.pages.first
        where, size = page.dataoffsets[-1], page.databytecounts[-1]
    data = bytearray(slide.read_bytes())
    broken = tmp_path / "broken.tif"
    data[where : where + size] = b"\xff" * size
    broken.write_bytes(data)
    assert main(["field", str(broken), "-o", str(tmp_path / "cells.csv"), "--tile", "200", "-q"]) == 3
    said = capsys.readouterr().err
    assert "broken.tif, rows 200 to 399, columns 200 to 399: " in said
    assert "1 of 4 images failed; the others are done." in said
    assert len(pd.read_csv(tmp_path / "cells.csv")) > 3
