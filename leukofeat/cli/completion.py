"""`leukofeat completion`: a script that completes what is typed, made from the parsers."""

import argparse

from leukofeat.cli.completion_scripts import SHELLS, words_of_all
from leukofeat.cli.document import record


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument(
        "shell", choices=tuple(SHELLS), metavar="SHELL", help=f"{', '.join(SHELLS)}; the script is printed"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the script."""
    script = SHELLS[arguments.shell](words_of_all())
    record(script=script)
    print(script, end="")
    return 0
