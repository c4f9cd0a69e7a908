"""Transparent pictures, by Pillow: laid on white, the colour of an empty slide."""

import io
import logging
import warnings

import numpy as np
from PIL import Image, ImageOps

# what Pillow finds odd in a file, the error says with the file's name
logging.getLogger("PIL").addHandler(logging.NullHandler())


def open_header(data: bytes) -> Image.Image | None:
    """Pillow's view of the file, pixels not read yet, or None where Pillow does not know the kind."""
    with warnings.catch_warnings():
        # A damaged or very large file is no news here: it is decoded, or refused by name, right after.
        warnings.simplefilter("ignore")
        try:
            return Image.open(io.BytesIO(data))
        except (OSError, Image.DecompressionBombError):
            return None


def has_alpha(header: Image.Image) -> bool:
    """Whether some pixels may be transparent."""
    # A transparent grey value of a 16-bit PNG is left out: Pillow would clip the other values.
    keyed = "transparency" in header.info and not header.mode.startswith("I")
    return header.mode in ("RGBA", "LA", "PA", "RGBa", "La") or keyed


def lay_on_white(header: Image.Image) -> np.ndarray:
    """RGB pixels, shape (height, width, 3), uint8, turned as EXIF says."""
    picture = ImageOps.exif_transpose(header).convert("RGBA")
    white = Image.new("RGBA", picture.size, (255, 255, 255, 255))
    return np.array(Image.alpha_composite(white, picture).convert("RGB"))
