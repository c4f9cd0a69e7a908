"""One line each on standard error: what was understood, what was warned of, what takes long."""

import os
import subprocess
import sys
import warnings

import cv2
import numpy as np
import pandas as pd
import pytest

from leukofeat.cli import main
from leukofeat.cli.messages import announce_workers, plain_warnings, tell


@pytest.fixture
def folder(tmp_path):
    """Eight small images of two classes that differ by a blank."""
    rng = np.random.default_rng(0)
    for i in range(8):
        cv2.imwrite(str(tmp_path / f"{i}.png"), rng.integers(100, 250, (32, 32, 3), dtype=np.uint8))
    frame = pd.DataFrame({"path": [f"{i}.png" for i in range(8)], "label": ["Pro", "Benign ", "Benign", "pro"] * 2})
    frame.to_csv(tmp_path / "manifest.csv", index=False)
    return tmp_path


def test_every_command_says_what_it_understood_of_a_folder(folder, capsys):
    model, table = str(folder / "m.skops"), str(folder / "t.csv")
    for command in (
        ["train", str(folder), "-b", "four_colors", "-o", model],
        ["predict", model, str(folder), "-o", table],
        ["extract", str(folder), "-b", "four_colors", "-o", table],
        ["audit", str(folder)],
    ):
        assert main([*command, "--quiet"]) == 0
        lines = capsys.readouterr().err.splitlines()
        assert f"leukofeat: {folder}: 8 images of 3 classes (Benign 4, Pro 2, pro 2)" in lines
        assert any(line.startswith("leukofeat: 2 entries of the column 'label' have blanks") for line in lines)
        assert "leukofeat: The classes 'Pro' and 'pro' differ in case or blanks only; are they the same?" in lines
        assert all(line.startswith("leukofeat: ") for line in lines if "kernels" not in line)


def test_a_warning_is_one_line_and_told_once(capsys):
    with plain_warnings():
        for text in ("two\n  lines", "two\n  lines", "another"):
            warnings.warn(text, stacklevel=1)
        with pytest.warns(DeprecationWarning, match="old"):
            warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert capsys.readouterr().err.splitlines() == ["leukofeat: two lines", "leukofeat: another"]


def test_a_line_can_hold_any_name(capsys):
    tell("caf\u00e9 \u767d")
    assert "caf\u00e9" in capsys.readouterr().err


def test_compiling_is_announced_where_it_happens(folder, tmp_path):
    """One kernel in place of all, in a process with a cache of its own: told the first time, not the second."""
    code = (
        "import sys\n"
        "import numpy as np\n"
        "from leukofeat.cli import extract, main\n"
        "from leukofeat.kernels.regions.spans import part_runs\n"
        "extract.run = lambda arguments: len(part_runs(np.zeros((3, 3), np.int32), 1)) * 0\n"
        "sys.exit(main(['extract', 'somewhere', '-o', 'x.csv']))\n"
    )
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    first, second = (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=120)
        for _ in range(2)
    )
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert first.stderr.count("compiling kernels (once; `leukofeat warmup` does it ahead)") == 1
    assert "compiling" not in second.stderr


def test_workers_that_compile_are_announced_where_nothing_is_kept(tmp_path, monkeypatch, capsys):
    from leukofeat.kernels.regions.spans import part_runs

    part_runs(np.zeros((3, 3), np.int32), 1)
    announce_workers(2)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("leukofeat.cli.messages.Path", lambda folder: tmp_path)
    announce_workers(None)
    assert capsys.readouterr().err == ""
    announce_workers(-1)
    assert "the workers compile kernels first (once; `leukofeat warmup`" in capsys.readouterr().err


def test_a_crop_that_was_decided_on_is_told(folder, capsys):
    main(["extract", str(folder), "-o", str(folder / "t.csv"), "--quiet"])
    assert "leukofeat: No scale bar at the bottom of 8 images looked at: nothing is cut off." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "says"), [([], "interrupted."), (["-m", "kept"], "the same command goes on there")]
)
def test_an_interrupted_command_says_whether_it_goes_on(monkeypatch, capsys, options, says):
    def interrupted(arguments):
        raise KeyboardInterrupt

    interrupted.__module__ = "leukofeat.cli.extract"
    monkeypatch.setattr("leukofeat.cli.extract.run", interrupted)
    assert main(["extract", "folder", "-o", "x.csv", *options]) == 130
    assert says in capsys.readouterr().err
