"""`leukofeat predict`: a trained model's classes for images."""

import argparse

import numpy as np
import pandas as pd

from leukofeat.cli.main import CAUTION
from leukofeat.cli.shared import FOLDER, add_jobs, feature_parts, report_failures, table_writer
from leukofeat.datasets import load_images
from leukofeat.persistence import load


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("model", help="file that `leukofeat train` wrote")
    parser.add_argument("folder", help=FOLDER)
    parser.add_argument("-o", "--output", required=True, help="table to write: .csv or .parquet")
    add_jobs(parser)


def run(arguments: argparse.Namespace) -> int:
    """Predict, and write a row for each image; one that failed has no prediction, and the reason."""
    write = table_writer(arguments.output)
    stages, features, rest = feature_parts(load(arguments.model))
    bunch = load_images(arguments.folder)
    images = bunch.images
    for stage in stages:
        images = stage.transform(images)
    features.set_params(on_error="nan", n_jobs=arguments.jobs, verbose=int(not arguments.quiet))
    found = features.extract(images)
    values = features.wrap_output(found.values)
    scores = np.asarray(rest.decision_function(values))
    if scores.ndim == 1:
        scores = np.column_stack([-scores, scores])
    table = pd.DataFrame({"path": bunch.frame["path"], "predicted": rest.predict(values).astype(object)})
    for name, score in zip(rest.classes_, scores.T, strict=True):
        table[f"score_{name}"] = score
    table["error"] = ""
    for failure in found.failures:
        table.loc[failure.row, table.columns[1:-1]] = np.nan
        table.loc[failure.row, "error"] = failure.reason
    write(table)
    print(f"{arguments.output}: {len(table)} images, {len(found.failures)} without a prediction. {CAUTION}")
    return report_failures(found.failures, len(table))
