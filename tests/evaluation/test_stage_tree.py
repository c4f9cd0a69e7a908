import pickle

import joblib
import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat import as_sequence
from leukofeat.base import ImageStage
from leukofeat.baselines import make_baseline
from leukofeat.datasets import make_smears
from leukofeat.evaluation import compare, folds
from leukofeat.evaluation.stage_tree import StageTree, same_stage, shareable_parts
from leukofeat.evaluation.stress_tests import STRESS_TESTS
from leukofeat.features import FeatureSet, FunctionFeatures, ImageWarning
from leukofeat.measuring import measure
from leukofeat.preprocessing import ColorNormalizer, MedianDenoiser, ScaleBarCropper
from leukofeat.segmentation import LabKMeansSegmenter
from tests.stages import Area, Darker, DarkSegmenter, MeanColor

counts = {}


def _count(name):
    counts[name] = counts.get(name, 0) + 1


class CountedSegmenter(DarkSegmenter):
    def apply(self, smear):
        _count("segmenter")
        return super().apply(smear)


class CountedArea(Area):
    def row(self, smear):
        _count("area")
        return super().row(smear)


class MeanShift(ImageStage):
    """Learns the mean brightness of what it is fitted on."""

    requires_fit = True

    def learn(self, images, y):
        _count("fits")
        self.mean_ = float(np.mean([images[i].mean() for i in range(len(images))]))

    def apply(self, smear):
        return smear.replace(image=np.clip(smear.image.astype(float) - self.mean_ + 128, 0, 255).astype(np.uint8))


class Mirrored(Darker):
    """Doubles the training images, as augmentation does: its `fit_transform` is another thing than its `transform`."""

    def fit_transform(self, X, y=None):
        return self.fit(X, y).transform(X)


@pytest.fixture(autouse=True)
def _fresh():
    counts.clear()


@pytest.fixture
def many(smears):
    rows = np.tile(np.arange(8), 3)
    return [smears.images[i] for i in rows], smears.target[rows]


def _svm(*stages):
    return make_pipeline(*stages, SimpleImputer(keep_empty_features=True), StandardScaler(), SVC())


def test_shared_stages_run_once_for_all_pipelines_and_folds(many):
    images, y = many
    pipelines = {
        "area": _svm(Darker(5), CountedSegmenter(), FeatureSet([CountedArea()])),
        "both": _svm(Darker(5), CountedSegmenter(), FeatureSet([MeanColor(), CountedArea()])),
        "again": _svm(Darker(5), CountedSegmenter(), CountedArea()),
    }
    result = compare(pipelines, images, y, cv=3, n_bootstrap=10)
    assert counts == {"segmenter": len(y), "area": len(y)}
    assert result.configuration["measured_once"] == list(pipelines)


def test_stages_with_other_parameters_are_not_shared(many):
    images, y = many
    pipelines = {
        "light": _svm(Darker(5), CountedSegmenter(), CountedArea()),
        "dark": _svm(Darker(60), CountedSegmenter(), CountedArea()),
        "level": _svm(Darker(5), CountedSegmenter(90), CountedArea()),
    }
    compare(pipelines, images, y, cv=3, n_bootstrap=10)
    assert counts == {"segmenter": 3 * len(y), "area": 3 * len(y)}


def test_stages_that_learn_are_fitted_on_each_training_part_and_shared_within_it(many):
    images, y = many
    images = [np.minimum(image, 255 - 4 * i).astype(np.uint8) for i, image in enumerate(images)]
    pipelines = {f"C={c}": _svm(MeanShift(), CountedSegmenter(), CountedArea()).set_params(svc__C=c) for c in (1, 10)}
    result = compare(pipelines, images, y, cv=3, n_bootstrap=10)
    assert counts == {"fits": 3, "segmenter": 3 * len(y), "area": 3 * len(y)}
    assert result.configuration["measured_once"] == []


@pytest.mark.parametrize(
    "pipeline",
    [
        make_baseline("leukofeat_svm"),
        make_baseline("jin2023_svm"),
        _svm(ColorNormalizer("reinhard"), ScaleBarCropper(), LabKMeansSegmenter(), FeatureSet([MeanColor()])),
        _svm(MeanShift(), MeanColor()),
        _svm(Mirrored(), MeanColor()),
        _svm(FeatureSet([MeanColor()]).set_output(transform="pandas")),
    ],
    ids=["leukofeat_svm", "jin2023_svm", "reinhard", "learns", "own fit_transform", "pandas"],
)
def test_predictions_are_those_of_the_pipeline_alone(many, pipeline):
    images, y = many
    cv = StratifiedKFold(2, shuffle=True, random_state=0)
    others = {"colours": make_baseline("four_colors"), "background": make_baseline("no_leukocytes")}
    result = compare({"it": pipeline} | others, images, y, cv=cv, n_bootstrap=10)
    found = result.predictions[result.predictions["pipeline"] == "it"].sort_values("row")
    np.testing.assert_array_equal(found["predicted"], cross_val_predict(pipeline, images, y, cv=cv))


def test_workers_change_nothing(many):
    images, y = many
    pipelines = {"a": _svm(DarkSegmenter(), FeatureSet([Area(), MeanColor()])), "b": make_baseline("four_colors")}
    one = compare(pipelines, images, y, cv=2, n_bootstrap=10)
    with joblib.parallel_config(backend="threading"):
        two = compare(pipelines, images, y, cv=2, n_bootstrap=10, n_jobs=2)
    columns = [name for name in one.table if name not in ("ms_per_image", "fit_seconds")]
    np.testing.assert_array_equal(one.table[columns], two.table[columns])


def test_the_plan_travels_to_a_worker_process(smears):
    tree = StageTree(as_sequence(smears.images), smears.target)
    features = FeatureSet([Area(), FunctionFeatures(_fails_on_bright, names=("mean",))])
    tree.add([ColorNormalizer("white_balance"), DarkSegmenter()], features)
    again = pickle.loads(pickle.dumps(tree.plan))
    (there,), (here,) = (measure(plan, tree.images) for plan in (again, tree.plan))
    np.testing.assert_array_equal(there.values, here.values)


def test_what_can_be_shared_ends_with_the_features():
    segmenter, features = LabKMeansSegmenter(), FeatureSet([Area()])
    parts = shareable_parts(_svm(segmenter, features))
    assert (parts.stages, parts.features, len(parts.rest)) == ([segmenter], features, 3)
    for other in (_svm(StandardScaler()), SVC(), _svm(Mirrored(), features), make_pipeline(segmenter, features)):
        assert shareable_parts(other) == ([], None, other)


def test_equal_stages_are_those_with_equal_parameters():
    template = np.full((4, 4, 3), 200, np.uint8)
    assert same_stage(ColorNormalizer(template=template), ColorNormalizer(template=template.copy()))
    assert not same_stage(ColorNormalizer(template=template), ColorNormalizer(template=template + 1))
    assert not same_stage(MedianDenoiser(3), Darker(3))
    assert same_stage(FeatureSet([Area(), MeanColor()]), FeatureSet([Area(), MeanColor()]))
    assert not same_stage(FeatureSet([Area()]), FeatureSet([Area(), MeanColor()]))
    assert not same_stage(FunctionFeatures(np.mean), FunctionFeatures(np.std))


def _fails_on_bright(smear):
    if smear.image.mean() > 250:
        raise ValueError("too bright")
    return np.array([smear.image.mean()])


def test_a_failure_costs_only_the_pipelines_that_asked_for_the_feature(smears):
    images = as_sequence([*smears.images[:3], np.full((96, 96, 3), 255, np.uint8)])
    fragile = FunctionFeatures(_fails_on_bright, names=("mean",))
    tree = StageTree(images, np.arange(4))
    with_it = tree.add([], FeatureSet([MeanColor(), fragile], on_error="nan"))
    without = tree.add([], FeatureSet([MeanColor()]))
    found = measure(tree.plan, images)
    assert [(failure.row, failure.reason) for failure in found[with_it].failures] == [(3, "ValueError: too bright")]
    assert np.isnan(found[with_it].values).any(axis=1).tolist() == [False, False, False, True]
    assert np.isnan(found[with_it].values[3]).all()
    assert found[without].failures == []
    assert np.isfinite(found[without].values).all()
    tree.add([], FeatureSet([fragile]))
    with pytest.raises(ValueError, match="too bright"):
        measure(tree.plan, images)


def test_what_failed_is_told_once_for_all_pipelines(many):
    images = [*many[0], np.full((96, 96, 3), 255, np.uint8)]
    fragile = FunctionFeatures(_fails_on_bright, names=("mean",))
    pipelines = {
        "frail": _svm(FeatureSet([fragile], on_error="nan")),
        "both": _svm(FeatureSet([fragile, MeanColor()])),
    }
    result = compare(pipelines, images, [*many[1], 0], cv=2, n_bootstrap=10)
    assert result.failures.to_dict("records") == [{"row": 24, "name": "image 24", "reason": "ValueError: too bright"}]
    assert result.predictions.groupby("pipeline").size().to_dict() == {"frail": 24, "both": 24}
    assert "1 of 25 images could not be read or measured" in result.notes[-1]
    with pytest.raises(ValueError, match="too bright") as caught:
        compare(pipelines, images, [*many[1], 0], cv=2, n_bootstrap=10, on_error="raise")
    assert caught.value.__notes__ == ["While measuring image 24."]
    with pytest.warns(ImageWarning, match="1 of 25 images.*image 24: ValueError: too bright") as caught:
        compare({"frail": pipelines["frail"]}, images, [*many[1], 0], cv=2, n_bootstrap=10, on_error="raise")
    assert len(caught) == 1


class Crooked(MeanColor):
    """Names three columns and gives two."""

    def row(self, smear):
        return super().row(smear)[:2]


def test_a_family_that_gives_another_number_of_values_than_names_is_named(many):
    with pytest.raises(ValueError, match=r"Crooked returned shape \(2,\) for 3 named columns"):
        compare({"it": _svm(Crooked())}, *many, cv=2)


def test_the_time_of_a_pipeline_counts_what_it_shares(smears):
    images = as_sequence(smears.images)
    tree = StageTree(images, smears.target)
    short = tree.add([], MeanColor())
    long = tree.add([LabKMeansSegmenter()], FeatureSet([MeanColor(), Area()]))
    found = measure(tree.plan, images)
    assert (found[short].seconds.shape, found[long].seconds.shape) == ((8, 2), (8, 4))
    np.testing.assert_array_equal(found[short].seconds[:, 0], found[long].seconds[:, 0])
    assert 0 < found[short].seconds.sum() < found[long].seconds.sum()


def test_what_stages_learn_alike_in_all_folds_is_measured_once(many):
    images, y = many
    pipelines = {
        "bars": _svm(ScaleBarCropper(), CountedSegmenter(), CountedArea()),
        "and more": _svm(ScaleBarCropper(), Darker(5), CountedSegmenter(), CountedArea()),
    }
    compare(pipelines, images, y, cv=3, n_bootstrap=10)
    assert counts == {"segmenter": 2 * len(y), "area": 2 * len(y)}


def test_fitted_stages_are_the_same_where_they_do_the_same():
    cut, other = (ScaleBarCropper(height).transform([]).steps for height in (3, 4))
    assert same_stage(cut, ScaleBarCropper(3).transform([]).steps)
    assert not same_stage(cut, other)
    shifts = [MeanShift().fit([np.full((4, 4, 3), level, np.uint8)]).transform([]).steps for level in (90, 90, 91)]
    assert same_stage(shifts[0], shifts[1])
    assert not same_stage(shifts[0], shifts[2])


def test_changed_images_of_all_folds_are_measured_once_behind_stages_that_learn_alike(monkeypatch):
    measured = []

    def counting(plan, images, **options):
        measured.append(len(images))
        return measure(plan, images, **options)

    monkeypatch.setattr(folds, "measure", counting)
    smears = make_smears(n_samples=16, size=96, n_slides=8, random_state=0)
    pipeline = make_pipeline(ScaleBarCropper(), LabKMeansSegmenter(), FeatureSet([MeanColor()]), SVC())
    options = {"cv": 4, "stress": True, "n_stress": 8, "n_bootstrap": 10, "on_error": "raise"}
    compare({"a": pipeline}, smears.images, smears.target, **options)
    assert 16 < sum(measured) <= 16 + len(STRESS_TESTS) * 8
