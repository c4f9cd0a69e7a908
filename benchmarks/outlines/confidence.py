"""Whether a confidence means something: the failures come first when cells are sorted by it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from outlines.scoring import FAILURE


def failures_first(confidence: np.ndarray, dice: np.ndarray, failure: float = FAILURE) -> dict[str, float]:
    """How well confidence sorts cells by Dice; nothing where no cell has a confidence.

    Returns
    -------
    dict
        Of the cells with a confidence: `cells`; `failures`, how many have a Dice under `failure`; `rho`, Spearman's rank
        correlation; `among_5` and `among_10`, the share of the failures that lies among the 5 % and 10 % least confident (of equals
        at that border as many as are expected of a draw); `failing_5` and `failing_10`, the share of those that are failures.
    """
    confidence, dice = _rated(confidence, dice)
    if not len(confidence):
        return {}
    failed = dice < failure
    figures = {"cells": float(len(dice)), "failures": float(failed.sum()), "rho": _spearman(confidence, dice)}
    for percent in (5, 10):
        n = int(np.ceil(len(dice) * percent / 100))
        first = _failures_below(confidence, failed, n)
        figures[f"among_{percent}"] = first / failed.sum() if failed.any() else float("nan")
        figures[f"failing_{percent}"] = first / n
    return figures


def risk_coverage(confidence: np.ndarray, dice: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of the cells kept, from the most confident on, and the mean Dice of those; equals are kept together."""
    confidence, dice = _rated(confidence, dice)
    order = np.argsort(-confidence, kind="stable")
    last = np.flatnonzero(np.append(np.diff(confidence[order]) != 0, True)) if len(order) else np.zeros(0, int)
    return (last + 1) / max(len(order), 1), np.cumsum(dice[order])[last] / (last + 1)


def _rated(confidence: np.ndarray, dice: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    confidence, dice = np.asarray(confidence, float), np.asarray(dice, float)
    rated = ~np.isnan(confidence) & ~np.isnan(dice)
    return confidence[rated], dice[rated]


def _spearman(a: np.ndarray, b: np.ndarray) -> float:
    a, b = rankdata(a), rankdata(b)
    spread = a.std() * b.std()
    return float(((a - a.mean()) * (b - b.mean())).mean() / spread) if spread else float("nan")


def _failures_below(confidence: np.ndarray, failed: np.ndarray, n: int) -> float:
    border = np.sort(confidence)[n - 1]
    surely, maybe = confidence < border, confidence == border
    drawn = (n - surely.sum()) / maybe.sum()
    return float(failed[surely].sum() + drawn * failed[maybe].sum())


def draw_confidence(path: Path, title: str, confidence: np.ndarray, dice: np.ndarray) -> None:
    """Confidence against Dice, and the mean Dice of the cells kept."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figures = failures_first(confidence, dice)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    left.scatter(*_rated(confidence, dice), s=10, alpha=0.5)
    left.axhline(FAILURE, color="grey", lw=0.8)
    left.set(xlabel="confidence", ylabel="Dice", title=f"Spearman {figures['rho']:.2f}", xlim=(-0.02, 1.02))
    right.step(*risk_coverage(confidence, dice), where="post")
    right.set(xlabel="share of the cells kept, most confident first", ylabel="mean Dice", xlim=(0, 1.02))
    right.set_title(f"{figures['failures']:.0f} failures; of the last 10 % fail {figures['failing_10']:.0%}")
    figure.suptitle(f"{title} ({figures['cells']:.0f} cells)")
    figure.savefig(path, dpi=80)
    plt.close(figure)
