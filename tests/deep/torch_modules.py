"""Small networks of PyTorch; nothing here imports it before it is asked for one."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from leukofeat.deep.extra import import_torch


def tiny_module(tiny: Any) -> Any:
    """The network of `tests.deep.onnx_file.Tiny`, its ReLU in place."""
    torch = import_torch()
    nn = torch.nn
    network = nn.Sequential(
        nn.Conv2d(3, 5, 3, stride=2),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(5, 3, bias=False),
    )
    tensors = (tiny.kernel, tiny.bias, tiny.top.T.copy())
    network.load_state_dict(dict(zip(network.state_dict(), map(torch.from_numpy, tensors), strict=True)))
    return network


def small(n_classes: int) -> Any:
    """A network as a function of the number of classes, with dropout and batch normalisation."""
    nn = import_torch().nn
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.5),
        nn.Linear(4, n_classes),
    )  # fmt: skip


class Trained(ClassifierMixin, BaseEstimator):
    """A classifier around a network, with a preparation of images that is its own; what it learns is a seed's network."""

    def __init__(self, *, size=8, brighter=0.0, seed=0):
        self.size = size
        self.brighter = brighter
        self.seed = seed

    def fit(self, X, y):
        torch = import_torch()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self.module_ = small(2)
        self.state_ = {"weight": self.module_[0].weight.detach().clone()}
        self.classes_ = np.unique(y)
        return self

    def module(self):
        return self.module_.eval()

    def to_input(self, smear):
        torch = import_torch()
        image = torch.from_numpy(smear.image[: self.size, : self.size].copy()).permute(2, 0, 1)[None]
        return image / 255 + self.brighter
