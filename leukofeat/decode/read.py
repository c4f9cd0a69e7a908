"""One image file to 8-bit RGB: the format from its content, the decoder from the format."""

import os

import numpy as np

from leukofeat.decode.bmp import decode_bmp
from leukofeat.decode.content import read_content
from leukofeat.decode.damage import DamagedError, ImageError, UnsuitedError
from leukofeat.decode.jpeg import decode_jpeg
from leukofeat.decode.png import decode_png
from leukofeat.decode.tiff import decode_tiff
from leukofeat.opencv import cv2

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff")

_DECODERS = {
    b"\xff\xd8\xff": decode_jpeg,
    b"\x89PNG\r\n\x1a\n": decode_png,
    b"BM": decode_bmp,
    b"II*\x00": decode_tiff,
    b"MM\x00*": decode_tiff,
    b"II+\x00": decode_tiff,
    b"MM\x00+": decode_tiff,
}


def read_image(path: str | os.PathLike[str]) -> np.ndarray:
    """Read one image file as 8-bit RGB.

    Parameters
    ----------
    path : str or path-like
        A JPEG, PNG, BMP or TIFF file, or its URL (s3, gs, https and whatever fsspec knows: `pip install 'leukofeat[remote]'`). The
        format is taken from the content, not from the name.

    Returns
    -------
    ndarray of shape (height, width, 3), dtype uint8
        RGB. Grey images (1-bit and palette included) are repeated into three channels; 16-bit values
        keep their high byte (an RGB TIFF: value / 257, rounded); transparent pixels are laid on white, the
        colour of an empty slide; of a TIFF of several pages, the first is read, unless they are the colour planes of one
        picture, which are joined; CMYK is converted by OpenCV's JPEG or TIFF reader without an ICC profile; the EXIF orientation is
        applied.

    Raises
    ------
    ImageError
        When the file is missing, empty, damaged (whatever its decoder would complain of counts), not one of the four formats, or of
        another depth: float, 32-bit, signed, or 16 bits that a camera filled to 14 or fewer. So is one of more than 150 million pixels
        (the environment variable LEUKOFEAT_MAX_PIXELS sets another limit), or whose header promises more pixels than its bytes can
        hold. The message names the file and says what to do.

    Examples
    --------
    >>> import cv2, numpy as np, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "cell.png"
    >>> _ = cv2.imwrite(str(path), np.full((4, 5), 200, np.uint8))
    >>> read_image(path).shape
    (4, 5, 3)
    """
    name, data = read_content(path)
    decode = next((decoder for signature, decoder in _DECODERS.items() if data.startswith(signature)), None)
    if decode is None:
        raise ImageError(
            f"{name}: not a JPEG, PNG, BMP or TIFF image (it begins with {data[:12]!r}); "
            "convert it to one of these or leave it out."
        )
    kind = decode.__name__.removeprefix("decode_").upper()
    try:
        return decode(data)
    except UnsuitedError as error:
        raise ImageError(f"{name}: a {kind} file, but {error}, or leave it out.") from error
    except (DamagedError, cv2.error, OSError, SyntaxError, MemoryError, OverflowError) as error:
        raise ImageError(f"{name}: damaged {kind} file ({error}); copy it again or leave it out.") from error
