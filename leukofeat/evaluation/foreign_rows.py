"""Rows of a comparison that were predicted elsewhere: whether they fit its splits, what they say, and what is not known of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from leukofeat.evaluation.foreign import Predictions
from leukofeat.evaluation.protocols import Protocol
from leukofeat.evaluation.tables import Outcome
from leukofeat.sequence import ImageSequence


def check_foreign(
    pipelines: Mapping[str, Any],
    protocols: Mapping[str, Protocol],
    images: ImageSequence,
    labels: np.ndarray,
    on_error: str,
) -> dict[str, dict[str, str]]:
    """By protocol, a note on each row of predictions that was made for other splits; the error itself where it fits none, or no row is left."""
    foreign = {name: given for name, given in pipelines.items() if isinstance(given, Predictions)}
    names = [images.name(i) for i in range(len(images))] if foreign else []
    refused: dict[str, dict[str, str]] = {name: {} for name in protocols}
    for row, predictions in foreign.items():
        for name, protocol in protocols.items():
            try:
                readable = None if on_error == "raise" else lambda i: _is_readable(images, i)
                predictions.check(names, protocol.splits, labels, readable)
            except ValueError as error:
                refused[name][row] = f"{row} is left out: {error}"
                if all(row in notes for notes in refused.values()) or len(refused[name]) == len(pipelines):
                    raise
    return refused


def foreign_outcomes(
    predictions: Predictions, tests: Sequence[np.ndarray], images: ImageSequence, target: np.ndarray, labels: np.ndarray
) -> list[Outcome]:
    """What predictions made elsewhere say of the test images of each fold; what they cost is not known."""
    names, found = [images.name(i) for i in range(len(images))], []
    for fold, rows in enumerate(tests):
        predicted, scores, are_probabilities = predictions.outcome(rows, names, labels)
        own = target[rows]
        found.append(Outcome(np.full(len(rows), fold), rows, own, predicted, scores, are_probabilities, np.nan, np.nan))
    return found


def foreign_notes(pipelines: Mapping[str, Any], stress: bool) -> list[str]:
    """What is not known of the rows that were predicted elsewhere; `stress` says that the others had stress tests."""
    foreign = {name: given for name, given in pipelines.items() if isinstance(given, Predictions)}
    notes = [note for name, predictions in foreign.items() for note in predictions.notes(name)]
    if stress and foreign:
        notes.append(
            f"{', '.join(foreign)}: predictions made elsewhere, which the stress tests cannot ask of changed images."
        )
    return notes


def _is_readable(images: ImageSequence, i: int) -> bool:
    try:
        images.smear(i)
    except (OSError, ValueError):
        return False
    return True
