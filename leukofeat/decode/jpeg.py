"""JPEG, strictly: whatever libjpeg would complain of counts as damage."""

import numpy as np
import simplejpeg

from leukofeat.decode.damage import DamagedError
from leukofeat.decode.opencv import decode_by_opencv


def decode_jpeg(data: bytes) -> np.ndarray:
    """RGB pixels, shape (height, width, 3), uint8, turned as EXIF says.

    Raises
    ------
    DamagedError
        Where data are missing, left over or cannot be read; libjpeg itself would fill in grey and go on.
    """
    try:
        inks = simplejpeg.decode_jpeg_header(data)[2] in ("CMYK", "YCCK")
        pixels = simplejpeg.decode_jpeg(data, "CMYK" if inks else "RGB", strict=True)
    except ValueError as error:
        raise DamagedError(str(error)) from error
    # OpenCV, which says nothing of damage, converts inks and turns the image
    if inks or b"Exif\0\0" in data[:65536]:
        return decode_by_opencv(data)
    return pixels
