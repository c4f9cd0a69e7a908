"""What a TIFF may hold beside plain RGB: planes on pages, other layouts, compressions and depths."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from leukofeat import ImageError, read_image
from leukofeat.tiling import open_field

Y, X = np.mgrid[:64, :96]
PICTURE = np.stack([X * 2, Y * 3, 255 - X], -1).astype(np.uint8)
PLANES = np.moveaxis(PICTURE, -1, 0)


@pytest.mark.parametrize(
    "options",
    [
        {"imagej": True, "metadata": {"axes": "CYX"}},
        {"ome": True, "photometric": "minisblack", "metadata": {"axes": "CYX"}},
        {"photometric": "rgb", "planarconfig": "separate"},
        {"photometric": "rgb", "planarconfig": "separate", "compression": "zlib"},
    ],
)
def test_colour_planes_are_joined(options, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", PLANES, **options)
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), PICTURE)


def test_of_several_pictures_in_planes_the_first_is_joined(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.stack([PLANES, 255 - PLANES]), imagej=True, metadata={"axes": "ZCYX"})
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), PICTURE)


@pytest.mark.parametrize("metadata", [None, {}])
def test_grey_pages_that_may_be_planes_are_refused(metadata, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", PLANES, photometric="minisblack", metadata=metadata)
    with pytest.raises(
        ImageError, match=r"a\.tif: a TIFF file, but 3 grey pages, colour planes or a stack; convert it to 8-bit RGB"
    ):
        read_image(tmp_path / "a.tif")


def test_two_channels_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", PLANES[:2], imagej=True, metadata={"axes": "CYX"})
    with pytest.raises(ImageError, match="2 channels on pages of their own"):
        read_image(tmp_path / "a.tif")


def test_of_a_stack_of_grey_pages_the_first_is_read(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", PLANES, imagej=True, metadata={"axes": "ZYX"})
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif")[:, :, 1], PLANES[0])


@pytest.mark.parametrize("compression", [None, "zlib", "packbits", "lzma"])
@pytest.mark.parametrize("tile", [None, (32, 32)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_tiles_strips_and_compressions(compression, tile, dtype, tmp_path):
    if compression == "packbits":
        Image.fromarray(PICTURE).save(tmp_path / "a.tif", compression="packbits")
    else:
        values = PICTURE.astype(dtype) * (257 if dtype == np.uint16 else 1)
        tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb", compression=compression, tile=tile)
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), PICTURE)


def test_white_is_zero(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", 255 - PICTURE[:, :, 0], photometric="miniswhite")
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif")[:, :, 2], PICTURE[:, :, 0])


def test_a_compression_that_nothing_here_reads_is_named(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", PICTURE, photometric="rgb")
    data = bytearray((tmp_path / "a.tif").read_bytes())
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        place = file.pages.first.tags["Compression"].valueoffset
    data[place : place + 2] = (50000).to_bytes(2, "little")
    (tmp_path / "a.tif").write_bytes(data)
    with pytest.raises(ImageError, match=r"its compression \(ZSTD\) cannot be read here; save it with LZW"):
        read_image(tmp_path / "a.tif")


@pytest.mark.parametrize("dtype", ["float32", "uint32"])
def test_floats_say_that_they_are_floats(dtype, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", PICTURE.astype(dtype), photometric="rgb")
    with pytest.raises(ImageError, match=f"its values are {dtype}; scale them to 0..255"):
        read_image(tmp_path / "a.tif")


@pytest.mark.parametrize("kind", ["tif", "png", "lzw"])
@pytest.mark.parametrize("bits", [10, 12, 14])
def test_a_camera_of_fewer_bits_is_not_read_as_near_black(kind, bits, tmp_path):
    values = PICTURE.astype(np.uint16) << (bits - 8)
    file = tmp_path / ("a.png" if kind == "png" else "a.tif")
    cv2.imwrite(str(file), values[:, :, ::-1], [cv2.IMWRITE_TIFF_COMPRESSION, 5 if kind == "lzw" else 1])
    with pytest.raises(ImageError, match=f"16-bit values that end at {values.max()} of 65535"):
        read_image(file)


def test_black_is_black(tmp_path):
    cv2.imwrite(str(tmp_path / "a.tif"), np.zeros((5, 5, 3), np.uint16))
    assert not read_image(tmp_path / "a.tif").any()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_picture_is_turned_once(mode, compression, orientation, tmp_path):
    picture, exif = Image.fromarray(PICTURE), Image.Exif()
    exif[274] = orientation
    picture.convert(mode).save(tmp_path / "a.tif", exif=exif, compression=compression)
    picture.getexif()[274] = orientation
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), np.asarray(ImageOps.exif_transpose(picture)))


@pytest.mark.parametrize("planarconfig", ["contig", "separate"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("photometric", ["rgb", "minisblack", "miniswhite"])
@pytest.mark.parametrize("extra", ["unassalpha", "assocalpha"])
def test_transparency_of_any_depth_and_layout(extra, photometric, dtype, planarconfig, tmp_path):
    shown, clear = PICTURE if photometric == "rgb" else PICTURE[:, :, :1], X[:, :, None] >= 48
    colours = 255 - shown if photometric == "miniswhite" else shown
    if extra == "assocalpha":  # where nothing is seen, colours are multiplied by nothing
        colours = np.where(clear, 0, colours)
    values = np.dstack([colours, np.where(clear, 0, 255)]).astype(dtype) * dtype(257 if dtype == np.uint16 else 1)
    values = np.moveaxis(values, -1, 0) if planarconfig == "separate" else values
    kinds = {"photometric": photometric, "planarconfig": planarconfig, "extrasamples": [extra]}
    tifffile.imwrite(tmp_path / "a.tif", values, **kinds)
    np.testing.assert_array_equal(
        read_image(tmp_path / "a.tif"), np.where(clear, 255, shown).repeat(3 // shown.shape[2], 2)
    )


def test_half_transparent_grey_of_which_0_is_white(tmp_path):
    for extra, expected in (("unassalpha", 155 * 128 / 255 + 127), ("assocalpha", 128 - 100 + 127)):
        values = np.full((4, 5, 2), (100, 128), np.uint8)
        tifffile.imwrite(
            tmp_path / "a.tif", values, photometric="miniswhite", planarconfig="contig", extrasamples=[extra]
        )
        assert abs(read_image(tmp_path / "a.tif") - expected).max() <= 1


@pytest.mark.parametrize("reader", [read_image, open_field])
def test_planes_beyond_transparency_are_refused_by_name(reader, tmp_path):
    values = np.zeros((5, 40, 50), np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb", planarconfig="separate", extrasamples=[2, 0])
    with pytest.raises(ImageError, match=r"a\.tif: .* its samples are arranged in a way that is not read here"):
        reader(tmp_path / "a.tif")
