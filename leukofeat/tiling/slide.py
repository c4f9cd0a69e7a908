"""Slides of scanners, by OpenSlide."""

import os
from importlib import import_module
from typing import Any

import numpy as np

from leukofeat.decode import PLAUSIBLE, ImageError
from leukofeat.tiling.field import Field
from leukofeat.tiling.tiff import reopened

__doctest_requires__ = {"*": ["openslide"]}

SLIDE_SUFFIXES = (".svs", ".ndpi", ".vms", ".vmu", ".scn", ".mrxs", ".svslide", ".bif", ".czi", ".dcm")


class SlideField(Field):
    """Field of a level of a slide that OpenSlide reads; what a scanner has left out is white.

    Parameters
    ----------
    path : path-like
    level : int, default=0

    Raises
    ------
    ImportError
        Where OpenSlide is missing; the message says what to install.
    ImageError
        For a file that OpenSlide does not read.

    Examples
    --------
    >>> SlideField("missing.svs")
    Traceback (most recent call last):
    ...
    leukofeat.decode.damage.ImageError: missing.svs: cannot be read (No such file or directory); check the path.
    """

    def __init__(self, path: str | os.PathLike[str], level: int = 0) -> None:
        self.path = os.fspath(path)
        if not os.path.exists(self.path):
            raise ImageError(f"{self.path}: cannot be read (No such file or directory); check the path.")
        try:
            openslide = import_module("openslide")
        except (ImportError, OSError):  # the second where its library is missing
            raise ImportError(f"{self.path}: OpenSlide is not installed: pip install 'leukofeat[slides]'.") from None
        try:
            self.slide = openslide.OpenSlide(self.path)
        except openslide.OpenSlideError as error:
            raise ImageError(
                f"{self.path}: no slide that OpenSlide reads ({error}); copy it again, or convert it to a tiled TIFF."
            ) from error
        sizes = [(height, width) for width, height in self.slide.level_dimensions]
        super().__init__(self.path, sizes, level, source=self.path)
        self.down, self.across = sizes[0][0] / self.shape[0], sizes[0][1] / self.shape[1]
        self.pixel_size = _side(self.slide.properties, (self.down * self.across) ** 0.5)

    def __reduce__(self) -> tuple[Any, ...]:
        return reopened, (SlideField, self.path, self.level, os.stat(self.path).st_mtime_ns)

    def read_region(self, top: int, left: int, height: int, width: int) -> np.ndarray:
        from PIL import Image

        place = round(left * self.across), round(top * self.down)
        picture = self.slide.read_region(place, self.level % len(self.levels), (width, height))
        white = Image.new("RGBA", picture.size, (255, 255, 255, 255))
        return np.array(Image.alpha_composite(white, picture).convert("RGB"))


def _side(properties: Any, factor: float) -> float | None:
    try:
        side = (float(properties["openslide.mpp-x"]) * float(properties["openslide.mpp-y"])) ** 0.5 * factor
    except (KeyError, ValueError, TypeError):
        return None
    return float(f"{side:.6g}") if PLAUSIBLE[0] <= side <= PLAUSIBLE[1] else None
