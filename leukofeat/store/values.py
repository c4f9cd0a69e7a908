"""Arrays and plain values as bytes with a checksum, and back; nothing is executed on reading."""

import json
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

_COMPRESSED = 1 << 14  # bytes from which on a value is worth compressing
_HEAD = 5  # how it is written, and the checksum


def encode(value: Mapping[str, Any]) -> bytes:
    r"""Arrays and plain values as bytes: a checksum, a line of JSON that says what follows, then the arrays.

    Raises
    ------
    TypeError
        For anything that would come back as something else, such as a tuple, a dict whose keys are numbers, a masked array.

    Examples
    --------
    >>> encode({"cells": 2, "areas": np.zeros(2, np.uint8)})[5:]
    b'{"cells": {"value": 2}, "areas": {"dtype": "|u1", "shape": [2]}}\n\x00\x00'
    """
    head: dict[str, Any] = {}
    body = []
    for name, item in value.items():
        if type(item) in (np.ndarray, np.memmap) or isinstance(item, np.generic):
            if item.dtype.kind in "OV":
                raise TypeError(f"{name}: an array of objects cannot be stored.")
            head[name] = {"dtype": item.dtype.str, "shape": item.shape} | (
                {"scalar": True} if isinstance(item, np.generic) else {}
            )
            body.append(np.ascontiguousarray(item).tobytes())
        elif _is_plain(item):
            head[name] = {"value": item}
        else:
            raise TypeError(f"{name}: a value of type {type(item).__name__} cannot be stored as it is.")
    data = json.dumps(head).encode() + b"\n" + b"".join(body)
    kind, data = (b"z", zlib.compress(data, 1)) if len(data) > _COMPRESSED else (b"=", data)
    return kind + zlib.crc32(data).to_bytes(4, "big") + data


def _is_plain(item: Any) -> bool:
    """Whether JSON gives it back as it is."""
    if type(item) is list:
        return all(map(_is_plain, item))
    if type(item) is dict:
        return all(type(key) is str for key in item) and all(map(_is_plain, item.values()))
    return item is None or type(item) in (bool, int, float, str)


def decode(data: bytes) -> dict[str, Any]:
    """What :func:`encode` wrote.

    Raises
    ------
    ValueError
        When it is damaged.

    Examples
    --------
    >>> decode(encode({"cells": 2}))
    {'cells': 2}
    """
    try:
        return _decoded(data)
    except (
        TypeError,
        KeyError,
        AttributeError,
        zlib.error,
        RecursionError,
        MemoryError,
    ) as error:  # a forged one may hold anything
        raise ValueError("A stored value is damaged.") from error


def _decoded(data: bytes) -> dict[str, Any]:
    written = memoryview(data)[_HEAD:]
    if zlib.crc32(written) != int.from_bytes(data[1:_HEAD], "big"):
        raise ValueError("A stored value is damaged.")
    plain = zlib.decompress(written) if data[:1] == b"z" else bytes(written)
    head, _, body = plain.partition(b"\n")
    value, at = {}, 0
    for name, item in json.loads(head).items():
        if "value" in item:
            value[name] = item["value"]
        else:
            array = np.empty(item["shape"], item["dtype"])
            array.reshape(-1).view(np.uint8)[:] = np.frombuffer(body, np.uint8)[at : at + array.nbytes]
            value[name] = array[()] if "scalar" in item else array
            at += array.nbytes
    return value
