"""TIFF: tifffile says what a file holds and reads what it can; LZW, JPEG and fax codes are OpenCV's."""

import io
import logging
from typing import Any

import numpy as np

from leukofeat.decode.alpha import has_alpha, lay_on_white, open_header, turned
from leukofeat.decode.damage import DamagedError, UnsuitedError
from leukofeat.decode.depth import check_depth
from leukofeat.decode.listen import listening
from leukofeat.decode.opencv import decode_by_opencv
from leukofeat.decode.rgb import to_rgb
from leukofeat.decode.tiff_limits import bound_inflation, check_pages, check_promise, check_series
from leukofeat.opencv import cv2

# What tifffile decodes without further packages: none, deflate (two numbers), PackBits, LZMA.
PLAIN = (1, 8, 32946, 32773, 34925)
CODED = (2, 3, 4, 5, 6, 7)  # fax, LZW, JPEG
_GREY_OR_RGB = (0, 1, 2)  # photometric: white is zero, black is zero, RGB
_SAVE = "convert it to 8-bit RGB"


def quiet_tifffile() -> Any:
    """The module tifffile; what it finds odd in a file, the error says with the file's name."""
    import tifffile

    logging.getLogger("tifffile").addHandler(logging.NullHandler())
    return tifffile


def decode_tiff(data: bytes) -> np.ndarray:
    """RGB pixels of the first picture, shape (height, width, 3), uint8, turned as its orientation says.

    Colour planes on pages of their own are joined.

    Raises
    ------
    DamagedError
        Where the file cannot be read, or libtiff complains.
    UnsuitedError
        For values of another kind than 1, 8 or 16 bits, other numbers of channels, a compression that neither library reads, and
        grey pages that may be colour planes or a stack; for more pixels or pages than are read.
    """
    check_pages(data)
    try:
        with quiet_tifffile().TiffFile(io.BytesIO(data)) as file:
            page, planes = file.pages.first, _colour_planes(file)
            _check(page, len(data))
            plain = page.compression in PLAIN and page.photometric in _GREY_OR_RGB and len(page.extrasamples) < 2
            if planes > 1 or plain:
                return _to_rgb(_read(file, planes), page)
    except (DamagedError, UnsuitedError):
        raise
    except Exception as error:  # tifffile answers damage with errors of many kinds
        raise DamagedError(f"{type(error).__name__}: {error}") from error
    return _by_opencv(data)


def _colour_planes(file: Any) -> int:
    """On how many pages the first picture's colours stand."""
    series, page = file.series[0], file.pages.first
    sizes = dict(zip(series.axes, series.shape, strict=True))
    if page.samplesperpixel > 1:
        return 1
    channels = sizes.get("C", 1)
    if channels not in (1, 3):
        raise UnsuitedError(f"{channels} channels on pages of their own; choose three and {_SAVE}")
    if channels == 1 and sizes.get("Q", sizes.get("I", 1)) in (3, 4):
        raise UnsuitedError(f"{sizes.get('Q', sizes.get('I'))} grey pages, colour planes or a stack; {_SAVE}")
    return channels


def _check(page: Any, n_bytes: int) -> None:
    if page.dtype is None or page.dtype.kind not in "bu" or page.dtype.itemsize > 2:
        what = page.dtype or f"of {page.bitspersample} bits"
        raise UnsuitedError(
            f"its values are {what}; scale them to 0..255 (all files alike) and convert it to 8-bit RGB"
        )
    if page.compression not in PLAIN + CODED:
        raise UnsuitedError(
            f"its compression ({page.compression.name}) cannot be read here; save it with LZW, deflate or none"
        )
    check_promise(page, n_bytes)


def _read(file: Any, planes: int) -> np.ndarray:
    """Values of the first picture, (height, width) or (height, width, samples)."""
    bound_inflation(file.pages.first)
    if planes > 1:
        series = file.series[0]
        check_series(series, file.pages.first)
        values = series.asarray()[tuple(slice(None) if axis in "CYX" else 0 for axis in series.axes)]
        return np.moveaxis(values, [axis for axis in series.axes if axis in "CYX"].index("C"), -1)
    page = file.pages.first
    values = page.asarray()
    return np.moveaxis(values, 0, -1) if page.planarconfig == 2 and page.samplesperpixel > 1 else values


def _to_rgb(values: np.ndarray, page: Any) -> np.ndarray:
    channels = values.shape[2] if values.ndim == 3 else 1
    if values.ndim not in (2, 3) or channels - len(page.extrasamples) not in (1, 3):
        raise UnsuitedError(f"its picture has the shape {values.shape}; {_SAVE}")
    check_depth(values)
    values = to_rgb(values, inverted=page.photometric == 0, extra=tuple(page.extrasamples))
    orientation = page.tags.get(274)
    return np.ascontiguousarray(turned(values, 1 if orientation is None else orientation.value))


def _by_opencv(data: bytes) -> np.ndarray:
    with listening() as said:
        header = open_header(data)
        if header is not None and has_alpha(header):
            try:
                pixels = lay_on_white(header)
            except ValueError as error:  # Pillow's answer to planes of which some are neither colour nor transparency
                raise UnsuitedError(
                    f"its samples are arranged in a way that is not read here ({error}); {_SAVE}"
                ) from error
        else:
            check_depth(decode_by_opencv(data, cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR))
            pixels = decode_by_opencv(data)
    if said:
        raise DamagedError(said[0])
    return pixels
