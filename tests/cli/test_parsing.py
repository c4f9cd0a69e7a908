"""What the parsers say: help with examples that hold, what was probably meant, and the page made from them."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from leukofeat.cli import main
from leukofeat.cli.commands import CAUTION, COMMANDS, EXAMPLES
from leukofeat.cli.page import command_page
from leukofeat.cli.parsing import build

PARSER, PARSERS = build(commands=COMMANDS)


@pytest.mark.parametrize("line", [line for lines in EXAMPLES.values() for line, _ in lines])
def test_each_example_is_understood(line):
    program, *typed = shlex.split(line.partition(" > ")[0])
    assert program == "leukofeat"
    if "--list" in typed:  # prints and ends
        assert "--list" in PARSERS[typed[0]]._option_string_actions
        return
    arguments = PARSER.parse_args(typed)
    assert arguments.run.__module__ == f"leukofeat.cli.{typed[0]}"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_ends_with_examples_and_fits_the_terminal(name, monkeypatch):
    assert 2 <= len(EXAMPLES[name]) <= 3
    assert all(shlex.split(line)[1] == name for line, _ in EXAMPLES[name])
    typed = {line.strip() for line, _ in EXAMPLES[name]}
    for columns in (1, 60, 100):
        monkeypatch.setenv("COLUMNS", str(columns))
        lines = PARSERS[name].format_help().splitlines()
        for option in ("--json", "--quiet"):
            assert any(line.strip().startswith(option) or f", {option}" in line for line in lines)
        assert typed <= {line.strip() for line in lines}
        text = [line for line in lines if line.strip() not in typed and not line.startswith(("usage", "      "))]
        assert all(len(line) <= max(48, columns) for line in text), max(text, key=len)
        assert CAUTION in " ".join(" ".join(lines).split())


@pytest.mark.parametrize("name", COMMANDS)
def test_defaults_are_told_and_options_of_one_name_are_one_thing(name):
    told = " ".join(PARSERS[name].format_help().split())
    for action in PARSERS[name]._actions:
        if action.option_strings and action.default not in (None, False, "==SUPPRESS==") and action.default != []:
            assert f"(default: {action.default})" in told or f"{action.default} (default)" in told, action.dest
    shared = {"-o": "output", "-j": "jobs", "-m": "memory", "-q": "quiet", "-b": "baseline", "-p": "pipeline"}
    found = {short: action.dest for short, action in PARSERS[name]._option_string_actions.items() if short in shared}
    assert found.items() <= shared.items()


def test_without_a_command_the_first_ones_are_told(capsys):
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert all(f"leukofeat {name}" in err for name in ("demo", "extract", "audit"))
    assert "--help" in err


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (["extrct", "x"], "did you mean 'extract'?"),
        (["zzz"], "there are demo, "),
        (["extract", "x", "--ouput", "y.csv"], "for --ouput, did you mean --output?"),
        (["extract", "x", "-o", "y.csv", "--jbos=3"], "for --jbos, did you mean --jobs?"),
        (["extract", "x", "-output", "y.csv"], "for -output, did you mean --output?"),
        (["masks", "x", "-o", "y", "--format", "gif"], "choose from"),
        (["extract", "x", "-o", "y.csv", "--zzz\x1b[2J"], "--zzz\\x1b[2J"),
    ],
)
def test_what_is_mistyped_is_answered_with_what_was_meant(typed, says, capsys):
    with pytest.raises(SystemExit) as ended:
        main(typed)
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert says in err
    assert out == ""


def test_a_word_that_is_a_value_is_not_taken_for_a_mistyped_option(capsys):
    with pytest.raises(SystemExit):
        main(["extract", "--", "--ouput"])
    assert "did you mean" not in capsys.readouterr().err


def test_an_old_spelling_goes_on_with_a_warning(capsys):
    typed = ["field", "s.tif", "-o", "c.csv"]
    old = PARSER.parse_args([*typed, "--labels", "l.tif", "--nuclei", "n.tif"])
    told = capsys.readouterr().err
    assert "--labels is called --cells-to now" in told
    assert "--nuclei is called --nuclei-to now" in told
    assert old == PARSER.parse_args([*typed, "--cells-to", "l.tif", "--nuclei-to", "n.tif"])
    assert capsys.readouterr().err == ""
    assert PARSER.parse_args(typed).labels is None
    assert "--labels" not in PARSERS["field"].format_help()


def test_help_and_version_are_quick():
    """Nothing is imported that takes long, also not by what is imported."""
    code = (
        "import sys\nfrom leukofeat.cli import main\n"
        "try:\n    main([sys.argv[1]])\nexcept SystemExit as ended:\n    assert ended.code == 0\n"
        "slow = {'numba', 'sklearn', 'scipy', 'pandas', 'numpy', 'cv2', 'tqdm', 'joblib'} & set(sys.modules)\n"
        "assert not slow, slow\n"
    )
    for option in ("--help", "--version"):
        subprocess.run([sys.executable, "-c", code, option], check=True, capture_output=True, timeout=60)


def test_the_page_is_what_the_parsers_say():
    page = Path(__file__).resolve().parents[2] / "docs" / "command_line.md"
    assert page.read_text(encoding="utf-8") == command_page(), "python -m leukofeat.cli.page > docs/command_line.md"
