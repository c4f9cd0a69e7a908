"""What was measured once is not measured again: FeatureSet(memory=), stages that learn, and compare(memory=)."""

import json
import logging
import os
import shutil
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat import Smear, as_sequence
from leukofeat.base import FeatureFamily, ImageStage
from leukofeat.evaluation import Comparison, compare
from leukofeat.features import ColorFeatures, FeatureSet, FunctionFeatures, GeometryFeatures
from leukofeat.measuring import measure
from leukofeat.opencv import cv2
from leukofeat.parallel import note_image
from leukofeat.pipeline import set_memory
from leukofeat.plan import Leaf, Node, Plan
from leukofeat.preprocessing import ColorNormalizer, MedianDenoiser, ScaleBarCropper
from leukofeat.store import FILE, Store, StoreWarning
from tests.stages import DarkSegmenter, MeanColor

CALLS: list[str] = []


def told(what):
    logging.getLogger("told").info(what)  # nothing that belongs to the stages, or each call would make others of them


class Counted(FeatureFamily):
    """A family that tells when it is asked."""

    def __init__(self, factor=1.0):
        self.factor = factor

    def row_names(self):
        return ["counted"]

    def row(self, smear):
        told("family")
        return np.array([self.factor * smear.image.mean()])


class CountedSegmenter(DarkSegmenter):
    def apply(self, smear):
        told("segmenter")
        return super().apply(smear)


class CountedLevel(ImageStage):
    requires_fit = True

    def learn(self, images, y):
        told("learn")
        self.level_ = np.mean([image.mean() for image in images])
        self.names_ = ["a", "b"]

    def apply(self, smear):
        return smear.replace(image=np.clip(smear.image - self.level_ + 128, 0, 255).astype(np.uint8))


@pytest.fixture(autouse=True)
def _listened():
    CALLS.clear()
    handler, logger = logging.Handler(), logging.getLogger("told")
    handler.emit = lambda record: CALLS.append(record.msg)
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    yield
    logger.removeHandler(handler)


def _set(memory, *families, **options):
    return FeatureSet(list(families) or [Counted(), MeanColor()], memory=memory, **options)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_values_are_those_without_memory(smears, tmp_path, n_jobs):
    families = [GeometryFeatures(), ColorFeatures()]
    images = DarkSegmenter().transform(smears.images)
    plain = FeatureSet(families).transform(images)
    for _ in range(2):
        kept = FeatureSet(families, memory=tmp_path, n_jobs=n_jobs).transform(images)
        assert kept.tobytes() == plain.tobytes()
    assert Store(tmp_path).table().groupby("kind")["records"].sum().to_dict() == {"label maps": 8, "row": 16}


@pytest.mark.parametrize("kind", ["array", "path", "smear", "stack"])
def test_nothing_is_measured_twice_however_images_are_given(smears, records, paths, tmp_path, kind):
    images = {"array": smears.images, "path": paths, "smear": records, "stack": np.stack(smears.images)}[kind]
    first = _set(tmp_path).transform(images)
    assert CALLS == ["family"] * 8
    again = clone(_set(tmp_path)).transform(images)
    assert CALLS == ["family"] * 8
    assert first.tobytes() == again.tobytes()


def test_only_what_is_new_is_measured(smears, tmp_path):
    images = CountedSegmenter().transform(smears.images)
    _set(tmp_path, MeanColor()).transform(images[:5])
    assert CALLS == ["segmenter"] * 5
    _set(tmp_path, MeanColor(), Counted()).transform(images)
    assert CALLS.count("segmenter") == 8
    assert CALLS.count("family") == 8
    _set(tmp_path, Counted(2.0)).transform(images)
    assert CALLS.count("segmenter") == 8, "label maps are kept for families to come"
    assert CALLS.count("family") == 16


def test_an_order_and_a_subset_are_nothing_new(smears, tmp_path):
    images = as_sequence(smears.images)
    values = _set(tmp_path).transform(images)
    order = np.array([3, 1, 1, 7])
    np.testing.assert_array_equal(_set(tmp_path).transform(images[order]), values[order])
    assert len(CALLS) == 8


def test_other_steps_are_something_new(smears, tmp_path):
    plain, smooth = (
        _set(tmp_path).transform(stage.transform(smears.images)) for stage in (MedianDenoiser(1), MedianDenoiser(5))
    )
    assert len(CALLS) == 16
    assert not np.array_equal(plain, smooth)


def test_a_changed_file_is_measured_again(tmp_path, smears):
    files = [str(tmp_path / f"{i}.bmp") for i in range(3)]
    for file, image in zip(files, smears.images, strict=False):
        cv2.imwrite(file, image[:, :, ::-1])
    before = _set(tmp_path / "memory").transform(files)
    stamp = os.stat(files[1])
    cv2.imwrite(files[1], 255 - smears.images[1][:, :, ::-1])
    os.utime(files[1], ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert os.stat(files[1]).st_size == stamp.st_size
    after = _set(tmp_path / "memory").transform(files)
    assert len(CALLS) == 4
    assert (before != after).any(axis=1).tolist() == [False, True, False]


def test_a_file_that_is_replaced_while_it_is_measured_is_not_kept(tmp_path, smears):
    file = str(tmp_path / "image.bmp")
    cv2.imwrite(file, smears.images[0][:, :, ::-1])
    read = as_sequence([file]).content(0)

    class Replaces(ImageStage):  # between the decoding and the end
        def apply(self, smear):
            cv2.imwrite(smear.source, smears.images[1][:, :, ::-1])
            return smear

    _set(tmp_path / "memory").transform(Replaces().transform([file]))
    assert as_sequence([file]).content(0) != read
    assert Store(tmp_path / "memory").table().empty


def test_a_renamed_file_is_not(tmp_path, paths):
    _set(tmp_path).transform(paths[:1])
    moved = tmp_path / "other name"
    shutil.copyfile(paths[0], moved)
    _set(tmp_path).transform([moved])
    assert len(CALLS) == 1


def test_an_edited_function_is_measured_again(smears, tmp_path):
    def make(factor):
        space = {"__name__": "__main__"}
        exec(f"def mine(smear):\n    return smear.image.mean() * {factor}", space)
        return FunctionFeatures(space["mine"])

    first, same, other = (_set(tmp_path, make(factor)).transform(smears.images) for factor in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    np.testing.assert_allclose(other, 2 * first)
    assert Store(tmp_path).table()["records"].sum() == 16


def test_what_fails_is_tried_again(tmp_path, paths):
    features = _set(tmp_path / "memory", on_error="nan")
    late = tmp_path / "late.png"
    with pytest.warns(match="late.png"):
        values = features.transform([paths[0], late])
    assert np.isnan(values[1]).all()
    with pytest.warns(match="late.png"):
        features.transform([paths[0], late])
    assert len(CALLS) == 1
    shutil.copyfile(paths[1], late)
    assert not np.isnan(features.transform([paths[0], late])).any()


def test_a_stopped_pass_goes_on_where_it_ended(smears, tmp_path, monkeypatch):
    class Stops(Counted):
        def row(self, smear):
            if os.environ["STOP"] == str(smear.image.sum()):
                raise KeyboardInterrupt
            return super().row(smear)

    monkeypatch.setattr("leukofeat.parallel.MAX_BATCH", 2)
    monkeypatch.setenv("STOP", str(smears.images[5].sum()))
    with pytest.raises(KeyboardInterrupt):
        _set(tmp_path, Stops()).transform(smears.images)
    monkeypatch.setenv("STOP", "")
    _set(tmp_path, Stops()).transform(smears.images)
    assert len(CALLS) == 5 + 4


def test_cells_are_kept_as_rows_are(smears, tmp_path):
    images = CountedSegmenter().transform(smears.images)
    features = _set(tmp_path, GeometryFeatures(), ColorFeatures())
    first = features.measure_cells(images)
    pd.testing.assert_frame_equal(first, features.measure_cells(images))
    pd.testing.assert_frame_equal(first, FeatureSet(features.families).measure_cells(images))
    assert CALLS.count("segmenter") == 8 + 8  # the last is without memory
    assert (first["image"].value_counts() > 1).any()


def test_an_empty_image_raises_as_ever(tmp_path):
    blank = np.full((16, 16, 3), 230, np.uint8)
    images = DarkSegmenter().transform([blank])
    assert _set(tmp_path, MeanColor(), on_empty="nan").transform(images).shape == (1, 3)
    with pytest.raises(ValueError, match="no cell found"):
        _set(tmp_path, MeanColor(), on_empty="raise").transform(images)


def test_what_was_noted_is_said_each_time(smears, tmp_path):
    class Noting(ImageStage):
        def apply(self, smear):
            note_image("x", "is odd.")
            return smear

    images = Noting().transform(smears.images)
    for _ in range(2):
        with pytest.warns(UserWarning, match="8 of 8 images, image 0 for one: is odd"):
            _set(tmp_path, MeanColor()).transform(images)
    assert CALLS == []


def test_what_a_segmenter_notes_is_said_of_families_to_come(smears, tmp_path):
    class Noting(DarkSegmenter):
        def apply(self, smear):
            note_image("x", "is odd.")
            return super().apply(smear)

    images = Noting().transform(smears.images)
    for family in (MeanColor(), Counted()):
        with pytest.warns(UserWarning, match="8 of 8 images, image 0 for one: is odd"):
            _set(tmp_path, family).transform(images)


def test_what_cannot_be_told_apart_is_measured_each_time(smears, tmp_path):
    with open(__file__) as held:

        def mine(smear):
            return float(held.closed) + smear.image.mean()

        for _ in range(2):
            with pytest.warns(UserWarning, match="mine.*anew each time"):
                values = _set(tmp_path, FunctionFeatures(mine), MeanColor()).transform(smears.images)
    np.testing.assert_allclose(values[:, 0], [image.mean() for image in smears.images])
    assert Store(tmp_path).table()["what"].tolist() == ["MeanColor()"]


def test_frames_and_their_labels(smears, tmp_path):
    frame = pd.DataFrame({"image": list(smears.images)}, index=list("abcdefgh"))
    features = _set(tmp_path, MeanColor()).set_output(transform="pandas")
    first, again = features.fit_transform(frame), features.fit_transform(frame)
    pd.testing.assert_frame_equal(first, again)
    assert again.index.tolist() == list("abcdefgh")


def test_a_wrong_memory_is_refused():
    with pytest.raises(ValueError, match="memory"):
        FeatureSet([MeanColor()], memory=3).fit([np.zeros((2, 2, 3), np.uint8)])


def test_a_stage_learns_once_from_the_same_images(smears, tmp_path):
    def pipeline():
        stage = CountedLevel()
        stage.memory = tmp_path
        return stage

    first, second, third = (
        pipeline().fit(smears.images),
        pipeline().fit(smears.images),
        pipeline().fit(smears.images[:4]),
    )
    assert CALLS == ["learn", "learn"]
    assert (first.level_, first.names_) == (second.level_, second.names_)
    assert third.level_ != first.level_


@pytest.mark.parametrize(
    ("stage", "learned"),
    [
        (ColorNormalizer("reinhard"), "reference_"),
        (ColorNormalizer("lab"), "reference_"),
        (ScaleBarCropper(), "decision_"),
    ],
)
def test_built_in_stages_remember_what_they_learned(smears, tmp_path, stage, learned):
    plain = clone(stage).fit(smears.images)
    for _ in range(2):
        kept = clone(stage).set_params(memory=tmp_path).fit(smears.images)
        np.testing.assert_array_equal(getattr(kept, learned), getattr(plain, learned))
    assert Store(tmp_path).table()[["kind", "what"]].to_numpy().tolist() == [["learned", repr(stage)]]


def test_what_does_not_look_at_classes_is_learned_once_whatever_they_are(smears, tmp_path):
    target = np.asarray(smears.target)
    for y in (target, target == 0, None):
        ColorNormalizer("reinhard", memory=tmp_path).fit(smears.images, y)
    assert len(Store(tmp_path).table()) == 1


@pytest.mark.parametrize("learned", [("a", "b"), {0: "a"}, {"a": np.zeros(2)}, np.ma.array([1, 2], mask=[0, 1])])
def test_what_could_not_be_given_back_as_it_is_is_learned_anew(smears, tmp_path, learned):
    class Names(CountedLevel):
        def learn(self, images, y):
            super().learn(images, y)
            self.names_ = learned

    for _ in range(2):
        stage = Names()
        stage.memory = tmp_path
        assert type(stage.fit(smears.images).names_) is type(learned)
    assert CALLS == ["learn", "learn"]


def test_a_stage_that_learns_into_other_attributes_learns_anew(smears, tmp_path):
    class Private(CountedLevel):
        def __init__(self):
            self._table = {}

        def learn(self, images, y):
            super().learn(images, y)
            self._table[0] = self.level_

    for _ in range(2):
        stage = Private()
        stage.memory = tmp_path
        assert stage.fit(smears.images)._table
    assert CALLS == ["learn", "learn"]


def test_what_a_stage_learned_before_is_not_handed_on(smears, tmp_path):
    class Sometimes(CountedLevel):
        def learn(self, images, y):
            super().learn(images, y)
            if len(images) > 4:
                self.many_ = True

    old, new = Sometimes(), Sometimes()
    old.memory = new.memory = tmp_path
    old.fit(smears.images).fit(smears.images[:2])
    new.fit(smears.images[:2])
    assert len(CALLS) == 2
    assert not hasattr(new, "many_")


def test_a_grid_search_measures_each_image_once(smears, tmp_path):
    pipeline = make_pipeline(CountedSegmenter(), _set(tmp_path), StandardScaler(), SVC())
    grid = GridSearchCV(pipeline, {"svc__C": [0.1, 1, 10]}, cv=2).fit(smears.images, smears.target % 2)
    assert CALLS.count("family") == CALLS.count("segmenter") == 8
    assert np.isfinite(grid.cv_results_["mean_test_score"]).all()


def _pipelines(memory=None):
    return {
        "counted": make_pipeline(CountedSegmenter(), FeatureSet([Counted()], memory=memory), StandardScaler(), SVC()),
        "level": make_pipeline(CountedLevel(), FeatureSet([Counted()]), StandardScaler(), SVC()),
    }


def _same(first, second, *, but=("ms_per_image", "fit_seconds")):
    columns = first.table.columns.difference(but)
    pd.testing.assert_frame_equal(first.table[columns], second.table[columns])
    for name in ("by_class", "by_fold", "by_group", "predictions", "pairs", "failures"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name))
    for name, table in first.confusion.items():
        pd.testing.assert_frame_equal(table, second.confusion[name])


@pytest.fixture
def options(smears):
    return {"cv": 2, "groups": smears.groups % 4, "n_bootstrap": 20}


def _compare(pipelines, smears, options, **more):
    return compare(pipelines, smears.images, smears.target % 2, **options, **more)


def test_a_comparison_is_not_run_twice(smears, options, tmp_path):
    plain = _compare(_pipelines(), smears, options)
    _same(plain, _compare(_pipelines(), smears, options, memory=tmp_path))
    CALLS.clear()
    again = _compare(_pipelines(), smears, options, memory=tmp_path)
    assert CALLS == []
    _same(plain, again)
    assert (again.table["ms_per_image"] > 0).all()


def test_a_feature_set_and_a_comparison_share_rows(smears, tmp_path):
    """One has all steps at once, the other a node for each: what is stored serves both, with its times."""
    pipe = make_pipeline(MedianDenoiser(3), DarkSegmenter(), FeatureSet([GeometryFeatures()]), DummyClassifier())
    lone = compare({"one": pipe}, smears.images, smears.target, cv=2, n_bootstrap=10)
    stages = set_memory(clone(pipe), tmp_path)[:-1]
    stages.fit_transform(smears.images)
    shared = compare({"one": pipe}, smears.images, smears.target, cv=2, n_bootstrap=10, memory=tmp_path)
    pd.testing.assert_frame_equal(shared.predictions, lone.predictions)
    assert shared.table.loc["one", "ms_per_image"] > 0
    rows = Store(tmp_path).table().set_index("kind").loc[["row"], "records"]
    assert rows.sum() == len(smears.images)


def test_seconds_of_rows_are_those_of_their_stages(smears, tmp_path):
    """Whoever stored them."""
    family, steps = GeometryFeatures(), [MedianDenoiser(3).apply, DarkSegmenter().apply]
    flat = as_sequence(smears.images).with_step(steps[0]).with_step(steps[1])
    store, n = Store(tmp_path), len(smears.images)
    (first,) = measure(Plan([family], [Leaf(0, (0,))]), flat, memory=store)
    tree = Plan([family], [Leaf(2, (0,))], [Node(-1), Node(0, (steps[0],)), Node(1, (steps[1],))])
    (second,) = measure(tree, as_sequence(smears.images), memory=store)
    assert (first.seconds.shape, second.seconds.shape) == ((n, 2), (n, 4))
    np.testing.assert_allclose(first.seconds[:, 0], second.seconds[:, :3].sum(axis=1))
    np.testing.assert_array_equal(first.seconds[:, 1], second.seconds[:, 3])


def test_a_row_more_runs_that_row_only(smears, options, tmp_path):
    both = _pipelines()
    _compare({"counted": both["counted"]}, smears, options, memory=tmp_path)
    CALLS.clear()
    joined = _compare(both, smears, options, memory=tmp_path)
    assert "segmenter" not in CALLS
    _same(_compare(both, smears, options), joined)


def test_a_changed_image_is_computed_again_and_no_other(smears, options, tmp_path):
    pipelines = {"counted": _pipelines()["counted"]}
    _compare(pipelines, smears, options, memory=tmp_path)
    CALLS.clear()
    images = [*smears.images[:-1], 255 - smears.images[-1]]
    result = compare(pipelines, images, smears.target % 2, **options, memory=tmp_path)
    assert CALLS == ["segmenter", "family"]
    _same(compare(pipelines, images, smears.target % 2, **options), result)


def test_stress_tests_measure_the_changed_images_only_and_can_be_joined(smears, options, tmp_path):
    both = _pipelines()
    plain = _compare({"counted": both["counted"]}, smears, options, memory=tmp_path)
    CALLS.clear()
    stressed = _compare({"counted": both["counted"]}, smears, options, memory=tmp_path, stress="blur", n_stress=4)
    changed = 4
    assert CALLS.count("family") == changed
    _same(plain, stressed)
    joined = stressed.join(_compare({"level": both["level"]}, smears, options, memory=tmp_path))
    assert list(joined.table.index) == ["counted", "level"]
    assert joined.stress["pipeline"].unique().tolist() == ["counted"]


def test_memory_is_taken_from_the_first_feature_set(smears, options, tmp_path):
    _compare({"counted": _pipelines(tmp_path)["counted"]}, smears, options)
    assert set(Store(tmp_path).table()["kind"]) == {"row", "label maps", "outcome"}


def test_failures_are_the_same_from_memory(smears, options, tmp_path):
    images = [*smears.images[:-1], "gone.png"]
    results = [
        compare(_pipelines(), images, smears.target % 2, **options, memory=memory)
        for memory in (None, tmp_path, tmp_path)
    ]
    for result in results[1:]:
        _same(results[0], result)
        assert result.notes == results[0].notes


def test_a_comparison_is_saved_and_loaded(smears, options, tmp_path):
    result = _compare(_pipelines(), smears, options)
    folder = result.save(tmp_path / "saved")
    loaded = Comparison.load(folder)
    _same(result, loaded, but=())
    assert loaded.notes == result.notes
    assert json.dumps(loaded.configuration, default=str) == json.dumps(result.configuration, default=str)
    assert str(loaded) == str(result)
    assert not any(b"pickle" in file.read_bytes()[:100] for file in folder.iterdir())


@pytest.mark.parametrize("kind", [int, str])
def test_joined_is_compared_at_once(smears, options, tmp_path, kind):
    target = np.array([kind(value) for value in smears.target % 2])
    both = _pipelines()
    one, other = (compare({name: both[name]}, smears.images, target, **options) for name in both)
    at_once = compare(both, smears.images, target, **options)
    joined = Comparison.load(one.save(tmp_path)).join(other)
    _same(at_once, joined)
    assert list(joined.configuration["pipelines"]) == list(both)
    _same(joined, joined.join(other), but=())


def test_what_does_not_belong_together_is_not_joined(smears, options):
    pipelines = {"counted": _pipelines()["counted"]}
    result = _compare(pipelines, smears, options)
    with pytest.raises(ValueError, match="cannot be joined: n_bootstrap"):
        result.join(_compare(pipelines, smears, options | {"n_bootstrap": 30}))
    with pytest.raises(ValueError, match="cannot be joined: splits"):
        result.join(_compare(pipelines, smears, options | {"cv": 4}))
    with pytest.raises(ValueError, match="cannot be joined: images"):
        result.join(compare(pipelines, smears.images[::-1], smears.target[::-1] % 2, **options))
    with pytest.raises(ValueError, match="rename one"):
        result.join(
            _compare(
                {"counted": make_pipeline(_set(None, MeanColor()), DummyClassifier(strategy="constant", constant=0))},
                smears,
                options,
            )
        )


def test_what_is_no_saved_comparison_is_named(tmp_path):
    with pytest.raises(ValueError, match="holds no saved comparison"):
        Comparison.load(tmp_path / "nowhere")
    (tmp_path / "saved" / "one").mkdir(parents=True)
    (tmp_path / "saved" / "one" / "comparison.json").write_text("{}")
    with pytest.raises(ValueError, match=r"saved.one does"):
        Comparison.load(tmp_path)
    (tmp_path / "comparison.json").write_text("{")
    with pytest.raises(ValueError, match="cannot be read"):
        Comparison.load(tmp_path)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_damaged_store_is_gone_without(smears, tmp_path, n_jobs):
    (tmp_path / FILE).write_bytes(b"not a database" * 50)
    with pytest.warns(StoreWarning, match=FILE):
        values = _set(tmp_path, n_jobs=n_jobs).transform(smears.images)
    np.testing.assert_array_equal(values, _set(None).transform(smears.images))


def test_a_disk_that_fills_up_stops_no_pass(smears, tmp_path, monkeypatch):
    monkeypatch.setattr("leukofeat.parallel.MAX_BATCH", 2)
    put, rows = Store._put, []

    def full(store, some):
        if rows:
            raise OSError(28, "No space left on device")
        rows.extend(some)
        put(store, some)

    monkeypatch.setattr(Store, "_put", full)
    with pytest.warns(StoreWarning, match="No space left") as told:
        values = _set(tmp_path, Counted()).transform(smears.images)
    assert len(told) == 1
    assert np.isfinite(values).all()
    monkeypatch.setattr(Store, "_put", put)
    _set(tmp_path, Counted()).transform(smears.images)
    assert len(CALLS) == 8 + 6, "what was kept before is known"


def test_records_with_maps_of_their_own_are_told_apart(records, tmp_path):
    area = FunctionFeatures(lambda smear: float((smear.region("cell") > 0).sum()), names=["area"])
    smear = records[0]
    smaller = Smear(smear.image, smear.nuclei, smear.nuclei)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = _set(tmp_path, area).transform([smear, smaller])
    assert values[0, 0] > values[1, 0]
    np.testing.assert_array_equal(values, _set(tmp_path, area).transform([smear, smaller]))


class Sized(ImageStage):
    """Finds cells, and says how large pixels are."""

    def apply(self, smear):
        return DarkSegmenter().apply(smear).replace(pixel_size=0.25)


def test_a_segmenter_that_knows_the_scale_is_heard_each_time(smears, tmp_path):
    records = Sized().transform(smears.images)
    _set(tmp_path).transform(records)
    sizes = FunctionFeatures(lambda smear: smear.pixel_size, names=["pixel_size"])
    assert (_set(tmp_path, sizes).transform(records) == 0.25).all()


def test_a_pipelines_own_memory_notices_a_file_that_was_written_anew(tmp_path, smears):
    file = str(tmp_path / "a.png")
    cv2.imwrite(file, smears.images[0])
    pipe = make_pipeline(
        MedianDenoiser(), FeatureSet([ColorFeatures(regions=("image",))]), "passthrough", memory=str(tmp_path / "m")
    )
    first = pipe.fit_transform([file])
    cv2.imwrite(file, smears.images[1][::2])
    second = pipe.fit_transform([file])
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(second, pipe.set_params(memory=None).fit_transform([file]))
