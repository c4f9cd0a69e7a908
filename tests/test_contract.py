"""What scikit-learn and joblib may ask of a stage, asked of every public stage."""

from __future__ import annotations

import inspect
import pickle
import re
import tempfile
import warnings

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from leukofeat import ImageSequence, Smear
from leukofeat.base import FeatureFamily, ImageStage
from leukofeat.constraints import EachIn, Number
from leukofeat.features import ColorFeatures, FeatureSet, GeometryFeatures, HOGFeatures
from leukofeat.preprocessing import ColorNormalizer, MedianDenoiser
from leukofeat.segmentation import Cleanup, LabKMeansSegmenter
from tests.cases import CASES, FAMILIES, IMAGE_STAGES, Case, public_stages
from tests.stages import Darker, MeanColor

every = pytest.mark.parametrize("case", CASES, ids=repr)
families = pytest.mark.parametrize("case", FAMILIES, ids=repr)
image_stages = pytest.mark.parametrize("case", IMAGE_STAGES, ids=repr)


def output(stage: ImageStage | FeatureFamily, X: object) -> list[np.ndarray]:
    """What the stage makes of X, as plain arrays."""
    result = stage.transform(X)
    if not isinstance(result, ImageSequence):
        return [np.asarray(result)]
    parts = []
    for item in result:
        parts += [item] if isinstance(item, np.ndarray) else [item.image, item.nuclei, item.cells]
    return parts


def assert_same(first: list[np.ndarray], second: list[np.ndarray]) -> None:
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def fitted(case: Case, X: object) -> ImageStage | FeatureFamily:
    return clone(case.stage).fit(case.prepare(X))


def test_every_public_stage_is_under_contract():
    missing = public_stages() - {type(case.stage) for case in CASES}
    assert not missing, f"add an entry to tests/cases.py for {sorted(stage.__name__ for stage in missing)}"


@every
def test_clone_and_parameters(case):
    stage = clone(case.stage)
    assert repr(stage.set_params(**stage.get_params())) == repr(case.stage)
    stage.set_params(**case.other)
    for name, value in case.other.items():
        assert stage.get_params()[name] == value
        assert repr(case.stage.get_params()[name]) != repr(value), "the original is not touched"
    with pytest.raises(ValueError, match="Invalid parameter 'no_such_thing'"):
        stage.set_params(no_such_thing=1)


def numbers_of(stage: ImageStage | FeatureFamily) -> dict[str, Number]:
    """The parameters that are numbers, or lists of them, and what they may be."""
    declared = {
        name: next((rule for rule in rules if isinstance(rule, Number)), None)
        for name, rules in stage._parameter_constraints.items()
    }
    return {name: rule for name, rule in declared.items() if rule is not None and name in stage.get_params(deep=False)}


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan, True, np.True_, 1j, "1"])
@every
def test_what_is_no_finite_number_is_refused(case, bad):
    for name, rule in numbers_of(case.stage).items():
        value = [bad] * (rule.size or 1) if isinstance(rule, EachIn) else bad
        stage = clone(case.stage).set_params(**{name: value})
        with pytest.raises((ValueError, TypeError), match=name):
            stage.fit([])


@every
def test_bools_may_be_numpys(case):
    """As a search over np.array([True, False]) gives them."""
    stage = clone(case.stage)
    flags = {name: value for name, value in stage.get_params(deep=False).items() if isinstance(value, bool)}
    stage.set_params(**{name: np.bool_(value) for name, value in flags.items()}).check_params()
    for name in flags.keys() & stage._parameter_constraints:
        with pytest.raises(ValueError, match=name):
            clone(case.stage).set_params(**{name: "no"}).check_params()


def test_numbers_are_declared_as_such():
    """A parameter with a number for a default is held to what a number may be."""
    for case in CASES:
        given = {
            name: value
            for name, value in case.stage.get_params(deep=False).items()
            if name not in ("n_jobs", "verbose")
        }
        numbers = {
            name for name, value in given.items() if isinstance(value, (int, float)) and not isinstance(value, bool)
        }
        assert numbers <= set(numbers_of(case.stage)), type(case.stage).__name__


@every
def test_init_stores_and_does_nothing_else(case):
    names = list(inspect.signature(type(case.stage)).parameters)
    marks = {name: object() for name in names}
    stage = type(case.stage)(**marks)
    assert vars(stage) == marks


@every
def test_every_parameter_is_documented(case):
    text = inspect.getdoc(type(case.stage))
    for name in inspect.signature(type(case.stage)).parameters:
        assert re.search(rf"^(\w+, )*{name}(, \w+)*( : .*)?$", text, re.MULTILINE), f"{name} is not in the docstring"


@every
def test_it_can_be_shown(case):
    assert repr(case.stage).startswith(type(case.stage).__name__)
    assert type(case.stage).__name__ in case.stage._repr_html_()


@every
def test_tags(case):
    tags = get_tags(case.stage)
    assert tags.requires_fit == case.learns
    assert tags.no_validation
    assert tags.transformer_tags is not None
    assert tags.target_tags.required is False


@every
def test_fit_returns_self_and_changes_no_parameter(case, smears):
    stage = clone(case.stage)
    before = stage.get_params(deep=False)
    assert stage.fit(case.prepare(smears.images), smears.target) is stage
    after = stage.get_params(deep=False)
    assert all(after[name] is before[name] for name in before)
    learned = set(vars(stage)) - set(before)
    assert all(name.endswith("_") for name in learned)
    assert bool(learned) == case.learns
    check_is_fitted(stage)


@every
def test_fit_is_needed_only_where_something_is_learned(case, smears):
    X = case.prepare(smears.images)
    if case.learns:
        pytest.skip("learns: see test_color_normalizer")
    assert_same(output(clone(case.stage), X), output(fitted(case, smears.images), X))


@every
def test_paths_arrays_stacks_and_frames_give_the_same(case, smears, paths):
    stage = fitted(case, smears.images)
    expected = output(stage, case.prepare(smears.images))
    for X in (paths, np.stack(smears.images), pd.DataFrame({"path": paths}), pl.Series(paths), np.array(paths)):
        assert_same(output(fitted(case, X), case.prepare(X)), expected)
        assert_same([np.asarray(x) for x in output(stage, case.prepare(X))], expected)


@every
def test_memory_layout_does_not_matter(case, smears):
    X = [np.asfortranarray(image) for image in smears.images[:3]]
    assert_same(
        output(fitted(case, X), case.prepare(X)),
        output(fitted(case, smears.images[:3]), case.prepare(smears.images[:3])),
    )


@every
def test_rows_do_not_depend_on_each_other(case, smears):
    stage = fitted(case, smears.images)
    X = case.prepare(smears.images)
    order = [3, 1, 1]
    whole, part = stage.transform(X), stage.transform(case.prepare([smears.images[i] for i in order]))
    for position, i in enumerate(order):
        a, b = (x if isinstance(x, np.ndarray) else x.image for x in (whole[i], part[position]))
        np.testing.assert_array_equal(a, b)


@every
def test_pickle(case, smears):
    X = case.prepare(smears.images)
    stage = fitted(case, smears.images)
    again = pickle.loads(pickle.dumps(stage))
    assert repr(again) == repr(stage)
    assert_same(output(again, X), output(stage, X))


@every
def test_no_image_gives_no_row(case, smears, paths):
    stage = fitted(case, smears.images)
    for X in ([], pd.DataFrame({"path": paths}).iloc[:0], np.empty((0, 8, 8, 3), np.uint8)):
        result = stage.transform(case.prepare(X))
        assert len(result) == 0
        if case.is_family:
            assert result.shape == (0, len(stage.get_feature_names_out()))
    if not case.learns:
        clone(case.stage).fit([])


@every
def test_parameters_matter(case, smears):
    if not case.other:
        pytest.skip("has no parameter")
    X = case.prepare(smears.images)
    first = fitted(case, smears.images)
    second = clone(case.stage).set_params(**case.other).fit(X)
    a, b = output(first, X), output(second, X)
    assert any(x.shape != y.shape or not np.array_equal(x, y, equal_nan=True) for x, y in zip(a, b, strict=True))


@image_stages
def test_a_sequence_keeps_the_parameters_it_was_made_with(case, smears):
    X = case.prepare(smears.images)
    stage = fitted(case, smears.images)
    sequence = stage.transform(X)
    expected = output(stage, X)
    stage.set_params(**case.other)
    again = [
        x
        for item in sequence
        for x in ([item] if isinstance(item, np.ndarray) else [item.image, item.nuclei, item.cells])
    ]
    assert_same(again, expected)


@image_stages
@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_images_are_no_table_under_any_configuration(case, container, smears):
    X = case.prepare(smears.images[:1])
    with sklearn.config_context(transform_output=container):
        assert isinstance(clone(case.stage).fit_transform(X, [0]), ImageSequence)
        assert isinstance(fitted(case, smears.images[:1]).transform(X), ImageSequence)


@image_stages
def test_image_stages_know_their_one_column(case):
    assert case.stage.get_feature_names_out().tolist() == ["image"]
    assert clone(case.stage).set_output(transform="pandas").get_params(deep=False).keys() == (
        case.stage.get_params(deep=False).keys()
    )


@pytest.mark.parametrize(
    ("base", "call"),
    [
        (ImageStage, lambda stage: stage.transform([np.zeros((2, 2, 3), np.uint8)])[0]),
        (FeatureFamily, lambda stage: stage.get_feature_names_out()),
        (FeatureFamily, lambda stage: stage.row(Smear(np.zeros((2, 2, 3), np.uint8)))),
    ],
    ids=["apply", "row_names", "row"],
)
def test_a_hook_that_is_missing_is_named(base, call, request):
    class Unfinished(base):
        pass

    hook = request.node.callspec.id
    with pytest.raises(NotImplementedError, match=rf"Unfinished has to define {hook}\("):
        call(Unfinished())


@families
def test_names_of_features(case, smears):
    stage = clone(case.stage)
    names = stage.get_feature_names_out()
    values = stage.fit_transform(case.prepare(smears.images))
    assert values.shape == (8, len(names))
    assert values.dtype == np.float64
    assert names.dtype == object
    assert len(set(names)) == len(names)
    for name in names:
        assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name), name
    assert not np.isinf(values).any()
    assert not np.isnan(values).all(axis=0).any(), "a column that is never known"


@families
def test_cells_agree_with_their_names(case, smears):
    names = case.stage.cell_names()
    for smear in case.prepare(smears.images):
        if not isinstance(smear, Smear):
            continue
        cells = case.stage.cells(smear)
        assert cells.shape == (smear.n_cells, len(names))
        assert cells.dtype == np.float64


@families
def test_table_output(case, smears):
    X = case.prepare(pd.DataFrame({"image": smears.images}, index=list("hgfedcba")))
    plain = clone(case.stage).fit_transform(X)
    names = case.stage.get_feature_names_out().tolist()
    table = clone(case.stage).set_output(transform="pandas").fit_transform(X)
    assert table.columns.tolist() == names
    assert table.index.tolist() == list("hgfedcba")
    np.testing.assert_array_equal(table.to_numpy(), plain)
    table = clone(case.stage).set_output(transform="polars").fit_transform(X)
    assert isinstance(table, pl.DataFrame)
    assert table.columns == names
    np.testing.assert_array_equal(table.to_numpy(), plain)
    with sklearn.config_context(transform_output="pandas"):
        assert isinstance(clone(case.stage).fit_transform(X), pd.DataFrame)


@families
def test_any_number_of_workers_gives_the_same_bytes(case, paths):
    X = case.prepare(paths)
    one = clone(case.stage).fit_transform(X)
    with joblib.parallel_config(n_jobs=2):
        two = clone(case.stage).fit_transform(X)
    assert one.tobytes() == two.tobytes()


def recipe(n_jobs: int | None = None) -> Pipeline:
    return make_pipeline(
        ColorNormalizer(),
        MedianDenoiser(),
        LabKMeansSegmenter(rank="a", cleanup=Cleanup(clear_border=False, min_area=30)),
        FeatureSet([GeometryFeatures(), HOGFeatures(), ColorFeatures()], n_jobs=n_jobs),
        SimpleImputer(keep_empty_features=True),
        StandardScaler(),
        SVC(),
    )


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_whole_pipelines_give_tables(kind, paths):
    frame = pd.DataFrame({"path": paths}, index=list("hgfedcba"))
    stages = recipe()[:-1].set_output(transform=kind)
    table = stages.fit_transform(frame)
    assert list(table.columns) == stages.get_feature_names_out().tolist()
    if kind == "pandas":
        assert recipe()[:-3].set_output(transform=kind).fit_transform(frame).index.tolist() == list("hgfedcba")


def test_workers_of_a_feature_set_give_the_same_bytes(paths, smears):
    one, two = (recipe(n_jobs)[:-1].fit_transform(paths) for n_jobs in (1, 2))
    assert one.tobytes() == two.tobytes()
    segmented = LabKMeansSegmenter(rank="a", cleanup=Cleanup(clear_border=False)).transform(paths)
    tables = [FeatureSet([GeometryFeatures(), ColorFeatures()], n_jobs=n).measure_cells(segmented) for n in (1, 2)]
    assert len(tables[0])
    pd.testing.assert_frame_equal(*tables, check_exact=True)


@pytest.mark.parametrize("source", ["paths", "images"])
def test_cross_validate(source, smears, paths):
    X = paths if source == "paths" else smears.images
    y, groups = np.tile([0, 1], 4), np.repeat(np.arange(4), 2)
    one, two = (
        cross_validate(recipe(), X, y, groups=groups, cv=GroupKFold(2), n_jobs=n_jobs, error_score="raise")
        for n_jobs in (1, 2)
    )
    np.testing.assert_array_equal(one["test_score"], two["test_score"])
    assert one["test_score"].shape == (2,)


def test_cross_validate_on_a_lazy_sequence_equals_that_on_a_list(smears, paths):
    y = smears.target % 2
    lazy = Darker().transform(paths)
    a, b = (cross_validate(recipe(), X, y, cv=2, error_score="raise")["test_score"] for X in (lazy, list(lazy)))
    np.testing.assert_array_equal(a, b)


def test_grid_search_over_stages(smears, paths):
    grid = {
        "colornormalizer__method": ["template", "reinhard"],
        "labkmeanssegmenter__n_clusters": [3, 4],
        "featureset__geometryfeatures__summary": [("mean",), ("max", "min")],
        "featureset__hogfeatures": [HOGFeatures(regions=("image",))],
    }
    search = GridSearchCV(recipe(), grid, cv=2, error_score="raise").fit(paths, smears.target % 2)
    assert len(search.cv_results_["params"]) == 8
    assert search.predict(smears.images).shape == (8,)
    assert search.best_estimator_[3].families[0].summary == search.best_params_["featureset__geometryfeatures__summary"]


def test_pipeline_memory(smears, paths):
    expected = recipe().fit(paths, smears.target).decision_function(paths)
    with tempfile.TemporaryDirectory() as folder:
        for X in (paths, paths, smears.images):
            cached = recipe().set_params(memory=folder).fit(X, smears.target)
            np.testing.assert_array_equal(cached.decision_function(X), expected)


def test_feature_union(smears, paths):
    parts = [("hog", HOGFeatures(regions=("image",))), ("color", ColorFeatures(regions=("image",)))]
    together = FeatureSet([part for _, part in parts]).fit_transform(paths)
    for n_jobs in (None, 2):
        np.testing.assert_array_equal(FeatureUnion(parts, n_jobs=n_jobs).fit_transform(paths), together)
    union = FeatureUnion(parts, verbose_feature_names_out=False).set_output(transform="pandas")
    table = union.fit_transform(pd.DataFrame({"path": paths}, index=list("hgfedcba")))
    assert table.index.tolist() == list("hgfedcba")
    assert table.columns.tolist() == FeatureSet([part for _, part in parts]).get_feature_names_out().tolist()


@pytest.mark.parametrize("columns", ["image", ["image"]])
@pytest.mark.parametrize("content", ["paths", "images"])
def test_column_transformer(columns, content, smears, paths):
    frame = pd.DataFrame(
        {"image": paths if content == "paths" else smears.images, "age": range(8)}, index=list("hgfedcba")
    )
    chain = make_pipeline(Darker(), MeanColor())
    both = ColumnTransformer([("cells", chain, columns), ("rest", "passthrough", ["age"])])
    values = both.fit_transform(frame)
    np.testing.assert_array_equal(values[:, :3], chain.transform(smears.images))
    table = both.set_output(transform="pandas").fit_transform(frame)
    assert table.index.tolist() == list("hgfedcba")
    assert table.columns.tolist() == [
        "cells__image_r_mean",
        "cells__image_g_mean",
        "cells__image_b_mean",
        "rest__age",
    ]


def test_a_pipeline_as_a_whole_can_be_pickled_and_shown(smears):
    model = recipe().fit(smears.images, smears.target)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.decision_function(smears.images), model.decision_function(smears.images))
    assert "LabKMeansSegmenter" in model._repr_html_()


def test_good_images_cause_no_warning(smears):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        recipe().fit(smears.images, smears.target).predict(smears.images)
