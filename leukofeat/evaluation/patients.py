"""How good the verdicts of patients are: from a comparison's folds, or from a table of verdicts."""

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import softmax
from sklearn.pipeline import Pipeline, make_pipeline

from leukofeat.classification import GroupClassifier
from leukofeat.classification.group_tables import grouped, log_odds_table
from leukofeat.evaluation.comparison import Comparison
from leukofeat.pipeline import split_pipeline
from leukofeat.statistics.bootstrap import bootstrap_interval
from leukofeat.statistics.groups import mean_log_odds
from leukofeat.statistics.held_out import group_codes
from leukofeat.statistics.metrics import binned_gap

_TINY = 1e-300  # the smallest probability whose logarithm is taken


def by_patient(pipeline: Any, abstain: float = 0.0) -> Pipeline:
    """The pipeline with the verdict of a patient as its last step: all that is fitted on columns goes into a GroupClassifier.

    Examples
    --------
    >>> from leukofeat.baselines import make_baseline
    >>> by_patient(make_baseline("four_colors"), 0.9)[-1].abstain
    0.9
    """
    stages, features, rest = split_pipeline(pipeline)
    inner = rest[0] if isinstance(rest, Pipeline) and len(rest) == 1 else rest
    return make_pipeline(*stages, *([] if features is None else [features]), GroupClassifier(inner, abstain=abstain))


def patient_probabilities(scores: np.ndarray, codes: np.ndarray, n_patients: int) -> np.ndarray:
    """Probabilities of the classes of patients, (n_patients, k), from those that a GroupClassifier gives single images.

    Its rule is linear in the log-odds of images, and its probabilities of images have slope and offset in them: the mean of their
    log-odds is the patient's, as `predict_groups` gives it.

    Parameters
    ----------
    scores : ndarray of shape (n, k)
    codes : ndarray of shape (n,), int
        Patient of each row, 0 to `n_patients` - 1.
    n_patients : int

    Returns
    -------
    ndarray of shape (n_patients, k), dtype float64
        NaN for a patient without a row.

    Examples
    --------
    >>> patient_probabilities(np.array([[0.5, 0.5], [0.1, 0.9]]), np.array([0, 0]), 1).round(2)
    array([[0.25, 0.75]])
    """
    return softmax(mean_log_odds(scores, codes, n_patients, least=_TINY), axis=1)


def patient_figures(table: pd.DataFrame, truth: np.ndarray, classes: np.ndarray) -> dict[str, Any]:
    """How good verdicts of patients are.

    Parameters
    ----------
    table : DataFrame
        A row a patient with `score_<class>` and `verdict`, as :meth:`GroupClassifier.predict_groups` gives it.
    truth : ndarray of shape (n_patients,)
    classes : ndarray of shape (k,)
        Of the scores, in their order.

    Returns
    -------
    dict
        `n_patients`; `patients_undecided`, how many got no verdict; `patient_accuracy`, the share of right verdicts among those that
        got one, with `_low` and `_high`, 95 % over these patients; `patient_calibration_error`, of the likeliest class, over all
        that have a probability. None where there is no such patient, or a single one for an interval.

    Examples
    --------
    >>> table = pd.DataFrame({"score_B": [0.9, 0.4, 0.2], "score_M": [0.1, 0.6, 0.8], "verdict": ["B", None, "M"]})
    >>> found = patient_figures(table, np.array(["B", "M", "B"]), np.array(["B", "M"]))
    >>> found["patient_accuracy"], found["patients_undecided"], found["n_patients"]
    (0.5, 1, 3)
    """
    scores = table[[f"score_{name}" for name in classes]].to_numpy(np.float64)
    decided, judged = table["verdict"].notna().to_numpy(), ~np.isnan(scores).any(axis=1)
    right = (table["verdict"].to_numpy(object) == np.asarray(truth, object))[decided].astype(np.float64)
    low = high = np.nan
    if len(right):
        units = np.arange(len(right))
        found = bootstrap_interval(lambda w: {"accuracy": w @ right / w.sum(axis=1)}, units)["accuracy"]
        low, high = map(float, found)
    likeliest = np.asarray(classes, object)[scores[judged].argmax(axis=1)]
    hit = (likeliest == np.asarray(truth, object)[judged]).astype(np.float64)
    error = float(binned_gap(scores[judged].max(axis=1), hit)) if judged.any() else np.nan
    accuracy = float(right.mean()) if len(right) else np.nan
    told = {"patient_accuracy": accuracy, "patient_accuracy_low": low, "patient_accuracy_high": high}
    told["patient_calibration_error"] = error
    rounded = {name: None if value != value else round(value, 4) for name, value in told.items()}
    return {"n_patients": len(table), "patients_undecided": int((~decided).sum()), **rounded}


def figures_by_patient(comparison: Comparison, abstain: float = 0.0, silent: Any = ()) -> dict[str, dict[str, Any]]:
    """:func:`patient_figures` of each pipeline of a comparison, from folds that hold patients out.

    Parameters
    ----------
    comparison : Comparison
        Of pipelines that :func:`by_patient` made, with the patients as `groups`, each of one class.
    abstain : float, default=0.0
        As of their GroupClassifier.
    silent : array-like of int
        Rows without a vote: images without a cell.

    Returns
    -------
    dict of dict

    Examples
    --------
    >>> from leukofeat.baselines import make_baseline
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.evaluation import compare
    >>> smears = make_smears(n_samples=32, size=64, n_slides=16, random_state=0)
    >>> pipelines = {"colours": by_patient(make_baseline("four_colors"))}
    >>> found = compare(pipelines, smears.images, smears.target, cv=4, groups=smears.groups, n_bootstrap=10)
    >>> figures_by_patient(found)["colours"]["n_patients"]
    16
    """
    found, classes = {}, np.array(comparison.configuration["classes"])
    for name, own in comparison.predictions.groupby("pipeline", sort=False):
        codes = group_codes(own["group"])
        votes = ~own["row"].isin(np.asarray(silent)).to_numpy()
        table = grouped(own["group"].to_numpy(), codes, votes)
        scores = own[[f"score_{label}" for label in classes]].to_numpy(np.float64)
        told = log_odds_table(table, patient_probabilities(scores[votes], codes[votes], len(table)), classes, abstain)
        truth = own["target"].to_numpy()[np.unique(codes, return_index=True)[1]]
        found[str(name)] = patient_figures(told, truth, classes)
    return found
