"""What a TIFF file says of the size of its pixels."""

import os
import re
from typing import Any

from leukofeat.remote import open_binary

PLAUSIBLE = (0.02, 2.0)  # micrometres: from an oversampled oil immersion to a twofold objective

_TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_UNITS = {1: None, 2: 25400.0, 3: 10000.0}  # of the resolution: none, inch, centimetre; in micrometres
_NAMES = {
    **dict.fromkeys(("micron", "microns", "micrometer", "micrometre", "um", "\u00b5m", "\u03bcm", r"\u00b5m"), 1.0),
    **dict.fromkeys(("nm", "nanometer", "nanometre"), 1e-3),
    **dict.fromkeys(("mm", "millimeter", "millimetre"), 1e3),
    **dict.fromkeys(("cm", "centimeter", "centimetre"), 1e4),
    **dict.fromkeys(("inch", "in"), 25400.0),
}
_OME_SIZE = re.compile(r'\bPhysicalSize(X|Y)="([^"]+)"')
_OME_UNIT = re.compile(r'\bPhysicalSize(X|Y)Unit="([^"]+)"')


def read_pixel_size(path: str | os.PathLike[str]) -> float | None:
    """Side of a pixel in micrometres, where a TIFF file says so.

    OME's and ImageJ's description goes before the resolution of the tags. What no microscope has is passed over: printers'
    and screens' resolutions, 72, 96 or 300 pixels an inch, are 85 to 353 micrometres a pixel. Of pixels that are not square it is the side
    of a square of the same area.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    float or None
        0.02 to 2; None where nothing of the kind is said, for other formats, and for files that cannot be read.

    Examples
    --------
    >>> import numpy as np, pathlib, tempfile, tifffile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "field.tif"
    >>> pixels = np.zeros((8, 8, 3), np.uint8)
    >>> tifffile.imwrite(path, pixels, resolution=(100_000, 100_000), resolutionunit="CENTIMETER")
    >>> read_pixel_size(path)
    0.1
    >>> tifffile.imwrite(path, pixels, resolution=(300, 300), resolutionunit="INCH")
    >>> read_pixel_size(path) is None
    True
    """
    try:
        with open_binary(path) as file:
            if file.read(4) not in _TIFF:
                return None
            file.seek(0)
            import tifffile

            with tifffile.TiffFile(file) as tiff:
                sides = _described(tiff) or _tagged(tiff)
    except Exception:  # damage is told by who reads the pixels
        return None
    if sides is None:
        return None
    side = (sides[0] * sides[1]) ** 0.5
    return float(f"{side:.6g}") if PLAUSIBLE[0] <= side <= PLAUSIBLE[1] else None


def _described(tiff: Any) -> tuple[float, float] | None:
    """Width and height of a pixel in micrometres, by the image's description."""
    if tiff.is_ome:
        sizes = dict(reversed(_OME_SIZE.findall(tiff.ome_metadata)))
        units = dict(reversed(_OME_UNIT.findall(tiff.ome_metadata)))
        if len(sizes) < 2:
            return None
        # without a unit OME means micrometres
        x, y = (float(sizes[axis]) * _NAMES.get(units.get(axis, "um").lower(), 0.0) for axis in "XY")
        return (x, y) if x > 0 and y > 0 else None
    unit = _NAMES.get(str((tiff.imagej_metadata or {}).get("unit", "")).lower()) if tiff.is_imagej else None
    return _per_pixel(tiff, unit)


def _tagged(tiff: Any) -> tuple[float, float] | None:
    tag = tiff.pages.first.tags.get(296)
    return _per_pixel(tiff, _UNITS.get(2 if tag is None else int(tag.value)))  # an inch where none is said, by TIFF 6.0


def _per_pixel(tiff: Any, unit: float | None) -> tuple[float, float] | None:
    x, y = (tiff.pages.first.tags.get(code) for code in (282, 283))
    if unit is None or x is None or y is None:
        return None
    across, down = (tag.value[0] / tag.value[1] for tag in (x, y))
    return (unit / across, unit / down) if across > 0 and down > 0 else None
