"""The small networks of the papers, layer by layer; where a paper is silent, the choice is named."""

from collections.abc import Callable
from typing import Any

from leukofeat.deep.extra import import_torch


def thanh2017(n_classes: int) -> Any:
    """Two 5x5 convolutions of 30 maps, 2x2 max pooling after each, and a verdict: Thanh et al., ICAITA 2017.

    Made for inputs of 50 x 50; the pooling to a grid of 9 x 9, which is what such an input leaves, lets it take others.
    """
    nn = import_torch().nn
    return nn.Sequential(
        nn.Conv2d(3, 30, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(30, 30, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.AdaptiveAvgPool2d(9), nn.Flatten(), nn.Linear(30 * 9 * 9, n_classes),
    )  # fmt: skip


PAPERS: dict[str, Callable[[int], Any]] = {"thanh2017": thanh2017}
