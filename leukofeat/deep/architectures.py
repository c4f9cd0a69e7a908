"""Networks by name: torchvision's, timm's, those of the papers, and a module or function of one's own."""

import copy
import difflib
import itertools
from collections.abc import Sequence
from typing import Any

from leukofeat.deep.extra import import_extra, import_torch
from leukofeat.deep.papers import PAPERS

__doctest_requires__ = {("build_network", "top_of"): ["torch"]}


def build_network(
    architecture: Any,
    n_classes: int,
    *,
    hidden: Sequence[int] = (),
    dropout: float | None = None,
    pooling: str | None = None,
) -> Any:
    """A network for `n_classes`, with random weights.

    Parameters
    ----------
    architecture : str, torch.nn.Module or callable
        A name of torchvision ("resnet50"); "timm:" and a name of timm; one of the papers' own small networks ("secnn", "phapale_cnn",
        "thanh2017", "thanh2018"); a module, of which a copy is taken as it is, weights included; or a function of the number of classes
        that returns a module.
    n_classes : int
    hidden : sequence of int
        Widths of layers (with ReLU) between the features and the verdict, in place of none.
    dropout : float, optional
        In front of the new layers; by default what the architecture has there.
    pooling : {"mean", "max"}, optional
        How maps become a vector, where the architecture has an adaptive pooling; by default its own.

    Returns
    -------
    torch.nn.Module
        Its last layer gives one logit a class; its attribute `new_layers` is the name of what was put at its end.

    Raises
    ------
    ImportError
        When what the name asks for is not installed; the message says what to install.
    ValueError
        For an unknown name, with names that are near; for a module without a linear layer at its end.

    Examples
    --------
    >>> build_network("thanh2017", 4)[-1]
    Linear(in_features=2430, out_features=4, bias=True)
    """
    torch = import_torch()
    if isinstance(architecture, str):
        network = _by_name(architecture, n_classes)
    elif isinstance(architecture, torch.nn.Module):
        network = copy.deepcopy(architecture)
    elif callable(architecture):
        network = architecture(n_classes)
        if not isinstance(network, torch.nn.Module):
            raise ValueError(
                f"architecture {architecture!r} returned a {type(network).__name__}; a torch.nn.Module is wanted."
            )
    else:
        raise ValueError(
            f"architecture must be a name, a torch.nn.Module or a function of the number of classes, not {architecture!r}."
        )
    if pooling is not None:
        _set_pooling(network, pooling)
    name, head = head_of(network)
    network.new_layers = name
    n_out = head.out_features if isinstance(head, torch.nn.Linear) else head.out_channels
    if n_out != n_classes or hidden or dropout is not None:
        _set_head(network, name, head, n_classes, hidden, dropout)
    return network


def import_for(architecture: Any) -> None:
    """Import what a network asks for: PyTorch, and the package that its name is of.

    Parameters
    ----------
    architecture : str, torch.nn.Module or callable
        As :func:`build_network` takes it.

    Raises
    ------
    ImportError
        When it is not installed, or does not load; the message says what to install.
    """
    import_torch()
    if not isinstance(architecture, str) or architecture in PAPERS:
        return
    import_extra("timm" if architecture.startswith("timm:") else "torchvision.models")


def head_of(network: Any) -> tuple[str, Any]:
    """Name and module of a network's last layer with weights: the one that gives the classes.

    Raises
    ------
    ValueError
        When it is neither a linear layer nor a convolution.
    """
    nn = import_torch().nn
    weighted = [
        (name, module) for name, module in network.named_modules() if isinstance(module, (nn.Linear, nn.Conv2d))
    ]
    if not weighted:
        raise ValueError(
            f"The network {type(network).__name__} has no linear layer and no convolution that could give the classes."
        )
    return weighted[-1]


def top_of(network: Any) -> str:
    """Name of the part at a network's end that gives the classes, `classifier` or `fc` as torchvision calls it.

    It is the outermost that holds the last layer and not the whole network, as the one child of a module that only wraps another does.

    Examples
    --------
    >>> torch = import_torch()
    >>> inner = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.Flatten(), torch.nn.Linear(4, 2))
    >>> top_of(inner), top_of(torch.nn.Sequential(inner))
    ('2', '0.2')
    """
    parts, n = head_of(network)[0].split("."), len(list(network.parameters()))
    names = [".".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
    return next((name for name in names if len(list(network.get_submodule(name).parameters())) < n), names[-1])


def _by_name(name: str, n_classes: int) -> Any:
    if name in PAPERS:
        return PAPERS[name](n_classes)
    if name.startswith("timm:"):
        timm = import_extra("timm")
        try:
            return timm.create_model(name.removeprefix("timm:"), pretrained=False, num_classes=n_classes)
        except RuntimeError as error:
            raise ValueError(f"architecture {name!r}: {error}.") from error
    models = import_extra("torchvision.models")
    known = models.list_models(models)
    if name not in known:
        near = difflib.get_close_matches(name, [*known, *PAPERS], 3, 0.5)
        raise ValueError(
            f"architecture {name!r} is not known; {'near are ' + ', '.join(near) if near else 'there are those of torchvision.models'}."
        )
    # without the classifiers at the side, whose loss only GoogLeNet's and Inception's own recipes use
    extra = {"aux_logits": False, "init_weights": True} if name in ("googlenet", "inception_v3") else {}
    return models.get_model(name, weights=None, num_classes=n_classes, **extra)


def _set_pooling(network: Any, pooling: str) -> None:
    nn = import_torch().nn
    wanted = {"mean": nn.AdaptiveAvgPool2d, "max": nn.AdaptiveMaxPool2d}[pooling]
    found = [
        (name, module)
        for name, module in network.named_modules()
        if isinstance(module, (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d))
    ]
    found = [(name, module) for name, module in found if _in_front_of_head(network, name)]
    if not found:
        pooled = "mean" if pooling == "mean" else "max"
        raise ValueError(
            f"pooling={pooled!r}: {type(network).__name__} has no adaptive pooling whose kind could be chosen."
        )
    name, module = found[-1]
    _replace(network, name, wanted(module.output_size))


def _in_front_of_head(network: Any, name: str) -> bool:
    """Whether a module is one of the network's own children or their direct children, not a part of a block."""
    return name.count(".") <= 1


def _set_head(network: Any, name: str, head: Any, n_classes: int, hidden: Sequence[int], dropout: float | None) -> None:
    nn = import_torch().nn
    if isinstance(head, nn.Conv2d):
        if hidden or dropout is not None:
            raise ValueError(
                f"hidden and dropout need a network that ends in a linear layer; {type(network).__name__} ends in a convolution."
            )
        _replace(network, name, nn.Conv2d(head.in_channels, n_classes, head.kernel_size, head.stride, head.padding))
        return
    widths = [head.in_features, *hidden]
    layers: list[Any] = [] if dropout is None else [nn.Dropout(dropout)]
    for before, after in itertools.pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    layers.append(nn.Linear(widths[-1], n_classes))
    if dropout is not None:
        _without_dropout_before(network, name)
    _replace(network, name, layers[0] if len(layers) == 1 else nn.Sequential(*layers))


def _without_dropout_before(network: Any, name: str) -> None:
    """Take out the architecture's own dropout right in front of its last layer."""
    nn = import_torch().nn
    parent, _, key = name.rpartition(".")
    owner = network.get_submodule(parent)
    if (
        isinstance(owner, nn.Sequential)
        and key.isdigit()
        and int(key) > 0
        and isinstance(owner[int(key) - 1], nn.Dropout)
    ):
        owner[int(key) - 1] = nn.Identity()


def _replace(network: Any, name: str, module: Any) -> None:
    parent, _, key = name.rpartition(".")
    setattr(network.get_submodule(parent), key, module)


def check_network(network: Any, inputs: Any, architecture: Any, n_classes: int) -> None:
    """Show a network one image, so that one which does not fit its images or its classes is told of in words.

    Parameters
    ----------
    network : torch.nn.Module
        Left in evaluation mode.
    inputs : Tensor of shape (1, 3, height, width)
    architecture : str, torch.nn.Module or callable
        What it was made by.
    n_classes : int

    Raises
    ------
    ValueError
        When it fails, or does not give `n_classes` logits.
    """
    torch = import_torch()
    name, size = architecture if isinstance(architecture, str) else type(network).__name__, tuple(inputs.shape[-2:])
    try:
        with torch.no_grad():
            logits = network.eval()(inputs)
    except Exception as error:  # each architecture has errors of its own
        raise ValueError(
            f"architecture {name!r} does not take images of input_size {size} ({' '.join(str(error).split())[:200]})."
        ) from error
    shape = tuple(getattr(logits, "shape", ()))
    if shape != (1, n_classes):
        raise ValueError(
            f"architecture {name!r} gives {shape or type(logits).__name__} for one image; logits of shape (1, {n_classes}) are wanted, of "
            "the linear layer or convolution that is defined last in it."
        )
