"""Fit and test pipelines fold by fold, with what they share measured once."""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from leukofeat.base import FeatureFamily
from leukofeat.evaluation.stage_tree import StageTree, same_stage, shareable_parts
from leukofeat.evaluation.tables import Outcome
from leukofeat.measuring import Extraction, measure, warn_of
from leukofeat.sequence import ImageSequence, Step


class _Table(NamedTuple):
    """What the shared stages of a pipeline, `features` the last of them, made of some rows."""

    features: FeatureFamily
    rows: np.ndarray
    found: Extraction
    steps: list[Step]  # of the fitted stages before it

    def take(self, rows: np.ndarray) -> Any:
        return self.features.wrap_output(self.found.values[np.searchsorted(self.rows, rows)])

    def seconds(self, n: int) -> float:
        """Mean time from the file to the row, over the first `n` images, as if nothing had been shared."""
        return float(self.found.seconds[self.rows < n].sum(axis=1).mean())


class Run:
    """Pipelines, images, and what was measured of them once for all folds.

    Parameters
    ----------
    pipelines : dict of name to classifier
    images : ImageSequence of n images
    target : ndarray of shape (n,)
    extra : ndarray of shape (m,)
        The last m images are others made of these rows. No fold is trained on them; one that tests the row predicts them too.
    n_jobs, verbose
        As in :func:`~leukofeat.evaluation.compare`.
    """

    def __init__(
        self,
        pipelines: Mapping[str, Any],
        images: ImageSequence,
        target: np.ndarray,
        extra: np.ndarray,
        *,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.images, self.target, self.extra = images, target, extra
        self.n_jobs, self.verbose = n_jobs, verbose
        self.n_images, self.labels = len(images) - len(extra), np.unique(target)
        self.parts = {name: shareable_parts(pipeline) for name, pipeline in pipelines.items()}
        self.known: list[tuple[str, _Table]] = []
        self.shared = self._measure(np.arange(len(images)))

    def _measure(self, rows: np.ndarray, train: np.ndarray | None = None) -> dict[str, _Table]:
        """Tables by pipeline: of those with stages that learn if `train` is given, otherwise of those without."""
        members = {
            name: (parts.stages, parts.features)
            for name, parts in self.parts.items()
            if parts.features is not None and any(stage.requires_fit for stage in parts.stages) == (train is not None)
        }
        if not members:
            return {}
        tree = StageTree(self.images, self.target, train)
        steps = {name: tree.steps(tree.place(stages)) for name, (stages, _) in members.items()}
        # a stage may learn the same in several folds
        known = {name: table for name in members if (table := self._find_known(name, steps[name], rows)) is not None}
        members = {name: member for name, member in members.items() if name not in known}
        if not members:
            return known
        leaves = [tree.add(stages, features) for stages, features in members.values()]
        found = measure(tree.plan, self.images[rows], n_jobs=self.n_jobs, verbose=self.verbose)
        failures = {failure.row: failure for table in reversed(found) for failure in table.failures}
        warn_of([failures[row] for row in sorted(failures)], len(rows))
        tables = {
            name: _Table(features, rows, found[leaf], steps[name])
            for (name, (_, features)), leaf in zip(members.items(), leaves, strict=True)
        }
        self.known += tables.items()
        return tables | known

    def _find_known(self, name: str, steps: list[Step], rows: np.ndarray) -> _Table | None:
        """Table of a pipeline that was measured behind stages which do the same, and holds these rows."""
        return next(
            (
                table
                for known, table in self.known
                if known == name and same_stage(table.steps, steps) and np.isin(rows, table.rows).all()
            ),
            None,
        )

    def fold(self, fold: int, train: np.ndarray, test: np.ndarray) -> dict[str, list[Outcome]]:
        """Fit every pipeline on `train`; what it says of `test`, and of the extra images made of `test` where there are any."""
        extra = self.n_images + np.flatnonzero(np.isin(self.extra, test))
        asked = [rows for rows in (test, extra) if len(rows)]
        tables = self.shared | self._measure(np.unique(np.concatenate([train, *asked])), train)
        outcomes = {}
        for name, parts in self.parts.items():
            table = tables.get(name)
            take = self.images.__getitem__ if table is None else table.take
            inputs = take(train)
            started = time.process_time()
            model = clone(parts.rest).fit(inputs, self.target[train])
            fit_seconds = time.process_time() - started
            shared_seconds = 0.0 if table is None else table.seconds(self.n_images)
            outcomes[name] = [self._test(fold, model, take(rows), rows, shared_seconds, fit_seconds) for rows in asked]
        return outcomes

    def _test(
        self, fold: int, model: Any, inputs: Any, rows: np.ndarray, shared_seconds: float, fit_seconds: float
    ) -> Outcome:
        started = time.process_time()
        last, reached = _peel(model, inputs)
        predicted = np.asarray(last.predict(reached))
        seconds = (time.process_time() - started) / len(rows)
        scores, are_probabilities = class_scores(last, reached, self.labels)
        return Outcome(
            fold=np.full(len(rows), fold),
            row=rows,
            target=self.target[rows],
            predicted=predicted,
            scores=scores,
            has_probabilities=are_probabilities,
            seconds_per_image=seconds + shared_seconds,
            fit_seconds=fit_seconds,
        )


def _peel(model: Any, inputs: Any) -> tuple[Any, Any]:
    """Last step of a fitted pipeline and what reaches it, so that classes and scores do not run the steps twice."""
    if type(model) is not Pipeline or model.steps[-1][1] in (None, "passthrough"):
        return model, inputs
    return model[-1], model[:-1].transform(inputs) if len(model) > 1 else inputs


def class_scores(model: Any, inputs: Any, labels: np.ndarray) -> tuple[np.ndarray | None, bool]:
    """Score of each class, (n, k) float64, and whether they are probabilities; None where the model gives none.

    A class that the model was not trained on has probability 0, or the lowest decision value of the row.
    """
    classes = getattr(model, "classes_", None)
    method = next((m for m in ("predict_proba", "decision_function") if hasattr(model, m)), None)
    if method is None or classes is None:
        return None, False
    values = np.asarray(getattr(model, method)(inputs), np.float64)
    if values.ndim == 1:
        values = np.column_stack([-values, values])
    if values.shape[1] != len(classes):  # a decision value for each pair of classes
        return None, False
    are_probabilities = method == "predict_proba"
    scores = np.zeros((len(values), len(labels))) if are_probabilities else np.tile(values.min(1), (len(labels), 1)).T
    scores[:, np.searchsorted(labels, classes)] = values
    return scores, are_probabilities
