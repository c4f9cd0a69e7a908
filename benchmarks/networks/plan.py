"""Rows, splits and training sizes of the benchmark of networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from leukofeat.baselines import find_pipeline, make_baseline
from leukofeat.baselines.leukofeat_hybrid import leukofeat_cnn
from leukofeat.calibration import CalibratedClassifier
from leukofeat.deep import CNNEmbedding
from leukofeat.evaluation.known_protocols import Way, known_protocols
from leukofeat.preprocessing import ColorNormalizer, ScaleBarCropper

HANDCRAFTED, PLAIN, SWAPPED, HYBRID, EMBEDDING = (
    "leukofeat_svm",
    "network",
    "network, swap",
    "leukofeat_hybrid",
    "embedding + SVM",
)


def rows(options: Mapping[str, Any], embedding: str | None, names: Sequence[str]) -> dict[str, Any]:
    """Pipelines by the names of their rows; others of `names` as `find_pipeline` reads them."""
    made: dict[str, Any] = {}
    for name in names:
        if name == EMBEDDING:
            if embedding is None:
                continue
            svm = CalibratedClassifier(SVC(C=10, decision_function_shape="ovo"), decision_function_shape="ovo")
            made[name] = make_pipeline(
                ScaleBarCropper(), ColorNormalizer("white_balance"), CNNEmbedding(embedding), svm
            )
        elif name == PLAIN:
            made[name] = leukofeat_cnn(swap=0.0, **options)
        elif name == SWAPPED:
            made[name] = leukofeat_cnn(**options)
        elif name == HYBRID:
            made[name] = make_baseline("leukofeat_hybrid", **options)
        else:
            made[name] = find_pipeline(name)[1]
    return made


def ways(bunch: Any, asked: Sequence[str]) -> dict[str, Way]:
    """Splits by name: of `known_protocols`, or one fold of a column of the manifest, as in "fold_series0=0".

    Raises
    ------
    ValueError
        For a name that there is not.
    """
    known: dict[str, Way] = {}
    if any("=" not in name for name in asked):
        for name, together in known_protocols(bunch).items():
            known |= {name if len(together) == 1 else f"{name} {way}": found for way, found in together.items()}
    found: dict[str, Way] = {}
    frame = bunch.get("frame")
    for name in asked:
        column, equal, value = name.partition("=")
        if name in known:
            found[name] = known[name]
        elif equal and frame is not None and column in frame:
            held = frame[column].astype(str).to_numpy() == value
            if not held.any() or held.all():
                raise ValueError(f"{name}: no row, or every row, of the manifest has it.")
            groups = next((frame[key].to_numpy() for key in ("stream", "group", "block") if key in frame), None)
            found[name] = ([(np.flatnonzero(~held), np.flatnonzero(held))], groups)
        else:
            raise ValueError(f"{name}: there are {', '.join(known)}, and COLUMN=VALUE of the manifest.")
    return found


def smaller(
    split: tuple[np.ndarray, np.ndarray], target: np.ndarray, size: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The same test rows, with `size` training images of each class."""
    train, test = split
    rng = np.random.default_rng(seed)
    drawn = [rng.permutation(train[target[train] == label])[:size] for label in np.unique(target[train])]
    return np.sort(np.concatenate(drawn)), test


def epochs_for(n_images: int, n_epochs: int, batch_size: int = 32, n_steps: int = 250) -> int:
    """Epochs of a training on few images, which would take too few steps otherwise.

    >>> epochs_for(40, 10), epochs_for(2456, 10)
    (125, 10)
    """
    return max(n_epochs, -(-n_steps // max(1, -(-n_images // batch_size))))


def binary_scores(table: Any, healthy: str) -> np.ndarray:
    """Score of a blast: what is left of the probability of the healthy class."""
    return 1 - table[f"score_{healthy}"].to_numpy()


def weights_name(path: str | None) -> str:
    """What a table says of where the network starts from."""
    return "random weights" if path is None else Path(path).name
