"""`leukofeat fetch`: a public data set by its name."""

import argparse
import difflib
import warnings

from leukofeat import datasets
from leukofeat.cli.document import record
from leukofeat.cli.messages import UsageError, warn
from leukofeat.sequence import printable


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="data set; without it, all are listed")
    parser.add_argument("--data-home", metavar="FOLDER", help="where data sets lie, instead of the usual place")
    parser.add_argument("--no-download", action="store_true", help="only look whether it is there")


def run(arguments: argparse.Namespace) -> int:
    """Get a data set, or list those there are."""
    known = datasets.DATASETS
    if arguments.name is None:
        return _list(arguments.data_home)
    if arguments.name not in known:
        near = difflib.get_close_matches(arguments.name, known, 1)
        meant = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}."
        raise UsageError(f"no data set {arguments.name!r}; {meant}")
    card = known[arguments.name]
    bunch = getattr(datasets, f"fetch_{arguments.name}")(
        data_home=arguments.data_home, download=not arguments.no_download, verbose=int(not arguments.quiet)
    )
    told = {name: getattr(card, name) for name in ("title", "licence", "url", "citation", "known_faults")}
    record(counts={"images": len(bunch.images)}, name=arguments.name, data=bunch.summary, **told)
    print(f"{arguments.name}: {card.title}; {bunch.summary}")
    print(f"Licence: {card.licence}\nCite: {card.citation}")
    return 0


def _list(data_home: str | None) -> int:
    rows = []
    for name, card in datasets.DATASETS.items():
        try:
            with warnings.catch_warnings():
                # what is wrong with a set is told of the one that is asked for
                warnings.simplefilter("ignore", UserWarning)
                there = getattr(datasets, f"fetch_{name}")(data_home=data_home, download=False).summary
        except FileNotFoundError:
            there = None
        except (OSError, ValueError) as error:  # a folder of its name that holds something else
            warn(f"{name}: {error}")
            there = None
        rows.append({"name": name, "title": card.title, "licence": card.licence, "url": card.url, "at_hand": there})
    record(counts={"datasets": len(rows), "at_hand": sum(row["at_hand"] is not None for row in rows)}, datasets=rows)
    for row in rows:
        print(f"{row['name']}: {row['title']}; {row['licence']}; {row['url']}")
        print(f"    {'not at hand' if row['at_hand'] is None else printable(row['at_hand'])}")
    return 0
