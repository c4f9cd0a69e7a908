"""Weights for a network: torchvision's by name, files, and what some files ask of the network that takes them."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from leukofeat.deep.architectures import top_of
from leukofeat.deep.extra import import_extra, import_torch
from leukofeat.deep.known import KNOWN, TORCHVISION, Card


def load_weights(network: Any, weights: Any, *, architecture: Any = None) -> Card:
    """Put weights into a network, all but those of layers that it has in another shape.

    Parameters
    ----------
    network : torch.nn.Module
        Changed in place.
    weights : str, path or None
        A file: .safetensors, or .pt and .pth (read with `weights_only=True`, so that it cannot run code); a name of torchvision's
        ("IMAGENET1K_V1", "DEFAULT"), which torchvision fetches; None leaves the network as it is.
    architecture : str, optional
        Name that the network was made by, for weights by name.

    Returns
    -------
    Card
        How the network wants its images.

    Raises
    ------
    FileNotFoundError, ValueError
        When there is no such file or name; when the file holds none of the network's tensors; when tensors are missing that are not
        at its end.

    Notes
    -----
    Known files are recognised by their content. Where one was trained with TensorFlow's padding, the network's strided
    convolutions pad as TensorFlow does from then on.
    """
    if weights is None:
        return TORCHVISION
    name = os.fspath(weights)
    if not Path(name).suffix:
        return _fetch(network, name, architecture)
    state, card = read_weights(name), KNOWN.get(file_digest(name), TORCHVISION)
    own = network.state_dict()
    fitting = {
        key: value.to(own[key].dtype) for key, value in state.items() if key in own and own[key].shape == value.shape
    }
    if not fitting:
        raise ValueError(
            f"{name}: holds none of the tensors of {type(network).__name__}; it has {', '.join(list(state)[:3])}, ..., the network "
            f"{', '.join(list(own)[:3])}, ...: it belongs to another architecture."
        )
    network.load_state_dict(fitting, strict=False)
    missing = [key for key in own if key not in fitting and not _replaced(network, key)]
    if missing:
        raise ValueError(
            f"{name}: {len(missing)} of the network's {len(own)} tensors are not in it, {missing[0]} for one; it belongs to another "
            "architecture, or to another size of it."
        )
    adapt(network, card.adapted)
    return card


def adapt(network: Any, how: str) -> None:
    """Let a network compute as that did which its weights were trained in.

    Parameters
    ----------
    network : torch.nn.Module
        Changed in place.
    how : {"", "tensorflow"}
        Not at all, or with strided convolutions that pad as TensorFlow does.
    """
    if how == "tensorflow":
        pad_as_tensorflow(network)


def read_weights(path: str) -> dict[str, Any]:
    """Tensors of a file by name."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: no such file; weights= takes a file or a name of torchvision's.")
    try:
        if path.lower().endswith(".safetensors"):
            return dict(import_extra("safetensors.torch").load_file(path))
        state = import_torch().load(path, map_location="cpu", weights_only=True)
    except (ImportError, FileNotFoundError):
        raise
    except Exception as error:  # each library has errors of its own
        raise ValueError(f"{path}: no weights that could be read ({' '.join(str(error).split())[:200]}).") from error
    state = state.get("state_dict", state) if isinstance(state, Mapping) else {}
    found = {key.removeprefix("module."): value for key, value in state.items() if hasattr(value, "shape")}
    if not found:
        raise ValueError(f"{path}: holds no tensors by name.")
    return found


def file_digest(path: str) -> str:
    """sha256 of a file's content; read once for each state of the file."""
    status = os.stat(path)
    return _file_digest(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=32)
def _file_digest(path: str, mtime_ns: int, size: int) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def pad_as_tensorflow(network: Any) -> None:
    """Let convolutions of stride 2 pad right and bottom only, as TensorFlow's "SAME" does on inputs of even size."""
    torch = import_torch()

    def pad(module: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        (values,) = inputs
        total = [
            max((-(-side // stride) - 1) * stride + kernel - side, 0)
            for side, stride, kernel in zip(values.shape[-2:], module.stride, module.kernel_size, strict=True)
        ]
        rows, columns = total
        return (torch.nn.functional.pad(values, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2)),)

    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d) and max(module.stride) > 1 and max(module.kernel_size) > 1:
            module.padding = (0, 0)
            module.register_forward_pre_hook(pad)


def has_folded_norms(network: Any) -> bool:
    """Whether batch normalisations only add: their scale lies in the convolutions, as files for inference have it."""
    torch = import_torch()
    norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d) and module.affine]
    return (
        bool(norms)
        and all(
            bool((norm.running_mean == 0).all()) and bool(((norm.running_var + norm.eps - 1).abs() < 1e-4).all())
            for norm in norms
        )
        and any(bool((norm.bias != 0).any()) for norm in norms)
    )


def unfold_norms(network: Any, batches: Iterable[Any]) -> None:
    """Give folded batch normalisations the statistics of some images, without changing what the network computes.

    In training a batch normalisation divides by the deviation of its batch; where its scale lies in the convolution before it,
    that would throw the learned scale away. With mean m and variance v of what comes in, measured layer by layer, weight
    sqrt(v + eps) and bias + m do the same as before and can be trained.

    Parameters
    ----------
    network : torch.nn.Module
        In evaluation mode; changed in place.
    batches : iterable of Tensor of shape (n, 3, height, width)
        What the network takes.
    """
    torch = import_torch()
    norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d) and module.affine]
    sums: dict[Any, list[Any]] = {norm: [0, 0.0, 0.0] for norm in norms}

    def add(module: Any, inputs: tuple[Any, ...]) -> None:
        values = inputs[0].double()
        total = sums[module]
        total[0] += values.shape[0] * values.shape[2] * values.shape[3]
        total[1] = total[1] + values.sum((0, 2, 3))
        total[2] = total[2] + values.square().sum((0, 2, 3))

    hooks = [norm.register_forward_pre_hook(add) for norm in norms]
    with torch.inference_mode():
        for batch in batches:
            network(batch)
    for hook in hooks:
        hook.remove()
    with torch.no_grad():
        for norm, (count, total, squares) in sums.items():
            if not count:
                continue
            mean = (total / count).to(norm.weight.dtype)
            variance = (squares / count - (total / count).square()).clamp_min(0).to(norm.weight.dtype)
            scale = (variance + norm.eps).sqrt()
            factor = norm.weight / (norm.running_var + norm.eps).sqrt()  # 1 where it is folded
            norm.bias += factor * (mean - norm.running_mean)
            norm.weight.copy_(factor * scale)
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(variance)


def _fetch(network: Any, name: str, architecture: Any) -> Card:
    if not isinstance(architecture, str):
        raise ValueError(f"weights={name!r}: weights by name need an architecture by name; give a file.")
    if architecture.startswith("timm:"):
        made = import_extra("timm").create_model(architecture.removeprefix("timm:"), pretrained=True)
        state, mean, std = made.state_dict(), made.default_cfg["mean"], made.default_cfg["std"]
    else:
        models = import_extra("torchvision.models")
        try:
            known = models.get_model_weights(architecture)
        except ValueError:
            raise ValueError(
                f"weights={name!r}: torchvision has no weights for {architecture!r}; give a file, or None."
            ) from None
        if name not in known.__members__:
            raise ValueError(
                f"weights={name!r}: torchvision has {', '.join(known.__members__)} for {architecture!r}; a file needs its ending."
            )
        state, preset = known[name].get_state_dict(progress=False), known[name].transforms()
        mean, std = preset.mean, preset.std
        if hasattr(network, "transform_input"):
            # GoogLeNet and Inception: torchvision normalises once more inside, which comes to values of -1 to 1
            mean = std = (0.5, 0.5, 0.5)
    own = network.state_dict()
    fitting = {key: value for key, value in state.items() if key in own and own[key].shape == value.shape}
    network.load_state_dict(fitting, strict=False)
    return Card(f"{architecture}, {name}", _times(mean, 255), _times(std, 255, -1))


def _times(three: Iterable[float], factor: float, power: int = 1) -> tuple[float, float, float]:
    first, second, third = ((value * factor) ** power for value in three)
    return first, second, third


def _replaced(network: Any, key: str) -> bool:
    """Whether a tensor belongs to the layers that give the classes (made anew), or counts batches."""
    return key.startswith(f"{top_of(network)}.") or key.endswith("num_batches_tracked")
