"""Columns chosen inside a set: which, in which order, and that nothing else of the set knows the difference."""

from __future__ import annotations

import logging
import pickle
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat.base import FeatureFamily
from leukofeat.baselines import read_pipeline
from leukofeat.evaluation import compare
from leukofeat.features import ColorFeatures, FeatureSet, FunctionFeatures, GeometryFeatures, TextureFeatures
from leukofeat.features.choice import choose
from tests.stages import Area, DarkSegmenter, MeanColor

FAMILIES = [GeometryFeatures(), TextureFeatures(circles=()), ColorFeatures(spaces=("lab",))]
CHOICES = [
    ["nucleus_haralick_*_mean"],
    ["nucleus_lab_a_mean", "cell_count"],
    ["nucleus_area_mean", "nucleus_haralick_energy_d1_range", "*_lab_?_std"],
    ["*"],
]


@pytest.mark.parametrize("columns", CHOICES, ids=str)
def test_a_choice_is_those_columns_of_the_whole_table(records, columns):
    whole = FeatureSet(FAMILIES).set_output(transform="pandas").fit_transform(records)
    chosen = FeatureSet(FAMILIES, columns=columns).set_output(transform="pandas").fit_transform(records)
    names = whole.columns[choose(whole.columns, columns)]
    assert chosen.columns.tolist() == names.tolist()
    assert chosen.to_numpy().tobytes() == np.ascontiguousarray(whole[names]).tobytes()
    features = FeatureSet(FAMILIES, columns=columns)
    assert features.get_feature_names_out().tolist() == names.tolist()
    np.testing.assert_array_equal(features.row(records[0]), chosen.iloc[0])


def test_the_thirteen_means(records):
    features = FeatureSet([TextureFeatures(regions=["nucleus"])], columns=["nucleus_haralick_*_mean"])
    assert features.fit_transform(records).shape == (len(records), 13)


@given(st.lists(st.text("abc*?", min_size=1, max_size=4), min_size=1, max_size=3))
def test_what_is_chosen_keeps_its_order_and_comes_once(columns):
    names = ["a", "ab", "abc", "b", "ca", "cab"]
    try:
        places = choose(names, columns)
    except ValueError:
        assert not all(any(fnmatchcase(name, column) for name in names) for column in columns)
    else:
        assert places == [i for i, name in enumerate(names) if any(fnmatchcase(name, column) for column in columns)]
        assert places


def test_names_are_taken_literally_first():
    assert choose(["area [px]", "area p"], ["area [px]"]) == [0, 1]
    assert choose(["Area", "area"], ["area"]) == [1]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            ["nucleus_haralik_contrast_d1_mean"],
            "'nucleus_haralik_contrast_d1_mean' matches none .*nucleus_haralick_contrast",
        ),
        (["cell_count", "*moon*"], r"'\*moon\*' matches none"),
        (["nucleus_area"], "did you mean 'nucleus_area_"),
        ([], "columns must be None or a list"),
        ("cell_count", "columns must be None or a list"),
        ([3], "columns must be None or a list"),
        ([""], "'' matches none"),
    ],
)
def test_what_matches_nothing_is_named_with_the_nearest(records, columns, message):
    features = FeatureSet(FAMILIES, columns=columns)
    for call in (lambda: features.fit(records), lambda: features.transform(records), features.get_feature_names_out):
        with pytest.raises(ValueError, match=message):
            call()
    assert "FeatureSet" in repr(features)
    assert "FeatureSet" in features._repr_html_()


@pytest.mark.parametrize("per", ["image", "cell"])
def test_any_number_of_workers_and_the_store_give_the_same(records, tmp_path, per):
    def measured(**options):
        features = FeatureSet(FAMILIES, columns=CHOICES[2], **options)
        table = features.transform(records) if per == "image" else features.measure_cells(records).iloc[:, 2:]
        return np.asarray(table, np.float64).tobytes()

    assert measured() == measured(n_jobs=2) == measured(memory=tmp_path) == measured(memory=tmp_path, n_jobs=2)


class Two(FeatureFamily):
    """A family that tells when it is asked, without changing itself."""

    def row_names(self):
        return ["a_1", "a_2"]

    def row(self, smear):
        logging.getLogger("two").warning("measured")
        return np.array([1.0, 2.0])


def test_other_columns_of_what_was_measured_are_not_measured_again(records, tmp_path, caplog):
    for column, value in (("a_2", 2.0), ("a_1", 1.0)):
        values = FeatureSet([Two()], columns=[column], memory=tmp_path).transform(records)
        assert values[:, 0].tolist() == [value] * len(records)
        assert caplog.messages == ["measured"] * len(records)


def test_a_family_of_which_nothing_is_kept_is_not_measured(records):
    def broken(smear):
        raise RuntimeError("measured")

    features = FeatureSet([FunctionFeatures(broken), Area()], columns=["n_cells"])
    assert features.transform(records)[:, 0].tolist() == [smear.n_cells for smear in records]


def test_cells_keep_what_goes_with_the_row(records):
    features = FeatureSet(FAMILIES, columns=["nucleus_area_mean", "nucleus_haralick_*_mean", "cell_count"])
    table = features.measure_cells(records)
    whole = FeatureSet(FAMILIES).measure_cells(records)
    names = [
        "nucleus_area",
        *(name for name in whole if name.startswith("nucleus_haralick_") and name.endswith("_mean")),
    ]
    assert table.columns[9:-4].tolist() == names == features.cell_names()
    pd.testing.assert_frame_equal(table, whole[table.columns])
    np.testing.assert_array_equal(features.cells(records[0]), table.loc[table["image"] == 0, names])


def test_cells_without_a_chosen_column(records):
    table = FeatureSet([Area(), MeanColor()], columns=["image_r_mean"]).measure_cells(records)
    assert table.columns[-5] == "confidence"
    assert len(table) == sum(smear.n_cells for smear in records)


def test_chosen_sets_nest(records):
    inner = FeatureSet([Area(), MeanColor()], columns=["nucleus_*", "image_g_mean"])
    outer = FeatureSet([FunctionFeatures(len_of, names=["size"]), inner], columns=["image_*", "size"])
    values = outer.transform(records)
    assert outer.get_feature_names_out().tolist() == ["size", "image_g_mean"]
    np.testing.assert_array_equal(values[:, 1], MeanColor().transform(records)[:, 1])
    np.testing.assert_array_equal(FeatureSet([inner]).transform(records), inner.transform(records))
    assert outer.measure_cells(records).columns[-5] == "confidence"
    assert inner.measure_cells(records).columns[-5] == "nucleus_area"


def len_of(smear):
    return smear.image.size


def test_columns_of_two_families_may_share_a_name_that_is_not_kept(records):
    families = [FunctionFeatures(len_of, names=["a"]), FunctionFeatures(len_of, names=["a"]), Area()]
    assert FeatureSet(families, columns=["n_cells"]).transform(records).shape[1] == 1
    with pytest.raises(ValueError, match="Two families"):
        FeatureSet(families, columns=["a"]).fit(records)


def test_no_image_has_no_row_and_an_unreadable_one_is_nan():
    features = FeatureSet([MeanColor(), Area()], columns=["image_b_mean"], on_error="nan")
    assert features.transform([]).shape == (0, 1)
    with pytest.warns(match="1 of 2"):
        values = features.transform([np.zeros((1, 1, 3), np.uint8), "missing.png"])
    assert np.isnan(values).tolist() == [[False], [True]]


def test_copies_and_searches(smears):
    features = FeatureSet([MeanColor(), Area()], columns=("image_*",))
    again = pickle.loads(pickle.dumps(clone(features)))
    assert again.get_params()["columns"] == ("image_*",)
    assert again.set_params(columns=None).get_feature_names_out().size == 5
    chain = make_pipeline(DarkSegmenter(), features, StandardScaler(), SVC())
    grid = {"featureset__columns": [["image_r_mean"], ["image_*", "n_cells"]]}
    search = GridSearchCV(chain, grid, cv=2, error_score="raise").fit(smears.images, smears.target)
    assert search.best_params_["featureset__columns"] in grid["featureset__columns"]


def test_pipelines_that_differ_by_their_columns_are_compared(smears):
    def chain(columns):
        features = FeatureSet([MeanColor(), Area()], columns=columns)
        return make_pipeline(DarkSegmenter(), features, SimpleImputer(), SVC())

    pipelines = {"red": chain(["image_r_mean"]), "all": chain(None), "count": chain(["n_cells"])}
    together = compare(pipelines, smears.images, smears.target, cv=2, n_bootstrap=10).predictions
    for name, pipeline in pipelines.items():
        alone = compare({name: pipeline}, smears.images, smears.target, cv=2, n_bootstrap=10).predictions
        mine = together[together["pipeline"] == name].reset_index(drop=True)
        pd.testing.assert_frame_equal(mine, alone.reset_index(drop=True))


def test_a_file_can_say_it(tmp_path):
    file = tmp_path / "own.toml"
    text = """
[[stage]]
class = "FeatureSet"
columns = ["image_lab_?_mean"]
[[stage.families]]
class = "ColorFeatures"
regions = ["image"]
[[stage]]
class = "sklearn.svm.SVC"
"""
    file.write_text(text)
    features = read_pipeline(file)[0]
    assert features.get_feature_names_out().tolist() == [f"image_lab_{c}_mean" for c in "lab"]
    file.write_text(text.replace("_lab_", "_lap_"))
    with pytest.raises(ValueError, match=r"own\.toml, stage 1 .*'image_lap_\?_mean' matches none"):
        read_pipeline(file)
