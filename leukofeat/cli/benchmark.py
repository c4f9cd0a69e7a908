"""`leukofeat benchmark`: the baselines and the controls under every way to split that a data set allows."""

import argparse
from typing import Any

from sklearn.utils import Bunch

from leukofeat.baselines.compared import CONTROLS, compared_pipelines
from leukofeat.cli.commands import CAUTION
from leukofeat.cli.document import record
from leukofeat.cli.evaluating import (
    FOLLOWS,
    add_binary,
    add_rows,
    check_labels,
    group_column,
    named_rows,
    printed,
    save_results,
    tell_failures,
)
from leukofeat.cli.messages import UsageError, tell_progress
from leukofeat.cli.shared import FOLDER, add_folder, add_running, check_output, read_folder
from leukofeat.datasets import make_smears
from leukofeat.evaluation import compare
from leukofeat.evaluation.known_protocols import accuracy_table, flat, known_protocols, points_lost_table
from leukofeat.markup import write_csv


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_folder(
        parser,
        nargs="?",
        metavar="FOLDER",
        help=FOLDER + "; its columns split, block, cluster0 ..., stream and group each give a way to split",
    )
    parser.add_argument("--synthetic", type=int, metavar="N", help="N synthetic smears instead of a folder")
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="RESULTS",
        help="folder for the tables, report.html, what was run, and the store that saves work the next time",
    )
    add_rows(parser)
    add_binary(parser)
    parser.add_argument(
        "--groups",
        action="append",
        default=[],
        metavar="COLUMN",
        help="a further column of the manifest that holds groups",
    )
    parser.add_argument(
        "--stress-images",
        type=int,
        default=200,
        metavar="N",
        help="images of the stress tests (default: %(default)s)",
    )
    add_running(parser)


def run(arguments: argparse.Namespace) -> int:
    """Compare under every protocol, print both tables, and write them and the report."""
    output = check_output(arguments.output, is_folder=True)
    rows = named_rows(arguments, compared_pipelines())
    bunch = _images(arguments)
    data = arguments.folder or f"make_smears({arguments.synthetic})"
    target = check_labels(bunch, data, arguments.binary)
    for column in arguments.groups:
        group_column(bunch, column, data)
    verbose = int(not arguments.quiet)
    ways = known_protocols(bunch, columns=arguments.groups, n_jobs=arguments.jobs, verbose=verbose)
    tell_progress(f"ways to split: {', '.join(ways)}")
    options: dict[str, Any] = {
        "n_jobs": arguments.jobs,
        "verbose": verbose,
        "memory": arguments.memory or output / "store",
    }
    results = compare(
        rows,
        bunch.images,
        target,
        stress=True,
        n_stress=arguments.stress_images,
        **flat(ways),
        **options,
    )
    accuracy, lost = accuracy_table(results, ways, list(rows)), points_lost_table(results["random"], list(rows))
    files = save_results(output, results, rows, bunch, controls=CONTROLS)
    for name, table in {"accuracy.csv": accuracy, "points_lost.csv": lost}.items():
        write_csv(table, output / name, index=True)
        files.append(name)
    record(written=[output / name for name in files], accuracy=accuracy, points_lost=lost)
    print(f"\n{data}, {len(bunch.target)} images: accuracy by the way of splitting\n{printed(accuracy.round(3))}")
    print(f"\nPoints of accuracy lost in the stress tests (models of the random split)\n{printed(lost.round(2))}")
    print(FOLLOWS)
    for note, names in _notes(results).items():
        print(f"\nNote ({', '.join(names)}): {note}")
    print(f"\n{arguments.output}: {', '.join(files)}. {CAUTION}")
    return tell_failures(results, len(bunch.images))


def _images(arguments: argparse.Namespace) -> Bunch:
    if (arguments.folder is None) == (arguments.synthetic is None):
        raise UsageError("benchmark: give either a folder, or --synthetic N.")
    if arguments.folder is not None:
        return read_folder(arguments)
    return make_smears(arguments.synthetic, random_state=0)


def _notes(results: dict[str, Any]) -> dict[str, list[str]]:
    """Notes, each with the protocols that it is for."""
    found: dict[str, list[str]] = {}
    for name, result in results.items():
        for note in result.notes:
            found.setdefault(note, []).append(name)
    return found
