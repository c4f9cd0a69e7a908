"""Figures by patient: those of the verdicts that the model inside each fold gives."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import StratifiedGroupKFold

from leukofeat.baselines import make_baseline
from leukofeat.datasets import make_smears
from leukofeat.evaluation import compare
from leukofeat.evaluation.patients import by_patient, figures_by_patient, patient_figures
from leukofeat.pipeline import group_params
from leukofeat.statistics.metrics import expected_calibration_error

CLASSES = np.array(["A", "B"])


def verdicts(p, abstain=0.0):
    p = np.asarray(p, float)
    said = [None if max(1 - x, x) < abstain or x != x else CLASSES[int(x > 0.5)] for x in p]
    return pd.DataFrame({"score_A": 1 - p, "score_B": p, "verdict": pd.Series(said, dtype=object)})


def test_figures_are_those_of_scikit_learn_and_the_metrics():
    p, truth = np.array([0.1, 0.2, 0.8, 0.6, 0.3]), np.array(["A", "A", "B", "A", "B"])
    found = patient_figures(verdicts(p), truth, CLASSES)
    assert found["patient_accuracy"] == 0.6
    assert found["patient_accuracy_low"] < 0.6 < found["patient_accuracy_high"]
    expected = expected_calibration_error(truth, np.column_stack([1 - p, p]), CLASSES)
    assert found["patient_calibration_error"] == pytest.approx(expected, abs=1e-4)
    found = patient_figures(verdicts(p, 0.75), truth, CLASSES)
    assert (found["n_patients"], found["patients_undecided"], found["patient_accuracy"]) == (5, 2, 1.0)
    assert found["patient_accuracy_low"] < 1, "three right of three prove little"


def test_without_a_verdict_there_is_no_figure():
    for p in ([np.nan, np.nan], [0.5, 0.6]):
        found = patient_figures(verdicts(p, 0.9), np.array(["A", "B"]), CLASSES)
        assert (found["patients_undecided"], found["patient_accuracy"]) == (2, None)
        assert (found["patient_calibration_error"] is None) == np.isnan(p[0])
    found = patient_figures(verdicts([0.1]), np.array(["A"]), CLASSES)
    assert (found["patient_accuracy"], found["patient_accuracy_low"]) == (1.0, None)
    assert patient_figures(verdicts([0.9]), np.array(["C"]), CLASSES)["patient_accuracy"] == 0


def test_the_folds_give_what_predict_groups_of_each_fold_gives():
    smears = make_smears(n_samples=48, size=64, n_slides=24, random_state=0)
    model, groups = by_patient(make_baseline("four_colors"), 0.3), np.asarray(smears.groups)
    folds = list(StratifiedGroupKFold(3).split(smears.target, smears.target, groups))
    options = {"cv": folds, "groups": groups, "n_bootstrap": 10}
    found = compare({"it": model}, smears.images, smears.target, **options)
    silent = [0, 1, 5, 29]
    tables, truth = [], []
    for train, test in folds:
        fitted = model.fit(
            [smears.images[i] for i in train], smears.target[train], **group_params(model, groups[train])
        )
        n_cells = np.where(np.isin(test, silent), 0, -1)
        columns = fitted[:-1].transform([smears.images[i] for i in test])
        tables.append(fitted[-1].predict_groups(columns, groups[test], n_cells=n_cells))
        truth += [smears.target[groups == group][0] for group in tables[-1]["group"]]
    expected = patient_figures(pd.concat(tables, ignore_index=True), np.array(truth), np.arange(4))
    told = figures_by_patient(found, 0.3, silent)["it"]
    assert told["n_patients"] == 24
    assert 0 < told["patients_undecided"] < 24
    names = ["patients_undecided", "patient_accuracy", "patient_calibration_error"]  # intervals go by the order
    assert [told[name] for name in names] == [expected[name] for name in names]
