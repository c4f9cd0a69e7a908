"""Images and altered copies of them as one lazy sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from leukofeat.augmentation.cells import FieldCells, find_cells
from leukofeat.augmentation.image import DEFAULT, alter, check_transforms
from leukofeat.augmentation.swap import draw_donors, swap_background
from leukofeat.constraints import Integral, Number, Real, check
from leukofeat.digest import digest
from leukofeat.sequence import ImageSequence, as_sequence, take_step
from leukofeat.smear import Smear
from leukofeat.store import as_store

_COUNT = Number(Integral, 0)


def augment(
    images: Any,
    y: Any = None,
    groups: Any = None,
    *,
    n_copies: int | Mapping[Any, int] = 4,
    transforms: Sequence[str] | Mapping[str, float] = DEFAULT,
    swap: float = 0.0,
    segmenter: Any = None,
    memory: Any = None,
    n_jobs: int | None = None,
    random_state: int = 0,
) -> tuple[AugmentedSequence, np.ndarray | None, np.ndarray]:
    """Originals, then their altered copies, with the classes and groups of their sources.

    Parameters
    ----------
    images : list, ndarray, Series, one-column DataFrame or ImageSequence of n images or paths
    y : array-like of length n, optional
        Classes.
    groups : array-like of length n, optional
        Slide or patient of each image. Left out, every image is its own group, so that a grouped split keeps it together
        with its copies.
    n_copies : int or mapping of class to int, default=4
        Copies of each image; a mapping evens out classes of different size.
    transforms : sequence of names, or mapping of name to strength
        See :func:`augment_image`.
    swap : float, default=0.0
        Probability that a copy shows its leukocytes on the field of another of the images, of any class, and of another group where
        there is one (:func:`swap_background`), before it is altered. An image in which no leukocyte is found, or that cannot be
        segmented, is neither pasted nor pasted onto: its copies are altered as they are without.
    segmenter : stage, optional
        Finds the leukocytes for `swap`, once for all copies; by default a :class:`~leukofeat.segmentation.LeukocyteSegmenter`.
        Images that come with label maps keep theirs.
    memory : folder, Store or joblib.Memory, optional
        Keeps where the leukocytes are.
    n_jobs : int, optional
        Workers that look for leukocytes, as in joblib.
    random_state : int, default=0

    Returns
    -------
    images : AugmentedSequence of length m
        The n originals in their order, then the copies; lazy, each made anew when it is asked for and always the same.
    y : ndarray of length m, or None
    groups : ndarray of length m

    Warns
    -----
    UserWarning
        When backgrounds are to be swapped, and leukocytes were found in fewer than two images.

    Examples
    --------
    >>> from leukofeat.datasets import make_smears
    >>> smears = make_smears(n_samples=4, size=64, random_state=0)
    >>> images, y, groups = augment(smears.images, smears.target, n_copies=2)
    >>> images, y.shape, groups.tolist()
    (AugmentedSequence(4 images and 8 copies), (12,), [0, 1, 2, 3, 0, 0, 1, 1, 2, 2, 3, 3])
    """
    base, strengths = as_sequence(images), check_transforms(transforms)
    target = None if y is None else _of_length("y", y, len(base))
    own = np.arange(len(base)) if groups is None else _of_length("groups", groups, len(base))
    counts = _count_copies(n_copies, target, len(base))
    check("random_state", random_state, _COUNT)
    check("swap", swap, Number(Real, 0, 1))
    rows = np.concatenate([np.arange(len(base)), np.repeat(np.arange(len(base)), counts)])
    copies = np.concatenate([np.zeros(len(base), np.int64), *(np.arange(1, count + 1) for count in counts)])
    draws = [_Draw(int(row), int(copy)) for row, copy in zip(rows, copies, strict=True)]
    cells: list[FieldCells | str] = []
    if swap:
        cells = find_cells(base, segmenter, memory=as_store(memory), n_jobs=n_jobs)
        donors = draw_donors(cells, own, [draw[:2] for draw in draws], swap, random_state)
        draws = [draw._replace(donor=donor) for draw, donor in zip(draws, donors, strict=True)]
    labels = None if base.row_labels is None else np.asarray(base.row_labels)[rows]
    sequence = AugmentedSequence(base, draws, strengths, random_state, labels, cells)
    return sequence, None if target is None else target[rows], own[rows]


class _Draw(NamedTuple):
    """Row of the base, number of the copy (0 is the image as it is), and the row on whose field it is shown, if not its own."""

    row: int
    copy: int
    donor: int | None = None


class AugmentedSequence(ImageSequence):
    """Images and altered copies of them; lazy, and each copy is the same whenever it is asked for.

    Made by :func:`augment`.

    Parameters
    ----------
    base : ImageSequence
        The originals.
    draws : list of (row, copy, donor)
        What each item is: a row of `base`, which copy of it (0: as it is), and the row whose field stands behind its leukocytes,
        or None.
    strengths : dict of name to float
    random_state : int
    row_labels : optional
    cells : list of FieldCells or str
        Leukocytes of each image of `base`; none are needed where no draw has a donor.

    Examples
    --------
    >>> from leukofeat.datasets import make_smears
    >>> images, _, _ = augment(make_smears(n_samples=2, size=64, random_state=0).images, n_copies=1)
    >>> images.name(3), images[2:]
    ('image 1 (augmented copy 1)', AugmentedSequence(0 images and 2 copies))
    """

    def __init__(
        self,
        base: ImageSequence,
        draws: list[_Draw],
        strengths: dict[str, float],
        random_state: int,
        row_labels: Any = None,
        cells: Sequence[FieldCells | str] = (),
    ) -> None:
        super().__init__(draws, row_labels=row_labels)
        self._base = base
        self._strengths = strengths
        self._random_state = random_state
        self._cells = cells
        # What the draw of an image is seeded by: unlike its row, it outlives the way to a worker.
        self._seeds = np.arange(len(base))

    def __repr__(self) -> str:
        copies = sum(self._items[p].copy > 0 for p in self._positions)
        steps = "".join(f" -> {type(getattr(step, '__self__', step)).__name__}" for step in self.steps)
        return f"AugmentedSequence({len(self) - copies} images and {copies} copies{steps})"

    def __getstate__(self) -> dict[str, Any]:
        # Only what the selected items are made of travels to a worker.
        draws = [self._items[p] for p in self._positions]
        donors = {draw.donor for draw in draws if draw.donor is not None}
        rows = np.array(sorted({draw.row for draw in draws} | donors), np.intp)
        place = {int(row): k for k, row in enumerate(rows)}
        pasted = {row for draw in draws if draw.donor is not None for row in (draw.row, draw.donor)}
        return self.__dict__ | {
            "_items": [
                _Draw(place[draw.row], draw.copy, None if draw.donor is None else place[draw.donor]) for draw in draws
            ],
            "_positions": np.arange(len(draws)),
            "_base": self._base[rows],
            "_seeds": self._seeds[rows],
            "_cells": [self._cells[row] if row in pasted else "" for row in rows],
        }

    @property
    def swapped(self) -> np.ndarray:
        """Whether each item shows its leukocytes on another image's field, shape (m,), bool."""
        return np.array([self._items[p].donor is not None for p in self._positions], bool)

    def digest(self, i: int) -> str:
        """Digest of what image `i` is made of, before the steps added since; an original counts as it does by itself."""
        draw = self._draw(i)
        original = self._base.digest(draw.row)
        original = digest(original, self._base.steps) if self._base.steps else original
        if not draw.copy:
            return original
        made = [original, self._strengths, self._random_state, int(self._seeds[draw.row]), draw.copy]
        if draw.donor is not None:
            made += [self._base.digest(draw.donor), *(list(self._cells[row]) for row in (draw.row, draw.donor))]
        return digest(*made)

    def source(self, i: int) -> str | None:
        """File of the original of image `i`, or None when it was given as an array."""
        return self._base.source(self._draw(i).row)

    def name(self, i: int) -> str:
        """What to call image `i` in a message: its original, and the number of the copy."""
        draw = self._draw(i)
        return self._base.name(draw.row) + (f" (augmented copy {draw.copy})" if draw.copy else "")

    def smear(self, i: int) -> Smear:
        """Image `i` as a record: its original with the original's steps, altered, then the steps added since."""
        if not -len(self) <= i < len(self):
            raise IndexError(f"Image {i} of a sequence of {len(self)}.")
        draw = self._draw(i)
        smear = self._base.smear(draw.row)
        try:
            if draw.donor is not None:
                smear = self._swap(draw.row, draw.donor, smear)
            if draw.copy:
                rng = np.random.default_rng([self._random_state, int(self._seeds[draw.row]), draw.copy])
                smear = alter(smear, self._strengths, rng)
            for step in self.steps:
                smear = take_step(step, smear)
        except Exception as error:
            error.add_note(f"While processing {self.name(i)}.")
            raise
        return smear

    def _swap(self, row: int, donor: int, smear: Smear) -> Smear:
        cells, others = self._cells[row], self._cells[donor]
        assert isinstance(cells, FieldCells)
        assert isinstance(others, FieldCells)
        return swap_background(smear, cells, self._base.smear(donor).image, others)

    def _draw(self, i: int) -> _Draw:
        return self._items[self._positions[i]]


def _count_copies(n_copies: Any, target: np.ndarray | None, n: int) -> np.ndarray:
    if not isinstance(n_copies, Mapping):
        check("n_copies", n_copies, _COUNT)
        return np.full(n, n_copies)
    if target is None:
        raise ValueError("n_copies by class needs y.")
    counts = np.zeros(n, np.int64)
    for label, count in n_copies.items():
        check(f"n_copies[{label!r}]", count, _COUNT)
        if not (target == label).any():
            raise ValueError(f"n_copies names the class {label!r}, which no image has.")
        counts[target == label] = count
    return counts


def _of_length(name: str, values: Any, n: int) -> np.ndarray:
    array = np.asarray(values)
    if array.shape != (n,):
        raise ValueError(f"{name} has shape {array.shape} for {n} images.")
    return array
