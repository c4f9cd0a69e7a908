"""A training on its way, as a file: weights, the optimiser's memory and the curves so far, as safetensors and JSON."""

import json
import os
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from leukofeat.deep.extra import import_extra, import_torch
from leukofeat.deep.pixels import Pixels
from leukofeat.deep.settings import Input, Settings
from leukofeat.digest import digest


class Progress(NamedTuple):
    """Where a training stands.

    Attributes
    ----------
    n_epochs : int
        That are done.
    history : list of dict
        A row of the curves for each.
    best : dict or None
        Of the epoch that was best on the held-out images: its weights by name.
    """

    n_epochs: int
    history: list[dict[str, float]]
    best: dict[str, Any] | None


class Checkpoint:
    """The file of one training in a folder, replaced after each epoch; complete, or the one before.

    Parameters
    ----------
    folder : path
        Made where there is none.
    key : str
        What tells this training from others: of its images, classes and parameters.
    """

    def __init__(self, folder: str | os.PathLike[str], key: str) -> None:
        self.path = Path(folder) / f"training-{key[:16]}.safetensors"
        self.key = key

    def save(self, network: Any, optimizer: Any, progress: Progress) -> None:
        """Write where the training stands."""
        tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
        for number, state in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{number}.{name}": import_torch().as_tensor(value) for name, value in state.items()}
        tensors |= {f"best.{name}": value for name, value in (progress.best or {}).items()}
        told = {"key": self.key, "n_epochs": progress.n_epochs, "history": progress.history}
        content = import_extra("safetensors.torch").save(
            {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()},
            {"progress": json.dumps(told)},
        )
        passing = self.path.with_suffix(f".{os.getpid()}.part")
        try:
            passing.write_bytes(content)
            os.replace(passing, self.path)
        except BaseException:
            passing.unlink(missing_ok=True)  # of a full disk, half of the file
            raise

    def load(self, network: Any, optimizer: Any) -> Progress:
        """Put network and optimiser where the training was stopped; nothing is done where there is no such file.

        Raises
        ------
        OSError
            When nothing can be written to the folder: before the first epoch, and not after it.
        ValueError
            When the file is damaged; the message names it.
        """
        if not self.path.is_file():
            self._check_folder()
            return Progress(0, [], None)
        try:
            with import_extra("safetensors").safe_open(str(self.path), "pt") as file:
                told = json.loads(file.metadata()["progress"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            if told["key"] != self.key:
                raise ValueError("it belongs to another training")
            parts: dict[str, dict[str, Any]] = {"network": {}, "optimizer": {}, "best": {}}
            for name, value in tensors.items():
                part, _, rest = name.partition(".")
                parts[part][rest] = value
            network.load_state_dict(parts["network"])
            state: dict[int, dict[str, Any]] = {}
            for name, value in parts["optimizer"].items():
                number, _, rest = name.partition(".")
                state.setdefault(int(number), {})[rest] = value
            optimizer.load_state_dict(optimizer.state_dict() | {"state": state})
        except ImportError:
            raise
        except Exception as error:  # each library has errors of its own
            raise ValueError(
                f"{self.path}: no checkpoint that could be read ({' '.join(str(error).split())[:200]}); remove it to start anew."
            ) from error
        return Progress(told["n_epochs"], told["history"], parts["best"] or None)

    def _check_folder(self) -> None:
        import_extra("safetensors.torch")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.path.parent):
                pass
        except OSError as error:
            why = f"{error.strerror}; checkpoint= is a folder that can be written to"
            raise type(error)(error.errno, why, str(self.path.parent)) from error


def training_key(
    network: Any,
    data: Pixels,
    target: np.ndarray,
    held_out: tuple[Pixels, np.ndarray],
    given: Input,
    settings: Settings,
) -> str:
    """What tells a training from others: its network as it starts, its images and classes, and how it is trained."""
    start = {name: value.detach().cpu().numpy() for name, value in network.state_dict().items()}
    held, held_target = held_out
    how = asdict(replace(settings, verbose=0))
    return digest("training", str(network), tuple(data), target, tuple(held), held_target, how, start, asdict(given))
