"""`leukofeat compare`: what stands in the table and in the folder, and what is refused before any work."""

import json
from pathlib import Path

import pandas as pd
import pytest

from leukofeat.baselines import make_baseline
from leukofeat.cli import main
from leukofeat.datasets import load_images
from leukofeat.evaluation import compare

EXAMPLE = Path(__file__).parents[2] / "examples" / "own_pipeline.toml"


def test_pipelines_by_name_and_file_side_by_side(labelled, tmp_path, capsys):
    output = tmp_path / "deep" / "results"
    typed = ["compare", str(labelled), "-o", str(output), "--cv", "2", "-q"]
    assert main([*typed, "-p", "four_colors:C=3", "-p", str(EXAMPLE)]) == 0
    told = capsys.readouterr()
    table = pd.read_csv(output / "table.csv").set_index("pipeline")
    assert list(table.index) == ["four_colors:C=3", "own_pipeline"]
    for text in (*table.index, "accuracy", "not a medical device", "report.html"):
        assert text in told.out
    assert "image/s" not in told.err
    predictions = pd.read_csv(output / "predictions.csv")
    assert len(predictions) == 2 * 24
    assert set(predictions["path"]) == set(pd.read_csv(labelled / "manifest.csv")["path"])
    assert "own_pipeline" in (output / "report.html").read_text()
    run = json.loads((output / "configuration.json").read_text())
    assert run["command"].startswith("leukofeat")
    assert run["protocols"]["comparison"]["configuration"]["n_folds"] == 2
    assert "SVC(C=3" in run["protocols"]["comparison"]["configuration"]["pipelines"]["four_colors:C=3"]
    bunch = load_images(labelled)
    names = bunch.target_names[bunch.target]
    expected = compare({"x": make_baseline("four_colors", C=3)}, bunch.images, names, cv=2, groups=bunch.groups)
    times = ["ms_per_image", "fit_seconds"]
    pd.testing.assert_series_equal(
        table.loc["four_colors:C=3"].drop(times), expected.table.loc["x"].drop(times), check_names=False
    )


@pytest.mark.parametrize(
    ("options", "folds", "groups"),
    [
        ([], 5, 8),
        (["--cv", "3", "--groups", "cluster0"], None, None),
        (["--cv", "2", "--groups", "cluster0"], 2, 2),
        (["--cv", "split"], 1, 8),
        (["--cv", "cluster0"], 2, 8),
        (["--cv", "random"], 5, 8),
        (["--cv", "grouped"], 5, 8),
        (["--cv", "leave-one-slide-out"], 8, 8),
        (["--cv", "2", "--groups", "estimated"], 2, None),
    ],
)
def test_ways_to_split(labelled, tmp_path, capsys, options, folds, groups):
    code = main(["compare", str(labelled), "-o", str(tmp_path / "r"), "-p", "four_colors", "-q", *options])
    if folds is None:
        assert code == 2
        assert "3 folds by group need as many groups, but there are 2; --cv 2 is possible" in capsys.readouterr().err
        return
    assert code == 0
    run = json.loads((tmp_path / "r" / "configuration.json").read_text())["protocols"]["comparison"]["configuration"]
    assert run["n_folds"] == folds
    assert groups is None or run["n_groups"] == groups


def test_shortcut_tests_and_progress(labelled, tmp_path, capsys):
    typed = ["compare", str(labelled), "-o", str(tmp_path / "r"), "-p", "four_colors", "--cv", "2", "--stress"]
    assert main(typed) == 0
    told = capsys.readouterr()
    assert "Points of accuracy lost" in told.out
    assert "image/s" in told.err
    assert set(pd.read_csv(tmp_path / "r" / "stress.csv")["pipeline"]) == {"four_colors"}


@pytest.mark.parametrize(
    ("typed", "kinds", "n_tests"),
    [("optical", {"optical"}, 7), ("shortcut", {"shortcut"}, 6), ("blur, bar added", {"shortcut", "optical"}, 2)],
)
def test_stress_tests_of_a_kind_or_by_name(labelled, tmp_path, capsys, typed, kinds, n_tests):
    output = tmp_path / "r"
    assert (
        main(["compare", str(labelled), "-o", str(output), "-p", "four_colors", "-q", "--cv", "2", "--stress", typed])
        == 0
    )
    stress = pd.read_csv(output / "stress.csv")
    assert set(stress["kind"]) == kinds
    assert len(stress) == n_tests
    assert ("follows_background" in capsys.readouterr().out) == (typed == "shortcut")
    assert main(["compare", str(labelled), "-o", str(output), "-p", "four_colors", "-q", "--cv", "2"]) == 0
    assert not (output / "stress.csv").exists()


def test_a_folder_behind_stress_is_no_test(labelled, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["compare", "--stress", str(labelled), "-o", str(tmp_path / "r"), "-p", "four_colors"])
    assert ended.value.code == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "There is no stress test" in told
    assert "'optical'" in told
    assert "The folder stands before it." in told


def test_stress_tests_in_their_order_and_within_the_terminal(labelled, tmp_path, capsys, monkeypatch):
    typed = ["compare", str(labelled), "-o", str(tmp_path / "r"), "-p", "four_colors", "-q", "--cv", "2", "--stress"]
    assert main(typed) == 0
    whole = capsys.readouterr().out
    line = next(line for line in whole.splitlines() if "other background" in line)
    assert line.split("  ")[-1].strip() == "follows_background"
    assert line.index("other background") < line.index("uneven light") < line.index("JPEG 50")
    monkeypatch.setenv("COLUMNS", "90")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert main(typed) == 0
    tables = capsys.readouterr().out.split("\nfollows_background:")[0].splitlines()
    assert max(map(len, tables)) <= 90


def test_the_same_command_writes_the_same_description(labelled, tmp_path, capsys):
    typed = ["compare", str(labelled), "-o", str(tmp_path / "r"), "-p", "four_colors", "-q", "--cv", "2"]
    assert main(typed) == 0
    head = (tmp_path / "r" / "saved" / "comparison" / "comparison.json").read_text()
    assert "mean_colors" in head
    assert " at 0x" not in head


def test_images_that_cannot_be_read_end_with_3(labelled, tmp_path, capsys):
    for path in labelled.rglob("*.png"):
        place = tmp_path / "images" / path.parent.name
        place.mkdir(parents=True, exist_ok=True)
        (place / path.name).write_bytes(path.read_bytes())
    (tmp_path / "images" / "Pro" / "notes.png").write_text("no image")
    typed = ["compare", str(tmp_path / "images"), "-o", str(tmp_path / "r"), "-p", "four_colors", "--cv", "2", "-q"]
    assert main(typed) == 3
    told = capsys.readouterr()
    assert "notes.png" in told.err
    assert "1 of 25 images failed; the others are done" in told.err
    assert "No groups were given" in told.out


def test_one_more_pipeline_runs_none_of_the_others(labelled, tmp_path, capsys, monkeypatch):
    typed = ["compare", str(labelled), "-o", str(tmp_path / "r"), "-p", "four_colors", "--cv", "2"]
    assert main(typed) == 0
    first = pd.read_csv(tmp_path / "r" / "table.csv")
    monkeypatch.setattr("leukofeat.measuring.image._measure_family", lambda *args: pytest.fail("it was measured again"))
    assert main(typed) == 0
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "r" / "table.csv"), first)
    assert main([*typed, "-p", "mine=four_colors:C=1"]) == 0
    both = pd.read_csv(tmp_path / "r" / "table.csv")
    assert list(both["pipeline"]) == ["four_colors", "mine"]
    pd.testing.assert_frame_equal(both.iloc[:1], first)


def test_the_baselines_are_listed_whatever_else_is_typed(capsys):
    for typed in (["compare", "--list"], ["benchmark", "--list"]):
        with pytest.raises(SystemExit) as ended:
            main(typed)
        assert ended.value.code == 0
        text = capsys.readouterr().out
        assert "jin2023_svm: SVM of Jin et al." in text


@pytest.mark.parametrize(
    ("options", "says", "code"),
    [
        ([], "nothing to compare: give pipelines with -p (leukofeat_svm, four_colors", 2),
        (["-p", "for_colors"], "did you mean four_colors?", 2),
        (["-p", "four_colors:C=-1"], "four_colors:C=-1: The 'C' parameter", 2),
        (["-p", "nothing.toml"], "nothing.toml: no such file", 2),
        (["-p", "four_colors", "-p", "four_colors"], "there is a row 'four_colors' already", 2),
        (["-p", "four_colors", "--cv", "1"], "--cv 1: must be a number of folds, 2 or more", 2),
        (["-p", "four_colors", "--cv", "grupped"], "or one of split, 80-20", 2),
        (["-p", "four_colors", "--cv", "9"], "9 folds by group need as many groups, but there are 8; --cv 8", 2),
        (
            ["-p", "four_colors", "--groups", "slide"],
            "--groups slide: {folder} has no such column of groups; it has group, split",
            2,
        ),
        (["-p", "four_colors", "--groups", "odd"], "the column 'odd' is blank for 4 of 24 images", 1),
        (["-p", "four_colors", "--predictions", "net.csv"], "net.csv: no such file of predictions", 1),
        (["-p", "four_colors", "-o", "{folder}/manifest.csv"], "is a file; name a folder", 2),
    ],
)
def test_what_cannot_be_done_is_said_before_any_work(labelled, tmp_path, capsys, monkeypatch, options, says, code):
    monkeypatch.chdir(tmp_path)
    options = [option.format(folder=labelled) for option in options]
    assert main(["compare", str(labelled), "-o", str(tmp_path / "r"), *options]) == code
    told = capsys.readouterr()
    assert says.format(folder=labelled) in told.err
    assert "image/s" not in told.err
    assert len(told.err.splitlines()) <= 2
    assert told.out == ""
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("command", [["compare", "-p", "four_colors"], ["benchmark"]])
@pytest.mark.parametrize(
    ("counts", "says"),
    [
        ({"a": 3}, "no labels"),
        ({"a": 3, "b": 1}, "class 'b' has a single image"),
    ],
)
def test_too_little_to_compare_on(labelled, tmp_path, capsys, command, counts, says):
    image = next(labelled.rglob("*.png")).read_bytes()
    for name, n in counts.items():
        place = tmp_path / "set" / (name if len(counts) > 1 else "")
        place.mkdir(parents=True, exist_ok=True)
        for i in range(n):
            (place / f"{name}{i}.png").write_bytes(image)
    assert main([*command, str(tmp_path / "set"), "-o", str(tmp_path / "r")]) == 1
    told = capsys.readouterr().err
    assert says in told
    assert "image/s" not in told


def test_one_class_in_a_manifest(labelled, tmp_path, capsys):
    (tmp_path / "1.png").write_bytes(next(labelled.rglob("*.png")).read_bytes())
    (tmp_path / "manifest.csv").write_text("path,label\n1.png,a\n")
    assert main(["compare", str(tmp_path), "-o", str(tmp_path / "r"), "-p", "four_colors"]) == 1
    assert "all 1 images are of one class (a); two are needed" in capsys.readouterr().err
    assert main(["compare", str(tmp_path), "-o", str(tmp_path / "r"), "-p", "four_colors", "--cv", "grouped"]) == 1


def test_two_classes_of_four(labelled, tmp_path, capsys):
    typed = ["compare", str(labelled), "-p", "four_colors", "--cv", "2", "-q", "-o"]
    assert main([*typed, str(tmp_path / "r"), "--binary"]) == 0
    predictions = pd.read_csv(tmp_path / "r" / "predictions.csv")
    assert {"score_benign", "score_malignant"} <= set(predictions)
    is_benign = predictions["path"].str.startswith("Benign/")
    assert (predictions["target"] == is_benign.map({True: "benign", False: "malignant"})).all()
    assert main([*typed, str(tmp_path / "s"), "--binary", "early pre,PRO"]) == 0
    assert (pd.read_csv(tmp_path / "s" / "predictions.csv")["target"] == "benign").sum() == 12
    capsys.readouterr()
    assert main([*typed, str(tmp_path / "t"), "--binary", "none"]) == 2
    assert "--binary: None of the classes Benign, Early, Early Pre, Pro is benign (none)" in capsys.readouterr().err
