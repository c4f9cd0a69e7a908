"""`leukofeat fetch`, with data sets that stand in for the public ones."""

import json
import warnings
from types import SimpleNamespace

import pytest

import leukofeat.datasets
from leukofeat.cli import main
from leukofeat.datasets import load_images


@pytest.fixture
def sets(labelled, monkeypatch):
    """Two data sets: one that is at hand, and one that has to be got by hand."""
    calls = []

    def entry(title, faults):
        return SimpleNamespace(
            title=title,
            licence="CC BY 4.0",
            url="https://example.org",
            citation="Somebody 2020",
            layout="class folders",
            known_faults=faults,
            instructions="Ask its authors for it.",
        )

    def fetch_here(data_home=None, download=True, *, verbose=1):
        calls.append((data_home, download, verbose))
        warnings.warn("here: two copies.", UserWarning, stacklevel=2)
        return load_images(labelled)

    def fetch_gone(data_home=None, download=True, *, verbose=1):
        raise FileNotFoundError("gone: is not at hand. Ask its authors for it.")

    cards = {"here": entry("Smears", ("two copies",)), "gone": entry("Others", ())}
    monkeypatch.setattr(leukofeat.datasets, "DATASETS", cards)
    monkeypatch.setattr(leukofeat.datasets, "fetch_here", fetch_here, raising=False)
    monkeypatch.setattr(leukofeat.datasets, "fetch_gone", fetch_gone, raising=False)
    return calls


def test_one_that_is_at_hand(sets, capsys):
    assert main(["fetch", "here", "--data-home", "there", "--json"]) == 0
    assert sets == [("there", True, 1)]
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert told["counts"] == {"images": 24}
    assert told["figures"]["licence"] == "CC BY 4.0"
    assert err.count("here: two copies") == 1
    assert main(["fetch", "here", "--no-download", "--quiet"]) == 0
    assert sets[1:] == [(None, False, 0)]
    assert "24 images" in capsys.readouterr().out


def test_one_that_is_not_comes_with_the_way_to_get_it(sets, capsys):
    assert main(["fetch", "gone"]) == 1
    assert "gone: is not at hand. Ask its authors for it." in capsys.readouterr().err


def test_a_wrong_name(sets, capsys):
    assert main(["fetch", "her"]) == 2
    assert "did you mean 'here'?" in capsys.readouterr().err


def test_the_list_downloads_nothing(sets, capsys):
    assert main(["fetch", "--json"]) == 0
    assert [call[:2] for call in sets] == [(None, False)]
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["figures"]["datasets"]}
    assert rows["here"]["at_hand"].startswith("24 images")
    assert rows["gone"]["at_hand"] is None
    assert main(["fetch"]) == 0
    out, err = capsys.readouterr()
    assert "not at hand" in out
    assert "two copies" not in err


def test_the_sets_that_there_are(tmp_path, capsys):
    assert main(["fetch", "--data-home", str(tmp_path)]) == 0
    assert "aria2021: " in capsys.readouterr().out
    assert main(["fetch", "aria2021", "--data-home", str(tmp_path), "--no-download"]) == 1
    assert str(tmp_path / "aria2021") in capsys.readouterr().err


def test_a_folder_of_something_else_is_told_in_the_list(tmp_path, capsys):
    (tmp_path / "aria2021").mkdir()
    assert main(["fetch", "--data-home", str(tmp_path), "--json"]) == 0
    out, err = capsys.readouterr()
    (told,) = json.loads(out)["warnings"]
    assert told.startswith(f"aria2021: {tmp_path / 'aria2021'}")
    assert err.count(told) == 1
