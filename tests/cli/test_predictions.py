"""Predictions made elsewhere, as rows of the commands' tables."""

import pandas as pd
import pytest

from leukofeat.baselines.compared import compared_pipelines
from leukofeat.cli import main


@pytest.fixture(scope="module")
def network(labelled, tmp_path_factory):
    """A table as a spreadsheet on another system writes it: right in every image, by folds of the groups."""
    manifest = pd.read_csv(labelled / "manifest.csv")
    paths = "D:\\Data\\" + manifest["path"].str.replace("/", "\\")
    table = pd.DataFrame({"remark": "ü", "path": paths, "predicted": manifest["label"], "fold": "all"})
    file = tmp_path_factory.mktemp("network") / "net.csv"
    table.sample(frac=1, random_state=0).to_csv(file, sep=";", index=False, encoding="utf-8-sig")
    return file


def test_beside_a_pipeline(labelled, network, tmp_path, capsys):
    output = tmp_path / "r"
    typed = ["compare", str(labelled), "-o", str(output), "--cv", "2", "-q", "-p", "four_colors"]
    assert main([*typed, "--predictions", f"my net={network}", "--stress"]) == 0
    told = capsys.readouterr().out
    assert "my net: predictions made elsewhere, which the stress tests cannot ask" in told
    table = pd.read_csv(output / "table.csv").set_index("pipeline")
    assert table.loc["my net", "accuracy"] == 1.0
    assert table.loc["my net", ["ms_per_image", "fit_seconds"]].isna().all()
    assert set(pd.read_csv(output / "pairs.csv")["second"]) == {"my net"}
    assert set(pd.read_csv(output / "stress.csv")["pipeline"]) == {"four_colors"}
    assert "my net" in (output / "report.html").read_text()


def test_under_the_folds_of_the_network(labelled, tmp_path, capsys):
    manifest = pd.read_csv(labelled / "manifest.csv")
    table = pd.DataFrame({"path": manifest["path"], "predicted": "Pro", "fold": manifest["cluster0"]})
    table.to_csv(tmp_path / "net.csv", index=False)
    typed = ["compare", str(labelled), "-o", str(tmp_path / "r"), "-q", "--predictions", str(tmp_path / "net.csv")]
    assert main([*typed, "--cv", "2"]) == 1
    assert "--cv COLUMN" in capsys.readouterr().err
    assert main([*typed, "--cv", "cluster0", "-p", "four_colors"]) == 0
    found = pd.read_csv(tmp_path / "r" / "predictions.csv").query("pipeline == 'net'")
    tested = found.set_index("path")["fold"]
    assert (tested == manifest.set_index("path")["cluster0"][tested.index]).all()


def test_what_a_comparison_wrote_can_be_read(labelled, tmp_path):
    for name, row in {"first": ["-p", "four_colors"], "second": ["--predictions", str(tmp_path / "first.csv")]}.items():
        typed = ["compare", str(labelled), "-o", str(tmp_path / name), "--cv", "2", "-q", *row]
        assert main(typed) == 0
        found = pd.read_csv(tmp_path / name / "predictions.csv")
        found.drop(columns=["pipeline"]).to_csv(tmp_path / f"{name}.csv", index=False)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "first.csv"), pd.read_csv(tmp_path / "second.csv"))


def test_under_the_protocols_that_they_were_made_for(labelled, tmp_path, monkeypatch, capsys):
    fast = compared_pipelines(["control: four colours"])
    monkeypatch.setattr("leukofeat.cli.benchmark.compared_pipelines", lambda: fast)
    manifest = pd.read_csv(labelled / "manifest.csv").query("split == 'valid'")
    manifest[["path", "split"]].assign(predicted="Pro").to_csv(tmp_path / "net.csv", index=False)
    output = tmp_path / "r"
    typed = ["benchmark", str(labelled), "-o", str(output), "-q", "--stress-images", "4"]
    assert main([*typed, "--predictions", str(tmp_path / "net.csv")]) == 0
    accuracy = pd.read_csv(output / "accuracy.csv").set_index("pipeline")
    assert accuracy.loc["net", "published"] == pytest.approx((manifest["label"] == "Pro").mean())
    assert accuracy.loc["net"].drop("published").isna().all()
    assert "net is left out: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t.iloc[1:], "1 of 24 test images has no prediction"),
        (lambda t: pd.concat([t, t.iloc[:2]]), "2 test images have several predictions"),
        (lambda t: t.assign(predicted=t["predicted"].str.lower()), "differ in case or blanks only"),
        (lambda t: t.assign(fold=range(len(t))), "test images of fold 0 stand in"),
        (lambda t: t.assign(path="x" + t["path"].str[-6:]), "lead to no image"),
    ],
)
def test_what_does_not_fit_is_said_before_any_work(labelled, network, tmp_path, capsys, change, says):
    change(pd.read_csv(network, sep=";")).to_csv(tmp_path / "net.csv", index=False)
    typed = ["compare", str(labelled), "-o", str(tmp_path / "r"), "--cv", "2", "-p", "four_colors"]
    assert main([*typed, "--predictions", str(tmp_path / "net.csv")]) == 1
    told = capsys.readouterr().err
    assert says in told
    assert "image/s" not in told
    assert not (tmp_path / "r").exists()
