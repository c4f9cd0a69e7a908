"""The tests behind the checks: right under the null, right against references, blind to slides."""

import numpy as np
import pytest
from scipy.stats import chi2_contingency, kruskal, kstest
from sklearn.metrics import balanced_accuracy_score

from leukofeat.statistics.association import (
    associate,
    cross_predict,
    make_folds,
    predict,
    standardize,
    subsample,
)


def test_ranks_agree_with_kruskal_and_categories_with_chi_square(rng):
    y = np.arange(400) % 4
    values = rng.normal(size=400) + 0.15 * y
    found = associate(values, y, None, rng)
    statistic, p = kruskal(*(values[y == c] for c in range(4)))
    assert found.p == pytest.approx(p, rel=1e-6)
    assert found.effect == pytest.approx((statistic - 3) / 396, rel=1e-6)
    two = np.where(rng.random(400) < 0.3 + 0.05 * y, "a", "b")
    table = np.array([[np.sum((two == name) & (y == c)) for c in range(4)] for name in "ab"])
    # Between 1 / n and 1 / (n - 1): Pearson's statistic is n times the share of the variance.
    assert associate(two, y, None, rng).p == pytest.approx(chi2_contingency(table, correction=False).pvalue, rel=0.05)


def test_p_values_are_uniform_without_an_effect():
    p = []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        groups = np.repeat(np.arange(24), 4)
        values = rng.normal(size=24)[groups] + 0.1 * rng.normal(size=96)
        p.append(associate(values, groups % 4, groups, rng).p)
    assert kstest(p, "uniform").pvalue > 0.01


def test_a_machine_that_knows_slides_knows_no_class():
    """Features that name the slide read the class in random folds, and do not on slides not seen."""
    grouped, alarms = [], 0
    for seed in range(25):
        rng = np.random.default_rng(seed)
        groups = np.repeat(np.arange(24), 5)
        X = rng.normal(size=(24, 6))[groups] + 0.1 * rng.normal(size=(120, 6))
        assert predict(X, groups % 4, None, seed).accuracy > 0.9
        found = predict(X, groups % 4, groups, seed)
        grouped.append(found.accuracy)
        alarms += found.p < 0.05
    assert 0.15 < np.mean(grouped) < 0.35
    assert alarms <= 4


def test_a_rare_class_raises_no_alarm_where_nothing_is_to_be_read():
    """Its share of the balanced accuracy hangs on ten images, and not on all."""
    y, p = np.r_[np.zeros(110, int), np.ones(10, int)], []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        p.append(predict(rng.normal(size=(120, 3)), y, None, seed).p)
    assert np.mean(np.array(p) < 0.05) < 0.115  # 5 % and three standard errors
    assert kstest(p, "uniform").pvalue > 0.01


def test_images_without_groups_are_judged_as_the_machine_judges_them(rng):
    y = np.arange(90) % 3
    X = standardize(rng.normal(size=(90, 4)) + 1.2 * np.eye(3, 4)[y])
    found = predict(X, y, None)
    told = cross_predict(X, y, make_folds(y, None, 0))
    assert found.accuracy == pytest.approx(balanced_accuracy_score(y, told))
    assert (found.p, found.n_units, found.grouped) == (1 / 2000, 90, False)


def test_a_real_shortcut_is_seen_through_groups(rng):
    groups = np.repeat(np.arange(24), 5)
    X = np.column_stack([groups % 4 + 0.2 * rng.normal(size=24)[groups], rng.normal(size=120)])
    found = predict(X, groups % 4, groups)
    assert found.accuracy > 0.8
    assert found.p < 0.005
    assert found.n_units == 24


def test_patients_with_cells_of_two_classes_are_handled(rng):
    groups, y = np.repeat(np.arange(12), 10), np.tile([0, 1], 60)
    assert predict(y[:, None] + 0.1 * rng.normal(size=(120, 1)), y, groups).accuracy > 0.95
    assert predict(rng.normal(size=(120, 3)), y, groups).p > 0.005


def test_too_few_units_are_not_tested(rng):
    y = np.array([0, 0, 0, 1, 1, 1])
    assert predict(rng.normal(size=(6, 2)), y, np.array([0, 0, 0, 1, 1, 1])) is None
    assert associate(rng.normal(size=6), y, np.array([0, 0, 0, 1, 1, 1]), rng) is None
    assert associate(np.ones(6), y, None, rng) is None
    assert predict(np.ones((6, 2)), y, None) is None
    assert make_folds(np.array([0, 0, 0, 1]), None, 0) is None


def test_the_machine_is_close_to_a_support_vector_machine(rng):
    from sklearn.svm import SVC

    y = np.arange(300) % 3
    X = standardize(rng.normal(size=(300, 5)) + 1.2 * np.eye(3, 5)[y])
    folds = make_folds(y, None, 0)
    ours = balanced_accuracy_score(y, cross_predict(X, y, folds))
    theirs = np.empty(300, int)
    for k in np.unique(folds):
        theirs[folds == k] = SVC(C=10, gamma=0.2).fit(X[folds != k], y[folds != k]).predict(X[folds == k])
    assert ours == pytest.approx(balanced_accuracy_score(y, theirs), abs=0.05)


def test_folds_hold_groups_together_and_share_out_classes():
    groups = np.repeat(np.arange(24), 3)
    y = groups % 4
    folds = make_folds(y, groups, 0)
    assert all(len(np.unique(folds[groups == g])) == 1 for g in range(24))
    counts = np.array([np.bincount(y[folds == k], minlength=4) for k in np.unique(folds)])
    assert (counts == counts[0]).all()


def test_a_subsample_keeps_all_classes_and_groups():
    y = np.r_[np.zeros(5000, int), np.ones(20, int)]
    kept = subsample(y, None, 0, 500)
    assert 450 < len(kept) < 550
    assert (y[kept] == 1).sum() >= 5
    assert len(subsample(y, None, 0, 9999)) == 5020


def test_standardize_fills_gaps_and_drops_what_is_constant():
    X = standardize(np.array([[1, np.nan, 5.0], [2, np.nan, 5], [np.nan, np.nan, 5], [3, np.nan, 5]]))
    assert X.shape == (4, 1)
    assert X.mean() == pytest.approx(0)
    assert X[2, 0] == pytest.approx(0)


def test_very_many_small_groups_are_drawn_whole():
    groups = np.arange(24_000) // 4
    y = (groups % 10 == 0).astype(int)
    kept = subsample(y, groups, 0, 1000)
    assert 900 < len(kept) < 1100
    assert np.bincount(groups[kept])[np.unique(groups[kept])].tolist() == [4] * len(np.unique(groups[kept]))
    assert abs(y[kept].mean() - 0.1) < 0.01
    np.testing.assert_array_equal(kept, subsample(y, groups, 0, 1000))
    assert len(subsample(y[:4000], groups[:4000], 0, 1000)) == 4000  # as many as may be
