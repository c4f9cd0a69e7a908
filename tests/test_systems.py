"""The benchmark of all systems: what stands in its tables, that it goes on where it was stopped, and what fails alone."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from leukofeat.baselines.registry import RECIPES
from leukofeat.datasets import make_smears

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import baselines
from systems import plan
from systems import run as running


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(baselines, "make_smears", lambda n, **options: make_smears(n, size=80, **options))


TYPED = ["--synthetic", "24", "--names", "jin2023_svm,four_colors", "--quick"]


def _figures(path):
    found = json.loads(path.read_text())
    return {key: value for key, value in found.items() if key not in ("times", "versions")}, found["times"]


def test_tables_json_and_page(tmp_path, capsys):
    files = {end: tmp_path / f"t.{end}" for end in ("json", "html", "md")}
    named = [f"--{option}={files[end]}" for option, end in (("json", "json"), ("html", "html"), ("markdown", "md"))]
    assert baselines.main([*TYPED, *named]) == 0
    told = capsys.readouterr()
    found, times = _figures(tmp_path / "t.json")
    page = (tmp_path / "t.html").read_text()
    for text in (told.out, json.dumps(found), page):
        assert "esearch use only" in text
        for name in ("jin2023_svm", "four_colors", "no_leukocytes", "4 classes", "malignant / benign"):
            assert name in text
    assert "leukofeat_svm" not in told.out
    assert "3 of 3" in told.err
    assert "left" in told.err
    by_name = {row["system"]: row for row in found["tasks"]["classes"]["figures"]}
    published = RECIPES["jin2023_svm"].published
    row = next(line for line in files["md"].read_text().splitlines() if line.startswith("| jin2023_svm |"))
    assert row.startswith(f"| jin2023_svm | {published} | {by_name['jin2023_svm']['measured']:.3f} | ")
    assert by_name["jin2023_svm"]["published"] == published
    assert published in page
    # of four classes, and so never beside a figure of two
    assert all(row["published"] == "" for row in found["tasks"]["binary"]["figures"])
    assert {row["system"] for row in times} == set(by_name)
    assert "ms_per_image" not in json.dumps(found)


def test_margin_is_over_the_best_control_under_the_hardest_groups(tmp_path):
    assert (
        baselines.main(
            [
                "--synthetic",
                "24",
                "--names",
                "jin2023_svm",
                "--no-stress",
                "--quiet",
                "--json",
                str(tmp_path / "t.json"),
            ]
        )
        == 0
    )
    found, _ = _figures(tmp_path / "t.json")
    for task in found["tasks"].values():
        accuracy = {(row["system"], row["protocol"]): row["accuracy"] for row in task["all"]}
        row = next(row for row in task["figures"] if row["system"] == "jin2023_svm")
        controls = max(accuracy[name, row["held out"]] for name in plan.CONTROLS)
        assert row["measured"] == accuracy["jin2023_svm", "random"]
        assert row["honest"] == accuracy["jin2023_svm", "slides"]
        assert row["margin"] == pytest.approx(row["honest"] - controls, abs=1e-5)
        assert row["low"] <= row["honest"] <= row["high"]


def test_goes_on_where_it_was_stopped(tmp_path, monkeypatch):
    once, again = tmp_path / "once.json", tmp_path / "again.json"
    typed = ["--synthetic", "24", "--names", "jin2023_svm", "--protocols", "random", "--quiet"]
    assert baselines.main([*typed, "--store", str(tmp_path / "a"), "--json", str(once)]) == 0
    compare, calls = running.compare, []

    def stops(pipelines, *args, **kwargs):
        calls.append(pipelines)
        if len(calls) == 4:  # the second task of the second system
            raise KeyboardInterrupt
        return compare(pipelines, *args, **kwargs)

    monkeypatch.setattr(running, "compare", stops)
    with pytest.raises(KeyboardInterrupt):
        baselines.main([*typed, "--store", str(tmp_path / "b")])
    monkeypatch.setattr(running, "compare", compare)
    assert baselines.main([*typed, "--store", str(tmp_path / "b"), "--json", str(again)]) == 0
    assert _figures(once)[0] == _figures(again)[0]
    # a third time everything is known, the times it took with it
    monkeypatch.setattr("leukofeat.evaluation.folds.Run._fit", None)
    assert baselines.main([*typed, "--store", str(tmp_path / "b"), "--json", str(once)]) == 0
    assert _figures(once) == _figures(again)


def test_several_workers_give_the_same_figures(tmp_path):
    files = [tmp_path / "one.json", tmp_path / "two.json"]
    for path, options in zip(files, ([], ["--jobs", "2"]), strict=True):
        assert baselines.main([*TYPED, "--quiet", *options, "--json", str(path)]) == 0
    assert _figures(files[0])[0] == _figures(files[1])[0]


def test_one_that_fails_is_named_and_the_others_go_on(tmp_path, capsys, monkeypatch):
    made = plan.make_baseline

    def falls_over(name, **params):
        if name == "jin2023_svm":
            raise RuntimeError("no such thing")
        return made(name, **params)

    monkeypatch.setattr(plan, "make_baseline", falls_over)
    assert baselines.main([*TYPED, "--html", str(tmp_path / "t.html")]) == 0
    told = capsys.readouterr().out
    assert "Failed: jin2023_svm: RuntimeError: no such thing" in told
    assert "no such thing" in (tmp_path / "t.html").read_text()
    assert "four_colors" in told


def test_two_tasks_of_one_set_of_labels_and_folds_over_images_say_so(capsys):
    bunch = make_smears(24, size=64, random_state=0)
    four, two = plan.tasks(bunch, plan.TASKS)
    assert set(two.target[four.target == "Benign"]) == {"benign"}
    assert set(two.target[four.target != "Benign"]) == {"malignant"}
    for given in (["AML", "APL"], ["benign", "healthy"]):
        assert plan._two_classes(given) is None
    assert plan._two_classes(np.array(["healthy", "blast"])).tolist() == ["benign", "malignant"]
    assert baselines.main([*TYPED, "--tasks", "binary"]) == 0
    out = capsys.readouterr().out
    assert "the control no_leukocytes scores" in out
    assert "4 classes" not in out
    assert "folds are over images" in out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--names", "begum2017"], "is not built"),
        (["--names", "nobody"], "no such pipeline"),
        (["--protocols", "blocks"], "these data allow random, slides"),
    ],
)
def test_what_cannot_be_run_is_said_before_any_work(options, says, capsys):
    with pytest.raises(SystemExit):
        baselines.main(["--synthetic", "24", *options])
    told = capsys.readouterr()
    assert says in told.err
    assert "image/s" not in told.err
