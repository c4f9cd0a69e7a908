"""What `model=` of an embedding may be: a file, an architecture, a module, a function, a trained classifier; and which it is."""

import os
import re
from collections.abc import Sequence
from typing import Any

from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from leukofeat.constraints import Integral, Number, check
from leukofeat.deep.extra import import_torch
from leukofeat.deep.network import NetworkFile, read_network_file
from leukofeat.deep.torch_network import TorchNetwork, describe_module, read_torch_network, told_apart
from leukofeat.digest import state_of

_WEIGHTS = (".safetensors", ".pt", ".pth")


def is_file(model: Any) -> bool:
    """Whether `model` is the path of a network's file, there or not, and no architecture.

    Examples
    --------
    >>> [is_file(model) for model in ("net.onnx", "nets/net", "mobilenet_v2", "timm:resnet18.a1_in1k")]
    [True, True, False, False]
    """
    if isinstance(model, os.PathLike):
        return True
    if not isinstance(model, str) or model.startswith("timm:"):
        return False
    # a bare name is an architecture's, unless there is such a file
    return not re.fullmatch(r"[A-Za-z]\w*", model) or os.path.isfile(model)


def is_classifier(model: Any) -> bool:
    """Whether `model` is an estimator around a network of its own, as CNNClassifier is."""
    return not isinstance(model, type) and hasattr(model, "to_input") and hasattr(model, "module")


def find_source(model: Any, weights: Any, random_state: int, *, anew: bool = False) -> NetworkFile | TorchNetwork:
    """The network that `model` stands for; `anew` looks into a module again that is known.

    Raises
    ------
    FileNotFoundError, ImportError, ValueError
        When there is none; the message says what is missing.
    NotFittedError
        For a classifier without a network.
    """
    if is_file(model):
        path = os.fspath(model)
        if weights is not None:
            raise ValueError(f"{path}: an ONNX file holds its weights; weights= is for an architecture.")
        if path.lower().endswith(_WEIGHTS) and os.path.isfile(path):
            raise ValueError(
                f"{path}: holds weights and no network; name the architecture, as in model='mobilenet_v2', weights={path!r}."
            )
        return read_network_file(path)
    if is_classifier(model):
        if weights is not None:
            raise ValueError("weights= is for an architecture; a classifier has its own.")
        try:
            check_is_fitted(model)
        except NotFittedError as error:
            raise NotFittedError(
                f"model={model} is not fitted, or was not any more once scikit-learn cloned it; fit it and hand in "
                "sklearn.frozen.FrozenEstimator(classifier)."
            ) from error
        return read_torch_network(model.module(), None, random_state, anew=anew)
    try:
        return read_torch_network(model, weights, random_state, anew=anew and not isinstance(model, str))
    except ImportError as error:
        if not isinstance(model, str):
            raise
        raise ImportError(f"model={model!r} is an architecture, and no file that is there: {error}") from error


def identity_of(model: Any) -> Any:
    """What tells one `model` from another, apart from the tensors, in a form that has a digest."""
    if is_file(model):
        return None
    torch = import_torch()
    if isinstance(model, torch.nn.Module):
        return ["module", torch.__version__, describe_module(model)]
    if not is_classifier(model):
        return ["architecture", torch.__version__, model]
    model = model.estimator if isinstance(model, FrozenEstimator) else model
    state = model.identity() if hasattr(model, "identity") else state_of(model)
    return ["classifier", torch.__version__, type(model), told_apart(dict(state)), describe_module(model.module())]


def input_size(source: NetworkFile | TorchNetwork, size: Any) -> tuple[int, int]:
    """Height and width of the input: as wanted, or else as the network says, or else 224 x 224."""
    if size is None:
        return source.input_size or (224, 224)
    sides = tuple(size) if isinstance(size, Sequence) else (size, size)
    if len(sides) != 2:
        raise ValueError(f"input_size must be a number or (height, width), not {size!r}.")
    for side in sides:
        check("input_size", side, Number(Integral, 1))
    height, width = map(int, sides)
    if source.input_size not in (None, (height, width)):
        raise ValueError(
            f"{source.path}: the network takes {source.input_size[0]} x {source.input_size[1]} pixels, not {height} x {width}; "
            "leave input_size out."
        )
    return height, width
