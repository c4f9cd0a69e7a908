"""`leukofeat extract`: images to a table of features."""

import argparse

import pandas as pd

from leukofeat.cli.shared import (
    FOLDER,
    add_baseline,
    add_jobs,
    add_masks,
    add_memory,
    check_table,
    feature_parts,
    fit_stages,
    has_masks,
    named_baseline,
    read_folder,
    report_failures,
)
from leukofeat.failures import warn_of
from leukofeat.pipeline import set_memory


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("folder", help=FOLDER)
    parser.add_argument("-o", "--output", required=True, help="table to write: .parquet or .csv")
    parser.add_argument("--cells", action="store_true", help="a row for each cell instead of a row for each image")
    add_baseline(parser)
    add_masks(parser, "; the pipeline then measures these, without its segmenter")
    add_memory(parser)
    add_jobs(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure the images with the features of a baseline."""
    write = check_table(arguments.output)
    pipeline = named_baseline(arguments.baseline, segments=not has_masks(arguments))
    stages, features, _ = feature_parts(set_memory(pipeline, arguments.memory))
    bunch = read_folder(arguments)
    verbose = int(not arguments.quiet)
    features.set_params(on_error="nan", n_jobs=arguments.jobs, verbose=verbose)
    images = fit_stages(stages, bunch.images, verbose)
    known = bunch.frame[[name for name in ("path", "label", "split", "group") if name in bunch.frame]]
    if arguments.cells:
        table, failures = features.extract_cells(images)
        known = known.iloc[table.pop("image")].reset_index(drop=True)
        table = table.drop(columns="source")
    else:
        found = features.extract(images)
        table, failures = pd.DataFrame(found.values, columns=features.row_names()), found.failures
        warn_of([], len(images), empty=[images.name(i) for i in found.empty])
    table = pd.concat([known, table], axis=1)
    write(table)
    print(f"{arguments.output}: {len(table)} rows, {table.shape[1]} columns from {len(images)} images.")
    return report_failures(failures, len(images))
