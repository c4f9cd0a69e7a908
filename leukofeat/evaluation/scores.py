"""What a fitted classifier says of each class, whatever it says it by."""

from typing import Any

import numpy as np

from leukofeat.pipeline import value_shape


def class_scores(model: Any, inputs: Any, labels: np.ndarray) -> tuple[np.ndarray | None, bool]:
    """Score of each class, (n, k) float64, and whether they are probabilities; None where the model gives none.

    Decision values of pairs of classes are none. A class that the model was not trained on has probability 0, or the lowest decision
    value of the row.
    """
    classes = getattr(model, "classes_", None)
    method = next((m for m in ("predict_proba", "decision_function") if hasattr(model, m)), None)
    if method is None or classes is None:
        return None, False
    values = np.asarray(getattr(model, method)(inputs), np.float64)
    if values.ndim == 1:
        values = np.column_stack([-values, values])
    are_probabilities = method == "predict_proba"
    of_pairs = not are_probabilities and len(classes) > 2 and value_shape(model) == "ovo"
    if of_pairs or values.shape[1] != len(classes):
        return None, False
    scores = np.zeros((len(values), len(labels))) if are_probabilities else np.tile(values.min(1), (len(labels), 1)).T
    scores[:, np.searchsorted(labels, classes)] = values
    return scores, are_probabilities
