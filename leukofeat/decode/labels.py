"""Label maps from files and to files: the numbers that are written there, never scaled, coloured or rounded."""

import io
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from leukofeat.atomic import write_whole
from leukofeat.decode.alpha import open_header
from leukofeat.decode.content import read_content
from leukofeat.decode.damage import DamagedError, ImageError, UnsuitedError
from leukofeat.decode.limits import check_size
from leukofeat.decode.opencv import decode_by_opencv
from leukofeat.decode.png import checked_png
from leukofeat.decode.tiff import CODED, PLAIN, quiet_tifffile
from leukofeat.decode.tiff_limits import bound_inflation, check_pages, check_promise, check_series
from leukofeat.opencv import cv2

_KINDS = {b"\x89PNG\r\n\x1a\n": "PNG", b"II*\x00": "TIFF", b"MM\x00*": "TIFF", b"II+\x00": "TIFF", b"MM\x00+": "TIFF"}
_PICKLED = (
    "holds a pickled object, as _seg.npy of Cellpose, and is not opened, because a pickle may run any code; where you trust it, "
    "write_labels('masks.tif', np.load(path, allow_pickle=True).item()['masks']), or save masks as TIFF or PNG in Cellpose"
)
_COLORS = (
    "holds colours, which are no numbers: several tools save such a picture for looking at beside the label map, a grey picture "
    "of 8, 16 or 32 bits; give that one"
)


def read_labels(path: str | os.PathLike[str]) -> np.ndarray:
    """Read a label map: the numbers of objects, or the values of a mask, exactly as the file holds them.

    Parameters
    ----------
    path : str or path-like
        A PNG, TIFF or .npy file with one grey plane: 1 to 16 bits a pixel in a PNG; integers up to 32 bits, signed ones too,
        in a TIFF, and floats that are whole numbers, as ImageJ has them. The format is taken from the content, not from the name.

    Returns
    -------
    ndarray of shape (height, width)
        uint8, uint16 or uint32 as in the file; bool of one bit a pixel, which is a mask; whole numbers of another type as int64. Of a
        palette the entries' numbers, whatever their colours; of red, green and blue that are alike everywhere, one.

    Raises
    ------
    ImageError
        When the file is missing, empty, damaged, or something else than one plane of whole numbers: colours, fractions, a stack, a
        JPEG (which changes values), pickled Python objects, more than 150 million pixels (LEUKOFEAT_MAX_PIXELS in the environment sets
        another limit). The message names the file and the way out.

    See Also
    --------
    write_labels : The way back.
    leukofeat.datasets.load_images : Images with their label maps.

    Examples
    --------
    >>> import numpy as np, pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "img_cp_masks.png"
    >>> write_labels(path, np.array([[0, 7, 7], [0, 0, 300]]))
    >>> read_labels(path)
    array([[  0,   7,   7],
           [  0,   0, 300]], dtype=uint16)
    """
    name, data = read_content(path)
    kind = next((kind for signature, kind in _KINDS.items() if data.startswith(signature)), None)
    if data.startswith(b"\x93NUMPY"):
        kind = "NPY"
    try:
        if kind is None:
            jpeg = data.startswith(b"\xff\xd8\xff")
            what = (
                "JPEG changes values on saving, so that numbers are lost" if jpeg else f"it begins with {data[:12]!r}"
            )
            raise UnsuitedError(f"no PNG, TIFF or .npy ({what}); save the label map as PNG or TIFF")
        values = {"PNG": _from_png, "TIFF": _from_tiff, "NPY": _from_npy}[kind](data)
        return _whole_numbers(_one_plane(values))
    except UnsuitedError as error:
        raise ImageError(f"{name}: is no label map: {error}.") from error
    except (DamagedError, cv2.error, OSError, SyntaxError, MemoryError, OverflowError) as error:
        raise ImageError(f"{name}: damaged {kind} file ({error}); copy it again or leave it out.") from error


def write_labels(path: str | os.PathLike[str], labels: Any, *, label_ids: Any = None) -> None:
    """Write a label map as a grey PNG or TIFF, of the smallest unsigned type that holds its numbers.

    The file appears whole or not at all, and replaces one of its name. ImageJ, QuPath, Cellpose, napari and scikit-image read it.

    Parameters
    ----------
    path : str or path-like
        Ends in .png (up to 65,535), .tif or .tiff (up to 2**32 - 1, deflated).
    labels : array of int or bool, shape (height, width)
        Label map; 0 is background.
    label_ids : array of int, shape (n,), optional
        What the labels are called: label i is written as `label_ids[i - 1]`. `write_labels(path, smear.cells,
        label_ids=smear.label_ids)` writes the numbers that a :class:`~leukofeat.Smear` was made with.

    Raises
    ------
    TypeError, ValueError
        For another ending, labels that are negative, no integers, or too large for the file, and too few or odd names.
    OSError
        When the file cannot be written.

    Examples
    --------
    >>> import numpy as np, pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "cells.tif"
    >>> write_labels(path, np.array([[0, 1], [2, 2]]), label_ids=[12, 70000])
    >>> read_labels(path)
    array([[    0,    12],
           [70000, 70000]], dtype=uint32)
    """
    name = os.fspath(path)
    suffix = Path(name).suffix.lower()
    if suffix not in (".png", ".tif", ".tiff"):
        raise ValueError(f"{name}: label maps are written as .png, .tif or .tiff.")
    numbers = _renamed(_checked(labels, name), label_ids, name)
    top, most = int(numbers.max(initial=0)), 2**16 - 1 if suffix == ".png" else 2**32 - 1
    if top > most:
        way_out = "name it .tif" if top < 2**32 else "renumber the labels, as relabel_sequential of scikit-image does"
        raise ValueError(f"{name}: the label {top} is beyond {most}, the most that such a file holds; {way_out}.")
    kind = np.uint8 if top < 2**8 else np.uint16 if top < 2**16 else np.uint32
    write_whole(name, _encoded(np.ascontiguousarray(numbers, kind), suffix))


def _checked(labels: Any, name: str) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iub":
        raise TypeError(f"{name}: labels must be integers, not {labels.dtype}.")
    if labels.ndim != 2 or labels.size == 0:
        raise ValueError(f"{name}: labels have the shape {labels.shape}; a label map is (height, width).")
    if labels.min() < 0:
        raise ValueError(f"{name}: labels has negative labels; the background is 0.")
    return labels


def _renamed(labels: np.ndarray, label_ids: Any, name: str) -> np.ndarray:
    if label_ids is None:
        return labels
    ids = np.asarray(label_ids)
    top = int(labels.max(initial=0))
    if ids.ndim != 1 or len(ids) < top or (ids.size and ids.dtype.kind not in "iu") or (ids < 1).any():
        raise ValueError(
            f"{name}: label_ids must name each label, up to {top}, by a whole number above 0; it has the shape {ids.shape}."
        )
    return np.concatenate([[0], ids.astype(np.int64)])[labels.astype(np.int64)]


def _encoded(labels: np.ndarray, suffix: str) -> bytes:
    if suffix == ".png":
        return bytes(cv2.imencode(".png", labels)[1])
    tifffile, written = quiet_tifffile(), io.BytesIO()
    tifffile.imwrite(written, labels, compression="zlib", photometric="minisblack", metadata=None)
    return written.getvalue()


def _one_plane(values: np.ndarray) -> np.ndarray:
    if values.ndim == 3 and values.shape[2] in (2, 3, 4):
        values = values[:, :, : values.shape[2] - 1 + values.shape[2] % 2]  # without alpha
        if (values != values[:, :, :1]).any():
            raise UnsuitedError(_COLORS)
        values = values[:, :, 0]
    if values.ndim != 2:
        raise UnsuitedError(f"it has the shape {values.shape}; save one plane, (height, width)")
    return values


def _whole_numbers(values: np.ndarray) -> np.ndarray:
    kind = values.dtype.kind
    if kind not in "buif":
        raise UnsuitedError(f"its values are {values.dtype}; save it as integers")
    if kind == "f":
        if not (
            np.isfinite(values).all() and (values == np.floor(values)).all() and np.abs(values).max(initial=0) < 2**53
        ):
            raise UnsuitedError("its values are no whole numbers, as of probabilities; save the labels instead")
        values = values.astype(np.int64)
    if values.size == 0:
        raise UnsuitedError("it has no pixel")
    if values.dtype.kind == "i" and values.min() < 0:
        raise UnsuitedError(f"it holds negative numbers, {int(values.min())} for one; set them to 0, the background")
    if kind == "b":
        return values
    small = values.dtype.kind == "u" and values.dtype.itemsize <= 4
    return np.ascontiguousarray(values, values.dtype.newbyteorder("=") if small else np.int64)


def _from_png(data: bytes) -> np.ndarray:
    data = checked_png(data)
    bits, is_palette = data[24], data[25] == 3
    if not is_palette and bits >= 8:
        return decode_by_opencv(data, cv2.IMREAD_UNCHANGED)
    values = np.asarray(_by_pillow(data))
    if bits == 1:
        return values.astype(bool)
    # Pillow stretches the grey values of 2 and 4 bits over 0 to 255
    return values if is_palette else values // (255 // (2**bits - 1))


def _by_pillow(data: bytes) -> Image.Image:
    header = open_header(data)
    if header is None:
        raise DamagedError("its pixels cannot be decoded")
    return header


def _from_npy(data: bytes) -> np.ndarray:
    try:
        _check_npy(data)
        return np.load(io.BytesIO(data), allow_pickle=False)
    except (DamagedError, UnsuitedError):
        raise
    except Exception as error:  # a header is a Python literal, and may be any
        if "allow_pickle" in str(error):
            raise UnsuitedError(_PICKLED) from error
        raise DamagedError(str(error)) from error


def _check_npy(data: bytes) -> None:
    """Raise where the header promises more values than there are bytes: NumPy takes the memory first."""
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(version)
    if read is None:  # 3.0 is for names of fields, and a label map has none
        raise UnsuitedError(f"it is of version {version[0]}.{version[1]} of the format; save it by np.save as integers")
    shape, _, dtype = read(file)
    if not dtype.hasobject:
        check_size(math.prod(shape), 1, (len(data) - file.tell()) / max(dtype.itemsize, 1))


def _from_tiff(data: bytes) -> np.ndarray:
    check_pages(data)
    try:
        with quiet_tifffile().TiffFile(io.BytesIO(data)) as file:
            series, page = file.series[0], file.pages.first
            planes = int(np.prod([n for n, axis in zip(series.shape, series.axes, strict=True) if axis not in "YXS"]))
            if planes > 1 or len(file.series) > 1:
                raise UnsuitedError(f"it has {max(planes, len(file.series))} pages; save each label map by itself")
            check_promise(page, len(data))
            if page.compression in PLAIN:
                check_series(series, page)
                bound_inflation(page)
                return _in_order(series.asarray(), series.axes)
            if page.compression not in CODED[:4] or page.photometric == 0:
                raise UnsuitedError(
                    f"its compression ({page.compression.name}) cannot be read here; save it with LZW, deflate or none"
                )
            # what 32 bits are above 2**31, Pillow calls negative
            return np.asarray(_by_pillow(data)).astype(page.dtype)
    except (DamagedError, UnsuitedError):
        raise
    except Exception as error:  # tifffile answers damage with errors of many kinds
        raise DamagedError(f"{type(error).__name__}: {error}") from error


def _in_order(values: np.ndarray, axes: str) -> np.ndarray:
    """(height, width) or (height, width, samples) of a picture whose further axes have length one."""
    order = [axes.index(axis) for axis in "YXS" if axis in axes]
    others = [i for i in range(len(axes)) if i not in order]
    values = values.transpose([*order, *others]).reshape([values.shape[i] for i in order])
    return values[:, :, 0] if values.shape[2:] == (1,) else values
