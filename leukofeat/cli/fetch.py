"""`leukofeat fetch`: a public data set by its name."""

import argparse
import difflib
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from leukofeat.cli.document import record
from leukofeat.cli.messages import UsageError, tell
from leukofeat.sequence import printable


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="data set; without it, all are listed")
    parser.add_argument("--data-home", metavar="FOLDER", help="where data sets lie, instead of the usual place")
    parser.add_argument("--no-download", action="store_true", help="only look whether it is there")


def run(arguments: argparse.Namespace) -> int:
    """Get a data set, or list those there are."""
    known = datasets()
    if arguments.name is None:
        return _list(known, arguments.data_home)
    if arguments.name not in known:
        near = difflib.get_close_matches(arguments.name, known, 1)
        meant = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}."
        raise UsageError(f"no data set {arguments.name!r}; {meant}")
    entry = known[arguments.name]
    try:
        bunch = _fetch(arguments.name, arguments.data_home, not arguments.no_download)
    except (OSError, ValueError) as error:
        if entry.instructions and entry.instructions not in str(error):
            error.add_note(entry.instructions)
        raise
    told: dict[str, Any] = {
        name: getattr(entry, name, None) for name in ("title", "licence", "url", "citation", "known_faults")
    }
    record(counts={"images": len(bunch.images)}, name=arguments.name, data=bunch.summary, **told)
    print(f"{arguments.name}: {entry.title}; {bunch.summary}")
    print(f"Licence: {entry.licence}\nCite: {entry.citation}")
    for fault in _lines(entry.known_faults):
        tell(f"known fault: {fault}")
    return 0


def datasets() -> Mapping[str, Any]:
    """What can be fetched, by name."""
    try:
        found: Mapping[str, Any] = import_module("leukofeat.datasets.fetch").DATASETS
    except (ImportError, AttributeError):
        return {}
    return found


def _fetch(name: str, data_home: str | None, download: bool) -> Any:
    return getattr(import_module("leukofeat.datasets"), f"fetch_{name}")(data_home=data_home, download=download)


def _list(known: Mapping[str, Any], data_home: str | None) -> int:
    rows = []
    for name, entry in known.items():
        try:
            there = _fetch(name, data_home, False).summary
        except (OSError, ValueError):
            there = None
        rows.append({"name": name, "title": entry.title, "licence": entry.licence, "url": entry.url, "at_hand": there})
    record(counts={"datasets": len(rows), "at_hand": sum(row["at_hand"] is not None for row in rows)}, datasets=rows)
    for row in rows:
        print(f"{row['name']}: {row['title']}; {row['licence']}; {row['url']}")
        print(f"    {'not at hand' if row['at_hand'] is None else printable(row['at_hand'])}")
    if not rows:
        print("There is nothing to fetch.")
    return 0


def _lines(faults: Any) -> list[str]:
    return [faults] if isinstance(faults, str) and faults else [str(fault) for fault in faults or ()]
