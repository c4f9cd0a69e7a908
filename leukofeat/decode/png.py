"""PNG: its checksums are read before its pixels."""

import struct
import zlib

import numpy as np

from leukofeat.decode.alpha import has_alpha, lay_on_white, open_header
from leukofeat.decode.damage import DamagedError
from leukofeat.decode.depth import check_depth
from leukofeat.decode.limits import check_size, check_swelling
from leukofeat.decode.opencv import decode_by_opencv
from leukofeat.opencv import cv2

# What the pixels depend on; other chunks (profiles, texts) only make libpng talk.
_NEEDED = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"eXIf")
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
_BEST_COMPRESSION = 1032  # deflate's: 258 bytes by two bits


def decode_png(data: bytes) -> np.ndarray:
    """RGB pixels, shape (height, width, 3), uint8: 16 bits keep their high byte, transparent pixels are laid on white.

    Raises
    ------
    DamagedError
        Where a chunk is missing, cut short or does not agree with its checksum.
    UnsuitedError
        For more pixels than are read, and 16 bits that a camera filled to 14 or fewer.
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
        Where a chunk is cut short or does not agree with its checksum, or the header promises more pixels than the others can hold.
    UnsuitedError
        For more pixels than are read.
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
    if len(kept) < 2 or kept[1][:8] != b"\0\0\0\x0dIHDR":
        raise DamagedError("its first chunk is not its header")
    width, height, bits, colors = struct.unpack(">IIBB", kept[1][8:18])
    packed = sum(len(chunk) - 12 for chunk in kept if chunk[4:8] == b"IDAT")
    bits_a_pixel = max(bits, 1) * _CHANNELS.get(colors, 1)
    check_size(width, height, packed * _BEST_COMPRESSION * 8 / bits_a_pixel)
    transparent = colors in (4, 6) or any(chunk[4:8] == b"tRNS" for chunk in kept)
    check_swelling(width * height * max(4 if transparent else 3, bits_a_pixel / 8), packed)
    return b"".join(kept)
