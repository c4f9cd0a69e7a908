"""Image files to 8-bit RGB, by one documented rule."""

import io
import os
import warnings
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageOps

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff")

_SIGNATURES = {
    b"\xff\xd8\xff": "jpeg",
    b"\x89PNG\r\n\x1a\n": "png",
    b"BM": "bmp",
    b"II*\x00": "tiff",
    b"MM\x00*": "tiff",
    b"II+\x00": "tiff",
    b"MM\x00+": "tiff",
}


class ImageError(ValueError):
    """An image that cannot be used; the message names the file and the way out.

    Examples
    --------
    >>> try:
    ...     read_image("nowhere.png")
    ... except ImageError as error:
    ...     print(error)
    nowhere.png: cannot be read (No such file or directory); check the path.
    """


def read_image(path: str | os.PathLike[str]) -> np.ndarray:
    """Read one image file as 8-bit RGB.

    Parameters
    ----------
    path : str or path-like
        A JPEG, PNG, BMP or TIFF file. The format is taken from the content, not from the name.

    Returns
    -------
    ndarray of shape (height, width, 3), dtype uint8
        RGB. Grey images (1-bit and palette included) are repeated into three channels; 16-bit values
        keep their high byte (an RGB TIFF: value / 257, rounded); transparent pixels are laid on white, the
        colour of an empty slide; of a TIFF of several pages, the first is read;
        CMYK is converted by OpenCV's JPEG or TIFF reader without an ICC profile; the EXIF orientation is applied.

    Raises
    ------
    ImageError
        When the file is missing, empty, truncated, not one of the four formats, or of another depth
        (float, 32-bit, signed). The message names the file and says what to do.

    Examples
    --------
    >>> import cv2, numpy as np, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "cell.png"
    >>> _ = cv2.imwrite(str(path), np.full((4, 5), 200, np.uint8))
    >>> read_image(path).shape
    (4, 5, 3)
    """
    name = os.fspath(path)
    try:
        data = Path(name).read_bytes()
    except OSError as error:
        raise ImageError(f"{name}: cannot be read ({error.strerror or error}); check the path.") from error
    if not data:
        raise ImageError(f"{name}: the file is empty (0 bytes); copy it again or leave it out.")
    kind = next((kind for signature, kind in _SIGNATURES.items() if data.startswith(signature)), None)
    if kind is None:
        raise ImageError(
            f"{name}: not a JPEG, PNG, BMP or TIFF image (it begins with {data[:12]!r}); "
            "convert it to one of these or leave it out."
        )
    if _is_truncated(data, kind):
        raise ImageError(
            f"{name}: the {kind.upper()} file is truncated ({len(data)} bytes); copy it again or leave it out."
        )
    try:
        header = None if kind == "jpeg" else _open_header(data)
        if header is not None and _is_signed(header):
            raise ImageError(f"{name}: a TIFF file of signed integers; convert it to 8-bit RGB, or leave it out.")
        if header is not None and _has_alpha(header):
            return _lay_on_white(header)
        decoded: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    except (cv2.error, OSError, SyntaxError) as error:
        raise ImageError(f"{name}: damaged {kind.upper()} file ({error}); copy it again or leave it out.") from error
    if decoded is None:
        raise ImageError(
            f"{name}: damaged {kind.upper()} file, or one of another depth than 8 or 16 bits; copy it again, "
            "convert it to 8-bit RGB, or leave it out."
        )
    return decoded


def _open_header(data: bytes) -> Image.Image | None:
    """Pillow's view of the file, pixels not read yet, or None where Pillow does not know the kind."""
    with warnings.catch_warnings():
        # A damaged or very large file is no news here: it is decoded, or refused by name, right after.
        warnings.simplefilter("ignore")
        try:
            return Image.open(io.BytesIO(data))
        except (OSError, Image.DecompressionBombError):
            return None


def _has_alpha(header: Image.Image) -> bool:
    # A transparent grey value of a 16-bit PNG is left out: Pillow would clip the other values.
    keyed = "transparency" in header.info and not header.mode.startswith("I")
    return header.mode in ("RGBA", "LA", "PA", "RGBa", "La") or keyed


def _is_signed(header: Image.Image) -> bool:
    tags = getattr(header, "tag_v2", {})
    return 2 in np.atleast_1d(tags.get(339, 1))


def _lay_on_white(header: Image.Image) -> np.ndarray:
    picture = ImageOps.exif_transpose(header).convert("RGBA")
    white = Image.new("RGBA", picture.size, (255, 255, 255, 255))
    return np.array(Image.alpha_composite(white, picture).convert("RGB"))


def _is_truncated(data: bytes, kind: str) -> bool:
    """Whether the end of the image is missing: decoders may fill the rest with grey and not say so."""
    if kind == "jpeg":
        # An embedded thumbnail has an end marker too, but a start of scan comes after it. Looked for from the ends, where
        # they are.
        end, scan = data.rfind(b"\xff\xd9"), b"\xff\xda"
        return end < 0 or scan in data[end:] or scan not in data[:end]
    if kind == "png":
        return b"IEND" not in data
    if kind == "bmp":
        return len(data) < int.from_bytes(data[2:6], "little")
    return False
