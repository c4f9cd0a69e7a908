"""`leukofeat predict`: a trained model's classes for images."""

import argparse
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from leukofeat.calibration import CalibratedClassifier
from leukofeat.classification import GatedClassifier, GroupClassifier
from leukofeat.cli.commands import CAUTION
from leukofeat.cli.document import record
from leukofeat.cli.likeness import tell_unlike
from leukofeat.cli.messages import UsageError
from leukofeat.cli.patients import check_grouped, patient_table
from leukofeat.cli.shared import (
    add_folder,
    add_masks,
    add_running,
    check_table,
    feature_parts,
    read_folder,
    report_failures,
)
from leukofeat.evaluation.scores import class_scores
from leukofeat.failures import warn_of
from leukofeat.features import Failure
from leukofeat.measuring import Extraction
from leukofeat.persistence import load
from leukofeat.pipeline import last_step

NOTHING = "no leukocyte found: there is nothing to judge"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("model", metavar="MODEL", help="file that `leukofeat train` wrote")
    add_folder(parser)
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FILE",
        help="table to write: .csv or .parquet; score_<class> is the probability of the class, familiarity how far the image is like those of "
        "training, as the model has learned to see it: near 1, its many columns judge it; near 0, those that travel",
    )
    parser.add_argument(
        "--judge-empty",
        action="store_true",
        help="a class also where no leukocyte was found, by filled-in columns, as compare has it of its pipelines: for a table "
        "that is given to `leukofeat compare --predictions`, which wants one for every test image",
    )
    parser.add_argument(
        "--patients",
        metavar="FILE",
        help="also write a row for each slide or patient, the column `group` of the manifest: by the rule of the model's "
        "GroupClassifier, or by the mean log-odds of its images, which is not calibrated by patient",
    )
    add_masks(parser, " (for a model that was trained on such)")
    add_running(parser)


def run(arguments: argparse.Namespace) -> int:
    """Predict, and write a row for each image; one that failed, or in which nothing was found, has the reason instead."""
    write = check_table(arguments.output)
    write_patients = None if arguments.patients is None else check_table(arguments.patients)
    stages, features, rest = feature_parts(load(arguments.model))
    if write_patients and not hasattr(rest, "predict_proba") and not isinstance(last_step(rest), GroupClassifier):
        raise UsageError(f"--patients: {arguments.model} gives no probabilities, of which it takes the mean.")
    bunch = read_folder(arguments)
    if write_patients:
        check_grouped(arguments, bunch.groups)
    images = bunch.images
    tell_unlike(arguments, stages, rest.classes_, bunch)
    for stage in stages:
        images = stage.transform(images)
    options = {"memory": arguments.memory, "n_jobs": arguments.jobs, "verbose": int(not arguments.quiet)}
    features.set_params(on_error="nan", **options)
    found = features.extract(images)
    empty = [Failure(int(i), images.name(int(i)), NOTHING) for i in np.flatnonzero(found.n_cells == 0)]
    if arguments.judge_empty:
        warn_of([], len(images), empty=[failure.name for failure in empty])
        empty = []
    failures = sorted([*found.failures, *empty], key=lambda failure: failure.row)
    table = pd.concat([bunch.frame[["path"]], _verdicts(found, failures, features, rest)], axis=1)
    write(table)
    record(
        written=[arguments.output],
        counts={"predicted": len(table) - len(failures), "columns": found.values.shape[1]},
        classes=rest.classes_,
        predicted=table["predicted"].value_counts(),
        predictions=table,
    )
    if write_patients:
        good = np.ones(len(table), bool)
        good[[failure.row for failure in failures]] = False
        patients = patient_table(found.values, found.n_cells, good, bunch.groups, features, rest)
        write_patients(patients)
        record(written=[arguments.patients], counts={"patients": len(patients)}, patients=patients)
        undecided = int(patients["verdict"].isna().sum())
        print(f"{arguments.patients}: {len(patients)} slides or patients, {undecided} without a verdict. {CAUTION}")
    print(
        f"{arguments.output}: {len(table)} images, {len(failures)} without a prediction; the model judges by "
        f"{found.values.shape[1]} columns. {CAUTION}"
    )
    return report_failures(failures, len(table))


def _verdicts(found: Extraction, failures: list[Failure], features: Any, rest: Any) -> pd.DataFrame:
    """Verdict on each image with its scores, and what it rests on; nothing is said of those that failed."""
    n, gate = len(found.values), _gate(rest)
    reasons = {failure.row: failure.reason for failure in failures}
    judged = np.flatnonzero([i not in reasons for i in range(n)])
    predicted, scores = np.full(n, None, object), np.full((n, len(rest.classes_)), np.nan)
    familiarity = np.full(n, np.nan)
    if len(judged):
        values = features.wrap_output(found.values[judged])
        predicted[judged] = np.asarray(rest.predict(values)).astype(object)
        told, _ = class_scores(rest, values, rest.classes_)
        scores[judged] = np.nan if told is None else told
        if gate is not None:
            familiarity[judged] = gate.familiarity(values)
            familiarity[found.n_cells == 0] = np.nan  # filled-in columns are like those of training
    cells, imputed = pd.array(found.n_cells, "Int64"), pd.array(np.isnan(found.values).sum(axis=1), "Int64")
    cells[found.n_cells < 0] = pd.NA
    imputed[[failure.row for failure in found.failures]] = pd.NA
    return pd.DataFrame(
        {"predicted": predicted}
        | {f"score_{name}": score for name, score in zip(rest.classes_, scores.T, strict=True)}
        | ({} if gate is None else {"familiarity": familiarity})
        | {"cells": cells, "imputed": imputed, "columns": found.values.shape[1]}
        | {"error": [reasons.get(i, "") for i in range(n)]}
    )


def _gate(rest: Any) -> GatedClassifier | None:
    """The gate that rows come to as they were measured, if the model has one."""
    model = rest
    while True:  # what stands around it, as far as columns come to it as they were
        if isinstance(model, Pipeline) and len(model) == 1:
            model = model[0]
        elif isinstance(model, (CalibratedClassifier, GroupClassifier)):
            model = model.estimator_
        else:
            break
    return model if isinstance(model, GatedClassifier) else None
