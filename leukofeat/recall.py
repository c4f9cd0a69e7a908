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

    `seconds` are those of the nodes on the way to it and, last, of the family; `n_cells` is -1 where nothing was segmented.
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

    def stages(self, family: int) -> list[int]:
        """Columns of a pass's times that a family's row depends on: the nodes on the way to it, and its own."""
        return [*self.plan.path(self.nodes[family]), len(self.plan.nodes) + family]

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

    def keep(self, rows: Sequence[tuple[str | None, Mapping[int, Row]]]) -> None:
        """Store rows by family, of images with these digests."""
        keyed = {(self.key(family, image), family): row for image, of_image in rows for family, row in of_image.items()}
        records = {key: row._asdict() for (key, _), row in keyed.items() if key is not None}
        self.store.put(records, "row", {key: self._described[family] for key, family in keyed if key is not None})

    def keep_maps(self, made: Sequence[Mapping[str, Mapping[str, Any]]]) -> None:
        """Store label maps by key, as :class:`Maps` collected them."""
        records = {key: value for of_image in made for key, value in of_image.items()}
        self.store.put(records, "label maps", {key: value["what"] for key, value in records.items()})


class Maps:
    """Label maps that segmenters made of one image, read from a store and collected for it.

    Only steps that leave the pixels alone count: what makes pixels is fast, and pixels are large.

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
        self.made: dict[str, dict[str, Any]] = {}

    def known_smear(self, node: int, i: int, smear: Smear) -> tuple[Smear, float] | None:
        """Record behind step i of a node, and how long the step took, if its label maps are known."""
        found = self.known.get(self.keys.get((node, i), ""))
        if found is None:
            return None
        maps = {name: found[name].astype(np.int32) for name in ("nuclei", "cells")}
        return smear.replace(**maps, label_ids=found["label_ids"]), found["seconds"]

    def note(self, node: int, i: int, before: Smear, after: Smear, seconds: float) -> None:
        """Keep the label maps that step i of a node has made, if that is what it did."""
        key = self.keys.get((node, i))
        if key is None or not after.is_segmented or after.nuclei is before.nuclei or not _same_pixels(before, after):
            return
        kind = np.min_scalar_type(after.n_cells)
        maps = {"nuclei": after.region("nucleus").astype(kind), "cells": after.region("cell").astype(kind)}
        self.made[key] = {
            **maps,
            "label_ids": after.label_ids,
            "seconds": seconds,
            "what": describe(self.recall.plan.nodes[node].steps[i]),
        }


def _same_pixels(first: Smear, second: Smear) -> bool:
    a, b = first.image.__array_interface__, second.image.__array_interface__
    return all(a[name] == b[name] for name in ("data", "shape", "strides"))


def _digest_of(value: Any) -> str | None:
    try:
        return digest(value)
    except (TypeError, ValueError) as error:
        warnings.warn(
            f"{describe(value)}: is measured anew each time, the store cannot keep it ({error}).", stacklevel=6
        )
        return None
