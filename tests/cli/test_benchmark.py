"""`leukofeat benchmark`: every way to split that the manifest allows, in two tables."""

import json

import pandas as pd
import pytest

from leukofeat.baselines.compared import compared_pipelines
from leukofeat.cli import main


@pytest.fixture(scope="module")
def few(labelled, tmp_path_factory):
    """The labelled folder, and only the fastest pipelines."""
    with pytest.MonkeyPatch.context() as patch:
        fast = compared_pipelines(["control: four colours", "control: bar corner"])
        patch.setattr("leukofeat.cli.benchmark.compared_pipelines", lambda: fast)
        output = tmp_path_factory.mktemp("benchmark") / "r"
        typed = ["benchmark", str(labelled), "-o", str(output), "--stress-images", "8", "-p", "mine=four_colors:C=1"]
        assert main([*typed, "--groups", "split"]) == 0
    return output


def test_both_tables(few):
    accuracy = pd.read_csv(few / "accuracy.csv").set_index("pipeline")
    assert list(accuracy.columns) == ["random", "published", "coarse clusters", "slides", "split"]
    assert list(accuracy.index) == ["control: four colours", "control: bar corner", "mine"]
    assert accuracy.notna().all(axis=None)
    lost = pd.read_csv(few / "points_lost.csv").set_index("pipeline")
    assert list(lost.index) == list(accuracy.index)
    assert {"other background", "bar added", "follows_background"} <= set(lost.columns)


def test_everything_by_protocol(few):
    table = pd.read_csv(few / "table.csv")
    assert list(table["protocol"].unique()) == ["random", "published", "cluster0", "group", "split"]
    assert len(table) == 5 * 3
    run = json.loads((few / "configuration.json").read_text())
    assert list(run["protocols"]) == list(table["protocol"].unique())
    assert "control: bar corner" in (few / "report.html").read_text()
    predictions = pd.read_csv(few / "predictions.csv")
    assert predictions["path"].notna().all()


def test_the_rows_are_the_baselines_and_the_controls():
    rows = list(compared_pipelines())
    assert [name for name in rows if name.startswith("control: ")] == [
        "control: four colours",
        "control: no leukocytes",
        "control: bar corner",
    ]
    assert sum(name.startswith("jin2023_svm") for name in rows) == 4
    assert "leukofeat_svm" in rows


@pytest.mark.parametrize(
    ("typed", "says", "code"),
    [
        ([], "give either a folder, or --synthetic N", 2),
        (["{folder}", "--synthetic", "8"], "give either a folder, or --synthetic N", 2),
        (["{folder}", "--groups", "slide"], "--groups slide", 2),
        (["--synthetic", "8", "--groups", "slide"], "a manifest.csv with such a column is needed", 2),
        (["{folder}", "-p", "leukofeat_svm"], "there is a row 'leukofeat_svm' already", 2),
    ],
)
def test_what_cannot_be_done_is_said_before_any_work(labelled, tmp_path, capsys, typed, says, code):
    assert main(["benchmark", "-o", str(tmp_path / "r"), *(part.format(folder=labelled) for part in typed)]) == code
    told = capsys.readouterr().err
    assert says in told
    assert "image/s" not in told


def test_synthetic_smears(tmp_path, monkeypatch, capsys):
    fast = compared_pipelines(["control: four colours"])
    monkeypatch.setattr("leukofeat.cli.benchmark.compared_pipelines", lambda: fast)
    assert main(["benchmark", "--synthetic", "12", "-o", str(tmp_path / "r"), "-q", "--stress-images", "4"]) == 0
    assert "make_smears(12), 12 images: accuracy by the way of splitting" in capsys.readouterr().out
