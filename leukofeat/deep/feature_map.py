"""Which layer of a network gives its last maps."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from leukofeat.deep.extra import import_torch

__doctest_requires__ = {"*": ["torch"]}


def last_map(module: Any, inputs: Any) -> tuple[str, Any]:
    """Name and layer of a network's last maps in front of its pooling.

    Parameters
    ----------
    module : torch.nn.Module
    inputs : Tensor of shape (n, channels, height, width)
        What it computes, to see.

    Returns
    -------
    name, layer
        The last one that gives a tensor of shape (n, channels, rows, columns) with more than one pixel and is no pooling, nor ends in one.

    Raises
    ------
    ValueError
        When there is none, or the network goes on with tokens, as transformers do.

    Examples
    --------
    >>> import torch
    >>> nn = torch.nn
    >>> blocks = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2))
    >>> last_map(nn.Sequential(blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)), torch.zeros(1, 3, 9, 9))
    ('0.1', ReLU())
    """
    torch = import_torch()
    nn = torch.nn
    pools = (
        nn.MaxPool2d,
        nn.AvgPool2d,
        nn.AdaptiveAvgPool2d,
        nn.AdaptiveMaxPool2d,
        nn.LPPool2d,
        nn.FractionalMaxPool2d,
    )
    found: list[tuple[str, Any]] = []
    pooled: list[Any] = []

    def look(name: str, layer: Any, output: Any) -> None:
        if not isinstance(output, torch.Tensor):
            return
        if isinstance(layer, pools):
            pooled[:] = [output]
        elif output.ndim == 3:
            found.clear()  # tokens: what maps were there are not what the verdict is made of
        elif output.ndim == 4 and output.shape[2] * output.shape[3] > 1:
            # a block that ends in a pooling, and dropout behind one, hand on the very tensor
            handed_on = any(output is one for one in pooled) and not getattr(layer, "inplace", False)
            found[:] = found if handed_on else [(name, layer)]

    hooks = [
        layer.register_forward_hook(lambda layer, _inputs, output, name=name: look(name, layer, output))
        for name, layer in module.named_modules()
        if name
    ]
    try:
        with evaluating(module), torch.no_grad():
            module(inputs)
    finally:
        for hook in hooks:
            hook.remove()
    if not found:
        raise ValueError(
            f"{type(module).__name__} has no layer that gives maps of more than one pixel and leads to its pooling, at inputs of "
            f"{inputs.shape[2]} x {inputs.shape[3]} pixels; name one by layer=."
        )
    return found[0]


def find_layer(module: Any, layer: Any) -> tuple[str, Any]:
    """Name and layer, by one of the two.

    Raises
    ------
    ValueError
        When the network has no such layer.
    """
    for name, own in module.named_modules():
        if own is layer or (isinstance(layer, str) and name == layer):
            return name, own
    last = ", ".join([name for name, _ in module.named_modules() if name][-4:])
    raise ValueError(f"layer={layer!r} is no layer of {type(module).__name__}; its last ones are {last}.")


@contextmanager
def evaluating(module: Any) -> Iterator[None]:
    """A network in evaluation mode, its modes given back at the end."""
    training = [part for part in module.modules() if part.training]
    for part in training:
        part.training = False
    try:
        yield
    finally:
        for part in training:
            part.training = True
