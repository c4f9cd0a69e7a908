import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from leukofeat.evaluation import bootstrap_interval
from leukofeat.statistics.bootstrap import metric_statistics, metric_units, resample_weights
from leukofeat.statistics.metrics import CLASS_METRICS, OVERALL_METRICS, overall_metrics


def _accuracy(correct):
    return lambda weights: {"accuracy": weights @ correct / weights.sum(axis=1)}


def _said(rng, n, k=3):
    target = np.concatenate([np.arange(k), rng.integers(0, k, n - k)])
    scores = np.round(rng.dirichlet(np.ones(k), n) + 0.5 * np.eye(k)[target], 1)
    return target, scores / scores.sum(axis=1, keepdims=True)


def test_without_resamples_the_ends_are_nan():
    found = bootstrap_interval(_accuracy(np.ones(9)), np.arange(9), n_bootstrap=0)
    assert list(found) == ["accuracy"]
    np.testing.assert_array_equal(found["accuracy"], [np.nan, np.nan])


def test_every_metric_of_a_resample_is_the_metric_of_the_rows_drawn(rng):
    target, probabilities = _said(rng, 60)
    predicted = probabilities.argmax(axis=1)
    statistic = metric_statistics(target, predicted, [0, 1, 2], probabilities, probabilities)
    weights = next(resample_weights(np.arange(60), 20, 0))
    found = statistic(weights)
    for b, row in enumerate(weights.astype(int)):
        drawn = np.repeat(np.arange(60), row)
        alone = metric_statistics(
            target[drawn], predicted[drawn], [0, 1, 2], probabilities[drawn], probabilities[drawn]
        )
        ones = alone(np.ones((1, len(drawn))))
        for name, values in found.items():
            np.testing.assert_allclose(values[b], ones[name][0], atol=1e-9)
        area = roc_auc_score(target[drawn], probabilities[drawn], multi_class="ovr", average="macro")
        np.testing.assert_allclose(found["auc"][b], area, atol=1e-9)
        np.testing.assert_allclose(found["brier"][b], brier_score_loss(target[drawn], probabilities[drawn]), atol=1e-9)
    assert set(found) == set(OVERALL_METRICS) | {f"class_{name}" for name in CLASS_METRICS}


def test_rows_of_a_group_are_drawn_together(rng):
    codes = np.array([0, 0, 1, 1, 1, 2])
    for weights in resample_weights(codes, 50, 0):
        assert (weights[:, 0] == weights[:, 1]).all()
        assert (weights[:, 2] == weights[:, 4]).all()
        assert (weights[:, [0, 2, 5]].sum(axis=1) == 3).all()


def test_intervals_repeat_with_their_seed_and_hold_the_estimate(rng):
    correct = (rng.random(80) < 0.8).astype(float)
    first, again = (bootstrap_interval(_accuracy(correct), np.arange(80), random_state=1) for _ in range(2))
    np.testing.assert_array_equal(first["accuracy"], again["accuracy"])
    assert first["accuracy"][0] < correct.mean() < first["accuracy"][1]


def test_coverage_of_single_images():
    rng = np.random.default_rng(0)
    truth, hits = 0.8, 0
    for seed in range(500):
        correct = (rng.random(150) < truth).astype(float)
        low, high = bootstrap_interval(_accuracy(correct), np.arange(150), n_bootstrap=600, random_state=seed)[
            "accuracy"
        ]
        hits += low <= truth <= high
    assert 0.93 <= hits / 500 <= 0.97


def test_coverage_of_slides_where_that_of_images_falls_short():
    rng = np.random.default_rng(1)
    slides, images = 30, 8
    groups = np.repeat(np.arange(slides), images)
    hits = {"slides": 0, "images": 0}
    for seed in range(400):
        rate = rng.beta(6, 2, slides)  # a slide is easy or hard as a whole; the mean is 0.75
        correct = (rng.random(slides * images) < rate[groups]).astype(float)
        for name, units in (("slides", groups), ("images", np.arange(len(groups)))):
            interval = bootstrap_interval(_accuracy(correct), units, n_bootstrap=500, random_state=seed)
            low, high = interval["accuracy"]
            hits[name] += low <= 0.75 <= high
    assert 0.93 <= hits["slides"] / 400 <= 0.97
    assert hits["images"] / 400 < 0.90


def test_coverage_of_macro_f1():
    rng = np.random.default_rng(2)
    shares = np.array([[0.35, 0.05, 0.0], [0.06, 0.2, 0.04], [0.02, 0.03, 0.25]])
    truth = float(overall_metrics(shares)["macro_f1"])
    hits = 0
    for seed in range(400):
        cells = np.eye(9)[rng.choice(9, 200, p=shares.ravel())]

        def macro_f1(weights, cells=cells):
            return {"macro_f1": overall_metrics((weights @ cells).reshape(-1, 3, 3))["macro_f1"]}

        low, high = bootstrap_interval(macro_f1, np.arange(200), n_bootstrap=400, random_state=seed)["macro_f1"]
        hits += low <= truth <= high
    assert 0.93 <= hits / 400 <= 0.97


def test_a_perfect_score_is_not_certain():
    low, high = bootstrap_interval(_accuracy(np.ones(100)), np.arange(100))["accuracy"]
    assert low == pytest.approx(0.025 ** (1 / 100))
    assert high == 1.0
    low, _ = bootstrap_interval(_accuracy(np.ones(100)), np.repeat(np.arange(5), 20))["accuracy"]
    assert low == pytest.approx(0.025 ** (1 / 5))  # five slides are no more than five observations


def _all_right(target, groups):
    scores = np.eye(2)[target]
    return bootstrap_interval(
        metric_statistics(target, target, [0, 1], scores, scores),
        groups,
        n_bootstrap=200,
        rests_on=metric_units(target, target, [0, 1], groups),
    )


def test_a_perfect_score_on_a_rare_class_is_proved_by_its_own_slides():
    groups = np.repeat(np.arange(100), 4)
    found = _all_right((groups < 3).astype(int), groups)
    expected = {"class_sensitivity": (97, 3), "class_specificity": (3, 97), "class_ppv": (97, 3), "class_auc": (3, 3)}
    for name, slides in expected.items():
        np.testing.assert_allclose(found[name][0], 0.025 ** (1 / np.array(slides)))
    for name, slides in {"accuracy": 100, "balanced_accuracy": 6, "macro_ppv": 6, "auc": 3, "kappa": 3}.items():
        assert found[name][0] == pytest.approx(0.025 ** (1 / slides))
    np.testing.assert_allclose(found["class_fnr"][1], 1 - 0.025 ** (1 / np.array([97, 3])))
    even = _all_right(np.arange(60) % 2, np.arange(60))
    assert even["balanced_accuracy"][0] == even["accuracy"][0]
    mixed = _all_right(np.arange(60) % 2, np.arange(60) // 6)  # every slide holds both classes
    assert mixed["class_sensitivity"][0].tolist() == [mixed["accuracy"][0]] * 2
    assert mixed["macro_f1"][0] == mixed["accuracy"][0]


def test_units_of_a_single_class():
    found = metric_units(["a"] * 6, ["a", "b"] * 3, ["a", "b"], np.arange(6) // 2)
    assert [int(found[name]) for name in ("auc", "mcc", "kappa", "macro_sensitivity")] == [3, 3, 3, 3]
    assert found["class_sensitivity"].tolist() == [3, 0]
    for target, predicted in (("a", "c"), ("c", "a")):
        with pytest.raises(ValueError, match=r"'c'.* is not one of the classes a, b"):
            metric_units([target], [predicted], ["a", "b"], [0])


def test_a_count_of_units_is_for_shares_alone_and_fits_each():
    held = np.eye(2)[np.arange(40) % 2]
    statistic = lambda weights: {"sensitivity": (weights @ held) / (weights @ held)}  # noqa: E731
    few = {"sensitivity": [20, 3]}
    low, high = bootstrap_interval(statistic, np.arange(40), rests_on=few)["sensitivity"]
    np.testing.assert_allclose(low, 0.025 ** (1 / np.array([20, 3])))
    plain = bootstrap_interval(statistic, np.arange(40), rests_on=few, are_shares=False)["sensitivity"]
    np.testing.assert_array_equal(plain, [high, high])


def test_coverage_of_the_sensitivity_to_a_rare_class():
    rng, target, units, hits = np.random.default_rng(3), (np.arange(60) < 6).astype(int), np.arange(60), 0
    for seed in range(400):
        predicted = np.where(rng.random(60) < 0.85, target, 1 - target)
        found = bootstrap_interval(
            metric_statistics(target, predicted, [0, 1]),
            units,
            n_bootstrap=300,
            rests_on=metric_units(target, predicted, [0, 1], units),
            random_state=seed,
        )
        low, high = found["class_sensitivity"][:, 1]
        hits += low <= 0.85 <= high
    assert hits / 400 >= 0.93


def test_a_constant_guess_has_no_correlation_with_the_truth_for_certain():
    statistic = metric_statistics(np.arange(30) % 2, np.zeros(30), [0, 1])
    interval = bootstrap_interval(statistic, np.arange(30))
    np.testing.assert_array_equal(interval["mcc"], [0, 0])  # 0 is no end of its range, and no bound is due
    assert interval["class_sensitivity"][1, 1] == pytest.approx(1 - 0.025 ** (1 / 30))


def test_fewer_than_two_groups_give_no_interval():
    assert np.isnan(bootstrap_interval(_accuracy(np.ones(9)), np.zeros(9))["accuracy"]).all()
