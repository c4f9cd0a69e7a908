"""What a file is called does not steer the terminal that its name is written on."""

from __future__ import annotations

import os

import pytest

from leukofeat.cli import main
from leukofeat.cli.messages import tell

NAME = "\x1b[2J\x1b]0;title\x07\u202egnp\nleukofeat: all is well.png"


def test_a_message_is_one_line_in_which_nothing_steers_the_terminal(capsys):
    tell(NAME)
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert told.rstrip("\n").isprintable()
    assert told.startswith("leukofeat: \\x1b[2J\\x1b]0;title\\x07\\u202egnp leukofeat: all is well.png")


@pytest.mark.skipif(os.name == "nt", reason="names that Windows does not know")
def test_an_extraction_of_files_with_odd_names(tmp_path, capsys):
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / NAME).write_bytes(b"no image")
    (folder / "=1+1.png").write_bytes(b"no image")
    assert main(["extract", str(folder), "-o", str(tmp_path / "f.parquet")]) in (1, 3)
    told = capsys.readouterr().err
    assert "\x1b" not in told
    assert all(line.isprintable() for line in told.splitlines())
