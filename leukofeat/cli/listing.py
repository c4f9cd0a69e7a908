"""The baselines as text: a few lines a system, within 120 columns."""

import argparse
import textwrap
from collections.abc import Sequence
from typing import Any

from leukofeat.baselines import list_baselines
from leukofeat.baselines.recipe import FIRMNESS
from leukofeat.cli.document import current, record

_WIDTH = 120


class ListBaselines(argparse.Action):
    """Print the baselines and end, whatever else was typed."""

    def __init__(self, option_strings: Sequence[str], dest: str, **options: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **options)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        """Print and end."""
        if current().as_json:
            record(baselines=list_baselines())
        else:
            print_baselines()
        parser.exit()


def print_baselines() -> None:
    """Print what :func:`~leukofeat.baselines.list_baselines` lists: what is built, and behind it what is not, with the reason."""
    table = list_baselines().reset_index()
    for row in table[table["built"]].to_dict("records"):
        _paragraph(f"{row['name']}: {row['idea']}.")
        _paragraph(_facts(row), "    ")
    print("\nLooked at and not built:")
    for reason, rows in table[~table["built"]].groupby("reason", sort=False):
        _paragraph(f"{', '.join(rows['name'])}: {reason}.")
    print("\nFirmness, how much is known of a published system:")
    for letter, text in FIRMNESS.items():
        if len(letter) == 1:
            print(f"    {letter}  {text}")


def _facts(row: dict[str, Any]) -> str:
    """Task, figure and what has to be given, in one paragraph."""
    told = [f"{row['task']}; data: {row['data']}"] if row["task"] else []
    if row["published"]:
        told.append(f"published {row['published']}")
    elif row["task"]:
        told.append("no figure was published or found")
    told += [row["caveat"]] if row["caveat"] else []
    told += [f"needs {row['needs']}"] if row["needs"] else []
    told += [f"firmness {row['firmness']}"] if len(row["firmness"]) == 1 else []
    return "; ".join(told) + "."


def _paragraph(text: str, indent: str = "") -> None:
    print(textwrap.fill(text, _WIDTH, initial_indent=indent, subsequent_indent="    ", break_on_hyphens=False))
