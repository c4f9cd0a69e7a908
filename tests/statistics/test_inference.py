import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from leukofeat.evaluation import corrected_t, delong, holm, mcnemar, sign_flip


def _pair(both, only_a, only_b, neither):
    counts = (both, only_a, only_b, neither)
    return np.repeat([True, True, False, False], counts), np.repeat([True, False, True, False], counts)


def test_mcnemar_is_the_exact_binomial_test_for_few_discordant_pairs():
    found = mcnemar(*_pair(40, 9, 2, 10))
    assert found.p == pytest.approx(stats.binomtest(2, 11, 0.5).pvalue, abs=1e-9)
    assert found.difference == pytest.approx(7 / 61)
    assert mcnemar(*_pair(5, 0, 0, 5)).p == 1.0


def test_mcnemar_on_a_published_table():
    # Approval of the prime minister (Agresti, Categorical Data Analysis, 2nd ed., table 10.1): 150 and 86 changed their mind.
    found = mcnemar(*_pair(794, 150, 86, 570))
    assert found.statistic == pytest.approx((150 - 86 - 1) ** 2 / 236, abs=1e-9)
    assert round(found.statistic, 2) == 16.82
    assert found.p == pytest.approx(stats.chi2.sf(found.statistic, 1), abs=1e-12)


def test_corrected_t_is_the_paired_t_test_when_nothing_overlaps_and_stricter_otherwise(rng):
    a, b = rng.random((2, 10))
    plain = stats.ttest_rel(a, b)
    found = corrected_t(a, b, 0.0)
    assert found.statistic == pytest.approx(plain.statistic, abs=1e-9)
    assert found.p == pytest.approx(plain.pvalue, abs=1e-9)
    harder = corrected_t(a, b, 1 / 9)
    assert harder.statistic == pytest.approx(plain.statistic * np.sqrt(0.1 / (0.1 + 1 / 9)), abs=1e-9)
    assert corrected_t([0.9, 0.9], [0.9, 0.9], 0.25).p == 1.0
    assert corrected_t([0.3, 0.3], [0.1 + 0.2, 0.1 + 0.2], 0.25)[:3] == (0.0, 0.0, 1.0)  # the same but for rounding
    assert np.isnan(corrected_t([0.9], [0.8], 0.25).p)


def test_folds_that_all_differ_by_the_same_prove_nothing():
    found = corrected_t([0.9, 1.0], [0.8, 0.9], 1.0)  # two folds of ten images: one image in each
    assert found.difference == pytest.approx(0.1)
    assert np.isnan(found.p)
    rng = np.random.default_rng(6)
    right = (rng.random((2000, 2, 2, 10)) < 0.9).mean(axis=-1)
    assert np.mean([corrected_t(a, b, 1.0).p < 0.05 for a, b in right]) <= 0.05


def _delong_by_pairs(target, a, b):
    """DeLong et al. (1988) as written: every positive against every negative."""
    scores = np.stack([a, b])
    up, down = scores[:, target == 1], scores[:, target == 0]
    wins = (up[:, :, None] > down[:, None, :]) + 0.5 * (up[:, :, None] == down[:, None, :])
    areas = wins.mean(axis=(1, 2))
    covariance = np.cov(wins.mean(axis=2)) / up.shape[1] + np.cov(wins.mean(axis=1)) / down.shape[1]
    z = (areas[0] - areas[1]) / np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    return areas[0] - areas[1], z


def test_delong_agrees_with_its_definition(rng):
    target = np.repeat([0, 1], [40, 25])
    a, b = np.round(target + rng.normal(0, 1.0, (2, 65)), 1)  # with ties
    found = delong(target, a, b, [0, 1])
    difference, z = _delong_by_pairs(target, a, b)
    assert found.difference == pytest.approx(difference, abs=1e-9)
    assert found.statistic == pytest.approx(z, abs=1e-9)
    assert found.p == pytest.approx(2 * stats.norm.sf(abs(z)), abs=1e-9)


def test_delong_of_several_classes_compares_the_mean_area(rng):
    target = rng.integers(0, 3, 120)
    a, b = (rng.random((120, 3)) + 0.3 * np.eye(3)[target] for _ in range(2))
    areas = [np.mean([roc_auc_score(target == c, s[:, c]) for c in range(3)]) for s in (a, b)]
    assert delong(target, a, b, [0, 1, 2]).difference == pytest.approx(areas[0] - areas[1], abs=1e-9)
    assert delong(target, a, a, [0, 1, 2]).p == 1.0
    one_each = delong(target, a, b, [0, 1, 2], groups=np.arange(120))
    assert one_each.p == pytest.approx(delong(target, a, b, [0, 1, 2]).p, abs=1e-12)


def test_groups_count_once_in_delong(rng):
    target = np.repeat([0, 1], 30)
    a, b = target + rng.normal(0, 0.8, (2, 60))
    once = delong(target, a, b, [0, 1])
    copied = delong(np.tile(target, 4), np.tile(a, 4), np.tile(b, 4), [0, 1], groups=np.tile(np.arange(60), 4))
    assert copied.statistic == pytest.approx(once.statistic, rel=0.03)
    assert abs(delong(np.tile(target, 4), np.tile(a, 4), np.tile(b, 4), [0, 1]).statistic) > 1.8 * abs(once.statistic)


def _obuchowski(target, a, b, groups):
    """Obuchowski (1997) as written, for one pair of curves."""
    up, down, names = target == 1, target == 0, np.unique(groups)
    sums, areas = [], []
    for s in (a, b):
        wins = (s[up][:, None] > s[down]) + 0.5 * (s[up][:, None] == s[down])
        areas.append(wins.mean())
        own = [(groups[side], wins.mean(axis=axis) - areas[-1]) for side, axis in ((up, 1), (down, 0))]
        sums.append([[parts[of == g].sum() for g in names] for of, parts in own])
    u, d = np.array(sums[0]) - np.array(sums[1])
    g_up, g_down, g, m, n = len(np.unique(groups[up])), len(np.unique(groups[down])), len(names), up.sum(), down.sum()
    variance = g_up / (g_up - 1) * (u**2).sum() / m**2 + g_down / (g_down - 1) * (d**2).sum() / n**2
    return (areas[0] - areas[1]) / np.sqrt(variance + 2 * g / (g - 1) * (u * d).sum() / (m * n))


def test_delong_by_groups_agrees_with_its_definition(rng):
    groups = rng.integers(0, 12, 90)
    for target, tolerance in ((groups % 2, 1e-9), (rng.integers(0, 2, 90), 0.01)):  # groups of one class, and of two
        a, b = np.round(target + rng.normal(0, 1.0, (2, 90)) + rng.normal(0, 0.5, 12)[groups], 1)
        assert delong(target, a, b, [0, 1], groups=groups).statistic == pytest.approx(
            _obuchowski(target, a, b, groups), rel=tolerance
        )


def test_delong_does_not_judge_a_class_by_its_only_group(rng):
    target, groups = np.repeat([0, 1], [60, 30]), np.r_[np.arange(60) // 10, np.full(30, 6)]
    for _ in range(20):
        slides = rng.normal(size=(2, 7))[:, groups]
        found = delong(target, *(target + slides + rng.normal(size=(2, 90))), [0, 1], groups=groups)
        assert np.isnan(found.p)
        assert not np.isnan(found.difference)
    assert np.isnan(delong(target[29:61], *rng.normal(size=(2, 32)), [0, 1]).p)  # a single image of the second class
    assert np.isnan(delong([0, 0, 1, 1], [1, 2, 3, 4], [1, 1, 1, 1], [0, 1]).p)  # neither curve varies
    three = np.repeat([0, 1, 2], [20, 20, 1])  # the mean area rests on every class
    assert np.isnan(delong(three, *rng.normal(size=(2, 41, 3)), [0, 1, 2]).p)


def test_the_same_order_of_images_is_no_difference_whatever_the_classes_hold(rng):
    scores = rng.normal(size=41)
    for target, groups in (
        (np.repeat([0, 1], [40, 1]), None),
        (np.repeat([0, 1], [21, 20]), np.repeat([0, 1], [21, 20])),
        (np.repeat([0, 1], [21, 20]), np.arange(41)),
    ):
        assert delong(target, scores, np.exp(scores), [0, 1], groups=groups)[:3] == (0.0, 0.0, 1.0)
    three, scores = np.repeat([0, 1, 2], [20, 20, 1]), rng.normal(size=(41, 3))
    assert delong(three, scores, 2 * scores, [0, 1, 2])[:3] == (0.0, 0.0, 1.0)
    nothing = delong(np.zeros(41, int), scores, scores, [0, 1, 2])  # a single class, of which there is no curve
    assert np.isnan([nothing.difference, nothing.p]).all()
    slides = [0, 0, 1, 1]  # one of each class, and of the curves the areas alone are the same
    crossed = delong(slides, [1, 4, 2, 3], [4, 1, 3, 2], [0, 1], groups=slides)
    assert (crossed.difference, np.isnan(crossed.p)) == (0.0, True)


def test_delong_by_groups_keeps_near_its_level_with_few_of_a_class():
    rng, target = np.random.default_rng(7), np.repeat([0, 1], 25)
    groups, p = np.arange(50) // 5, []
    for _ in range(1000):
        scores = 1.5 * target + rng.normal(size=(2, 10))[:, groups] + rng.normal(size=(2, 50))
        p.append(delong(target, *scores, [0, 1], groups=groups).p)
    assert np.mean(np.array(p) < 0.05) < 0.09


def test_sign_flip_agrees_with_scipy(rng):
    gain = rng.normal(0.3, 1.0, 10)
    expected = stats.permutation_test((gain,), np.sum, permutation_type="samples", n_resamples=np.inf).pvalue
    assert sign_flip(gain, np.zeros(10), np.arange(10)).p == pytest.approx(expected, abs=1e-9)
    many = rng.normal(0.2, 1.0, 40)
    expected = stats.permutation_test((many,), np.sum, permutation_type="samples", n_resamples=20000, rng=0).pvalue
    assert sign_flip(many, np.zeros(40), np.arange(40)).p == pytest.approx(expected, abs=0.02)


def test_one_slide_is_no_evidence():
    assert sign_flip(np.ones(100), np.zeros(100), np.zeros(100)).p == 1.0
    assert mcnemar(np.ones(100), np.zeros(100)).p < 1e-9


def test_holm_on_a_worked_example():
    # By hand: 4 x 0.005, 3 x 0.01, 2 x 0.03, and 1 x 0.04, which may not fall below the one before it.
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02], atol=1e-12)
    np.testing.assert_allclose(holm([0.5, np.nan, 0.9]), [1.0, np.nan, 1.0])
    assert holm([]).shape == (0,)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
@settings(max_examples=50, deadline=None)
def test_holm_is_the_step_down_procedure(p_values):
    p = np.array(p_values)
    order = np.argsort(p, kind="stable")
    running, expected = 0.0, np.empty(len(p))
    for rank, k in enumerate(order):
        running = max(running, min(1.0, (len(p) - rank) * p[k]))
        expected[k] = running
    np.testing.assert_allclose(holm(p), expected)


def _uniform(p):
    return stats.kstest(p, "uniform").pvalue > 0.01


def test_p_values_are_uniform_when_nothing_differs():
    rng = np.random.default_rng(4)
    target = np.repeat([0, 1], 60)
    assert _uniform([delong(target, *(target + rng.normal(0, 1.5, (2, 120))), [0, 1]).p for _ in range(400)])
    # Folds that share training images: correlated differences, of which the correction knows the correlation.
    ratio, folds = 1 / 4, 20
    share = ratio / (1 + ratio)
    differences = np.sqrt(share) * rng.normal(size=(600, 1)) + np.sqrt(1 - share) * rng.normal(size=(600, folds))
    assert _uniform([corrected_t(d, np.zeros(folds), ratio).p for d in differences])
    assert not _uniform([corrected_t(d, np.zeros(folds), 0.0).p for d in differences])
    groups = np.repeat(np.arange(20), 5)
    gains = rng.normal(size=(300, 20, 1)) + rng.normal(size=(300, 20, 5))
    assert _uniform([sign_flip(g.ravel(), np.zeros(100), groups, n_flips=499).p for g in gains])


def test_mcnemar_keeps_its_level_and_comes_near_it_with_many_pairs():
    rng = np.random.default_rng(5)
    few = [mcnemar(*rng.random((2, 60)) < 0.8).p for _ in range(1000)]
    assert np.mean(np.array(few) < 0.05) <= 0.06
    wins = rng.binomial(40_000, 0.5, 500)
    many = [mcnemar(*_pair(0, w, 40_000 - w, 0)).p for w in wins[:200]]
    assert _uniform(many)
