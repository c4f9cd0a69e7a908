"""`leukofeat train`: fit a pipeline on labelled images."""

import argparse
import sys

import numpy as np
from sklearn.metrics import accuracy_score, f1_score

from leukofeat.baselines import make_baseline
from leukofeat.cli.main import CAUTION
from leukofeat.cli.shared import FOLDER, add_baseline, add_jobs, feature_parts, find_readable, report_failures
from leukofeat.datasets import load_images
from leukofeat.persistence import save


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument(
        "folder", help=FOLDER + "; with a split column, rows with 'train' are fitted and the others scored"
    )
    parser.add_argument("-o", "--output", required=True, help="model file to write (a skops archive; holds no pickle)")
    add_baseline(parser)
    add_jobs(parser)


def run(arguments: argparse.Namespace) -> int:
    """Fit a baseline, save it, and score it on the parts that it was not fitted on."""
    bunch = load_images(arguments.folder)
    verbose = int(not arguments.quiet)
    if bunch.target is None:
        raise ValueError(
            f"{arguments.folder}: no labels; put the images into class folders, or give a manifest.csv with a label column."
        )
    good, failures = find_readable(bunch.images, verbose)
    target = bunch.target_names[bunch.target]
    fitted = good if bunch.split is None else good & (bunch.split == "train")
    classes, counts = np.unique(target[fitted], return_counts=True)
    if len(classes) < 2:
        raise ValueError(
            f"{arguments.folder}: {len(classes)} class{'es' * (len(classes) != 1)} among {fitted.sum()} readable training images; at least two are needed."
        )
    for name in classes[counts == 1]:
        print(
            f"leukofeat: class {str(name)!r} has a single training image; how well it is recognised cannot be known.",
            file=sys.stderr,
        )
    pipeline = make_baseline(arguments.baseline)
    features = feature_parts(pipeline)[1].set_params(n_jobs=arguments.jobs, verbose=verbose)
    pipeline.fit(bunch.images[fitted], target[fitted])
    features.set_params(n_jobs=None, verbose=0)
    save(pipeline, arguments.output)
    print(f"{arguments.output}: {arguments.baseline} fitted on {fitted.sum()} images of {len(classes)} classes.")
    for part in [] if bunch.split is None else sorted(set(bunch.split[good].astype(str)) - {"train"}):
        rows = good & (bunch.split == part)
        predicted = pipeline.predict(bunch.images[rows])
        print(
            f"{part}: accuracy {accuracy_score(target[rows], predicted):.4f}, macro-F1 "
            f"{f1_score(target[rows], predicted, average='macro'):.4f} on {rows.sum()} images"
            + ("" if bunch.groups is not None else "; no group column, so slides may stand on both sides")
        )
    print(CAUTION)
    return report_failures(failures, len(bunch.images))
