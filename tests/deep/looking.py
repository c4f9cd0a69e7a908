"""A fitted classifier of images over a tiny network: what Grad-CAM asks of a CNNClassifier, and no more."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from leukofeat.sequence import as_sequence


class TinyClassifier(ClassifierMixin, BaseEstimator):
    """Classes by a tiny convolutional network with random weights."""

    def __init__(self, classes: Any = ("Benign", "Early", "Pre"), input_size: int = 32, seed: int = 0) -> None:
        self.classes = classes
        self.input_size = input_size
        self.seed = seed

    def fit(self, X: Any, y: Any = None) -> TinyClassifier:
        import torch

        torch.set_num_threads(1)
        self.classes_ = np.array(self.classes)
        with torch.random.fork_rng([]):
            torch.manual_seed(self.seed)
            self.module_ = tiny_network(len(self.classes_)).eval()
        return self

    def module(self) -> Any:
        return self.module_

    def to_input(self, smear: Any) -> Any:
        import torch

        size = self.input_size, self.input_size
        image = cv2.resize(smear.image, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 127.5 - 1
        with torch.inference_mode():
            return torch.from_numpy(image).permute(2, 0, 1)[None].contiguous()

    def predict_proba(self, X: Any) -> np.ndarray:
        import torch

        images = as_sequence(X)
        with torch.inference_mode():
            logits = torch.cat([self.module_(self.to_input(images.smear(i))) for i in range(len(images))])
        return logits.softmax(1).double().numpy()

    def predict(self, X: Any) -> np.ndarray:
        return self.classes_[self.predict_proba(X).argmax(1)]


def tiny_network(n_classes: int = 3) -> Any:
    """Two convolutions, batch normalisation, ReLUs in place, pooling and a linear layer."""
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(3, 6, 3, 2, 1),
        nn.BatchNorm2d(6),
        nn.ReLU(inplace=True),
        nn.Conv2d(6, 8, 3, 2, 1),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, n_classes),
    )
