"""Pipelines side by side over the same splits."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score
from sklearn.model_selection import check_cv

from leukofeat.sequence import as_sequence


@dataclass(frozen=True)
class Comparison:
    """Result of :func:`compare`.

    Attributes
    ----------
    table : DataFrame
        A row a pipeline: `accuracy`, `accuracy_std` (over folds), `balanced_accuracy`, `macro_f1` and `ms_per_image`, the
        time of fitting and predicting divided by the images that went through.
    predictions : DataFrame
        A row a test image and pipeline: `pipeline`, `fold`, `row`, `target`, `predicted`.
    """

    table: pd.DataFrame
    predictions: pd.DataFrame


def compare(
    pipelines: Mapping[str, Any], X: Any, y: Any, *, cv: Any = 5, groups: Any = None, verbose: int = 0
) -> Comparison:
    """Fit and test pipelines over the same splits.

    Parameters
    ----------
    pipelines : dict of name to estimator
        Cloned before each fit.
    X : list, ndarray, Series, one-column DataFrame or ImageSequence of n images or paths
    y : array-like of length n
        Classes.
    cv : int, splitter or iterable of (train, test), default=5
        As in scikit-learn. Use a grouped splitter where images share a slide or patient: a random split tests on slides that
        were trained on.
    groups : array-like of length n, optional
        Slide or patient of each image.
    verbose : int, default=0
        Above 0, a line on standard error for each pipeline.

    Returns
    -------
    Comparison

    Examples
    --------
    >>> from sklearn.model_selection import StratifiedGroupKFold
    >>> from leukofeat.baselines import make_baseline
    >>> from leukofeat.datasets import make_smears
    >>> smears = make_smears(n_samples=24, size=96, random_state=0)
    >>> result = compare(
    ...     {"colours": make_baseline("four_colors")}, smears.images, smears.target,
    ...     cv=StratifiedGroupKFold(2), groups=smears.groups,
    ... )
    >>> list(result.table.index), len(result.predictions)
    (['colours'], 24)
    """
    images, target = as_sequence(X), np.asarray(y)
    if len(images) != len(target):
        raise ValueError(f"{len(images)} images and {len(target)} targets.")
    splits = list(check_cv(cv, target, classifier=True).split(np.zeros(len(target)), target, groups))
    rows, parts = [], []
    for name, pipeline in pipelines.items():
        started, passed, accuracies = time.perf_counter(), 0, []
        for fold, (train, test) in enumerate(splits):
            predicted = clone(pipeline).fit(images[train], target[train]).predict(images[test])
            passed += len(train) + len(test)
            accuracies.append(accuracy_score(target[test], predicted))
            parts.append(
                pd.DataFrame(
                    {"pipeline": name, "fold": fold, "row": test, "target": target[test], "predicted": predicted}
                )
            )
        seconds = time.perf_counter() - started
        found = pd.concat(parts[-len(splits) :])
        rows.append(
            {
                "pipeline": name,
                "accuracy": accuracy_score(found["target"], found["predicted"]),
                "accuracy_std": float(np.std(accuracies)),
                "balanced_accuracy": balanced_accuracy_score(found["target"], found["predicted"]),
                "macro_f1": f1_score(found["target"], found["predicted"], average="macro"),
                "ms_per_image": 1000 * seconds / passed,
            }
        )
        if verbose > 0:
            import sys

            print(f"{name}: {rows[-1]['accuracy']:.3f} in {seconds:.0f} s", file=sys.stderr, flush=True)
    return Comparison(pd.DataFrame(rows).set_index("pipeline"), pd.concat(parts, ignore_index=True))
