"""`leukofeat audit`: what is wrong with a data set before a model sees it."""

import argparse
import shlex
import sys
from pathlib import Path

from leukofeat.audit import audit_dataset
from leukofeat.cli.commands import CAUTION
from leukofeat.cli.document import record
from leukofeat.cli.shared import add_folder, add_masks, add_running, check_output, read_folder, report_failures
from leukofeat.features import Failure
from leukofeat.report import write_report


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_folder(parser)
    parser.add_argument(
        "-o",
        "--output",
        default=None,
        metavar="RESULTS",
        help="folder for report.html, the verdict and the tables: findings, images, pairs, manifest (default: nothing is written)",
    )
    add_masks(parser, "; the audit leaves these files out of the images")
    add_running(parser)


def run(arguments: argparse.Namespace) -> int:
    """Audit the images, print the verdict, and write report and tables if they are wanted."""
    if arguments.output is not None:
        check_output(arguments.output, is_folder=True)
    bunch = read_folder(arguments)
    labels = None if bunch.target is None else bunch.target_names[bunch.target]
    known = {
        "groups": bunch.groups,
        "splits": bunch.split,
        "memory": arguments.memory,
        "n_jobs": arguments.jobs,
        "verbose": int(not arguments.quiet),
    }
    result = audit_dataset(bunch.images, labels, **known)
    print(result.verdict)
    record(counts={"findings": len(result.findings)}, verdict=result.verdict, findings=result.table)
    if arguments.output is not None:
        files = result.save(arguments.output)
        typed = shlex.join(["leukofeat", *sys.argv[1:]])
        files.append(write_report(Path(arguments.output) / "report.html", audit=result, command=typed))
        print(f"{arguments.output}: {', '.join(file.name for file in files)}.")
        record(written=files)
    print(CAUTION)
    errors = enumerate(result.images["error"].tolist())
    return report_failures([Failure(i, bunch.images.name(i), error) for i, error in errors if error], len(bunch.images))
