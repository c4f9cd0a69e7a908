"""`leukofeat extract`: images to a table of features."""

import argparse

import pandas as pd

from leukofeat.baselines import make_baseline
from leukofeat.cli.shared import (
    FOLDER,
    add_baseline,
    add_jobs,
    feature_parts,
    find_readable,
    report_failures,
    table_writer,
)
from leukofeat.datasets import load_images


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("folder", help=FOLDER)
    parser.add_argument("-o", "--output", required=True, help="table to write: .parquet or .csv")
    parser.add_argument("--cells", action="store_true", help="a row for each cell instead of a row for each image")
    add_baseline(parser)
    add_jobs(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure the images with the features of a baseline."""
    write = table_writer(arguments.output)
    bunch = load_images(arguments.folder)
    images, verbose = bunch.images, int(not arguments.quiet)
    stages, features, _ = feature_parts(make_baseline(arguments.baseline))
    features.set_params(on_error="nan", n_jobs=arguments.jobs, verbose=verbose)
    learns = any(stage.requires_fit for stage in stages)
    readable = images[find_readable(images, verbose)[0]] if learns else images[:0]
    for stage in stages:
        images, readable = stage.fit(readable).transform(images), stage.transform(readable)
    columns = [name for name in ("path", "label", "split", "group") if name in bunch.frame]
    if arguments.cells:
        table, failures = features.extract_cells(images)
        known = bunch.frame[columns].iloc[table.pop("image")].reset_index(drop=True)
        table = table.drop(columns="source")
    else:
        found = features.extract(images)
        table, failures, known = (
            pd.DataFrame(found.values, columns=features.row_names()),
            found.failures,
            bunch.frame[columns],
        )
    table = pd.concat([known, table], axis=1)
    write(table)
    print(f"{arguments.output}: {len(table)} rows, {table.shape[1]} columns from {len(images)} images.")
    return report_failures(failures, len(images))
