"""CNNEmbedding: a pretrained network as a feature family."""

import os
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from leukofeat.constraints import Integral, Number, OneOf, Real, check
from leukofeat.deep.image import CHANNELS, INTERPOLATIONS, RESIZES, fit_image, to_blob
from leukofeat.deep.known import KNOWN, TORCHVISION
from leukofeat.deep.network import BACKENDS, Network, NetworkFile, load_network, read_network_file
from leukofeat.features.cell_family import CropFamily
from leukofeat.smear import Smear


class _Settings(NamedTuple):
    file: NetworkFile
    size: tuple[int, int]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    channels: str
    output: str


class CNNEmbedding(CropFamily):
    """What a pretrained convolutional network makes of the image, or of its cells: one column an output unit.

    The network is an ONNX file, run by OpenCV; nothing is trained. A frozen embedding in front of an SVM is the usual
    deep baseline for small data, and stands in :class:`~leukofeat.features.FeatureSet` and in
    :func:`~leukofeat.evaluation.compare` like any other family. Of the whole image it sees the background more than the
    leukocytes: `per="cell"` shows it the cells only, and :class:`~leukofeat.segmentation.RegionMasker` before it blanks
    what is around them.

    Parameters
    ----------
    model : path
        ONNX file with one input (n, 3, height, width).
    input_size : int or (height, width), optional
        By default what the file says, and 224 where it leaves the size open.
    mean, scale : float or sequence of 3 float, optional
        The network gets (x - mean) * scale, x from 0 to 255, in its own order of channels. By default those of the
        network when it is a known one (recognised by its content), and otherwise torchvision's: mean (123.675, 116.28,
        103.53), scale (1/58.395, 1/57.12, 1/57.375). TensorFlow's networks mostly want mean=127.5, scale=1/127.5, Caffe's
        channels="bgr", mean=(103.939, 116.779, 123.68), scale=1. Wrong values raise no error, only the error rate.
    channels : {"rgb", "bgr"}, optional
        The order of channels that the network was trained with. By default that of a known network, otherwise "rgb".
    output : str, optional
        Which output to take. By default the one named in a known network's card, otherwise the last that is a vector or
        a set of maps; maps are averaged over their area.
    resize : {"stretch", "crop", "pad"}, default="stretch"
        How an image of another shape is brought to the input: each side by its own factor, the centre, or everything
        with the median colour of its border around it.
    interpolation : {"area", "linear", "cubic", "nearest"}, default="area"
    backend : {"opencv", "onnxruntime"}, default="opencv"
        What runs the network. onnxruntime is a package of its own (pip install "leukofeat[onnx]"), 1.6 to 1.9 times as fast, and agrees
        to float32 rounding.
    prefix : str, default="embedding"
        Columns are called `embedding_0`, ...; another prefix keeps two networks apart in one FeatureSet.
    per : {"image", "cell"}, default="image"
        What the network is shown. Embeddings of cells are summarised over the image (`embedding_0_mean`, ...; NaN where there is
        no cell) and stand in :meth:`FeatureSet.measure_cells` as they are; this needs a segmenter before it.
    margin : float, default=0.1
        Around each cell, as a share of the longer side of its box; used with `per="cell"`.
    summary : sequence of str, default=("mean",)
        Summaries over the cells: any of "mean", "std", "min", "q25", "median", "q75", "max"; used with `per="cell"`.

    Attributes
    ----------
    sha256_ : str
        Digest of the network's file, taken in `fit` and whenever the stage is pickled or saved. From then on the stage
        refuses another file.

    Raises
    ------
    FileNotFoundError, ValueError
        In `fit` and `transform`, naming the file: when it is missing, is no ONNX model, does not take three-channel images,
        has no such output, cannot be run, or is not the one that `sha256_` stands for.

    Notes
    -----
    Each worker loads the network once, by itself; pickles and saved pipelines hold the path and the digest only. Images go
    through one by one on one thread: batches of 8 were no faster (OpenCV 5, one core), and so any `n_jobs` gives the same
    bytes.

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
        "model": [str, os.PathLike],
        "channels": [OneOf(*CHANNELS), None],
        "resize": [OneOf(*RESIZES)],
        "interpolation": [OneOf(*INTERPOLATIONS)],
        "backend": [OneOf(*BACKENDS)],
        "prefix": [str],
        "margin": [Number(Real, 0)],
    }

    def __init__(
        self,
        model: str | os.PathLike[str],
        *,
        input_size: int | Sequence[int] | None = None,
        mean: float | Sequence[float] | None = None,
        scale: float | Sequence[float] | None = None,
        channels: str | None = None,
        output: str | None = None,
        resize: str = "stretch",
        interpolation: str = "area",
        backend: str = "opencv",
        prefix: str = "embedding",
        per: str = "image",
        margin: float = 0.1,
        summary: Sequence[str] = ("mean",),
    ) -> None:
        self.model = model
        self.input_size = input_size
        self.mean = mean
        self.scale = scale
        self.channels = channels
        self.output = output
        self.resize = resize
        self.interpolation = interpolation
        self.backend = backend
        self.prefix = prefix
        self.per = per
        self.margin = margin
        self.summary = summary

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
        self.sha256_ = read_network_file(self.model).sha256
        return self

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state["model"] = os.fspath(self.model)
        if "sha256_" not in state and os.path.isfile(self.model):
            state["sha256_"] = read_network_file(self.model).sha256
        return state

    def identity(self) -> dict[str, Any]:
        return super().identity() | {"model": None, "sha256_": read_network_file(self.model).sha256}

    def check_params(self) -> None:
        super().check_params()
        if not self.prefix:
            raise ValueError("prefix must be a name, not ''.")
        self._width()

    def columns(self) -> list[str]:
        return [f"{self.prefix}_{i}" for i in range(self._width())]

    def measure(self, smear: Smear) -> np.ndarray:
        settings = self._settings()
        fitted = fit_image(smear.image, settings.size, resize=self.resize, interpolation=self.interpolation)
        blob = to_blob(fitted, settings.mean, settings.scale, settings.channels)
        return self._network(settings).embed(blob, settings.output)

    def _width(self) -> int:
        settings = self._settings()
        return self._network(settings).width(settings.output, *settings.size)

    def _network(self, settings: _Settings) -> Network:
        return load_network(settings.file, self.backend)

    def _settings(self) -> _Settings:
        file = read_network_file(self.model)
        expected = getattr(self, "sha256_", file.sha256)
        if file.sha256 != expected:
            raise ValueError(
                f"{file.path}: not the network this stage was fitted with (sha256 {file.sha256[:12]}…, expected "
                f"{expected[:12]}…); another one gives other numbers. Put the file back, or fit a clone() with the new one."
            )
        file.check()
        card = KNOWN.get(file.sha256, TORCHVISION)
        return _Settings(
            file,
            self._size(file),
            _three("mean", self.mean, card.mean),
            _three("scale", self.scale, card.scale),
            self.channels or card.channels,
            file.output(self.output or card.output).name,
        )

    def _size(self, file: NetworkFile) -> tuple[int, int]:
        size = self.input_size
        if size is None:
            return file.input_size or (224, 224)
        sides = tuple(size) if isinstance(size, Sequence) else (size, size)
        if len(sides) != 2:
            raise ValueError(f"input_size must be a number or (height, width), not {size!r}.")
        for side in sides:
            check("input_size", side, Number(Integral, 1))
        height, width = map(int, sides)
        if file.input_size not in (None, (height, width)):
            raise ValueError(
                f"{file.path}: the network takes {file.input_size[0]} x {file.input_size[1]} pixels, not {height} x {width}; "
                "leave input_size out."
            )
        return height, width


def _three(name: str, value: Any, default: tuple[float, ...]) -> tuple[float, ...]:
    if value is None:
        return default
    values = tuple(value) if isinstance(value, (Sequence, np.ndarray)) and not isinstance(value, str) else (value,) * 3
    if len(values) != 3:
        raise ValueError(f"{name} must be a number or three, not {value!r}.")
    for number in values:
        check(name, number, Number(Real))
    return tuple(map(float, values))
