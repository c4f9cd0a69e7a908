"""Damaged image files, drawn from a seed: what a disk, a download or an enemy makes of a JPEG, PNG, BMP or TIFF."""

from __future__ import annotations

import io

import cv2
import numpy as np
import tifffile
from PIL import Image

KINDS = ("cut", "cut with its end", "bits", "zeros", "swapped", "header", "inserted", "removed")


def pristine(seed: int = 0) -> dict[str, bytes]:
    """Good files of many kinds, by name; a smooth picture with some detail, 60 rows and 80 columns."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:60, :80]
    picture = np.dstack([3 * x, 4 * y, 255 - x - 2 * y]).astype(np.uint8)
    picture[15:40, 20:50] = (110, 60, 150)
    picture = np.clip(picture + rng.normal(0, 5, picture.shape), 0, 255).astype(np.uint8)
    image = Image.fromarray(picture)
    files = {}

    def pillow(name: str, mode: str = "RGB", **options: object) -> None:
        stream = io.BytesIO()
        image.convert(mode).save(stream, **options)
        files[name] = stream.getvalue()

    def tiff(name: str, data: np.ndarray = picture, **options: object) -> None:
        stream = io.BytesIO()
        tifffile.imwrite(stream, data, **options)
        files[name] = stream.getvalue()

    pillow("plain.jpg", format="JPEG", quality=90)
    pillow("optimized.jpg", format="JPEG", quality=80, optimize=True)
    pillow("progressive.jpg", format="JPEG", progressive=True)
    pillow("grey.jpg", "L", format="JPEG")
    pillow("cmyk.jpg", "CMYK", format="JPEG")
    pillow("plain.png", format="PNG")
    pillow("alpha.png", "RGBA", format="PNG")
    pillow("palette.png", "P", format="PNG")
    files["sixteen.png"] = cv2.imencode(".png", picture.astype(np.uint16) * 257)[1].tobytes()
    pillow("plain.bmp", format="BMP")
    pillow("palette.bmp", "P", format="BMP")
    pillow("lzw.tif", format="TIFF", compression="tiff_lzw")
    pillow("packbits.tif", format="TIFF", compression="packbits")
    pillow("jpeg.tif", format="TIFF", compression="jpeg")
    tiff("plain.tif", photometric="rgb")
    tiff("deflate.tif", photometric="rgb", compression="zlib")
    tiff("tiled.tif", photometric="rgb", tile=(32, 32))
    tiff("planar.tif", np.moveaxis(picture, -1, 0), photometric="rgb", planarconfig="separate")
    tiff("big.tif", photometric="rgb", bigtiff=True)
    tiff("sixteen.tif", picture.astype(np.uint16) * 257, photometric="rgb")
    return files


def damage(data: bytes, kind: str, rng: np.random.Generator) -> bytes:
    """`data` after one accident of a kind."""
    n = len(data)
    at = int(rng.integers(0, n))
    length = int(min(n - at, rng.integers(1, max(2, n // 4))))
    changed = bytearray(data)
    if kind == "cut":
        return data[:at]
    if kind == "cut with its end":
        return data[:at] + data[-max(2, int(rng.integers(2, 16))) :]
    if kind == "bits":
        for place in rng.integers(0, n, int(rng.integers(1, 8))):
            changed[place] ^= 1 << int(rng.integers(0, 8))
    elif kind == "zeros":
        changed[at : at + length] = bytes(length)
    elif kind == "swapped":
        for place in rng.integers(0, n - 1, int(rng.integers(1, 40))):
            changed[place], changed[place + 1] = changed[place + 1], changed[place]
    elif kind == "header":
        for place in rng.integers(0, min(n, 200), int(rng.integers(1, 4))):
            changed[place] = int(rng.integers(0, 256))
    elif kind == "inserted":
        changed[at:at] = rng.integers(0, 256, int(rng.integers(1, 64)), np.uint8).tobytes()
    elif kind == "removed":
        del changed[at : at + int(rng.integers(1, 64))]
    return bytes(changed)
