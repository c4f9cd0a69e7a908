import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold, cross_validate

from leukofeat.baselines import make_baseline
from leukofeat.baselines.registry import STANDALONE
from leukofeat.calibration import CalibratedClassifier, group_params
from leukofeat.datasets import make_smears
from leukofeat.evaluation import compare
from leukofeat.features import FunctionFeatures
from leukofeat.preprocessing.scale_bar import draw_scale_bar
from leukofeat.store import Store


@pytest.mark.parametrize("name", STANDALONE)
def test_every_baseline_fits_and_predicts(name, smears):
    pipeline = make_baseline(name)
    fitted = clone(pipeline).fit(smears.images, smears.target)
    behind = list(pipeline.named_steps)[list(pipeline.named_steps).index("featureset") + 1 :]
    assert set(fitted.predict(smears.images)) <= set(smears.target)
    if isinstance(pipeline[-1], CalibratedClassifier):
        assert behind == ["calibratedclassifier"]  # what is supervised lies inside
        assert np.mean(fitted.predict(smears.images) == smears.target) > 0.5


@pytest.fixture(scope="module")
def fields():
    return make_smears(n_samples=24, size=96, n_slides=12, random_state=1)


SCORERS = ["roc_auc_ovr", "neg_log_loss", "neg_brier_score", "accuracy"]


@pytest.mark.parametrize("name", [n for n in STANDALONE if isinstance(make_baseline(n)[-1], CalibratedClassifier)])
def test_probabilities_for_every_scorer_and_search(name, fields):
    """With and without groups, and in a search over C."""
    pipeline, slides = make_baseline(name), fields.groups
    grouped = cross_validate(
        pipeline, fields.images, fields.target, groups=slides, params={"calibratedclassifier__groups": slides},
        scoring=SCORERS, cv=StratifiedGroupKFold(2), error_score="raise", return_estimator=True,
    )  # fmt: skip
    X = grouped["estimator"][0][:-1].transform(fields.images)
    scores = cross_validate(pipeline[-1], X, fields.target, scoring=SCORERS, cv=2, error_score="raise")
    for found in (scores, grouped):
        assert all(np.isfinite(found[f"test_{scorer}"]).all() for scorer in SCORERS)
    gated = "near" in pipeline[-1].estimator.get_params()
    cost = "estimator__near__logisticregression__C" if gated else "estimator__svc__C"
    search = GridSearchCV(
        pipeline[-1], {cost: [0.001, 1]}, scoring=SCORERS, refit="neg_log_loss",
        cv=StratifiedGroupKFold(2), error_score="raise",
    ).fit(X, fields.target, groups=slides)  # fmt: skip
    for scorer in SCORERS:
        assert np.isfinite(search.cv_results_[f"mean_test_{scorer}"]).all()
    verdicts = search.best_estimator_.estimator_.predict(X)
    np.testing.assert_array_equal(search.predict(X), verdicts)
    np.testing.assert_array_equal(search.predict_proba(X).argmax(axis=1), verdicts)


def test_c_is_reached_in_the_whole_pipeline(fields):
    grid = {"calibratedclassifier__estimator__svc__C": [1e-9, 10]}
    search = GridSearchCV(make_baseline("four_colors"), grid, scoring="roc_auc_ovr", cv=StratifiedGroupKFold(2))
    search.fit(fields.images, fields.target, **group_params(search, fields.groups))
    assert search.best_estimator_[-1].estimator_[-1].C in (1e-9, 10)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_with_a_memory_a_search_measures_each_image_once(fields, tmp_path):
    grid, cv = {"calibratedclassifier__estimator__near__logisticregression__C": [0.1, 10]}, StratifiedGroupKFold(2)
    searches = [
        GridSearchCV(make_baseline("leukofeat_svm", memory=memory), grid, scoring="neg_log_loss", cv=cv).fit(
            fields.images, fields.target, groups=fields.groups
        )
        for memory in (tmp_path, None)
    ]
    kept, plain = (search.cv_results_["mean_test_score"] for search in searches)
    np.testing.assert_array_equal(kept, plain)
    rows = Store(tmp_path).table().query("kind == 'row'")
    assert rows["records"].tolist() == [len(fields.images)] * len(rows)


def test_compare_tells_how_good_the_probabilities_are(fields):
    pipelines = {name: make_baseline(name) for name in STANDALONE}
    table = compare(pipelines, fields.images, fields.target, cv=2, groups=fields.groups, n_bootstrap=10).table
    assert np.isfinite(table[["brier", "calibration_error", "auc"]]).all(axis=None)


def test_the_published_recipe_runs_on_segmented_images_too(smears):
    pipeline = make_baseline("jin2023_svm", segmented=True, C=10)
    assert pipeline[-1].estimator[-1].C == 10
    assert pipeline.fit(smears.images, smears.target).predict(smears.images).shape == smears.target.shape


def test_the_scale_bar_strip_is_not_read_where_there_are_bars(smears):
    barred = [draw_scale_bar(image, "black") for image in smears.images]
    pipeline = make_baseline("leukofeat_svm").fit(barred, smears.target)
    painted = []
    for image in smears.images:
        copy = image.copy()
        copy[-round(0.125 * len(copy)) :] = (255, 0, 0)
        painted.append(copy)
    np.testing.assert_array_equal(pipeline.predict_proba(smears.images), pipeline.predict_proba(painted))


def test_the_background_control_does_not_see_the_leukocytes(records, rng):
    """Other pixels inside the cells change nothing in what the control measures."""
    masker, features = make_baseline("no_leukocytes")[2:4]
    other = []
    for record in records:
        image = record.image.copy()
        image[record.cells > 0] = rng.integers(0, 120, (np.count_nonzero(record.cells), 3))
        other.append(record.replace(image=image))
    np.testing.assert_array_equal(
        features.transform(masker.transform(records)), features.transform(masker.transform(other))
    )


@pytest.mark.parametrize("red_cells", ["none", "ratio"])
def test_form_and_colour_apart_are_all_columns_but_those_of_red_cells(red_cells):
    pipeline = make_baseline("leukofeat_svm", red_cells=red_cells)
    names = pipeline.named_steps["featureset"].get_feature_names_out()
    near = names[: -pipeline[-1].estimator.n_far]
    apart = pipeline[-1].estimator.middle.named_steps["columntransformer"].transformers
    form, outline, covariance, color = (places for _, _, places in apart)
    assert [*near[outline], *near[covariance]] == [*near[form]]
    assert all("_logcov_" in name for name in near[covariance])
    assert not any("_logcov_" in name for name in near[outline])
    assert [*near[form], *near[color]] == [name for name in near if "redcell" not in name]
    channels = ("_rgb_", "_hsv_", "_lab_", "_ycrcb_", "_hed_", "_od_")
    assert not any(channel in name for name in near[form] for channel in channels)
    assert all(any(channel in name for channel in channels) for name in near[color])


@pytest.mark.parametrize("red_cells", ["none", "ratio"])
def test_families_of_ones_own_go_in_front(red_cells):
    own = FunctionFeatures(len, names=["own"], per="cell")

    def columns_of(pipeline):
        names, gate = pipeline["featureset"].get_feature_names_out(), pipeline[-1].estimator
        near, far = names[: -gate.n_far], names[-gate.n_far :]
        n_free = gate.near.named_steps["softclipper"].n_free
        apart = gate.middle.named_steps["columntransformer"].transformers
        return {name: near[places].tolist() for name, _, places in apart} | {
            "far": far.tolist(),
            "free": near[len(near) - n_free :].tolist(),
        }

    pipeline = make_baseline("leukofeat_svm", red_cells=red_cells)
    before = columns_of(pipeline)
    pipeline.set_params(featureset__families=[own, *pipeline["featureset"].families])
    grown = {name: ["own_mean", "own_std", *before[name]] for name in ("form", "outline_and_texture")}
    assert columns_of(pipeline) == before | grown


def test_without_red_cells_only_local_binary_patterns_see_beyond_the_cells(records, rng):
    """Other pixels outside the cells, on which they are found alike, change next to nothing in what is measured."""
    features = make_baseline("leukofeat_svm", red_cells="none", reach=None).named_steps["featureset"]
    other = []
    for record in records:
        image = record.image.copy()
        image[record.cells == 0] = rng.integers(0, 256, (np.count_nonzero(record.cells == 0), 3))
        other.append(record.replace(image=image))
    one, two = features.fit_transform(records), features.fit_transform(other)
    names = features.get_feature_names_out()
    assert [name for name in names[(one != two).any(axis=0)] if "_lbp_" not in name] == []


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"leukofeat_svm.*jin2023_svm"):
        make_baseline("vgg")
