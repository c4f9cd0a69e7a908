"""Embeddings by torch in a store, told apart by content, and those of a trained classifier."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from leukofeat import Smear
from leukofeat.deep import CNNEmbedding
from leukofeat.deep.torch_network import describe_module, told_apart
from leukofeat.digest import digest
from leukofeat.features import FeatureSet
from tests.deep.torch_modules import Trained, small, tiny_module

pytestmark = pytest.mark.usefixtures("torch")


@pytest.fixture
def count(monkeypatch):
    calls = []
    measure = CNNEmbedding.measure
    monkeypatch.setattr(CNNEmbedding, "measure", lambda self, smear: calls.append(1) or measure(self, smear))
    return calls


def measured(family, images, folder, count):
    count.clear()
    values = FeatureSet([family], memory=folder).fit_transform(images)
    return len(count), values


@pytest.mark.filterwarnings("error")
def test_a_store_keeps_embeddings_by_content(torch, tiny, module, images, tmp_path, count):
    n, values = measured(CNNEmbedding(module, input_size=16), images, tmp_path, count)
    assert n == 5
    n, again = measured(CNNEmbedding(tiny_module(tiny), input_size=16), images, tmp_path, count)
    assert n == 0
    np.testing.assert_array_equal(again, values)
    assert measured(CNNEmbedding(module, input_size=16, layer="4"), images, tmp_path, count)[0] == 5
    assert measured(CNNEmbedding(module, input_size=16, pooling="max"), images, tmp_path, count)[0] == 5
    # the same tensors, computed with otherwise
    other = tiny_module(tiny)
    other[1] = torch.nn.Tanh()
    assert measured(CNNEmbedding(other, input_size=16), images, tmp_path, count)[0] == 5
    # written in a way that torch does not count
    module[0].bias.data.add_(1)
    n, moved = measured(CNNEmbedding(module, input_size=16), images, tmp_path, count)
    assert n == 5
    assert not np.allclose(moved, values)


@pytest.mark.filterwarnings("error")
def test_a_store_notices_another_weights_file(weights_file, images, tmp_path, count):
    store = tmp_path / "store"
    family = CNNEmbedding(small, weights=weights_file(1), input_size=16)
    n, values = measured(family, images, store, count)
    assert n == 5
    assert measured(clone(family), images, store, count)[0] == 0
    weights_file(2)
    n, other = measured(clone(family), images, store, count)
    assert n == 5
    assert not np.allclose(other, values)
    weights_file(1)
    n, again = measured(clone(family), images, store, count)
    assert n == 0
    np.testing.assert_array_equal(again, values)
    assert measured(CNNEmbedding("thanh2017", input_size=50), images, store, count)[0] == 5
    assert measured(CNNEmbedding("thanh2017", input_size=50), images, store, count)[0] == 0
    assert measured(CNNEmbedding("thanh2017", input_size=50, random_state=1), images, store, count)[0] == 5


def test_tensors_count_by_their_numbers(torch, tiny):
    values = [
        {"state": {"w": torch.arange(3.0)}, "net": tiny_module(tiny), "half": torch.ones(2, dtype=torch.bfloat16)}
    ]
    same = digest(told_apart(values))
    assert digest(told_apart(copy.deepcopy(values))) == same
    with torch.no_grad():
        values[0]["net"][0].weight[0, 0, 0, 0] += 1
    assert digest(told_apart(values)) != same
    # as another process says it
    assert digest(told_apart({"w": torch.arange(3.0)})) == digest({"w": np.arange(3, dtype=np.float32)})


def test_hooks_and_classes_are_part_of_what_a_module_is(torch, module):
    plain = digest(describe_module(module))
    hooked = copy.deepcopy(module)
    hooked[0].register_forward_pre_hook(lambda part, inputs: (inputs[0] + 1,))
    assert digest(describe_module(hooked)) != plain
    assert digest(describe_module(copy.deepcopy(module).eval())) == plain
    strided = copy.deepcopy(module)
    strided[0].stride = (1, 1)
    assert digest(describe_module(strided)) != plain


@pytest.mark.filterwarnings("error")
def test_a_trained_classifier_brings_its_own_preparation(torch, images, tmp_path, count):
    y = [0, 1, 0, 1, 0]
    classifier = Trained(brighter=0.25).fit(images, y)
    family = CNNEmbedding(classifier)
    values = family.fit_transform(images)
    with torch.inference_mode():
        rows = [classifier.module()[:-1](classifier.to_input(Smear(image)))[0].numpy() for image in images]
    np.testing.assert_allclose(values, rows, rtol=1e-5, atol=1e-6)
    assert pickle.loads(pickle.dumps(family)).transform(images).tobytes() == values.tobytes()
    frozen = CNNEmbedding(FrozenEstimator(classifier))
    assert cross_val_score(make_pipeline(FeatureSet([frozen]), SVC()), images, y, cv=2, error_score="raise").shape == (
        2,
    )
    assert measured(frozen, images, tmp_path, count)[0] == 5
    assert measured(clone(frozen), images, tmp_path, count)[0] == 0
    darker = CNNEmbedding(Trained(brighter=0).fit(images, y))
    assert measured(darker, images, tmp_path, count)[0] == 5
    assert measured(CNNEmbedding(Trained(brighter=0, seed=1).fit(images, y)), images, tmp_path, count)[0] == 5
    with pytest.raises(NotFittedError, match=r"not fitted, .*FrozenEstimator"):
        clone(family).fit(images)
    with pytest.raises(ValueError, match="color_space=: a trained classifier prepares images"):
        CNNEmbedding(classifier, color_space="hsv").fit(images)
    with pytest.raises(ValueError, match="mean=: a trained classifier prepares images"):
        CNNEmbedding(classifier, mean=np.zeros(3)).fit(images)
    with pytest.raises(ValueError, match="weights= is for an architecture"):
        CNNEmbedding(classifier, weights="w.pt").fit(images)
