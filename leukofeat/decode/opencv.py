"""OpenCV's decoders, with an error where they return nothing."""

import numpy as np

from leukofeat.decode.damage import DamagedError
from leukofeat.opencv import cv2


def decode_by_opencv(data: bytes, flags: int = cv2.IMREAD_COLOR_RGB) -> np.ndarray:
    """Pixels, by default RGB of shape (height, width, 3) and type uint8; EXIF's orientation is applied."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if pixels is None:
        raise DamagedError("its pixels cannot be decoded")
    return np.asarray(pixels)
