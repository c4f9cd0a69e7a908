"""What both classifiers owe scikit-learn and their users."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import VotingClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from leukofeat.calibration import CalibratedClassifier
from leukofeat.classification import ProbabilisticNeuralNetwork, SugenoClassifier
from leukofeat.persistence import load, save

BOTH = [ProbabilisticNeuralNetwork(0.5), SugenoClassifier()]


@pytest.fixture
def iris():
    X, y = load_iris(return_X_y=True)
    return StandardScaler().fit_transform(X), y


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([ProbabilisticNeuralNetwork(), SugenoClassifier(), SugenoClassifier(2, fuzziness=2, alpha=0)])
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("model", BOTH)
@pytest.mark.parametrize(
    "labels", [np.array(["Benign", "Early", "Pro"]), np.array([-3, 0, 9]), np.array(list("abc"), object)]
)
def test_any_labels(model, labels, iris):
    X, y = iris
    again = model.fit(X, labels[y]).predict(X)
    np.testing.assert_array_equal(again, labels[type(model)(**model.get_params()).fit(X, y).predict(X)])
    assert (again == labels[y]).mean() > 0.9
    assert model.classes_.tolist() == sorted(labels.tolist())


@pytest.mark.parametrize("model", BOTH)
def test_saved_and_loaded_without_trust_and_pickled(model, iris, tmp_path):
    X, y = iris
    model.fit(X, np.array(["a", "b", "c"])[y])
    save(model, tmp_path / "m")
    for again in (load(tmp_path / "m"), pickle.loads(pickle.dumps(model))):
        assert again.predict_proba(X).tobytes() == model.predict_proba(X).tobytes()
        assert again.predict(X).tolist() == model.predict(X).tolist()


@pytest.mark.parametrize("model", BOTH)
@pytest.mark.parametrize(
    "kind", ["one class", "a sample a class", "constant columns", "copies", "one column", "huge", "tiny"]
)
def test_degenerate_samples(model, kind, iris):
    X, y = iris
    X, y = {
        "one class": (X[y == 0], y[y == 0]),
        "a sample a class": (X[[0, 60, 120]], y[[0, 60, 120]]),
        "constant columns": (np.hstack([X, np.ones((150, 2))]), y),
        "copies": (X[[0, 60, 120] * 9], y[[0, 60, 120] * 9]),
        "one column": (X[:, 2:3], y),
        "huge": (X * 1e6, y),
        "tiny": (X * 1e-6, y),
    }[kind]
    p = model.fit(X, y).predict_proba(X)
    assert p.shape == (len(X), len(np.unique(y)))
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert p.min() >= 0
    np.testing.assert_array_equal(model.classes_[p.argmax(axis=1)], model.predict(X))
    far = model.predict_proba(np.vstack([X[:1] + 1e9, X[:1] + 1e200, X[:1] - 1e308]))
    np.testing.assert_allclose(far.sum(axis=1), 1)


@pytest.mark.parametrize("model", BOTH)
def test_the_same_on_some_rows_as_on_all_and_for_any_batch(model, iris, monkeypatch):
    X, y = iris
    whole = model.fit(X, y).predict_proba(X)
    monkeypatch.setattr("leukofeat.classification.pnn._AT_ONCE", 1)
    np.testing.assert_allclose(model.predict_proba(X), whole, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(model.predict_proba(X[[3]]), whole[[3]], rtol=1e-9, atol=1e-12)


def test_in_a_soft_vote_with_others_as_the_last_step(iris, tmp_path):
    X, y = iris
    svm = CalibratedClassifier(SVC(decision_function_shape="ovo"), decision_function_shape="ovo")
    members = [("svm", svm), ("knn", KNeighborsClassifier(algorithm="brute")), ("pnn", BOTH[0]), ("sugeno", BOTH[1])]
    model = make_pipeline(StandardScaler(), VotingClassifier(members, voting="soft")).fit(X, y)
    save(model, tmp_path / "m")
    assert load(tmp_path / "m").predict_proba(X).tobytes() == model.predict_proba(X).tobytes()
    assert model.score(X, y) > 0.93


def test_rules_are_calibrated_and_densities_need_no_calibration(iris):
    X, y = iris
    calibrated = CalibratedClassifier(SugenoClassifier()).fit(X, y)
    np.testing.assert_array_equal(calibrated.predict(X), SugenoClassifier().fit(X, y).predict(X))
    with pytest.raises(TypeError, match="has no decision_function; use it as it is"):
        CalibratedClassifier(ProbabilisticNeuralNetwork()).fit(X, y)
