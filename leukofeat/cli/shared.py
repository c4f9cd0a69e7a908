"""What several commands do: options they have in common, tables they write, images that failed."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from leukofeat.base import ImageStage
from leukofeat.features import Failure, FeatureSet
from leukofeat.parallel import map_images
from leukofeat.pipeline import split_pipeline
from leukofeat.sequence import ImageSequence

FOLDER = "folder of class folders with images, a folder of images, or a folder with a manifest.csv (path, label, split, group)"


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """Options of every command that measures images."""
    parser.add_argument("-j", "--jobs", type=int, default=None, help="worker processes (default: 1)")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress bars")


def add_baseline(parser: argparse.ArgumentParser) -> None:
    """Option for a pipeline by its name."""
    parser.add_argument(
        "-b",
        "--baseline",
        default="leukofeat_svm",
        help="pipeline: leukofeat_svm (default), jin2023_svm, ...; a wrong name lists all",
    )


def table_writer(output: str) -> Callable[[pd.DataFrame], None]:
    """What writes a table to `output`; a name that cannot be written is refused before any work is done."""
    suffix, folder = Path(output).suffix.lower(), Path(output).parent
    if suffix not in (".parquet", ".csv"):
        raise ValueError(f"{output}: tables are written as .parquet or .csv; name one of the two.")
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder to write {Path(output).name} into.")
    write = pd.DataFrame.to_parquet if suffix == ".parquet" else pd.DataFrame.to_csv
    return lambda table: write(table, output, index=False)


def feature_parts(pipeline: Pipeline) -> tuple[list[ImageStage], FeatureSet, Pipeline]:
    """Image stages, FeatureSet and the rest of a pipeline."""
    stages, features, rest = split_pipeline(pipeline)
    if not isinstance(features, FeatureSet):
        raise ValueError("The model has no FeatureSet step; it was not trained by `leukofeat train`.")
    return stages, features, rest


def find_readable(images: ImageSequence, verbose: int) -> tuple[np.ndarray, list[Failure]]:
    """Which images can be read, shape (n,), bool, and why the others cannot."""
    reasons = map_images(_reason_unreadable, images, verbose=verbose, description="reading")
    failures = [Failure(i, images.name(i), reason) for i, reason in enumerate(reasons) if reason]
    return np.array([reason is None for reason in reasons]), failures


def _reason_unreadable(images: ImageSequence, i: int) -> str | None:
    try:
        images.smear(i)
    except ValueError as error:
        return str(error)
    return None


def report_failures(failures: Sequence[Failure], n_images: int) -> int:
    """Name the images that failed on standard error; returns the exit code."""
    for name, reason in ((failure.name, failure.reason) for failure in failures):
        print(f"leukofeat: {reason if name in reason else f'{name}: {reason}'}", file=sys.stderr)
    if failures:
        print(f"leukofeat: {len(failures)} of {n_images} images failed; the others are done.", file=sys.stderr)
    return 3 if failures else 0
