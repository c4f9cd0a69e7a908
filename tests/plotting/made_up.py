"""Comparisons from made-up predictions, without a pipeline or an image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from leukofeat.evaluation import Comparison
from leukofeat.evaluation.tables import (
    Outcome,
    confusion_tables,
    fold_table,
    paired_tests,
    prediction_table,
    summarise,
)


def make_comparison(
    names: Sequence[str], *, labels: Sequence[str] = ("benign", "blast"), n: int = 48, grouped: bool = True,
    kinds: Sequence[str] = ("probabilities",), seed: int = 0,
) -> Comparison:  # fmt: skip
    """Predictions of pipelines on `n` images, three folds, groups of four; a kind a pipeline: "probabilities", "decision", "none"."""
    rng = np.random.default_rng(seed)
    known = np.array(sorted(labels))
    codes = np.arange(n) // 4 % len(known)
    groups = np.arange(n) // 4 if grouped else None
    fold = np.arange(n) // 4 // len(known) % 3
    outcomes = {}
    for i, name in enumerate(names):
        kind = kinds[i % len(kinds)]
        values = rng.normal(size=(n, len(known))) + (0.5 + 0.1 * i) * np.eye(len(known))[codes]
        probabilities = np.exp(values) / np.exp(values).sum(axis=1, keepdims=True)
        scores = {"probabilities": probabilities, "decision": values, "none": None}[kind]
        said = known[values.argmax(axis=1)]
        order = np.argsort(fold, kind="stable")
        outcomes[name] = Outcome(
            fold[order], order, known[codes][order], said[order], None if scores is None else scores[order],
            kind == "probabilities", 0.001 * (i + 1), 0.1,
        )  # fmt: skip
    table, by_class, by_group = summarise(outcomes, known, groups, 50, 0)
    n_train = [int((fold != k).sum()) for k in range(3)]
    return Comparison(
        table=table,
        by_class=by_class,
        by_fold=fold_table(outcomes, known, n_train),
        by_group=by_group,
        predictions=prediction_table(outcomes, known, groups),
        pairs=paired_tests(outcomes, known, groups, 0.5, 0) if len(names) < 5 else table.iloc[:0],
        confusion=confusion_tables(outcomes, known),
    )
