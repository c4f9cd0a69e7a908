"""Cells at seams, which two or four tiles show, counted once."""

from collections.abc import Sequence

import numpy as np

from leukofeat.tiling.cells import Cell, Found

SAME = 0.5  # share of the smaller of two cells that both cover, from which on they cannot both be counted


class Seams:
    """Settles, tile by tile in the order of the field, which cells count: the first tile that shows a cell has it.

    A tile claims the cells whose centre is in its core or up to half the margin outside it, so that one whose centre two tiles see
    on different sides of the seam is claimed by one of them at least. Of a claim that covers more than half of a cell that counts
    already, or is covered so, one of three things is true. It is that cell, drawn a little differently, and dropped. Or it covers
    more, two cells that an earlier tile has told apart: then those of the earlier tile count that nobody had claimed.

    Parameters
    ----------
    reach : int
        Pixels that windows reach beyond cores, at most.
    """

    def __init__(self, reach: int) -> None:
        self.reach = reach
        self.counted: list[Cell] = []
        self.spare: list[Cell] = []

    def settle(self, found: Found) -> list[Cell]:
        """Cells that count by what a tile shows, in the order of its labels."""
        self._forget(found.tile.core[0] - self.reach)
        earlier, spare = _Shelf(self.counted), _Shelf(self.spare)
        new: list[Cell] = []
        revived: list[Cell] = []
        for cell in found.claimed:
            against = [other for other in earlier.near(cell) if _same(cell, other)]
            if not against:
                new.append(cell)
            elif sum(_shared(cell, other) for other in against) < SAME * cell.area:
                for other in spare.near(cell):
                    taken = (*earlier.near(other), *revived)
                    if _shared(cell, other) > SAME * other.area and not any(_same(other, one) for one in taken):
                        revived.append(other)
        # what was claimed may also meet what has come back
        new = [cell for cell in new if not any(_same(cell, other) for other in revived)] + revived
        self.counted += new
        self.spare += found.spare
        return new

    def _forget(self, row: int) -> None:
        """Drop what ends above a row that no later tile looks beyond."""
        self.counted, self.spare = (
            [cell for cell in cells if cell.box[2] > row] for cells in (self.counted, self.spare)
        )


class _Shelf:
    """Cells, found again by where they are."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.cells = cells
        self.boxes = np.array([cell.box for cell in cells], np.int64).reshape(-1, 4)

    def near(self, cell: Cell) -> list[Cell]:
        """Those whose box meets that of a cell."""
        top, left, bottom, right = self.boxes.T
        meets = (top < cell.box[2]) & (bottom > cell.box[0]) & (left < cell.box[3]) & (right > cell.box[1])
        return [self.cells[k] for k in np.flatnonzero(meets).tolist()]


def _same(one: Cell, other: Cell) -> bool:
    return _shared(one, other) > SAME * min(one.area, other.area)


def _shared(one: Cell, other: Cell) -> int:
    """Pixels of both cells."""
    top, left = np.maximum(one.box[:2], other.box[:2])
    bottom, right = np.minimum(one.box[2:], other.box[2:])
    if top >= bottom or left >= right:
        return 0
    parts = [
        cell.mask()[top - cell.box[0] : bottom - cell.box[0], left - cell.box[1] : right - cell.box[1]]
        for cell in (one, other)
    ]
    return int(np.count_nonzero(parts[0] & parts[1]))
