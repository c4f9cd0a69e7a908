"""What a command reads is still there when it has written."""

import json
import os
import shutil

import pandas as pd
import pytest

from leukofeat.cli import main


@pytest.fixture
def home(labelled, trained, tmp_path, monkeypatch):
    """A folder of images with a manifest, a second table, a link to an image, and a model, where commands are typed."""
    shutil.copytree(labelled, tmp_path / "smears")
    shutil.copy(trained, tmp_path / "model.skops")
    pd.read_csv(labelled / "manifest.csv").to_csv(tmp_path / "smears" / "other.csv", index=False)
    os.link(next((tmp_path / "smears").glob("*/*.png")), tmp_path / "linked.skops")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def trained(labelled, tmp_path_factory):
    file = tmp_path_factory.mktemp("trained") / "model.skops"
    assert main(["train", str(labelled), "-o", str(file), "-b", "four_colors", "-q"]) == 0
    return file


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("predict model.skops smears -o smears/manifest.csv", "--output would replace the manifest"),
        ("predict model.skops smears --manifest smears/other.csv -o smears/other.csv", "would replace the manifest"),
        ("predict model.skops smears -o x.csv --patients smears/manifest.csv", "--patients would replace the manifest"),
        ("predict model.skops smears -o x.csv --patients ./x.csv", "--output and --patients are written to one place"),
        ("extract smears -b four_colors -o ./smears/manifest.csv", "would replace the manifest"),
        ("train smears -b four_colors -o linked.skops", "would replace an image that is read"),
        ("train smears -b four_colors -o smears/manifest.csv", "would replace the manifest"),
        ("explain model.html smears -o model.html", "would replace the model that is read; name another file"),
        ("show model.txt -o model.txt", "would replace the model that is read"),
    ],
)
def test_no_result_takes_the_place_of_what_is_read(typed, says, home, capsys):
    for name in ("model.html", "model.txt"):
        shutil.copy("model.skops", name)
    before = {file: file.read_bytes() for file in home.rglob("*") if file.is_file()}
    assert main([*typed.split(), "-q"]) == 2
    assert says in " ".join(capsys.readouterr().err.split())
    assert {file: file.read_bytes() for file in home.rglob("*") if file.is_file()} == before


def test_an_older_result_is_replaced(home, capsys):
    typed = ["predict", "model.skops", "smears", "-o", "x.csv", "--patients", "p.csv", "-q", "--json"]
    for _ in range(2):
        assert main(typed) == 0
        assert json.loads(capsys.readouterr().out)["counts"]["patients"] == 8
