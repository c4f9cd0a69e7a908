"""What the checks work on: descriptions of all images, labels, groups and splits, and the pairs that show the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from leukofeat.audit.describe import Description
from leukofeat.audit.pairs import Pair, cluster, find_pairs
from leukofeat.preprocessing.marks import Mark
from leukofeat.preprocessing.recurring import name_styles, settle_marks
from leukofeat.statistics.held_out import missing_values


def as_categories(name: str, values: Any, n: int) -> pd.Categorical | None:
    """Column of n values as strings, None where one is missing (None, NaN, blanks), or None for None; also of what `estimate_slides` gives.

    Raises
    ------
    ValueError
        For another length or shape.
    """
    if isinstance(values, Mapping):
        values = values["groups"]
    if values is None:
        return None
    column = np.asarray(values)
    if column.dtype.kind == "U":
        column = np.asarray(values, object)  # an array of text makes the text "nan" of NaN
    if column.shape == (n, 1):
        column = column[:, 0]
    if column.shape != (n,):
        raise ValueError(f"{name} must hold one value an image: {n} images, {name} of shape {column.shape}.")
    known = ~missing_values(column)
    if column.dtype.kind == "f" and (column[known] == np.floor(column[known])).all():
        column = pd.array(column, dtype="Int64").to_numpy(object, na_value=None)  # whole numbers beside a gap
    named = np.full(n, None, object)
    named[known] = column[known].astype(str)
    return pd.Categorical(named)


@dataclass(frozen=True)
class Dataset:
    """Everything the checks read; computed once."""

    paths: list[str]
    images: list[Description]
    y: pd.Categorical | None
    groups: pd.Categorical | None
    splits: pd.Categorical | None
    seed: int

    def __len__(self) -> int:
        return len(self.images)

    @cached_property
    def readable(self) -> np.ndarray:
        """Whether each image could be decoded."""
        return np.array([d.error is None for d in self.images], bool)

    @cached_property
    def marks(self) -> list[Mark | None]:
        """Burned-in mark of each image."""
        return settle_marks([d.traces for d in self.images])

    @cached_property
    def styles(self) -> np.ndarray:
        """Style of each image's mark."""
        return np.array(name_styles(self.marks, [d.traces for d in self.images]), dtype=object)

    @cached_property
    def first_copy(self) -> np.ndarray:
        """For each image, the first one with the same pixels or, unreadable, the same bytes; often itself."""
        seen: dict[str, int] = {}
        keys = [d.pixel_hash or d.file_hash or f"#{i}" for i, d in enumerate(self.images)]
        return np.array([seen.setdefault(key, i) for i, key in enumerate(keys)], np.int64)

    @cached_property
    def exact_pairs(self) -> list[tuple[int, int]]:
        """(first, copy) of exact duplicates among the readable images."""
        return [(int(f), i) for i, f in enumerate(self.first_copy) if f != i and self.readable[i]]

    @cached_property
    def pairs(self) -> list[Pair]:
        """Near-duplicates and overlapping fields, by positions in the dataset; one image of each set of exact copies."""
        own = np.flatnonzero(self.readable & (self.first_copy == np.arange(len(self)))).tolist()
        boxes = [None if mark is None else mark.box for mark in (self.marks[i] for i in own)]
        found = find_pairs([self.images[i].fingerprint for i in own], boxes, [self.images[i].shape for i in own])
        return [pair._replace(first=own[pair.first], second=own[pair.second]) for pair in found]

    @cached_property
    def links(self) -> list[tuple[int, int]]:
        """All pairs of images that show the same: exact copies, near-duplicates and overlaps."""
        return [*self.exact_pairs, *((p.first, p.second) for p in self.pairs)]

    @cached_property
    def units(self) -> np.ndarray:
        """Number of the set of images, for each image, that must not be parted: of one field or of one group."""
        links = list(self.links)
        if self.groups is not None:
            first: dict[int, int] = {}
            for i, code in enumerate(self.groups.codes.tolist()):
                if code >= 0:
                    links.append((first.setdefault(code, i), i))
        return cluster(len(self), links)

    @cached_property
    def labelled(self) -> np.ndarray:
        """Positions of the readable images with a class."""
        return np.flatnonzero(self.readable & (self.y.codes >= 0)) if self.y is not None else np.empty(0, np.int64)

    @cached_property
    def evaluated(self) -> np.ndarray:
        """Positions of the labelled images without the copies: what statistics are made on."""
        return self.labelled[self.first_copy[self.labelled] == self.labelled]

    def target(self, rows: np.ndarray) -> np.ndarray:
        """Classes of some labelled images as 0 to k - 1."""
        return np.unique([] if self.y is None else self.y.codes[rows], return_inverse=True)[1]

    def group(self, rows: np.ndarray) -> np.ndarray | None:
        """Groups of some images as codes, an image without one being its own."""
        if self.groups is None:
            return None
        codes = self.groups.codes[rows]
        return np.unique(np.where(codes < 0, len(self.groups.categories) + rows, codes), return_inverse=True)[1]
