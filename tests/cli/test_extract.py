"""`leukofeat extract` into a data set in parts."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from leukofeat.cli import main
from leukofeat.extraction import run as extraction


@pytest.fixture
def images(labelled, tmp_path):
    return shutil.copytree(labelled, tmp_path / "images")


def tables(place):
    return {path.name: path.read_bytes() for path in sorted(place.iterdir()) if path.is_file()}


def test_a_folder_gets_a_data_set_that_is_brought_up_to_date(images, tmp_path, capsys):
    typed = ["extract", str(images), "-q", "-o", f"{tmp_path / 'out'}/"]
    assert main(typed) == 0
    assert "24 rows" in capsys.readouterr().out
    assert pd.read_parquet(tmp_path / "out").columns[:4].tolist() == ["path", "label", "split", "group"]
    assert main(typed) == 0
    assert "24 rows" in (said := capsys.readouterr().out)
    assert "24 of them there before" in said
    manifest = pd.read_csv(images / "manifest.csv")
    manifest[1:].to_csv(images / "manifest.csv", index=False)
    assert main(typed) == 0
    assert "23 rows" in capsys.readouterr().out
    assert pd.read_parquet(tmp_path / "out")["path"].tolist() == manifest["path"].tolist()[1:]


def test_a_file_is_what_the_parts_are(images, tmp_path, capsys):
    assert main(["extract", str(images), "-q", "-o", str(tmp_path / "out")]) == 0
    for name in ("table.parquet", "table.csv"):
        assert main(["extract", str(images), "-q", "-o", str(tmp_path / name)]) == 0
    parts = pd.read_parquet(tmp_path / "out")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "table.parquet"), parts)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "table.csv", dtype={"group": str}), parts, check_exact=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["images", "out", "table.csv", "table.parquet"]


def test_a_run_into_a_file_goes_on_where_it_was_interrupted(images, tmp_path, capsys, monkeypatch):
    typed = ["extract", str(images), "-q", "-o", str(tmp_path / "table.csv")]
    measure_batches = extraction.measure_batches

    def interrupted(plan, images, **options):
        yield from measure_batches(plan, images[:5], **options)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(extraction, "measure_batches", interrupted)
        assert main(typed) == 130
    assert "the same command goes on there" in capsys.readouterr().err
    assert not (tmp_path / "table.csv").exists()
    assert main(typed) == 0
    assert "24 rows" in (said := capsys.readouterr().out)
    assert "5 of them there before" in said


def test_shares_of_several_machines(images, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("leukofeat.extraction.folder.IMAGES_A_PART", 10)
    monkeypatch.setattr("leukofeat.extraction.extract.IMAGES_A_PART", 10)
    monkeypatch.setattr("leukofeat.extraction.run.IMAGES_A_PART", 10)
    assert main(["extract", str(images), "-q", "-o", str(tmp_path / "whole")]) == 0
    for number in (2, 1):
        assert main(["extract", str(images), "-q", "-o", str(tmp_path / "out"), "--shard", f"{number}/2"]) == 0
        assert ("other shares are not there yet" in capsys.readouterr().out) == (number == 2)
    assert tables(tmp_path / "out") == tables(tmp_path / "whole")


@pytest.mark.parametrize("shard", ["0/2", "3/2", "2", "a/b", "1/0", "1/2/3"])
def test_shares_that_cannot_be(images, tmp_path, capsys, shard):
    assert main(["extract", str(images), "-o", str(tmp_path / "out"), "--shard", shard]) == 2
    assert "counted from 1" in capsys.readouterr().err


def test_shares_need_a_folder(images, tmp_path, capsys):
    assert main(["extract", str(images), "-o", str(tmp_path / "out.csv"), "--shard", "1/2"]) == 2
    assert "name a folder as --output" in capsys.readouterr().err


def test_errors_stand_beside_the_results(images, tmp_path, capsys):
    broken = next(images.glob("*/*.png"))
    good = broken.read_bytes()
    broken.write_bytes(b"")
    typed = ["extract", str(images), "-q", "-o", str(tmp_path / "table.csv")]
    assert main(typed) == 3
    (error,) = pd.read_csv(tmp_path / "table.csv.errors.csv").to_dict("records")
    assert (error["path"], "empty" in error["error"]) == (str(broken), True)
    assert main(["extract", str(images), "-q", "-o", str(tmp_path / "out")]) == 3
    assert pd.read_csv(tmp_path / "out" / "_errors.csv").to_dict("records") == [error]
    broken.write_bytes(good)
    assert main(typed) == 0
    assert not (tmp_path / "table.csv.errors.csv").exists()


def test_strict_stops_at_the_first_image_that_fails(images, tmp_path, capsys):
    broken = next(images.glob("*/*.png"))
    broken.write_bytes(b"")
    assert main(["extract", str(images), "-q", "--strict", "-o", str(tmp_path / "table.csv")]) == 1
    assert broken.name in capsys.readouterr().err
    assert not (tmp_path / "table.csv").exists()


def test_a_folder_with_something_else(images, tmp_path, capsys):
    assert main(["extract", str(images), "-q", "-o", str(tmp_path)]) == 1
    assert "holds something else, images for one" in capsys.readouterr().err


def test_many_failures_are_told_in_short(images, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("leukofeat.cli.shared._MANY", 2)
    for broken in list(images.glob("*/*.png"))[:5]:
        broken.write_bytes(b"")
    assert main(["extract", str(images), "-q", "-o", str(tmp_path / "out")]) == 3
    said = capsys.readouterr().err
    assert said.count("0 bytes") == 2
    assert "... and 3 more" in said


def test_places_that_cannot_be(images, tmp_path, capsys):
    assert main(["extract", str(images), "-o", "s3://bucket/table"]) == 2
    assert "this machine's own disks" in capsys.readouterr().err
    assert main(["extract", str(images), "-o", str(tmp_path / "features.v2")]) == 2
    assert "features.v2/, for a table in parts" in capsys.readouterr().err
    (tmp_path / "table.csv.parts").write_bytes(b"")
    assert main(["extract", str(images), "-o", str(tmp_path / "table.csv")]) == 2
    assert "is a file" in capsys.readouterr().err


def test_a_flat_folder_with_a_table_of_its_own(paths, tmp_path, capsys):
    table = tmp_path / "labels.csv"
    ids = [Path(file).stem for file in paths]
    pd.DataFrame({"id": ids, "diagnosis": ["ALL", "healthy"] * (len(ids) // 2)}).to_csv(table, index=False)
    out = tmp_path / "rows.csv"
    typed = ["extract", str(Path(paths[0]).parent), "-o", str(out), "-b", "four_colors", "--manifest", str(table)]
    assert main([*typed, "--column", "path=id", "--column", "label=diagnosis"]) == 0
    assert pd.read_csv(out)["label"].tolist() == ["ALL", "healthy"] * (len(ids) // 2)
    assert main([*typed, "--column", "diagnosis"]) == 2
    assert "as label=diagnosis" in capsys.readouterr().err
