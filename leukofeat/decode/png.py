"""PNG: its checksums are read before its pixels."""

import zlib

import numpy as np

from leukofeat.decode.alpha import has_alpha, lay_on_white, open_header
from leukofeat.decode.damage import DamagedError
from leukofeat.decode.depth import check_depth
from leukofeat.decode.opencv import decode_by_opencv
from leukofeat.opencv import cv2

# What the pixels depend on; other chunks (profiles, texts) only make libpng talk.
_NEEDED = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"eXIf")


def decode_png(data: bytes) -> np.ndarray:
    """RGB pixels, shape (height, width, 3), uint8: 16 bits keep their high byte, transparent pixels are laid on white.

    Raises
    ------
    DamagedError
        Where a chunk is missing, cut short or does not agree with its checksum.
    """
    data = checked_png(data)
    if data[24] == 16:
        check_depth(decode_by_opencv(data, cv2.IMREAD_UNCHANGED))
    header = open_header(data)
    if header is not None and has_alpha(header):
        return lay_on_white(header)
    return decode_by_opencv(data)


def checked_png(data: bytes) -> bytes:
    """The chunks that pixels depend on.

    Raises
    ------
    DamagedError
        Where a chunk is cut short or does not agree with its checksum.
    """
    kept, at, kind = [data[:8]], 8, b""
    while kind != b"IEND":
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        end = at + 12 + length
        if end > len(data):
            raise DamagedError("truncated: a chunk ends after the file")
        if zlib.crc32(data[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            raise DamagedError(f"the checksum of its chunk {kind.decode('latin-1')} is wrong")
        if kind in _NEEDED:
            kept.append(data[at:end])
        at = end
    return b"".join(kept)
