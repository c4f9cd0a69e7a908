"""Files that ask for more than they hold: refused by name before memory is taken."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from leukofeat import ImageError, read_image, read_labels
from leukofeat.decode import jpeg as jpeg_module
from leukofeat.decode import limits
from tests.decode.damage import pristine

FILES = pristine()


def png(width, height, packed=b"", bits=8, colors=2, extra=b""):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colors, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + extra + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def jpeg(width, height):
    data = bytearray(FILES["plain.jpg"])
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def bmp(width, height, packed=0, bits=24):
    data = bytearray(FILES["plain.bmp"])
    struct.pack_into("<iiHHI", data, 18, width, height, 1, bits, packed)
    return bytes(data)


def tiff(**tags):
    stream = io.BytesIO()
    tifffile.imwrite(stream, np.zeros((64, 64, 3), np.uint8), photometric="rgb", compression="zlib", tile=(32, 32))
    data = bytearray(stream.getvalue())
    with tifffile.TiffFile(io.BytesIO(bytes(data))) as file:
        places = {tag.name: tag.offset for tag in file.pages.first.tags}
    for name, value in tags.items():
        struct.pack_into("<HII", data, places[name] + 2, 4, 1, value)
    return bytes(data)


def refused(data, tmp_path, words, read=read_image):
    file = tmp_path / "a.img"
    file.write_bytes(data)
    with pytest.raises(ImageError) as caught:
        read(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert words in str(caught.value)


LIARS = {
    "png": png(65535, 65535, zlib.compress(bytes(2000))),
    "tall png": png(1, 2**31 - 1, zlib.compress(bytes(2000))),
    "grey png of one bit": png(2**30, 2**30, zlib.compress(bytes(2000)), 1, 0),
    "png of 16 bits": png(2**15, 2**15, zlib.compress(bytes(2000)), 16, 6),
    "jpeg": jpeg(65500, 65500),
    "bmp": bmp(2**31 - 1, 1),
    "bmp of runs": bmp(30000, 30000, 1, 8),
    "bmp of no bits": bmp(30000, 30000, 0, 0),
    "tiff": tiff(ImageWidth=2**31, ImageLength=2**31),
    "tiff with tiles": tiff(TileWidth=2**16, TileLength=2**16),
}


@pytest.mark.parametrize("name", LIARS)
def test_who_promises_more_than_its_bytes_hold_is_damaged(name, tmp_path):
    refused(LIARS[name], tmp_path, "damaged")


@pytest.mark.parametrize("name", [name for name in LIARS if "png" in name or "tiff" in name])
def test_a_label_map_that_promises_more_than_it_holds(name, tmp_path):
    refused(LIARS[name], tmp_path, "", read_labels)


@pytest.mark.parametrize("name", FILES)
def test_the_limit_is_a_message_with_a_way_out(name, tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_PIXELS", 4799)
    refused(FILES[name], tmp_path, "80 x 60 pixels are more than the 4,799 that are read")
    refused(FILES[name], tmp_path, "set LEUKOFEAT_MAX_PIXELS in the environment")


def test_a_picture_of_one_colour_is_no_liar(tmp_path):
    """What compresses best: nothing that an encoder writes is taken for a lie."""
    white = Image.new("RGB", (3000, 3000), "white")
    options = {"jpg": {"progressive": True, "optimize": True, "quality": 5}, "png": {"compress_level": 9}, "bmp": {}}
    for suffix, option in options.items():
        white.save(tmp_path / f"a.{suffix}", **option)
        assert read_image(tmp_path / f"a.{suffix}").shape == (3000, 3000, 3)
    for mode in ("1", "L"):
        white.convert(mode).save(tmp_path / "a.png", compress_level=9)
        assert read_labels(tmp_path / "a.png").shape == (3000, 3000)
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        white.save(tmp_path / "a.tif", compression=compression)
        assert read_image(tmp_path / "a.tif").shape == (3000, 3000, 3)


def test_the_limit_of_the_environment():
    code = "from leukofeat.decode import limits; print(limits.MAX_PIXELS)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {limits.VARIABLE: "7"}, capture_output=True, text=True
    )
    assert done.stdout == "7\n"
    for bad in ("many", "0", "-3", "1e9"):
        with pytest.raises(ValueError, match="LEUKOFEAT_MAX_PIXELS must be a whole number"):
            limits.most_pixels(bad)


SWELLING = {
    "png with alpha": png(9000, 9000, zlib.compress(bytes(9000 * 9000 * 4), 1), 8, 6),
    "png of 16 bits": png(9000, 9000, zlib.compress(bytes(9000 * 9000 * 4), 1), 16, 4),
}


@pytest.mark.parametrize("name", SWELLING)
def test_what_swells_to_more_than_the_largest_picture_is_refused(name, tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_PIXELS", 85_000_000)
    refused(SWELLING[name], tmp_path, "would swell to 324 MB, as no photograph does")


def test_a_progressive_jpeg_that_swells_is_refused(tmp_path, monkeypatch):
    Image.new("RGB", (3000, 3000)).save(tmp_path / "a.jpg", progressive=True)
    data = (tmp_path / "a.jpg").read_bytes()
    monkeypatch.setattr(limits, "MAX_PIXELS", 10_000_000)
    refused(data, tmp_path, "would swell to 81 MB")


def test_a_jpeg_of_thousands_of_scans(tmp_path, monkeypatch):
    data = FILES["progressive.jpg"]
    scan = data[data.rindex(b"\xff\xda") : -2]
    monkeypatch.setattr(jpeg_module, "_FREE", 0)
    refused(data[:-2] + 2000 * scan + data[-2:], tmp_path, "scans, more than the 100 that are read")


def test_a_text_that_unpacks_to_a_gigabyte_is_passed_over(tmp_path):
    text = b"Comment\0\0" + zlib.compress(bytes(2**24))
    chunk = struct.pack(">I", len(text)) + b"zTXt" + text + struct.pack(">I", zlib.crc32(b"zTXt" + text))
    (tmp_path / "a.png").write_bytes(png(2, 1, zlib.compress(b"\0" + bytes(6)), extra=chunk))
    assert read_image(tmp_path / "a.png").shape == (1, 2, 3)


@pytest.mark.parametrize("compression", ["zlib", "lzma"])
def test_a_strip_that_swells_beyond_its_pixels(compression, tmp_path):
    """The header tells of 60 x 80 pixels; the one strip is of a much larger one."""
    stream = io.BytesIO()
    tifffile.imwrite(stream, np.zeros((10, 10), np.uint8), compression=compression)
    data = bytearray(stream.getvalue())
    with tifffile.TiffFile(io.BytesIO(bytes(data))) as file:
        places = {tag.name: tag.offset for tag in file.pages.first.tags}
    pack = tifffile.TIFF.COMPRESSORS[8 if compression == "zlib" else 34925]
    bomb = pack(bytes(600_000_000 if compression == "zlib" else 2_000_000))
    struct.pack_into("<HII", data, places["StripOffsets"] + 2, 4, 1, len(data))
    struct.pack_into("<HII", data, places["StripByteCounts"] + 2, 4, 1, len(bomb))
    refused(bytes(data) + bomb, tmp_path, "swells beyond its pixels")
    refused(bytes(data) + bomb, tmp_path, "swells beyond its pixels", read_labels)


def test_large_honest_strips_are_read_as_ever(tmp_path, rng):
    picture = rng.integers(0, 256, (700, 800, 3), np.uint8)
    for options in ({"rowsperstrip": 700}, {"tile": (512, 512)}, {"rowsperstrip": 700, "predictor": True}):
        tifffile.imwrite(tmp_path / "a.tif", picture, photometric="rgb", compression="zlib", **options)
        np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), picture)


def test_pages_in_a_circle_and_without_end(tmp_path):
    data = bytearray(FILES["plain.tif"])
    (at,) = struct.unpack_from("<I", data, 4)
    (n,) = struct.unpack_from("<H", data, at)
    circle = data.copy()
    struct.pack_into("<I", circle, at + 2 + 12 * n, at)
    refused(bytes(circle), tmp_path, "pages run in a circle")
    refused(bytes(circle), tmp_path, "pages run in a circle", read_labels)
    struct.pack_into("<I", data, at + 2 + 12 * n, len(data))
    start = len(data)
    chain = b"".join(struct.pack("<HHHIII", 1, 254, 4, 1, 0, start + 18 * (i + 1)) for i in range(10_001))
    refused(bytes(data) + chain, tmp_path, "more than 10,000 pages")


def test_a_width_that_stands_there_twice(tmp_path):
    data = bytearray(FILES["plain.tif"])
    (at,) = struct.unpack_from("<I", data, 4)
    (n,) = struct.unpack_from("<H", data, at)
    struct.pack_into("<H", data, at + 2 + 12 * (n - 1), 256)
    refused(bytes(data), tmp_path, "tag 256 stands there twice")


def npy(head):
    head = head.ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + bytes(100)


@pytest.mark.parametrize(
    "shape", ["(2000000000, 2)", "(2305843009213693952, 8)", "(-1, 4)", "(1e3, 2)", "((2, 3), 4)", "(4, True)"]
)
def test_an_array_that_promises_more_than_it_holds(shape, tmp_path):
    refused(npy(f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}"), tmp_path, "", read_labels)


@pytest.mark.parametrize("kind", ["|O", "|S0", "|V8", "<M8[s]", "|u3", "[('a', '|O')]", "__import__('os')"])
def test_an_array_of_odd_types(kind, tmp_path):
    told = kind if kind[0] in "[_" else repr(kind)
    refused(npy(f"{{'descr': {told}, 'fortran_order': False, 'shape': (2, 2), }}"), tmp_path, "", read_labels)


@pytest.mark.parametrize("read", [read_image, read_labels])
def test_pipes_and_devices_are_not_waited_for(read, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in (tmp_path / "pipe", "/dev/zero"):
        with pytest.raises(ImageError, match="is no file but a pipe or a device; name a file"):
            read(name)


def is_read_or_refused(data, file):
    file.write_bytes(data)
    try:
        return read_image(file).shape == (8, 8, 3)
    except ImageError as error:
        return str(error).startswith(f"{file}: ")


def test_a_value_beyond_all_places_of_a_file(tmp_path):
    stream = io.BytesIO()
    tifffile.imwrite(
        stream,
        np.zeros((8, 8, 4), np.uint8),
        photometric="rgb",
        extrasamples=["unassalpha"],
        bigtiff=True,
        software="x" * 20,
    )
    data = bytearray(stream.getvalue())
    with tifffile.TiffFile(io.BytesIO(bytes(data))) as file:
        place = file.pages.first.tags["Software"].offset
    struct.pack_into("<Q", data, place + 12, 2**64 - 3)
    assert is_read_or_refused(bytes(data), tmp_path / "a.tif")
