"""Shares corrected for a test's errors: intervals hold what they promise, also where patients differ."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leukofeat.statistics.prevalence import Rate, rate_for_new_group, share_interval, true_share

RATES = st.floats(0.55, 1.0)


@given(share=st.floats(0, 1), sensitivity=RATES, specificity=RATES)
def test_the_correction_undoes_the_errors(share, sensitivity, specificity):
    called = share * sensitivity + (1 - share) * (1 - specificity)
    assert true_share(np.array([called]), sensitivity, specificity)[0] == pytest.approx(share, abs=1e-6)


@given(
    n=st.integers(1, 500),
    called=st.floats(0, 1),
    sensitivity=st.builds(Rate, RATES, st.floats(0.5, 500)),
    specificity=st.builds(Rate, RATES, st.floats(0.5, 500)),
)
def test_intervals_are_intervals_and_narrower_where_more_is_known(n, called, sensitivity, specificity):
    counts = np.array([round(called * n)]), np.array([n])
    low, high = share_interval(*counts, sensitivity, specificity)
    assert 0 <= low[0] < high[0] <= 1
    exact = [Rate(rate.value, 1e9) for rate in (sensitivity, specificity)]
    low, high = share_interval(1e9 * counts[0], 1e9 * counts[1], *exact)
    assert high[0] - low[0] < 0.01


@pytest.mark.parametrize("share", [0.0, 0.05, 0.2, 0.6, 1.0])
@pytest.mark.parametrize(("n", "n_rates"), [(50, 40), (200, 100), (1000, 30)])
def test_it_covers_the_true_share(share, n, n_rates, rng):
    sensitivity, specificity, repeats = 0.85, 0.9, 1500
    called = rng.binomial(n, share * sensitivity + (1 - share) * (1 - specificity), repeats)
    covered = 0
    for count, se, sp in zip(
        called,
        rng.binomial(n_rates, sensitivity, repeats) / n_rates,
        rng.binomial(n_rates, specificity, repeats) / n_rates,
        strict=True,
    ):
        low, high = share_interval(np.array([count]), np.array([n]), Rate(se, n_rates), Rate(sp, n_rates))
        covered += low[0] <= share <= high[0]
    assert covered / repeats >= 0.93


def answers_of_patients(rng, alpha, beta, n_patients, n_cells):
    rates = rng.beta(alpha, beta, n_patients)
    codes = np.repeat(np.arange(n_patients), n_cells)
    return rng.random(len(codes)) < rates[codes], codes


@pytest.mark.parametrize("share", [0.05, 0.3, 0.7])
def test_it_covers_the_share_of_a_patient_for_whom_the_classifier_is_not_as_good_as_for_others(share, rng):
    """Sensitivity and specificity are drawn for each patient; as many independent cells would be far too sure."""
    repeats, covered, naive = 600, 0, 0
    for _ in range(repeats):
        rates = [rate_for_new_group(*answers_of_patients(rng, 18, 3, 25, 40)) for _ in range(2)]
        se, sp = rng.beta(18, 3, 2)
        called, n = np.array([rng.binomial(300, share * se + (1 - share) * (1 - sp))]), np.array([300])
        low, high = share_interval(called, n, *rates)
        covered += low[0] <= share <= high[0]
        low, high = share_interval(called, n, *(Rate(rate.value, 1000) for rate in rates))
        naive += low[0] <= share <= high[0]
    assert covered / repeats >= 0.9
    assert naive / repeats < 0.8


def test_cells_that_are_independent_count_as_cells(rng):
    sizes = [rate_for_new_group(rng.random(4000) < 0.8, np.repeat(np.arange(40), 100)).n for _ in range(50)]
    assert np.median(sizes) > 500


def test_patients_who_are_all_alike_inside_count_as_patients():
    right = np.repeat([True, False, True, True, False, True], 50)
    assert rate_for_new_group(right, np.repeat(np.arange(6), 50)).n < 1


def test_what_nothing_is_known_of():
    assert rate_for_new_group(np.empty(0, bool), np.empty(0, int)).n == 0
    assert rate_for_new_group(np.ones(500, bool), np.zeros(500, int)).n == 1
    known, unknown = Rate(0.9, 100), Rate(np.nan, 0)
    for rates in ((unknown, known), (known, unknown), (Rate(0.3, 1000), Rate(0.3, 1000))):
        low, high = share_interval(np.array([0]), np.array([300]), *rates)
        assert (low[0], high[0]) == (0, 1)
    low, high = share_interval(np.array([0]), np.array([0]), known, known)
    assert (low[0], high[0]) == (0, 1)
    assert np.isnan(true_share(np.array([0.3]), 0.5, 0.5)[0])
