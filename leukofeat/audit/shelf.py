"""Thumbnails of large sets wait in a temporary file until they are looked at."""

import tempfile
import weakref
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from leukofeat.audit.describe import Description

LARGE = 10_000  # images from which on thumbnails are put away


class Shelf:
    """A temporary file of arrays; it is gone when nobody refers to it."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as what lies on it
        weakref.finalize(self, self._file.close)

    def put(self, array: np.ndarray) -> Any:
        """Put an array away; what is given for it is a :class:`Shelved`.

        Raises
        ------
        OSError
            When there is no room.
        """
        at = self._file.seek(0, 2)
        self._file.write(array.tobytes())
        self._file.flush()
        return Shelved(self, at, array.shape, array.dtype.str)

    def read(self, at: int, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        """Array that was put at a place."""
        array = np.empty(shape, dtype)
        self._file.seek(at)
        self._file.readinto(array.data)
        return array


class Shelved:
    """An array that lies on a shelf; `np.asarray` reads it."""

    __slots__ = ("_shelf", "_where")

    def __init__(self, shelf: Shelf, *where: Any) -> None:
        self._shelf, self._where = shelf, where

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self._shelf.read(*self._where).astype(dtype or self._where[2], copy=False)


def put_away(descriptions: Sequence[Description], shelf: Shelf) -> list[Description]:
    """The same descriptions with their thumbnails on a shelf; as they are where there is no room."""
    try:
        return [
            replace(d, fingerprint=d.fingerprint._replace(thumb=shelf.put(d.fingerprint.thumb))) for d in descriptions
        ]
    except OSError:
        return list(descriptions)
