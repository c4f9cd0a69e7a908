"""CNNEmbedding: a pretrained network as a feature family."""

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from sklearn.utils._param_validation import HasMethods

from leukofeat.constraints import Integral, Number, OneOf, Real
from leukofeat.deep.image import (
    CHANNELS,
    COLOR_SPACES,
    INTERPOLATIONS,
    RESIZES,
    fill_outside,
    fit_image,
    three,
    to_blob,
    to_color_space,
)
from leukofeat.deep.network import BACKENDS, POOLINGS, Network, NetworkFile
from leukofeat.deep.source import find_source, identity_of, input_size, is_classifier
from leukofeat.deep.torch_network import TorchNetwork
from leukofeat.features.cell_family import CropFamily
from leukofeat.smear import Smear


class _Settings(NamedTuple):
    source: NetworkFile | TorchNetwork
    size: tuple[int, int]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    channels: str
    tap: str  # the output of a file, or the layer of a network of torch's


# what a trained classifier decides by itself
_INPUT = {
    "input_size": None,
    "mean": None,
    "scale": None,
    "channels": None,
    "color_space": "rgb",
    "resize": "stretch",
    "interpolation": "area",
    "masked": False,
}


class CNNEmbedding(CropFamily):
    """What a pretrained convolutional network makes of the image, or of its cells: one column an output unit.

    The network is an ONNX file, run by OpenCV, or one of torchvision's, timm's or your own, run by torch (pip install
    "leukofeat[deep]"); nothing is trained. A frozen embedding in front of an SVM is the usual
    deep baseline for small data, and stands in :class:`~leukofeat.features.FeatureSet` and in
    :func:`~leukofeat.evaluation.compare` like any other family. Of the whole image it sees the background more than the
    leukocytes: `per="cell"` shows it the cells only, with `masked=True` nothing around them, and
    :class:`~leukofeat.segmentation.RegionMasker` before it blanks what is around all of them.

    Parameters
    ----------
    model : path, str, torch.nn.Module, callable or fitted CNNClassifier
        ONNX file with one input (n, 3, height, width). Or an architecture, which torch runs: a name of torchvision
        ("mobilenet_v2"), "timm:" and a name of timm's; a module, of which a copy is run; a function of the number of classes that
        returns a module. Or a trained classifier, whose own preparation of images is then used; where scikit-learn clones the
        stage, as in cross-validation, hand in `sklearn.frozen.FrozenEstimator(classifier)`, and mind that it must not have been
        trained on test images. A text with an ending or a separator is a path, and so is one that names a file that is there.
    weights : path or str, optional
        For an architecture: a .safetensors, .pt or .pth file, or a name of torchvision's ("IMAGENET1K_V1"). By default those of a
        module itself, and random ones in a network that is made here.
    layer : str, optional
        For torch: dotted name of the module whose output is taken ("features.12"). By default what goes into the last linear
        layer; of torchvision's and timm's that end in a 1x1 convolution (SqueezeNet), what goes into that; of a network that ends in
        neither, what it gives.
    pooling : {"mean", "max", "flatten"}, default="mean"
        How an output (1, n, height, width) becomes a vector: n numbers by mean or maximum over the area, or all of them.
    input_size : int or (height, width), optional
        By default what the file says, and 224 where it leaves the size open.
    mean, scale : float or sequence of 3 float, optional
        The network gets (x - mean) * scale, x from 0 to 255, in its own order of channels. By default those of the
        network when it is a known one (recognised by its content), and otherwise torchvision's: mean (123.675, 116.28,
        103.53), scale (1/58.395, 1/57.12, 1/57.375). TensorFlow's networks mostly want mean=127.5, scale=1/127.5, Caffe's
        channels="bgr", mean=(103.939, 116.779, 123.68), scale=1. Wrong values raise no error, only the error rate.
    channels : {"rgb", "bgr"}, optional
        The order of channels that the network was trained with. By default that of a known network, otherwise "rgb".
    color_space : {"rgb", "hsv", "ycbcr", "hcbcr"}, default="rgb"
        Colour model of what the network is shown, each channel from 0 to 255: :func:`~leukofeat.deep.image.to_color_space`.
    output : str, optional
        Which output of an ONNX file to take. By default the one named in a known network's card, otherwise the last that is a vector or
        a set of maps.
    resize : {"stretch", "crop", "pad"}, default="stretch"
        How an image of another shape is brought to the input: each side by its own factor, the centre, or everything
        with the median colour of its border around it.
    interpolation : {"area", "linear", "cubic", "nearest"}, default="area"
    backend : {"opencv", "onnxruntime"}, default="opencv"
        What runs an ONNX file. onnxruntime is a package of its own (pip install "leukofeat[onnx]"), 1.6 to 1.9 times as fast, and agrees
        to float32 rounding.
    prefix : str, default="embedding"
        Columns are called `embedding_0`, ...; another prefix keeps two networks apart in one FeatureSet.
    per : {"image", "cell"}, default="image"
        What the network is shown. Embeddings of cells are summarised over the image (`embedding_0_mean`, ...; NaN where there is
        no cell) and stand in :meth:`FeatureSet.measure_cells` as they are; this needs a segmenter before it.
    margin : float, default=0.1
        Around each cell, as a share of the longer side of its box; used with `per="cell"`.
    masked : bool, default=False
        Fill everything outside the cell with the colour `mean`, so that the network is shown one cell alone; needs `per="cell"`.
    summary : sequence of str, default=("mean",)
        Summaries over the cells: any of "mean", "std", "min", "q25", "median", "q75", "max"; used with `per="cell"`.
    random_state : int, default=0
        Seed of what is random in a network that is made here: every worker makes the same one.

    Attributes
    ----------
    sha256_ : str
        Digest of the network's file, or of its tensors and their file; taken in `fit` and whenever the stage is pickled or
        saved. From then on the stage refuses another network.

    Raises
    ------
    FileNotFoundError, ValueError
        In `fit` and `transform`, naming the file: when it is missing, is no ONNX model, does not take three-channel images,
        has no such output, cannot be run, or is not the one that `sha256_` stands for; when an architecture is not known, or
        weights are missing that what is taken depends on.
    ImportError
        When torch or what else the network needs is not installed; the message says what to install.

    Notes
    -----
    Each worker loads or makes the network once, by itself; pickles and saved pipelines hold the path or name and the digest only
    (a module or classifier is in the pickle itself, and cannot be saved without pickle: save its weights, and name its
    architecture). Images go through one by one on one thread, which batches of 8 or 16 were no faster than (MobileNetV2, one core);
    so any `n_jobs` gives the same bytes.

    An RBF-SVM wants an embedding as it is: scaled to unit variance, units that hardly ever answer count as much as the others
    (MobileNetV2 on 2,856 images of four classes: 0.99 as it is and 0.96 scaled in random folds, 0.95 and 0.89 in folds of
    consecutive images).

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.svm import SVC
    >>> from leukofeat.deep import CNNEmbedding
    >>> pipeline = make_pipeline(CNNEmbedding("mobilenet_v2.onnx"), SVC(C=10))
    >>> pipeline.fit(["a.jpg", "b.jpg"], [0, 1])
    Traceback (most recent call last):
    FileNotFoundError: mobilenet_v2.onnx: no such network file; model= takes the path of an ONNX file.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = CropFamily._parameter_constraints | {
        "model": [str, os.PathLike, callable, HasMethods(["module", "to_input"])],
        "weights": [str, os.PathLike, None],
        "layer": [str, None],
        "pooling": [OneOf(*POOLINGS)],
        "color_space": [OneOf(*COLOR_SPACES)],
        "masked": ["boolean"],
        "random_state": [Number(Integral, 0)],
        "channels": [OneOf(*CHANNELS), None],
        "resize": [OneOf(*RESIZES)],
        "interpolation": [OneOf(*INTERPOLATIONS)],
        "backend": [OneOf(*BACKENDS)],
        "prefix": [str],
        "margin": [Number(Real, 0)],
    }

    def __init__(
        self,
        model: Any,
        *,
        weights: str | os.PathLike[str] | None = None,
        layer: str | None = None,
        pooling: str = "mean",
        input_size: int | Sequence[int] | None = None,
        mean: float | Sequence[float] | None = None,
        scale: float | Sequence[float] | None = None,
        channels: str | None = None,
        color_space: str = "rgb",
        output: str | None = None,
        resize: str = "stretch",
        interpolation: str = "area",
        backend: str = "opencv",
        prefix: str = "embedding",
        per: str = "image",
        margin: float = 0.1,
        masked: bool = False,
        summary: Sequence[str] = ("mean",),
        random_state: int = 0,
    ) -> None:
        self.model = model
        self.weights = weights
        self.layer = layer
        self.pooling = pooling
        self.input_size = input_size
        self.mean = mean
        self.scale = scale
        self.channels = channels
        self.color_space = color_space
        self.output = output
        self.resize = resize
        self.interpolation = interpolation
        self.backend = backend
        self.prefix = prefix
        self.per = per
        self.margin = margin
        self.masked = masked
        self.summary = summary
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the parameters and the network, and take the digest of its file; nothing is learned.

        Parameters
        ----------
        X : list, ndarray, Series or one-column DataFrame of n images or paths
        y : ignored

        Returns
        -------
        self
        """
        self.__dict__.pop("sha256_", None)
        super().fit(X, y)
        self.sha256_ = self._source(anew=True).sha256
        return self

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state |= {name: os.fspath(state[name]) for name in ("model", "weights") if isinstance(state[name], os.PathLike)}
        if "sha256_" not in state:
            with suppress(Exception):  # what is wrong with it is said where it is used
                state["sha256_"] = self._source().sha256
        return state

    def identity(self) -> dict[str, Any]:
        found = {"model": identity_of(self.model), "weights": None, "sha256_": self._source(anew=True).sha256}
        return super().identity() | found

    def check_params(self) -> None:
        super().check_params()
        if not self.prefix:
            raise ValueError("prefix must be a name, not ''.")
        if self.masked and self.per != "cell":
            raise ValueError("masked=True shows single cells and nothing around them; it needs per='cell'.")
        if is_classifier(self.model):
            given = [name for name, default in _INPUT.items() if repr(getattr(self, name)) != repr(default)]
            if given:
                raise ValueError(
                    f"{given[0]}=: a trained classifier prepares images as it did in training; leave it out."
                )
        self._width()

    def columns(self) -> list[str]:
        return [f"{self.prefix}_{i}" for i in range(self._width())]

    def measure(self, smear: Smear) -> np.ndarray:
        settings = self._settings()
        if self.masked:
            smear = smear.replace(image=fill_outside(smear, settings.mean, settings.channels))
        return self._network(settings).embed(self._blob(smear, settings), settings.tap, self.pooling)

    def _blob(self, smear: Smear, settings: _Settings) -> Any:
        if is_classifier(self.model):
            return self.model.to_input(smear)
        image = fit_image(smear.image, settings.size, resize=self.resize, interpolation=self.interpolation)
        image = to_color_space(image, self.color_space)
        return to_blob(image, settings.mean, settings.scale, settings.channels)

    def _width(self) -> int:
        settings = self._settings()

        def blank() -> Any:
            cell = np.ones(settings.size, np.int32)  # all of it, for a classifier of single cells
            return self._blob(Smear(np.zeros((*settings.size, 3), np.uint8), cell), settings)

        return self._network(settings).width(settings.tap, self.pooling, settings.size, blank)

    def _network(self, settings: _Settings) -> Network:
        return settings.source.open(self.backend)

    def _source(self, *, anew: bool = False) -> NetworkFile | TorchNetwork:
        return find_source(self.model, self.weights, self.random_state, anew=anew)

    def _settings(self) -> _Settings:
        source = self._source()
        expected = getattr(self, "sha256_", source.sha256)
        if source.sha256 != expected:
            raise ValueError(
                f"{source.path}: not the network this stage was fitted with (sha256 {source.sha256[:12]}…, expected "
                f"{expected[:12]}…); another one gives other numbers. Put the file back, or fit a clone() with the new one."
            )
        source.check()
        card = source.card
        return _Settings(
            source,
            input_size(source, self.input_size),
            three("mean", self.mean, card.mean),
            three("scale", self.scale, card.scale),
            self.channels or card.channels,
            source.tap(self.output, self.layer),
        )
