"""The small networks of the papers, layer by layer; where a paper is silent, the choice is named."""

import itertools
from collections.abc import Callable, Sequence
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


def thanh2018(n_classes: int) -> Any:
    """Seven layers, five 3x3 convolutions with 2x2 max pooling and two dense: after Thanh et al., IJCTE 10, 2018.

    Of the paper no more is known here than that its network is deeper than that of 2017, on larger inputs, and, as others cite it, that it
    has seven layers; widths (16, 32, 64, 128, 128), the dense layer of 128 and the input of 128 x 128, of which the poolings leave 4 x 4,
    were chosen here.
    """
    nn = import_torch().nn
    return _started(nn.Sequential(
        *_blocks((16, 32, 64, 128, 128)), nn.AdaptiveAvgPool2d(4), nn.Flatten(),
        nn.Linear(128 * 4 * 4, 128), nn.ReLU(), nn.Linear(128, n_classes),
    ))  # fmt: skip


def phapale_cnn(n_classes: int) -> Any:
    """Three blocks of 3x3 convolution and 2x2 max pooling, and a dense layer of 128: after Phapale et al.

    The paper names convolution, max pooling and dense layers; how many, and how wide (32, 64, 128), was chosen here, and an input of
    128 x 128, of which the poolings leave 16 x 16.
    """
    nn = import_torch().nn
    return _started(nn.Sequential(
        *_blocks((32, 64, 128)), nn.AdaptiveAvgPool2d(16), nn.Flatten(),
        nn.Linear(128 * 16 * 16, 128), nn.ReLU(), nn.Linear(128, n_classes),
    ))  # fmt: skip


def secnn(n_classes: int) -> Any:
    """Four blocks of 3x3 convolution, squeeze-and-excitation and 2x2 max pooling, and a dense layer of 128: after Geetha and Haridas, 2024.

    The paper names the kinds of layers; four blocks of 32, 64, 128 and 256 maps, the reduction by 16 (that of Hu et al., 2018), the mean
    over each map, the dense layer of 128 and the dropout of 0.5 were chosen here.
    """
    nn = import_torch().nn
    return _started(nn.Sequential(
        *_blocks((32, 64, 128, 256), reduction=16), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(256, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, n_classes),
    ))  # fmt: skip


def _blocks(widths: Sequence[int], reduction: int | None = None) -> list[Any]:
    """Layers of 3x3 convolution and ReLU, weighting of the maps if there is a `reduction`, and 2x2 max pooling, for each width."""
    nn = import_torch().nn
    layers: list[Any] = []
    for before, after in itertools.pairwise((3, *widths)):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU()]
        layers += [] if reduction is None else [_squeeze_and_excitation(after, reduction)]
        layers.append(nn.MaxPool2d(2))
    return layers


def _started(network: Any) -> Any:
    """The network with weights as Glorot and Bengio (AISTATS 2010) draw them: with PyTorch's own, deep ones without normalisation hardly start."""
    nn = import_torch().nn
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
    return network


def _squeeze_and_excitation(width: int, reduction: int) -> Any:
    """Maps times a weight of each, 0 to 1, which two dense layers take from the maps' means (Hu, Shen, Sun, CVPR 2018)."""
    nn = import_torch().nn

    class SqueezeExcitation(nn.Module):  # type: ignore[name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.weigh = nn.Sequential(
                nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                nn.Linear(width, width // reduction), nn.ReLU(), nn.Linear(width // reduction, width), nn.Sigmoid(),
            )  # fmt: skip

        def forward(self, maps: Any) -> Any:
            return maps * self.weigh(maps)[:, :, None, None]

    return SqueezeExcitation()


PAPERS: dict[str, Callable[[int], Any]] = {
    "secnn": secnn,
    "phapale_cnn": phapale_cnn,
    "thanh2017": thanh2017,
    "thanh2018": thanh2018,
}
