"""make_selector: each method keeps what carries the class."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectFromModel, chi2, f_classif
from sklearn.metrics import mutual_info_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from leukofeat.selection import METHODS, anova_f, chi_square, gain_ratio, information_gain, make_selector

INFORMATIVE = [2, 5, 11]
COLUMNS = [method for method in METHODS if method != "pca"]
# Quinlan's weather: outlook (sunny, overcast, rain), temperature (hot, mild, cool), humidity, wind, and whether there is play
WEATHER = np.array([
    [0, 0, 1, 0, 0], [0, 0, 1, 1, 0], [1, 0, 1, 0, 1], [2, 1, 1, 0, 1], [2, 2, 0, 0, 1], [2, 2, 0, 1, 0], [1, 2, 0, 1, 1],
    [0, 1, 1, 0, 0], [0, 2, 0, 0, 1], [2, 1, 0, 0, 1], [0, 1, 0, 1, 1], [1, 1, 1, 1, 1], [1, 0, 0, 0, 1], [2, 1, 1, 1, 0],
])  # fmt: skip


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


@pytest.mark.parametrize("method", COLUMNS)
def test_the_informative_columns_are_kept(method, table):
    selector = make_selector(method, k=3).fit(*table)
    assert np.flatnonzero(selector.get_support()).tolist() == INFORMATIVE
    np.testing.assert_array_equal(selector.transform(table[0]), table[0][:, INFORMATIVE])


@pytest.mark.parametrize("k", [3, 20])
def test_the_forest_selects_what_one_that_is_kept_does(k, table):
    X, y = table[0].copy(), table[1]
    X[0, 0] = np.nan
    forest = RandomForestClassifier(300, random_state=4)
    kept = SelectFromModel(forest, threshold=-np.inf, max_features=k).fit(X, y)
    selector = make_selector("rf", k=k, random_state=4).fit(X, y)
    np.testing.assert_array_equal(selector.get_support(), kept.get_support())
    np.testing.assert_array_equal(selector.feature_importances_, kept.estimator_.feature_importances_)
    assert "Tree" not in pickle.dumps(selector).decode("latin-1")


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
@pytest.mark.parametrize("method", COLUMNS)
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
        ({"method": "relief"}, ValueError, "method must be one of 'anova', 'mutual_info'.* Got 'relief'"),
        ({"k": 0}, ValueError, "k must be an int in the range"),
        ({"k": 2.5}, TypeError, "k must be an int in the range"),
    ],
)
def test_bad_parameters(parameters, error, reason):
    with pytest.raises(error, match=reason):
        make_selector(**parameters)


def test_quinlans_weather():
    """The figures of the textbooks, to three digits."""
    X, y = WEATHER[:, :4], np.where(WEATHER[:, 4], "play", "stay")
    np.testing.assert_allclose(information_gain(X, y), [0.247, 0.029, 0.152, 0.048], atol=6e-4)
    np.testing.assert_allclose(gain_ratio(X, y), [0.156, 0.019, 0.152, 0.049], atol=6e-4)


def test_gain_is_the_mutual_information_of_bins_of_equal_counts(rng):
    X, y = rng.normal(size=(200, 3)), rng.integers(0, 4, 200)
    X[:, 1] += y
    for bins in (2, 5, 10):
        cut = np.argsort(np.argsort(X, axis=0), axis=0) * bins // 200
        expected = [mutual_info_score(column, y) / np.log(2) for column in cut.T]
        np.testing.assert_allclose(information_gain(X, y, bins=bins), expected, atol=1e-12)


@given(
    st.lists(st.tuples(st.integers(-6, 6), st.integers(0, 2)), min_size=2, max_size=60),
    st.sampled_from([2, 3, 10]),
)
def test_gain_lies_within_its_bounds_and_only_order_counts(rows, bins):
    column, y = np.array(rows, float).T
    gain = information_gain(column[:, None], y, bins=bins)
    own = [-(p * np.log2(p)).sum() for p in [np.unique(y, return_counts=True)[1] / len(y)]]
    assert -1e-12 <= gain[0] <= min(own[0], np.log2(bins)) + 1e-12
    ratio = gain_ratio(column[:, None], y, bins=bins)
    assert -1e-12 <= ratio[0] <= 1 + 1e-12
    assert gain == information_gain(np.exp(column)[:, None], y, bins=bins)
    if len(np.unique(column)) == 1:
        assert gain == ratio == 0


def test_equal_values_share_a_bin_and_a_rare_value_keeps_its_own():
    y = np.array([0] * 95 + [1] * 5)
    for column in (y, 1 - y, np.where(y, np.arange(100.0), 0), np.where(y, -np.arange(100.0), 0)):
        assert information_gain(column[:, None], y) == pytest.approx(information_gain(y[:, None], y))


def test_chi_square_is_scikit_learns_on_columns_from_0_to_1(table):
    X, y = table
    varying = np.delete(X, 7, axis=1)
    scaled = (varying - varying.min(axis=0)) / np.ptp(varying, axis=0)
    np.testing.assert_allclose(np.delete(chi_square(X, y), 7, axis=1), chi2(scaled, y))
    assert np.isnan(chi_square(X, y)[0][7])
    np.testing.assert_allclose(chi_square(-3 * X + 1e3, y)[0].shape, (14,))
    huge = np.array([[-1.7e308], [1.7e308], [0.0], [0.0]])
    np.testing.assert_allclose(chi_square(huge, [0, 1, 0, 1]), chi_square(huge / 1e308, [0, 1, 0, 1]))


@pytest.mark.parametrize("score", [information_gain, gain_ratio, chi_square])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_missing_and_infinite_values_are_refused(score, bad):
    with pytest.raises(ValueError, match="contains"):
        score([[0.0], [bad]], [0, 1])


def test_bins_are_checked():
    with pytest.raises(ValueError, match="bins must be an int"):
        information_gain([[0.0], [1.0]], [0, 1], bins=1)
    with pytest.raises(ValueError, match="Unknown label type"):
        information_gain([[0.0], [1.0]], [0.5, 1.2])
