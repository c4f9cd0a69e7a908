"""From images to patients: means, and a scaling that few patients do not make certain."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from leukofeat.statistics.groups import fit_group_scaling, mean_log_odds, scaled
from leukofeat.statistics.held_out import group_codes

PROBABILITIES = arrays(np.float64, (12, 3), elements=st.floats(0, 1))


@given(PROBABILITIES, st.permutations(range(12)))
def test_the_mean_does_not_ask_for_order_or_repeats(p, order):
    codes = np.arange(12) % 4
    found = mean_log_odds(p, codes, 4)
    np.testing.assert_allclose(mean_log_odds(p[order], codes[order], 4), found, atol=1e-12)
    np.testing.assert_allclose(mean_log_odds(np.tile(p, (3, 1)), np.tile(codes, 3), 4), found, atol=1e-12)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=1), 0, atol=1e-9)


def test_no_image_outvotes_all_others():
    p = np.array([[1.0, 0.0], *[[0.3, 0.7]] * 20])
    assert mean_log_odds(p, np.zeros(21, int), 1)[0, 1] > 0


def test_a_group_without_an_image_has_no_mean():
    assert np.isnan(mean_log_odds(np.full((1, 2), 0.5), np.array([1]), 3)).all(axis=1).tolist() == [True, False, True]


def test_two_classes_are_a_logistic_regression_where_there_are_many_groups(rng):
    x, n = rng.normal(size=4000), 4000
    target = (rng.random(n) < 1 / (1 + np.exp(-(2 * x + 0.7)))).astype(int)
    slope, offsets = fit_group_scaling(np.column_stack([-x / 2, x / 2]), target)
    reference = LogisticRegression(C=1e9).fit(x[:, None], target)
    assert slope == pytest.approx(reference.coef_[0, 0], rel=0.02)
    assert offsets[1] - offsets[0] == pytest.approx(reference.intercept_[0], rel=0.05)


@given(n=st.integers(1, 30), k=st.integers(2, 4), strength=st.floats(0.01, 50))
def test_few_groups_never_give_certainty(n, k, strength):
    target = np.tile(np.arange(k), n)
    z = strength * (np.eye(k)[target] - 1 / k)
    slope, offsets = fit_group_scaling(z, target)
    assert scaled(z, slope, offsets).max(axis=1) == pytest.approx((n + 1) / (n + k), abs=1e-3)


def test_means_that_say_the_opposite_are_not_turned_around():
    z = np.array([[1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, 1.0]])
    slope, offsets = fit_group_scaling(z, np.array([1, 1, 0, 0]))
    assert slope > 0
    np.testing.assert_allclose(scaled(z, slope, offsets), 0.5, atol=1e-3)


def test_means_that_say_nothing_give_the_shares_of_the_classes():
    slope, offsets = fit_group_scaling(np.zeros((40, 2)), np.repeat([0, 1], [30, 10]))
    assert slope > 0
    assert softmax(offsets)[1] == pytest.approx(0.25, abs=0.05)


@pytest.mark.parametrize("blank", [None, np.nan])
def test_a_blank_beside_text_is_no_group(blank):
    with pytest.raises(ValueError, match="groups has none for image 1"):
        group_codes(["a", blank, "b"])
