"""Behind a gate a form is that of one row."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat import Smear
from leukofeat.calibration import CalibratedClassifier
from leukofeat.classification import GatedClassifier
from leukofeat.datasets import make_smears
from leukofeat.explanation import explain, linear_form, without_cells
from leukofeat.features import FeatureSet, GeometryFeatures
from leukofeat.whitening import SoftClipper


def _model(k: int) -> tuple[CalibratedClassifier, np.ndarray]:
    rng = np.random.default_rng(k)
    y = np.repeat(np.arange(k), 30)
    X = rng.normal(size=(30 * k, 6)) + 2 * np.eye(6)[y]
    near, far = (make_pipeline(StandardScaler(), SVC(kernel="linear", decision_function_shape="ovo")) for _ in range(2))
    middle = (
        None if k == 4 else make_pipeline(ColumnTransformer([("of", StandardScaler(), slice(0, 3))]), clone(far[-1]))
    )
    gated = GatedClassifier(near, far, middle=middle, n_far=2, decision_function_shape="ovo")
    rows = np.vstack([X[:5], X[:5] + rng.normal(0, 8, (5, 6)), np.full((1, 6), 60.0)])
    model = CalibratedClassifier(gated, decision_function_shape="ovo").fit(X, y)
    model.estimator_.near_reach_ = 1.0  # so that all of them have a say
    return model, rows


@pytest.mark.parametrize("k", [2, 3, 4])
def test_the_form_at_a_row_gives_the_decision_values_of_that_row(k: int) -> None:
    model, rows = _model(k)
    values = model.estimator_.decision_function(rows).reshape(len(rows), -1) / model.temperature_
    for row, value in zip(rows, values, strict=True):
        np.testing.assert_allclose(linear_form(model, at=row).decide(row[None])[0], value, rtol=1e-9, atol=1e-9)


def test_contributions_add_up_near_and_far() -> None:
    model, rows = _model(3)
    for why, verdict in zip(explain(model, rows), model.predict(rows), strict=True):
        assert why.verdict == verdict
        assert abs(why.base + why.columns["contribution"].sum() - why.value) < 1e-9 * max(1, abs(why.value))


def test_far_away_the_columns_that_travel_drive_the_verdict() -> None:
    model, rows = _model(3)
    (home, abroad) = explain(model, rows[[0, -1]])
    travelling = ["column_4", "column_5"]
    share = [why.columns.set_index("column")["weight"].abs() for why in (home, abroad)]
    assert share[0][travelling].sum() < share[0].drop(travelling).sum()
    assert share[1][travelling].sum() > 10 * share[1].drop(travelling).sum()


def test_bent_columns_have_a_form_at_a_row_only() -> None:
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    X = rng.standard_t(2, size=(60, 4)) + y[:, None]
    X[3, 1] = np.nan
    model = make_pipeline(SimpleImputer(), StandardScaler(), SoftClipper(2.0, n_free=1), LogisticRegression()).fit(X, y)
    for row, value in zip(X[:9], model.decision_function(X[:9]), strict=True):
        form = linear_form(model, at=row)
        assert form.local
        np.testing.assert_allclose(form.decide(row[None])[0], value, rtol=1e-9, atol=1e-9)
    with pytest.raises(TypeError, match="at=row"):
        linear_form(model)


def test_without_a_row_a_gate_has_no_form() -> None:
    model, _ = _model(2)
    with pytest.raises(TypeError, match="at=row"):
        linear_form(model)
    assert not linear_form(LogisticRegression().fit([[0.0], [1.0]], [0, 1]), at=[1.0]).local


def test_columns_with_names_are_explained_without_a_warning() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 20)
    X = pd.DataFrame(rng.normal(size=(40, 3)) + 2 * y[:, None], columns=["a", "b", "c"])
    model = GatedClassifier(LogisticRegression(), LogisticRegression()).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        why = explain(model, X)[-1]
    assert why.value == pytest.approx(abs(model.decision_function(X)[-1]))


def test_bent_columns_of_a_pipeline_that_hands_on_tables() -> None:
    rng = np.random.default_rng(0)
    y = np.arange(40) % 2
    X = pd.DataFrame(rng.normal(size=(40, 3)) + y[:, None], columns=list("abc"))
    steps = StandardScaler(), SoftClipper(2.0), LogisticRegression()
    model = make_pipeline(*steps).set_output(transform="pandas").fit(X, y)
    for why, value in zip(explain(model, X), model.decision_function(X), strict=True):
        assert abs(why.value) == pytest.approx(abs(value))
        assert why.base + why.columns["contribution"].sum() == pytest.approx(why.value)


@pytest.mark.parametrize("k", [2, 4])
def test_without_a_cell_the_gate_stands_as_for_the_image_without_it(k: int) -> None:
    bunch = make_smears(n_samples=24, size=160, n_slides=8, random_state=1)
    records = [Smear(*parts) for parts in zip(bunch.images, bunch.nuclei, bunch.cells, strict=True)]
    near, far = (make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()) for _ in range(2))
    features = FeatureSet([GeometryFeatures()], columns=["nucleus_area_*", "cell_count", "cell_neighbor_*"])
    model = make_pipeline(features, GatedClassifier(near, far, n_far=3)).fit(records, bunch.target % k)
    gate = model[-1]
    gate.reach_ = 0.5  # so that it moves
    n_moved, classes = 0, gate.classes_.tolist()
    for record, why in zip(records, explain(model, records), strict=True):
        winner, other = classes.index(why.verdict), classes.index(why.against)
        for one in why.cells.dropna(subset="push").itertuples():
            left = features.transform([record, without_cells(record, [one.label])])
            assert one.value_without == pytest.approx(gate.pairs(left)[1, winner, other], abs=1e-9)
            assert one.push == pytest.approx(why.value - one.value_without, abs=1e-9)
            if k == 2:
                assert (one.verdict_without == why.verdict) == (one.value_without > 0)
            n_moved += abs(np.subtract(*gate.shares(left)[:, 0])) > 0.1
    assert n_moved
