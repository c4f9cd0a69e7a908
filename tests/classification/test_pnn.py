"""ProbabilisticNeuralNetwork against scikit-learn's kernel densities and a loop over samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.neighbors import KernelDensity, KNeighborsClassifier, NearestCentroid

from leukofeat.classification import ProbabilisticNeuralNetwork


@pytest.fixture
def samples(rng):
    X, y = rng.normal(size=(60, 3)), np.repeat([0, 1, 2], [10, 20, 30])
    return X + y[:, None], y, rng.normal(scale=3, size=(40, 3))


@pytest.mark.parametrize("bandwidth", [0.2, 1.0, 7.0])
@pytest.mark.parametrize("priors", [None, (0.5, 0.2, 0.3)])
def test_against_a_kernel_density_a_class(bandwidth, priors, samples):
    X, y, asked = samples
    densities = [KernelDensity(bandwidth=bandwidth).fit(X[y == k]).score_samples(asked) for k in range(3)]
    joint = np.stack(densities, axis=1) + np.log([1 / 6, 1 / 3, 1 / 2] if priors is None else priors)
    expected = joint - np.logaddexp.reduce(joint, axis=1)[:, None]
    model = ProbabilisticNeuralNetwork(bandwidth, priors=priors).fit(X, y)
    np.testing.assert_allclose(model.predict_log_proba(asked), expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(model.predict(asked), joint.argmax(axis=1))


def test_against_spechts_formula_sample_by_sample(samples):
    X, y, asked = samples
    model, h = ProbabilisticNeuralNetwork(0.8).fit(X, y), 0.8
    for x, found in zip(asked[:5], model.predict_proba(asked), strict=False):
        density = [0.0, 0.0, 0.0]
        for sample, k in zip(X, y, strict=True):
            distance = sum((a - b) ** 2 for a, b in zip(x, sample, strict=True))
            density[k] += math.exp(-distance / (2 * h * h))  # n_k of the mean and of the prior cancel
        np.testing.assert_allclose(found, np.array(density) / sum(density), rtol=1e-9)


def test_small_bandwidths_are_nearest_neighbours_and_large_ones_nearest_means(samples):
    X, y, asked = samples
    near = ProbabilisticNeuralNetwork(1e-3).fit(X, y).predict(asked)
    np.testing.assert_array_equal(near, KNeighborsClassifier(1).fit(X, y).predict(asked))
    even = ProbabilisticNeuralNetwork(1e4, priors=[1 / 3] * 3).fit(X, y).predict(asked)
    np.testing.assert_array_equal(even, NearestCentroid().fit(X, y).predict(asked))


def test_far_samples_do_not_underflow(samples):
    X, y, _ = samples
    p = ProbabilisticNeuralNetwork(0.01).fit(X, y).predict_proba(X + np.array([1e5, 0, 0]))
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_allclose(
        ProbabilisticNeuralNetwork().fit(X, y).predict_proba([[1e160, 0, 0]]), [[1 / 6, 1 / 3, 1 / 2]]
    )


def test_a_class_of_prior_0_is_never_said(samples):
    X, y, _ = samples
    model = ProbabilisticNeuralNetwork(priors=(0, 0.5, 0.5)).fit(X, y)
    assert (model.predict_proba(X)[:, 0] == 0).all()


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"bandwidth": 0}, "bandwidth"),
        ({"bandwidth": np.inf}, "bandwidth"),
        ({"priors": (0.5, 0.5)}, "priors must be a list or tuple of 3"),
        ({"priors": (0.5, 0.5, 0.5)}, r"priors add up to 1\.5, not 1"),
        ({"priors": (-0.5, 1.0, 0.5)}, "priors must be"),
    ],
)
def test_bad_parameters(parameters, reason, samples):
    with pytest.raises(ValueError, match=reason):
        ProbabilisticNeuralNetwork(**parameters).fit(*samples[:2])
