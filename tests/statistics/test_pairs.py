"""Probabilities of classes from those of pairs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize
from scipy.special import expit, softmax

from leukofeat.statistics.pairs import couple_pairs, fit_temperature


@given(st.integers(2, 6).flatmap(lambda k: arrays(np.float64, (3, k), elements=st.floats(-6, 6))))
def test_one_value_a_class_gives_the_softmax(values):
    coupled = couple_pairs(expit(values[:, :, None] - values[:, None, :]))
    np.testing.assert_allclose(coupled, softmax(values, axis=1), atol=1e-9)


@given(st.integers(2, 6).flatmap(lambda k: arrays(np.float64, (4, k, k), elements=st.floats(-1e4, 1e4))))
def test_whatever_the_pairs_say_the_rows_are_probabilities(values):
    p = couple_pairs(expit(values - values.transpose(0, 2, 1)))
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1)


def test_pairs_that_contradict_each_other_are_met_halfway(rng):
    """The definition itself, minimised by a general method."""
    r = expit(np.triu(rng.normal(size=(4, 4)), 1))
    r = np.triu(r, 1) + np.tril(1 - r.T, -1)
    p = couple_pairs(r[None])[0]

    def disagreement(free):
        q = softmax(free)
        return sum((r[j, i] * q[i] - r[i, j] * q[j]) ** 2 for i in range(4) for j in range(4) if i != j)

    np.testing.assert_allclose(softmax(minimize(disagreement, np.zeros(4), tol=1e-14).x), p, atol=1e-5)


@given(arrays(np.float64, (5, 3), elements=st.integers(-192, 192).map(lambda k: k / 64)), st.floats(1e-6, 1e6))
def test_the_temperature_has_the_unit_of_the_values(margins, unit):
    expected = unit * fit_temperature(margins) if margins.any() else 1
    assert fit_temperature(unit * margins) == pytest.approx(expected)


def test_values_too_small_to_be_divided_by_count_as_none():
    assert fit_temperature(np.full((4, 2), 5e-324)) == 1.0


def test_few_images_that_are_all_right_prove_little():
    """By Platt's count the true class has probability (n + 1) / (n + 2), however far apart the classes are."""
    for n in (1, 10, 1000):
        t = fit_temperature(np.full((n, 2), 50.0))
        assert expit(50.0 / t) == pytest.approx((n + 1) / (n + 2), abs=1e-5)


def test_values_that_are_worse_than_chance_say_nothing():
    assert expit(1 / fit_temperature(np.full((20, 2), -1.0))) == pytest.approx(0.5, abs=1e-3)
