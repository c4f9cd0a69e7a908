"""Otsu's thresholds against all possible cuts and scikit-image."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.filters import threshold_multiotsu, threshold_otsu

from leukofeat.kernels.color.otsu import otsu_thresholds


def within(counts, cuts):
    """Sum of squared deviations from the class means."""
    level = np.arange(len(counts))
    total = 0.0
    for low, high in zip([-1, *cuts], [*cuts, len(counts)], strict=True):
        mine = (level > low) & (level <= high)
        if counts[mine].sum():
            mean = np.average(level[mine], weights=counts[mine])
            total += (counts[mine] * (level[mine] - mean) ** 2).sum()
    return total


@given(st.lists(st.integers(0, 9), min_size=2, max_size=10), st.integers(2, 4))
@settings(max_examples=150, deadline=None)
def test_no_other_cuts_are_better(counts, n_classes):
    counts = np.array(counts)
    cuts = otsu_thresholds(counts, n_classes)
    k = min(n_classes, np.count_nonzero(counts))
    assert len(cuts) == max(k - 1, 0)
    if k >= 2:
        best = min(within(counts, c) for c in combinations(range(len(counts) - 1), k - 1))
        assert within(counts, cuts.tolist()) == pytest.approx(best, abs=1e-9)
        assert (np.diff(cuts) > 0).all()


@pytest.mark.parametrize("n_classes", [2, 3, 4])
@pytest.mark.parametrize("seed", range(5))
def test_same_as_scikit_image(seed, n_classes):
    rng = np.random.default_rng(seed)
    image = np.clip(rng.normal(rng.choice([40, 110, 180, 230], 2000), 12), 0, 255).astype(np.uint8)
    cuts = otsu_thresholds(np.bincount(image, minlength=256), n_classes)
    expected = [threshold_otsu(image)] if n_classes == 2 else threshold_multiotsu(image, n_classes)
    np.testing.assert_array_equal(cuts, expected)


def test_degenerate_histograms():
    assert otsu_thresholds(np.zeros(256), 3).size == 0
    assert otsu_thresholds([0, 0, 7, 0], 3).size == 0
    assert otsu_thresholds([0, 2, 7, 0], 3).tolist() == [1]
    with pytest.raises(ValueError, match="n_classes"):
        otsu_thresholds([1, 2], 1)
