"""With --json standard output is one document, whatever happens."""

import io
import json
import os
import re
import subprocess
import sys
import warnings
from contextlib import redirect_stderr
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from leukofeat import __version__
from leukofeat.cli import demo, main
from leukofeat.cli.commands import CAUTION
from leukofeat.cli.document import Document, current, documenting, plain, record
from leukofeat.cli.messages import sparing_bars, warn
from leukofeat.cli.page import FIGURES
from leukofeat.parallel import progress_bar

KEYS = {"command", "version", "exit_code", "error", "written", "counts", "failures", "figures", "warnings", "caution"}


@pytest.fixture(scope="module")
def folder(labelled, tmp_path_factory):
    """The labelled images without their manifest, and one that cannot be read."""
    root = tmp_path_factory.mktemp("json") / "a b\nü"
    for path in labelled.rglob("*.png"):
        place = root / path.relative_to(labelled)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(path.read_bytes())
    (root / "Pro" / "no.png").write_text("x")
    return root


@pytest.fixture(scope="module")
def model(labelled, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.skops"
    assert main(["train", str(labelled), "-o", str(path), "-b", "four_colors", "-q"]) == 0
    return path


def refuse(text):
    raise AssertionError(text)


def document(typed, capsys, code=0):
    """What a command printed, after it ended as it should."""
    capsys.readouterr()
    try:
        found = main([*map(str, typed), "--json"])
    except SystemExit as ended:
        found = ended.code
    told = json.loads(capsys.readouterr().out, parse_constant=refuse)
    assert found == told["exit_code"] == code, told["error"]
    assert set(told) >= KEYS
    assert (told["command"], told["version"], told["caution"]) == (typed[0], __version__, CAUTION)
    assert (told["error"] is None) == (code in (0, 3))
    if told["figures"] and code in (0, 3) and "--list" not in typed:
        always, _, sometimes = FIGURES[typed[0]].partition(";")
        optional = set(re.findall(r"\w+", "".join(re.findall(r"\[.*?\]", always)) + sometimes))
        assert set(told["figures"]) - optional == set(re.findall(r"\w+", always)) - optional
    return told


def test_extract(folder, tmp_path, capsys):
    output = tmp_path / "f.csv"
    told = document(["extract", folder, "-o", output, "-b", "four_colors"], capsys, 3)
    assert told["written"] == [str(output), f"{output}.errors.csv"]
    assert told["counts"] == {"images": 25, "failed": 1, "rows": 25, "columns": 6, "measured": 24, "empty": 0}
    [failure] = told["failures"]
    assert failure["file"].endswith("no.png")
    assert "not a JPEG" in failure["reason"]


def test_train_predict_and_show(folder, tmp_path, model, capsys):
    told = document(["train", folder, "-o", tmp_path / "m.skops", "-b", "four_colors"], capsys, 3)
    assert told["counts"]["fitted"] == 24
    assert told["figures"]["classes"] == {"Benign": 6, "Early": 6, "Early Pre": 6, "Pro": 6}
    told = document(["predict", tmp_path / "m.skops", folder, "-o", tmp_path / "p.csv"], capsys, 3)
    assert told["counts"]["predicted"] == sum(told["figures"]["predicted"].values()) == 24
    lost = [row for row in told["figures"]["predictions"] if row["predicted"] is None]
    assert [row["path"] for row in lost] == ["Pro/no.png"]
    assert lost[0]["score_Pro"] is None
    told = document(["show", model], capsys)
    assert told["figures"]["card"]["name"] == told["name"] == "four_colors"


def test_the_others_that_read_folders(labelled, folder, tmp_path, capsys):
    told = document(["audit", folder, "-o", tmp_path / "audit"], capsys, 3)
    assert str(tmp_path / "audit" / "report.html") in told["written"]
    assert told["figures"]["verdict"]
    assert len(told["figures"]["findings"]) == told["counts"]["findings"]
    told = document(["masks", folder, "-o", tmp_path / "masks", "--segmenter", "OtsuSegmenter"], capsys, 3)
    assert told["counts"]["images"] == 25
    told = document(["compare", labelled, "-o", tmp_path / "r", "-p", "four_colors", "--cv", "2"], capsys)
    assert all(Path(path).exists() for path in told["written"])
    [row] = told["figures"]["summary"]["comparison"]
    assert row["pipeline"] == "four_colors"
    assert 0 <= row["accuracy"] <= 1


def test_demo_prints_beside_the_document(monkeypatch, tmp_path, capsys):
    def print_and_record(*_, **__):
        print("for people")
        record(counts={"images": 3})

    monkeypatch.setattr(demo, "run_demo", print_and_record)
    assert document(["demo", "-o", tmp_path / "d"], capsys)["counts"] == {"images": 3}
    main(["demo", "-o", str(tmp_path / "d"), "--json"])
    assert "for people" in capsys.readouterr().err
    main(["demo", "-o", str(tmp_path / "d"), "--json", "-q"])
    assert "for people" not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("typed", "code", "says"),
    [
        (["extract", "nowhere", "-o", "f.csv"], 1, "no such folder"),
        (["extract", "nowhere"], 2, "--output"),
        (["extract", ".", "-o", "-"], 2, "results are files"),
        (["extract", "", "-o", "f.csv"], 2, "names no folder"),
        (["extract", __file__, "-o", "f.csv"], 2, "is a file; name the folder"),
        (["masks", ".", "-o", ""], 2, "results are files"),
        (["field", ".", "-o", "f.csv"], 2, "is a folder, and no zarr store"),
        (["audit", ".", "--ouput", "x"], 2, "did you mean --output"),
        (["show", "gone.skops"], 1, "no such file"),
        (["shw"], 2, "did you mean 'show'"),
        (["completion", "tcsh"], 2, "choose from"),
    ],
)
def test_errors(typed, code, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert says in document(typed, capsys, code)["error"]
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_and_a_mistake_of_ours(monkeypatch, capsys):
    def ended(error):
        def run(arguments):
            warn("before it")
            raise error

        return run

    monkeypatch.setattr("leukofeat.cli.show.run", ended(KeyboardInterrupt()))
    told = document(["show", "m"], capsys, 130)
    assert told["error"].startswith("interrupted")
    assert told["warnings"] == ["before it"]
    monkeypatch.setattr("leukofeat.cli.show.run", ended(ImportError("needs torch; pip install 'leukofeat[deep]'")))
    assert "pip install" in document(["show", "m"], capsys, 1)["error"]
    monkeypatch.setattr("leukofeat.cli.show.run", ended(KeyError("x")))
    with pytest.raises(KeyError):
        main(["show", "m", "--json"])
    assert json.loads(capsys.readouterr().out)["error"] == "KeyError: 'x'"


def test_a_list_is_a_document(capsys):
    told = document(["compare", "--list"], capsys)
    assert "leukofeat_svm" in [row["name"] for row in told["figures"]["baselines"]]
    document(["extract", "--list"], capsys)


def test_no_standard_output(monkeypatch, model):
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["show", str(model)]) == 0
    assert main(["show", str(model), "--json"]) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_a_full_disk_behind_standard_output():
    with open("/dev/full", "w") as full:
        typed = [sys.executable, "-m", "leukofeat", "no_such_command", "--json"]
        done = subprocess.run(typed, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_has_seen_enough():
    typed = [sys.executable, "-m", "leukofeat", "no_such_command", "--json"]
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as nobody:
        done = subprocess.run(typed, stdout=nobody, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_names_that_a_pipe_has_no_letters_for(tmp_path):
    """As where standard output of Windows goes to a file: the name is escaped, and the table is there."""
    folder = tmp_path / "Präparate"
    folder.mkdir()
    assert cv2.imwrite(str(tmp_path / "1.png"), np.full((64, 64, 3), 200, np.uint8))
    (tmp_path / "1.png").rename(folder / "1.png")
    table = tmp_path / "Färbung.csv"
    typed = [sys.executable, "-m", "leukofeat", "extract", folder, "-o", table, "--baseline", "four_colors", "--quiet"]
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(typed, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "F\\xe4rbung.csv: 1 rows" in done.stdout
    assert table.is_file()


def test_bars_are_drawn_seldom_in_a_log():
    for terminal, many in ((False, False), (True, True)):
        log = io.StringIO()
        log.isatty = lambda terminal=terminal: terminal
        with redirect_stderr(log), sparing_bars(), progress_bar(total=40, verbose=1) as bar:
            for _ in range(40):
                bar.start_t -= 1  # as if each step had taken a second
                bar.last_print_t -= 1
                bar.update(1)
        assert (log.getvalue().count("\r") > 10) == many


def test_warnings_stand_in_the_document_once(monkeypatch, capsys):
    def run(arguments):
        for _ in range(2):
            warnings.warn("few\nimages", stacklevel=1)
        return 0

    monkeypatch.setattr("leukofeat.cli.show.run", run)
    assert document(["show", "m"], capsys)["warnings"] == ["few images"]


def test_any_value_becomes_json():
    table = pd.DataFrame({"x": [1, np.nan], "when": pd.to_datetime(["2020-01-01", None])}, index=["a", "b"])
    values = {
        "table": table,
        "series": pd.Series({"n": np.int64(3)}),
        "array": np.array([[np.inf, 1.0]]),
        "path": Path("a\nb"),
        "bad": "\udcff",
        "set": {"b", "a"},
        "missing": pd.NA,
        2: True,
    }
    told = json.loads(json.dumps(plain(values), allow_nan=False))
    assert told["table"] == [
        {"index": "a", "x": 1.0, "when": "2020-01-01 00:00:00"},
        {"index": "b", "x": None, "when": None},
    ]
    assert told["series"] == {"n": 3}
    assert told["array"] == [[None, 1.0]]
    assert told["path"] == "a\nb"
    assert told["set"] == ["a", "b"]
    assert (told["missing"], told["2"]) == (None, True)


def test_one_command_knows_nothing_of_another():
    with documenting(Document("show")) as document:
        record(written=["x"])
        assert current() is document
    assert current().written == []
