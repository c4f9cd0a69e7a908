"""Transparent pictures, by Pillow: laid on white, the colour of an empty slide."""

import io
import logging
import warnings

import numpy as np
from PIL import Image

_AT_ONCE = 2**22  # pixels
# axes that are flipped for an orientation, behind the transposition of those above 4
FLIPS = {2: (1,), 3: (0, 1), 4: (0,), 6: (1,), 7: (0, 1), 8: (0,)}

# what Pillow finds odd in a file, the error says with the file's name
logging.getLogger("PIL").addHandler(logging.NullHandler())


def open_header(data: bytes) -> Image.Image | None:
    """Pillow's view of the file, pixels not read yet, or None where Pillow does not know the kind."""
    with warnings.catch_warnings():
        # A damaged or very large file is no news here: it is decoded, or refused by name, right after.
        warnings.simplefilter("ignore")
        try:
            return Image.open(io.BytesIO(data))
        except (OSError, OverflowError, Image.DecompressionBombError):
            return None


def has_alpha(header: Image.Image) -> bool:
    """Whether some pixels may be transparent."""
    # A transparent grey value of a 16-bit PNG is left out: Pillow would clip the other values.
    keyed = "transparency" in header.info and not header.mode.startswith("I")
    return header.mode in ("RGBA", "LA", "PA", "RGBa", "La") or keyed


def lay_on_white(header: Image.Image) -> np.ndarray:
    """RGB pixels, shape (height, width, 3), uint8, turned as EXIF says."""
    header.load()  # Pillow turns a TIFF as it loads it
    with warnings.catch_warnings():  # an entry that cannot be read turns nothing
        warnings.simplefilter("ignore")
        orientation = header.getexif().get(274, 1)
    return np.ascontiguousarray(turned(on_white(header), orientation))


def on_white(picture: Image.Image) -> np.ndarray:
    """RGB pixels, shape (height, width, 3), uint8."""
    pixels = np.empty((picture.height, picture.width, 3), np.uint8)
    rows = max(1, _AT_ONCE // picture.width)
    for top in range(0, picture.height, rows):  # of a large one a part at a time: it would be in memory four times
        bottom = min(top + rows, picture.height)
        part = picture if rows >= picture.height else picture.crop((0, top, picture.width, bottom))
        part = part.convert("RGBA")
        white = Image.new("RGBA", part.size, (255, 255, 255, 255))
        pixels[top:bottom] = np.asarray(Image.alpha_composite(white, part).convert("RGB"))
    return pixels


def turned(values: np.ndarray, orientation: int) -> np.ndarray:
    """View of pixels as EXIF's or TIFF's orientation, 1 to 8, has them seen; of another number as they are."""
    if orientation in (5, 6, 7, 8):
        values = values.transpose(1, 0, *range(2, values.ndim))
    return np.flip(values, FLIPS.get(orientation, ()))
