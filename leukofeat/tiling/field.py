"""What a large field is: pixels that are read a region at a time."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from leukofeat.decode import ImageError
from leukofeat.decode.damage import DamagedError, UnsuitedError
from leukofeat.decode.depth import check_depth
from leukofeat.decode.rgb import to_rgb

_LOOK, _LOOKS = (
    256,
    4,
)  # side of the regions that the depth of 16 bits is judged by, and how many of them a side of the field


class Field:
    """A field of pixels, read a region at a time; made by :func:`~leukofeat.tiling.open_field`.

    Parameters
    ----------
    name : str
        What messages call it: the file.
    levels : sequence of (height, width)
        Sizes of the pyramid that it is a level of, the largest first.
    level : int
        Which of them is read.
    pixel_size : float, optional
        Side of a pixel of this level in micrometres.
    source : str, optional
        The file.

    Examples
    --------
    >>> from leukofeat.tiling import open_field
    >>> field = open_field(np.full((40, 60, 3), 200, np.uint8))
    >>> field, field.shape, field.read(10, 20, 5, 6).shape
    (Field(array, 60x40), (40, 60), (5, 6, 3))
    """

    def __init__(
        self,
        name: str,
        levels: Sequence[tuple[int, int]],
        level: int = 0,
        pixel_size: float | None = None,
        source: str | None = None,
    ) -> None:
        self.name, self.level, self.pixel_size, self.source = name, level, pixel_size, source
        self.levels = [(int(height), int(width)) for height, width in levels]
        if not -len(self.levels) <= level < len(self.levels):
            there = ", ".join(f"{i} ({width}x{height})" for i, (height, width) in enumerate(self.levels))
            raise ImageError(f"{name}: there is no level {level}; choose from {there}.")
        self.shape = self.levels[level]
        if min(self.shape) < 1:
            raise ImageError(f"{name}: the field is empty, {self.shape[1]} x {self.shape[0]} pixels; leave it out.")

    def __repr__(self) -> str:
        return f"Field({self.name}, {self.shape[1]}x{self.shape[0]})"

    def read(self, top: int, left: int, height: int, width: int) -> np.ndarray:
        """Pixels of a region, (height, width, 3) uint8 RGB.

        Raises
        ------
        ValueError
            For a region that is empty or not within the field.
        ImageError
            When the file is damaged there, or cannot be read; the message names it.
        """
        if min(top, left) < 0 or min(height, width) < 1 or top + height > self.shape[0] or left + width > self.shape[1]:
            raise ValueError(
                f"{self.name}: no region of {width} x {height} pixels at row {top}, column {left} in a field of "
                f"{self.shape[1]} x {self.shape[0]}."
            )
        try:
            return np.ascontiguousarray(self.read_region(top, left, height, width))
        except ImageError:
            raise
        except UnsuitedError as error:
            raise ImageError(f"{self.name}: {error}, or leave it out.") from error
        except Exception as error:  # libraries answer damage with errors of many kinds
            raise ImageError(
                f"{self.name}: cannot be read at row {top}, column {left} ({type(error).__name__}: {error}); "
                "copy it again or leave it out."
            ) from error

    def read_region(self, top: int, left: int, height: int, width: int) -> np.ndarray:
        """:meth:`read` of a region within the field."""
        raise NotImplementedError


class ArrayField(Field):
    """Field of whatever has a shape and a dtype and can be sliced: an array, a memory map, an array of zarr or dask.

    Parameters
    ----------
    array : array-like of shape (height, width), (height, width, 1 to 4) or, by `axes`, any
    axes : str, optional
        Letter of each axis; Y, X and C are read, of any other the first place.
    **known
        As for :class:`Field`.

    Examples
    --------
    >>> ArrayField(np.zeros((3, 20, 30), np.uint8), "CYX").read(0, 0, 4, 4).shape
    (4, 4, 3)
    """

    def __init__(self, array: Any, axes: str | None = None, **known: Any) -> None:
        self.array = array
        shape = tuple(array.shape)
        name = known.setdefault("name", "array")
        if axes is None:
            axes = "YXC"[: len(shape)] if len(shape) in (2, 3) else ""
        channels = shape[axes.index("C")] if "C" in axes else 1
        if len(axes) != len(shape) or not {"Y", "X"} <= set(axes) or channels not in (1, 2, 3, 4):
            raise ImageError(
                f"{name}: an array of shape {shape} is no field; give (height, width), or (height, width, 3) of RGB."
            )
        kind = np.dtype(array.dtype)
        if kind not in (np.dtype(np.uint8), np.dtype(np.uint16).newbyteorder("="), np.dtype(bool)):
            raise ImageError(f"{name}: its values are {kind}; scale them to 0..255 and convert it to 8-bit RGB.")
        self.axes = axes
        super().__init__(
            levels=known.pop("levels", None) or [(shape[axes.index("Y")], shape[axes.index("X")])], **known
        )
        judge_depth(self, kind, self._values)

    def _values(self, top: int, left: int, height: int, width: int) -> np.ndarray:
        window = {"Y": slice(top, top + height), "X": slice(left, left + width), "C": slice(None)}
        values = np.asarray(self.array[tuple(window.get(axis, 0) for axis in self.axes)])
        kept = [axis for axis in self.axes if axis in window]
        return values.transpose([kept.index(axis) for axis in "YXC" if axis in kept])

    def read_region(self, top: int, left: int, height: int, width: int) -> np.ndarray:
        return to_rgb(self._values(top, left, height, width))


def judge_depth(field: Field, kind: np.dtype, values: Any) -> None:
    """Raise ImageError where the 16-bit values of a field cannot be meant to fill 16 bits, by regions all over it."""
    if kind.itemsize < 2:
        return
    tops, lefts = (np.unique(np.linspace(0, max(0, n - _LOOK), _LOOKS).astype(int)) for n in field.shape)
    height, width = (min(n, _LOOK) for n in field.shape)
    looks = [values(int(top), int(left), height, width) for top in tops for left in lefts]
    try:
        check_depth(np.array([look.max() for look in looks], np.uint16))
    except UnsuitedError as error:
        raise ImageError(f"{field.name}: {error}, or leave it out.") from error


def damaged(name: str, error: Exception) -> ImageError:
    """The error that says that a file is damaged, and what to do."""
    what = str(error) if isinstance(error, DamagedError) else f"{type(error).__name__}: {error}"
    return ImageError(f"{name}: damaged file ({what}); copy it again or leave it out.")
