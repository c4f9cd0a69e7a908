"""How a network is trained, and how pixels become what it takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leukofeat.deep.extra import import_torch
from leukofeat.deep.on_device import to_color_space

OPTIMIZERS = ("adamw", "adam", "adamax", "sgd")


@dataclass(frozen=True)
class Input:
    """How pixels become what a network takes, and where it runs."""

    color_space: str
    channels: str
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    device: str

    def prepare(self, images: Any) -> Any:
        """(n, 3, height, width) float32 tensor of RGB, 0 to 255, as the network wants it."""
        torch = import_torch()
        values = to_color_space(images, self.color_space)
        if self.channels == "bgr":
            values = values.flip(1)
        mean, scale = (
            torch.tensor(three, dtype=torch.float32, device=images.device)[:, None, None]
            for three in (self.mean, self.scale)
        )
        return ((values - mean) * scale).contiguous(memory_format=torch.channels_last)


@dataclass(frozen=True)
class Settings:
    """How a network is trained."""

    n_epochs: int
    batch_size: int
    optimizer: str
    learning_rate: float
    head_factor: float
    weight_decay: float
    schedule: str
    frozen: bool
    transforms: Mapping[str, float]
    swap: float
    class_weights: tuple[float, ...] | None
    label_smoothing: float
    patience: int | None
    autocast: bool
    random_state: int
    verbose: int
