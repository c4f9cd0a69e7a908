"""`leukofeat extract`: images to a table of features, in one file or in parts."""

import argparse
import shutil
from pathlib import Path

import pandas as pd

from leukofeat.atomic import replacing
from leukofeat.cli.document import record
from leukofeat.cli.messages import UsageError, tell
from leukofeat.cli.shared import (
    add_baseline,
    add_folder,
    add_masks,
    add_running,
    check_output,
    feature_parts,
    fit_stages,
    has_masks,
    named_baseline,
    read_folder,
    report_failures,
)
from leukofeat.extraction import extract_parquet, join_parts
from leukofeat.extraction.folder import check_shard
from leukofeat.extraction.plain import extract_csv
from leukofeat.extras import is_installed, missing
from leukofeat.failures import warn_of
from leukofeat.pipeline import set_memory

_TABLES = (".parquet", ".csv")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_folder(parser)
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FILE_OR_FOLDER",
        help="table to write: a file, .parquet or .csv, or a folder for a Parquet data set in parts. A run that was stopped goes on "
        "where it was; into a folder again, only new and changed images are measured, and those that failed",
    )
    parser.add_argument("--cells", action="store_true", help="a row for each cell instead of a row for each image")
    parser.add_argument("--strict", action="store_true", help="stop at the first image that cannot be measured")
    parser.add_argument(
        "--shard",
        metavar="K/N",
        default=None,
        help="measure the K-th of N shares of the images only, counted from 1: several machines fill one folder",
    )
    add_baseline(parser)
    add_masks(parser, "; the pipeline then measures these, without its segmenter")
    add_running(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure the images with the features of a baseline."""
    output = Path(arguments.output)
    in_parts = output.is_dir() or arguments.output.endswith(("/", "\\")) or not output.suffix
    if not in_parts and output.suffix.lower() not in _TABLES:
        raise UsageError(
            f"{output}: tables are written as .parquet or .csv; name one of the two, or a folder, {output}/, for a table in parts."
        )
    parts = output if in_parts else output.with_name(f"{output.name}.parts")
    check_output(arguments.output, is_folder=in_parts)
    check_output(str(parts), is_folder=True)
    in_csv = output.suffix.lower() == ".csv" and not in_parts and not is_installed("pyarrow")
    if in_parts and not is_installed("pyarrow"):
        raise UsageError(f"{output}: {missing('pyarrow')} Or name a .csv.")
    if arguments.shard is not None and not in_parts:
        raise UsageError(f"{output}: shares are written into one folder; name a folder as --output.")
    shard = _read_shard(arguments.shard)
    pipeline = named_baseline(arguments.baseline, segments=not has_masks(arguments))
    stages, features, _ = feature_parts(set_memory(pipeline, arguments.memory))
    bunch = read_folder(arguments)
    verbose = int(not arguments.quiet)
    features.set_params(on_error="raise" if arguments.strict else "nan", n_jobs=arguments.jobs, verbose=verbose)
    images = fit_stages(stages, bunch.images, verbose)
    known = bunch.frame[[name for name in ("path", "label", "split", "group") if name in bunch.frame]]
    del bunch  # of many images the names alone are large
    per = "cell" if arguments.cells else "image"
    if in_csv:
        found = extract_csv(features, images, parts, output, frame=known, per=per)
    else:
        found = extract_parquet(features, images, parts, frame=known, per=per, shard=shard)
    warn_of([], found.n_images, empty=found.empty)
    before = found.n_images - found.n_measured
    record(
        written=[output],
        counts={
            "rows": found.n_rows,
            "columns": found.n_columns,
            "measured": found.n_measured - len(found.failures),
            "empty": len(found.empty),
        },
        complete=found.complete,
    )
    there = f", {before} of them there before" if before else ""
    print(f"{output}: {found.n_rows} rows, {found.n_columns} columns from {found.n_images} images{there}.")
    if not found.complete:
        print(f"{output}: other shares are not there yet.")
    if not in_parts:
        if not in_csv:
            join_parts(parts, output)
        _write_errors(parts / "_errors.csv", output.with_name(f"{output.name}.errors.csv"))
        shutil.rmtree(parts, ignore_errors=True)
    return report_failures(found.failures, found.n_images)


def _read_shard(typed: str | None) -> tuple[int, int]:
    if typed is None:
        return 1, 1
    number, _, count = typed.partition("/")
    try:
        return check_shard((int(number), int(count)))
    except ValueError:
        raise UsageError(
            f"--shard {typed}: says which share this is, counted from 1, and of how many, as 2/8."
        ) from None


def _write_errors(found: Path, file: Path) -> None:
    """Put the table of errors beside the results, if there are any, in the place of an older one."""
    errors = pd.read_csv(found, dtype=str, keep_default_na=False)
    if errors.empty:
        file.unlink(missing_ok=True)
        return
    record(written=[file])
    with replacing(file) as new:
        shutil.copyfile(found, new)
    tell(f"{file}: the {len(errors)} image{'s' * (len(errors) != 1)} that failed, and why.")
