"""A trained network as one safetensors file, with all that a prediction needs beside the weights as JSON in its head."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from leukofeat.deep.classifier import CNNClassifier
from leukofeat.deep.extra import import_extra

__doctest_requires__ = {"save_network": ["torch", "safetensors"]}

_LEARNED = (
    "adapted_",
    "channels_",
    "class_prior_",
    "classes_",
    "history_",
    "mean_",
    "scale_",
    "temperature_",
    "window_",
)
# where it is run, not what it is
_HERE = ("checkpoint", "device", "memory", "n_jobs", "n_threads", "verbose", "weights")


def save_network(model: CNNClassifier, path: str | os.PathLike[str]) -> None:
    """Write a trained classifier to a safetensors file, which other programs read as plain weights.

    Parameters
    ----------
    model : CNNClassifier
        Fitted. Its architecture has to be a name and its segmenter the default; :func:`~leukofeat.persistence.save` writes others, and
        pipelines, as archives.
    path : path
        Replaced if it is there.

    Raises
    ------
    ValueError
        For an architecture or a segmenter that no JSON can hold.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from leukofeat.datasets import make_smears
    >>> smears = make_smears(n_samples=8, size=64, random_state=0)
    >>> model = CNNClassifier("thanh2017", input_size=50, n_epochs=1).fit(smears.images, smears.target)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> save_network(model, path)
    >>> bool((load_network(path).predict(smears.images) == model.predict(smears.images)).all())
    True
    """
    check_is_fitted(model)
    params = {name: value for name, value in model.get_params(deep=False).items() if name not in _HERE}
    if not isinstance(params["architecture"], str) or params["segmenter"] is not None:
        raise ValueError(
            "save_network holds networks whose architecture is a name and whose segmenter is the default; use leukofeat.persistence.save."
        )
    learned = {name: getattr(model, name) for name in _LEARNED if hasattr(model, name)}
    head = {
        "leukofeat": json.dumps(
            {"params": params, "learned": learned, "dtype": str(model.classes_.dtype)}, default=_plain
        )
    }
    tensors = {name: np.ascontiguousarray(value) for name, value in model.weights_.items()}
    content = import_extra("safetensors.numpy").save(tensors, head)
    passing = Path(path).with_name(f"{Path(path).name}.{os.getpid()}.part")
    passing.write_bytes(content)
    os.replace(passing, path)


def load_network(path: str | os.PathLike[str]) -> CNNClassifier:
    """Read a classifier that :func:`save_network` wrote; nothing in the file is run.

    Parameters
    ----------
    path : path

    Returns
    -------
    CNNClassifier
        Fitted, on the device that there is.

    Raises
    ------
    ValueError
        When the file is none of these; the message names it.

    Examples
    --------
    >>> load_network("nowhere.safetensors")
    Traceback (most recent call last):
    ValueError: nowhere.safetensors: no such file.
    """
    if not Path(path).is_file():
        raise ValueError(f"{os.fspath(path)}: no such file.")
    opened = import_extra("safetensors").safe_open
    try:
        with opened(os.fspath(path), "np") as file:
            told = json.loads(file.metadata()["leukofeat"])
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        model = CNNClassifier(**told["params"])
        for name, value in told["learned"].items():
            setattr(model, name, value)
        model.classes_ = np.array(model.classes_, dtype=np.dtype(told["dtype"]))
    except Exception as error:  # whatever a file from elsewhere causes
        raise ValueError(
            f"{os.fspath(path)}: no network that leukofeat saved ({' '.join(str(error).split())[:200]}); plain weights go into weights=."
        ) from error
    model.class_prior_ = np.array(model.class_prior_)
    model.history_ = {name: np.array(values) for name, values in model.history_.items()}
    model.mean_, model.scale_ = tuple(model.mean_), tuple(model.scale_)
    model.weights_ = weights
    return model


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise ValueError(f"a {type(value).__name__} cannot be written as JSON; use leukofeat.persistence.save.")
