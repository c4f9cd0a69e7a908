"""`leukofeat compare`: pipelines and predictions made elsewhere side by side under one protocol."""

import argparse
from typing import Any

import numpy as np
from sklearn.model_selection import PredefinedSplit
from sklearn.utils import Bunch

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
from leukofeat.cli.messages import UsageError, warn
from leukofeat.cli.shared import add_folder, add_masks, add_running, check_output, read_folder
from leukofeat.evaluation import SLIDE_NOTE, compare, estimate_slides
from leukofeat.evaluation.known_protocols import points_lost_table, published_rows
from leukofeat.evaluation.splits import PUBLISHED, SPLITTERS, published_split
from leukofeat.evaluation.stress_tests import KINDS, STRESS_TESTS, choose_tests

_BY_GROUP = ("grouped", "stratified-grouped", "leave-one-slide-out")
_WAYS = ("split", *SPLITTERS, *PUBLISHED)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_folder(parser)
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="RESULTS",
        help="folder for the tables, report.html, what was run, and the store that saves work the next time; in Python, "
        "Comparison.load('RESULTS/saved/comparison') of leukofeat.evaluation",
    )
    add_rows(parser)
    add_binary(parser)
    add_masks(parser, ", for pipelines without a segmenter, as leukofeat_svm:segmenter=passthrough")
    parser.add_argument(
        "--groups",
        metavar="COLUMN",
        help="column of the manifest that holds the slide or patient, or 'estimated' (default: group, if there is one)",
    )
    parser.add_argument(
        "--cv",
        default="5",
        metavar="NAME_OR_NUMBER",
        help="number of folds, by group where there are groups (default: %(default)s); 'split' for the manifest's train against "
        f"valid or test; a column of the manifest that holds the fold in which each image is tested, such as that of a network "
        f"trained before; or one of {', '.join(_WAYS[1:])}",
    )
    parser.add_argument(
        "--stress",
        nargs="?",
        type=_stress_tests,
        const=True,
        default=False,
        metavar="TESTS",
        help=f"also the stress tests, what changed backgrounds, optics and files cost: all, or those of a kind "
        f"({' or '.join(KINDS)}), or by name with commas between ({', '.join(STRESS_TESTS)})",
    )
    add_running(parser)


def run(arguments: argparse.Namespace) -> int:
    """Compare, print the summary, and write tables and report."""
    output = check_output(arguments.output, is_folder=True)
    n_folds = _number_of_folds(arguments.cv)
    rows = named_rows(arguments)
    bunch = read_folder(arguments)
    target = check_labels(bunch, arguments.folder, arguments.binary)
    groups = _groups(arguments, bunch)
    known = groups.groups if isinstance(groups, Bunch) else groups
    result = compare(
        rows,
        bunch.images,
        target,
        cv=_splits(arguments, bunch, n_folds, known),
        groups=groups,
        stress=arguments.stress,
        n_jobs=arguments.jobs,
        verbose=int(not arguments.quiet),
        memory=arguments.memory or output / "store",
    )
    files = save_results(output, {"comparison": result}, rows, bunch)
    record(written=[output / name for name in files])
    print(printed(result.summary().round(3)))
    if result.stress is not None:
        lost = points_lost_table(result, result.stress["pipeline"].unique().tolist()).dropna(axis=1, how="all")
        record(points_lost=lost)
        print(f"\nPoints of accuracy lost in the stress tests\n{printed(lost.round(2))}")
        if "follows_background" in lost:
            print(FOLLOWS)
    for note in result.notes:
        print(f"\nNote: {note}")
    print(f"\n{arguments.output}: {', '.join(files)}. {CAUTION}")
    return tell_failures({"comparison": result}, len(bunch.images))


def _stress_tests(text: str) -> list[str]:
    try:
        return choose_tests([name.strip() for name in text.split(",")])
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error} The folder stands before it.") from error


def _labels(bunch: Bunch) -> np.ndarray:
    """Class of each image as the folder has it."""
    return bunch.target_names[bunch.target]


def _number_of_folds(cv: str) -> int | None:
    if cv.isdecimal() and int(cv) < 2:
        raise UsageError(f"--cv {cv}: must be a number of folds, 2 or more.")
    return int(cv) if cv.isdecimal() else 5 if cv in _BY_GROUP[:2] else None


def _groups(arguments: argparse.Namespace, bunch: Bunch) -> Any:
    if arguments.groups is None:
        return bunch.groups
    if arguments.groups == "estimated" and "estimated" not in bunch.frame:
        warn(SLIDE_NOTE)
        return estimate_slides(bunch.images, _labels(bunch), n_jobs=arguments.jobs, verbose=int(not arguments.quiet))
    return group_column(bunch, arguments.groups, arguments.folder)


def _splits(arguments: argparse.Namespace, bunch: Bunch, n_folds: int | None, groups: Any) -> Any:
    """`cv` of the comparison, as far as images and groups allow it."""
    cv = arguments.cv
    if cv == "split":
        rows = None if bunch.split is None else published_rows(bunch.split)
        if rows is None:
            raise UsageError(f"--cv split: {arguments.folder} has no column split with 'train', and 'valid' or 'test'.")
        return [rows]
    if cv in _BY_GROUP and groups is None:
        raise UsageError(f"--cv {cv}: needs groups; name their column with --groups COLUMN, or --groups estimated.")
    if cv not in _WAYS and not cv.isdecimal():
        return PredefinedSplit(np.unique(_column_of_folds(bunch, cv, arguments.folder), return_inverse=True)[1])
    if cv in PUBLISHED:  # by the classes of the folder, also where --binary joins some
        parts = published_split(cv, _labels(bunch))
        return [(parts["train"], parts["test"])] if arguments.binary else cv
    by_group = groups is not None and (cv in _BY_GROUP or cv.isdecimal())
    if by_group and (n := len(np.unique(groups))) < (n_folds or 2):
        few = f"--cv {n}" if n > 1 else "--cv random, or groups of another column,"
        raise UsageError(
            f"--cv {cv}: {n_folds or 2} folds by group need as many groups, but there are {n}; {few} is possible."
        )
    return n_folds if cv.isdecimal() else cv


def _column_of_folds(bunch: Bunch, cv: str, folder: str) -> np.ndarray:
    try:
        return group_column(bunch, cv, folder, "--cv", "folds").astype(str)
    except UsageError as error:
        raise UsageError(f"{error} Or give a number of folds, or one of {', '.join(_WAYS)}.") from error
