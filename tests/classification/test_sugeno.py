"""SugenoClassifier against the definitions of its two halves, and against what its parameters make of it."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, RidgeClassifier

from leukofeat.classification import SugenoClassifier
from leukofeat.kernels.color.fuzzy_c_means import fuzzy_c_means


@pytest.fixture
def rings(rng):
    """Two classes that no line tells apart."""
    X = rng.normal(size=(300, 2))
    return X, (np.hypot(*X.T) > 1.1).astype(int)


def memberships(X, centers, m):
    u = np.empty((len(X), len(centers)))
    for n, x in enumerate(X):
        d = [np.sqrt(((x - c) ** 2).sum()) for c in centers]
        for i in range(len(centers)):
            u[n, i] = 1 / sum((d[i] / other) ** (2 / (m - 1)) for other in d)
    return u


@pytest.mark.parametrize("m", [1.5, 2.0, 3.0])
def test_centres_are_those_of_fuzzy_c_means(m, rings):
    X, y = rings
    model = SugenoClassifier(3, fuzziness=m, tol=1e-9, max_iter=2000).fit(X, y)
    known = fuzzy_c_means(X, np.ones(len(X)), model.centers_ + 1e-3, fuzziness=m, tol=1e-10, max_iter=2000)
    np.testing.assert_allclose(model.centers_, known, atol=1e-5)


def test_values_are_those_of_the_rules_one_by_one(rings):
    X, y = rings
    model = SugenoClassifier(4).fit(X, y)
    u = memberships(X[:20], model.centers_, model.fuzziness_)
    said = [
        [sum(u[n, i] * (model.coef_[i, k] @ x + model.intercept_[i, k]) for i in range(4)) for k in (0, 1)]
        for n, x in enumerate(X[:20])
    ]
    np.testing.assert_allclose(np.diff(said)[:, 0], model.decision_function(X[:20]), atol=1e-10)
    np.testing.assert_allclose(np.sum(said, axis=1), 1)


def test_consequents_are_those_of_least_squares(rings):
    X, y = rings
    model = SugenoClassifier(3, fuzziness=2.0, alpha=0).fit(X, y)
    u = memberships(X, model.centers_, 2.0)
    terms = np.hstack([u * X[:, :1], u * X[:, 1:], u])
    fitted = LinearRegression(fit_intercept=False).fit(terms, y).predict(terms)
    np.testing.assert_allclose(model.decision_function(X), 2 * fitted - 1, atol=1e-8)


def test_one_rule_is_ridge_regression(rings):
    X, y = rings
    model = SugenoClassifier(1, alpha=3.0).fit(X, y)
    np.testing.assert_allclose(
        model.decision_function(X), RidgeClassifier(3.0).fit(X, y).decision_function(X), atol=1e-10
    )


def test_rules_see_what_a_line_does_not(rings):
    X, y = rings
    # the circle has no tangent plane, but each rule has its own
    assert SugenoClassifier(1).fit(X, y).score(X, y) < 0.65
    assert SugenoClassifier(6).fit(X, y).score(X, y) > 0.85


def test_centres_stay_apart_in_many_columns(rng):
    y = np.repeat([0, 1], 100)
    X = rng.normal(size=(200, 40)) + 0.5 * y[:, None]
    apart = SugenoClassifier(2).fit(X, y).centers_
    assert np.abs(np.diff(apart, axis=0)).mean() > 0.3
    fallen = SugenoClassifier(2, fuzziness=2.0).fit(X, y).centers_
    assert np.abs(np.diff(fallen, axis=0)).mean() < 0.05


def test_seed_and_number_of_rules(rings):
    X, y = rings
    one, other = (SugenoClassifier(5).fit(X, y) for _ in range(2))
    assert one.predict_proba(X).tobytes() == other.predict_proba(X).tobytes()
    assert SugenoClassifier(50).fit(X[:7], y[:7]).centers_.shape == (7, 2)


@pytest.mark.parametrize("parameters", [{"n_rules": 0}, {"fuzziness": 1}, {"fuzziness": "none"}, {"alpha": -1}])
def test_bad_parameters(parameters, rings):
    with pytest.raises(ValueError, match=next(iter(parameters))):
        SugenoClassifier(**parameters).fit(*rings)
