"""The parameters of a network that is trained: what they may be, and what they come to."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.class_weight import compute_class_weight

from leukofeat.constraints import Integral, Number, OneOf, Real, check
from leukofeat.deep.architectures import build_network
from leukofeat.deep.extra import choose_device
from leukofeat.deep.image import COLOR_SPACES, RESIZES
from leukofeat.deep.on_device import check_batch_transforms
from leukofeat.deep.schedule import SCHEDULES
from leukofeat.deep.settings import OPTIMIZERS, Settings
from leukofeat.deep.view import VIEWS, View

DEFAULT_TRANSFORMS = {"flip": 0.5, "rotation": 180.0, "zoom": 0.15, "shift": 0.05, "stain": 0.1}


class NetworkParams(BaseEstimator):
    """Parameters of :class:`~leukofeat.deep.CNNClassifier`, which says what each of them is."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "dropout": [Number(Real, 0, 1), None],
        "pooling": [OneOf("mean", "max"), None],
        "channels": [OneOf("rgb", "bgr"), None],
        "color_space": [OneOf(*COLOR_SPACES)],
        "resize": [OneOf(*RESIZES)],
        "view": [OneOf(*VIEWS)],
        "window": [Number(Integral, 1), None],
        "frozen": ["boolean"],
        "n_epochs": [Number(Integral, 1)],
        "batch_size": [Number(Integral, 1)],
        "optimizer": [OneOf(*OPTIMIZERS)],
        "learning_rate": [Number(Real, 0)],
        "head_factor": [Number(Real, 0)],
        "weight_decay": [Number(Real, 0)],
        "schedule": [OneOf(*SCHEDULES)],
        "swap": [Number(Real, 0, 1)],
        "class_weight": [OneOf("balanced"), Mapping, None],
        "label_smoothing": [Number(Real, 0, 1)],
        "validation": [Number(Real, 0, 0.5)],
        "patience": [Number(Integral, 1), None],
        "flips": ["boolean"],
        "precision": [OneOf("auto", "float32", "bfloat16")],
        "device": [str],
        "n_threads": [Number(Integral, 1), None],
        "random_state": [Number(Integral, 0)],
    }

    def __init__(
        self,
        architecture: Any = "mobilenet_v2",
        *,
        weights: str | os.PathLike[str] | None = None,
        hidden: Sequence[int] = (),
        dropout: float | None = None,
        pooling: str | None = None,
        input_size: int | Sequence[int] = 224,
        mean: float | Sequence[float] | None = None,
        scale: float | Sequence[float] | None = None,
        channels: str | None = None,
        color_space: str = "rgb",
        resize: str = "stretch",
        view: str = "field",
        window: int | None = None,
        frozen: bool = False,
        n_epochs: int = 12,
        batch_size: int = 32,
        optimizer: str = "adamw",
        learning_rate: float = 1e-3,
        head_factor: float = 1.0,
        weight_decay: float = 0.01,
        schedule: str = "one_cycle",
        transforms: Sequence[str] | Mapping[str, float] | None = None,
        swap: float = 0.0,
        segmenter: Any = None,
        class_weight: str | Mapping[Any, float] | None = None,
        label_smoothing: float = 0.0,
        validation: float = 0.1,
        patience: int | None = None,
        flips: bool = True,
        precision: str = "auto",
        device: str = "auto",
        checkpoint: str | os.PathLike[str] | None = None,
        n_threads: int | None = None,
        memory: Any = None,
        n_jobs: int | None = None,
        random_state: int = 0,
        verbose: int = 0,
    ) -> None:
        self.architecture = architecture
        self.weights = weights
        self.hidden = hidden
        self.dropout = dropout
        self.pooling = pooling
        self.input_size = input_size
        self.mean = mean
        self.scale = scale
        self.channels = channels
        self.color_space = color_space
        self.resize = resize
        self.view = view
        self.window = window
        self.frozen = frozen
        self.n_epochs = n_epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.head_factor = head_factor
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.transforms = transforms
        self.swap = swap
        self.segmenter = segmenter
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.validation = validation
        self.patience = patience
        self.flips = flips
        self.precision = precision
        self.device = device
        self.checkpoint = checkpoint
        self.n_threads = n_threads
        self.memory = memory
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def _check_params(self) -> None:
        self._validate_params()
        self._size()
        if isinstance(self.hidden, str) or not isinstance(self.hidden, (Sequence, np.ndarray)):
            raise ValueError(f"hidden must be a sequence of widths, as in (128,), not {self.hidden!r}.")
        for width in self.hidden:
            check("hidden", width, Number(Integral, 1))
        choose_device(self.device)
        if self.segmenter is not None and not hasattr(self.segmenter, "transform"):
            raise ValueError(f"segmenter must be a stage that finds leukocytes, or None, not {self.segmenter!r}.")
        check_batch_transforms(self._transforms())
        if self.swap and self.view == "cell":
            raise ValueError(
                "swap puts leukocytes on other fields, of which view='cell' shows nothing; leave one of them out."
            )
        if self.patience is not None and not self.validation:
            raise ValueError("patience needs images that are held out; set validation above 0.")

    def _transforms(self) -> Any:
        return DEFAULT_TRANSFORMS if self.transforms is None else self.transforms

    def _size(self) -> tuple[int, int]:
        sides = (
            tuple(self.input_size) if isinstance(self.input_size, (Sequence, np.ndarray)) else (self.input_size,) * 2
        )
        if len(sides) != 2:
            raise ValueError(f"input_size must be a number or (height, width), not {self.input_size!r}.")
        for side in sides:
            check("input_size", side, Number(Integral, 1))
        return int(sides[0]), int(sides[1])

    def _build(self, k: int) -> Any:
        return build_network(self.architecture, k, hidden=self.hidden, dropout=self.dropout, pooling=self.pooling)

    def _view(self, window: int | None) -> View:
        return View(self.view, self._size(), self.resize, self.segmenter, window, self.n_jobs, self.verbose)

    def _settings(self, classes: np.ndarray, target: np.ndarray) -> Settings:
        weights = None
        if self.class_weight is not None:
            for label, weight in () if isinstance(self.class_weight, str) else self.class_weight.items():
                check(f"class_weight[{label!r}]", weight, Number(Real, 0, above=True))
            by_class = compute_class_weight(self.class_weight, classes=classes, y=classes[target])
            weights = tuple(map(float, by_class))
        device = choose_device(self.device)
        autocast = self.precision == "bfloat16" or (self.precision == "auto" and device.startswith("cuda"))
        return Settings(
            n_epochs=self.n_epochs,
            batch_size=self.batch_size,
            optimizer=self.optimizer,
            learning_rate=self.learning_rate,
            head_factor=self.head_factor,
            weight_decay=self.weight_decay,
            schedule=self.schedule,
            frozen=self.frozen,
            transforms=check_batch_transforms(self._transforms()),
            swap=self.swap,
            class_weights=weights,
            label_smoothing=self.label_smoothing,
            patience=self.patience,
            autocast=autocast,
            random_state=self.random_state,
            verbose=self.verbose,
        )
