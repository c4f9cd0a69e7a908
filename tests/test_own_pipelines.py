"""Pipelines by what a person types, and from TOML files."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.svm import SVC

from leukofeat.baselines import find_pipeline, make_baseline, read_pipeline
from leukofeat.baselines.registry import STANDALONE
from leukofeat.features import ColorFeatures, FeatureSet, HOGFeatures

EXAMPLE = Path(__file__).parents[1] / "examples" / "own_pipeline.toml"


@pytest.mark.parametrize("name", STANDALONE)
def test_a_baseline_by_its_name(name):
    assert find_pipeline(name)[0] == name
    assert repr(find_pipeline(name)[1]) == repr(make_baseline(name))


def test_parameters_behind_a_name():
    name, pipeline = find_pipeline("jin2023_svm:segmented=true,C=10")
    assert name == "jin2023_svm:segmented=true,C=10"
    assert repr(pipeline) == repr(make_baseline("jin2023_svm", segmented=True, C=10))
    assert find_pipeline("a b=leukofeat_svm:shrinkage=0.5")[0] == "a b"
    assert find_pipeline("leukofeat_svm:shrinkage=auto")[1][-1].estimator.near[-2].shrinkage == "auto"


def test_the_example_runs(smears):
    name, pipeline = find_pipeline(str(EXAMPLE))
    assert name == "own_pipeline"
    fitted = pipeline.fit(smears.images, smears.target)
    assert set(fitted.predict(smears.images)) <= set(smears.target)
    families = fitted["featureset"].families
    assert [type(family).__name__ for family in families] == ["GeometryFeatures", "ColorFeatures"]
    assert families[1].summary == ("mean",)


def write(folder, text):
    file = folder / "own.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def read(folder, text):
    return read_pipeline(write(folder, text))


SVM = '[[stage]]\nclass = "sklearn.svm.SVC"\n'


def test_nested_stages_and_tuples(tmp_path):
    pipeline = read(
        tmp_path,
        """
[[stage]]
class = "FeatureSet"
families = [{class = "HOGFeatures", pixels_per_cell = [16, 16]}, {class = "ColorFeatures", regions = ["image"]}]
[[stage]]
class = "sklearn.preprocessing.MinMaxScaler"
feature_range = [-1, 1]
[[stage]]
class = "sklearn.calibration.CalibratedClassifierCV"
estimator = {class = "sklearn.svm.SVC", class_weight = {early = 2, pro = 1}}
""",
    )
    assert repr(pipeline[0]) == repr(
        FeatureSet([HOGFeatures(pixels_per_cell=(16, 16)), ColorFeatures(regions=("image",))])
    )
    assert pipeline[1].feature_range == (-1, 1)
    assert isinstance(pipeline[2].estimator, SVC)
    assert pipeline[2].estimator.class_weight == {"early": 2, "pro": 1}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no stages"),
        ("[[stage", "cannot be read as TOML"),
        (b"\xff\xfe[", "in UTF-8"),
        ("a = 1\n" + SVM, "unknown key 'a'"),
        ("[stage]\nclass = 'X'", "no stages"),
        ("[[stage]]\nC = 1", "stage 1: no class"),
        ("\ufeff" + SVM + "C = -1", r"own.toml, stage 1 \(sklearn.svm.SVC\): The 'C' parameter"),
        (SVM + "c = 1", r"unknown parameter 'c' \(there are C, kernel"),
        ("[[stage]]\nclass = 'SVC'", r"did you mean sklearn.svm.SVC\?"),
        ("[[stage]]\nclass = 'GeometryFeature'\n" + SVM, r"did you mean GeometryFeatures"),
        ("[[stage]]\nclass = 'subprocess.Popen'\n" + SVM, "'subprocess.Popen' cannot be used; .* it is data, not code"),
        ("[[stage]]\nclass = 'sklearn.datasets.fetch_openml'\n" + SVM, "cannot be used"),
        ("[[stage]]\nclass = 'sklearn.os.system'\n" + SVM, "cannot be used"),
        ("[[stage]]\nclass = 'sklearn.base.TransformerMixin'\n" + SVM, "cannot be used"),
        ("[[stage]]\nclass = 'CNNEmbedding'\n" + SVM, "'model' is missing"),
        (
            "[[stage]]\nclass = 'make_selector'\nmethod = 'best'\n" + SVM,
            r"stage 1 \(make_selector\): method must be one of",
        ),
        ("[[stage]]\nclass = 'sklearn.preprocessing.StandardScaler'", "StandardScaler is no classifier"),
        (SVM + SVM, "stage 1: SVC transforms nothing"),
        (
            "[[stage]]\nclass = 'FeatureSet'\n[[stage.families]]\nclass = 'ColorFeatures'\nregions = ['moon']\n" + SVM,
            r"stage 1 \(FeatureSet\), families 1 \(ColorFeatures\): The 'regions' parameter",
        ),
    ],
)
def test_what_a_file_may_not_say(tmp_path, text, says):
    with pytest.raises(ValueError, match=says) as caught:
        read(tmp_path, text)
    assert str(tmp_path / "own.toml") in str(caught.value)


def test_own_functions_and_pipelines_are_imported_from_here(tmp_path, monkeypatch):
    (tmp_path / "my_pipelines.py").write_text(
        "from leukofeat.baselines import make_baseline\n"
        "def mine(C=3.0):\n    return make_baseline('four_colors', C=C)\n"
        "ready = mine(4.0)\n"
        "def needs(x):\n    return x\n"
        "def fails():\n    return 1 / 0\n"
        "def text():\n    return 'svm'\n"
        "number = 3\n"
    )
    (tmp_path / "broken_pipelines.py").write_text("import nothing_of_this_name\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    name, pipeline = find_pipeline("my_pipelines:mine")
    assert (name, pipeline[-1].estimator[-1].C) == ("mine", 3.0)
    assert find_pipeline("other=my_pipelines:ready")[1][-1].estimator[-1].C == 4.0
    for text, says in {
        "my_pipelines:needs": "needs x; give them defaults",
        "my_pipelines:fails": "ZeroDivisionError: division by zero; my_pipelines.py, line 8",
        "my_pipelines:text": "gives a str; a scikit-learn pipeline is wanted",
        "my_pipelines:number": "is a int",
        "my_pipelines:mime": r"has no 'mime' \(did you mean mine\?\)",
        "your_pipelines:mine": "no module 'your_pipelines' here",
        "my_pipelines.deep:mine": "no module .my_pipelines.deep. here",
        "broken_pipelines:mine": "No module named 'nothing_of_this_name'; broken_pipelines.py, line 1",
        "my_pipelines.py:mine": "my_pipelines:function",
    }.items():
        with pytest.raises(ValueError, match=says):
            find_pipeline(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no such pipeline"),
        ("jin2023_svn", r"did you mean jin2023_svm\?"),
        ("jin2023_svm:segmented=maybe", "segmented must be true or false, not 'maybe'"),
        ("jin2023_svm:C=ten", "C must be a number"),
        ("jin2023_svm:C=true", "C must be a number"),
        ("jin2023_svm:C=-1", "jin2023_svm:C=-1: The 'C' parameter of SVC"),
        ("jin2023_svm:gamma=1", "no parameter 'gamma'; it has segmented, C"),
        ("jin2023_svm:C", "is no parameter with its value"),
        ("leukofeat_svm:shrinkage=much", "shrinkage"),
        ("=four_colors", "both sides"),
        ("mine=", "both sides"),
    ],
)
def test_what_is_no_pipeline(text, says):
    with pytest.raises(ValueError, match=says):
        find_pipeline(text)


def test_a_missing_file_is_named():
    with pytest.raises(OSError, match=r"nothing.toml: no such file"):
        find_pipeline("nothing.toml")


def test_files_make_equal_pipelines_each_time():
    first, second = (find_pipeline(str(EXAMPLE))[1] for _ in range(2))
    assert repr(first) == repr(second)
    assert first is not second
    np.testing.assert_equal(first["svc"].C, 10)


@pytest.mark.parametrize(
    "name",
    [
        "sklearn.svm" + "..svm" * 600 + ".SVC",
        "sklearn" + ".a" * 5000,
        "sklearn.conftest.x",
        "sklearn.svm.tests.test_svm.SVC",
    ],
)
def test_a_class_of_odd_modules_is_refused_and_nothing_is_imported(name, tmp_path):
    (tmp_path / "own.toml").write_text(f'[[stage]]\nclass = "{name}"\n')
    with pytest.raises(ValueError, match=r"own\.toml, stage 1: 'sklearn.*' cannot be used"):
        read_pipeline(tmp_path / "own.toml")
    assert name.rpartition(".")[0] not in sys.modules


def test_a_file_nested_too_deeply_is_refused(tmp_path):
    (tmp_path / "own.toml").write_text("a = " + "[" * 100_000)
    with pytest.raises(ValueError, match=r"own\.toml: cannot be read as TOML"):
        read_pipeline(tmp_path / "own.toml")
