"""LogOpinionPool: the geometric mean of its classifiers."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC, LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from leukofeat.calibration import CalibratedClassifier
from leukofeat.classification import LogOpinionPool
from leukofeat.classification.pool import pool_probabilities
from leukofeat.pipeline import group_params

X, y = load_iris(return_X_y=True)


def pool(**params):
    return LogOpinionPool([("bayes", GaussianNB()), ("line", LogisticRegression(max_iter=500))], **params)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([LogOpinionPool([("line", LogisticRegression())])])
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def test_a_row_without_a_class_is_named():
    with pytest.raises(ValueError, match="no class for row 1"):
        pool().fit(X[:3], ["a", None, "b"])


def test_is_the_geometric_mean():
    model = pool().fit(X, y)
    logs = np.mean([np.log(np.maximum(part.predict_proba(X), 1e-300)) for part in model.estimators_], axis=0)
    wanted = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    assert np.allclose(model.predict_proba(X), wanted)
    assert np.array_equal(model.predict(X), model.classes_[wanted.argmax(axis=1)])


def test_one_classifier_alone_is_itself():
    model = LogOpinionPool([("bayes", GaussianNB())]).fit(X, y)
    assert np.allclose(model.predict_proba(X), GaussianNB().fit(X, y).predict_proba(X))
    weighted = pool(weights=[1, 0]).fit(X, y)
    assert np.allclose(weighted.predict_proba(X), model.predict_proba(X))


def test_order_does_not_matter():
    turned = LogOpinionPool(pool().estimators[::-1]).fit(X, y)
    assert np.allclose(turned.predict_proba(X), pool().fit(X, y).predict_proba(X))


def test_certain_parts_that_disagree_leave_numbers():
    p = pool_probabilities([np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])], [0.5, 0.5])
    assert np.allclose(p, 0.5)


def test_searches_reach_its_parts():
    search = GridSearchCV(pool(), {"line__C": [0.1, 1], "weights": [None, [1, 3]]}, cv=3).fit(X, y)
    assert search.best_params_["line__C"] in (0.1, 1)
    assert cross_val_score(clone(search.best_estimator_), X, y).mean() > 0.9


def test_groups_reach_those_that_ask():
    calibrated = CalibratedClassifier(SVC(decision_function_shape="ovo"), decision_function_shape="ovo")
    model = LogOpinionPool([("svm", calibrated), ("bayes", GaussianNB())])
    groups = np.arange(len(y)) // 3
    given = group_params(model, groups)
    fitted = model.fit(X, y, **given)
    alone = clone(calibrated).fit(X, y, groups=groups)
    assert fitted.estimators_[0].temperature_ == alone.temperature_


@pytest.mark.parametrize("weights", [[1], [1, -1], [0, 0], [1, np.nan], "ab", [1, None]])
def test_weights_that_do_not_fit(weights):
    with pytest.raises(ValueError, match="weights"):
        pool(weights=weights).fit(X, y)


def test_needs_classifiers_with_names_of_their_own():
    with pytest.raises(ValueError, match="at least one"):
        LogOpinionPool([]).fit(X, y)
    with pytest.raises(ValueError, match="unique"):
        LogOpinionPool([("a", GaussianNB()), ("a", GaussianNB())]).fit(X, y)


def test_a_part_without_probabilities_is_named_before_any_is_fitted():
    with pytest.raises(ValueError, match="'line' has no predict_proba"):
        LogOpinionPool([("bayes", GaussianNB()), ("line", LinearSVC())]).fit(X, y)
    with pytest.raises(ValueError, match="pairs"):
        LogOpinionPool([GaussianNB()]).fit(X, y)
