"""`leukofeat explain`: why a trained model gives images their classes."""

import argparse
import zipfile
from pathlib import Path
from typing import Any

from leukofeat.cli.commands import CAUTION
from leukofeat.cli.document import record
from leukofeat.cli.messages import UsageError, warn
from leukofeat.cli.patients import check_grouped
from leukofeat.cli.shared import (
    FOLDER,
    add_folder,
    add_masks,
    add_running,
    check_apart,
    check_output,
    feature_parts,
    has_masks,
    read_folder,
    report_failures,
)
from leukofeat.explanation import Explanation, GroupExplanation, explain, explain_groups
from leukofeat.failures import Failure
from leukofeat.persistence import load
from leukofeat.report import write_explanations, write_group_explanations
from leukofeat.sequence import ImageSequence, as_sequence

_COLUMNS = 10  # of a verdict in the document of --json


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument(
        "model", metavar="MODEL", help="file that `leukofeat train` wrote, of a model that is linear in its columns"
    )
    add_folder(parser, metavar="IMAGE_OR_FOLDER", help=f"an image, or a {FOLDER}")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="page to write: .html")
    parser.add_argument(
        "--against", metavar="CLASS", help="class to hold the verdicts against (default: the one that comes nearest)"
    )
    parser.add_argument(
        "-n",
        "--images",
        type=int,
        default=100,
        metavar="N",
        help="explain the first N images only, for each has its picture in the page; with --patients all images are judged, and the N "
        "least certain patients stand in the page (default: %(default)s)",
    )
    parser.add_argument(
        "--patients",
        action="store_true",
        help="explain the verdict of each slide or patient, the column `group` of the manifest: what each image adds and what would stand "
        "without it, exact, and the columns in the mean; by the rule of `leukofeat predict --patients`",
    )
    add_masks(parser, " (for a model that was trained on such)")
    add_running(parser)


def run(arguments: argparse.Namespace) -> int:
    """Explain, and write the page; an image that failed, or in which nothing was found, has the reason instead."""
    output = check_output(arguments.output)
    if output.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"{arguments.output}: the page is HTML; name it .html.")
    if arguments.images < 1:
        raise UsageError(f"--images must be 1 or more. Got {arguments.images} instead.")
    model = load(arguments.model)
    _, features, _ = feature_parts(model)
    features.set_params(
        on_error="nan", memory=arguments.memory, n_jobs=arguments.jobs, verbose=int(not arguments.quiet)
    )
    if arguments.patients:
        return _patients(arguments, output, model)
    images = _images(arguments)
    if len(images) > arguments.images:
        warn(f"{len(images):,} images: the first {arguments.images:,} are explained; --images takes more.")
        images = images[: arguments.images]
    found = explain(model, images, against=arguments.against)
    write_explanations(output, found)
    record(written=[output], verdicts=[_told(one) for one in found])
    failures = [Failure(one.row, one.name, one.reason) for one in found if one.reason]
    print(f"{output}: {len(found)} images, {len(failures)} without a verdict. {CAUTION}")
    return report_failures(failures, len(found))


def _patients(arguments: argparse.Namespace, output: Path, model: Any) -> int:
    """Explain the verdicts of patients."""
    if Path(arguments.folder).is_file() and not zipfile.is_zipfile(arguments.folder):
        raise UsageError(
            "--patients: one image is no patient; name a folder with a manifest.csv with the columns path and group."
        )
    bunch = read_folder(arguments)
    groups = check_grouped(arguments, bunch.groups)
    found = explain_groups(model, bunch.images, groups, against=arguments.against)
    if len(found) > arguments.images:
        warn(f"{len(found):,} patients: the {arguments.images:,} least certain stand in the page; --images takes more.")
    write_group_explanations(output, found, n=arguments.images)
    undecided = sum(one.verdict is None for one in found)
    record(written=[output], counts={"patients": len(found)}, patients=[_told_of_patient(one) for one in found])
    silent = [
        Failure(row, name, reason)
        for one in found
        for row, name, reason in one.images[["row", "name", "reason"]].itertuples(index=False)
        if reason
    ]
    print(f"{output}: {len(found)} slides or patients, {undecided} without a verdict. {CAUTION}")
    return report_failures(sorted(silent, key=lambda failure: failure.row), len(groups))


def _told_of_patient(one: GroupExplanation) -> dict[str, Any]:
    """Verdict on a patient, what each image adds to it, and the columns that drove them most."""
    names = (
        "group",
        "verdict",
        "reason",
        "likeliest",
        "against",
        "probability",
        "value",
        "offset",
        "slope",
        "calibrated",
    )
    called = dict(zip(one.images["row"], one.images["name"], strict=True))
    return (
        {name: getattr(one, name) for name in names}
        | {"decisive": [called[row] for row in one.decisive], "without_decisive": one.verdict_without_decisive}
        | {"images": one.images.drop(columns="row"), "columns": one.columns.head(_COLUMNS)}
    )


def _told(one: Explanation) -> dict[str, Any]:
    """Verdict on an image, and the columns that drove it most."""
    names = ("verdict", "against", "value", "base", "unit", "probability", "decisive")
    return {"file": one.name} | {name: getattr(one, name) for name in names} | {"columns": one.columns.head(_COLUMNS)}


def _images(arguments: argparse.Namespace) -> ImageSequence:
    """The one image, or those of the folder."""
    if Path(arguments.folder).is_file() and not has_masks(arguments):
        check_apart(arguments, [arguments.folder])
        return as_sequence([arguments.folder])
    return read_folder(arguments).images
