"""make_selector: each method keeps what carries the class."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.feature_selection import f_classif
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from leukofeat.selection import METHODS, anova_f, make_selector

INFORMATIVE = [2, 5, 11]


@pytest.fixture
def table(rng) -> tuple[np.ndarray, np.ndarray]:
    """60 rows of three classes; columns 2, 5 and 11 carry the class, column 7 is constant."""
    y = np.repeat([0, 1, 2], 20)
    X = rng.normal(size=(60, 14))
    X[:, 2] += 4.0 * y
    X[:, 5] -= 4.0 * (y == 1)
    X[:, 11] += 5.0 * (y == 2)
    X /= X.std(axis=0)
    X[:, 7] = 1.0
    return X, y


@pytest.mark.parametrize("method", ["anova", "mutual_info", "rf", "rfe"])
def test_the_informative_columns_are_kept(method, table):
    selector = make_selector(method, k=3).fit(*table)
    assert np.flatnonzero(selector.get_support()).tolist() == INFORMATIVE
    np.testing.assert_array_equal(selector.transform(table[0]), table[0][:, INFORMATIVE])


def test_pca_keeps_the_directions_of_variance(table):
    X = table[0].copy()
    X[:, 0] *= 100
    components = make_selector("pca", k=2).fit(X).components_
    assert np.abs(components[0, 0]) > 0.99
    assert make_selector("pca", k=2).fit_transform(X).shape == (60, 2)


@pytest.mark.parametrize("method", METHODS)
def test_same_input_same_result_silently(method, table):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first, second = (make_selector(method, k=4, random_state=1).fit(*table) for _ in range(2))
    np.testing.assert_array_equal(first.transform(table[0]), second.transform(table[0]))
    again = pickle.loads(pickle.dumps(first))
    np.testing.assert_array_equal(again.transform(table[0]), first.transform(table[0]))
    np.testing.assert_allclose(clone(first).fit_transform(*table), first.transform(table[0]))


@pytest.mark.filterwarnings("ignore:k=100 is greater", "ignore:Found n_features_to_select=100")
@pytest.mark.parametrize("method", ["anova", "mutual_info", "rf", "rfe"])
def test_all_are_kept_where_there_are_fewer(method, table):
    assert make_selector(method).fit_transform(*table).shape == (60, 14)


def test_names_of_the_kept_columns(table):
    names = np.array([f"c{i}" for i in range(14)], dtype=object)
    assert make_selector("anova", k=3).fit(*table).get_feature_names_out(names).tolist() == ["c2", "c5", "c11"]


def test_anova_f_agrees_with_scikit_learn_and_is_silent_on_constant_columns(table):
    X, y = table
    f, p = anova_f(X, y)
    kept = np.arange(14) != 7
    expected_f, expected_p = f_classif(X[:, kept], y)
    np.testing.assert_allclose(f[kept], expected_f)
    np.testing.assert_allclose(p[kept], expected_p)
    assert np.isnan(f[7])
    everything = make_selector("anova", k=13).fit(X, y)
    assert not everything.get_support()[7], "a constant column ranks last"


def test_anova_f_is_silent_on_many_constant_columns(rng):
    """The warning then breaks its list of columns into lines."""
    X = np.ones((20, 300))
    X[:, 0] = rng.normal(size=20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        f, _ = anova_f(X, np.arange(20) % 2)
    assert np.isnan(f[1:]).all()


def test_ties_are_broken_by_the_seed(table):
    """The estimate of mutual information adds noise to break ties."""
    X, y = np.round(table[0]), table[1]
    first, second = (make_selector("mutual_info", random_state=3).set_params(k=4).fit(X, y) for _ in range(2))
    np.testing.assert_array_equal(first.scores_, second.scores_)


def test_number_of_columns_can_be_searched(table):
    pipeline = Pipeline([("select", make_selector("anova")), ("svc", SVC())])
    search = GridSearchCV(pipeline, {"select__k": [1, 3]}, cv=3).fit(*table)
    assert search.best_params_["select__k"] == 3


@pytest.mark.parametrize(
    ("parameters", "error", "reason"),
    [
        ({"method": "chi2"}, ValueError, "method must be one of 'anova', 'mutual_info'.* Got 'chi2'"),
        ({"k": 0}, ValueError, "k must be an int in the range"),
        ({"k": 2.5}, TypeError, "k must be an int in the range"),
    ],
)
def test_bad_parameters(parameters, error, reason):
    with pytest.raises(error, match=reason):
        make_selector(**parameters)
