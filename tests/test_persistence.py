"""Saved pipelines come back the same, and files from elsewhere are refused."""

from __future__ import annotations

import errno
import os
import pickle
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier, StackingClassifier, VotingClassifier
from sklearn.feature_selection import SelectFromModel, SelectKBest, SequentialFeatureSelector, chi2, f_classif
from sklearn.impute import SimpleImputer
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler
from sklearn.svm import SVC, LinearSVC

from leukofeat.baselines import make_baseline
from leukofeat.baselines.registry import STANDALONE
from leukofeat.calibration import CalibratedClassifier
from leukofeat.deep import CNNEmbedding
from leukofeat.features import ColorFeatures, FeatureSet, FunctionFeatures, GeometryFeatures, HOGFeatures
from leukofeat.persistence import load, save
from leukofeat.preprocessing import ColorNormalizer, MedianDenoiser, ScaleBarCropper
from leukofeat.segmentation import Cleanup, LabKMeansSegmenter
from leukofeat.selection import METHODS, make_selector
from tests.stages import MeanColor


def redness(smear):
    return float(smear.image[:, :, 0].mean())


class Reddest:
    def __init__(self, floor):
        self.floor = floor

    def above(self, smear):
        return float((smear.image[:, :, 0] > self.floor).mean())

    @classmethod
    def of_class(cls, smear):
        return 0.0

    @staticmethod
    def redness(smear):
        return 0.0


def pipeline(method: str = "anova"):
    return make_pipeline(
        ScaleBarCropper(),
        ColorNormalizer("reinhard"),
        MedianDenoiser(3),
        LabKMeansSegmenter(cleanup=Cleanup(clear_border=False)),
        FeatureSet([GeometryFeatures(), HOGFeatures(), ColorFeatures()], n_jobs=1),
        SimpleImputer(keep_empty_features=True),
        StandardScaler(),
        make_selector(method, k=4),
        SVC(),
    )


@pytest.mark.parametrize("method", METHODS)
def test_a_fitted_pipeline_predicts_the_same(method, smears, tmp_path):
    model = pipeline(method).fit(smears.images, smears.target_names[smears.target])
    save(model, tmp_path / "model.skops")
    again = load(tmp_path / "model.skops")
    np.testing.assert_array_equal(again.predict(smears.images), model.predict(smears.images))
    np.testing.assert_array_equal(again.decision_function(smears.images), model.decision_function(smears.images))
    assert again.classes_.tolist() == model.classes_.tolist()
    assert repr(again) == repr(model)


@pytest.mark.parametrize("name", STANDALONE)
def test_every_baseline_can_be_saved(name, smears, tmp_path):
    model = make_baseline(name).fit(smears.images, smears.target)
    save(model, tmp_path / "model.skops")
    again = load(tmp_path / "model.skops")
    assert again.predict_proba(smears.images).tobytes() == model.predict_proba(smears.images).tobytes()


@pytest.mark.parametrize("model", [
    KNeighborsClassifier(algorithm="brute"),
    KNeighborsClassifier(4, metric="cosine", algorithm="brute"),
    *(MLPClassifier((4,), solver=solver, max_iter=5, random_state=0) for solver in ("adam", "sgd", "lbfgs")),
    VotingClassifier([("svc", CalibratedClassifier(SVC())), ("nb", GaussianNB())], voting="soft"),
    StackingClassifier([("svc", SVC()), ("knn", KNeighborsClassifier(algorithm="brute"))], cv=2),
    make_pipeline(MinMaxScaler(), SelectKBest(chi2, k=2), LinearSVC()),
    make_pipeline(SelectKBest(f_classif, k=2), LinearDiscriminantAnalysis()),
    SequentialFeatureSelector(KNeighborsClassifier(3, algorithm="brute"), n_features_to_select=2, cv=2),
], ids=lambda model: type(model).__name__)  # fmt: skip
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_classifiers_that_recipes_end_in_need_no_trust(model, tmp_path):
    X, y = load_iris(return_X_y=True)
    model.fit(X, np.array(["a", "b", "c"])[y])
    save(model, tmp_path / "m")
    again = load(tmp_path / "m")
    for method in ("predict", "predict_proba", "decision_function", "transform"):
        if hasattr(model, method):
            assert getattr(again, method)(X).tolist() == getattr(model, method)(X).tolist()


def test_a_k_nn_with_a_tree_says_what_it_holds(tmp_path):
    save(
        KNeighborsClassifier(algorithm="kd_tree").fit([[0.0], [1.0], [2.0], [3.0], [4.0]], [0, 0, 1, 1, 1]),
        tmp_path / "m",
    )
    with pytest.raises(ValueError, match="KDTree"):
        load(tmp_path / "m")


def test_a_forest_must_be_trusted_by_name(smears, tmp_path):
    """A crafted tree can make scikit-learn read memory that is not its own."""
    model = make_pipeline(MeanColor(), SelectFromModel(RandomForestClassifier(10), threshold=-np.inf), SVC()).fit(
        smears.images, smears.target
    )
    save(model[1:], tmp_path / "m.skops")
    with pytest.raises(ValueError, match=r"sklearn\.tree\._tree\.Tree\. If you trust the file, name them in trusted="):
        load(tmp_path / "m.skops")
    again = load(tmp_path / "m.skops", trusted=["sklearn.tree._tree.Tree"])
    features = model[0].transform(smears.images)
    np.testing.assert_array_equal(again.predict(features), model.predict(smears.images))


def test_table_output_is_remembered(smears, tmp_path):
    features = FeatureSet([HOGFeatures(regions=("image",))]).set_output(transform="pandas")
    save(features, tmp_path / "f")
    table = load(tmp_path / "f").transform(smears.images)
    assert table.columns.tolist() == features.get_feature_names_out().tolist()


@pytest.mark.parametrize("how", ["template", "lab"])
@pytest.mark.parametrize("as_path", [True, False])
def test_a_template_is_saved_with_the_stage(as_path, how, smears, paths, tmp_path):
    stage = ColorNormalizer(how, template=paths[0] if as_path else smears.images[0])
    save(stage, tmp_path / "stage.skops")
    np.testing.assert_array_equal(
        load(tmp_path / "stage.skops").transform(smears.images)[1], stage.transform(smears.images)[1]
    )


def test_an_existing_file_is_replaced(tmp_path):
    for size in (3, 5):
        save(MedianDenoiser(size), tmp_path / "stage.skops")
    assert load(str(tmp_path / "stage.skops")).size == 5


def test_a_file_that_cannot_be_written_is_as_it_was(tmp_path, monkeypatch):
    def full(self, data):
        with open(self, "wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "stage.skops"
    save(MedianDenoiser(3), path)
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match=r"what was there is as it was; free some room"):
        save(MedianDenoiser(5), path)
    assert load(path).size == 3
    assert os.listdir(tmp_path) == ["stage.skops"]


def test_what_could_not_be_loaded_again_is_not_saved(tmp_path):
    def inside(smear):
        return redness(smear)

    for function in (inside, lambda smear: redness(smear), partial(inside)):
        with pytest.raises(ValueError, match=r"could not be loaded again: .*(inside|<lambda>)\. Define functions"):
            save(make_pipeline(FunctionFeatures(function, names=["red"]), SVC()), tmp_path / "m.skops")
    with pytest.raises(ValueError, match=r"m\.skops: not written, for the model holds what can only be pickled"):
        save(FunctionFeatures(Reddest.of_class, names=["red"]), tmp_path / "m.skops")
    torch = pytest.importorskip("torch")
    with pytest.raises(ValueError, match=r"m\.skops: not written, for the model holds what can only be pickled"):
        save(CNNEmbedding(torch.nn.Linear(2, 2)), tmp_path / "m.skops")
    assert not list(tmp_path.iterdir())


def test_another_function_of_the_same_name_is_not_saved_in_its_place(tmp_path):
    def inner():
        def redness(smear):
            return 1.0

        return redness

    for function in (Reddest.redness, inner(), partial(inner())):
        with pytest.raises(
            ValueError, match=r"something else, is found by the name tests\.test_persistence\.redness\. Define"
        ):
            save(FunctionFeatures(function, names=["red"]), tmp_path / "m.skops")
    assert not list(tmp_path.iterdir())


def test_methods_of_objects_are_saved(smears, tmp_path):
    scaling = FunctionTransformer(StandardScaler().fit([[0.0], [4.0]]).transform)
    own = FunctionFeatures(Reddest(3.0).above, names=["red"])
    scaler = "sklearn.preprocessing._data.StandardScaler"
    names = [
        name + end
        for name, method in ((scaler, ".transform"), (f"{__name__}.Reddest", ".above"))
        for end in ("", method)
    ]
    for model, X in ((scaling, [[6.0]]), (own, smears.images)):
        save(model, tmp_path / "m.skops")
        again = load(tmp_path / "m.skops", trusted=names)
        np.testing.assert_array_equal(again.transform(X), model.transform(X))


def test_a_full_memory_is_no_fault_of_the_model(monkeypatch, tmp_path):
    def full(self):
        raise MemoryError

    monkeypatch.setattr(MedianDenoiser, "__getstate__", full)
    with pytest.raises(MemoryError):
        save(MedianDenoiser(), tmp_path / "m.skops")


def test_types_of_your_own_must_be_named(smears, tmp_path):
    save(make_pipeline(MeanColor(), SVC()).fit(smears.images, smears.target), tmp_path / "m.skops")
    with pytest.raises(ValueError, match=r"m\.skops: holds types .*: tests\.stages\.MeanColor\. If you trust the file"):
        load(tmp_path / "m.skops")
    model = load(tmp_path / "m.skops", trusted=["tests.stages.MeanColor"])
    assert model.predict(smears.images).shape == (8,)


def test_functions_of_your_own_must_be_named(smears, tmp_path):
    save(FunctionFeatures(redness), tmp_path / "m.skops")
    with pytest.raises(ValueError, match=r"tests\.test_persistence\.redness"):
        load(tmp_path / "m.skops")
    family = load(tmp_path / "m.skops", trusted=["tests.test_persistence.redness"])
    np.testing.assert_array_equal(family.transform(smears.images), FunctionFeatures(redness).transform(smears.images))


@pytest.mark.parametrize(
    ("module", "name"), [("leukofeat.decode", "Path"), ("leukofeat.cli", "main"), ("leukofeat.baselines", "SVC")]
)
def test_only_stages_are_trusted_by_the_name_of_the_package(module, name, tmp_path):
    """A crafted file must reach neither a function of leukofeat nor what its modules merely import."""
    save(FunctionFeatures(np.mean, names=["x"]), tmp_path / "m.skops")
    with zipfile.ZipFile(tmp_path / "m.skops") as archive:
        schema = archive.read("schema.json").decode()
    crafted = schema.replace('"mean"', f'"{name}"').replace('"numpy"', f'"{module}"')
    assert crafted != schema
    with zipfile.ZipFile(tmp_path / "m.skops", "w") as archive:
        archive.writestr("schema.json", crafted)
    with pytest.raises(ValueError, match="holds types this package does not know"):
        load(tmp_path / "m.skops")


def test_a_model_of_another_version_says_what_to_do(tmp_path):
    save(MedianDenoiser(3), tmp_path / "m.skops")
    with zipfile.ZipFile(tmp_path / "m.skops") as archive:
        schema = archive.read("schema.json").decode()
    with zipfile.ZipFile(tmp_path / "m.skops", "w") as archive:
        archive.writestr("schema.json", schema.replace(MedianDenoiser.__module__, "leukofeat.preprocessing._stages"))
    with pytest.raises(
        ValueError, match=r"_stages\.MedianDenoiser\. Another version of leukofeat wrote it: fit it again"
    ):
        load(tmp_path / "m.skops")


def test_a_model_from_before_a_parameter_says_what_to_do(tmp_path):
    model = make_pipeline(MedianDenoiser(), LabKMeansSegmenter())
    del model.named_steps["mediandenoiser"].size
    save(model, tmp_path / "m.skops")
    with pytest.raises(ValueError, match=r"m\.skops: another version of leukofeat wrote it \(.*size.*\): fit it again"):
        load(tmp_path / "m.skops")


@pytest.mark.parametrize("content", [b"", b"path,label\n", pickle.dumps(3)])
def test_no_model_file(content, tmp_path):
    (tmp_path / "model.skops").write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.skops: not a model that leukofeat saved"):
        load(tmp_path / "model.skops")


def test_a_zip_of_something_else_and_no_file(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(ValueError, match="not a model"):
        load(tmp_path / "a.zip")
    with pytest.raises(ValueError, match=r"gone\.skops: no such file"):
        load(tmp_path / "gone.skops")
