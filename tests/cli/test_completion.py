"""What shells complete, asked of the shells themselves."""

import shutil
import subprocess
from pathlib import Path

import pytest

from leukofeat.baselines.registry import BASELINES
from leukofeat.cli import main
from leukofeat.cli.commands import COMMANDS
from leukofeat.cli.completion_scripts import SHELLS, words_of_all


def needs(shell):
    return pytest.mark.skipif(shutil.which(shell) is None, reason=f"needs {shell}")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the scripts, and something to be completed."""
    root = tmp_path_factory.mktemp("completion")
    known = words_of_all()
    for shell, write in SHELLS.items():
        (root / f"c.{shell}").write_text(write(known), encoding="utf-8")
    (root / "work" / "smears").mkdir(parents=True)
    (root / "work" / "my model.skops").touch()
    return root


# what is typed, and what is among that which may follow; None for what may not
CASES = [
    (["ex"], {"extract", "explain"}, {"demo", "audit"}),
    (["extract", "--"], {"--output", "--cells-from", "--jobs", "--json", "--quiet"}, {"--patients"}),
    (["predict", "--pat"], {"--patients"}, {"--output"}),
    (["train", "smears", "-b", "jin2023"], {"jin2023_svm"}, {"leukofeat_svm"}),
    (["compare", "smears", "--pipeline", "leuko"], {"leukofeat_svm"}, {"jin2023_svm"}),
    (["masks", "smears", "--segmenter", "Ot"], {"OtsuSegmenter"}, {"LeukocyteSegmenter"}),
    (["masks", "--format", ""], {"png", "tif"}, {"smears", "my model.skops"}),
    (["extract", "sm"], {"smears"}, {"my model.skops"}),
    (["show", "my"], {"my model.skops"}, {"smears"}),
    (["completion", ""], {"bash", "zsh", "fish"}, {"my model.skops"}),
]


def ask_bash(place, words):
    script = (
        f"source <(cat {place / 'c.bash'}); "
        'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _leukofeat; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    return ["bash", "--norc", "-c", script, "bash", "leukofeat", *words]


def ask_fish(place, words):
    return [
        "fish",
        "--no-config",
        "-c",
        f"source {place / 'c.fish'}; complete -C $argv[1]",
        " ".join(["leukofeat", *words]),
    ]


@pytest.mark.parametrize(("words", "among", "apart"), CASES, ids=[" ".join(words) for words, *_ in CASES])
@pytest.mark.parametrize(
    "ask", [pytest.param(ask_bash, marks=needs("bash")), pytest.param(ask_fish, marks=needs("fish"))]
)
def test_what_may_follow(place, ask, words, among, apart):
    done = subprocess.run(
        ask(place, words), cwd=place / "work", capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found = {line.partition("\t")[0].rstrip("/").replace("\\", "") for line in done.stdout.splitlines()}
    assert among <= found
    assert not apart & found


@needs("zsh")
def test_zsh(place):
    """A terminal in which the key is pressed; what it lists is read."""
    script = place / "ask.zsh"
    script.write_text(
        "zmodload zsh/zpty\nzpty z zsh -f -i\n"
        f"zpty -w z \"autoload -Uz compinit; compinit -u -D; source {place}/c.zsh; bindkey '^I' list-choices; print REA''DY\"\n"
        "got=; until [[ $got == *READY* ]]; do zpty -r z line || break; got+=$line; done\n"
        "for typed listed in 'masks x --format ' tif 'train x -b jin' jin2023_svm 'ex' tract 'audit --mem' --memory; do\n"
        "  zpty -n -w z \"leukofeat $typed\"$'\\t'; zpty -r -m z line \"*$listed*\"; print -r -- $line; zpty -n -w z $'\\C-u'\ndone\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        ["zsh", "-f", str(script)], cwd=place / "work", capture_output=True, text=True, timeout=60, check=False
    )
    for listed in ("png", "tif", "jin2023_svm", "explain", "extract", "--memory"):
        assert listed in done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_script_can_be_read_by_its_shell_and_knows_everything(place, shell, capsys):
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert script == (place / f"c.{shell}").read_text(encoding="utf-8")
    assert all(name in script for name in (*COMMANDS, *BASELINES))
    if shutil.which(shell):
        subprocess.run([shell, "-n", str(Path(place) / f"c.{shell}")], check=True, timeout=60)
