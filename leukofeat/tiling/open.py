"""From a file, a folder or an array to a field."""

import os
from pathlib import Path
from typing import Any

from leukofeat.decode import ImageError, read_image, read_pixel_size
from leukofeat.decode.damage import UnsuitedError
from leukofeat.sequence import SizedPath
from leukofeat.tiling.field import ArrayField, Field
from leukofeat.tiling.slide import SLIDE_SUFFIXES, SlideField
from leukofeat.tiling.tiff import TiffField
from leukofeat.tiling.zarrs import ZarrField

_TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_WHOLE = 2**29  # bytes of a file that is decoded in one piece, at most


def open_field(source: Any, *, level: int = 0) -> Field:
    """Open a field of any size; of a file, only what is asked for is read and decoded.

    Parameters
    ----------
    source : path or array-like
        - a TIFF of strips or tiles, pyramids (OME-TIFF, QuPath) too, by its content;
        - a .zarr folder: an array, or a pyramid by the rules of OME-Zarr (needs ``leukofeat[tiles]``);
        - a slide that OpenSlide reads: .svs, .ndpi, .scn, .mrxs and others (needs ``leukofeat[slides]``);
        - a PNG, JPEG or BMP, which is decoded whole: 300 MB of 10,000 x 10,000 pixels;
        - whatever has a shape and a dtype and can be sliced: an array, a memory map, an array of zarr or dask; (height, width) or
          (height, width, 1 to 4) of uint8, uint16 or bool.
    level : int, default=0
        Of a pyramid: 0 is the largest, -1 the smallest.

    Returns
    -------
    Field
        Read as :func:`leukofeat.read_image` reads a file: grey, palette, transparent and 16-bit pixels by the same rules.

    Raises
    ------
    ImageError
        When the file is missing, damaged, of another kind or depth, or has no such level; the message names the file and what to do.
    ImportError
        When the file needs an extra that is not installed.
    TypeError
        For something else than the above.

    Examples
    --------
    >>> import numpy as np, pathlib, tempfile, tifffile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "pyramid.tif"
    >>> pixels = np.full((512, 768, 3), 200, np.uint8)
    >>> with tifffile.TiffWriter(path) as file:
    ...     file.write(pixels, subifds=1, tile=(128, 128), photometric="rgb")
    ...     file.write(pixels[::2, ::2], subfiletype=1, tile=(128, 128), photometric="rgb")
    >>> open_field(path).levels, open_field(path, level=1).read(0, 0, 9, 9).shape
    ([(512, 768), (256, 384)], (9, 9, 3))
    """
    if isinstance(source, Field):
        return source
    if not isinstance(source, (str, os.PathLike)):
        if not all(hasattr(source, name) for name in ("shape", "dtype", "__getitem__")):
            raise TypeError(f"A field is a path or an array, not {type(source).__name__}.")
        return ArrayField(source, level=level)
    path = Path(os.fspath(source))
    field = _open_path(path, level)
    if isinstance(source, SizedPath):
        field.pixel_size = source.pixel_size * (field.levels[0][1] / field.shape[1])
    return field


def _open_path(path: Path, level: int) -> Field:
    name = os.fspath(path)
    if path.is_dir():
        return ZarrField(path, level)
    if path.suffix.lower() in SLIDE_SUFFIXES:
        return SlideField(path, level)
    try:
        with path.open("rb") as file:
            start, size = file.read(4), path.stat().st_size
    except OSError as error:
        raise ImageError(f"{name}: cannot be read ({error.strerror or error}); check the path.") from error
    refusal = f"a file of {size:,} bytes that can only be decoded whole; save it as a TIFF of tiles, with deflate"
    if start in _TIFF:
        try:
            return TiffField(path, level)
        except UnsuitedError as error:
            refusal = str(error)
    if size > _WHOLE:
        raise ImageError(f"{name}: {refusal}, or leave it out.")
    # what cannot be read by regions may yet be read whole, and is refused there by name
    return ArrayField(read_image(path), name=name, source=name, level=level, pixel_size=read_pixel_size(path))
