"""The command line itself: which commands there are, and what happens to their errors."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from leukofeat import __version__
from leukofeat.cli.messages import UsageError, announced_compilation, plain_warnings, tell
from leukofeat.failures import WorkerError

CAUTION = "Research use only: not a medical device, not for diagnosis."
EXIT_CODES = "Exit codes: 0 done; 1 nothing done, the message says why; 2 wrong usage; 3 done, but some images failed."

# each is a module beside this one with `add_options(parser)` and `run(arguments) -> exit code`
COMMANDS = {
    "demo": "synthetic smears in, table and pictures out",
    "extract": "images to a table of features",
    "field": "a field of any size, such as a whole slide, tile by tile to a table of its cells",
    "masks": "images to label maps of nuclei and cells",
    "audit": "what is wrong with a dataset before a model sees it, and what it is worth",
    "train": "fit a published or own pipeline on labelled images",
    "predict": "a trained model's classes for images",
    "explain": "why a trained model gives images their classes: cells and columns that drove each verdict",
    "show": "what a model file says of itself: what it is for, its limits, training data and figures",
    "compare": "pipelines, and predictions made elsewhere, side by side under one way to split",
    "benchmark": "the SVM baselines and the controls under every way to split that the data allow",
    "warmup": "compile ahead of the first use, as for an image of a container",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        What was typed behind `leukofeat`; by default that of this process.

    Returns
    -------
    int
        The exit code, as `leukofeat --help` explains it.

    Examples
    --------
    >>> main(["extract", "no_such_folder", "-o", "features.csv"])  # and a word on standard error
    1
    """
    typed = list(sys.argv[1:] if argv is None else argv)
    arguments = argparse.Namespace(run=main)
    try:
        arguments = _parser(typed).parse_args(typed)
        with plain_warnings(), announced_compilation():
            code = int(arguments.run(arguments))
            sys.stdout.flush()
            return code
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (OSError, ValueError, TypeError, ImportError, WorkerError) as error:
        tell(" ".join([str(error), *getattr(error, "__notes__", ())]))
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        going_on = " What was measured is kept: the same command goes on there." if keeps(arguments) else ""
        tell(f"interrupted.{going_on}")
        return 130


def keeps(arguments: argparse.Namespace) -> bool:
    """Whether a command keeps what it measures: it was told where, or has results to keep it among."""
    return getattr(arguments, "memory", None) is not None or arguments.run.__module__.endswith(
        (".benchmark", ".compare", ".extract")
    )


def _parser(typed: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="leukofeat",
        description="Classical computer vision for leukaemia on stained blood smears. " + CAUTION,
        epilog=EXIT_CODES,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    subcommands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, purpose in COMMANDS.items():
        description = f"{purpose[0].upper()}{purpose[1:]}. {CAUTION}"
        command = subcommands.add_parser(name, help=purpose, description=description, epilog=EXIT_CODES)
        if name in typed:  # only what is asked for is imported
            module = import_module(f"leukofeat.cli.{name}")
            module.add_options(command)
            command.set_defaults(run=module.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
