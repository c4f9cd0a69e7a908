"""What `model=` is taken for, and what is said where it cannot be had."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from leukofeat.deep import CNNEmbedding
from leukofeat.deep.source import is_file
from tests.deep.torch_modules import small

IMAGES = [np.zeros((8, 8, 3), np.uint8)]


@pytest.mark.parametrize(
    ("model", "file"),
    [
        ("net.onnx", True),
        ("nets/net", True),
        ("nets\\net", True),
        (".", True),
        ("", True),
        ("my-net", True),
        ("2.0", True),
        (Path("mobilenet_v2"), True),
        ("mobilenet_v2", False),
        ("timm:resnet18.a1_in1k", False),
        (small, False),
    ],
)
def test_files_and_architectures(model, file):
    assert is_file(model) is file


def test_a_file_with_the_name_of_an_architecture_is_the_file(network, tmp_path, monkeypatch):
    (tmp_path / "resnet18").write_bytes(Path(network).read_bytes())
    monkeypatch.chdir(tmp_path)
    assert CNNEmbedding("resnet18").fit_transform(IMAGES).shape == (1, 5)


@pytest.mark.parametrize("model", ["mobilenet_v2", "thanh2017", "gone", "timm:resnet18", small])
def test_without_torch_the_message_says_what_to_install(model, network, monkeypatch):
    def gone(name):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr("leukofeat.deep.extra.import_module", gone)
    with pytest.raises(ImportError, match=r"torch .*is not installed: pip install 'leukofeat\[deep\]'"):
        CNNEmbedding(model).fit(IMAGES)
    assert CNNEmbedding(network).fit_transform(IMAGES).shape == (1, 5)
    with pytest.raises(FileNotFoundError, match=r"gone\.onnx: no such network file; model= takes the path of an ONNX"):
        CNNEmbedding("gone.onnx").fit(IMAGES)


def test_names_that_nobody_knows(torch, torchvision):
    with pytest.raises(ValueError, match="architecture 'mobilnet_v2' is not known; near are mobilenet_v2"):
        CNNEmbedding("mobilnet_v2").fit(IMAGES)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"layer": "0"}, ValueError, r"tiny\.onnx: layer='0' names a module of a torch network; .* output="),
        ({"weights": "w.pt"}, ValueError, r"tiny\.onnx: an ONNX file holds its weights"),
        ({"pooling": "sum"}, ValueError, "'pooling' .* must be one of 'mean', 'max', 'flatten'. Got 'sum'"),
        ({"color_space": "lab"}, ValueError, "'color_space' .* must be one of .* Got 'lab'"),
        ({"masked": 3}, TypeError, "'masked' parameter of CNNEmbedding must be"),
        ({"random_state": None}, TypeError, "'random_state' parameter of CNNEmbedding must be"),
    ],
)
def test_bad_parameters_for_a_file(params, error, message, network):
    with pytest.raises(error, match=message):
        CNNEmbedding(network, **params).fit(IMAGES)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"output": "prob"}, ValueError, "output='prob' names an output of an ONNX file; of thanh2017 it is layer="),
        ({"backend": "onnxruntime"}, ValueError, "backend='onnxruntime' runs ONNX files; thanh2017 is run by torch"),
        ({"weights": "gone.pt"}, FileNotFoundError, r"gone\.pt: no such file"),
        ({"model": lambda n: n}, ValueError, "returned a int; a torch.nn.Module is wanted"),
    ],
)
def test_bad_parameters_for_an_architecture(params, error, message, torch):
    with pytest.raises(error, match=message):
        CNNEmbedding(**{"model": "thanh2017", "input_size": 50, **params}).fit(IMAGES)


def test_weights_are_no_network(torch, tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(b"weights")
    with pytest.raises(ValueError, match=r"w\.safetensors: holds weights and no network; name the architecture"):
        CNNEmbedding(path).fit(IMAGES)
