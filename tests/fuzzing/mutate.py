"""Mutated files, drawn from a generator: what a disk, a bad program or an enemy makes of a good file."""

from __future__ import annotations

import io
import itertools
import re
import struct
import zipfile
import zlib
from collections.abc import Callable

import numpy as np

_WORDS = (0, 1, 2, 3, 7, 8, 127, 128, 255, 256, 2**15 - 1, 2**15, 2**16 - 1, 2**16, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
_NUMBERS = (
    b"0",
    b"-1",
    b"1e308",
    b"1e-320",
    b"nan",
    b"-inf",
    b"99999999999999999999999",
    b"0x10",
    b"1_0",
    b"",
    b"true",
    b"[]",
    b"{}",
)
_TOKENS = (
    b"\xff\xd8", b"\xff\xd9", b"\xff\xda", b"\xff\xc0", b"\xff\xc2", b"\xff\xdd", b"IHDR", b"IDAT", b"IEND", b"PLTE", b"tRNS", b"eXIf", b"acTL",
    b"BM", b"II*\0", b"MM\0*", b"II+\0", b"Exif\0\0", b"\x93NUMPY", b"PK\x03\x04", b"PK\x05\x06", b"PAR1", b"SQLite format 3\0",
    b"'descr': '|O'", b"'shape': (99999999999, 99)", b"__loader__", b"MethodNode", b"posix.system", b"builtins.eval", b"[" * 3000, b'{"a":' * 2000,
    b"=cmd|' /C calc'!A0", b"<script>alert(1)</script>", b"\x1b[2J", b"\xe2\x80\xae", b"\r\n", b"\0", b'"', b"'", b"../../etc/passwd", b"/dev/zero",
)  # fmt: skip


def flip_bits(data: bytes, rng: np.random.Generator) -> bytes:
    """Some bits, one to sixteen."""
    changed = bytearray(data)
    for at in rng.integers(0, len(data), int(rng.integers(1, 17))):
        changed[at] ^= 1 << int(rng.integers(0, 8))
    return bytes(changed)


def run_of_bytes(data: bytes, rng: np.random.Generator) -> bytes:
    """A run of one value, or of any, somewhere."""
    at, length = _stretch(data, rng)
    value = int(rng.choice([0, 255, int(rng.integers(0, 256))]))
    run = bytes([value]) * length if rng.random() < 0.7 else rng.bytes(length)
    return data[:at] + run + data[at + length :]


def cut(data: bytes, rng: np.random.Generator) -> bytes:
    """The beginning of the file, at times with its last bytes."""
    end = data[-int(rng.integers(1, 40)) :] if rng.random() < 0.3 else b""
    return data[: int(rng.integers(0, len(data)))] + end


def remove(data: bytes, rng: np.random.Generator) -> bytes:
    """Without a stretch."""
    at, length = _stretch(data, rng)
    return data[:at] + data[at + length :]


def repeat(data: bytes, rng: np.random.Generator) -> bytes:
    """A stretch several times, at times hundreds."""
    at, length = _stretch(data, rng)
    times = int(rng.choice([2, 3, 10, 300]))
    return data[:at] + data[at : at + min(length, 20_000 // times + 1)] * times + data[at + length :]


def word(data: bytes, rng: np.random.Generator) -> bytes:
    """A number of two, four or eight bytes near the beginning or anywhere, set to one that programs stumble over."""
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 4))):
        size = int(rng.choice([2, 4, 8]))
        at = int(rng.integers(0, max(1, min(len(data), 400 if rng.random() < 0.6 else len(data)) - size)))
        value = int(rng.choice(_WORDS)) % 2 ** (8 * size)
        changed[at : at + size] = value.to_bytes(size, "little" if rng.random() < 0.5 else "big")
    return bytes(changed)


def number(data: bytes, rng: np.random.Generator) -> bytes:
    """A number that is written in digits, as in CSV, JSON or TOML, set to another."""
    found = list(re.finditer(rb"-?\d+(\.\d+)?", data[:200_000]))
    if not found:
        return token(data, rng)
    at = found[int(rng.integers(0, len(found)))]
    return data[: at.start()] + _NUMBERS[int(rng.integers(0, len(_NUMBERS)))] + data[at.end() :]


def token(data: bytes, rng: np.random.Generator) -> bytes:
    """A word that formats know, put in or over something."""
    found = _TOKENS[int(rng.integers(0, len(_TOKENS)))]
    at = int(rng.integers(0, len(data) + 1))
    return data[:at] + found + data[at + (len(found) if rng.random() < 0.5 else 0) :]


def field(data: bytes, rng: np.random.Generator) -> bytes:
    """A field of the header, told by the format: sizes, depths, counts, offsets; a PNG's checksum is mended."""
    changed = bytearray(data)
    value = int(rng.choice(_WORDS)) if rng.random() < 0.7 else int(rng.integers(0, 2**20))
    if data.startswith(b"\x89PNG") and len(data) > 40:
        return _png_field(changed, value, rng)
    if data.startswith(b"\xff\xd8"):
        frames = [
            at
            for at in range(len(data) - 9)
            if data[at] == 255 and data[at + 1] in (0xC0, 0xC1, 0xC2, 0xC4, 0xDA, 0xDB, 0xDD)
        ]
        if frames:
            at = frames[int(rng.integers(0, len(frames)))] + int(rng.integers(2, 9))
            changed[at : at + 2] = (value % 2**16).to_bytes(2, "big")
    elif data.startswith(b"BM"):
        at = int(rng.choice([2, 10, 14, 18, 22, 26, 28, 30, 34, 46]))
        changed[at : at + 4] = (value % 2**32).to_bytes(4, "little")
    elif data[:4] in (b"II*\0", b"II+\0"):
        _tiff_field(changed, value, rng)
    else:
        return word(data, rng)
    return bytes(changed)


def _png_field(changed: bytearray, value: int, rng: np.random.Generator) -> bytes:
    at = int(rng.choice([16, 20, 24, 25, 26, 27, 28]))
    size = 4 if at < 24 else 1
    changed[at : at + size] = (value % 2 ** (8 * size)).to_bytes(size, "big")
    changed[29:33] = struct.pack(">I", zlib.crc32(changed[12:29]))
    return bytes(changed)


def _tiff_field(changed: bytearray, value: int, rng: np.random.Generator) -> None:
    big = changed[2] == 43
    at = int.from_bytes(changed[8:16] if big else changed[4:8], "little")
    head, entry, width = (8, 20, 8) if big else (2, 12, 4)
    n = int.from_bytes(changed[at : at + head], "little")
    if at >= len(changed) or not 0 < n < 1000:
        return
    start = at + head + entry * int(rng.integers(0, n + 1))
    place, size = [(0, 2), (2, 2), (4, width), (4 + width, width)][int(rng.integers(0, 4))]
    changed[start + place : start + place + size] = (value % 2 ** (8 * size)).to_bytes(size, "little")


def chunks(data: bytes, rng: np.random.Generator) -> bytes:
    """Chunks of a PNG or segments of a JPEG left out, doubled or exchanged; of other files stretches."""
    parts = (
        _png_chunks(data)
        if data.startswith(b"\x89PNG")
        else _jpeg_segments(data)
        if data.startswith(b"\xff\xd8")
        else []
    )
    if len(parts) < 3:
        return repeat(data, rng) if rng.random() < 0.5 else remove(data, rng)
    i, j = (int(k) for k in rng.integers(0, len(parts), 2))
    way = int(rng.integers(0, 4))
    if way == 0:
        del parts[i]
    elif way == 1:
        parts.insert(j, parts[i])
    elif way == 2:
        parts[i], parts[j] = parts[j], parts[i]
    else:
        parts[i : i + 1] = [parts[i]] * int(rng.choice([2, 50, 500]))
    return b"".join(parts)


def _png_chunks(data: bytes) -> list[bytes]:
    parts, at = [data[:8]], 8
    while at + 12 <= len(data):
        end = min(at + 12 + int.from_bytes(data[at : at + 4], "big"), len(data))
        parts.append(data[at:end])
        at = end
    return parts


def _jpeg_segments(data: bytes) -> list[bytes]:
    starts = [m.start() for m in re.finditer(rb"\xff[\xc0-\xcf\xd8-\xfe]", data)] + [len(data)]
    return [data[a:b] for a, b in itertools.pairwise(starts)]


def _stretch(data: bytes, rng: np.random.Generator) -> tuple[int, int]:
    at = int(rng.integers(0, max(1, len(data))))
    return at, int(min(len(data) - at, 2 ** rng.uniform(0, np.log2(max(2, len(data))))))


MUTATORS: dict[str, Callable[[bytes, np.random.Generator], bytes]] = {
    found.__name__: found
    for found in (flip_bits, run_of_bytes, cut, remove, repeat, word, number, token, field, chunks)
}


def splice(one: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """The beginning of one file and the end of another."""
    return one[: int(rng.integers(0, len(one) + 1))] + other[int(rng.integers(0, len(other) + 1)) :]


def mutate(data: bytes, others: list[bytes], rng: np.random.Generator) -> tuple[bytes, str]:
    """One to three accidents of a file, and what they are called."""
    if rng.random() < 0.08:
        return splice(data, others[int(rng.integers(0, len(others)))], rng), "splice"
    if data.startswith(b"PK\x03\x04") and rng.random() < 0.7:
        return inside(data, rng), "inside"
    names = [list(MUTATORS)[int(k)] for k in rng.integers(0, len(MUTATORS), int(rng.choice([1, 1, 1, 2, 3])))]
    for name in names:
        data = MUTATORS[name](data, rng) if data else data
    if data.startswith(b"\x89PNG") and rng.random() < 0.6:
        data = mended(data)
    return data, names[0]


def inside(data: bytes, rng: np.random.Generator) -> bytes:
    """An archive of which one entry is mutated and all checksums are right."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(stream, "w") as changed:
        names = archive.namelist()
        chosen = names[int(rng.integers(0, len(names)))] if rng.random() < 0.6 else "schema.json"
        for name in names:
            entry = archive.read(name)
            if name == chosen:
                mutator = list(MUTATORS.values())[int(rng.integers(0, len(MUTATORS)))]
                entry = mutator(entry, rng)
            changed.writestr(name, entry)
    return stream.getvalue()


def mended(data: bytes) -> bytes:
    """A PNG with the checksums of its chunks made right."""
    parts = _png_chunks(data)
    return parts[0] + b"".join(
        part[:-4] + struct.pack(">I", zlib.crc32(part[4:-4])) if len(part) >= 12 else part for part in parts[1:]
    )
