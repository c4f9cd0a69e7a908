"""What a stranger brings to check_feature, and what is done to the images there."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joblib import parallel_config
from sklearn.pipeline import make_pipeline

from leukofeat import Smear
from leukofeat.base import FeatureFamily
from leukofeat.deep import CNNEmbedding
from leukofeat.evaluation import check_defined, check_feature, check_moves
from leukofeat.evaluation.feature_checks.cases import odd_smears
from leukofeat.evaluation.feature_checks.changes import CHANGES, MASKS, Change, magnify_outlines
from leukofeat.evaluation.feature_checks.relations import background_r2, class_gain, closest_columns
from leukofeat.evaluation.optics import magnify
from leukofeat.features import FeatureSet, FunctionFeatures, GeometryFeatures, HOGFeatures
from leukofeat.preprocessing import MedianDenoiser
from leukofeat.segmentation import LabKMeansSegmenter


def area(smear):
    return (smear.nuclei > 0).sum()


def findings(report):
    return report.findings["finding"].tolist()


# --- functions -----------------------------------------------------------------------------------------------------


def test_a_function_that_raises_on_some_images_is_checked_on_the_others(records):
    def fussy(smear):
        if smear.n_cells == 3:
            raise KeyError("three")
        return smear.image.mean()

    report = check_feature(fussy, records)
    assert "KeyError: 'three'" in findings(report)[0]
    assert "image 1" in findings(report)[0]
    assert 0 < report.table.loc["fussy", "nan"] < 1
    assert report.failures == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda smear: (1.0, 2.0), "give names= one for each number"),
        (lambda smear: "red", "must return a number"),
        (lambda smear: None, "must return a number"),
        (lambda smear: smear.image.__setitem__(0, 1), "read-only"),
        (lambda smear: np.float64(1) / area(smear), "is infinite on cell without nucleus, no cell"),
        (lambda smear: 3, "is 3 everywhere"),
        (lambda smear: np.nan, "has no value"),
    ],
)
def test_what_a_function_must_not_return(records, answer, words):
    report = check_feature(FunctionFeatures(answer, names=["own"]), records)
    assert any(words in finding for finding in findings(report))
    assert not report.passed


def test_yes_or_no_is_a_number(records):
    def is_large(smear):
        return area(smear) > 900

    assert check_defined(is_large, records).passed


@pytest.mark.parametrize(
    ("feature", "error", "words"),
    [
        (lambda smear: 1, ValueError, "FunctionFeatures"),
        (GeometryFeatures, TypeError, r"as GeometryFeatures\(\)"),
        (3, TypeError, "function of a Smear or a feature family"),
        (make_pipeline(GeometryFeatures()), TypeError, "segmenter="),
        (FunctionFeatures(area, names=[]), ValueError, "names"),
        (CNNEmbedding("nothing.onnx"), FileNotFoundError, "nothing.onnx"),
    ],
)
def test_what_is_no_feature(records, feature, error, words):
    with pytest.raises(error, match=words):
        check_feature(feature, records)


def test_a_family_that_has_to_be_fitted_is_fitted_and_left_as_it_was(records):
    class Centred(FeatureFamily):
        requires_fit = True

        def learn(self, images, y):
            self.level_ = np.mean([smear.image.mean() for smear in images])

        def row_names(self):
            return ["centred"]

        def row(self, smear):
            return np.array([smear.image.mean() - self.level_])

    family = Centred()
    report = check_feature(family, records, checks=["same"])
    assert report.passed
    assert not hasattr(family, "level_")


# --- images, classes, groups ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2])
def test_few_images_say_what_was_not_tested(records, n):
    report = check_feature(area, records[:n])
    assert len(report.findings) == 0
    said = " ".join(report.notes)
    for word in ("background", "Repetition", "move"):
        assert word in said


def test_images_that_cannot_be_read_are_left_out_and_named(records):
    report = check_feature(area, ["nope.png", *records], checks=["defined", "same"])
    assert [failure.name for failure in report.failures] == ["nope.png"]
    assert "nope.png" in report.notes[-1]
    assert report.table.loc["area", "nan"] == 0


def test_unsegmented_images_are_segmented(smears):
    def cells(smear):
        return smear.n_cells

    own = check_feature(cells, smears.images, segmenter=LabKMeansSegmenter(), checks=["defined"])
    assert own.table.loc["cells", "nan"] == 0
    assert check_feature(cells, smears.images[:2], checks=["defined"]).table.loc["cells", "nan"] == 0


def test_without_any_cell(records):
    empty = [Smear(smear.image, np.zeros(smear.cells.shape, np.int32)) for smear in records]
    report = check_feature(GeometryFeatures(), empty, checks=["defined", "same", "moves"])
    assert "No cell was found" in report.notes[-1]
    assert "has no value (NaN) in any of 8 images" in " ".join(findings(report))
    with pytest.raises(ValueError, match="No cell was found in 8 images"):
        check_feature(GeometryFeatures(), empty, per="cell")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"X": []}, "X holds no image"),
        ({"X": ["nope.png"]}, r"None of the 1 images .* nope.png"),
        ({"y": np.zeros(8)}, "All 8 images are of one class"),
        ({"y": [0, 1]}, "8 images and 2 values of y"),
        ({"groups": ["a"] * 7}, "8 images and 7 values of groups"),
        ({"per": "cells"}, "per must be one of 'image', 'cell'"),
        ({"per": "cell"}, "no columns of single cells"),
        ({"claims": {"turn": "any"}}, "claims must be a dict with some of the keys rotation, scale, stain"),
        ({"claims": {"rotation": "all"}}, r"claims\['rotation'\] must be one of 'any'"),
        ({"limits": {"blur": 1}}, "limits must be a dict with some of the keys moves"),
        ({"limits": {"moves": -1}}, r"limits\['moves'\] must be"),
        ({"checks": ["defined", "all"]}, "checks must be some of defined"),
        ({"checks": []}, "checks must be some of defined"),
        ({"n_images": 0}, "n_images must be"),
        ({"reference": 3}, "reference must be a function of a Smear or a feature family"),
        ({"segmenter": 3}, "segmenter must be a stage that segments"),
        ({"X": "field.png"}, "pass a list of paths"),
    ],
)
def test_errors_say_what_to_do(records, options, words):
    with pytest.raises((ValueError, TypeError), match=words):
        check_feature(**{"f": area, "X": records, **options})


def test_a_stage_that_does_not_segment(smears):
    with pytest.raises(ValueError, match=r"MedianDenoiser\(\) does not segment"):
        check_feature(area, smears.images, segmenter=MedianDenoiser())


def test_one_group_and_words_for_classes(smears, records):
    y = np.asarray(smears.target_names)[smears.target]
    report = check_feature(area, records, y, np.zeros(8), reference=HOGFeatures(), checks=["gain", "background"])
    assert any("fewer than two images, or groups" in note for note in report.notes)
    assert any("two groups" in note for note in report.notes)


def test_tables_as_images_and_classes_and_nothing_to_compare_with(smears, paths):
    table = pd.DataFrame(
        {"path": paths, "label": np.asarray(smears.target_names)[smears.target]}, index=list("abcdefgh")
    )
    report = check_feature(area, table[["path"]], table["label"], reference=[], checks=["gain", "repeats", "defined"])
    assert 0.5 <= report.table.loc["area", "auc"] <= 1
    assert report.failures == []


def test_sizes_may_differ(records):
    others = [*records, Smear(np.zeros((1, 1, 3), np.uint8), np.ones((1, 1), int)), odd_smears()["many cells"]]
    report = check_feature(FeatureSet([GeometryFeatures(), HOGFeatures()]), others, checks=["defined", "same", "moves"])
    assert set(report.findings["severity"]) <= {"warning", "note"}
    assert report.moves.shape == (113, 17)


def test_workers_do_not_matter(records):
    with parallel_config(backend="threading", n_jobs=3):
        threaded = check_moves(GeometryFeatures(), [*records, *records[:4]])
    pd.testing.assert_frame_equal(threaded.moves, check_moves(GeometryFeatures(), [*records, *records[:4]]).moves)


def test_only_so_many_images_are_changed(records):
    seen = []

    def watched(smear):
        seen.append(1)
        return area(smear)

    check_moves(watched, records, n_images=2)
    assert len(seen) == 8 + 2 * 18


def test_tables_for_print_and_notebook(records):
    def tag(smear):
        return (smear.nuclei == 1).sum()

    report = check_feature(FunctionFeatures(tag, names=["<b>tag"]), records)
    assert repr(report).startswith("check_feature: 1 column, 1 severe")
    assert "depends on the numbering" in repr(report)
    page = report._repr_html_()
    assert page.count("<table") == 2
    assert "&lt;b&gt;tag" in page
    assert "<b>tag" not in page


# --- changes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_the_same_twice_travels_and_takes_any_field(name):
    for case, smear in odd_smears().items():
        change = Change(name, 3)
        first, second = change(smear), pickle.loads(pickle.dumps(change))(smear)
        np.testing.assert_array_equal(first.image, second.image)
        np.testing.assert_array_equal(first.cells, second.cells)
        assert set(first.label_ids.tolist()) <= set(smear.label_ids.tolist()), case
        assert first.image.dtype == np.uint8


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_outlines_move_by_one_pixel_and_no_cell_takes_from_another(seed):
    rng = np.random.default_rng(seed)
    cells = np.kron(rng.integers(0, 4, (5, 6)), np.ones((3, 3), int))
    cells = np.where(rng.random(cells.shape) < 0.1, 0, cells)
    nuclei = np.where(rng.random(cells.shape) < 0.5, cells, 0)
    smear = Smear(np.zeros((*cells.shape, 3), np.uint8), nuclei, cells)
    for name in MASKS:
        moved = Change(name)(smear)
        ids, before = np.append(0, moved.label_ids), np.append(0, smear.label_ids)
        now, then = ids[moved.cells], before[smear.cells]
        assert ((now == then) | (now == 0) | (then == 0)).all()
        nucleus_now, nucleus_then = ids[moved.nuclei], before[smear.nuclei]
        if name.endswith("+1 px"):
            assert (now >= then).all() or ((now == then) | (then == 0)).all()
            assert (nucleus_now[nucleus_then > 0] == nucleus_then[nucleus_then > 0]).all()
        else:
            assert (nucleus_now[nucleus_then == 0] == 0).all()


def test_a_cell_that_gets_smaller_than_a_pixel_is_gone_and_the_others_keep_their_names():
    cells = np.zeros((40, 40), np.int32)
    cells[1:11, 1:11], cells[20, 22], cells[28:38, 28:38] = 5, 6, 9
    for smaller in (magnify, magnify_outlines):
        smear = smaller(Smear(np.zeros((40, 40, 3), np.uint8), cells), 0.5)
        assert smear.label_ids.tolist() == [5, 9]
        assert [int((smear.cells == i).sum()) for i in (1, 2)] == pytest.approx([25, 25], abs=3)


# --- relations -----------------------------------------------------------------------------------------------------


def test_missing_values_neither_make_nor_hide_a_relation():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 3))
    copy = np.exp(x[:, [1]])
    copy[::9] = np.nan
    holed = x.copy()
    holed[::9, 1] = np.nan
    index, size = closest_columns(copy, holed)
    assert (index[0], round(size[0], 6)) == (1, 1.0)
    assert background_r2(copy, holed)[0] > 0.9
    assert np.isnan(closest_columns(np.ones((20, 1)), x[:20])[1][0])


def test_noise_is_neither_predicted_nor_a_gain():
    rng = np.random.default_rng(0)
    noise, base, y = rng.normal(size=(120, 50)), rng.normal(size=(120, 200)), np.arange(120) % 3
    base[:, 0] += 2 * y
    assert (background_r2(noise, base[:, :15]) < 0.15).all()
    found = class_gain(noise, base, y, np.arange(120) // 4)
    assert np.median(found.gain) < 0.2
    assert (found.low > 0).mean() < 0.1
