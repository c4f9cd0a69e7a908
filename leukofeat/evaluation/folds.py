"""Fit and test pipelines fold by fold, with what they share measured once."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from leukofeat.evaluation.stage_tree import Measured, StageTree, as_output, is_stateless, leading_stages
from leukofeat.evaluation.stress import StressSet, make_stress_set, own_segmenter, stress_table
from leukofeat.evaluation.tables import Outcome
from leukofeat.sequence import ImageSequence, as_sequence


class FoldResult(NamedTuple):
    """What one pipeline said of one fold; `stressed` are positions in the stress set, `before` and `changed` its answers."""

    fold: int
    row: np.ndarray
    predicted: np.ndarray
    scores: np.ndarray | None
    are_probabilities: bool
    seconds_per_image: float
    fit_seconds: float
    stressed: np.ndarray
    before: np.ndarray
    changed: dict[str, np.ndarray]


def to_outcome(results: Sequence[FoldResult], target: np.ndarray) -> Outcome:
    """One pipeline's folds, put one behind the other."""
    rows = np.concatenate([result.row for result in results])
    sizes = [len(result.row) for result in results]
    scores = [result.scores for result in results if result.scores is not None]
    return Outcome(
        fold=np.repeat([result.fold for result in results], sizes),
        row=rows,
        target=target[rows],
        predicted=np.concatenate([result.predicted for result in results]),
        scores=np.concatenate(scores) if len(scores) == len(results) else None,
        has_probabilities=all(result.are_probabilities for result in results),
        seconds_per_image=float(np.average([result.seconds_per_image for result in results], weights=sizes)),
        fit_seconds=float(np.mean([result.fit_seconds for result in results])),
    )


class _Member(NamedTuple):
    """One pipeline: the stages that can be shared, and the rest of it (all of it when nothing can)."""

    stages: list[Any]
    rest: Any
    learns: bool  # among the shared stages is one that is fitted, so that they can be shared within a fold only


def _make_member(pipeline: Any) -> _Member:
    stages = leading_stages(pipeline)
    rest = Pipeline(pipeline.steps[len(stages) :]) if stages else pipeline
    return _Member(stages, rest, not all(map(is_stateless, stages)))


class _Tables:
    """Feature tables of some pipelines over some rows; a pipeline that shares nothing gets the images themselves."""

    def __init__(self, tree: StageTree, members: Mapping[str, _Member]) -> None:
        self.tree = tree
        self.members = {name: member for name, member in members.items() if member.stages}
        self.leaves = {name: tree.add(member.stages) for name, member in self.members.items()}
        self._found: dict[str, tuple[np.ndarray, Measured]] = {}
        self._cache: dict[tuple[str, int], np.ndarray] = {}

    def measure(self, kind: str, images: ImageSequence, rows: np.ndarray) -> None:
        """Measure `images`, which are known as `rows`."""
        if self.leaves:
            self._found[kind] = (rows, self.tree.measure(images))

    def take(self, kind: str, name: str, images: ImageSequence, rows: np.ndarray) -> Any:
        if name not in self.leaves:
            return images[rows]
        known, measured = self._found[kind]
        leaf = self.leaves[name]
        if (kind, leaf) not in self._cache:
            self._cache[kind, leaf] = measured.table(leaf)
        return as_output(self._cache[kind, leaf][np.searchsorted(known, rows)], self.members[name].stages[-1])

    def seconds(self, name: str) -> float:
        return self._found["images"][1].seconds(self.leaves[name]) if name in self.leaves else 0.0


class Run:
    """Pipelines, images, and what was measured of them once for all folds.

    Parameters
    ----------
    pipelines : dict of name to classifier
    images : ImageSequence of n images
    target : ndarray of shape (n,)
    n_jobs, verbose
        As in :func:`~leukofeat.evaluation.compare`.
    """

    def __init__(
        self,
        pipelines: Mapping[str, Any],
        images: ImageSequence,
        target: np.ndarray,
        *,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.pipelines, self.images, self.target, self.verbose = pipelines, images, target, verbose
        self.labels = np.unique(target)
        self.members = {name: _make_member(pipeline) for name, pipeline in pipelines.items()}
        wanted = [getattr(member.stages[-1], "n_jobs", None) for member in self.members.values() if member.stages]
        self.n_jobs = n_jobs if n_jobs is not None else next((n for n in wanted if n is not None), None)
        self.stress: StressSet | None = None
        self.stress_images = as_sequence([])
        self.shared = self._tables(learning=False)
        self.shared.measure("images", images, np.arange(len(images)))

    def _tables(self, *, learning: bool, train: np.ndarray | None = None) -> _Tables:
        tree = StageTree(self.images, self.target, train, n_jobs=self.n_jobs, verbose=self.verbose)
        return _Tables(tree, {name: member for name, member in self.members.items() if member.learns == learning})

    def prepare_stress(self, rows: np.ndarray, groups: Any, segmenter: Any, random_state: Any) -> None:
        """Make the images of the shortcut tests, and measure them with the stages that learn nothing."""
        if segmenter is None:
            found = (own_segmenter(pipeline) for pipeline in self.pipelines.values())
            segmenter = next((stage for stage in found if stage is not None), None)
        options = {"n_jobs": self.n_jobs, "verbose": self.verbose, "random_state": random_state}
        self.stress = make_stress_set(self.images, self.target, rows, groups=groups, segmenter=segmenter, **options)
        self.stress_images = as_sequence([image for part in self.stress.images.values() for image in part])
        self.shared.measure("stress", self.stress_images, np.arange(len(self.stress_images)))

    def measured_once(self) -> list[str]:
        """Names of the pipelines whose features were measured once for all folds."""
        return list(self.shared.leaves)

    def fold(self, fold: int, train: np.ndarray, test: np.ndarray) -> dict[str, FoldResult]:
        """Fit every pipeline on `train` and test it on `test`, and on the stress images made of `test`."""
        own = self._tables(learning=True, train=train)
        rows = np.union1d(train, test)
        own.measure("images", self.images[rows], rows)
        stressed = np.empty(0, np.int64)
        if self.stress is not None:
            stressed = np.flatnonzero(np.isin(self.stress.rows, test))
            chosen = self._stress_positions(stressed)
            own.measure("stress", self.stress_images[chosen], chosen)
        return {
            name: self._fit_and_test(name, own if member.learns else self.shared, fold, train, test, stressed)
            for name, member in self.members.items()
        }

    def _stress_positions(self, stressed: np.ndarray) -> np.ndarray:
        assert self.stress is not None
        return (np.arange(len(self.stress.images))[:, None] * len(self.stress.rows) + stressed).ravel()

    def _fit_and_test(
        self, name: str, tables: _Tables, fold: int, train: np.ndarray, test: np.ndarray, stressed: np.ndarray
    ) -> FoldResult:
        inputs = tables.take("images", name, self.images, train)
        started = time.process_time()
        whole = clone(self.members[name].rest).fit(inputs, self.target[train])
        fit_seconds = time.process_time() - started
        inputs = tables.take("images", name, self.images, test)
        started = time.process_time()
        model, inputs = _peel(whole, inputs)
        predicted = np.asarray(model.predict(inputs))
        seconds = (time.process_time() - started) / max(1, len(test)) + tables.seconds(name)
        scores, are_probabilities = class_scores(model, inputs, self.labels)
        before, changed = np.empty(0, predicted.dtype), {}
        if self.stress is not None and len(stressed):
            place = {row: position for position, row in enumerate(test.tolist())}
            before = predicted[[place[row] for row in self.stress.rows[stressed].tolist()]]
            chosen = self._stress_positions(stressed)
            answers = np.asarray(whole.predict(tables.take("stress", name, self.stress_images, chosen)))
            changed = dict(zip(self.stress.images, answers.reshape(-1, len(stressed)), strict=True))
        return FoldResult(
            fold, test, predicted, scores, are_probabilities, seconds, fit_seconds, stressed, before, changed
        )

    def stress_table(
        self, folds: Sequence[Mapping[str, FoldResult]], groups: np.ndarray | None, n_bootstrap: int, random_state: Any
    ) -> pd.DataFrame | None:
        """`stress` of a :class:`~leukofeat.evaluation.Comparison`; an image that several folds tested counts once."""
        if self.stress is None:
            return None
        parts = []
        for name in self.pipelines:
            results = [fold[name] for fold in folds if len(fold[name].stressed)]
            if not results:
                continue
            used, first = np.unique(np.concatenate([result.stressed for result in results]), return_index=True)
            before = np.concatenate([result.before for result in results])[first]
            after = {
                test: np.concatenate([result.changed[test] for result in results])[first] for test in self.stress.images
            }
            rows = self.stress.rows[used]
            units = rows if groups is None else groups[rows]
            found = stress_table(
                self.target[rows], self.stress.other[used], before, after, units, n_bootstrap, random_state
            )
            parts.append(found.reset_index().assign(pipeline=name).set_index(["pipeline", "test"]).reset_index())
        return pd.concat(parts, ignore_index=True) if parts else None


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
