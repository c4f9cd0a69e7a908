"""Tiles of a field, and the lazy sequence of them."""

from itertools import pairwise
from math import ceil
from typing import Any, NamedTuple

import numpy as np

from leukofeat.scale.record import Scale
from leukofeat.sequence import ImageSequence, Step, printable
from leukofeat.smear import Smear
from leukofeat.tiling.field import Field

Box = tuple[int, int, int, int]  # top, left, bottom, right; ends exclusive


class Tile(NamedTuple):
    """A part of a field: `core` is its own, `window` is what is looked at, with a margin of the neighbours' cores."""

    core: Box
    window: Box


def cut(shape: tuple[int, int], tile: int, overlap: int) -> list[Tile]:
    """Tiles of a field, row by row: cores of equal sizes, `tile` pixels a side at most.

    Examples
    --------
    >>> [one.core for one in cut((10, 25), 10, 2)]
    [(0, 0, 10, 8), (0, 8, 10, 16), (0, 16, 10, 25)]
    >>> cut((10, 25), 10, 2)[1].window
    (0, 6, 10, 18)
    """
    rows, columns = (np.linspace(0, n, ceil(n / tile) + 1).astype(int).tolist() for n in shape)
    cores = [(top, left, bottom, right) for top, bottom in pairwise(rows) for left, right in pairwise(columns)]
    return [Tile(core, widened(core, overlap, shape)) for core in cores]


def widened(box: Box, margin: int, shape: tuple[int, int]) -> Box:
    """A box with a margin around it, as far as the field reaches."""
    top, left, bottom, right = box
    return max(0, top - margin), max(0, left - margin), min(shape[0], bottom + margin), min(shape[1], right + margin)


class PlacedStep:
    """An image step that depends on where in the field an image lies; by itself, it takes an image for the field."""

    def __call__(self, smear: Smear) -> Smear:
        return self.at(0, 0)(smear)

    def at(self, top: int, left: int, step: int = 1) -> Step:
        """The step for an image whose first pixel is this one of the field, and which has every `step`-th."""
        raise NotImplementedError


class Tiles(ImageSequence):
    """Lazy sequence of the windows of a field's tiles: what goes through images can go through them.

    Parameters
    ----------
    field : Field
    tiles : list of Tile
    shape : (height, width)
        Of what is looked at of the field.
    scale : Scale, optional
        Of the field, where it is known.
    """

    def __init__(self, field: Field, tiles: list[Tile], shape: tuple[int, int], scale: Scale | None = None) -> None:
        super().__init__(tiles)
        self.field, self.field_shape, self.scale = field, shape, scale

    def tile(self, i: int) -> Tile:
        """Tile `i`."""
        return self._items[self._positions[i]]

    def source(self, i: int) -> str | None:
        return self.field.source

    def name(self, i: int) -> str:
        top, left, bottom, right = self.tile(i).core
        name = printable(self.field.name)
        if (bottom - top, right - left) == self.field_shape:
            return name
        return f"{name}, rows {top} to {bottom - 1}, columns {left} to {right - 1}"

    def digest(self, i: int) -> str:
        raise TypeError("The tiles of a field are not kept in a store.")

    def smear(self, i: int) -> Smear:
        return self.look(self.tile(i), self.name(i))

    def look(self, tile: Tile, name: str) -> Smear:
        """The window of a tile, with every step applied."""
        top, left, bottom, right = tile.window
        try:
            image = self.field.read(top, left, bottom - top, right - left)
            known: dict[str, Any] = {"source": self.field.source, "pixel_size": self.field.pixel_size}
            smear = Smear(image, known_scale=self.scale, **known)
            for step in self.steps:
                smear = (step.at(top, left) if isinstance(step, PlacedStep) else step)(smear)
        except Exception as error:
            error.add_note(f"While processing {name}.")
            raise
        return smear
