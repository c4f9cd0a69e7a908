"""One loaded network: what it takes, what it gives, and the two engines that can run it as an ONNX file."""

import hashlib
import importlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np

from leukofeat.deep.known import KNOWN, TORCHVISION, Card
from leukofeat.deep.signature import Signature, Tensor, read_signature
from leukofeat.opencv import cv2

BACKENDS = ("opencv", "onnxruntime")
POOLINGS = ("mean", "max", "flatten")
T = TypeVar("T")
# Networks stay loaded for the images to come; more than a few at a time would only fill the memory.
_MAX_LOADED = 4
_loaded = threading.local()


@dataclass(frozen=True)
class NetworkFile:
    """An ONNX file: where it is, what it says about itself, and the digest of its content."""

    path: str
    sha256: str
    signature: Signature

    @property
    def input_size(self) -> tuple[int, int] | None:
        """Height and width of the input, or None where the file leaves them open."""
        shape = self._input().shape
        if shape is None or shape[2] is None or shape[3] is None:
            return None
        return shape[2], shape[3]

    @property
    def card(self) -> Card:
        """How the network wants its images."""
        return KNOWN.get(self.sha256, TORCHVISION)

    def tap(self, output: str | None, layer: str | None) -> str:
        """Name of the output to take."""
        if layer is not None:
            raise ValueError(
                f"{self.path}: layer={layer!r} names a module of a torch network; of an ONNX file it is output= that is taken."
            )
        return self.output(output or self.card.output).name

    def open(self, backend: str) -> "Network":
        """The network of this thread, loaded on first use: neither engine may be shared or sent to a worker."""
        make = _load_opencv if backend == "opencv" else _load_onnxruntime
        return keep_loaded((self.path, self.sha256, backend), lambda: make(self))

    def output(self, name: str | None) -> Tensor:
        """The output called `name`; without a name the only one that is an embedding, or the last of them."""
        outputs = self.signature.outputs
        listed = ", ".join(map(str, outputs))
        if name is not None:
            for tensor in outputs:
                if tensor.name == name:
                    return tensor
            raise ValueError(f"{self.path}: no output {name!r}; the network has {listed}.")
        usable = [tensor for tensor in outputs if tensor.shape is None or len(tensor.shape) in (2, 4)]
        if not usable:
            raise ValueError(
                f"{self.path}: none of the outputs is a vector or a set of maps an image; it has {listed}."
            )
        return usable[-1]

    def check(self) -> None:
        """Raise a ValueError unless the network takes one set of three-channel images, channels first."""
        shape = self._input().shape
        if shape is not None and (len(shape) != 4 or shape[0] not in (1, None) or shape[1] not in (3, None)):
            hint = " (channels last; export it with channels first)" if len(shape) == 4 and shape[3] == 3 else ""
            raise ValueError(
                f"{self.path}: the network takes {self._input()}{hint}; an embedding needs (1, 3, height, width), where 1 may be left open."
            )

    def _input(self) -> Tensor:
        inputs = self.signature.inputs
        if len(inputs) != 1:
            raise ValueError(
                f"{self.path}: the network has {len(inputs)} inputs ({', '.join(map(str, inputs)) or 'none'}); "
                "an embedding needs one set of images."
            )
        return inputs[0]


def read_network_file(path: str | os.PathLike[str]) -> NetworkFile:
    """Digest and signature of an ONNX file; read once for each state of the file.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    ValueError
        When it is no ONNX model. Both name the file.
    """
    name = os.fspath(path)
    if not os.path.isfile(name):
        raise FileNotFoundError(f"{name}: no such network file; model= takes the path of an ONNX file.")
    status = os.stat(name)
    return _read_network_file(name, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=32)
def _read_network_file(path: str, mtime_ns: int, size: int) -> NetworkFile:
    with open(path, "rb") as stream:
        content = stream.read()
    try:
        signature = read_signature(content)
    except ValueError as error:
        raise ValueError(f"{path}: {error}.") from None
    return NetworkFile(path, hashlib.sha256(content).hexdigest(), signature)


@dataclass
class Network:
    """A network ready to run in this thread."""

    forward: Callable[[Any, str], np.ndarray]
    widths: dict[tuple[str, str, int, int], int] = field(default_factory=dict)

    def embed(self, blob: Any, output: str, pooling: str = "mean") -> np.ndarray:
        """Output of a (1, 3, height, width) float32 blob as a float64 vector; maps are pooled over their area, or flattened."""
        result = self.forward(blob, output)
        named = f"The output {output!r}" if output else "The output"
        if result.shape[:1] != (1,):
            raise ValueError(f"{named} has shape {result.shape}; an embedding needs one row an image.")
        if result.ndim == 4 and pooling != "flatten":
            values = result.astype(np.float64)
            result = values.mean(axis=(2, 3)) if pooling == "mean" else values.max(axis=(2, 3))
        if result.ndim > 2 and pooling != "flatten":
            raise ValueError(
                f"{named} has shape {result.shape}, which is neither a vector (1, n) nor a set of maps (1, n, height, width); take "
                "another, or pooling='flatten'."
            )
        return result.reshape(-1).astype(np.float64)

    def width(self, output: str, pooling: str, size: tuple[int, int], blank: Callable[[], Any]) -> int:
        """Number of columns of an output for inputs of a size, by running the network once on a blank one."""
        key = (output, pooling, *size)
        if key not in self.widths:
            self.widths[key] = len(self.embed(blank(), output, pooling))
        return self.widths[key]


def keep_loaded(key: tuple[Any, ...], make: Callable[[], T], *, anew: bool = False) -> T:
    """What this thread has loaded under a key, made on first use, or `anew`; the last few are kept."""
    cache: OrderedDict[tuple[Any, ...], Any] = _loaded.__dict__.setdefault("networks", OrderedDict())
    if anew or key not in cache:
        cache[key] = make()
        while len(cache) > _MAX_LOADED:
            cache.popitem(last=False)
    cache.move_to_end(key)
    found: T = cache[key]
    return found


def _load_opencv(file: NetworkFile) -> Network:
    try:
        net = cv2.dnn.readNetFromONNX(file.path)
    except cv2.error as error:
        raise ValueError(f"{file.path}: OpenCV {cv2.__version__} cannot run this network ({_brief(error)}).") from error

    def forward(blob: np.ndarray, output: str) -> np.ndarray:
        try:
            net.setInput(blob)
            return np.asarray(net.forward(output))
        except cv2.error as error:
            raise ValueError(
                f"{file.path}: OpenCV {cv2.__version__} cannot run this network up to {output!r} ({_brief(error)})."
            ) from error

    return Network(forward)


def _load_onnxruntime(file: NetworkFile) -> Network:
    try:
        runtime: Any = importlib.import_module("onnxruntime")
    except ImportError:
        raise ImportError(
            "backend='onnxruntime' needs the package onnxruntime: pip install 'leukofeat[onnx]', or use backend='opencv'."
        ) from None
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        session = runtime.InferenceSession(file.path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors share no public base class
        raise ValueError(f"{file.path}: onnxruntime cannot run this network ({_brief(error)}).") from error
    taken = session.get_inputs()[0].name
    return Network(lambda blob, output: session.run([output], {taken: blob})[0])


def _brief(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
