"""What a TIFF may ask for: pages, tiles, and how far its strips may swell."""

import lzma
import math
import struct
import zlib
from typing import Any

from leukofeat.decode.damage import DamagedError, UnsuitedError
from leukofeat.decode.limits import MAX_PIXELS, check_size, check_swelling

_MOST_PAGES = 10_000
_BEST_COMPRESSION = 1100  # deflate's, of one colour; the others' is less
_DEFLATE, _LZMA = (8, 32946), 34925
_FREE, _ALONE = 2**28, 2**29  # bytes that a strip may swell to without being looked at, one of many and one alone
_DICTIONARY = 2**27  # bytes that LZMA may take for itself; its strongest preset takes 2**26
_SIZES = (256, 257, 258, 259, 277, 322, 323)  # tags: a second one is what another reader would believe


def check_pages(data: bytes) -> None:
    """Raise where the chain of pages runs in a circle or has no end in sight: who reads them one by one would not end either.

    Raises
    ------
    DamagedError, UnsuitedError
    """
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    first, count, word, entry = (8, "Q", "Q", 20) if big else (4, "H", "I", 12)
    n_count = struct.calcsize(f"={count}")
    seen: set[int] = set()
    at = _number(data, first, order + word)
    while at and at + n_count <= len(data):
        if at in seen:
            raise DamagedError("its pages run in a circle")
        n = _number(data, at, order + count)
        if not seen:
            _check_tags(data, at + n_count, min(n, 65535), entry, order)
        seen.add(at)
        if len(seen) > _MOST_PAGES:
            raise UnsuitedError(f"it has more than {_MOST_PAGES:,} pages; save each picture by itself")
        at = _number(data, at + n_count + n * entry, order + word)


def _number(data: bytes, at: int, kind: str) -> int:
    """The number at a place, 0 behind the end of the file."""
    return int(struct.unpack_from(kind, data, at)[0]) if at + struct.calcsize(kind) <= len(data) else 0


def _check_tags(data: bytes, at: int, n: int, entry: int, order: str) -> None:
    tags = [_number(data, at + i * entry, f"{order}H") for i in range(n)]
    twice = [tag for tag in _SIZES if tags.count(tag) > 1]
    if twice:
        raise DamagedError(f"its tag {twice[0]} stands there twice")


def check_promise(page: Any, n_bytes: int) -> None:
    """Raise where a file is too short for the pixels that its header tells of, or asks for more than is read.

    Parameters
    ----------
    page : tifffile.TiffPage
    n_bytes : int
        Length of the file.

    Raises
    ------
    DamagedError, UnsuitedError
    """
    bits = max(1, page.samplesperpixel * page.bitspersample) * max(1, page.imagedepth)
    check_size(
        page.imagewidth, page.imagelength, n_bytes * (1 if page.compression == 1 else _BEST_COMPRESSION) * 8 / bits
    )
    check_swelling(page.imagewidth * page.imagelength * max(4 if page.extrasamples else 3, bits / 8), n_bytes)
    if page.is_tiled:
        tile = page.tilewidth * page.tilelength * max(1, page.tiledepth)
        padded = tile * math.prod(page.chunked) / max(1, page.samplesperpixel if page.planarconfig == 2 else 1)
        if padded > 8 * page.imagewidth * page.imagelength + 2**24 or padded > 2 * MAX_PIXELS:
            raise DamagedError(f"its tiles of {page.tilewidth} x {page.tilelength} pixels are not for such a picture")
    if sum(page.databytecounts) > 2 * n_bytes + 2**20:
        raise DamagedError("its strips or tiles have more bytes than the file")


def check_series(series: Any, page: Any) -> None:
    """Raise where a description promises more than its pages hold.

    Raises
    ------
    DamagedError, UnsuitedError
    """
    planes = math.prod(series.shape) / max(1, page.imagewidth * page.imagelength * page.samplesperpixel)
    if planes > max(1, len(series.pages)):
        raise DamagedError(f"its description promises the shape {series.shape}, its pages do not")
    check_size(math.prod(series.shape), 1, math.inf)


def bound_inflation(page: Any) -> None:
    """Let no strip or tile of a page swell beyond the pixels it is for.

    Parameters
    ----------
    page : tifffile.TiffPage
        Read afterwards, it raises DamagedError.
    """
    if page.compression not in (*_DEFLATE, _LZMA):
        return
    rows, columns = (
        (page.tilelength, page.tilewidth)
        if page.is_tiled
        else (min(page.rowsperstrip, page.imagelength), page.imagewidth)
    )
    samples = page.samplesperpixel if page.planarconfig == 1 else 1
    most = rows * (columns * samples * page.bitspersample // 8 + samples) + 2**16
    free = _ALONE if len(page.databytecounts) == 1 else _FREE
    inner = page.decode

    def decode(data: bytes | None, *args: Any, **options: Any) -> Any:
        return inner(_checked(data, page.compression, most, free), *args, **options)

    page.decode = decode


def _checked(data: bytes | None, compression: int, most: int, free: int) -> bytes | None:
    """The bytes of a strip that does not swell beyond `most`."""
    if data is None:
        return None
    if compression == _LZMA:
        opened = lzma.LZMADecompressor(memlimit=_DICTIONARY)
        opened.decompress(data, max_length=most)
        if not opened.eof and not opened.needs_input:
            raise DamagedError("a strip or tile swells beyond its pixels")
        return data
    if len(data) * _BEST_COMPRESSION <= free:
        return data
    inflater = zlib.decompressobj()
    inflated = inflater.decompress(data, most)
    if inflater.unconsumed_tail:
        raise DamagedError("a strip or tile swells beyond its pixels")
    return zlib.compress(inflated, 0)  # not to be inflated once more
