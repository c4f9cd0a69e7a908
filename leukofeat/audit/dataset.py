"""What the checks work on: descriptions of all images, labels, groups and splits as codes, and the pairs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from leukofeat.audit.describe import Description
from leukofeat.audit.marks import Mark, name_styles, settle_marks
from leukofeat.audit.pairs import Pair, cluster, find_pairs


@dataclass(frozen=True)
class Codes:
    """A column as codes into its sorted names; -1 where it is missing."""

    codes: np.ndarray
    names: np.ndarray

    @classmethod
    def of(cls, name: str, values: Any, n: int) -> Codes | None:
        """Codes of a column of n values, or None for None; raises a ValueError for another length."""
        if values is None:
            return None
        column = np.asarray(values)
        if column.shape != (n,):
            raise ValueError(f"{name} must hold one value an image: {n} images, {name} of shape {column.shape}.")
        missing = np.array([value is None or value != value for value in column.tolist()], bool)
        codes = np.full(n, -1, np.int64)
        names, codes[~missing] = np.unique(column[~missing].astype(str), return_inverse=True)
        return cls(codes, names)


@dataclass(frozen=True)
class Dataset:
    """Everything the checks read; computed once."""

    names: list[str]
    sources: list[str | None]
    images: list[Description]
    y: Codes | None
    groups: Codes | None
    splits: Codes | None
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
        return np.array(
            [seen.setdefault(d.pixel_hash or d.file_hash or f"#{i}", i) for i, d in enumerate(self.images)], np.int64
        )

    @cached_property
    def exact_pairs(self) -> list[tuple[int, int]]:
        """(first, copy) of exact duplicates among the readable images."""
        return [(int(f), i) for i, f in enumerate(self.first_copy) if f != i and self.readable[i]]

    @cached_property
    def pairs(self) -> list[Pair]:
        """Near-duplicates and overlapping fields, by positions in the dataset; one image of each set of exact copies."""
        own = [i for i in range(len(self)) if self.readable[i] and self.first_copy[i] == i]
        boxes = [mark[:4] if (mark := self.marks[i]) is not None else None for i in own]
        found = find_pairs([self.images[i].fingerprint for i in own], boxes, [self.images[i].shape for i in own])  # type: ignore[misc]
        return [pair._replace(first=own[pair.first], second=own[pair.second]) for pair in found]

    @cached_property
    def clusters(self) -> np.ndarray:
        """Set of images that show the same field, exact copies, near-duplicates and overlaps, for each image."""
        return cluster(len(self), [*self.exact_pairs, *((p.first, p.second) for p in self.pairs)])

    @cached_property
    def labelled(self) -> np.ndarray:
        """Positions of the readable images with a class."""
        return np.flatnonzero(self.readable & (self.y.codes >= 0)) if self.y is not None else np.empty(0, np.int64)

    @cached_property
    def evaluated(self) -> np.ndarray:
        """Positions of the labelled images without the copies: what statistics are made on."""
        return self.labelled[self.first_copy[self.labelled] == self.labelled]

    def target(self, rows: np.ndarray) -> np.ndarray:
        """Classes of some images as 0 to k - 1."""
        assert self.y is not None
        return np.unique(self.y.codes[rows], return_inverse=True)[1]

    def group(self, rows: np.ndarray) -> np.ndarray | None:
        """Groups of some images as codes, an image without one being its own."""
        if self.groups is None:
            return None
        codes = self.groups.codes[rows]
        return np.unique(np.where(codes < 0, len(self.groups.names) + rows, codes), return_inverse=True)[1]
