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
        scans = data.count(b"\xff\xda")
        if scans > _MOST_SCANS:
            raise UnsuitedError(
                f"it comes in {scans:,} scans, more than the {_MOST_SCANS} that are read; save it again"
            )
        # of several scans libjpeg keeps two bytes of each value beside the pixels
        check_swelling(width * height * (9 if scans > 1 else 3), len(data))
        inks = space in ("CMYK", "YCCK")
        pixels = simplejpeg.decode_jpeg(data, "CMYK" if inks else "RGB", strict=True)
    except ValueError as error:
        raise DamagedError(str(error)) from error
    # OpenCV, which says nothing of damage, converts inks and turns the image
    if inks or b"Exif\0\0" in data[:65536]:
        del pixels
        return decode_by_opencv(data)
    return pixels
