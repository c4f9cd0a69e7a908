"""What users build around the stages with scikit-learn and imbalanced-learn, whole, as in examples/grid_search.ipynb."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sklearn
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline as make_sampling_pipeline
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from leukofeat.baselines import make_baseline
from leukofeat.calibration import CalibratedClassifier, group_params
from leukofeat.datasets import make_smears
from leukofeat.evaluation import compare
from leukofeat.features import ColorFeatures, FeatureSet
from leukofeat.persistence import load, save
from tests.stages import Area, DarkSegmenter


@pytest.fixture(scope="module")
def fields():
    return make_smears(n_samples=24, size=64, n_slides=12, random_state=0)


@pytest.fixture(scope="module")
def patients(fields):
    """Image, age and sex in one table."""
    rng = np.random.default_rng(0)
    columns = {"image": fields.images, "age": rng.integers(2, 15, 24), "sex": rng.choice(["f", "m"], 24)}
    return pd.DataFrame(columns, index=[f"patient {i}" for i in range(24)])


def clinical() -> Pipeline:
    cells = make_pipeline(DarkSegmenter(), FeatureSet([Area(), ColorFeatures(regions=("image",))]), SimpleImputer())
    columns = ColumnTransformer(
        [
            ("cells", cells, "image"),
            ("age", "passthrough", ["age"]),
            ("sex", OneHotEncoder(sparse_output=False), ["sex"]),
        ]
    )
    return make_pipeline(columns, CalibratedClassifier(make_pipeline(StandardScaler(), SVC())))


def test_clinical_columns_beside_the_image_column(fields, patients, tmp_path):
    model, groups = clinical(), fields.groups
    done = cross_validate(
        model, patients, fields.target, groups=groups, params=group_params(model, groups), cv=StratifiedGroupKFold(2),
        scoring=["roc_auc_ovr", "neg_log_loss"], error_score="raise",
    )  # fmt: skip
    assert np.isfinite([done["test_roc_auc_ovr"], done["test_neg_log_loss"]]).all()
    model.fit(patients, fields.target)
    np.testing.assert_allclose(model.predict_proba(patients.iloc[[3]]), model.predict_proba(patients)[[3]])
    older = patients.assign(age=patients["age"] + 50)
    assert (model[0].transform(older) != model[0].transform(patients)).any(axis=0).sum() == 1
    save(model, tmp_path / "model.skops")
    trusted = ["tests.stages.Area", "tests.stages.DarkSegmenter"]
    again = load(tmp_path / "model.skops", trusted=trusted)
    assert again.predict_proba(patients).tobytes() == model.predict_proba(patients).tobytes()


def test_named_columns_from_end_to_end(fields, patients):
    table = clinical()[0].set_output(transform="pandas").fit_transform(patients)
    assert table.index.tolist() == patients.index.tolist()
    assert table.columns[:2].tolist() == ["cells__n_cells", "cells__nucleus_area_mean"]
    assert table.columns[-3:].tolist() == ["age__age", "sex__sex_f", "sex__sex_m"]
    model = clinical().set_output(transform="pandas").fit(patients, fields.target)
    assert model[-1].feature_names_in_.tolist() == table.columns.tolist()


@pytest.mark.parametrize("inside", [True, False])
def test_a_sampler_behind_the_features(inside, fields):
    rows = np.flatnonzero((fields.target > 1) | (np.arange(24) % 2 == 0))  # two classes have half as many
    images, y = [fields.images[i] for i in rows], fields.target[rows]
    stages = (DarkSegmenter(), FeatureSet([Area(), ColorFeatures(regions=("image",))]), SimpleImputer())
    if inside:
        classifier = make_sampling_pipeline(StandardScaler(), RandomOverSampler(random_state=0), SVC())
        model = make_sampling_pipeline(*stages, CalibratedClassifier(classifier))
        sampled = model.fit(images, y)[-1].estimator_[-1]
    else:
        model = make_sampling_pipeline(*stages, StandardScaler(), RandomOverSampler(random_state=0), SVC())
        sampled = model.fit(images, y)[-1]
    assert sampled.shape_fit_[0] == 4 * np.bincount(y).max()
    assert cross_validate(model, images, y, cv=2, error_score="raise")["test_score"].shape == (2,)
    table = compare({"sampled": model}, images, y, cv=2, groups=fields.groups[rows], n_bootstrap=10).table
    assert np.isfinite(table.loc["sampled", "brier"]) == inside


def test_groups_are_routed_to_the_inner_folds(fields, monkeypatch):
    seen = []
    fit = CalibratedClassifier.fit
    monkeypatch.setattr(
        CalibratedClassifier,
        "fit",
        lambda self, X, y, groups=None, **p: (seen.append(groups), fit(self, X, y, groups))[1],
    )
    with sklearn.config_context(enable_metadata_routing=True):
        cv = GroupKFold(3)
        done = cross_validate(
            make_baseline("four_colors"), fields.images, fields.target, params={"groups": fields.groups}, cv=cv,
            scoring="neg_log_loss", error_score="raise",
        )  # fmt: skip
    assert np.isfinite(done["test_score"]).all()
    folds = list(cv.split(fields.images, fields.target, fields.groups))
    for (train, _), groups in zip(folds, seen, strict=True):
        np.testing.assert_array_equal(groups, fields.groups[train])
