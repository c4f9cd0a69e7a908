"""A trained network as one safetensors file, with all that a prediction needs beside the weights as JSON in its head."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from leukofeat.atomic import write_whole
from leukofeat.constraints import Integral, Number, OneOf, Real, check
from leukofeat.deep.classifier import CNNClassifier
from leukofeat.deep.extra import import_extra
from leukofeat.deep.image import three

__doctest_requires__ = {"save_network": ["torch", "safetensors"], "load_network": ["torch", "safetensors"]}

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
        Fitted. Its architecture has to be a name and its segmenter the default; :func:`~leukofeat.persistence.save` writes other
        segmenters, and pipelines, as archives. A module or function of one's own travels by pickle alone.
    path : path
        Replaced if it is there.

    Raises
    ------
    ValueError
        For an architecture or a segmenter that no JSON can hold.
    OSError
        When the file cannot be written; it is then as it was.

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
            "save_network holds networks whose architecture is a name and whose segmenter is the default; leukofeat.persistence.save holds "
            "other segmenters, and pickle architectures of one's own."
        )
    if isinstance(params["class_weight"], Mapping):
        params["class_weight"] = list(params["class_weight"].items())  # keys of JSON are text
    learned = {name: getattr(model, name) for name in _LEARNED if hasattr(model, name)}
    head = {
        "leukofeat": json.dumps(
            {"params": params, "learned": learned, "dtype": str(model.classes_.dtype)}, default=_plain
        )
    }
    tensors = {name: np.asarray(value, order="C") for name, value in model.weights_.items()}
    write_whole(path, import_extra("safetensors.numpy").save(tensors, head))


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
    >>> import pathlib, tempfile
    >>> from leukofeat.datasets import make_smears
    >>> smears = make_smears(n_samples=8, size=64, random_state=0)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> save_network(CNNClassifier("thanh2017", input_size=50, n_epochs=1).fit(smears.images, smears.target), path)
    >>> load_network(path).predict_proba(smears.images[:2]).shape
    (2, 4)
    """
    if not Path(path).is_file():
        raise ValueError(f"{os.fspath(path)}: no such file.")
    opened = import_extra("safetensors").safe_open
    try:
        with opened(os.fspath(path), "np") as file:
            told = json.loads(file.metadata()["leukofeat"])
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return _rebuilt(told, weights)
    except ImportError:
        raise
    except Exception as error:  # whatever a file from elsewhere causes
        raise ValueError(
            f"{os.fspath(path)}: no network that leukofeat saved ({' '.join(str(error).split())[:200]}); plain weights go into weights=."
        ) from error


def _rebuilt(told: dict[str, Any], weights: dict[str, np.ndarray]) -> CNNClassifier:
    """The classifier of a file's head: nothing but what :func:`save_network` writes there, and that of the kinds it writes."""
    params, learned = dict(told["params"]), dict(told["learned"])
    foreign = [*(set(params) & set(_HERE)), *(set(learned) - set(_LEARNED))]
    if foreign:
        raise ValueError(f"it sets {min(foreign)}")
    if not isinstance(params["architecture"], str) or params["segmenter"] is not None:
        raise ValueError("its architecture is no name")
    if isinstance(params["class_weight"], list):
        params["class_weight"] = dict(params["class_weight"])
    model = CNNClassifier(**params)
    model._check_params()
    classes = np.array(learned["classes_"], dtype=np.dtype(told["dtype"]))
    prior = np.array(learned["class_prior_"], np.float64)
    if classes.ndim != 1 or prior.shape != classes.shape:
        raise ValueError(f"classes_ has shape {classes.shape}, class_prior_ {prior.shape}")
    check("temperature_", learned["temperature_"], Number(Real, 0, above=True))
    check("channels_", learned["channels_"], OneOf("rgb", "bgr"))
    check("adapted_", learned["adapted_"], OneOf("", "tensorflow"))
    if model.view == "cell":
        check("window_", learned["window_"], Number(Integral, 1))
    for name, value in learned.items():
        setattr(model, name, value)
    model.classes_, model.class_prior_, model.weights_ = classes, prior, weights
    model.history_ = {name: np.array(values, np.float64) for name, values in learned["history_"].items()}
    for name in ("mean_", "scale_"):
        setattr(model, name, three(name, list(learned[name]), ()))
    return model


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise ValueError(f"a {type(value).__name__} cannot be written as JSON; use leukofeat.persistence.save.")
