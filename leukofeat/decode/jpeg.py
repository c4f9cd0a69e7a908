"""JPEG, strictly: whatever libjpeg would complain of counts as damage."""

import numpy as np
import simplejpeg

from leukofeat.decode.damage import DamagedError, UnsuitedError
from leukofeat.decode.limits import check_size, check_swelling
from leukofeat.decode.opencv import decode_by_opencv

# A block of 64 pixels takes a bit at least, where its other values are left out.
_PIXELS_A_BYTE = 1024
# Encoders write ten or so; each is a walk over the whole picture, which a few bytes can ask for.
_MOST_SCANS = 100
_FREE = 2**34  # pixels by bytes: as many scans as fit into so few bytes take no time


def decode_jpeg(data: bytes) -> np.ndarray:
    """RGB pixels, shape (height, width, 3), uint8, turned as EXIF says.

    Raises
    ------
    DamagedError
        Where data are missing, left over or cannot be read; libjpeg itself would fill in grey and go on.
    UnsuitedError
        For more pixels, or more passes over them, than are read.
    """
    try:
        height, width, space, _ = simplejpeg.decode_jpeg_header(data)
        check_size(width, height, len(data) * _PIXELS_A_BYTE)
        if width * height * len(data) > _FREE:
            _check_scans(data, width * height)
        inks = space in ("CMYK", "YCCK")
        pixels = simplejpeg.decode_jpeg(data, "CMYK" if inks else "RGB", strict=True)
    except ValueError as error:
        raise DamagedError(str(error)) from error
    # OpenCV, which says nothing of damage, converts inks and turns the image
    if inks or b"Exif\0\0" in data[:65536]:
        del pixels
        return decode_by_opencv(data)
    return pixels


def _check_scans(data: bytes, n_pixels: int) -> None:
    if not _has_scans(data):
        return
    scans = data.count(b"\xff\xda")
    if scans > _MOST_SCANS:
        raise UnsuitedError(f"it comes in {scans:,} scans, more than the {_MOST_SCANS} that are read; save it again")
    # libjpeg keeps two bytes of each value beside the pixels
    check_swelling(9 * n_pixels, len(data))


def _has_scans(data: bytes) -> bool:
    """Whether more than one scan is read: of a progressive file, and where the first scan has not all components."""
    at, frame, components = 2, 0, 0
    while at + 10 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xDA:
            return frame not in (0xC0, 0xC1) or data[at + 4] < components
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            frame, components = marker, data[at + 9]
        at += 1 if marker == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return True
