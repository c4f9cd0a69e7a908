"""The command line where pyarrow and matplotlib are not installed: what it does is the same, and what it cannot do is said first."""

import json
import subprocess
import sys

import pandas as pd
import pytest

from leukofeat.cli import main
from leukofeat.evaluation import Comparison
from leukofeat.extraction import plain
from leukofeat.recall import Recall

HIDDEN = """
import importlib, json, pkgutil, sys

class Hidden:  # None in sys.modules would be taken for a module that is there
    def find_spec(self, name, *_):
        if name.partition(".")[0] in ("pyarrow", "matplotlib"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden())
"""
COMMANDS = """
from leukofeat.cli import main
print(json.dumps([main(typed) for typed in json.loads(sys.argv[1])]))
"""


def run_without(*typed):
    """Exit codes of some commands, and what they say on standard error."""
    words = [[str(word) for word in command] for command in typed]
    done = subprocess.run(
        [sys.executable, "-c", HIDDEN + COMMANDS, json.dumps(words)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


def test_every_module_can_be_imported():
    every = """
import leukofeat
for found in pkgutil.walk_packages(leukofeat.__path__, "leukofeat."):
    if not found.name.endswith("__main__"):
        importlib.import_module(found.name)
"""
    subprocess.run([sys.executable, "-c", HIDDEN + every], check=True, timeout=120)


def test_tables_are_the_same_bytes_with_and_without_parts(labelled, tmp_path):
    broken = tmp_path / "images" / "broken.png"
    broken.parent.mkdir()
    for i, path in enumerate(sorted(labelled.glob("Benign/*.png"))):
        (broken.parent / f"={i}.png").write_bytes(path.read_bytes())
    broken.write_bytes(b"")
    wanted = {"rows.csv": [], "cells.csv": ["--cells"]}
    typed = [["extract", broken.parent, "-q", *options, "-o", tmp_path / name] for name, options in wanted.items()]
    codes, said = run_without(*typed)
    assert codes == [3, 3], said
    for (name, options), command in zip(wanted.items(), typed, strict=True):
        other = tmp_path / f"with_{name}"
        assert main([*map(str, command[:-1]), str(other)]) == 3
        assert (tmp_path / name).read_bytes() == other.read_bytes(), options
        errors = [path.with_name(f"{path.name}.errors.csv").read_bytes() for path in (tmp_path / name, other)]
        assert errors[0] == errors[1]
    assert not list(tmp_path.glob("*.parts"))


def test_a_run_that_was_stopped_goes_on(labelled, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("leukofeat.cli.extract.is_installed", lambda package: False)
    typed = ["extract", str(labelled), "-q", "-o", str(tmp_path / "rows.csv")]
    measure, keep, measured = plain.measure, Recall.keep, []

    def interrupted(plan, images, **options):
        measure(plan, images[:18], **options)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(plain, "measure", interrupted)
        assert main(typed) == 130
    assert "the same command goes on there" in capsys.readouterr().err
    assert not (tmp_path / "rows.csv").exists()

    def counted(recall, rows, maps):
        measured.extend(digest for digest, new in rows if new)
        keep(recall, rows, maps)

    monkeypatch.setattr(Recall, "keep", counted)
    assert main(typed) == 0
    assert len(measured) == 6
    assert len(pd.read_csv(tmp_path / "rows.csv")) == 24
    assert not list(tmp_path.glob("*.parts"))


def test_models_and_comparisons(labelled, tmp_path):
    model, quick = tmp_path / "model", ["-q"]
    codes, said = run_without(
        ["audit", labelled, *quick, "-o", tmp_path / "audit"],
        ["train", labelled, *quick, "-o", model],
        ["predict", model, labelled, *quick, "-o", tmp_path / "verdicts.csv"],
        ["explain", model, labelled, *quick, "-o", tmp_path / "why.html"],
        ["compare", labelled, *quick, "-p", "four_colors", "-o", tmp_path / "results", "--cv", "2"],
        ["masks", labelled, *quick, "-o", tmp_path / "masks"],
        ["field", next(labelled.glob("*/*.png")), *quick, "-o", tmp_path / "field.csv"],
    )
    assert codes == [0] * len(codes), said
    assert (tmp_path / "results" / "report.html").is_file()
    found = Comparison.load(tmp_path / "results" / "saved" / "comparison")
    assert found.table.index.tolist() == ["four_colors"]
    assert len(found.predictions) == 24


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (["extract", "{folder}", "-o", "{out}.parquet"], 2),
        (["extract", "{folder}", "-o", "{out}/"], 2),
        (["field", "{folder}/x.png", "-o", "{out}.parquet"], 2),
        (["predict", "model", "{folder}", "-o", "{out}.parquet"], 2),
        (["compare", "{folder}", "--predictions", "{out}.parquet", "-o", "{out}"], 1),
    ],
)
def test_what_needs_parquet_says_so_first(typed, code, labelled, tmp_path, monkeypatch, capsys):
    (tmp_path / "out.parquet").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert main([part.format(folder=labelled, out=tmp_path / "out") for part in typed]) == code
    assert "pip install 'leukofeat[parquet]'" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["out.parquet"]
