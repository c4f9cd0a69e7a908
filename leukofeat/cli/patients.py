"""What commands do about patients: which data allow a verdict by patient, the verdicts, and how good they are in words."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import softmax
from sklearn.utils import Bunch

from leukofeat.classification import GroupClassifier
from leukofeat.classification.group_checks import check_one_class
from leukofeat.classification.group_tables import grouped, log_odds_table
from leukofeat.cli.messages import UsageError
from leukofeat.pipeline import last_step
from leukofeat.statistics.groups import mean_log_odds
from leukofeat.statistics.held_out import group_codes


def check_grouped(arguments: argparse.Namespace, groups: np.ndarray | None) -> np.ndarray:
    """The patients of the images; without them a matter of usage."""
    if groups is None:
        raise UsageError(
            f"--patients: nothing says which images of {arguments.folder} are of one patient; give it a manifest.csv with the columns "
            "path and group."
        )
    return groups


def check_patients(arguments: argparse.Namespace, bunch: Bunch, rows: np.ndarray, kind: str = "") -> None:
    """Refuse patients of two classes, and classes of which no patient could be held out.

    Parameters
    ----------
    arguments : Namespace
    bunch : Bunch
        With `target`.
    rows : ndarray of bool
        Images to be fitted on.
    kind : str
        What they are, as "readable ".
    """
    groups = check_grouped(arguments, bunch.groups)
    place = arguments.manifest or Path(arguments.folder) / "manifest.csv"
    where = f"{place if Path(place).is_file() else arguments.folder}: --patients"
    labels = np.asarray(bunch.target_names)[bunch.target]
    codes = group_codes(groups)
    try:
        check_one_class(groups, codes, labels)
    except ValueError as error:
        says = str(error).partition(";")[0]
        raise ValueError(
            f"{where}: {says}; the label has to be the patient's, the same for all the images. Correct the table, or train "
            "without --patients."
        ) from error
    counts = pd.Series(codes[rows]).groupby(labels[rows]).nunique()
    single = [str(name) for name in counts.index[counts < 2]]
    if single:
        raise ValueError(
            f"{where}: {kind}training images of class {', '.join(map(repr, single))} are of a single patient, who cannot be held out, so "
            "that nothing can be learned of errors on other patients. Add patients of the class, or train without --patients."
        )


def patient_table(
    values: np.ndarray, n_cells: np.ndarray, good: np.ndarray, groups: np.ndarray, features: Any, rest: Any
) -> pd.DataFrame:
    """A row a patient, by the good images that have cells; by the mean log-odds where the model has no rule of its own."""
    votes = good & (n_cells != 0)
    judged = features.wrap_output(values[votes])
    last, codes = last_step(rest), group_codes(groups)
    if isinstance(last, GroupClassifier):
        reached = rest[:-1].transform(judged) if last is not rest and len(rest) > 1 and votes.any() else judged
        everything = np.full((len(groups), reached.shape[1]), np.nan)
        everything[votes] = reached
        if isinstance(reached, pd.DataFrame):
            everything = pd.DataFrame(everything, columns=reached.columns)
        return last.predict_groups(everything, groups, n_cells=n_cells)
    table = grouped(groups, codes, votes, n_cells)
    told = np.asarray(rest.predict_proba(judged), np.float64) if votes.any() else np.empty((0, len(rest.classes_)))
    scores = softmax(mean_log_odds(told, codes[votes], len(table)), axis=1)
    return log_odds_table(table, scores, rest.classes_)


def in_words(figures: Mapping[str, Any]) -> str:
    """Figures by patient as a line of the terminal.

    Examples
    --------
    >>> in_words({"n_patients": 9, "patients_undecided": 9, "patient_accuracy": None, "patient_calibration_error": None})
    'by patient: none of 9 patients got a verdict'
    """
    n, undecided = figures["n_patients"], figures["patients_undecided"]
    if figures["patient_accuracy"] is None:
        return f"by patient: none of {n} patients got a verdict"
    low, high = figures["patient_accuracy_low"], figures["patient_accuracy_high"]
    ends = "" if low is None else f" ({low:.4f} to {high:.4f})"
    return (
        f"by patient: accuracy {figures['patient_accuracy']:.4f}{ends} of {n - undecided} with a verdict, {undecided} of {n} without, "
        f"calibration error {figures['patient_calibration_error']:.4f}"
    )
