"""BMP: its size is compared with what its header promises."""

import struct

import numpy as np

from leukofeat.decode.damage import DamagedError
from leukofeat.decode.limits import check_size
from leukofeat.decode.listen import listening
from leukofeat.decode.opencv import decode_by_opencv

_LONGEST_RUN = 255  # pixels by two bytes


def decode_bmp(data: bytes) -> np.ndarray:
    """RGB pixels, shape (height, width, 3), uint8.

    Raises
    ------
    DamagedError
        Where the file is shorter than its header says, or the header says what cannot be.
    UnsuitedError
        For more pixels than are read.
    """
    if len(data) < max(26, int.from_bytes(data[2:6], "little")):
        raise DamagedError("truncated: it is shorter than its header says")
    offset, width, height, bits, packed = _header(data)
    stride = (width * bits + 31) // 32 * 4
    if width <= 0 or height == 0 or not (packed or 0 <= offset <= len(data) - stride * abs(height)):
        raise DamagedError(f"its header promises {width} x {abs(height)} pixels, which it does not hold")
    check_size(width, abs(height), len(data) * (_LONGEST_RUN / 2 if packed else 8))
    with listening() as said:
        pixels = decode_by_opencv(data)
    if said:
        raise DamagedError(said[0])
    return pixels


def _header(data: bytes) -> tuple[int, int, int, int, bool]:
    """Where the pixels begin, width, height (negative: from the top), bits a pixel, and whether they are run-length coded."""
    (offset,) = struct.unpack_from("<I", data, 10)
    if data[14] == 12:  # OS/2
        width, height, _, bits = struct.unpack_from("<4H", data, 18)
        return offset, width, height, bits, False
    width, height, _, bits, packed = struct.unpack_from("<iiHHI", data.ljust(54, b"\0"), 18)
    return offset, width, height, bits, packed in (1, 2)
