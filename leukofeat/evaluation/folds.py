"""Fit and test pipelines fold by fold, with what they share measured once."""

from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from leukofeat.base import FeatureFamily
from leukofeat.calibration import group_params
from leukofeat.digest import describe, digest, environment
from leukofeat.evaluation.scores import class_scores
from leukofeat.evaluation.stage_tree import StageTree, same_stage, shareable_parts
from leukofeat.evaluation.tables import Outcome
from leukofeat.failures import EmptyWarning, Failure, collected, warn_of
from leukofeat.kernels.clock import process_seconds
from leukofeat.measuring import measure
from leukofeat.pipeline import set_memory
from leukofeat.sequence import ImageSequence, Step
from leukofeat.smear import Smear
from leukofeat.store import Store

_KEPT = ("row", "predicted", "scores", "has_probabilities", "seconds_per_image", "fit_seconds")


class _Table(NamedTuple):
    """What the shared stages of a pipeline, `features` the last of them, made of some rows."""

    features: FeatureFamily
    steps: list[Step]  # of the fitted stages before it
    rows: np.ndarray  # ascending
    values: np.ndarray
    seconds: np.ndarray  # by row and stage

    def take(self, rows: np.ndarray) -> Any:
        return self.features.wrap_output(self.values[np.searchsorted(self.rows, rows)])

    def mean_seconds(self, n: int) -> float:
        """Mean time from the file to the row, over the first `n` images, as if nothing had been shared."""
        return float(self.seconds[self.rows < n].sum(axis=1).mean())

    def joined(self, other: "_Table") -> "_Table":
        rows = np.concatenate([self.rows, other.rows])
        order = np.argsort(rows)
        values, seconds = np.vstack([self.values, other.values]), np.vstack([self.seconds, other.seconds])
        return self._replace(rows=rows[order], values=values[order], seconds=seconds[order])


class _Readable(FeatureFamily):
    """Measures nothing: an image fails here only if it cannot be read."""

    def __repr__(self) -> str:
        return "which images can be read"

    def row_names(self) -> list[str]:
        return []

    def row(self, smear: Smear) -> np.ndarray:
        return np.empty(0)


class Fold(NamedTuple):
    """Rows that were trained on and tested, and by pipeline what was said of the test images and, if there are any, the extra ones."""

    train: np.ndarray
    test: np.ndarray
    outcomes: dict[str, list[Outcome]]


class Run:
    """Pipelines, images, and what was measured of them once for all folds.

    Parameters
    ----------
    pipelines : dict of name to classifier
    images : ImageSequence of n images
    target : ndarray of shape (n,)
    extra : ndarray of shape (m,)
        The last m images are others made of these rows. No fold is trained on them; one that tests the row predicts them too.
    reads_all : bool
        Find out which images cannot be read, also where no pipeline asks for it.
    on_error, n_jobs, verbose
        As in :func:`~leukofeat.evaluation.compare`.
    memory : Store, optional

    Attributes
    ----------
    failures : dict of int to Failure
        By row, what could not be measured under `on_error="nan"`, so far.
    empty : dict of str to set of str
        By pipeline, the images in which it found no cell although it has columns that need one, so far.
    """

    def __init__(
        self,
        pipelines: Mapping[str, Any],
        images: ImageSequence,
        target: np.ndarray,
        extra: np.ndarray,
        *,
        reads_all: bool = False,
        on_error: str = "raise",
        memory: Store | None = None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.images, self.target, self.extra = images, target, extra
        self.on_error = "nan" if on_error == "nan" else None
        self.memory, self.n_jobs, self.verbose, self.reads_all = memory, n_jobs, verbose, reads_all
        self.n_images, self.labels = len(images) - len(extra), np.unique(target)
        self.pipelines = pipelines
        self.parts = {name: shareable_parts(pipeline) for name, pipeline in pipelines.items()}
        self.failures: dict[int, Failure] = {}
        self.empty: dict[str, set[str]] = {name: set() for name in pipelines}
        self.known: dict[str, list[_Table]] = {name: [] for name in pipelines}
        self.shared = self._measure(np.arange(len(images)))

    def _measure(self, rows: np.ndarray, train: np.ndarray | None = None) -> dict[str, _Table]:
        """Tables by pipeline: of those with stages that learn if `train` is given, otherwise of those without."""
        members = {
            name: (parts.stages, parts.features)
            for name, parts in self.parts.items()
            if parts.features is not None and any(stage.requires_fit for stage in parts.stages) == (train is not None)
        }
        tree = StageTree(self.images, self.target, train, on_error=self.on_error, memory=self.memory)
        steps = {name: tree.steps(tree.place(stages)) for name, (stages, _) in members.items()}
        # a stage may learn the same in several folds: only rows that are not known yet are measured
        known = {name: self._find_known(name, steps[name]) for name in members}
        missing = {name: rows if t is None else np.setdiff1d(rows, t.rows) for name, t in known.items()}
        asked = {name: member for name, member in members.items() if len(missing[name])}
        leaves = [tree.add(stages, features) for stages, features in asked.values()]
        todo = np.unique(np.concatenate([rows[:0], *missing.values()]))
        if train is None and self.on_error and (self.reads_all or len(members) < len(self.parts)):
            tree.add([], _Readable())  # for those that read the images by themselves
            todo = rows
        if not tree.plan.leaves:
            return {name: table for name, table in known.items() if table}
        options: dict[str, Any] = {"memory": self.memory, "n_jobs": self.n_jobs, "verbose": self.verbose}
        found = measure(tree.plan, self.images[todo], **options)
        failures = {failure.row: failure for table in reversed(found) for failure in table.failures}
        if self.on_error:
            self.failures |= {int(todo[row]): failure for row, failure in sorted(failures.items())}
        else:
            warn_of([failures[row] for row in sorted(failures)], len(todo))
        for (name, (_, features)), leaf in zip(asked.items(), leaves, strict=True):
            empty = todo[found[leaf].empty]
            self.empty[name] |= {self.images.name(int(row)) for row in empty[empty < self.n_images]}
            new, old = np.isin(todo, missing[name]), known[name]
            table = _Table(features, steps[name], todo[new], found[leaf].values[new], found[leaf].seconds[new])
            table = table if old is None else old.joined(table)
            known[name] = table
            self.known[name] = [*(other for other in self.known[name] if other is not old), table]
        return {name: table for name, table in known.items() if table}

    def _find_known(self, name: str, steps: list[Step]) -> _Table | None:
        """Table of a pipeline that was measured behind stages which do the same."""
        return next((table for table in self.known[name] if same_stage(table.steps, steps)), None)

    def fold(self, fold: int, train: np.ndarray, test: np.ndarray, groups: np.ndarray | None = None) -> Fold:
        """Fit every pipeline on `train`, and ask it of `test` and of the extra images made of `test`; without what failed.

        Models that ask for groups in `fit` are given those of the training images.
        """
        train, test, extra = self._parts(fold, train, test)
        measured = self._measure(np.unique(np.concatenate([train, test, extra])), train)
        train, test, extra = self._parts(fold, train, test)  # stages that learn may have failed, too
        tables = self.shared | measured
        outcomes = {}
        for name in self.parts:
            key = self._outcome_key(name, tables.get(name), groups, (train, test, extra))
            known = {} if self.memory is None or key is None else self.memory.get([key])
            if key in known:
                found, empty = _restored(known[key], fold, self.target)
            else:
                found, empty = self._fit(
                    name, tables.get(name), fold, train, [rows for rows in (test, extra) if len(rows)], groups
                )
                if self.memory is not None and key is not None:
                    with suppress(TypeError):  # classes that are neither numbers nor text
                        self.memory.put({key: _record(found, empty)}, "outcome", describe(self.pipelines[name]))
            outcomes[name] = found
            self.empty[name] |= set(empty) - {self.images.name(int(row)) for row in extra}
        return Fold(train, test, outcomes)

    def _fit(
        self,
        name: str,
        table: _Table | None,
        fold: int,
        train: np.ndarray,
        asked: list[np.ndarray],
        groups: np.ndarray | None,
    ) -> tuple[list[Outcome], list[str]]:
        """Outcome for each set of rows that is asked for, and the images in which no cell was found on the way."""
        take = self.images.__getitem__ if table is None else table.take
        with collected(EmptyWarning) as caught:
            inputs = take(train)
            started = process_seconds()
            model = clone(self.parts[name].rest)
            if table is None and self.memory is not None:
                set_memory(
                    model, self.memory, replace=False
                )  # what it measures by itself, and what pipelines in a vote do
            try:
                model.fit(inputs, self.target[train], **group_params(model, None if groups is None else groups[train]))
            except Exception as error:
                error.add_note(f"While fitting {name!r} in fold {fold}.")
                raise
            fit_seconds = max(0.0, process_seconds() - started)
            shared_seconds = 0.0 if table is None else table.mean_seconds(self.n_images)
            found = [self._test(fold, model, take(rows), rows, shared_seconds, fit_seconds) for rows in asked]
        return found, sorted({empty for warning in caught for empty in warning.names})

    def _outcome_key(
        self, name: str, table: _Table | None, groups: np.ndarray | None, parts: tuple[np.ndarray, ...]
    ) -> str | None:
        """What tells a fold's outcome from any other: the pipeline as it learned, and the images and classes it saw."""
        if self.memory is None:
            return None
        stages = None if table is None else [table.steps, table.features]
        seen = [[[self.contents[row] for row in rows], rows, self.target[rows]] for rows in parts]
        try:
            told = None if groups is None else groups[parts[0]]
            made = [stages, self.parts[name].rest, seen, told, self.labels]
            return digest("outcome", environment(), made)
        except TypeError:  # said once, where it is measured
            return None

    @cached_property
    def contents(self) -> list[str | None]:
        """Digest of each image by its content."""
        return [self.images.content(i) for i in range(len(self.images))]

    def content(self) -> str:
        """Digest of the images that are compared, in their order."""
        return digest(self.contents[: self.n_images])

    def _parts(self, fold: int, train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        failed = np.array(list(self.failures), np.int64)
        parts = train[~np.isin(train, failed)], test[~np.isin(test, failed)]
        for what, before, left in zip(("training", "test"), (train, test), parts, strict=True):
            if not len(left):
                row, failure = next(iter(self.failures.items())) if len(before) else (-1, None)
                why = (
                    ""
                    if failure is None
                    else f" could be measured; {self.images.name(row)} for one: {failure.reason.rstrip('.')}"
                )
                raise ValueError(f"Fold {fold}: none of {len(before)} {what} images{why}.")
        extra = self.n_images + np.flatnonzero(np.isin(self.extra, parts[1]))
        return *parts, extra[~np.isin(extra, failed)]

    def _test(
        self, fold: int, model: Any, inputs: Any, rows: np.ndarray, shared_seconds: float, fit_seconds: float
    ) -> Outcome:
        started = process_seconds()
        last, reached = _peel(model, inputs)
        predicted = np.asarray(last.predict(reached))
        seconds = max(0.0, process_seconds() - started) / len(rows)
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


def _record(found: list[Outcome], empty: list[str]) -> dict[str, Any]:
    """Outcomes of a fold as a store keeps them."""
    value: dict[str, Any] = {"empty": empty, "n": len(found)}
    for i, one in enumerate(found):
        value |= {f"{i}.{name}": getattr(one, name) for name in _KEPT}
    return value


def _restored(value: dict[str, Any], fold: int, target: np.ndarray) -> tuple[list[Outcome], list[str]]:
    found = []
    for i in range(value["n"]):
        kept = {name: value[f"{i}.{name}"] for name in _KEPT}
        rows = kept["row"]
        found.append(Outcome(fold=np.full(len(rows), fold), target=target[rows], **kept))
    return found, value["empty"]


def _peel(model: Any, inputs: Any) -> tuple[Any, Any]:
    """Last step of a fitted pipeline and what reaches it, so that classes and scores do not run the steps twice."""
    if type(model) is not Pipeline or model.steps[-1][1] in (None, "passthrough"):
        return model, inputs
    return model[-1], model[:-1].transform(inputs) if len(model) > 1 else inputs
