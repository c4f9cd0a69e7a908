"""What each kind of image file becomes, and what the user reads when a file is no good."""

from __future__ import annotations

import io
import re
import struct
import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from leukofeat import ImageError, read_image

KINDS = ("jpg", "png", "bmp", "tif")
LOSSLESS = ("png", "bmp", "tif")


@pytest.fixture
def picture() -> Image.Image:
    """Smooth and unsymmetric, so that JPEG keeps it and every orientation shows."""
    y, x = np.mgrid[:20, :30]
    return Image.fromarray(np.dstack([8 * x, 12 * y, 255 - 4 * x - 4 * y]).astype(np.uint8))


def rgb(picture: Image.Image) -> np.ndarray:
    return np.array(picture.convert("RGB"))


def assert_close(image: np.ndarray, expected: np.ndarray, atol: int = 0) -> None:
    assert image.dtype == np.uint8
    assert image.shape == expected.shape
    np.testing.assert_allclose(image.astype(int), expected.astype(int), atol=atol)


def on_white(color: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    share = alpha[:, :, None] / 255.0
    return np.rint(color * share + 255 * (1 - share))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_color_and_grey(picture, kind, mode, tmp_path):
    saved = picture.convert(mode)
    saved.save(tmp_path / f"a.{kind}", **({"quality": 98, "subsampling": 0} if kind == "jpg" else {}))
    assert_close(read_image(tmp_path / f"a.{kind}"), rgb(saved), atol=4 if kind == "jpg" else 0)


@pytest.mark.parametrize("kind", LOSSLESS)
@pytest.mark.parametrize("mode", ["1", "P"])
def test_one_bit_and_palette(picture, kind, mode, tmp_path):
    saved = picture.convert(mode) if mode == "1" else picture.convert("P", palette=Image.Palette.ADAPTIVE)
    saved.save(tmp_path / f"a.{kind}")
    assert_close(read_image(tmp_path / f"a.{kind}"), rgb(saved))


@pytest.mark.parametrize("kind", ["png", "tif"])
@pytest.mark.parametrize("grey", [False, True])
def test_transparent_pixels_are_laid_on_white(picture, kind, grey, tmp_path):
    alpha = np.zeros((20, 30), np.uint8)
    alpha[:8], alpha[8:14] = 255, 100
    color = picture.convert("L" if grey else "RGB")
    saved = color.copy()
    saved.putalpha(Image.fromarray(alpha))
    saved.save(tmp_path / f"a.{kind}")
    assert_close(read_image(tmp_path / f"a.{kind}"), on_white(rgb(color), alpha), atol=1)


def test_transparent_palette_color_is_laid_on_white(picture, tmp_path):
    saved = picture.convert("P", palette=Image.Palette.ADAPTIVE)
    saved.save(tmp_path / "a.png", transparency=3)
    expected = rgb(saved)
    expected[np.array(saved) == 3] = 255
    assert_close(read_image(tmp_path / "a.png"), expected)


@pytest.mark.parametrize("kind", ["png", "tif"])
@pytest.mark.parametrize("grey", [False, True])
def test_sixteen_bits_keep_their_high_byte(kind, grey, tmp_path, rng):
    values = rng.integers(0, 2**16, (20, 30) if grey else (20, 30, 3)).astype(np.uint16)
    assert cv2.imwrite(str(tmp_path / f"a.{kind}"), values if grey else values[:, :, ::-1])
    exact = kind == "png" or grey
    expected = values >> 8 if exact else np.rint(values / 257)
    image = read_image(tmp_path / f"a.{kind}")
    assert_close(image, np.repeat(expected[:, :, None], 3, axis=2) if grey else expected)


def test_sixteen_bits_with_alpha(picture, tmp_path):
    alpha = np.full((20, 30), 51, np.uint16)
    bgra = np.dstack([rgb(picture)[:, :, ::-1], alpha]).astype(np.uint16) * 257
    assert cv2.imwrite(str(tmp_path / "a.png"), bgra)
    assert_close(read_image(tmp_path / "a.png"), on_white(rgb(picture), alpha), atol=1)


@pytest.mark.parametrize("kind", ["jpg", "tif"])
def test_cmyk(picture, kind, tmp_path):
    inks = np.array(picture.convert("CMYK"))
    inks[:, 15:, 3] = 90
    saved = Image.frombytes("CMYK", inks.shape[1::-1], inks.tobytes())
    saved.save(tmp_path / f"a.{kind}", **({"quality": 100} if kind == "jpg" else {}))
    assert_close(read_image(tmp_path / f"a.{kind}"), rgb(saved), atol=6 if kind == "jpg" else 1)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpg", "png", "tif"])
def test_orientation_is_applied(picture, kind, orientation, tmp_path):
    file = tmp_path / f"a.{kind}"
    if kind == "tif":
        picture.save(file, tiffinfo={0x112: orientation})
    else:
        exif = Image.Exif()
        exif[0x112] = orientation
        picture.save(file, exif=exif)
    with Image.open(file) as saved:
        expected = np.array(ImageOps.exif_transpose(saved).convert("RGB"))
    assert expected.shape == ((30, 20, 3) if orientation > 4 else (20, 30, 3))
    assert_close(read_image(file), expected, atol=3 if kind == "jpg" else 0)


def test_orientation_is_applied_to_transparent_images(picture, tmp_path):
    exif = Image.Exif()
    exif[0x112] = 6
    picture.convert("RGBA").save(tmp_path / "a.png", exif=exif)
    assert_close(read_image(tmp_path / "a.png"), np.rot90(rgb(picture), -1))


def test_first_page_of_a_tiff(picture, tmp_path):
    picture.save(tmp_path / "a.tif", save_all=True, append_images=[ImageOps.invert(picture)])
    assert_close(read_image(tmp_path / "a.tif"), rgb(picture))


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_compressed_tiff(picture, compression, tmp_path):
    picture.save(tmp_path / "a.tif", compression=compression)
    assert_close(read_image(tmp_path / "a.tif"), rgb(picture))


def test_big_tiff(picture, tmp_path):
    picture.save(tmp_path / "a.tif", big_tiff=True)
    assert (tmp_path / "a.tif").read_bytes()[:4] == b"II+\x00"
    assert_close(read_image(tmp_path / "a.tif"), rgb(picture))


def test_progressive_jpeg_and_jpeg_with_a_thumbnail(picture, tmp_path):
    picture.save(tmp_path / "progressive.jpg", progressive=True, quality=98, subsampling=0)
    assert_close(read_image(tmp_path / "progressive.jpg"), rgb(picture), atol=4)
    picture.save(tmp_path / "plain.jpg", quality=98, subsampling=0)
    with_thumbnail(tmp_path / "plain.jpg", picture)
    assert_close(read_image(tmp_path / "plain.jpg"), rgb(picture), atol=4)


def with_thumbnail(file: Path, thumbnail: Image.Image) -> int:
    """Put a whole JPEG into an application segment of another; returns where the segment ends."""
    inner = io.BytesIO()
    thumbnail.save(inner, "jpeg")
    segment = b"\xff\xe3" + struct.pack(">H", len(inner.getvalue()) + 2) + inner.getvalue()
    data = file.read_bytes()
    file.write_bytes(data[:2] + segment + data[2:])
    return 2 + len(segment)


def test_content_counts_and_not_the_name(picture, tmp_path):
    picture.save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert_close(read_image(tmp_path / "a.jpg"), rgb(picture))


def test_path_objects_and_strange_names(picture, tmp_path):
    file = tmp_path / "zelle ü [1] %.png"
    picture.save(file)
    assert_close(read_image(str(file)), rgb(picture))


def refused(file: Path, reason: str) -> None:
    with pytest.raises(ImageError, match=reason) as caught:
        read_image(file)
    assert str(caught.value).startswith(f"{file}: ")


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9, 0.999])
@pytest.mark.parametrize("kind", [*KINDS, "progressive.jpg", "lzw.tif"])
def test_truncated_file(kind, share, tmp_path, rng, capfd):
    noise = Image.fromarray(rng.integers(0, 256, (60, 80, 3), np.uint8))
    file = tmp_path / f"a.{kind}"
    options = {"progressive.jpg": {"progressive": True}, "lzw.tif": {"compression": "tiff_lzw"}}
    noise.save(file, **options.get(kind, {}))
    data = file.read_bytes()
    file.write_bytes(data[: max(5, int(share * len(data)))])
    refused(file, "(truncated|damaged).*(copy it again|leave it out)")


def test_jpeg_truncated_behind_its_thumbnail(picture, tmp_path):
    file = tmp_path / "a.jpg"
    picture.save(file)
    end = with_thumbnail(file, picture)
    data = file.read_bytes()
    for length in (end + 10, len(data) - 20):
        file.write_bytes(data[:length])
        refused(file, "truncated|damaged")


def test_png_with_a_damaged_middle(tmp_path, rng, capfd):
    file = tmp_path / "a.png"
    Image.fromarray(rng.integers(0, 256, (60, 80, 3), np.uint8)).save(file)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 255
    file.write_bytes(data)
    refused(file, "damaged PNG")


@pytest.mark.parametrize(
    "content", [b"path,label\n", b"GIF89a" + bytes(20), b"BM but text", b"II*\x00no", b"\xff\xd8\xff"]
)
def test_no_image_inside(content, tmp_path, capfd):
    file = tmp_path / "a.jpg"
    file.write_bytes(content)
    refused(file, "convert it|copy it again")


def test_text_file_says_how_it_begins(tmp_path):
    (tmp_path / "notes.jpg").write_text("patient 7")
    refused(tmp_path / "notes.jpg", re.escape("not a JPEG, PNG, BMP or TIFF image (it begins with b'patient 7')"))


def test_empty_missing_and_folder(tmp_path):
    (tmp_path / "empty.png").touch()
    refused(tmp_path / "empty.png", "empty")
    refused(tmp_path / "missing.png", "cannot be read .*check the path")
    refused(tmp_path, "cannot be read")


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint32", "int16", "int8"])
def test_other_depths_are_refused(dtype, tmp_path, capfd):
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(tmp_path / "a.tif", np.arange(600).reshape(20, 30).astype(dtype))
    refused(tmp_path / "a.tif", "convert it to 8-bit RGB")


@pytest.mark.parametrize("limit", [300, 100])
def test_a_large_image_is_read_without_a_word(picture, limit, tmp_path, monkeypatch):
    """Pillow warns above its limit and refuses above twice that; whole fields of a scanner are larger."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    picture.save(tmp_path / "a.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_close(read_image(tmp_path / "a.png"), rgb(picture))


def test_the_result_is_the_callers_own(picture, tmp_path):
    picture.convert("RGBA").save(tmp_path / "a.png")
    picture.save(tmp_path / "b.png")
    for name in ("a.png", "b.png"):
        image = read_image(tmp_path / name)
        assert image.flags.writeable
        assert image.flags.c_contiguous
