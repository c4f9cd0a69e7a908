"""The cells of one tile: found, measured, and kept with their outlines until it is settled whose they are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from leukofeat.base import FeatureFamily
from leukofeat.dropped import Dropped
from leukofeat.features.known_cells import centers
from leukofeat.measuring.image import cells_of
from leukofeat.parallel import note_image
from leukofeat.sequence import ImageSequence
from leukofeat.smear import Smear
from leukofeat.tiling.grid import Tile, Tiles, widened

_GROWTHS = 2  # how often a margin is doubled for a cell that is larger
_TOO_LARGE = (
    "cells that are larger than the margin of a tile, several times over: they are reported as far as they were seen, as cells that "
    "touch the border; give a larger overlap, or untiled what is no field of cells."
)


@dataclass(frozen=True)
class Cell:
    """One cell of a field, as a tile shows it.

    Parameters
    ----------
    box : ndarray of shape (4,), dtype int64
        Top, left, bottom, right in the field; ends exclusive.
    area : int
    masks : tuple of bytes
        Bits of the cell and of its nucleus within the box, row by row.
    row : ndarray of float64
        What was measured.
    whole : bool
        Whether nothing of it may be missing.
    confidence : float
    center : ndarray of shape (4,), dtype float64
        x and y in the field, in pixels and in micrometres.
    """

    box: np.ndarray
    area: int
    masks: tuple[bytes, bytes]
    row: np.ndarray
    whole: bool
    confidence: float
    center: np.ndarray

    def mask(self, region: int = 0) -> np.ndarray:
        """Mask of the cell (0) or its nucleus (1) within the box, bool."""
        top, left, bottom, right = self.box
        shape = bottom - top, right - left
        bits = np.unpackbits(np.frombuffer(self.masks[region], np.uint8), count=shape[0] * shape[1])
        return bits.reshape(shape).view(bool)


@dataclass
class Found:
    """What a tile shows.

    Attributes
    ----------
    tile : Tile
    shape : (height, width)
        Of the field.
    claimed : list of Cell
        That lie in its core, or not far outside it.
    spare : list of Cell
        Others that are whole.
    dropped : list of Dropped
        Bodies in its core that were seen and are not reported.
    labels : ndarray or None
        What the cells are called, where the tile is the field.
    reason : str or None
        Why there is nothing.
    """

    tile: Tile
    shape: tuple[int, int]
    claimed: list[Cell] = field(default_factory=list)
    spare: list[Cell] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    labels: np.ndarray | None = None
    reason: str | None = None


def find_cells(
    families: Sequence[FeatureFamily],
    columns: tuple[int, ...] | None,
    overlap: int,
    on_error: str,
    images: ImageSequence,
) -> Iterator[Found]:
    """Find and measure the cells of tiles, one by one; `images` is a sequence of :class:`Tiles` with a segmenter among its steps."""
    assert isinstance(images, Tiles)
    for i in range(len(images)):
        try:
            found = _found(families, columns, overlap, images, i)
        except Exception as error:
            name = images.name(i)
            if on_error == "raise":
                if name not in " ".join([str(error), *getattr(error, "__notes__", ())]):
                    error.add_note(f"While measuring {name}.")
                raise
            reason = f"{type(error).__name__}: {str(error).removeprefix(f'{name}: ')}"
            found = Found(images.tile(i), images.field_shape, reason=reason)
        yield found


def _found(
    families: Sequence[FeatureFamily], columns: tuple[int, ...] | None, overlap: int, images: Tiles, i: int
) -> Found:
    tile, name = images.tile(i), images.name(i)
    alone = tile.core == (0, 0, *images.field_shape)
    smear = images.smear(i)
    if not smear.is_segmented:
        raise ValueError(
            f"{name}: nothing has found cells; put a segmenter, such as LeukocyteSegmenter(), into the pipeline."
        )
    for growth in range(0 if alone else _GROWTHS):
        inner = _cut(smear, tile, images.field_shape) & _within(smear, tile, 0) & ~_spans(smear)
        if not inner.any():
            break
        tile = tile._replace(window=widened(tile.core, overlap * 2 ** (growth + 1), images.field_shape))
        smear = images.look(tile, name)
    shape = images.field_shape
    if alone:
        shape = smear.image.shape[:2]
        tile = Tile((0, 0, *shape), (0, 0, *shape))
    elif smear.image.shape[:2] != (tile.window[2] - tile.window[0], tile.window[3] - tile.window[1]):
        raise ValueError(
            f"{name}: a stage changes the size of the image, from {tile.window[3] - tile.window[1]} x {tile.window[2] - tile.window[0]} to "
            f"{smear.image.shape[1]} x {smear.image.shape[0]}, which tiles cannot follow; leave it out, or read another level."
        )
    rows = np.hstack([np.empty((smear.n_cells, 0)), *(cells_of(family, smear) for family in families)])
    if columns is not None:
        rows = rows[:, list(columns)]
    lacking, mine = _cut(smear, tile, shape), _within(smear, tile, 0 if alone else overlap // 2)
    inside = _within(smear, tile, 0)
    if (lacking & inside).any():
        note_image(name, _TOO_LARGE)
    claims, spares = (mine & ~lacking) | (inside & lacking), ~mine & ~lacking
    places = centers(smear, *tile.window[:2])
    cells = {
        k: _cell(smear, k, tile, rows[k], not lacking[k], places[k]) for k in np.flatnonzero(claims | spares).tolist()
    }
    found = Found(tile, shape, labels=np.asarray(smear.label_ids) if alone else None)
    found.claimed = [cells[k] for k in np.flatnonzero(claims).tolist()]
    found.spare = [cells[k] for k in np.flatnonzero(spares).tolist()]
    top, left, *_ = tile.window
    for body in smear.dropped:
        moved = body._replace(row=body.row + top, column=body.column + left)
        if tile.core[0] <= moved.row < tile.core[2] and tile.core[1] <= moved.column < tile.core[3]:
            found.dropped.append(moved)
    return found


def _cell(smear: Smear, k: int, tile: Tile, row: np.ndarray, whole: bool, center: np.ndarray) -> Cell:
    top, left, bottom, right = smear.boxes[k]
    own = np.s_[top:bottom, left:right]
    cell, nucleus = (np.packbits(smear.region(name)[own] == k + 1).tobytes() for name in ("cell", "nucleus"))
    box = smear.boxes[k] + np.array([tile.window[0], tile.window[1]] * 2)
    area = int(smear.region_boxes("cell")[k, 4])
    return Cell(box, area, (cell, nucleus), row, whole, float(np.asarray(smear.confidence)[k]), center)


def _centers(smear: Smear) -> np.ndarray:
    table = smear.region_boxes("cell")
    return table[:, 5:7] / table[:, 4:5]


def _within(smear: Smear, tile: Tile, margin: int) -> np.ndarray:
    """Cells whose centre lies in the core of a tile or `margin` pixels outside it."""
    y, x = (_centers(smear) + tile.window[:2]).T
    top, left, bottom, right = tile.core
    return (y >= top - margin) & (y < bottom + margin) & (x >= left - margin) & (x < right + margin)


def _cut(smear: Smear, tile: Tile, shape: tuple[int, int]) -> np.ndarray:
    """Cells that reach the border of a tile's window where that is not the border of the field."""
    top, left, bottom, right = tile.window
    height, width = bottom - top, right - left
    y0, x0, y1, x1 = smear.boxes.T
    above, below = (y0 == 0) & (top > 0), (y1 == height) & (bottom < shape[0])
    return above | below | ((x0 == 0) & (left > 0)) | ((x1 == width) & (right < shape[1]))


def _spans(smear: Smear) -> np.ndarray:
    """Cells that reach from one side of the image to the other: no margin is large enough for such."""
    top, left, bottom, right = smear.boxes.T
    height, width = smear.image.shape[:2]
    return (bottom - top == height) | (right - left == width)


def placed(cells: Sequence[Cell], shape: tuple[int, int]) -> dict[str, Any]:
    """Columns that say of cells where they are and how whole they are."""
    boxes = np.array([cell.box for cell in cells], np.int64).reshape(-1, 4)
    top, left, bottom, right = boxes.T
    border = (top == 0) | (left == 0) | (bottom == shape[0]) | (right == shape[1])
    lacking = np.array([not cell.whole for cell in cells], bool)
    return {
        "bbox_top": top,
        "bbox_left": left,
        "bbox_bottom": bottom,
        "bbox_right": right,
        "touches_border": border | lacking,
        "confidence": np.array([cell.confidence for cell in cells], np.float64),
    }
