"""`leukofeat train`: fit a pipeline on labelled images."""

import argparse

import numpy as np
from sklearn.metrics import accuracy_score, f1_score
from sklearn.utils import Bunch

from leukofeat.calibration import group_params
from leukofeat.cli.main import CAUTION
from leukofeat.cli.messages import tell
from leukofeat.cli.shared import (
    FOLDER,
    add_baseline,
    add_jobs,
    add_masks,
    add_memory,
    check_output,
    feature_parts,
    fit_stages,
    has_masks,
    named_baseline,
    read_folder,
    report_failures,
)
from leukofeat.persistence import save
from leukofeat.pipeline import set_memory

# share of a class's training images without a leukocyte from which on a person should look at them
_MANY_EMPTY = 0.2


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument(
        "folder", help=FOLDER + "; with a split column, rows with 'train' are fitted and the others scored"
    )
    parser.add_argument("-o", "--output", required=True, help="model file to write (a skops archive; holds no pickle)")
    add_baseline(parser)
    add_masks(parser, "; the pipeline is then trained on these, without its segmenter")
    add_memory(parser)
    add_jobs(parser)


def run(arguments: argparse.Namespace) -> int:
    """Fit a baseline, save it, and score it on the parts that it was not fitted on."""
    check_output(arguments.output)
    pipeline = named_baseline(arguments.baseline, segments=not has_masks(arguments))
    bunch = read_folder(arguments)
    if bunch.target is None:
        raise ValueError(
            f"{arguments.folder}: no labels; put the images into class folders, or give a manifest.csv with a label column."
        )
    target, trained = bunch.target_names[bunch.target], _training_rows(bunch, arguments.folder)
    _check_classes(arguments.folder, target[trained], "")
    verbose = int(not arguments.quiet)
    stages, features, rest = feature_parts(set_memory(pipeline, arguments.memory))
    features.set_params(on_error="nan", n_jobs=arguments.jobs, verbose=verbose)
    images = fit_stages(stages, bunch.images, verbose, trained, target[trained])
    found = features.fit(images).extract(images)
    set_memory(pipeline, None)
    features.set_params(on_error="raise", n_jobs=None, verbose=0)
    good = np.ones(len(target), bool)
    good[[failure.row for failure in found.failures]] = False
    fitted, empty = good & trained, found.n_cells == 0
    classes = _check_classes(arguments.folder, target[fitted], "readable ")
    _check_cells(arguments.folder, target[fitted], empty[fitted])
    values = features.wrap_output(found.values)
    groups = None if bunch.groups is None else bunch.groups[fitted]
    rest.fit(values[fitted], target[fitted], **group_params(rest, groups))
    save(pipeline, arguments.output)
    print(f"{arguments.output}: {arguments.baseline} fitted on {fitted.sum()} images of {len(classes)} classes.")
    for part in [] if bunch.split is None else sorted(set(bunch.split[good]) - {"train"}):
        rows = good & (bunch.split == part)
        predicted = rest.predict(values[rows])
        n_empty = np.sum(empty & rows)
        print(
            f"{part}: accuracy {accuracy_score(target[rows], predicted):.4f}, macro-F1 "
            f"{f1_score(target[rows], predicted, average='macro'):.4f} on {rows.sum()} images"
            + (f", {n_empty} of them without a leukocyte, judged by filled-in columns" if n_empty else "")
            + ("" if bunch.groups is not None else "; no group column, so slides may stand on both sides")
        )
    print(CAUTION)
    return report_failures(found.failures, len(bunch.images))


def _training_rows(bunch: Bunch, folder: str) -> np.ndarray:
    if bunch.split is None:
        return np.ones(len(bunch.images), bool)
    trained = bunch.split == "train"
    if not trained.any():
        there = ", ".join(
            f"{str(name)!r} ({n})" for name, n in zip(*np.unique(bunch.split, return_counts=True), strict=True)
        )
        raise ValueError(
            f"{folder}: the column split has no 'train', but {there}; rows with 'train' are what is fitted. Rename "
            "them, or leave the column out to fit on everything."
        )
    return trained


def _check_classes(folder: str, target: np.ndarray, kind: str) -> np.ndarray:
    """Classes of the training images, of which there must be two, and more than one image of some of them."""
    classes, counts = np.unique(target, return_counts=True)
    named = f"{len(classes)} class{'es' * (len(classes) != 1)} among {len(target)} {kind}training images"
    if len(classes) < 2:
        raise ValueError(f"{folder}: {named}; at least two are needed.")
    if counts.max() < 2:
        raise ValueError(
            f"{folder}: {named}, one image a class; what varies within a class cannot be learned from that."
        )
    for name in classes[counts == 1] if kind else ():
        tell(f"class {str(name)!r} has a single training image; how well it is recognised cannot be known.")
    return classes


def _check_cells(folder: str, target: np.ndarray, empty: np.ndarray) -> None:
    """Refuse classes of which nothing was found, and point out those of which little was."""
    for name in np.unique(target):
        n, n_empty = np.sum(target == name), np.sum(empty[target == name])
        if n_empty == n:
            raise ValueError(
                f"{folder}: no leukocyte was found in any of the {n} training images of class {str(name)!r}, so there is "
                "nothing to learn from. Look at these images; are they smears, in colour, at a magnification that shows cells?"
            )
        if n_empty > _MANY_EMPTY * n:
            tell(
                f"class {str(name)!r}: no leukocyte was found in {n_empty} of {n} training images; what is learned of them is "
                "filled-in columns."
            )
