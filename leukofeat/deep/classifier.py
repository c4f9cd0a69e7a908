"""CNNClassifier: a network trained on images, as a scikit-learn classifier."""

import warnings
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d

from leukofeat.deep.architectures import check_network
from leukofeat.deep.checkpoint import Checkpoint, training_key
from leukofeat.deep.extra import import_torch, torch_threads
from leukofeat.deep.image import three
from leukofeat.deep.pixels import Pixels
from leukofeat.deep.settings import Input
from leukofeat.deep.trained_network import TrainedNetwork
from leukofeat.deep.training import log_probabilities, settle_norms, train
from leukofeat.deep.verdict import cooled, fit_softmax_temperature, mean_by_image
from leukofeat.deep.view import warn_of_empty
from leukofeat.deep.weights import load_weights
from leukofeat.sequence import as_sequence
from leukofeat.statistics.held_out import check_labelled, group_codes, hold_out
from leukofeat.store import as_store

__doctest_requires__ = {"CNNClassifier": ["torch"]}

# images that are read, and shown to the network, at a time
_CHUNK = 256


class CNNClassifier(ClassifierMixin, TrainedNetwork):
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

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.string = True
        tags.no_validation = True
        return tags

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
        import_torch()
        self._check_params()
        images = as_sequence(X)
        codes, units = self._read_classes(y, groups, len(images))
        rows, held_rows = hold_out(codes, units, self.validation, self.random_state)
        settings = self._settings(self.classes_, codes[rows])
        # the network comes before the images: what is wrong with it is told before thousands of them are read
        network, given = self._start()
        pixels, window = self._view(self.window).read_to_train(images, bool(self.swap), as_store(self.memory))
        if window is not None:
            self.window_ = window
        data, held = pixels.of_rows(rows), pixels.of_rows(held_rows)
        del pixels
        target, held_target = codes[rows][data.owner], codes[held_rows][held.owner]
        if len(np.unique(target)) < len(self.classes_):
            raise ValueError("there is a class without a single cell that was found; nothing can be learned of it.")
        if self.patience is not None and not len(held.owner):
            warnings.warn(
                f"patience={self.patience} has nothing to go by: none of {len(images)} images could be held out, so that all epochs are "
                "trained. Give more images of each class, smaller groups, or a larger validation.",
                stacklevel=2,
            )
        with torch_threads(self.n_threads):
            if not self.frozen:
                settle_norms(network, data, given, self.random_state)
            point = None
            if self.checkpoint is not None:
                key = training_key(network, data, target, (held, held_target), given, settings)
                point = Checkpoint(self.checkpoint, key)
            judged = (held, held_target) if len(held.owner) else None
            history = train(network, data, target, judged, given, settings, point)
            self.history_ = {name: np.array([row[name] for row in history]) for name in history[-1]}
            self.weights_ = {name: value.detach().cpu().numpy().copy() for name, value in network.state_dict().items()}
            self.temperature_ = self._temperature(held, codes[held_rows], given) if judged is not None else 1.0
        return self

    def _read_classes(self, y: Any, groups: Any, n: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Class of each image as its place in `classes_`, which is set, and the number of its group."""
        check_labelled(y)
        check_classification_targets(y)
        y = column_or_1d(y)
        if len(y) != n:
            raise ValueError(f"y has length {len(y)} for {n} images.")
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"CNNClassifier needs images of at least two classes; y holds {self.classes_.tolist()} only."
            )
        units = None if groups is None else group_codes(groups)
        if units is not None and len(units) != n:
            raise ValueError(f"groups has length {len(units)} for {n} images.")
        self.class_prior_ = np.bincount(codes) / len(codes)
        return codes, units

    def _start(self) -> tuple[Any, Input]:
        """The network that training starts from, on its device and shown one image, and how it wants images."""
        torch, k = import_torch(), len(self.classes_)
        self.__dict__.pop("_made", None)
        with torch_threads(self.n_threads), torch.random.fork_rng(enabled=True):
            torch.manual_seed(self.random_state)
            network = self._build(k)
            card = load_weights(network, self.weights, architecture=self.architecture)
            self.mean_, self.scale_ = three("mean", self.mean, card.mean), three("scale", self.scale, card.scale)
            self.channels_, self.adapted_ = self.channels or card.channels, card.adapted
            given = self._input()
            network.to(given.device).to(memory_format=torch.channels_last)
            blank = torch.zeros((1, 3, *self._size()), device=given.device)
            check_network(network, given.prepare(blank), self.architecture, k)
        return network, given

    def _temperature(self, held: Pixels, target: np.ndarray, given: Input) -> float:
        """What makes the classes of the held-out images, of those with a cell, likeliest."""
        found = log_probabilities(self.module(), held.images, given, self.batch_size, self.flips)
        known = np.unique(held.owner)
        mean = mean_by_image(found, held.owner, len(target), len(self.classes_))
        return fit_softmax_temperature(mean[known], target[known])

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
        view = self._seen()
        found = np.empty((len(images), len(self.classes_)))
        empty = np.ones(len(images), bool)
        with torch_threads(self.n_threads):
            for start in range(0, len(images), _CHUNK):
                chunk = images[start : start + _CHUNK]
                told, owner = view.tell(
                    chunk, lambda pixels: log_probabilities(network, pixels, given, self.batch_size, self.flips)
                )
                found[start : start + len(chunk)] = mean_by_image(told, owner, len(chunk), len(self.classes_))
                empty[start + owner] = False
        warn_of_empty(images, empty, "so that their verdict is the classes' shares in training {names}.")
        shares = cooled(found, self.temperature_)
        shares[empty] = self.class_prior_
        return shares

    def predict(self, X: Any) -> np.ndarray:
        """The likeliest class of each image, shape (n,)."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]
