"""A gate between a classifier for home and one for abroad."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from leukofeat.calibration import CalibratedClassifier
from leukofeat.classification import GatedClassifier
from leukofeat.persistence import load, save
from leukofeat.statistics.held_out import inner_folds
from leukofeat.statistics.pairs import pair_values


def svm():
    return make_pipeline(SimpleImputer(), StandardScaler(), SVC(kernel="linear", decision_function_shape="ovo"))


def filled():
    return make_pipeline(SimpleImputer(keep_empty_features=True), LogisticRegression())


def gated(**params):
    return GatedClassifier(svm(), svm(), decision_function_shape="ovo", **params)


@pytest.fixture(scope="module", params=[2, 3])
def data(request):
    X, y = load_iris(return_X_y=True)
    keep = y < request.param
    return X[keep], np.array(["a", "b", "c"])[y[keep]]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [GatedClassifier(filled(), filled()), GatedClassifier(filled(), filled(), middle=filled())],
    expected_failed_checks=lambda model: {
        "check_fit2d_1feature": "needs a column for each classifier",
        "check_classifiers_train": "of its two columns near has one",
    },
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def weak(data):
    """The column that travels tells less than the others."""
    X, y = data
    return np.c_[X[:, :-1], X[:, -1] + np.random.default_rng(0).normal(0, 2, len(X))], y


def test_at_home_the_verdicts_are_those_of_near(weak):
    X, y = weak
    model = gated().fit(X, y)
    assert (model.familiarity(X) > 0.5).mean() > 0.95
    assert (model.shares(X)[:, 0] > 0.5).mean() > 0.9
    near = clone(svm()).fit(X[:, :-1], y)
    assert (model.predict(X) == near.predict(X[:, :-1])).mean() > 0.95


def test_abroad_they_are_those_of_far(data):
    X, y = data
    model = gated().fit(X, y)
    away = X + np.array([500.0, -500.0, 500.0, 0.0])
    far = clone(svm()).fit(X[:, -1:], y)
    assert model.familiarity(away).max() < 0.01
    assert (model.predict(away) == far.predict(X[:, -1:])).mean() > 0.98


def test_reach_is_that_of_the_least_loss_on_blocks_held_out(weak):
    X, y = weak
    model = gated(reach=4.0).fit(X, y)
    losses = {}
    for reach in 4.0 * 2.0 ** -np.arange(0, 9, 0.5):
        margins = []
        for train, test in inner_folds(np.unique(y, return_inverse=True)[1], None, 3):
            near, far = svm().fit(X[train, :-1], y[train]), svm().fit(X[train, -1:], y[train])
            white = near[:-1].transform(X[:, :-1])
            means = [white[train][y[train] == label].mean(axis=0) for label in model.classes_]
            d = np.min([((white[test] - mean) ** 2).mean(axis=1) for mean in means], axis=0)
            w = 1 / (1 + (d / (reach * model.typical_)) ** 3)
            k = len(model.classes_)
            parts = [
                pair_values(one.decision_function(part[test]), k, "ovo") / scale
                for one, part, scale in zip((near, far), (X[:, :-1], X[:, -1:]), model.scales_, strict=True)
            ]
            mixed = w[:, None, None] * parts[0] + (1 - w)[:, None, None] * parts[1]
            for row, label in zip(mixed, y[test], strict=True):
                own = list(model.classes_).index(label)
                margins += [row[own, j] for j in range(k) if j != own]
        losses[reach] = np.log1p(np.exp(-np.array(margins))).mean()
    assert model.reach_ == min(losses, key=losses.get)


def test_a_search_measures_distances_as_its_best_pipeline_does(weak):
    X, y = weak
    search = GridSearchCV(svm(), {"svc__C": [1.0]}, cv=3)
    found = GatedClassifier(search, svm(), decision_function_shape="ovo").fit(X, y)
    np.testing.assert_allclose(found.familiarity(X), gated().fit(X, y).familiarity(X))


def test_where_a_laboratory_is_one_class_the_columns_that_travel_judge():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 150)
    laboratory = np.tile(np.repeat([0, 1, 2], 50), 2)
    # each laboratory's own way, opposite for the classes
    camera = np.array([0.0, 30.0, 60.0])[laboratory] * (2 * y - 1)
    X = np.c_[camera + rng.normal(0, 1, 300), rng.normal(0, 1, 300), y + rng.normal(0, 0.3, 300)]
    several = gated().fit(X, y)
    one = gated().fit(np.c_[2 * y + rng.normal(0, 0.5, 300), X[:, 1], X[:, 2] + rng.normal(0, 2, 300)], y)
    assert several.reach_ < 2 < one.reach_


def on(columns):
    """A classifier of some of its columns."""
    chosen = ColumnTransformer([("of", "passthrough", columns)])
    return make_pipeline(chosen, StandardScaler(), LogisticRegression(C=100.0))


@pytest.fixture(scope="module")
def noisy():
    """One column that tells the classes, sixty that tell nothing, and a last one for abroad."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 150)
    return np.c_[y + rng.normal(0, 0.5, 300), rng.normal(0, 1, (300, 61))], y


def test_a_middle_that_knows_better_judges_and_a_worse_one_is_left_out(noisy):
    X, y = noisy
    helped = GatedClassifier(on(slice(0, 61)), LogisticRegression(), middle=on([0])).fit(X, y)
    assert helped.near_reach_ < 1
    assert helped.shares(X)[:, 1].mean() > 0.5
    spared = GatedClassifier(on([0]), LogisticRegression(), middle=on(slice(1, 61))).fit(X, y)
    assert spared.near_reach_ == np.inf
    alone = GatedClassifier(on([0]), LogisticRegression()).fit(X, y)
    np.testing.assert_array_equal(spared.decision_function(X), alone.decision_function(X))


def test_a_middle_that_knows_nothing_else_is_left_out(weak):
    X, y = weak
    assert gated(middle=svm()).fit(X, y).near_reach_ == np.inf


def test_verdicts_are_the_shares_of_all_three(weak):
    X, y = weak
    model = gated(middle=svm()).fit(X, y)
    model.near_reach_ = 1.0
    shares = model.shares(X)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert shares.shape == (len(X), 3)
    assert (shares[:, 1] > 0.1).any()
    k = len(model.classes_)
    parts = [
        pair_values(one.decision_function(X[:, columns]), k, "ovo") / scale
        for (one, columns), scale in zip(model.experts(), model.scales_, strict=True)
    ]
    expected = sum(share[:, None, None] * part for share, part in zip(shares.T, parts, strict=True))
    np.testing.assert_allclose(model.pairs(X), expected)


def test_however_far_a_row_is_shares_are_numbers(weak):
    X, y = weak
    model = gated(middle=svm()).fit(X, y)
    model.near_reach_ = np.inf
    with np.errstate(over="ignore"):
        shares = model.shares(np.full((1, X.shape[1]), 1e200))
    np.testing.assert_array_equal(shares, [[0, 0, 1]])


def test_familiarity_is_what_all_but_the_travelling_columns_count(weak):
    X, y = weak
    model = gated(middle=svm()).fit(X, y)
    for model.reach_ in (0.1, 8.0):
        np.testing.assert_allclose(model.familiarity(X), 1 - model.shares(X)[:, -1])


def test_familiarity_is_that_of_the_fit(data):
    X, y = data
    model = gated().fit(X, y)
    before = model.familiarity(X)
    np.testing.assert_array_equal(model.set_params(reach=0.1).familiarity(X), before)


def test_values_a_class_differ_as_the_pairs_do(data):
    X, y = data
    parts = [LogisticRegression(), LogisticRegression()]
    model = GatedClassifier(*parts, n_far=2).fit(X, y)
    values, pairs = model.decision_function(X), model.pairs(X)
    if values.ndim == 1:
        np.testing.assert_array_equal(values, pairs[:, 1, 0])
    else:
        np.testing.assert_allclose(values[:, :, None] - values[:, None, :], pairs, atol=1e-9)
        np.testing.assert_array_equal(model.predict(X), model.classes_[values.argmax(axis=1)])


@given(st.floats(0, 6))
def test_the_further_the_less_familiar(exponent):
    X, y = load_iris(return_X_y=True)
    model = gated().fit(X, y)
    centre, direction = X[y == 0].mean(axis=0), np.array([1.0, -1.0, 1.0, 0.0])
    nearer, further = centre + 10**exponent * direction, centre + 2 * 10**exponent * direction
    assert np.diff(model.familiarity([nearer, further]))[0] <= 0


def test_decision_values_are_those_of_pairs_and_calibrate(data):
    X, y = data
    k = len(np.unique(y))
    model = gated().fit(X, y)
    assert model.decision_function(X).shape == ((len(X),) if k == 2 else (len(X), k * (k - 1) // 2))
    calibrated = CalibratedClassifier(gated(), decision_function_shape="ovo").fit(X, y)
    p = calibrated.predict_proba(X)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert (calibrated.predict(X) == model.predict(X)).all()


def test_missing_values_and_few_rows(data):
    X, y = data
    holed = X.copy()
    holed[::7, 1] = np.nan
    model = gated().fit(holed, y)
    assert np.isfinite(model.decision_function(holed)).all()
    few = np.unique(y, return_index=True)[1]
    rows = np.concatenate([few, few + 1])
    assert np.isfinite(gated().fit(X[rows], y[rows]).typical_)


def test_saved_and_loaded_without_trust_and_pickled(data, tmp_path):
    X, y = data
    model = gated(middle=svm()).fit(X, y)
    save(model, tmp_path / "m")
    for again in (load(tmp_path / "m"), pickle.loads(pickle.dumps(model))):
        assert again.decision_function(X).tobytes() == model.decision_function(X).tobytes()


def test_what_is_refused(data):
    X, y = data
    with pytest.raises(ValueError, match="none is left for `near`"):
        gated(n_far=4).fit(X, y)
    with pytest.raises(ValueError, match="reach"):
        gated(reach=0).fit(X, y)
    k4 = np.vstack([X, X + 9]), np.r_[y, np.char.add(y.astype(str), "2")]
    with pytest.raises(ValueError, match="decision_function_shape"):
        GatedClassifier(svm(), svm(), decision_function_shape="ovr").fit(*k4)


def test_values_of_three_pairs_are_not_taken_for_those_of_three_classes(rng):
    X, y = rng.normal(size=(24, 3)), np.arange(24) % 3
    with pytest.raises(ValueError, match="decision_function_shape='ovo' and what is around it 'ovr'"):
        GatedClassifier(SVC(decision_function_shape="ovo"), SVC()).fit(X, y)
