import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from leukofeat.statistics.metrics import (
    auc_one_vs_rest,
    class_calibration_error,
    class_metrics,
    confusion_counts,
    encode,
    expected_calibration_error,
    overall_metrics,
)

CLOSE = {"rtol": 0, "atol": 1e-9}


@pytest.fixture(params=[2, 4], ids=["two classes", "four classes"])
def said(request, rng):
    k = request.param
    target = rng.integers(0, k, 300)
    scores = rng.random((300, k)) + 0.7 * np.eye(k)[target]
    scores = np.round(scores, 2)  # with ties
    return target, scores / scores.sum(axis=1, keepdims=True), k


def test_metrics_agree_with_scikit_learn(said):
    target, probabilities, k = said
    predicted = probabilities.argmax(axis=1)
    confusion = confusion_counts(target, predicted, range(k))
    np.testing.assert_array_equal(confusion, sk.confusion_matrix(target, predicted))
    single, overall = class_metrics(confusion), overall_metrics(confusion)
    expected = {"sensitivity": sk.recall_score, "ppv": sk.precision_score, "f1": sk.f1_score}
    for name, function in expected.items():
        np.testing.assert_allclose(single[name], function(target, predicted, average=None), **CLOSE)
        np.testing.assert_allclose(overall[f"macro_{name}"], function(target, predicted, average="macro"), **CLOSE)
    for c in range(k):
        truth, answer = target == c, predicted == c
        rest = {
            "accuracy": sk.accuracy_score,
            "balanced_accuracy": sk.balanced_accuracy_score,
            "mcc": sk.matthews_corrcoef,
            "kappa": sk.cohen_kappa_score,
        }
        for name, function in rest.items():
            np.testing.assert_allclose(single[name][c], function(truth, answer), **CLOSE)
        np.testing.assert_allclose(single["specificity"][c], sk.recall_score(~truth, ~answer), **CLOSE)
        np.testing.assert_allclose(single["npv"][c], sk.precision_score(~truth, ~answer), **CLOSE)
    np.testing.assert_allclose(single["fpr"], 1 - single["specificity"], **CLOSE)
    np.testing.assert_allclose(single["fnr"], 1 - single["sensitivity"], **CLOSE)
    np.testing.assert_allclose(overall["accuracy"], sk.accuracy_score(target, predicted), **CLOSE)
    np.testing.assert_allclose(overall["balanced_accuracy"], sk.balanced_accuracy_score(target, predicted), **CLOSE)
    np.testing.assert_allclose(overall["mcc"], sk.matthews_corrcoef(target, predicted), **CLOSE)
    np.testing.assert_allclose(overall["kappa"], sk.cohen_kappa_score(target, predicted), **CLOSE)


def test_auc_agrees_with_scikit_learn(said):
    target, probabilities, k = said
    areas = auc_one_vs_rest(target, probabilities, range(k))
    for c in range(k):
        np.testing.assert_allclose(areas[c], sk.roc_auc_score(target == c, probabilities[:, c]), **CLOSE)
    if k > 2:
        np.testing.assert_allclose(
            areas.mean(), sk.roc_auc_score(target, probabilities, multi_class="ovr", average="macro"), **CLOSE
        )


def test_calibration_error_agrees_with_a_plain_loop(said):
    target, probabilities, k = said
    confidence, correct = probabilities.max(axis=1), probabilities.argmax(axis=1) == target

    def gap(confidence, happened):
        total = 0.0
        for b in range(10):
            own = [i for i, p in enumerate(confidence) if b / 10 < p <= (b + 1) / 10 or (b == 0 and p == 0)]
            if own:
                total += len(own) * abs(np.mean(confidence[own]) - np.mean(happened[own]))
        return total / len(confidence)

    np.testing.assert_allclose(
        expected_calibration_error(target, probabilities, range(k)), gap(confidence, correct), **CLOSE
    )
    expected = [gap(probabilities[:, c], target == c) for c in range(k)]
    np.testing.assert_allclose(class_calibration_error(target, probabilities, range(k)), expected, **CLOSE)


def test_calibrated_forecasts_have_next_to_no_calibration_error(rng):
    p = rng.random(20000)
    happened = (rng.random(20000) < p).astype(int)
    assert expected_calibration_error(happened, np.column_stack([1 - p, p]), [0, 1]) < 0.02
    assert expected_calibration_error(happened, np.column_stack([0 * p, 0 * p + 1]), [0, 1]) == pytest.approx(
        1 - happened.mean()
    )


def test_absent_classes_are_nan_and_left_out_of_the_macro_average():
    confusion = confusion_counts(["a", "a", "b"], ["a", "b", "b"], ["a", "b", "c"])
    single = class_metrics(confusion)
    assert np.isnan(single["sensitivity"][2])
    assert np.isnan(single["ppv"][2])
    assert np.isnan(single["f1"][2])
    assert single["specificity"][2] == 1.0
    overall = overall_metrics(confusion)
    assert overall["macro_sensitivity"] == 0.75
    assert overall["macro_f1"] == pytest.approx(2 / 3)
    scores = np.eye(3)[[0, 1, 1]]
    assert np.isnan(auc_one_vs_rest(["a", "a", "b"], scores, ["a", "b", "c"])[2])


def test_nothing_at_all_is_nan():
    values = overall_metrics(np.zeros((3, 3)))
    assert all(np.isnan(values[name]) for name in values if name != "mcc")


def test_a_value_that_is_no_class_is_named():
    with pytest.raises(ValueError, match="'z'"):
        encode(["a", "z"], ["a", "b"])


@given(st.lists(st.lists(st.integers(0, 50), min_size=3, max_size=3), min_size=3, max_size=3))
def test_batches_and_order_of_classes_change_nothing(rows):
    confusion = np.array(rows)
    single, batch = class_metrics(confusion), class_metrics(np.stack([confusion, 2 * confusion]))
    turned = class_metrics(confusion[::-1, ::-1])
    for name, values in single.items():
        np.testing.assert_allclose(batch[name], [values, values])  # scale does not matter either
        np.testing.assert_allclose(turned[name][::-1], values)
    assert np.nanmin(single["mcc"]) >= -1 - 1e-12
    assert np.nanmax(single["mcc"]) <= 1 + 1e-12
