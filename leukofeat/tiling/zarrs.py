"""Fields in .zarr folders, OME-Zarr's pyramids too."""

import os
from importlib import import_module
from typing import Any

import numpy as np

from leukofeat.decode import PLAUSIBLE, ImageError
from leukofeat.tiling.field import ArrayField, Field
from leukofeat.tiling.tiff import reopened

__doctest_requires__ = {"*": ["zarr"]}

_MICROMETRES = {"micrometer": 1.0, "micrometre": 1.0, "um": 1.0, "nanometer": 1e-3, "millimeter": 1e3}


class ZarrField(ArrayField):
    """Field of a level of a .zarr folder: an array, or an image by the rules of OME-Zarr.

    Parameters
    ----------
    path : path-like
    level : int, default=0

    Raises
    ------
    ImportError
        Where zarr is missing; the message says what to install.
    ImageError
        For a folder that is none, or holds no image.

    Examples
    --------
    >>> import numpy as np, tempfile, zarr
    >>> folder = tempfile.mkdtemp(suffix=".zarr")
    >>> zarr.save_array(folder, np.full((50, 60, 3), 200, np.uint8))
    >>> ZarrField(folder).shape
    (50, 60)
    """

    def __init__(self, path: str | os.PathLike[str], level: int = 0) -> None:
        self.path = os.fspath(path)
        try:
            zarr = import_module("zarr")
        except ImportError:
            raise ImportError(f"{self.path}: zarr is not installed: pip install 'leukofeat[tiles]'.") from None
        try:
            found = zarr.open(self.path, mode="r")
        except Exception as error:  # zarr answers damage with errors of many kinds
            raise ImageError(
                f"{self.path}: cannot be read as zarr ({type(error).__name__}: {error}); copy it again or leave it out."
            ) from error
        arrays, axes, side = _image(found, self.path)
        axes = axes or "YXC"[: len(arrays[0].shape)]
        if {"Y", "X"} - set(axes) or any(len(array.shape) != len(axes) for array in arrays):
            raise ImageError(
                f"{self.path}: an array of shape {arrays[0].shape} is no field; give (height, width, 3) of RGB."
            )
        levels = [(array.shape[axes.index("Y")], array.shape[axes.index("X")]) for array in arrays]
        Field.__init__(self, self.path, levels, level)  # that there is such a level
        side = None if side is None else side * (levels[0][0] / self.shape[0] * levels[0][1] / self.shape[1]) ** 0.5
        known = {"name": self.path, "source": self.path, "levels": levels, "level": level}
        if side is not None and PLAUSIBLE[0] <= side <= PLAUSIBLE[1]:
            known["pixel_size"] = float(f"{side:.6g}")
        super().__init__(arrays[level], axes, **known)

    def __reduce__(self) -> tuple[Any, ...]:
        return reopened, (ZarrField, self.path, self.level, os.stat(self.path).st_mtime_ns)


def _image(found: Any, name: str) -> tuple[list[Any], str | None, float | None]:
    """Arrays of the levels, their axes, and the side of a pixel of the first in micrometres, where that is said."""
    if hasattr(found, "dtype"):
        return [found], None, None
    said = dict(found.attrs)
    scales = said.get("ome", said).get("multiscales") if isinstance(said.get("ome", said), dict) else None
    try:
        image = scales[0]  # type: ignore[index]  # None is answered below
        arrays = [found[one["path"]] for one in image["datasets"]]
        axes = [axis if isinstance(axis, dict) else {"name": axis} for axis in image.get("axes", [])]
        letters = "".join(str(axis["name"]).upper() for axis in axes) or "TCZYX"[-len(arrays[0].shape) :]
        return arrays, letters, _side(image, axes)
    except (TypeError, KeyError, IndexError, AttributeError):
        raise ImageError(
            f"{name}: a group of zarr without an image by OME-Zarr's rules; name one of its arrays, as {name}/0."
        ) from None


def _side(image: dict[str, Any], axes: list[dict[str, Any]]) -> float | None:
    # those of the image are of all its levels, behind the level's own
    transformations = [
        one for part in (image["datasets"][0], image) for one in part.get("coordinateTransformations") or ()
    ]
    scales = [one["scale"] for one in transformations if one.get("type") == "scale"]
    if not scales:
        return None
    sides = [
        float(np.prod(values)) * _MICROMETRES.get(str(axis.get("unit")), 0.0)
        for axis, *values in zip(axes, *scales, strict=False)
        if str(axis["name"]).upper() in ("X", "Y")
    ]
    return (sides[0] * sides[1]) ** 0.5 if len(sides) == 2 and min(sides) > 0 else None
