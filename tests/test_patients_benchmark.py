"""The benchmark of patients: its figures against simple ones, and a run."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.utils import Bunch

from leukofeat.baselines import make_baseline
from leukofeat.calibration import group_params
from leukofeat.datasets import make_smears
from leukofeat.evaluation import compare

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import patients
from patient_figures import Cohort, Told, areas, share_table_of_types, told


def cohort_of(rng, n_patients=30, n_images=6):
    target = np.repeat(np.arange(n_patients) % 2, n_images)
    names = np.array(["AML", "APL"])
    return Cohort.of(Bunch(target=target, target_names=names, groups=np.repeat(np.arange(n_patients), n_images)))


def test_areas_are_those_of_scikit_learn(rng):
    cohort = cohort_of(rng)
    found = []
    for _ in range(2):
        p = rng.random(len(cohort.target))
        q = rng.random(len(cohort.labels))
        found.append(Told(np.arange(len(p)), np.column_stack([1 - p, p]), np.column_stack([1 - q, q])))
    value = areas(found, cohort)(np.ones((1, len(cohort.labels))))
    cell = np.mean([roc_auc_score(cohort.target, one.scores[:, 1]) for one in found])
    patient = np.mean([roc_auc_score(cohort.labels, one.patients[:, 1]) for one in found])
    assert (value["cell"][0], value["patient"][0]) == (pytest.approx(cell), pytest.approx(patient))


def test_a_patient_is_scored_as_by_the_classifier_itself():
    smears = make_smears(n_samples=32, size=64, n_slides=16, random_state=0)
    cohort, model = Cohort.of(smears), patients.by_patient(make_baseline("four_colors"))
    folds = patients.folds_of(cohort, 0)["patients"]
    result = compare({"it": model}, smears.images, cohort.target, cv=folds, groups=cohort.groups, n_bootstrap=0)
    found = told(result, "it", cohort, clipped=False).patients
    images = np.asarray(smears.images)
    for train, test in folds:
        model.fit(images[train], cohort.target[train], **group_params(model, cohort.groups[train]))
        table = model[-1].predict_groups(model[:-1].transform(images[test]), cohort.codes[test])
        np.testing.assert_allclose(found[table["group"]], table.filter(like="score_"), rtol=1e-6)


def test_fewer_patients_keep_the_classes_in_their_shares(rng):
    cohort = cohort_of(rng)
    folds = patients.folds_of(cohort, 0)["patients"]
    for (train, test), (fewer, same) in zip(folds, patients.with_fewer(cohort, folds, 10, 0), strict=True):
        chosen = np.unique(cohort.codes[fewer])
        assert np.bincount(cohort.labels[chosen]).tolist() == [5, 5]
        assert set(fewer) == set(train[np.isin(cohort.codes[train], chosen)])
        assert set(same) == set(test)
    assert patients.with_fewer(cohort, folds, 24, 0) is None
    assert patients.with_fewer(cohort, folds, 1, 0) is None


def test_the_share_of_a_cell_type_that_tells_all(rng):
    cohort = cohort_of(rng)
    types = np.where(cohort.target == 1, "promyelocyte", "blast").astype(object)
    types[::6] = "blast"
    table = share_table_of_types(types, cohort, 50)
    assert table.loc["promyelocyte", "AUC"].startswith("1.000")
    assert table.loc["blast", "AUC"].startswith("0.000")


def test_it_runs(tmp_path, capsys):
    typed = ["--synthetic", "48", "--pipelines", "four_colors", "--seeds", "0", "--sizes", "8", "--bootstrap", "20"]
    assert patients.main([*typed, "--json", str(tmp_path / "found.json")]) == 0
    out = capsys.readouterr().out
    for part in (
        "by patient, random folds",
        "| patients trained on | 8 | all |",
        "calibration error",
        "above no_leukocytes",
    ):
        assert part in out
    assert len(json.loads((tmp_path / "found.json").read_text())) == 5


def test_what_cannot_be_tested_is_said(labelled_without_groups, capsys):
    with pytest.raises(SystemExit):
        patients.main(["--data", str(labelled_without_groups)])
    assert "columns label and group" in capsys.readouterr().err
    alone = Bunch(target=np.array([0, 0, 1]), target_names=np.array(["a", "b"]), groups=["p", "q", "r"])
    with pytest.raises(ValueError, match="a class has a single patient"):
        Cohort.of(alone)
    with pytest.raises(ValueError, match="'p' has images of the classes a and b"):
        Cohort.of(Bunch(**{**alone, "groups": ["p", "q", "p"]}))


@pytest.fixture
def labelled_without_groups(paths, tmp_path):
    rows = [f"{path},{'ab'[i % 2]}" for i, path in enumerate(paths)]
    (tmp_path / "manifest.csv").write_text("\n".join(["path,label", *rows]))
    return tmp_path
