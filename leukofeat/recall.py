"""What a store knows of a plan's images: the rows of families, and the label maps of segmenters, by content."""

import warnings
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from leukofeat.digest import describe, digest, environment
from leukofeat.plan import Plan
from leukofeat.smear import Smear
from leukofeat.store import Store


class Row(NamedTuple):
    """What one family measured of one image.

    `seconds` are those of decoding, of each step on the way to it and, last, of the family; `n_cells` is -1 where nothing was
    segmented.
    """

    values: np.ndarray
    seconds: np.ndarray
    n_cells: int
    notes: list[str]


class Recall:
    """Keys of a plan's results in a store; what cannot be told apart by content is left out, with a warning.

    Parameters
    ----------
    store : Store
    plan : Plan
    """

    def __init__(self, store: Store, plan: Plan) -> None:
        self.store, self.plan = store, plan
        self.own = [[_digest_of(step) for step in node.steps] for node in plan.nodes]
        self.nodes = {family: leaf.node for leaf in plan.leaves for family in leaf.families}
        self.families = {family: self._digest_family(family) for family in self.nodes}

    def _digest_family(self, number: int) -> str | None:
        family = _digest_of(self.plan.families[number])
        steps = [step for node in self.plan.path(self.nodes[number]) for step in self.own[node]]
        if family is None or None in steps:
            return None
        return digest("row", environment(), self.plan.per, steps, family)

    @cached_property
    def stages(self) -> dict[int, tuple[list[int], np.ndarray]]:
        """Of each family the columns of a pass's times that its row depends on, the nodes on the way to it and its own; and the matrix
        that makes of a row's seconds those of these columns: who stored the row may have had all steps in one node, or each in its own.
        """
        found = {}
        for family, node in self.nodes.items():
            nodes = self.plan.path(node)
            n_steps = [*(len(self.plan.nodes[n].steps) + (n == 0) for n in nodes), 1]
            sums = np.repeat(np.eye(len(nodes) + 1), n_steps, axis=1)
            found[family] = [*nodes, len(self.plan.nodes) + family], sums
        return found

    @cached_property
    def _described(self) -> dict[int, str]:
        return {family: describe(self.plan.families[family]) for family in self.nodes}

    def key(self, family: int, image: str | None) -> str | None:
        """Key of the row of one family and one image, given the image's digest."""
        made_by = self.families[family]
        return None if made_by is None or image is None else digest(image, made_by)

    def rows(self, digests: Sequence[str | None]) -> list[dict[int, Row]]:
        """What is known of each image, by family."""
        keys = [{family: self.key(family, image) for family in self.families} for image in digests]
        found = self.store.get({key for of_image in keys for key in of_image.values() if key is not None})
        return [{family: Row(**found[key]) for family, key in of_image.items() if key in found} for of_image in keys]

    def keep(
        self,
        rows: Sequence[tuple[str | None, Mapping[int, Row]]],
        maps: Sequence[Mapping[str, tuple[tuple[int, int], dict[str, Any]]]],
    ) -> None:
        """Store rows by family, of images with these digests, and label maps by key, as :class:`Maps` collected them."""
        groups = []
        for family in self.families:
            keyed = [(self.key(family, image), of_image.get(family)) for image, of_image in rows]
            records = {key: row._asdict() for key, row in keyed if key is not None and row is not None}
            groups.append((records, "row", self._described[family]))
        by_step: dict[tuple[int, int], dict[str, Any]] = {}
        for key, (step, value) in (item for of_image in maps for item in of_image.items()):
            by_step.setdefault(step, {})[key] = value
        for (node, i), made in by_step.items():
            groups.append((made, "label maps", describe(self.plan.nodes[node].steps[i])))
        self.store.put_all(groups)


class Maps:
    """Label maps that segmenters made of one image, read from a store and collected for it.

    Only steps that leave the pixels and their scale alone count: what makes pixels is fast, and pixels are large.

    Parameters
    ----------
    recall : Recall
    image : str or None
        Digest of the image.
    """

    def __init__(self, recall: Recall, image: str | None) -> None:
        self.recall = recall
        self.keys: dict[tuple[int, int], str] = {}
        paths: dict[int, list[str | None]] = {-1: []}
        for number, node in enumerate(recall.plan.nodes):
            path = list(paths[node.parent])
            for i, step in enumerate(recall.own[number]):
                path.append(step)
                if image is not None and None not in path:
                    self.keys[number, i] = digest("maps", environment(), image, path)
            paths[number] = path
        self.known = recall.store.get(self.keys.values())
        self.made: dict[str, tuple[tuple[int, int], dict[str, Any]]] = {}  # by key the step, and what it made

    def known_smear(self, node: int, i: int, smear: Smear) -> tuple[Smear, float] | None:
        """Record behind step i of a node, and how long the step took, if its label maps are known."""
        found = self.known.get(self.keys.get((node, i), ""))
        if found is None:
            return None
        maps = {name: found[name].astype(np.int32) for name in ("nuclei", "cells")}
        known = {name: found[name] for name in ("label_ids", "confidence", "dropped")}
        return smear.replace(**maps, **known), found["seconds"]

    def note(self, node: int, i: int, before: Smear, after: Smear, seconds: float) -> None:
        """Keep the label maps that step i of a node has made, if that is what it did."""
        key = self.keys.get((node, i))
        if key is None or not after.is_segmented or after.nuclei is before.nuclei or not _same_field(before, after):
            return
        kind = np.min_scalar_type(after.n_cells)
        maps = {"nuclei": after.region("nucleus").astype(kind), "cells": after.region("cell").astype(kind)}
        known = after.of_cells | {"dropped": [list(body) for body in after.dropped]}
        self.made[key] = (node, i), {**maps, **known, "seconds": seconds}


def _same_field(first: Smear, second: Smear) -> bool:
    """Whether two records have the very same pixels, of one scale."""
    a, b = first.image.__array_interface__, second.image.__array_interface__
    same = all(a[name] == b[name] for name in ("data", "shape", "strides"))
    return same and (first.pixel_size, first.given_scale) == (second.pixel_size, second.given_scale)


def _digest_of(value: Any) -> str | None:
    try:
        return digest(value)
    except (TypeError, ValueError) as error:
        warnings.warn(
            f"{describe(value)}: is measured anew each time, the store cannot keep it ({error}).", stacklevel=6
        )
        return None
