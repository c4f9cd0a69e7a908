"""The command `leukofeat`: demo, extract, audit, train, predict, warmup."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from leukofeat.cli import commands
from leukofeat.cli.commands import CAUTION

EXIT_CODES = "Exit codes: 0 done; 1 nothing done, the message says why; 2 wrong usage; 3 done, but some images failed."

_FOLDER = "folder of class folders with images, a folder of images, or a folder with a manifest.csv (path, label, split, group)"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except (OSError, ValueError, TypeError) as error:
        notes = " ".join(getattr(error, "__notes__", ()))
        print(f"leukofeat: {error}{' ' + notes if notes else ''}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("leukofeat: interrupted.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="leukofeat",
        description="Classical computer vision for leukaemia on stained blood smears. " + CAUTION,
        epilog=EXIT_CODES,
    )
    subcommands = parser.add_subparsers(required=True, metavar="COMMAND")

    demo = _command(subcommands, "demo", commands.demo, "synthetic smears in, table and pictures out")
    demo.add_argument(
        "-o", "--output", default="leukofeat-demo", help="folder for the pictures and the table (default: %(default)s)"
    )
    demo.add_argument("-n", "--images", type=int, default=240, help="number of synthetic fields (default: %(default)s)")
    demo.add_argument("--seed", type=int, default=0, help="seed of the generator (default: %(default)s)")

    extract = _command(subcommands, "extract", commands.extract, "images to a table of features")
    extract.add_argument("folder", help=_FOLDER)
    extract.add_argument("-o", "--output", required=True, help="table to write: .parquet or .csv")
    extract.add_argument("--cells", action="store_true", help="a row for each cell instead of a row for each image")
    _add_baseline(extract)

    audit = _command(
        subcommands,
        "audit",
        commands.audit,
        "what is wrong with a dataset before a model sees it, and what it is worth",
    )
    audit.add_argument("folder", help=_FOLDER)
    audit.add_argument(
        "-o",
        "--output",
        default=None,
        help="folder for report.html, the verdict and the tables: findings, images, pairs, manifest (default: nothing is written)",
    )
    audit.add_argument("-j", "--jobs", type=int, default=None, help="worker processes (default: 1)")

    train = _command(subcommands, "train", commands.train, "fit a published or own pipeline on labelled images")
    train.add_argument(
        "folder", help=_FOLDER + "; with a split column, rows with 'train' are fitted and the others scored"
    )
    train.add_argument("-o", "--output", required=True, help="model file to write (a skops archive; holds no pickle)")
    _add_baseline(train)

    predict = _command(subcommands, "predict", commands.predict, "a trained model's classes for images")
    predict.add_argument("model", help="file that `leukofeat train` wrote")
    predict.add_argument("folder", help=_FOLDER)
    predict.add_argument("-o", "--output", required=True, help="table to write: .csv or .parquet")
    predict.add_argument("-j", "--jobs", type=int, default=None, help="worker processes (default: 1)")

    warmup = _command(
        subcommands, "warmup", commands.warm_up, "compile ahead of the first use, as for an image of a container"
    )
    warmup.add_argument(
        "--all", action="store_true", help="every stage and family, not only what the pipeline leukofeat_svm needs"
    )
    return parser


def _command(subcommands: Any, name: str, run: Any, purpose: str) -> argparse.ArgumentParser:
    command = subcommands.add_parser(
        name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}. {CAUTION}", epilog=EXIT_CODES
    )
    command.set_defaults(run=run)
    return command


def _add_baseline(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "-b",
        "--baseline",
        default="leukofeat_svm",
        help="pipeline: leukofeat_svm (default), jin2023_svm, ...; a wrong name lists all",
    )
    command.add_argument("-j", "--jobs", type=int, default=None, help="worker processes (default: 1)")


if __name__ == "__main__":
    sys.exit(main())
