"""ROC curves and calibration of pipelines, as the report and the displays draw them."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from leukofeat.evaluation.comparison import Comparison
from leukofeat.statistics.curves import GRID, reliability, roc_band
from leukofeat.statistics.metrics import auc_one_vs_rest, top_label

# more bands than these over one another are a grey in which none is seen
MOST_BANDS = 3


class RocCurve(NamedTuple):
    """One class against all others, by one pipeline: the curve at fixed false-positive rates, with its pointwise 95 % band.

    `auc` has its interval from the comparison, (nan, nan) where there is none.
    """

    name: str
    label: Any
    fpr: np.ndarray
    tpr: np.ndarray
    low: np.ndarray
    high: np.ndarray
    auc: float
    auc_interval: tuple[float, float]


class ReliabilityCurve(NamedTuple):
    """Stated confidence against the share that was right, by bins that hold anything: 95 % intervals (Wilson) and numbers of images."""

    name: str
    stated: np.ndarray
    found: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n_images: np.ndarray


def roc_curves(comparison: Comparison, pipelines: Iterable[str] | None = None) -> list[RocCurve]:
    """Curves of every class and pipeline that gives scores, class by class; a class that stands alone has none.

    Parameters
    ----------
    comparison : Comparison
    pipelines : iterable of str, optional
        All by default.

    Returns
    -------
    list of RocCurve
    """
    labels, scores = scores_by_pipeline(comparison, pipelines)
    areas = comparison.by_class.set_index(["pipeline", "class"])[["auc", "auc_low", "auc_high"]]
    found = []
    for c, label in enumerate(labels):
        for name, values in scores.items():
            if values is not None:
                own = comparison.predictions[comparison.predictions["pipeline"] == name]
                units = own["group" if "group" in own else "row"].to_numpy()
                auc, *ends = areas.loc[(name, label)].tolist()
                found += _roc_curve(name, label, (own["target"] == label).to_numpy(), values[:, c], units, auc, ends)
    return found


def roc_curves_of(name: str, target: np.ndarray, scores: np.ndarray, labels: np.ndarray, units: Any) -> list[RocCurve]:
    """Curves of every class from predictions that stand alone, (n,) classes and (n, k) scores; areas without intervals."""
    areas, nothing = auc_one_vs_rest(target, scores, labels), (np.nan, np.nan)
    found = []
    for c, label in enumerate(labels):
        found += _roc_curve(name, label, target == label, scores[:, c], units, float(areas[c]), nothing)
    return found


def _roc_curve(
    name: str, label: Any, positive: np.ndarray, scores: np.ndarray, units: np.ndarray, auc: float, ends: Any
) -> list[RocCurve]:
    band = roc_band(positive, scores, units)
    if np.isnan(band[0][0]):
        return []
    line, low, high = (np.r_[0, end] for end in band)
    return [RocCurve(name, label, np.r_[0, GRID], line, low, high, auc, (ends[0], ends[1]))]


def reliability_curves(comparison: Comparison, pipelines: Iterable[str] | None = None) -> list[ReliabilityCurve]:
    """Calibration of every pipeline that gives probabilities.

    Parameters
    ----------
    comparison : Comparison
    pipelines : iterable of str, optional
        All by default.

    Returns
    -------
    list of ReliabilityCurve
    """
    labels, scores = scores_by_pipeline(comparison, pipelines)
    found = []
    for name, values in scores.items():
        if values is not None and are_probabilities(values):
            own = comparison.predictions[comparison.predictions["pipeline"] == name]
            found.append(ReliabilityCurve(name, *reliability(*top_label(own["target"], values, labels))))
    return found


def are_probabilities(scores: np.ndarray) -> bool:
    """Whether scores can be probabilities: decision values are negative somewhere, or do not add up to one."""
    return bool(scores.min(initial=0) >= 0 and np.allclose(scores.sum(axis=1), 1, atol=1e-3))


def scores_by_pipeline(
    comparison: Comparison, pipelines: Iterable[str] | None = None
) -> tuple[np.ndarray, dict[str, np.ndarray | None]]:
    """Classes, and the scores of each pipeline (None where it gives none)."""
    labels = np.unique(comparison.predictions["target"])
    scores: dict[str, np.ndarray | None] = {}
    for name in comparison.table.index if pipelines is None else pipelines:
        own = comparison.predictions[comparison.predictions["pipeline"] == name]
        values = own[[f"score_{label}" for label in labels]].to_numpy(np.float64)
        scores[name] = None if np.isnan(values).any() else values
    return labels, scores
