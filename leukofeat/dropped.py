"""What a segmenter has seen and not reported, and why: a platelet, a cell of a neighbour's portrait."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

LEFT_OUT = "left out"  # the reason of a cell that was found, and taken out of the record


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


def move_bodies(bodies: Iterable[Dropped], matrix: np.ndarray, shape: tuple[int, int]) -> tuple[Dropped, ...]:
    """Bodies where a map brings them; those whose middle leaves the image are gone.

    Parameters
    ----------
    bodies : iterable of Dropped
    matrix : ndarray of shape (2, 3)
        Map from (x, y, 1), the centres of pixels at whole numbers, to x and y.
    shape : (height, width)
        Of the image that they come into.

    Examples
    --------
    >>> twice = np.array([[2, 0, 0.5], [0, 2, 0.5]])
    >>> move_bodies([Dropped(3.0, 1.0, 10, "small"), Dropped(8.0, 1.0, 10, "small")], twice, (10, 10))
    (Dropped(row=6.5, column=2.5, area=40, reason='small'),)
    """
    times = abs(float(np.linalg.det(matrix[:, :2])))
    moved = []
    for body in bodies:
        column, row = (matrix @ (body.column, body.row, 1.0)).tolist()
        if -0.5 <= row <= shape[0] - 0.5 and -0.5 <= column <= shape[1] - 0.5:
            moved.append(Dropped(row, column, max(1, round(body.area * times)), body.reason))
    return tuple(moved)
