"""Sites trained on and tested: what is measured, what is fixed on training data, and what strangers bring."""

import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.impute import SimpleImputer
from sklearn.metrics import balanced_accuracy_score, log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat.datasets import binary_target, make_smears
from leukofeat.decode import ImageError
from leukofeat.evaluation import SiteComparison, column_transfer, compare_sites, shift_stain
from leukofeat.evaluation.sites.figures import Answers, pair_figures
from leukofeat.evaluation.sites.splits import grouped_folds
from leukofeat.evaluation.sites.threshold import choose_threshold, cross_thresholds
from leukofeat.features import FeatureSet, GeometryFeatures
from leukofeat.opencv import cv2
from leukofeat.segmentation import OtsuSegmenter
from tests.stages import MeanColor


def _lda():
    return make_pipeline(FeatureSet([MeanColor()]), StandardScaler(), LinearDiscriminantAnalysis())


def _corner():
    """A control: the same model on one pixel's worth of image."""
    return make_pipeline(FeatureSet([MeanColor()]), StandardScaler(), SVC(C=1e-6))


def _site(seed, n=16, change=None):
    smears = make_smears(n_samples=n, size=64, n_slides=8, random_state=seed)
    images = smears.images if change is None else [change(image) for image in smears.images]
    target = np.where(smears.target == 0, "healthy", "blast")
    return {"images": images, "target": target, "groups": smears.groups}


@pytest.fixture(scope="module")
def sites():
    """Two laboratories with other stain and magnification, healthy cells only, and blasts only."""
    healthy = _site(3)
    own = np.flatnonzero(healthy["target"] == "healthy")
    types = ["lymphocyte", None, "monocyte", "lymphocyte"]
    blasts = _site(4)
    rows = np.flatnonzero(blasts["target"] == "blast")
    return {
        "first": _site(0),
        "stained": _site(1, change=lambda image: shift_stain(image, (1.2, 0.8, 1.1), (1, 1, 0.95))),
        "healthy only": {
            "images": [cv2.resize(healthy["images"][i], (96, 96)) for i in own],
            "target": healthy["target"][own],
            "cell_type": types,
        },
        "blasts only": {
            "images": [blasts["images"][i] for i in rows],
            "target": np.zeros(len(rows), int),
            "target_names": ["blast"],
            "groups": blasts["groups"][rows],
        },
    }


@pytest.fixture(scope="module")
def found(sites):
    return compare_sites({"lda": _lda(), "svm": _corner()}, sites, controls=["svm"], cv=3, n_bootstrap=50)


def _rows(found, pipeline, train, test):
    own = found.predictions
    return own[(own["pipeline"] == pipeline) & (own["train"] == train) & (own["test"] == test)]


def _figures(found, *key):
    return found.table.set_index(["pipeline", "train", "test"]).loc[key]


def test_every_pair_is_there_and_single_classes_are_tested_only(found, sites):
    matrix = found.matrix("n")
    assert list(matrix.columns) == list(sites)
    assert list(matrix.loc["lda"].index) == ["first", "stained", "all others"]
    assert not matrix.isna().any(axis=None)
    auc = found.matrix()
    assert auc[["first", "stained"]].notna().all(axis=None)
    assert auc[["healthy only", "blasts only"]].isna().all(axis=None)
    assert found.matrix("false_alarms")["healthy only"].notna().all()
    assert found.matrix("sensitivity")["healthy only"].isna().all()
    assert found.matrix("sensitivity")["blasts only"].notna().all()
    assert found.sites["trained_on"].tolist() == [True, True, False, False]
    assert np.isnan(found.sites.loc["healthy only", "n_groups"])
    assert any("healthy only: all its images are healthy" in note for note in found.notes)
    assert any(note.startswith("healthy only: no groups") for note in found.notes)
    assert any(note.startswith("first: few groups (2 of class healthy)") for note in found.notes)


def test_a_pair_is_a_fit_on_one_site_and_its_scores_on_the_other(found, sites):
    own = _rows(found, "lda", "first", "stained")
    model = _lda().fit(sites["first"]["images"], sites["first"]["target"])
    score = model.predict_proba(sites["stained"]["images"])[:, 0]
    truth = sites["stained"]["target"] == "blast"
    np.testing.assert_allclose(own["score"], score)
    row = _figures(found, "lda", "first", "stained")
    assert row["auc"] == pytest.approx(roc_auc_score(truth, score))
    assert row["log_loss"] == pytest.approx(log_loss(truth, score))
    assert row["base_log_loss"] == pytest.approx(log_loss(truth, np.full(16, 0.75)))
    assert row["sensitivity"] == pytest.approx((score >= row["threshold"])[truth].mean())
    assert row["false_alarms"] == pytest.approx((score >= row["threshold"])[~truth].mean())
    assert row["specificity"] == pytest.approx(1 - row["false_alarms"])
    assert row["auc_low"] <= row["auc"] <= row["auc_high"]


def test_threshold_comes_from_folds_inside_the_training_sites(found, sites):
    inside = _rows(found, "lda", "first", "first")
    assert sorted(inside["row"]) == list(range(16))
    assert not set(inside["fold"][inside["group"] == "first|0"]) - {
        inside["fold"][inside["group"] == "first|0"].iloc[0]
    }
    expected = choose_threshold(
        inside["score"].to_numpy(), (inside["target"] == "blast").to_numpy(), "balanced_accuracy"
    )
    for test in ("stained", "healthy only", "blasts only"):
        assert set(_rows(found, "lda", "first", test)["threshold"]) == {expected}


def test_nothing_of_a_test_site_moves_its_training(found, sites):
    changed = sites | {"stained": sites["stained"] | {"target": sites["stained"]["target"][::-1]}}
    again = compare_sites({"lda": _lda(), "svm": _corner()}, changed, controls=["svm"], cv=3, n_bootstrap=50)
    columns = ["row", "score", "threshold", "called"]
    for train in ("first", "all others"):
        before, after = (_rows(result, "lda", train, "stained")[columns] for result in (found, again))
        pd.testing.assert_frame_equal(before, after)


def test_left_out_site_is_trained_on_all_others(found, sites):
    images, target = [], []
    for name in ("first", "healthy only", "blasts only"):
        images += list(sites[name]["images"])
        names = sites[name].get("target_names")
        target += list(sites[name]["target"] if names is None else np.array(names)[sites[name]["target"]])
    score = _lda().fit(images, target).predict_proba(sites["stained"]["images"])[:, 0]
    np.testing.assert_allclose(_rows(found, "lda", "all others", "stained")["score"], score)
    assert _figures(found, "lda", "all others", "stained")["n_train"] == len(target)


def test_a_figure_that_no_image_contradicts_is_proved_by_the_groups_of_its_class():
    truth, groups = np.repeat([True, False], [36, 12]), np.arange(48) // 4  # nine groups and three
    answers = Answers(
        np.arange(48), np.zeros(48, int), truth.astype(float), np.full(48, 0.5), np.full(48, 0.5), False, 9
    )
    rows = SimpleNamespace(target=np.where(truth, "blast", "healthy"), groups=groups)
    found = pair_figures({"right": answers}, [], rows, "blast", n_bootstrap=100, random_state=0).iloc[0]
    assert found["sensitivity_low"] == pytest.approx(0.025 ** (1 / 9))
    assert found["false_alarms_high"] == pytest.approx(1 - 0.025 ** (1 / 3))
    assert found["auc_low"] == pytest.approx(0.025 ** (1 / 3))


def test_margin_is_over_the_best_control_of_the_pair(found):
    own, control = (_figures(found, name, "first", "stained") for name in ("lda", "svm"))
    assert own["best_control"] == "svm"
    assert own["margin"] == pytest.approx(own["auc"] - control["auc"])
    assert own["margin_low"] <= own["margin"] <= own["margin_high"]
    assert np.isnan(control["margin"])
    assert np.isnan(_figures(found, "lda", "first", "healthy only")["margin"])
    # an SVM without calibration has no probabilities
    assert np.isnan(control["log_loss"])


def test_false_alarms_by_type(found):
    own = found.by_type
    own = own[(own["pipeline"] == "lda") & (own["train"] == "first") & (own["test"] == "healthy only")]
    own = own.set_index("cell_type")
    assert own["n"].to_dict() == {"lymphocyte": 2, "monocyte": 1, "not stated": 1}
    said = _rows(found, "lda", "first", "healthy only")
    assert own.loc["lymphocyte", "n_called"] == said.loc[said["cell_type"] == "lymphocyte", "called"].sum()
    assert ((own["called_low"] <= own["called"]) & (own["called"] <= own["called_high"])).all()


def test_workers_and_memory_change_nothing(tmp_path):
    sites = {"A": _site(0), "B": _site(1)}
    plain, *others = (
        compare_sites({"lda": _lda()}, sites, cv=2, n_bootstrap=20, **options)
        for options in ({}, {"memory": tmp_path / "kept", "n_jobs": 2}, {"memory": tmp_path / "kept"})
    )
    for again in others:  # the second time out of the store
        pd.testing.assert_frame_equal(again.table, plain.table)
        pd.testing.assert_frame_equal(again.predictions, plain.predictions)


def test_saved_comparison_is_the_same(found, tmp_path):
    again = SiteComparison.load(found.save(tmp_path / "kept"))
    for name in ("table", "by_type", "predictions", "sites", "failures"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(found, name))
    assert repr(again) == repr(found)
    (tmp_path / "kept" / "tables.json").write_bytes(b"")
    with pytest.raises(ValueError, match="run it again"):
        SiteComparison.load(tmp_path / "kept")
    with pytest.raises(ValueError, match="holds no saved comparison"):
        SiteComparison.load(tmp_path)


def test_what_a_notebook_shows(found):
    page = found._repr_html_()
    for text in ("healthy only", "FA ", "SE ", "all others", "esearch use only"):
        assert text in page
    assert "all others" in repr(found)
    with pytest.raises(ValueError, match="'accuracy'"):
        found.matrix("accuracy")


def test_images_that_fail_and_cells_that_are_not_there(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no image")
    first, second = _site(0), _site(1)
    first["images"] = [str(tmp_path / "broken.png"), *first["images"][1:]]
    blank = np.full((64, 64, 3), 235, np.uint8)
    second["images"] = [*second["images"][:-2], blank, blank.copy()]
    pipeline = make_pipeline(
        OtsuSegmenter(),
        FeatureSet([GeometryFeatures()]),
        SimpleImputer(keep_empty_features=True),
        StandardScaler(),
        LinearDiscriminantAnalysis(),
    )
    gone = {"images": [str(tmp_path / "broken.png")], "target": ["healthy"]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = compare_sites({"mine": pipeline}, {"A": first, "B": second, "C": gone}, cv=2, n_bootstrap=20)
    assert found.failures[["site", "row"]].to_numpy().tolist() == [["A", 0], ["C", 0]]
    assert found.sites["n_measured"].tolist() == [15, 16, 0]
    lost = [note for note in found.notes if "none of its images could be measured" in note]
    assert [note.partition(":")[0] for note in lost] == ["C"]
    empty = {
        name: sum(smear.n_cells == 0 for smear in OtsuSegmenter().transform(images))
        for name, images in (("A", first["images"][1:]), ("B", second["images"]))
    }
    assert empty["B"] >= 2
    assert _figures(found, "mine", "A", "B")["n_empty"] == empty["B"]
    assert _figures(found, "mine", "B", "A")["n_empty"] == empty["A"]
    assert _figures(found, "mine", "B", "A")["n"] == 15
    assert found.matrix()["C"].isna().all()
    with pytest.raises(ImageError, match="broken"):
        compare_sites({"mine": pipeline}, {"A": first, "B": second}, on_error="raise")


def test_the_same_image_in_two_sites_is_told():
    first = _site(0)
    found = compare_sites({"lda": _lda()}, {"A": first, "B": first}, cv=2, n_bootstrap=20)
    assert any("16 images stand in more than one site" in note for note in found.notes)
    assert (found.table["best_control"] == "").all()


def test_a_site_of_one_image():
    one = _site(1)
    one = {"images": one["images"][:1], "target": one["target"][:1]}
    found = compare_sites({"lda": _lda()}, {"A": _site(0), "one": one}, cv=2, n_bootstrap=20)
    assert _figures(found, "lda", "A", "one")["n"] == 1
    assert "lda" in repr(found)
    assert found._repr_html_()


def _without(site, key):
    return {name: value for name, value in site.items() if name != key}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a, b: [a, b], "must be a dict of name to Bunch"),
        (lambda a, b: {"A": a}, "1 site given"),
        (lambda a, b: {1: a, "1": b}, "the name '1' stands for something else"),
        (lambda a, b: {"A": a, "all others": b}, "the name 'all others'"),
        (lambda a, b: {"A": a, "B": b["images"]}, "Site 'B' must be a Bunch"),
        (lambda a, b: {"A": a, "B": _without(b, "images")}, "Site 'B' must be a Bunch"),
        (lambda a, b: {"A": a, "B": b | {"images": [], "target": []}}, "Site 'B' has no image"),
        (lambda a, b: {"A": a, "B": b | {"target": None}}, "Site 'B' has no classes"),
        (lambda a, b: {"A": a, "B": b | {"target": b["target"][1:]}}, "Site 'B': 16 images and 15 values of y"),
        (lambda a, b: {"A": a, "B": b | {"groups": [np.nan] + [1.0] * 15}}, "Site 'B': groups: 1 of 16 images has none"),
        (lambda a, b: {"A": a, "B": b | {"cell_type": ["monocyte"]}}, "Site 'B': 16 images and 1 values of cell_type"),
        (lambda a, b: {"A": a, "B": b | {"target": ["normal"] * 16}}, "3 classes over all sites .*B: normal"),
        (lambda a, b: {"A": a | {"target": ["x", "y"] * 8}, "B": b | {"target": ["x"] * 16}}, "class 'blast'.*A: x, y; B: x"),
        (lambda a, b: {"A": a, "B": b | {"target": ["blast"] * 16}} | {"A": a | {"target": ["blast"] * 16}}, "1 classes"),
        (
            lambda a, b: {
                "A": a | {"target": ["blast"] * 16},
                "B": {"images": b["images"], "target": ["healthy"] * 16},
            },
            "Nothing can be trained on .A: all its images are blast; B: all its images are healthy",
        ),
    ],
)  # fmt: skip
def test_sites_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        compare_sites({"lda": _lda()}, change(_site(0), _site(1)))


def test_without_resamples_there_are_no_intervals():
    table = compare_sites({"lda": _lda()}, {"A": _site(0), "B": _site(1)}, cv=2, n_bootstrap=0).table
    assert table["auc"].notna().all()
    assert table.filter(regex="_(low|high)$").isna().all(axis=None)


def test_parameters_that_do_not_fit_are_refused():
    sites = {"A": _site(0), "B": _site(1)}
    for given_, message in (
        ({"threshold": "youden"}, "threshold"),
        ({"threshold": 1.5}, "threshold"),
        ({"cv": 1}, "cv"),
        ({"n_bootstrap": -1}, "n_bootstrap"),
        ({"n_bootstrap": 2.5}, "n_bootstrap"),
        ({"controls": ["no_leukocytes"]}, "controls: 'no_leukocytes'"),
        ({"controls": "lda"}, r"controls must be a list of names of pipelines, as \['lda'\]"),
        ({"on_error": "skip"}, "on_error"),
    ):
        with pytest.raises(ValueError, match=message):
            compare_sites({"lda": _lda()}, sites, **given_)
    with pytest.raises(ValueError, match="pipelines must be a dict"):
        compare_sites({}, sites)


def test_one_group_a_class_cannot_be_trained_on_alone():
    single = _site(1) | {"groups": np.where(_site(1)["target"] == "blast", "b", "h")}
    found = compare_sites({"lda": _lda()}, {"A": _site(0), "B": single}, cv=3, n_bootstrap=20)
    assert found.sites["trained_on"].tolist() == [True, False]
    assert any("Not trained on B: too few groups" in note for note in found.notes)
    assert ("lda", "all others", "A") not in found.table.set_index(["pipeline", "train", "test"]).index


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30), st.floats(0.05, 1))
def test_thresholds(pairs, share):
    scores, truth = np.array([pair[0] for pair in pairs], float), np.array([pair[1] for pair in pairs])
    truth[0], truth[1] = True, False
    cut = choose_threshold(scores, truth, "balanced_accuracy")
    best = max(balanced_accuracy_score(truth, scores >= one) for one in [*scores, np.inf])
    assert balanced_accuracy_score(truth, scores >= cut) == pytest.approx(best)
    cut = choose_threshold(scores, truth, share)
    assert np.mean(scores[~truth] < cut) >= share
    lower = [one for one in scores if one < cut]
    assert not lower or np.mean(scores[~truth] < max(lower)) < share


def test_cross_thresholds_see_no_score_of_their_own_fold():
    rng = np.random.default_rng(0)
    scores, truth, fold = rng.random(30), rng.random(30) < 0.5, np.repeat([0, 1, 2], 10)
    before = cross_thresholds(scores, truth, fold, "balanced_accuracy")
    after = cross_thresholds(np.where(fold == 1, 9.0, scores), truth, fold, "balanced_accuracy")
    assert before[10] == after[10]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=40), st.integers(2, 5))
def test_folds_keep_groups_together_and_train_on_both_classes(members, cv):
    target = np.array(["blast" if positive else "healthy" for positive, _ in members])
    groups = np.array([str(group) for _, group in members])
    folds = grouped_folds(target, np.full(len(target), "A"), groups, cv)
    if folds:
        assert sorted(np.concatenate([test for _, test in folds])) == list(range(len(target)))
    for train, test in folds:
        assert not set(groups[train]) & set(groups[test])
        assert len(set(target[train])) == 2


def test_column_transfer_agrees_with_scikit_learn():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(60, 3)), columns=["a", "b", "c"])
    table.loc[::7, "b"] = np.nan
    target, sites = rng.choice(["blast", "healthy"], 60), np.repeat(["A", "B", "C"], 20)
    target[40:] = "healthy"
    found = column_transfer(table, target, sites)
    for site in ("A", "B"):
        for column in table:
            own = (sites == site) & table[column].notna()
            assert found.loc[column, f"auc_{site}"] == pytest.approx(
                roc_auc_score(target[own] == "blast", table[column][own])
            )
    assert "auc_C" not in found
    assert found["worst_auc"].is_monotonic_decreasing
    turned = column_transfer(-table, target, sites).loc[found.index]
    np.testing.assert_allclose(turned["worst_auc"], found["worst_auc"])
    np.testing.assert_allclose(turned["shift"], found["shift"])
    scaled = column_transfer(3 * table + 5, target, sites).loc[found.index]
    np.testing.assert_allclose(scaled["shift"], found["shift"])


def test_column_transfer_of_columns_without_values_or_spread():
    table = pd.DataFrame(
        {"none": [np.nan] * 8, "constant": [1.0] * 8, "site": [1.0] * 4 + [2.0] * 4, "good": [5.0, 6, 1, 2] * 2}
    )
    target, sites = ["blast", "blast", "healthy", "healthy"] * 2, ["A"] * 4 + ["B"] * 4
    found = column_transfer(table, target, sites)
    assert found.index.tolist() == ["good", "constant", "site", "none"]
    assert np.isnan(found.loc["none", ["worst_auc", "shift"]].astype(float)).all()
    assert not found.loc["none", "agrees"]
    assert found.loc["constant", "worst_auc"] == 0.5
    assert found["shift"][["constant", "site", "good"]].tolist() == [0, np.inf, 0]
    with pytest.raises(ValueError, match="No site has images of 'blast'"):
        column_transfer(table, ["healthy"] * 8, sites)
    with pytest.raises(ValueError, match="8 images and 7 values"):
        column_transfer(table, target[1:], sites)


def test_binary_target_makes_classes_that_fit():
    smears = make_smears(n_samples=16, size=64, n_slides=8, random_state=0)
    labels = binary_target(smears.target, target_names=smears.target_names)
    sites = {name: {"images": smears.images, "target": labels} for name in ("A", "B")}
    assert compare_sites({"lda": _lda()}, sites, positive="malignant", n_bootstrap=20).matrix().notna().all(axis=None)
