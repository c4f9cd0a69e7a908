import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from leukofeat.whitening import SoftClipper, WithinClassWhitener


@pytest.mark.parametrize(
    ("estimator", "check"),
    list(estimator_checks_generator(WithinClassWhitener())),
    ids=lambda value: getattr(getattr(value, "func", None), "__name__", "estimator"),
)
def test_it_keeps_scikit_learns_contract(estimator, check):
    check(estimator)


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 300)
    mix = rng.normal(size=(6, 6))
    return rng.normal(size=(300, 6)) @ mix + rng.normal(size=(3, 6))[y], y


def test_the_covariance_within_classes_becomes_the_identity(data):
    X, y = data
    white = WithinClassWhitener(shrinkage=0.0).fit_transform(X, y)
    within = np.vstack([white[y == k] - white[y == k].mean(axis=0) for k in range(3)])
    np.testing.assert_allclose(within.T @ within / len(X), np.eye(6), atol=1e-9)


@pytest.mark.parametrize("shrinkage", [0.1, 0.5])
def test_the_nearest_class_mean_in_it_is_linear_discriminant_analysis(data, shrinkage):
    X, y = data
    # scikit-learn standardises before it shrinks; the two agree where columns have one scale
    scaled = X / np.sqrt(np.mean([X[y == k].var(axis=0) for k in range(3)], axis=0))
    white = WithinClassWhitener(shrinkage).fit_transform(scaled, y)
    means = np.stack([white[y == k].mean(axis=0) for k in range(3)])
    nearest = np.square(white[:, None] - means).sum(axis=2).argmin(axis=1)
    reference = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage, priors=np.full(3, 1 / 3)).fit(scaled, y)
    assert np.mean(nearest == reference.predict(scaled)) > 0.99


def test_a_constant_column_is_dropped_and_bad_shrinkage_refused(data):
    X, y = data
    flat = np.column_stack([X, np.ones(len(X))])
    assert WithinClassWhitener(shrinkage=0.0).fit(flat, y).components_.shape == (6, 7)
    with pytest.raises(ValueError, match="shrinkage"):
        WithinClassWhitener(1.5).fit(X, y)


@pytest.mark.parametrize("steps", [[], [StandardScaler()]])
@pytest.mark.parametrize("values", [[0.1, 0.7], [0.1e9, 0.7e9], [0.0, 0.0]])
@pytest.mark.parametrize("n", [1, 7, 1000])
def test_rounding_of_the_means_is_no_variation(steps, values, n):
    X = np.repeat([[values[0]] * 3, [values[1]] * 3], n, axis=0)
    with pytest.raises(ValueError, match="no column varies within a class"):
        make_pipeline(*steps, WithinClassWhitener()).fit(X, np.repeat([0, 1], n))


@pytest.mark.parametrize("steps", [[], [StandardScaler()]])
@pytest.mark.parametrize("shrinkage", [0.0, "auto"])
def test_a_column_that_varies_between_classes_only_is_harmless(steps, shrinkage, data):
    X, y = data
    model = make_pipeline(*steps, WithinClassWhitener(shrinkage)).fit(
        np.column_stack([X, [0.1, 0.7, 0.3] @ np.eye(3)[y].T]), y
    )
    assert np.abs(model[-1].components_).max() < 100
    small = make_pipeline(*steps, WithinClassWhitener(shrinkage)).fit(X * 1e-9, y)[-1].components_
    assert np.isfinite(small).all()


def test_auto_shrinks_as_ledoit_and_wolf_do(data):
    X, y = data
    within = X - np.stack([X[y == k].mean(axis=0) for k in range(3)])[y]
    covariance, shrinkage = ledoit_wolf(within, assume_centered=True)
    whitener = WithinClassWhitener().fit(X, y)
    assert whitener.shrinkage_ == pytest.approx(shrinkage)
    assert np.allclose(whitener.components_ @ covariance @ whitener.components_.T, np.eye(6))


def test_auto_shrinks_more_where_there_are_fewer_samples(data):
    X, y = data
    assert WithinClassWhitener().fit(X[:20], y[:20]).shrinkage_ > WithinClassWhitener().fit(X, y).shrinkage_


@pytest.mark.parametrize("shrinkage", [0.0, 0.5])
def test_nuisance_is_added_to_the_shrunk_covariance(data, shrinkage):
    X, y = data
    plain, nuisance = WithinClassWhitener(shrinkage).fit(X, y), np.random.default_rng(1).normal(size=(40, 6)) * 3
    white = WithinClassWhitener(shrinkage).fit(X, y, nuisance).components_
    total = np.linalg.inv(plain.components_.T @ plain.components_) + nuisance.T @ nuisance / 40
    np.testing.assert_allclose(white @ total @ white.T, np.eye(6), atol=1e-9)
    np.testing.assert_array_equal(WithinClassWhitener(shrinkage).fit(X, y, nuisance * 0).components_, plain.components_)
    with pytest.raises(ValueError, match="nuisance has 5 columns, X has 6"):
        WithinClassWhitener().fit(X, y, nuisance[:, 1:])
    with pytest.raises(ValueError, match="nuisance contains NaN"):
        WithinClassWhitener().fit(X, y, np.full((1, 6), np.nan))


@pytest.mark.parametrize(
    ("estimator", "check"),
    list(estimator_checks_generator(SoftClipper())),
    ids=lambda value: getattr(getattr(value, "func", None), "__name__", "estimator"),
)
def test_the_clipper_keeps_scikit_learns_contract(estimator, check):
    check(estimator)


def test_no_column_gets_beyond_the_limit_but_the_free_ones():
    X = np.linspace(-50, 50, 303).reshape(101, 3)
    bent = SoftClipper(2.0, n_free=1).fit_transform(X)
    assert np.abs(bent[:, :2]).max() <= 2
    assert (np.diff(bent, axis=0) >= 0).all()
    np.testing.assert_array_equal(bent[:, 2], X[:, 2])
    small = X / 1000
    # x - tanh(x) is at most x^3 / 3
    assert (np.abs(SoftClipper(2.0).fit_transform(small) - small) <= np.abs(small) ** 3 / 12 + 1e-15).all()
    np.testing.assert_array_equal(SoftClipper(n_free=9).fit_transform(X), X)


@pytest.mark.parametrize("params", [{"limit": 0}, {"n_free": -1}])
def test_a_clipper_refuses(params, data):
    with pytest.raises(ValueError, match=next(iter(params))):
        SoftClipper(**params).fit(data[0])
