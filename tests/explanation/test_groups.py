"""Explanations of patients: shares of images add up, hold under deletion, and belong to the images wherever they stand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat import Smear
from leukofeat.baselines import make_baseline
from leukofeat.classification import GroupClassifier
from leukofeat.datasets import make_smears
from leukofeat.evaluation.patients import by_patient
from leukofeat.explanation import GroupExplanation, explain, explain_groups
from leukofeat.explanation.group_card import group_explanation_parts
from leukofeat.features import ColorFeatures, FeatureSet, GeometryFeatures
from leukofeat.pipeline import group_params
from leukofeat.report import write_group_explanations


def table(n_classes=2, n_patients=24, n_images=6, seed=0, spread=1.0):
    """Columns of images, their classes and patients: the first column tells the class, patients differ in the second."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_patients), n_images)
    y = np.array(list("ABC"))[groups % n_classes]
    X = rng.normal(size=(len(groups), 4))
    X[:, 0] += spread * (groups % n_classes)
    X[:, 1] += rng.normal(size=n_patients)[groups]
    return X, y, groups


def fitted(n_classes=2, abstain=0.0, **options):
    X, y, groups = table(n_classes, **options)
    inner = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(C=10))
    return GroupClassifier(inner, abstain=abstain).fit(X, y, groups)


def check(why, model):
    """What one explanation says of the sum, and of the verdict."""
    assert why.offset + why.images["share"].sum() == pytest.approx(why.value, abs=1e-9)
    if why.images["reason"].eq("").any():
        classes = list(model.classes_)
        expected = model.offsets_[classes.index(why.likeliest)] - model.offsets_[classes.index(why.against)]
        assert (why.offset, why.slope) == (pytest.approx(expected), model.slope_)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("abstain", [0.0, 0.8])
def test_verdicts_and_sums_are_those_of_the_rule(n_classes, abstain):
    model, (X, _, groups) = fitted(n_classes, abstain), table(n_classes, seed=1)
    found, expected = explain_groups(model, X, groups), model.predict_groups(X, groups)
    assert [one.group for one in found] == expected["group"].tolist()
    assert [one.verdict for one in found] == expected["verdict"].tolist()
    assert [one.reason for one in found] == expected["reason"].tolist()
    for why, row in zip(found, expected.to_dict("records"), strict=True):
        check(why, model)
        assert why.probability == pytest.approx(row[f"score_{why.likeliest}"])
        assert why.value == pytest.approx(np.log(row[f"score_{why.likeliest}"] / row[f"score_{why.against}"]))
        assert why.abstained == (row["verdict"] is None)
        assert why.images["share"].is_monotonic_decreasing
    assert any(why.abstained for why in found) == (abstain > 0)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("abstain", [0.0, 0.7])
def test_leaving_images_out_does_to_the_verdict_what_was_said(n_classes, abstain):
    model, (X, _, groups) = fitted(n_classes, abstain), table(n_classes, seed=2)
    changed = 0
    for why in explain_groups(model, X, groups):
        own = groups == why.group

        def without(rows, own=own):
            kept = own & ~np.isin(np.arange(len(groups)), rows)
            return model.predict_groups(X[kept], groups[kept]).iloc[0]

        for one in why.images.itertuples():
            left = without([one.row])
            assert left["verdict"] == one.verdict_without
            odds = np.log(left[f"score_{why.likeliest}"] / left[f"score_{why.against}"])
            assert odds == pytest.approx(one.value_without, abs=1e-9)
        if why.decisive:
            assert why.images["row"].tolist()[: len(why.decisive)] == list(why.decisive)
            assert without(why.decisive)["verdict"] == why.verdict_without_decisive != why.verdict
            for k in range(1, len(why.decisive)):
                assert without(why.decisive[:k])["verdict"] == why.verdict
            changed += 1
        elif why.verdict is not None:
            pushing = why.images.loc[why.images["share"] > 0, "row"].tolist()[: own.sum() - 1]
            assert all(without(pushing[:k])["verdict"] == why.verdict for k in range(1, len(pushing) + 1))
    assert changed


def test_a_sure_image_is_believed_up_to_the_clip():
    model, (X, _, groups) = fitted(), table(seed=3)
    X[0, 0] = 1e3
    (why, *_) = explain_groups(model, X, groups)
    check(why, model)
    sure = why.images.set_index("row").loc[0]
    assert sure["clipped"]
    greatest = model.slope_ / 6 * (np.log(1.0) - np.log(0.001))
    assert abs(sure["share"]) == pytest.approx(greatest)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15)
def test_permuted_images_permute_the_records_only(seed):
    model, (X, _, groups) = fitted(3, 0.5), table(3, n_patients=6, seed=4)
    order = np.random.default_rng(seed).permutation(len(X))
    before = {one.group: one for one in explain_groups(model, X, groups)}
    after = explain_groups(model, X[order], groups[order])
    assert [one.group for one in after] == list(dict.fromkeys(groups[order].tolist()))
    for why in after:
        other = before[why.group]
        assert (why.verdict, why.likeliest, why.against, why.reason) == (
            other.verdict,
            other.likeliest,
            other.against,
            other.reason,
        )
        assert [order[row] for row in why.decisive] == list(other.decisive)
        assert order[why.images["row"]].tolist() == other.images["row"].tolist()
        for name in ("share", "value_without", "probability"):
            np.testing.assert_allclose(why.images[name], other.images[name], atol=1e-9)
        pd.testing.assert_series_equal(
            why.columns.set_index("column")["contribution"].sort_index(),
            other.columns.set_index("column")["contribution"].sort_index(),
        )


def test_columns_are_the_mean_of_those_of_the_images():
    model, (X, _, groups) = fitted(3), table(3, seed=5)
    X[0, 2] = np.nan  # filled in for one image, measured in the others
    compared = 0
    for why in explain_groups(model, X, groups):
        each = []
        for row in np.flatnonzero(groups == why.group):
            (one,) = explain(model, X[row : row + 1], against=why.against)
            if one.verdict == why.likeliest:
                sign = 1
            else:
                (one,) = explain(model, X[row : row + 1], against=why.likeliest)
                sign = -1
            if {one.verdict, one.against} != {why.likeliest, why.against}:
                continue
            each.append(sign * one.columns.set_index("column")["contribution"])
        if len(each) == len(why.images):
            expected = pd.concat(each, axis=1).mean(axis=1)
            found = why.columns.set_index("column")["contribution"]
            np.testing.assert_allclose(found, expected[found.index])
            compared += 1
        assert why.mean.base + why.columns["contribution"].sum() == pytest.approx(why.mean.value)
    assert compared


def test_without_clipping_the_mean_decision_value_is_what_slope_and_offset_change():
    model, (X, _, groups) = fitted(), table(seed=6, spread=0.2)
    for why in explain_groups(model, X, groups):
        assert not why.images["clipped"].any()
        assert why.offset + why.slope * why.mean.value == pytest.approx(why.value)


def test_the_class_against_can_be_chosen():
    model, (X, _, groups) = fitted(3), table(3, seed=7)
    for why in explain_groups(model, X, groups, against="C"):
        assert (why.against == "C") == (why.likeliest != "C")
        check(why, model)
    with pytest.raises(ValueError, match="no class of the model"):
        explain_groups(model, X, groups, against="D")


@pytest.mark.parametrize("kind", [str, int, float])
def test_patients_are_called_by_numbers_or_text(kind):
    model, (X, _, groups) = fitted(), table(seed=8)
    found = explain_groups(model, X, [kind(group) for group in groups])
    assert [one.group for one in found] == [kind(group) for group in range(24)]
    assert [one.value for one in found] == [one.value for one in explain_groups(model, X, groups)]


def test_a_patient_with_one_image_or_none_that_counts():
    model, (X, _, _) = fitted(), table(seed=9)
    X[2:4] = np.nan
    found = explain_groups(model, X[:6], ["one", "mixed", "none", "none", "mixed", "mixed"])
    one, mixed, none = found
    assert [why.group for why in found] == ["one", "mixed", "none"]
    assert one.verdict is not None
    assert one.images["verdict_without"].tolist() == [None]
    assert one.decisive == ()
    assert "One image is all that it rests on." in one.text
    assert (none.verdict, none.abstained, none.reason) == (None, False, "none of its images could be judged")
    assert none.images["reason"].tolist() == ["no value in its row"] * 2
    assert none.columns.empty
    assert len(mixed.voting) == 3
    for why in found:
        assert group_explanation_parts(why)


def test_an_image_without_a_value_adds_nothing():
    model, (X, _, groups) = fitted(), table(seed=10)
    X[1] = np.nan
    (why, *_) = explain_groups(model, X, groups)
    silent = why.images.iloc[-1]
    assert (silent["row"], silent["reason"]) == (1, "no value in its row")
    assert np.isnan(silent["share"])
    assert (silent["value_without"], silent["verdict_without"]) == (why.value, why.verdict)
    assert "It rests on 5 of 6 images; 1 has no vote." in why.sentences()
    check(why, model)


def test_hundreds_of_patients(tmp_path):
    model, (X, _, groups) = fitted(abstain=0.6), table(n_patients=400, n_images=2, seed=11)
    found = explain_groups(model, X, groups)
    assert [one.verdict for one in found] == model.predict_groups(X, groups)["verdict"].tolist()
    page = write_group_explanations(tmp_path / "why.html", found, n=20).read_text()
    assert page.count("<section") == 20
    assert "400 slides or patients: " in page
    assert "The 20 least certain stand below." in page


def test_what_cannot_be_explained_is_refused():
    X, y, groups = table()
    share = GroupClassifier(LogisticRegression(), rule="share", positive="A").fit(X, y, groups)
    with pytest.raises(ValueError, match="rule='share' counts the cells"):
        explain_groups(share, X, groups)
    assert [why.verdict for why in explain(share, X)] == share.predict(X).tolist()
    with pytest.raises(TypeError, match="gives no probabilities"):
        explain_groups(SVC(kernel="linear").fit(X, y), X, groups)
    with pytest.raises(TypeError, match="not linear in its columns"):
        explain_groups(GroupClassifier(KNeighborsClassifier()).fit(X, y, groups), X, groups)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        explain_groups(fitted(), X, groups[1:])
    with pytest.raises(ValueError, match="groups has none for image 3"):
        explain_groups(fitted(), X, [*groups[:3].tolist(), None, *groups[4:].tolist()])


def test_a_model_without_a_rule_takes_the_mean_log_odds():
    X, y, groups = table()
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    p = np.log(model.predict_proba(X).clip(0.001))
    for why in explain_groups(model, X, groups):
        mean = p[groups == why.group].mean(axis=0)
        assert why.verdict == model.classes_[mean.argmax()]
        assert why.value == pytest.approx(abs(mean[1] - mean[0]))
        assert (why.slope, why.offset, why.calibrated) == (1, 0, False)
        assert "was not calibrated on other patients" in why.text


@pytest.fixture(scope="module")
def smears_of_patients():
    bunch = make_smears(n_samples=24, size=96, n_slides=12, random_state=0)
    records = [Smear(*parts) for parts in zip(bunch.images, bunch.nuclei, bunch.cells, strict=True)]
    return records, bunch.target_names[bunch.target], bunch.groups


@pytest.fixture(scope="module")
def model_of_images(smears_of_patients):
    records, y, groups = smears_of_patients
    families = [GeometryFeatures(), ColorFeatures(regions=("nucleus",))]
    inner = (SimpleImputer(keep_empty_features=True), StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
    model = by_patient(make_pipeline(FeatureSet(families, on_error="nan"), *inner))
    return model.fit(records, y, **group_params(model, groups))


def test_images_are_explained_by_the_classifier_inside(smears_of_patients, model_of_images):
    records, _, _ = smears_of_patients
    inside = Pipeline([*model_of_images.steps[:-1], ("inside", model_of_images[-1].estimator_)])
    for why, expected in zip(explain(model_of_images, records), explain(inside, records), strict=True):
        assert (why.verdict, why.value, why.probability) == (expected.verdict, expected.value, expected.probability)
        pd.testing.assert_frame_equal(why.columns, expected.columns)
        pd.testing.assert_frame_equal(why.cells, expected.cells)


@pytest.mark.filterwarnings("ignore:.*could not be measured:UserWarning")
def test_images_that_failed_or_have_no_cell_are_told(smears_of_patients, model_of_images, tmp_path):
    records, _, groups = smears_of_patients
    empty = records[0].replace(nuclei=np.zeros_like(records[0].nuclei), cells=np.zeros_like(records[0].cells))
    broken = tmp_path / "broken.png"
    broken.write_text("no image")
    images, owners = [*records, empty, str(broken), empty, str(broken)], [*groups, groups[0], groups[0], "x", "y"]
    found = explain_groups(model_of_images, images, owners)
    good = explain_groups(model_of_images, records, groups)
    assert found[0].value == pytest.approx(good[0].value)
    reasons = found[0].images.set_index("row")["reason"]
    assert reasons[24].startswith("no leukocyte found")
    assert "not a JPEG" in reasons[25]
    assert [(one.group, one.verdict, one.mean) for one in found[-2:]] == [("x", None, None), ("y", None, None)]
    page = write_group_explanations(tmp_path / "why.html", found).read_text()
    assert page.index("<h2>x: no verdict") < page.index(f"<h2>{found[0].group}: ")
    assert "Images without a vote (2 of 2)" in page
    assert page.count("<img") == sum(len(one.voting) for one in found)
    assert "14 slides or patients: " in page
    assert "2 without an image to judge" in page


def test_what_a_baseline_measures_itself_is_explained_too():
    bunch = make_smears(n_samples=24, size=96, n_slides=12, random_state=0)
    model, y = by_patient(make_baseline("leukofeat_svm")), bunch.target // 2
    model.fit(bunch.images, y, **group_params(model, bunch.groups))
    found = explain_groups(model, bunch.images, bunch.groups)
    expected = model[-1].predict_groups(model[:-1].transform(bunch.images), bunch.groups)
    assert [one.verdict for one in found] == expected["verdict"].tolist()
    values = np.array([why.value * (1 if why.verdict else -1) for why in explain(model, bunch.images, max_cells=0)])
    for why in found:  # behind a gate each image has a form of its own
        check(why, model[-1])
        assert why.mean.base + why.columns["contribution"].sum() == pytest.approx(why.mean.value)
        assert why.mean.value == pytest.approx(values[why.images["row"]].mean() * (1 if why.likeliest else -1))


def test_names_are_no_markup_and_the_card_is_the_page(tmp_path):
    hostile = GroupExplanation("<b>x", reason="none of its images could be judged")
    page = write_group_explanations(tmp_path / "why.html", [hostile]).read_text()
    assert "&lt;b&gt;x: no verdict" in page
    assert "Research use only" in page
    assert "&lt;b&gt;x: no verdict" in hostile._repr_html_()
    with pytest.raises(ValueError, match="nothing to write"):
        write_group_explanations(tmp_path / "none.html", [])


def test_a_long_table_shows_both_ends_and_adds_up():
    model, (X, _, _) = fitted(), table(n_patients=20, seed=12)
    (why,) = explain_groups(model, X, np.zeros(len(X)))
    shown = "".join(group_explanation_parts(why))
    assert "70 others in between" in shown
    assert "calibration by patient" in shown


def test_a_row_that_is_filled_in_before_the_rule_has_a_vote():
    X, y, groups = table()
    X[3] = np.nan
    inner = make_pipeline(StandardScaler(), LogisticRegression())
    model = make_pipeline(SimpleImputer(), GroupClassifier(inner)).fit(X, y, groupclassifier__groups=groups)
    expected = model[-1].predict_groups(model[:-1].transform(X), groups)
    found = explain_groups(model, X, groups)
    assert [one.probability for one in found] == pytest.approx(expected[["score_A", "score_B"]].max(axis=1).tolist())
    assert (found[0].images["reason"] == "").all()
