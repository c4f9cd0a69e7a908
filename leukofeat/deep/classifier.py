"""CNNClassifier: a network trained on images, as a scikit-learn classifier."""

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d

from leukofeat.constraints import Integral, Number, OneOf, Real, check
from leukofeat.deep.architectures import build_network, check_network
from leukofeat.deep.checkpoint import Checkpoint
from leukofeat.deep.extra import choose_device, import_torch
from leukofeat.deep.image import COLOR_SPACES, RESIZES, three
from leukofeat.deep.on_device import check_batch_transforms
from leukofeat.deep.pixels import Pixels
from leukofeat.deep.schedule import SCHEDULES
from leukofeat.deep.training import OPTIMIZERS, Input, Settings, log_probabilities, train
from leukofeat.deep.verdict import fit_softmax_temperature, mean_by_image
from leukofeat.deep.view import VIEWS, View, check_single, warn_of_empty
from leukofeat.deep.weights import adapt, has_folded_norms, load_weights, unfold_norms
from leukofeat.digest import digest
from leukofeat.sequence import as_sequence
from leukofeat.smear import Smear
from leukofeat.statistics.held_out import check_labelled, group_codes, hold_out
from leukofeat.store import as_store

__doctest_requires__ = {"CNNClassifier": ["torch"]}

# images that are read, and shown to the network, at a time
_CHUNK = 256
DEFAULT_TRANSFORMS = {"flip": 0.5, "rotation": 180.0, "zoom": 0.15, "shift": 0.05, "stain": 0.1}


class CNNClassifier(ClassifierMixin, BaseEstimator):
    """A convolutional network trained on images or on their single cells: images to classes, in one estimator.

    Needs PyTorch (pip install 'leukofeat[deep]'). It stands wherever a pipeline from images to classes does: in cross_validate, in
    :func:`~leukofeat.evaluation.compare`, behind image stages (:class:`~leukofeat.preprocessing.ScaleBarCropper`, white balance) and
    inside a vote. A network that sees whole fields learns the field as readily as the leukocytes; `swap` takes that away from it, and
    `view="cell"` never shows it.

    Parameters
    ----------
    architecture : str, torch.nn.Module or callable, default="mobilenet_v2"
        A name of torchvision; "timm:" and a name of timm; a small network of the papers ("secnn", "phapale_cnn", "thanh2017",
        "thanh2018"); a module, trained on from the weights that it has; or a function of the number of classes.
    weights : str, path or None
        What the training starts from: a .safetensors or .pt file, a name of torchvision's ("DEFAULT", which it fetches), or None for
        random weights.
    hidden : sequence of int, default=()
        Widths of layers between the features and the verdict.
    dropout : float, optional
        In front of the new layers; by default the architecture's own.
    pooling : {"mean", "max"}, optional
        How maps become a vector; by default the architecture's own way.
    input_size : int or (height, width), default=224
    mean, scale : float or sequence of 3 float, optional
        The network gets (x - mean) * scale of the channels, 0 to 255. By default what the weights were trained with where they are known,
        else torchvision's.
    channels : {"rgb", "bgr"}, optional
    color_space : {"rgb", "hsv", "ycbcr", "hcbcr"}, default="rgb"
    resize : {"stretch", "crop", "pad"}, default="stretch"
        How images of another shape are brought to the input; used with `view="field"`.
    view : {"field", "cell"}, default="field"
        The whole image; or each cell alone with nothing around it, where the image's verdict is the mean of its cells' log-probabilities,
        and that of an image without a cell the shares of the classes in training.
    window : int, optional
        Side in pixels of what is shown around the middle of a cell; by default twice the median of the training cells' longer sides. Used
        with `view="cell"`.
    frozen : bool, default=False
        Train the last part alone (`classifier`, `fc`), on features that stay as they are.
    n_epochs : int, default=12
    batch_size : int, default=32
    optimizer : {"adamw", "adam", "adamax", "sgd"}, default="adamw"
        "sgd" with momentum 0.9.
    learning_rate : float, default=1e-3
        The highest that there will be.
    head_factor : float, default=1.0
        Times that, for the new layers.
    weight_decay : float, default=0.01
    schedule : {"one_cycle", "cosine", "constant"}, default="one_cycle"
    transforms : sequence of names, or mapping of name to strength
        Random alterations of each image of each batch, where the network is: "crop", "flip", "rotation", "shear", "zoom", "shift",
        "brightness", "stain", as :func:`~leukofeat.augmentation.augment_image` has them; what comes in from outside is mirrored.
    swap : float, default=0.0
        Share of the images of a batch whose leukocytes are shown on the field of another training image, of any class, that has its own
        painted over (:func:`~leukofeat.datasets.paste_cells`). Needs `view="field"`.
    segmenter : stage, optional
        Finds the leukocytes, for swaps and for `view="cell"`, in images that come without label maps; by default
        :class:`~leukofeat.segmentation.LeukocyteSegmenter`.
    class_weight : "balanced", mapping of class to float, or None
    label_smoothing : float, default=0.0
    validation : float, default=0.1
        Share of the images of `fit` (whole groups where there are groups, and none of them where all are too large; else blocks of
        consecutive images) that is not trained on: its loss stands in `history_`, decides with `patience`, and calibrates the probabilities. 0 trains on everything.
    patience : int, optional
        End after so many epochs without a lower held-out loss, and go back to the best.
    flips : bool, default=True
        At prediction, the mean of the probabilities over the four mirror images.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Of the training; "auto" is bfloat16 (mixed) on a graphics card and float32 elsewhere.
    device : str, default="auto"
        As PyTorch names it; "auto" takes a graphics card where there is one.
    checkpoint : path, optional
        Folder in which the training is kept after each epoch. Stopped and started again with the same images, classes and parameters it
        goes on, and ends with the same weights; one that was finished is read. Of a comparison's folds each has a file of its own.
    n_threads : int, optional
        Of PyTorch while it trains and predicts. Sums in another order differ in their last bits, so that the same weights again, in
        worker processes too, want the same number.
    memory : path, Store or joblib.Memory, optional
        Keeps where the leukocytes are (:class:`~leukofeat.store.Store`).
    n_jobs : int, optional
        Workers that read and segment the images.
    random_state : int, default=0
    verbose : int, default=0
        Above 0, progress bars.

    Attributes
    ----------
    classes_ : ndarray of shape (k,)
    weights_ : dict of str to ndarray
        The trained network's state.
    history_ : dict of str to ndarray
        Curves by epoch: `epoch`, `learning_rate`, `loss`, `accuracy`, `held_out_loss`, `held_out_accuracy`. `accuracy` is that on altered
        images while it was trained.
    temperature_ : float
        What log-probabilities are divided by, so that the held-out images are likeliest (Guo et al. 2017); 1 without any.
    window_ : int
        With `view="cell"`.
    class_prior_ : ndarray of shape (k,)
        Shares of the classes in training.

    Raises
    ------
    ImportError
        In `fit`, without PyTorch, or without what the architecture's name asks for; it says what to install.
    ValueError
        For bad parameters; for a single class; when no cell is found in any image, with `view="cell"`; when the loss is no number any more.

    Notes
    -----
    The network's pixels of all images of `fit` are held in memory: 3 bytes a pixel, 5 with `swap`, 75 to 125 KB an image at 160 x 160.
    The loop is the package's own: draws, learning rate and dropout are functions of the epoch's number, so that a training which is
    stopped ends as if it had not been, and files are safetensors and JSON. skorch gives neither, and keeps pickles.

    References
    ----------
    .. [1] Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", ICML 2017.
    .. [2] Dwibedi, Misra, Hebert, "Cut, paste and learn", ICCV 2017, for training on pasted objects.

    Examples
    --------
    >>> from leukofeat.datasets import make_smears
    >>> smears = make_smears(n_samples=8, size=64, random_state=0)
    >>> model = CNNClassifier("thanh2017", input_size=50, n_epochs=1, validation=0, random_state=0)
    >>> model.fit(smears.images, smears.target).predict_proba(smears.images[:2]).shape
    (2, 4)
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": True}  # as scikit-learn's group splitters do
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

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.string = True
        tags.no_validation = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        # the module is made again from the weights where it is needed: it does not travel, and files hold arrays only
        return {name: value for name, value in super().__getstate__().items() if name != "_made"}

    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Train the network.

        Parameters
        ----------
        X : list, ndarray, Series, one-column DataFrame or ImageSequence of n images or paths
        y : array-like of length n
            Classes.
        groups : array-like of length n, optional
            Slide or patient of each image, of which none is both trained on and held out.

        Returns
        -------
        self

        Warns
        -----
        UserWarning
            Of images in which no cell was found, with `view="cell"`; of a `swap` without leukocytes; of `patience` without held-out images.
        """
        torch = import_torch()
        self._check_params()
        images = as_sequence(X)
        check_labelled(y)
        check_classification_targets(y)
        y = column_or_1d(y)
        if len(y) != len(images):
            raise ValueError(f"y has length {len(y)} for {len(images)} images.")
        self.classes_, codes = np.unique(y, return_inverse=True)
        k = len(self.classes_)
        if k < 2:
            raise ValueError(
                f"CNNClassifier needs images of at least two classes; y holds {self.classes_.tolist()} only."
            )
        units = None if groups is None else group_codes(groups)
        if units is not None and len(units) != len(images):
            raise ValueError(f"groups has length {len(units)} for {len(images)} images.")
        self.__dict__.pop("_made", None)
        self.class_prior_ = np.bincount(codes) / len(codes)
        rows, held_rows = hold_out(codes, units, self.validation, self.random_state)
        target, held_target = codes[rows], codes[held_rows]
        settings = self._settings(target)
        # the network comes before the images: what is wrong with it is told before thousands of them are read
        with self._threads(), torch.random.fork_rng(enabled=True):
            torch.manual_seed(self.random_state)
            network = self._build(k)
            card = load_weights(network, self.weights, architecture=self.architecture)
            self.mean_, self.scale_ = three("mean", self.mean, card.mean), three("scale", self.scale, card.scale)
            self.channels_, self.adapted_ = self.channels or card.channels, card.adapted
            given = self._input()
            network.to(given.device).to(memory_format=torch.channels_last)
            check_network(
                network, given.prepare(torch.zeros((1, 3, *self._size()), device=given.device)), self.architecture, k
            )
        pixels, window = self._view(self.window).read_to_train(images, bool(self.swap), as_store(self.memory))
        if window is not None:
            self.window_ = window
        data, held = pixels.of_rows(rows), pixels.of_rows(held_rows)
        del pixels
        if len(np.unique(target[data.owner])) < k:
            raise ValueError("there is a class without a single cell that was found; nothing can be learned of it.")
        if self.patience is not None and not len(held.owner):
            warnings.warn(
                f"patience={self.patience} has nothing to go by: none of {len(images)} images could be held out, so that all epochs are "
                "trained. Give more images of each class, smaller groups, or a larger validation.",
                stacklevel=2,
            )
        with self._threads():
            if not self.frozen and has_folded_norms(network):
                some = data.images[np.random.default_rng(self.random_state).permutation(len(data.images))[:128]]
                batches = (
                    torch.from_numpy(some[start : start + 32]).to(given.device) for start in range(0, len(some), 32)
                )
                unfold_norms(network.eval(), (given.prepare(batch.float()) for batch in batches))
            point = self._checkpoint(network, data, target[data.owner], held, held_target[held.owner], settings)
            judged = (held, held_target[held.owner]) if len(held.owner) else None
            history = train(network, data, target[data.owner], judged, given, settings, point)
            self.history_ = {name: np.array([row[name] for row in history]) for name in history[-1]}
            self.weights_ = {name: value.detach().cpu().numpy().copy() for name, value in network.state_dict().items()}
            self.temperature_ = 1.0
            if len(held.owner):
                found = log_probabilities(self.module(), held.images, given, self.batch_size, self.flips)
                known = np.unique(held.owner)  # of those held out, the ones with a cell
                mean = mean_by_image(found, held.owner, len(held_rows), k)
                self.temperature_ = fit_softmax_temperature(mean[known], held_target[known])
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probability of each class.

        Returns
        -------
        ndarray of shape (n, k), dtype float64
            Columns as in `classes_`; rows add up to 1.

        Warns
        -----
        EmptyWarning
            With `view="cell"`, of images in which no cell was found.
        """
        check_is_fitted(self)
        images = as_sequence(X)
        network, given = self.module(), self._input()
        view = self._view(getattr(self, "window_", None))
        found = np.empty((len(images), len(self.classes_)))
        empty = np.ones(len(images), bool)
        with self._threads():
            for start in range(0, len(images), _CHUNK):
                chunk = images[start : start + _CHUNK]
                told, owner = view.tell(
                    chunk, lambda pixels: log_probabilities(network, pixels, given, self.batch_size, self.flips)
                )
                found[start : start + len(chunk)] = mean_by_image(told, owner, len(chunk), len(self.classes_))
                empty[start + owner] = False
        warn_of_empty(images, empty, "so that their verdict is the classes' shares in training {names}.")
        cooled = found / self.temperature_
        cooled = np.exp(cooled - cooled.max(axis=1, keepdims=True))
        shares = cooled / cooled.sum(axis=1, keepdims=True)
        shares[empty] = self.class_prior_
        return shares

    def predict(self, X: Any) -> np.ndarray:
        """The likeliest class of each image, shape (n,)."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def module(self) -> Any:
        """The trained network, a torch.nn.Module in evaluation mode on its device; made once."""
        check_is_fitted(self)
        if "_made" not in self.__dict__:
            torch = import_torch()
            with torch.random.fork_rng(enabled=True):
                network = self._build(len(self.classes_))
            adapt(network, self.adapted_)
            network.load_state_dict({name: torch.as_tensor(value.copy()) for name, value in self.weights_.items()})
            self._made = network.to(memory_format=torch.channels_last).eval()
        return self._made.to(choose_device(self.device))

    def to_input(self, smear: Smear) -> Any:
        """What the network gets of an image: a tensor of shape (1, 3, height, width), float32, on its device.

        Parameters
        ----------
        smear : Smear
            With `view="cell"`, of one cell, as :meth:`Smear.crop <leukofeat.Smear.crop>` gives it.
        """
        check_is_fitted(self)
        torch, given = import_torch(), self._input()
        pixels = self._view(getattr(self, "window_", None)).read(as_sequence([smear]))
        check_single(len(pixels.owner))
        return given.prepare(torch.from_numpy(pixels.images).to(given.device).float())

    def input_box(self, smear: Smear) -> tuple[int, int, int, int]:
        """What of an image the network gets by :meth:`to_input`: top, left, bottom and right in pixels, ends exclusive.

        It reaches beyond the image with `resize="pad"`, and around a cell at the image's edge.

        Parameters
        ----------
        smear : Smear
            As for :meth:`to_input`.
        """
        check_is_fitted(self)
        return self._view(getattr(self, "window_", None)).box(smear)

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

    def _settings(self, target: np.ndarray) -> Settings:
        weights = None
        if self.class_weight is not None:
            for label, weight in () if isinstance(self.class_weight, str) else self.class_weight.items():
                check(f"class_weight[{label!r}]", weight, Number(Real, 0, above=True))
            by_class = compute_class_weight(self.class_weight, classes=self.classes_, y=self.classes_[target])
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

    def _input(self) -> Input:
        return Input(self.color_space, self.channels_, self.mean_, self.scale_, choose_device(self.device))

    def _checkpoint(
        self, network: Any, data: Pixels, target: np.ndarray, held: Pixels, held_target: np.ndarray, settings: Settings
    ) -> Checkpoint | None:
        if self.checkpoint is None:
            return None
        start = {name: value.detach().cpu().numpy() for name, value in network.state_dict().items()}
        told = (
            tuple(data),
            target,
            tuple(held),
            held_target,
            asdict(replace(settings, verbose=0)),
            start,
            asdict(self._input()),
        )
        key = digest("training", str(network), *told)
        return Checkpoint(self.checkpoint, key)

    @contextmanager
    def _threads(self) -> Iterator[None]:
        torch = import_torch()
        before = torch.get_num_threads()
        torch.set_num_threads(self.n_threads or before)
        try:
            yield
        finally:
            torch.set_num_threads(before)
