"""The report: what it says first, that it loads and runs nothing, and that no name becomes markup."""

from __future__ import annotations

import dataclasses
import re

import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat.audit import AuditResult, Finding, audit_dataset
from leukofeat.datasets import make_smears
from leukofeat.evaluation import compare
from leukofeat.markup import Markup, details, element, escape, table
from leukofeat.report import write_report
from leukofeat.report.cases import worst_rows
from leukofeat.report.charts import ticks
from leukofeat.report.page import whole_page
from leukofeat.segmentation import LeukocyteSegmenter
from tests.page import EVIL, Page
from tests.stages import DarkSegmenter, MeanColor


def colour(classifier):
    return make_pipeline(MeanColor(), StandardScaler(), classifier)


@pytest.fixture(scope="module")
def fields():
    return make_smears(n_samples=32, size=64, n_slides=8, random_state=0)


@pytest.fixture(scope="module")
def comparison(fields):
    pipelines = {"linear": colour(LogisticRegression()), "svm": colour(SVC())}
    found = compare(pipelines, fields.images, fields.target, cv=2, groups=fields.groups, n_bootstrap=50)
    stress = pd.DataFrame(
        {
            "pipeline": ["linear", "linear", "svm", "svm"],
            "test": ["other background", "blur"] * 2,
            "kind": ["shortcut", "optical"] * 2,
            "n_images": 32,
            "clean": 0.9,
            "stressed": [0.4, 0.9, 0.5, 0.88],
            "points_lost": [50.0, 0.0, 40.0, 2.0],
            "points_lost_low": [40.0, -1.0, 30.0, 0.0],
            "points_lost_high": [60.0, 1.0, 50.0, 4.0],
            "changed": [0.5, 0.0, 0.4, 0.1],
            "follows_background": [0.6, np.nan, 0.3, np.nan],
        }
    )
    return dataclasses.replace(found, stress=stress, notes=["Two groups stand on both sides."])


@pytest.fixture
def audit(fields):
    findings = [
        Finding("focus_by_class", "passed", "All alike.", p=0.5),
        Finding("exact_duplicates", "warning", "12 copies.", 0.43, images=np.array([2, 5])),
        Finding("burned_in_bars", "severe", "Bars by class.", 7.2, 1e-9, images=np.arange(30)),
    ]
    return make_audit(findings, [f"image {k}" for k in range(len(fields.images))])


def make_audit(findings, paths, **images):
    """Audit with these findings in its table, two of its images odd or a copy."""
    names = ("name", "severity", "finding", "worth", "p", "effect", "advice")
    rows = [{name: getattr(f, name) for name in names} | {"n_images": 40 * len(f.images)} for f in findings]
    table = pd.DataFrame(rows, dtype=object)
    told = {"label": None, "group": None, "split": "train", "error": "", "odd": "", "mark": "none", "duplicate_of": -1}
    frame = pd.DataFrame({"path": paths} | told)
    frame.loc[3, "odd"], frame.loc[4, "duplicate_of"] = "very small", 2
    frame = frame.assign(**images)
    pairs = pd.DataFrame({"first": [2], "second": [4], "kind": ["exact"]})
    verdict = "It cannot be believed.\n- Severe: Bars by class.\n- Warning: 12 copies.\nNo groups were given."
    return AuditResult(verdict, table, findings, frame, pairs, frame[:30])


def read(path):
    text = path.read_text(encoding="utf-8")
    return text, Page(text)


def test_everything_in_one_file_that_loads_and_runs_nothing(comparison, audit, fields, tmp_path):
    path = write_report(
        tmp_path / "report.html", comparison, audit, images=fields.images, audited=fields.images, segmenter=DarkSegmenter(),
        command="leukofeat compare here", date="2020-02-02", n_worst=4,
    )  # fmt: skip
    text, page = read(path)
    assert not {"script", "iframe", "link", "object", "form", "base"} & set(page.tags)
    assert "http" not in text.replace("http-equiv", "")
    assert not re.search(r"url\(|@import", text)
    assert all(source.startswith("data:image/") for source in page.get("img", "src"))
    assert all(target.startswith("#") for target in page.get("a", "href"))
    assert {target[1:] for target in page.get("a", "href")} <= set(page.get("div", "id"))
    assert "default-src 'none'" in page.get("meta", "content")[0]
    assert len(page.get("img", "src")) == 4 + 2
    assert len(text) < 300_000
    for words in (
        "2020-02-02", "Research use only; not a medical device.", "leukofeat compare here", "Confusion matrices", "ROC curves",
        "Calibration", "Worst cases", "Paired tests", "scikit-learn", "LogisticRegression()", "exact duplicates",
        "The cleaned manifest keeps 30 of 32 images.", "exact duplicates: 2 of 2", "(1 pair)", "very small", "Two groups stand on both sides.", "follows 60 %", "Optical tests",
    ):  # fmt: skip
        assert words in page.text, words


def test_the_verdict_comes_first(comparison, audit, tmp_path):
    text, page = read(write_report(tmp_path / "r.html", comparison, audit))
    best = comparison.table["accuracy"].idxmax()
    found = [
        page.text.index(part)
        for part in ("Verdict", "It cannot be believed.", f"{best} reads {comparison.table.loc[best, 'accuracy']:.3f}",
                     "evel with", "costs it", "Before believing it", "Two groups stand", "burned in bars (worth 7.2 points)",
                     "No groups were given.", "Bars by class.", "exact duplicates")
    ]  # fmt: skip
    assert found == sorted(found)
    assert text.index('class="verdict"') < text.index("<table")
    assert "32 test images of 8 groups" in page.text


def test_the_worst_checks_stand_first_and_those_that_passed_are_folded_away(audit, tmp_path):
    _, page = read(write_report(tmp_path / "r.html", audit=audit))
    body = page.text[page.text.index("worth, points") :]
    words = [
        body.index(w)
        for w in (
            "burned in bars",
            "Bars by class.",
            "7.2",
            "< 0.001",
            "1,200",
            "12 copies.",
            "Passed (1)",
            "All alike.",
        )
    ]
    assert words == sorted(words)
    assert page.get("img", "src") == []


def test_a_clean_dataset(audit, tmp_path):
    clean = dataclasses.replace(audit, verdict="Nothing serious was found.", table=audit.table[:1], findings=[])
    _, page = read(write_report(tmp_path / "r.html", audit=clean))
    assert "Before believing it" not in page.text
    assert "No check fired." in page.text


def test_a_real_audit(fields, tmp_path):
    copies = [*fields.images, fields.images[0]]
    found = audit_dataset(copies, [*fields.target, fields.target[0]])
    _, page = read(write_report(tmp_path / "r.html", audit=found, audited=copies))
    assert found.verdict.splitlines()[0] in page.text
    assert found["exact_duplicates"].finding in page.text
    assert page.get("img", "src")


def test_what_an_audit_could_not_read_keeps_no_report_back(fields, tmp_path):
    images = [*fields.images, fields.images[0] / 255.0]  # floats, which are no image
    found = audit_dataset(images)
    assert found["broken_files"].images.tolist() == [len(fields.images)]
    _, page = read(write_report(tmp_path / "r.html", audit=found, audited=images))
    assert "Images must be uint8 RGB" in page.text


def test_what_is_reached_without_a_leukocyte(comparison, tmp_path):
    table = comparison.table.assign(accuracy=[0.9, 0.84])
    found = dataclasses.replace(comparison, table=table)
    _, page = read(write_report(tmp_path / "r.html", found, controls=("svm",)))
    assert (
        "The control svm, which looks at no leukocyte, reads 0.840; the leukocytes add 6.0 points at most." in page.text
    )
    _, page = read(write_report(tmp_path / "r.html", found, controls=("linear",)))
    assert "linear is a control that looks at no leukocyte" in page.text
    _, page = read(write_report(tmp_path / "r.html", found))
    assert "looks at no leukocyte" not in page.text


def test_names_of_rows_stand_as_they_were_given(comparison, tmp_path):
    stress = comparison.stress.replace({"pipeline": {"svm": "my_svm"}})
    found = dataclasses.replace(comparison, stress=stress)
    _, page = read(write_report(tmp_path / "r.html", {"my_split": found, "other_split": found}))
    assert "my_svm" in page.text
    assert "my svm" not in page.text
    assert "my split" not in page.text


def test_bands_are_left_out_where_they_would_hide_each_other(fields, tmp_path):
    pipelines = {name: colour(LogisticRegression()) for name in "abcd"}
    options = {"cv": 2, "groups": fields.groups, "n_bootstrap": 20}
    for names, word in (("abc", "Bands: pointwise 95 %"), ("abcd", "Bands are drawn for 3 pipelines at most")):
        found = compare({name: pipelines[name] for name in names}, fields.images, fields.target, **options)
        _, page = read(write_report(tmp_path / "r.html", found))
        assert word in page.text


def test_level_with_the_next(comparison, tmp_path):
    level = dataclasses.replace(comparison, table=comparison.table.assign(accuracy=0.5))
    _, page = read(write_report(tmp_path / "r.html", level))
    assert "Level with svm" in page.text


def test_several_protocols(comparison, tmp_path):
    table = comparison.table.copy()
    table.loc[:, ["accuracy", "accuracy_low", "accuracy_high"]] = [0.5, 0.4, 0.6]
    strict = dataclasses.replace(comparison, table=table, notes=[])
    easy = dataclasses.replace(comparison, table=table.assign(accuracy=0.9))
    _, page = read(write_report(tmp_path / "r.html", {"random": easy, "unseen slides": strict}))
    assert "reads 0.500 (0.400–0.600) accuracy under unseen slides" in page.text
    assert "The split alone is worth 40.0 points: 0.900 under random, 0.500 under unseen slides." in page.text
    assert "random: Two groups stand on both sides." in page.text
    assert page.tags.count("h1") == 1


def test_the_same_input_gives_the_same_bytes(comparison, audit, fields, tmp_path):
    one, two = (
        write_report(tmp_path / f"{k}.html", comparison, audit, images=fields.images, date="d").read_bytes()
        for k in range(2)
    )
    assert one == two


def test_names_are_shown_and_never_markup(fields, tmp_path):
    names = np.array(EVIL, object)
    y = names[:4][fields.target % 4]
    pipelines = {EVIL[1]: colour(LogisticRegression()), EVIL[0]: colour(SVC())}
    groups = np.array([f"{g}{EVIL[2]}" for g in fields.groups])
    found = compare(pipelines, fields.images, y.astype(str), cv=2, groups=groups, n_bootstrap=20)
    found = dataclasses.replace(
        found, notes=list(EVIL), configuration={EVIL[0]: {EVIL[1]: EVIL[2]}, "pipelines": {EVIL[3]: EVIL[4]}}
    )
    files = []
    for k, image in enumerate(fields.images):
        files.append(str(tmp_path / f"'\"><img onerror=x {k}<b>.png"))
        cv2.imwrite(files[-1], image)
    findings = [Finding(name, "severe", name, images=np.arange(2), advice=name) for name in EVIL]
    audit = make_audit(findings, files[:5], error=pd.Series(EVIL, dtype=object), odd=pd.Series(EVIL, dtype=object))
    audit = dataclasses.replace(audit, verdict="\n- Severe: ".join(EVIL))
    path = write_report(
        tmp_path / "r.html", {EVIL[3]: found, EVIL[2]: found}, audit, images=files, title=EVIL[0], command=EVIL[1],
        date=EVIL[2],
    )  # fmt: skip
    text, page = read(path)
    assert not {"script", "b/"} & set(page.tags)
    named = [role for role in page.get("svg", "role") if role == "img"]
    keys = [hidden for hidden in page.get("svg", "aria-hidden") if hidden == "true"]
    assert page.tags.count("svg") == len(named) + len(keys), "a picture has a name, or is told in words beside it"
    assert not [key for _, key, _ in page.attributes if key.startswith("on")]
    assert all(source.startswith("data:image/jpeg;base64,") for source in page.get("img", "src"))
    for name in EVIL[:4]:
        assert name in page.text
    assert r"a\u202etxt.exe\x00\x1b[2J\ud800" in page.text
    assert not re.search("[\x00-\x08\x0e-\x1f\u202a-\u202e\ud800-\udfff]", text)


def test_worst_cases_are_the_most_certain_errors(comparison):
    rows = worst_rows(comparison.predictions, "linear", 5)
    own = comparison.predictions.query("pipeline == 'linear' and target != predicted")
    margins = [row[f"score_{row['predicted']}"] - row[f"score_{row['target']}"] for _, row in own.iterrows()]
    np.testing.assert_allclose(rows["margin"], sorted(margins, reverse=True)[:5])
    without = comparison.predictions.assign(**_without_scores(comparison, "linear"))
    assert len(worst_rows(without, "linear", 5)) == min(5, len(own))


def test_a_missing_image_is_named_and_the_report_written(comparison, fields, tmp_path):
    files = []
    for k, image in enumerate(fields.images):
        files.append(str(tmp_path / f"field {k}.png"))
        cv2.imwrite(files[-1], image)
    gone = int(worst_rows(comparison.predictions, comparison.table["accuracy"].idxmax(), 1)["row"].iloc[0])
    (tmp_path / f"field {gone}.png").unlink()
    _, page = read(write_report(tmp_path / "r.html", comparison, images=files, n_worst=3))
    assert f"field {gone}.png" in page.text
    assert len(page.get("img", "src")) == 2
    with pytest.raises(ValueError, match="images has 3 images; the comparison speaks of image"):
        write_report(tmp_path / "r.html", comparison, images=files[:3])


def test_a_worst_case_says_what_was_found_and_how_sure(comparison, fields, tmp_path):
    row = int(worst_rows(comparison.predictions, comparison.table["accuracy"].idxmax(), 1)["row"].iloc[0])
    found = LeukocyteSegmenter().transform(fields.images).smear(row)
    options = {"images": fields.images, "n_worst": 1}
    _, page = read(write_report(tmp_path / "r.html", comparison, segmenter=LeukocyteSegmenter(), **options))
    assert f"{found.n_cells} cell" in page.text
    assert f"confidence {found.confidence.min():.2f}" in page.text
    _, page = read(write_report(tmp_path / "r.html", comparison, **options))
    assert "the least sure" not in page.text


def test_no_errors_no_worst_cases(comparison, fields, tmp_path):
    right = comparison.predictions.assign(predicted=comparison.predictions["target"])
    perfect = dataclasses.replace(comparison, predictions=right)
    _, page = read(write_report(tmp_path / "r.html", perfect, images=fields.images))
    assert "Worst cases" not in page.text


def test_only_what_there_is(comparison, tmp_path, audit):
    alone = {
        name: getattr(comparison, name).query("pipeline == 'svm'")
        for name in ("table", "by_class", "by_fold", "predictions")
    }
    found = dataclasses.replace(
        comparison, **alone, pairs=comparison.pairs[:0], stress=None, notes=[], configuration={}
    )
    _, page = read(write_report(tmp_path / "r.html", found))
    for words in ("ahead of", "Paired tests", "Shortcut tests", "Before believing it", "Configuration", "Dataset"):
        assert words not in page.text
    untested = dataclasses.replace(comparison, pairs=comparison.pairs[:0])
    _, page = read(write_report(tmp_path / "r.html", untested))
    assert "no test of the difference was made" in page.text
    undecided = dataclasses.replace(comparison, pairs=comparison.pairs.assign(p=np.nan, p_corrected=np.nan))
    _, page = read(write_report(tmp_path / "r.html", undecided))
    assert "no test can say whether chance explains it" in page.text
    assert "no test of the difference was made" not in page.text
    _, page = read(write_report(tmp_path / "r.html", audit=audit))
    assert "Comparison" not in page.text
    for nothing in (None, {}, {"random folds": None}):
        with pytest.raises(ValueError, match="nothing to report"):
            write_report(tmp_path / "r.html", nothing)


def test_a_pipeline_without_scores_has_a_place_and_no_curve(fields, tmp_path):
    pipelines = {"linear": colour(LogisticRegression()), "guess": colour(NearestCentroid())}
    found = compare(pipelines, fields.images, fields.target, cv=2, n_bootstrap=20)
    found = dataclasses.replace(found, predictions=found.predictions.assign(**_without_scores(found, "guess")))
    _, page = read(write_report(tmp_path / "r.html", found, images=fields.images))
    assert "ROC curves" in page.text
    assert page.text.count("guess") > 3


def _without_scores(found, pipeline):
    scores = found.predictions.filter(like="score_")
    return scores.mask(found.predictions["pipeline"] == pipeline).to_dict("series")


@given(st.floats(0, 0.999), st.floats(1e-3, 1))
def test_ticks_lie_within(low, span):
    found = ticks(low, low + span)
    assert 2 <= len(found) <= 11
    assert (found >= low - 1e-9).all()
    assert (found <= low + span + 1e-9).all()


def test_a_comparison_shows_itself_in_a_notebook(comparison):
    page = Page(comparison._repr_html_())
    assert "Comparison of 2 pipelines, 2 folds" in page.text
    row = comparison.table.loc["svm"]
    assert f"svm{row['accuracy']:.3f}{row['accuracy_low']:.3f}–{row['accuracy_high']:.3f}" in page.text
    assert "groups right (vote)" in page.text
    for words in ("Two groups stand on both sides.", "Research use only; not a medical device.", "write_report"):
        assert words in page.text
    assert repr(comparison).startswith("Comparison of 2 pipelines, 2 folds\n")
    failures = pd.DataFrame({"row": [3], "name": [EVIL[0]], "reason": ["gone"]})
    page = Page(dataclasses.replace(comparison, notes=[], failures=failures)._repr_html_())
    assert "1 image could not be read or measured" in page.text
    without = comparison.table.assign(auc=np.nan, auc_low=np.nan, auc_high=np.nan)
    assert "AUC" not in Page(dataclasses.replace(comparison, table=without)._repr_html_()).text


def test_an_audit_shows_itself_in_a_notebook(audit):
    page = Page(audit._repr_html_())
    for words in ("It cannot be believed.", "Severe: Bars by class.", "Warning: 12 copies.", "No groups were given.",
                  "Passed (1): focus by class.", "Research use only; not a medical device.", "write_report"):  # fmt: skip
        assert words in page.text
    assert page.tags.count("li") == 2
    nothing = dataclasses.replace(audit, verdict="Nothing serious was found.", table=audit.table[1:])
    page = Page(nothing._repr_html_())
    assert "li" not in page.tags
    assert "Passed" not in page.text


def test_what_a_notebook_shows_is_never_markup(comparison, audit):
    table = comparison.table.set_axis([EVIL[0], EVIL[1]])
    bad = dataclasses.replace(audit, verdict="\n- Severe: ".join(EVIL), table=audit.table.assign(name=EVIL[3]))
    for shown in (dataclasses.replace(comparison, table=table, notes=list(EVIL)), bad):
        text = shown._repr_html_()
        page = Page(text)
        assert not {"script", "img", "svg", "style"} & set(page.tags)
        assert not [key for _, key, _ in page.attributes if key.startswith("on")]
        assert not re.search("[\x00-\x08\x0e-\x1f\u202a-\u202e\ud800-\udfff]", text)
        for name in EVIL[:4]:
            assert name in page.text


@settings(max_examples=30, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=30), st.sampled_from(EVIL)), min_size=4, max_size=4))
def test_no_text_loads_or_runs_anything(texts):
    one, two, three, four = texts
    frame = pd.DataFrame([[two, three]], columns=pd.Index([one, "x"], dtype=object), dtype=object)
    section = element("section", table(frame, caption=f"in {four}"), details(one, two), element("p", three, title=four))
    page = Page(whole_page(one, two, [Markup(element("b", three))], [escape(four)], [("a", one, section)]))
    plain = Page(whole_page("t", "d", [element("b", "c")], [escape("w")], [("a", "o", section_of_words())]))
    assert page.tags == plain.tags
    assert page.attributes[0] == plain.attributes[0]
    assert {key for _, key, _ in page.attributes} == {key for _, key, _ in plain.attributes}
    assert page.get("a", "href") == ["#a"]
    assert page.get("meta", "content")[0].startswith("default-src 'none'; img-src data:;")


def section_of_words():
    frame = pd.DataFrame({"a": ["b"], "x": ["c"]})
    return element("section", table(frame, caption="d"), details("a", "b"), element("p", "c", title="d"))


def test_the_policy_stands_before_anything_it_is_for():
    text = whole_page("t", "d", [], [], [])
    assert text.index("Content-Security-Policy") < min(text.index("<title"), text.index("<style"), text.index("<body"))
    assert "script-src" not in text
    assert "javascript:" not in text
