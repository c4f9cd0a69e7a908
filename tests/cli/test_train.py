"""Pipelines by what a person types behind --baseline, and own ones with a beginner's mistakes in them."""

from __future__ import annotations

import numpy as np
import pytest

from leukofeat.cli import main
from leukofeat.cli.messages import UsageError
from leukofeat.cli.shared import named_baseline
from leukofeat.persistence import load


def test_a_baseline_with_parameters():
    assert named_baseline("jin2023_svm:C=7")[-1].estimator[-1].C == 7
    assert "passthrough" in [step for _, step in named_baseline("leukofeat_svm:C=0.01", segments=False).steps]


@pytest.mark.parametrize("name", ["thanh2017_cnn", "jin2023_svm:D=1", "jin2023", "vogado2017_ensemble"])
def test_a_pipeline_that_cannot_be_trained_here_is_a_matter_of_usage(name):
    if name == "thanh2017_cnn":
        pytest.importorskip("torch")
    with pytest.raises(UsageError, match=name.partition(":")[0]):
        named_baseline(name)


OWN = """
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from leukofeat.features import FeatureSet, FunctionFeatures

def redness(smear):
    return smear.image[..., 0].mean()

def broken(smear):
    return 1 / 0

def own():
    return make_pipeline(FeatureSet([FunctionFeatures(redness)]), StandardScaler(), DecisionTreeClassifier())

def failing():
    return make_pipeline(FeatureSet([FunctionFeatures(broken)]), DecisionTreeClassifier())

def headless():
    return make_pipeline(FeatureSet([FunctionFeatures(redness)]))

def scaled():
    return make_pipeline(FeatureSet([FunctionFeatures(redness)]), StandardScaler())
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A module of a user's own, which is imported from where the command is typed."""
    (tmp_path / "redness_of_mine.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / "own.skops"


def test_why_no_image_could_be_measured_is_told(own, labelled, capsys):
    assert main(["train", str(labelled), "-o", str(own), "-b", "redness_of_mine:failing", "--quiet"]) == 1
    told = capsys.readouterr().err
    assert "0.png: ZeroDivisionError: division by zero" in told
    assert "0 classes among 0 readable training images" in told


@pytest.mark.parametrize("name", ["headless", "scaled"])
def test_a_pipeline_without_a_classifier_is_refused(name, own, labelled, capsys):
    assert main(["train", str(labelled), "-o", str(own), "-b", f"redness_of_mine:{name}", "--quiet"]) == 2
    assert f"redness_of_mine:{name} ends in no classifier" in capsys.readouterr().err
    assert not own.exists()


def test_a_model_that_no_command_opens_is_told_when_it_is_written(own, labelled, capsys):
    assert main(["train", str(labelled), "-o", str(own), "-b", "redness_of_mine:own", "--quiet"]) == 0
    told = capsys.readouterr().err
    assert (
        "own.skops: holds types this package does not know: redness_of_mine.redness, sklearn.tree._tree.Tree." in told
    )
    assert "name them in trusted= of leukofeat.persistence.load, in Python; no command opens it" in told
    model = load(own, trusted=["redness_of_mine.redness", "sklearn.tree._tree.Tree"])
    assert len(model.predict([np.full((40, 40, 3), 200, np.uint8)])) == 1
    assert main(["predict", str(own), str(labelled), "-o", str(own.with_suffix(".csv"))]) == 1
