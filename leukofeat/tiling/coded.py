"""Strips and tiles that libtiff decodes, and tifffile by itself does not."""

import struct
from typing import Any

import numpy as np

from leukofeat.decode.damage import DamagedError
from leukofeat.decode.listen import listening
from leukofeat.decode.opencv import decode_by_opencv
from leukofeat.opencv import cv2

PALETTE = 3  # the photometric of it
# tags that a strip or tile needs to be a file of its own, and the type that they are written in
_TAGS = {258: "H", 259: "H", 262: "H", 277: "H", 317: "H", 347: "B", 530: "H"}


def decode_coded(page: Any, data: bytes, rows: int, columns: int) -> np.ndarray:
    """Values of a strip or tile in LZW or JPEG, (rows, columns, samples): made a file of its own for OpenCV's reader."""
    with listening() as said:
        pixels = decode_by_opencv(
            _alone(page, data, rows, columns), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
        )
    if said:
        raise DamagedError(said[0])
    if pixels.ndim == 2:
        return pixels[:, :, None]
    order = [2, 1, 0, 3][: pixels.shape[2]]
    return np.ascontiguousarray(pixels[:, :, order])


def _alone(page: Any, data: bytes, rows: int, columns: int) -> bytes:
    """A little-endian TIFF of one strip with the data of a strip or tile."""
    order = page.parent.byteorder
    entries: dict[int, tuple[str, tuple[int, ...] | bytes]] = {
        256: ("I", (columns,)),
        257: ("I", (rows,)),
        278: ("I", (rows,)),
    }
    for tag, kind in _TAGS.items():
        if tag in page.tags:
            value = page.tags[tag].value
            entries[tag] = kind, value if isinstance(value, (bytes, tuple)) else (int(value),)
    if page.photometric == PALETTE:  # the numbers, without their colours
        entries[262] = "H", (1,)
    if len(page.extrasamples):
        entries[338] = "H", tuple(int(one) for one in page.extrasamples)
    entries |= {273: ("I", (0,)), 279: ("I", (len(data),))}
    return _file(entries, data, order)


def _file(entries: dict[int, tuple[str, tuple[int, ...] | bytes]], data: bytes, order: str) -> bytes:
    codes = {"B": 7, "H": 3, "I": 4}
    place = 8 + 2 + 12 * len(entries) + 4
    directory, more = b"", b""
    for tag, (kind, value) in sorted(entries.items()):
        if tag == 273:
            continue
        packed = value if isinstance(value, bytes) else struct.pack(f"{order}{len(value)}{kind}", *value)
        count = len(value)
        if len(packed) > 4:
            directory += struct.pack(f"{order}HHII", tag, codes[kind], count, place + len(more))
            more += packed + b"\0" * (len(packed) % 2)
        else:
            directory += struct.pack(f"{order}HHI", tag, codes[kind], count) + packed.ljust(4, b"\0")
    strip = struct.pack(f"{order}HHII", 273, codes["I"], 1, place + len(more))
    at = 12 * sum(tag < 273 for tag in entries)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    return (
        head
        + struct.pack(f"{order}H", len(entries))
        + directory[:at]
        + strip
        + directory[at:]
        + b"\0" * 4
        + more
        + data
    )
