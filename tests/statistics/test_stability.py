"""Nogueira's index against pairs of sets, a jackknife and its own simulation."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from leukofeat.statistics.stability import mean_jaccard, stability_index


def draw(rng, n, shares):
    return rng.random((n, len(shares))) < shares


def test_of_sets_of_one_size_it_is_the_mean_correlation_of_pairs(rng):
    chosen = np.array([rng.permutation([1] * 4 + [0] * 9) for _ in range(12)])
    pairs = [np.corrcoef(a, b)[0, 1] for a, b in itertools.combinations(chosen, 2)]
    assert stability_index(chosen).value == pytest.approx(np.mean(pairs))
    kuncheva = [((a & b).sum() - 16 / 13) / (4 - 16 / 13) for a, b in itertools.combinations(chosen, 2)]
    assert stability_index(chosen).value == pytest.approx(np.mean(kuncheva))


def test_interval_is_the_jackknifes(rng):
    chosen = draw(rng, 300, rng.random(25))
    value, low, high = stability_index(chosen)
    left = np.array([stability_index(np.delete(chosen, i, axis=0)).value for i in range(300)])
    error = np.sqrt(299 / 300 * ((left - left.mean()) ** 2).sum())
    assert (high - low) / 2 == pytest.approx(1.96 * error, rel=0.03)
    assert low < value < high


def test_interval_holds_the_truth_as_often_as_it_says(rng):
    shares = np.array([0.9] * 4 + [0.3] * 6 + [0.05] * 20)
    truth = 1 - (shares * (1 - shares)).mean() / (shares.mean() * (1 - shares.mean()))
    found = [stability_index(draw(rng, 100, shares)) for _ in range(400)]
    assert 0.91 < np.mean([low <= truth <= high for _, low, high in found]) < 0.98
    assert np.mean([value for value, _, _ in found]) == pytest.approx(truth, abs=0.01)


@given(arrays(bool, st.tuples(st.integers(2, 8), st.integers(2, 8))))
def test_bounds_and_order(chosen):
    value, low, high = stability_index(chosen)
    if chosen.all() or not chosen.any():
        assert np.isnan([value, low, high]).all()
        return
    assert low <= value <= high <= 1
    assert value >= -1 / (len(chosen) - 1) - 1e-9
    again = stability_index(chosen[::-1, ::-1])
    np.testing.assert_allclose(again, (value, low, high), atol=1e-12)
    if (chosen == chosen[0]).all():
        assert value == pytest.approx(1)


def test_jaccard_pair_by_pair(rng):
    chosen = draw(rng, 9, np.full(7, 0.3))
    pairs = []
    for a, b in itertools.combinations(chosen, 2):
        a, b = set(np.flatnonzero(a)), set(np.flatnonzero(b))
        pairs.append(len(a & b) / len(a | b) if a | b else 1.0)
    assert mean_jaccard(chosen) == pytest.approx(np.mean(pairs))


def test_too_few_resamples():
    assert np.isnan(stability_index([[1, 0]]).value)
    assert np.isnan(stability_index(np.empty((0, 3))).value)
    assert np.isnan(mean_jaccard([[1, 0]]))
