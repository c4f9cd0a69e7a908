"""What a segmenter has seen and not reported, and why: a platelet, a cell of a neighbour's portrait."""

from collections.abc import Iterable
from typing import Any, NamedTuple


class Dropped(NamedTuple):
    """A body that was looked at and is not reported.

    Examples
    --------
    >>> Dropped(12.5, 40.0, 31, "too little stain for a nucleus").reason
    'too little stain for a nucleus'
    """

    row: float  # mean row of its pixels
    column: float  # mean column
    area: int  # pixels, in the image
    reason: str


def dropped_bodies(given: Iterable[Any]) -> tuple[Dropped, ...]:
    """Bodies given as tuples or lists (row, column, area, reason), as records.

    Examples
    --------
    >>> dropped_bodies([[1, 2, 3, "too small"]])
    (Dropped(row=1.0, column=2.0, area=3, reason='too small'),)
    """
    return tuple(Dropped(float(row), float(column), int(area), str(reason)) for row, column, area, reason in given)
