"""Stages that pipelines have in common, computed once: a tree of image stages with feature families at its nodes."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from sklearn.utils._set_output import _get_output_config

from leukofeat.base import FeatureFamily, ImageStage
from leukofeat.features import FeatureSet
from leukofeat.measuring import Failure, ImageWarning, _name_image, _reason
from leukofeat.parallel import map_images
from leukofeat.sequence import ImageSequence, Step, as_sequence
from leukofeat.smear import Smear


def leading_stages(pipeline: Any) -> list[Any]:
    """Image stages of a pipeline and the feature stage behind them; empty for anything that is not built like that.

    A stage that does something else in `fit_transform` than `fit` and `transform` (as augmentation does), or a pipeline of
    another class, is left to run by itself.
    """
    if type(pipeline) is not Pipeline or getattr(pipeline, "transform_input", None):
        return []
    stages: list[Any] = []
    for _, stage in pipeline.steps[:-1]:
        if stage is None or stage == "passthrough":
            return []
        plain = getattr(type(stage), "fit_transform", None) is TransformerMixin.fit_transform
        if isinstance(stage, FeatureFamily):
            own = type(stage).transform not in (FeatureFamily.transform, FeatureSet.transform)
            return [] if own or not plain or not is_stateless(stage) else [*stages, stage]
        if not isinstance(stage, ImageStage) or not plain:
            return []
        stages.append(stage)
    return []


def is_stateless(stage: Any) -> bool:
    """Whether a stage says by its tag that it learns nothing."""
    return not get_tags(stage).requires_fit


def same_stage(first: Any, second: Any) -> bool:
    """Whether two stages, or two parameters, are of one class and equal in all that they are made of.

    Examples
    --------
    >>> from leukofeat.preprocessing import MedianDenoiser
    >>> same_stage(MedianDenoiser(3), MedianDenoiser()), same_stage(MedianDenoiser(3), MedianDenoiser(5))
    (True, False)
    """
    if first is second:
        return True
    if type(first) is not type(second):
        return False
    if isinstance(first, BaseEstimator):
        return same_stage(first.get_params(deep=False), second.get_params(deep=False))
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same_stage(first[key], second[key]) for key in first)
    if isinstance(first, (list, tuple)):
        return len(first) == len(second) and all(map(same_stage, first, second))
    if isinstance(first, np.ndarray):
        return first.dtype == second.dtype and np.array_equal(first, second)
    try:
        return bool(first == second)
    except (TypeError, ValueError):
        return False


class _Leaf(NamedTuple):
    node: int
    families: tuple[int, ...]
    on_error: str
    on_empty: str


class StageTree:
    """Stages of several pipelines with what they share stored once.

    Parameters
    ----------
    images : ImageSequence of n images
    y : ndarray of shape (n,)
    train : ndarray, optional
        Rows that stages which learn are fitted on; without it only stages that learn nothing can be added.
    n_jobs, verbose
        As in :func:`~leukofeat.parallel.map_images`.
    """

    def __init__(
        self,
        images: ImageSequence,
        y: np.ndarray,
        train: np.ndarray | None = None,
        *,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.images, self.y, self.train = images, y, train
        self.n_jobs, self.verbose = n_jobs, verbose
        self.stages: list[Any] = [None]  # node 0 is the image as it comes
        self.parents: list[int] = [-1]
        self.steps: list[tuple[Step, ...]] = [()]
        self.families: list[tuple[int, FeatureFamily]] = []
        self.leaves: list[_Leaf] = []

    def add(self, stages: Sequence[Any]) -> int:
        """Number of the leaf for these stages (image stages, then one feature stage); nothing is measured yet."""
        node = 0
        for stage in stages[:-1]:
            node = self._node(node, stage)
        last = stages[-1]
        last.check_params()
        if isinstance(last, FeatureSet):
            members, on_error, on_empty = list(last.families), last.on_error, last.on_empty
        else:
            members, on_error, on_empty = [last], "raise", "nan"
        leaf = _Leaf(node, tuple(self._family(node, family) for family in members), on_error, on_empty)
        if leaf not in self.leaves:
            self.leaves.append(leaf)
        return self.leaves.index(leaf)

    def _node(self, parent: int, stage: Any) -> int:
        for node, known in enumerate(self.stages):
            if self.parents[node] == parent and same_stage(known, stage):
                return node
        if is_stateless(stage):
            steps = stage.transform(as_sequence([])).steps
        else:
            images = self.images[self.train]
            for step in self._path_steps(parent):
                images = images.with_step(step)
            steps = clone(stage).fit(images, self.y[self.train]).transform(as_sequence([])).steps
        self.stages.append(stage)
        self.parents.append(parent)
        self.steps.append(steps)
        return len(self.stages) - 1

    def _path_steps(self, node: int) -> tuple[Step, ...]:
        return () if node <= 0 else (*self._path_steps(self.parents[node]), *self.steps[node])

    def _family(self, node: int, family: FeatureFamily) -> int:
        for number, (where, known) in enumerate(self.families):
            if where == node and same_stage(known, family):
                return number
        self.families.append((node, family))
        return len(self.families) - 1

    def plan(self) -> _Plan:
        """What a worker needs to measure an image."""
        widths = tuple(len(family.row_names()) for _, family in self.families)
        return _Plan(tuple(self.parents), tuple(self.steps), tuple(self.families), widths, tuple(self.leaves))

    def measure(self, images: ImageSequence) -> Measured:
        """Every leaf's table for `images`, in one pass: each stage runs once on an image, whoever needs it."""
        plan = self.plan()
        rows = map_images(
            partial(_measure_image, plan),
            images,
            n_jobs=self.n_jobs,
            verbose=self.verbose,
            description="measuring",
        )
        values = [np.empty((len(images), width)) for width in plan.widths]
        seconds = np.zeros(len(self.parents) + len(self.families))
        failed: dict[int, tuple[Failure, set[int]]] = {}
        for i, (parts, spent, reasons) in enumerate(rows):
            seconds += spent
            for number, part in enumerate(parts):
                values[number][i] = np.nan if part is None else part
            for leaf, reason in reasons.items():
                failed.setdefault(i, (Failure(i, images.name(i), reason), set()))[1].add(leaf)
        if failed:
            warnings.warn(ImageWarning([failure for failure, _ in failed.values()], len(images)), stacklevel=2)
        lost = {leaf: [i for i, (_, leaves) in failed.items() if leaf in leaves] for leaf in range(len(self.leaves))}
        return Measured(self, values, lost, seconds / max(1, len(images)))


class Measured:
    """What one pass found: a table for each leaf, and what its stages cost."""

    def __init__(self, tree: StageTree, values: list[np.ndarray], lost: dict[int, list[int]], seconds: np.ndarray):
        self._tree, self._values, self._lost, self._seconds = tree, values, lost, seconds

    def table(self, leaf: int) -> np.ndarray:
        """Features of one leaf, (n_images, n_features) float64."""
        families = self._tree.leaves[leaf].families
        table = np.hstack([self._values[number] for number in families])
        table[self._lost[leaf]] = np.nan
        return table

    def seconds(self, leaf: int) -> float:
        """Mean time an image takes from the file to its row of this leaf, as if nothing had been shared."""
        node, families = self._tree.leaves[leaf][:2]
        total = sum(self._seconds[len(self._tree.parents) + number] for number in families)
        while node >= 0:
            total += self._seconds[node]
            node = self._tree.parents[node]
        return float(total)


def as_output(values: np.ndarray, stage: Any) -> Any:
    """The table in the container that the feature stage was told to give."""
    if _get_output_config("transform", stage)["dense"] == "pandas":
        return pd.DataFrame(values, columns=stage.get_feature_names_out())
    return values


class _Plan(NamedTuple):
    parents: tuple[int, ...]
    steps: tuple[tuple[Step, ...], ...]
    families: tuple[tuple[int, FeatureFamily], ...]
    widths: tuple[int, ...]
    leaves: tuple[_Leaf, ...]


def _measure_image(
    plan: _Plan, images: ImageSequence, i: int
) -> tuple[list[np.ndarray | None], np.ndarray, dict[int, str]]:
    """Row of each family (None where it failed), seconds of each node and family, and why leaves failed."""
    smears: dict[int, Smear] = {}
    rows: list[np.ndarray | None] = [None] * len(plan.families)
    seconds = np.zeros(len(plan.parents) + len(plan.families))
    reasons: dict[int, str] = {}

    def smear_at(node: int) -> Smear:
        if node not in smears:
            smear = smear_at(plan.parents[node]) if node else None
            started = time.thread_time()
            if smear is None:
                smear = images.smear(i)
            for step in plan.steps[node]:
                smear = step(smear)
            seconds[node] = time.thread_time() - started
            smears[node] = smear
        return smears[node]

    for number, leaf in enumerate(plan.leaves):
        try:
            smear = smear_at(leaf.node)
            if leaf.on_empty == "raise" and smear.is_segmented and smear.n_cells == 0:
                raise ValueError(f"{images.name(i)}: no cell found; loosen the segmenter, or use on_empty='nan'.")
            for f in leaf.families:
                if rows[f] is None:
                    started = time.thread_time()
                    family = plan.families[f][1]
                    rows[f] = _checked(np.asarray(family.row(smear), np.float64), plan.widths[f], family)
                    seconds[len(plan.parents) + f] = time.thread_time() - started
        except Exception as error:
            if leaf.on_error == "raise":
                _name_image(error, images.name(i))
                raise
            reasons[number] = _reason(error, images.name(i))
    return rows, seconds, reasons


def _checked(row: np.ndarray, width: int, family: FeatureFamily) -> np.ndarray:
    if row.shape != (width,):
        raise ValueError(f"{type(family).__name__} returned shape {row.shape} for {width} named columns.")
    return row
