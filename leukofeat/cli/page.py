"""The page docs/command_line.md, written from the parsers: `python -m leukofeat.cli.page > docs/command_line.md`."""

import argparse

from leukofeat.cli.commands import CAUTION, COMMANDS, EXAMPLES, EXIT_CODES
from leukofeat.cli.parsing import build

# keys of `figures`, by command; where there are labels, groups or stress tests only: in brackets
FIGURES = {
    "demo": "summary, notes",
    "fetch": "name, data, title, licence, url, citation, known_faults; without a name: datasets",
    "extract": "data, complete, [decisions]",
    "field": "width, height, pixel_size, level",
    "masks": "data",
    "audit": "data, verdict, findings",
    "train": "data, pipeline, classes, scores, [decisions]",
    "predict": "data, classes, predicted, predictions, [patients]",
    "explain": "[verdicts], [data]; with --patients: patients",
    "show": "card; its keys stand in the document itself, too",
    "compare": "data, summary, notes, [points_lost]; with --list: baselines",
    "benchmark": "summary, notes, accuracy, points_lost, [data]",
    "warmup": "folder",
    "completion": "script",
}

_HEAD = f"""# The command line

Every command, its options and examples, and what it prints for a script. {CAUTION} (This page is
written by `python -m leukofeat.cli.page > docs/command_line.md`, and a test compares the two.)

## For scripts

{EXIT_CODES}

`--quiet` leaves out bars and lines that merely tell progress; errors, warnings and what was understood of a folder remain. Where
standard error is no terminal, a bar is drawn once a minute.

With `--json` standard output is one JSON document and nothing else, also after an error; what is written for people goes to standard
error. NaN and infinity are null. The document's keys:

| key | what it is |
| --- | --- |
| `command`, `version` | which command ran, and of which version of leukofeat |
| `exit_code` | the code that the process ends with |
| `error` | null, or why nothing was done |
| `written` | files and folders that were written |
| `counts` | whole numbers by name: `images` and `failed` for every command that reads images, and the command's own |
| `failures` | `file` and `reason` of each image that failed |
| `figures` | what the command found: its keys stand with each command; those in brackets are there only where there are labels, groups or stress tests |
| `warnings` | lines that a person should know before believing the figures |
| `caution` | for what the results may not be used |

Results are files: `-o -` is refused. `leukofeat completion SHELL` prints a script that completes commands, options, choices, baselines
and files in bash, zsh and fish; `leukofeat completion --help` says where it belongs.
"""


def command_page() -> str:
    """The page: a section for each command.

    Examples
    --------
    >>> command_page().splitlines()[0]
    '# The command line'
    """
    _, parsers = build(commands=COMMANDS)
    return _HEAD + "".join(_section(name, parser) for name, parser in parsers.items())


def _section(name: str, parser: argparse.ArgumentParser) -> str:
    typed = "\n".join(f"{line}   # {remark}" for line, remark in EXAMPLES[name])
    actions = [action for action in parser._actions if action.dest not in ("help", "json", "quiet")]
    rows = "\n".join(_row(action) for action in actions if action.help != argparse.SUPPRESS)
    table = f"| option | what it is |\n| --- | --- |\n{rows}\n\n" if rows else ""
    purpose = f"{COMMANDS[name][0].upper()}{COMMANDS[name][1:]}."
    return f"\n## {name}\n\n{purpose}\n\n```sh\n{typed}\n```\n\n{table}`figures` of `--json`: {FIGURES[name]}.\n"


def _row(action: argparse.Action) -> str:
    names = ", ".join(f"`{one}`" for one in action.option_strings) or f"`{action.metavar or action.dest}`"
    told = action.help or ""
    if "%(" in told:
        told %= {**vars(action)}
    told = told.replace("%%", "%").replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")
    if action.option_strings and "default" not in told and action.default not in (None, False, argparse.SUPPRESS, []):
        told += f" (default: {action.default})"
    return f"| {names} | {told} |"


if __name__ == "__main__":
    print(command_page(), end="")
