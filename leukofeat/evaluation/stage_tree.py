"""Stages that pipelines have in common, computed once: a tree of image stages with feature families at its nodes."""

from functools import partial
from types import MethodType
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.pipeline import Pipeline

from leukofeat.base import FeatureFamily, ImageStage
from leukofeat.pipeline import PipelineParts, split_pipeline
from leukofeat.plan import Leaf, Node, Plan
from leukofeat.sequence import ImageSequence, Step, as_sequence
from leukofeat.store import Store


def shareable_parts(pipeline: Any) -> PipelineParts:
    """Parts of a pipeline of which all but the rest can be shared; a pipeline is all rest where that is not so.

    A stage that does something else in `fit_transform` than `fit` and `transform` (as augmentation does), a family that
    learns, or a pipeline of another class is left to run by itself.
    """
    stages, features, rest = parts = split_pipeline(pipeline)
    if (
        type(pipeline) is Pipeline
        and not getattr(pipeline, "transform_input", None)
        and features is not None
        and not features.requires_fit
        and type(features).transform is FeatureFamily.transform
        and all(type(stage).fit_transform is TransformerMixin.fit_transform for stage in (*stages, features))
        and len(rest)
    ):
        return parts
    return PipelineParts([], None, pipeline)


def same_stage(first: Any, second: Any) -> bool:
    """Whether two stages, steps of fitted stages, or parameters are of one class and equal in all that they are made of.

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
    if isinstance(first, partial):
        first, second = ([step.func, step.args, step.keywords] for step in (first, second))
    elif isinstance(first, MethodType):
        first, second = ([step.__func__, vars(step.__self__)] for step in (first, second))
    elif isinstance(first, BaseEstimator):
        first, second = first.get_params(deep=False), second.get_params(deep=False)
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


class StageTree:
    """Plan of a pass in which stages of several pipelines, and their families, stand once.

    Parameters
    ----------
    images : ImageSequence of n images
    y : ndarray of shape (n,)
    train : ndarray, optional
        Rows that stages which learn are fitted on; without it only stages that learn nothing can be added.
    on_error : {"raise", "nan"}, optional
        What the tables do about images that fail; by default what each family says.
    memory : Store, optional
        Keeps what stages learn.

    Attributes
    ----------
    plan : Plan
    """

    def __init__(
        self,
        images: ImageSequence,
        y: np.ndarray,
        train: np.ndarray | None = None,
        *,
        on_error: str | None = None,
        memory: Store | None = None,
    ) -> None:
        self.images, self.y, self.train, self.on_error, self.memory = images, y, train, on_error, memory
        self.plan = Plan([], [])
        self._stages: list[Any] = [None]  # of each node; node 0 is the image as it comes
        self._homes: list[int] = []  # node at which each family is measured

    def add(self, stages: list[ImageStage], features: FeatureFamily) -> int:
        """Number of the leaf for these stages; nothing is measured yet."""
        node = self.place(stages)
        features.check_params()
        measured, columns = features.measured()
        families = tuple(self._family(node, family) for family in measured)
        leaf = Leaf(node, families, self.on_error or features.on_error, features.on_empty, columns)
        if leaf not in self.plan.leaves:
            self.plan.leaves.append(leaf)
        return self.plan.leaves.index(leaf)

    def place(self, stages: list[ImageStage]) -> int:
        """Node behind these stages; those that learn are fitted."""
        node = 0
        for stage in stages:
            node = self._node(node, stage)
        return node

    def steps(self, node: int) -> list[Step]:
        """What is done to an image on its way to a node."""
        return [step for number in self.plan.path(node) for step in self.plan.nodes[number].steps]

    def _node(self, parent: int, stage: ImageStage) -> int:
        for number, (where, _) in enumerate(self.plan.nodes):
            if where == parent and same_stage(self._stages[number], stage):
                return number
        fitted = stage
        if stage.requires_fit:
            images = self.images[self.train]
            for number in self.plan.path(parent):
                for step in self.plan.nodes[number].steps:
                    images = images.with_step(step)
            fitted = clone(stage)
            fitted.memory = stage.memory or self.memory
            fitted.fit(images, self.y[self.train])
        self._stages.append(stage)
        self.plan.nodes.append(Node(parent, fitted.transform(as_sequence([])).steps))
        return len(self._stages) - 1

    def _family(self, node: int, family: FeatureFamily) -> int:
        for number, (where, known) in enumerate(zip(self._homes, self.plan.families, strict=True)):
            if where == node and same_stage(known, family):
                return number
        self._homes.append(node)
        self.plan.families.append(family)
        return len(self._homes) - 1
