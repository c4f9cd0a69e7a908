"""`leukofeat train`: fit a pipeline on labelled images."""

import argparse
import tempfile
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch

from leukofeat.calibration import group_params
from leukofeat.classification import GroupClassifier
from leukofeat.cli.commands import CAUTION
from leukofeat.cli.document import record
from leukofeat.cli.messages import UsageError, warn
from leukofeat.cli.patients import check_patients, in_words, patient_table
from leukofeat.cli.shared import (
    FOLDER,
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
from leukofeat.evaluation import Comparison, bootstrap_interval, compare, make_card, make_splitter
from leukofeat.evaluation.known_protocols import by_group
from leukofeat.evaluation.model_card import score_rows
from leukofeat.evaluation.patients import by_patient, figures_by_patient, patient_figures
from leukofeat.persistence import load, save
from leukofeat.pipeline import last_step, set_memory
from leukofeat.statistics.held_out import group_codes

# share of a class's training images without a leukocyte from which on a person should look at them
_MANY_EMPTY = 0.2
_CONTROLS = ("no_leukocytes", "four_colors")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_folder(parser, help=FOLDER + "; with a split column, rows with 'train' are fitted and the others scored")
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FILE",
        help="model file to write (a skops archive; holds no pickle); `leukofeat show` says what it was made from",
    )
    add_baseline(parser)
    add_masks(parser, "; the pipeline is then trained on these, without its segmenter")
    parser.add_argument(
        "--evaluate",
        action="store_true",
        help="also how well it does on slides or patients that it was not fitted on: cross-validation within the training images, "
        f"by group where there are groups, with the controls {' and '.join(_CONTROLS)} beside it; the model's card keeps the figures",
    )
    parser.add_argument(
        "--patients",
        action="store_true",
        help="also learn the verdict of a patient, the column `group` of the manifest, from all the images, calibrated on patients that were held "
        "out (GroupClassifier): for `leukofeat predict --patients` and `leukofeat explain --patients`; figures are then by patient, too",
    )
    parser.add_argument(
        "--abstain",
        type=float,
        metavar="P",
        help="with --patients: no verdict where the likeliest class of a patient has a lower probability (default: 0, always one)",
    )
    add_running(parser)


def run(arguments: argparse.Namespace) -> int:
    """Fit a baseline, save it, and score it on the parts that it was not fitted on."""
    own = arguments.evaluate and arguments.memory is None  # what was measured for the fit is not measured again
    with tempfile.TemporaryDirectory() if own else nullcontext(arguments.memory) as memory:
        return _train(arguments, memory)


def _train(arguments: argparse.Namespace, memory: str | None) -> int:
    if check_output(arguments.output).suffix.lower() in (".pkl", ".pickle", ".joblib"):
        raise UsageError(f"{arguments.output}: a model is saved without pickle; call it .skops.")
    pipeline = _pipeline(arguments, arguments.baseline)
    bunch = read_folder(arguments)
    if bunch.target is None:
        raise ValueError(
            f"{arguments.folder}: no labels; put the images into class folders, or give a manifest.csv with a label column."
        )
    target, trained = bunch.target_names[bunch.target], _training_rows(bunch, arguments.folder)
    _check_classes(arguments.folder, target[trained], "")
    if arguments.patients:
        check_patients(arguments, bunch, trained)
    verbose = int(not arguments.quiet)
    stages, features, rest = feature_parts(set_memory(pipeline, memory))
    features.set_params(on_error="nan", n_jobs=arguments.jobs, verbose=verbose)
    images = fit_stages(stages, bunch.images, verbose, trained, target[trained])
    found = features.fit(images).extract(images)
    exit_code = report_failures(found.failures, len(bunch.images))  # what follows may fail for want of these images
    set_memory(pipeline, None)
    features.set_params(on_error="raise", n_jobs=None, verbose=0)
    good = np.ones(len(target), bool)
    good[[failure.row for failure in found.failures]] = False
    fitted, empty = good & trained, found.n_cells == 0
    classes = _check_classes(arguments.folder, target[fitted], "readable ")
    _check_cells(arguments.folder, target[fitted], empty[fitted])
    if arguments.patients:
        check_patients(arguments, bunch, fitted, "readable ")
    values = features.wrap_output(found.values)
    groups = None if bunch.groups is None else bunch.groups[fitted]
    rest.fit(values[fitted], target[fitted], **group_params(rest, groups))
    parts = {}
    for part in [] if bunch.split is None else sorted(set(bunch.split[good]) - {"train"}):
        rows = good & (bunch.split == part)
        row = _scored(bunch, rows, target[rows], rest.predict(values[rows]))
        if arguments.patients:
            there = np.flatnonzero(bunch.split == part)
            table = patient_table(
                found.values[there], found.n_cells[there], good[there], bunch.groups[there], features, rest
            )
            first = there[np.unique(group_codes(bunch.groups[there]), return_index=True)[1]]
            row |= patient_figures(table, target[first], rest.classes_)
        parts[part] = row, np.sum(empty & rows)
    rows_of = {part: bunch.split == part for part in parts}
    notes = _unknown_classes(target, classes, rows_of)
    notes += [] if groups is None else _shared_groups(bunch.groups, fitted, rows_of)
    manifest = Path(arguments.manifest or Path(arguments.folder) / "manifest.csv")
    card = make_card(
        pipeline,
        bunch.images[fitted],
        target[fitted],
        groups=groups,
        name=arguments.baseline,
        scores=[
            {"protocol": f"Part {str(part)!r} of the data, not fitted on", "pipeline": arguments.baseline} | row
            for part, (row, _) in parts.items()
        ],
        notes=notes,
        n_failed=int(np.sum(trained & ~good)),
        n_without_cell=None if (found.n_cells[fitted] < 0).all() else int(np.sum(empty & fitted)),
        manifest=manifest if manifest.is_file() else None,
        n_jobs=arguments.jobs,
    )
    save(pipeline, arguments.output, card)
    print(f"{arguments.output}: {arguments.baseline} fitted on {fitted.sum()} images of {len(classes)} classes.")
    record(
        written=[arguments.output],
        counts={"fitted": int(fitted.sum())},
        pipeline=arguments.baseline,
        classes=card.classes,
        scores=card.scores,
    )
    for part, (row, n_empty) in parts.items():
        print(
            f"{part}: accuracy {row['accuracy']:.4f}, macro-F1 {row['macro_f1']:.4f} on {row['n_images']} images"
            + (f", {n_empty} of them without a leukocyte, judged by filled-in columns" if n_empty else "")
            + ("" if bunch.groups is not None else "; no group column, so slides may stand on both sides")
        )
        if arguments.patients:
            print(f"{part}, {in_words(row)}")
    for note in notes:
        warn(note)
    try:
        load(arguments.output)
    except ValueError as error:  # of functions and classes of a user's own
        warn(error)
    if arguments.evaluate:  # the model is on disk by now, whatever becomes of this
        protocol, compared = _cross_validate(arguments, bunch.images[fitted], target[fitted], groups, memory)
        tested = score_rows(protocol, compared, _CONTROLS)
        if arguments.patients:
            figures = figures_by_patient(compared, arguments.abstain or 0.0, np.flatnonzero(empty[fitted]))
            tested = [row | figures[row["pipeline"]] for row in tested]
        every = tuple(dict.fromkeys([*card.notes, *compared.notes]))
        save(pipeline, arguments.output, replace(card, scores=(*card.scores, *tested), notes=every))
        record(scores=(*card.scores, *tested))
        for row in tested:
            print(
                f"{protocol}: {'control ' * row['control']}{row['pipeline']}: accuracy {row['accuracy']:.4f} "
                f"({row['accuracy_low']:.4f} to {row['accuracy_high']:.4f}), macro-F1 {row['macro_f1']:.4f}"
                + (f"; {in_words(row)}" if arguments.patients else "")
            )
    print(CAUTION)
    return exit_code


def _pipeline(arguments: argparse.Namespace, name: str) -> Pipeline:
    """Pipeline of this name, with the verdict of a patient at its end where that was asked for."""
    pipeline = named_baseline(name, segments=not has_masks(arguments))
    if not hasattr(pipeline, "predict"):
        raise UsageError(f"--baseline: {name} ends in no classifier, and nothing could be predicted; add one.")
    if not arguments.patients:
        if arguments.abstain is not None:
            raise UsageError("--abstain: is about the verdict of a patient; give --patients, too.")
        return pipeline
    if isinstance(last_step(pipeline), GroupClassifier):
        raise UsageError(f"--patients: {name} ends in a GroupClassifier already; leave --patients out.")
    if not 0 <= (arguments.abstain or 0) <= 1:
        raise UsageError(f"--abstain: a probability from 0 to 1. Got {arguments.abstain:g} instead.")
    if not hasattr(pipeline, "predict_proba"):
        raise UsageError(
            f"--patients: {name} gives no probabilities, of which the verdict of a patient takes the mean."
        )
    return by_patient(pipeline, arguments.abstain or 0.0)


def _scored(bunch: Bunch, rows: np.ndarray, target: np.ndarray, predicted: np.ndarray) -> dict[str, Any]:
    """Figures of a part that the model was not fitted on."""
    groups = None if bunch.groups is None else bunch.groups[rows]
    right = (target == predicted).astype(float)
    units = np.arange(len(target)) if groups is None else groups
    ends = bootstrap_interval(lambda weights: {"accuracy": weights @ right / weights.sum(axis=1)}, units)["accuracy"]
    low, high = (None if end != end else round(float(end), 4) for end in ends)
    return {
        "control": False,
        "n_images": len(target),
        "n_groups": None if groups is None else len(np.unique(groups)),
        "accuracy": round(float(accuracy_score(target, predicted)), 4),
        "accuracy_low": low,
        "accuracy_high": high,
        "macro_f1": round(float(f1_score(target, predicted, average="macro")), 4),
    }


def _unknown_classes(target: np.ndarray, classes: np.ndarray, parts: dict[str, np.ndarray]) -> list[str]:
    """A sentence for each part that has classes which no training image has."""
    told = []
    for part, rows in parts.items():
        strange = np.setdiff1d(target[rows], classes)
        if len(strange):
            told.append(
                f"Part {str(part)!r}: {np.isin(target[rows], strange).sum()} of its {rows.sum()} images are labelled "
                f"{', '.join(repr(str(name)) for name in strange)}, of which none was trained on: the model calls them another class, which counts as "
                "an error in its figures."
            )
    return told


def _shared_groups(groups: np.ndarray, fitted: np.ndarray, parts: dict[str, np.ndarray]) -> list[str]:
    """A sentence for each part that has groups in common with the training images."""
    told = []
    for part, rows in parts.items():
        there = np.unique(groups[rows])
        n = int(np.isin(there, groups[fitted]).sum())
        if n:
            told.append(
                f"Part {str(part)!r}: {n} of its {len(there)} slides or patients were trained on, too; its figures flatter the model."
            )
    return told


def _cross_validate(
    arguments: argparse.Namespace, images: Any, target: np.ndarray, groups: np.ndarray | None, memory: str | None
) -> tuple[str, Comparison]:
    """The pipeline and the controls, cross-validated within the training images, and how, in words."""
    codes = np.unique(target, return_inverse=True)[1]
    if groups is not None and len(np.unique(groups)) > 1:
        cv, groups = by_group(codes, groups)
        protocol = f"Slides or patients held out, {cv.get_n_splits()} folds of the training images"
    else:
        cv = make_splitter("random", n_splits=int(np.clip(np.bincount(codes).min(), 2, 5)))
        protocol = f"Images held out at random, {cv.get_n_splits()} folds of the training images"
    names = dict.fromkeys([arguments.baseline, *_CONTROLS])
    pipelines = {name: _pipeline(arguments, name) for name in names}
    verbose = int(not arguments.quiet)
    return protocol, compare(
        pipelines, images, target, cv=cv, groups=groups, memory=memory, n_jobs=arguments.jobs, verbose=verbose
    )


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
        warn(f"class {str(name)!r} has a single training image; how well it is recognised cannot be known.")
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
            warn(
                f"class {str(name)!r}: no leukocyte was found in {n_empty} of {n} training images; what is learned of them is "
                "filled-in columns."
            )
