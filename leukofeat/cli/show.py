"""`leukofeat show`: what a model file says of itself."""

import argparse
import json
import shutil
import sys
from collections.abc import Callable

from leukofeat.cli.commands import CAUTION
from leukofeat.cli.document import current, record
from leukofeat.cli.messages import UsageError, warn
from leukofeat.cli.shared import check_apart, check_output
from leukofeat.evaluation import describe_model
from leukofeat.persistence import ModelCard, load, read_card
from leukofeat.report import write_card

_WIDTH = 100  # where the text goes to a file
_WRITERS: dict[str, Callable[[ModelCard], str]] = {
    ".txt": ModelCard.to_text,
    ".md": ModelCard.to_markdown,
    ".json": ModelCard.to_json,
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("model", metavar="MODEL", help="file that `leukofeat train` wrote")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="as Markdown, for the page that goes with the model")
    form.add_argument("-o", "--output", metavar="FILE", help="write it to a file: .html, .md, .json or .txt")


def run(arguments: argparse.Namespace) -> int:
    """Print the card, or write it to a file; of a model without one, what its pipeline tells."""
    path = None
    if arguments.output is not None:
        path = check_output(arguments.output)
        if path.suffix.lower() not in (".html", *_WRITERS):
            raise UsageError(
                f"{arguments.output}: cards are written as .html, {', '.join(_WRITERS)}; name one of these."
            )
        check_apart(arguments)
    card = read_card(arguments.model)
    if card is None:
        warn(f"{arguments.model}: has no card; what follows is told by its pipeline. Train it again to have the rest.")
        card = describe_model(load(arguments.model))
    known = json.loads(card.to_json())
    record(card=known)
    current().beside |= known  # its keys stand in the document itself, too
    if path is None:
        text = card.to_markdown() if arguments.markdown else card.to_text(_width())
        print(text.rstrip("\n"))
        return 0
    if path.suffix.lower() == ".html":
        write_card(path, card)
    else:
        path.write_text(_WRITERS[path.suffix.lower()](card), encoding="utf-8", newline="\n")
    record(written=[path])
    print(f"{arguments.output}: the card of {arguments.model}. {CAUTION}")
    return 0


def _width() -> int:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDTH
