"""Benchmarks find sets and networks by name in the data home, and elsewhere by path."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from places import data_folder, network_file

ROOT = Path(__file__).parents[1]


@pytest.fixture
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("LEUKOFEAT_DATA", str(tmp_path / "home"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    (tmp_path / "home" / "weights").mkdir(parents=True)
    return tmp_path / "home"


def test_a_set_by_its_name_and_a_path_as_it_is(home):
    (home / "leukemia4").mkdir()
    (home / "mine").mkdir()
    assert data_folder("leukemia4") == data_folder("aria2021") == str(home / "leukemia4")
    assert data_folder("mine") == str(home / "mine")
    assert data_folder("../home/mine") == "../home/mine"
    assert data_folder("s3://bucket/set") == "s3://bucket/set"
    Path("mine").mkdir()
    assert data_folder("mine") == "mine"
    with pytest.raises(SystemExit, match=r"bccd: no such folder, here or in the data home .*LEUKOFEAT_DATA=FOLDER"):
        data_folder("bccd")


def test_a_network_by_its_name_and_a_path_as_it_is(home):
    (home / "weights" / "n.onnx").touch()
    assert network_file("n.onnx") == str(home / "weights" / "n.onnx")
    assert network_file(None) is None
    Path("n.onnx").touch()
    assert network_file("n.onnx") == "n.onnx"
    with pytest.raises(SystemExit, match=r"m\.onnx: no such file, here or in .*weights"):
        network_file("m.onnx")


def test_nothing_looks_beside_the_repository():
    found = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    if not found:
        pytest.skip("not a working copy of git")
    for name in found:
        if name.endswith((".py", ".md", ".toml", ".ipynb", "Makefile")):
            text = (ROOT / name).read_text(encoding="utf-8")
            assert "shared" + "/data" not in text, name
            assert "shared" + "/weights" not in text, name
            assert '".." / "shared' + '"' not in text, name


@pytest.mark.parametrize("file", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda file: file.stem)
def test_each_benchmark_that_takes_data_looks_in_the_home(file):
    text = file.read_text(encoding="utf-8")
    if '"--data"' in text:
        names = {
            alias.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom) for alias in node.names
        }
        assert names & {"data_folder", "get_data_home"}, file.name
