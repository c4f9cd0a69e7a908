"""How much a file may ask for: told from its header, before any memory is taken for its pixels.

A few bytes can promise 65,535 x 65,535 pixels. What a file promises is held against two measures: the most pixels that are read at
all, and the most that its bytes can hold in its format.
"""

import os
import stat

from leukofeat.decode.damage import DamagedError, ImageError, UnsuitedError

VARIABLE = "LEUKOFEAT_MAX_PIXELS"


def most_pixels(text: str | None) -> int:
    """The limit that the environment sets, by default 150 million: 12,000 x 12,000 and a little more, 450 MB as RGB.

    Examples
    --------
    >>> most_pixels(None), most_pixels("1000000000")
    (150000000, 1000000000)
    """
    if text is None or not text.strip():
        return 150_000_000
    if not text.strip().isdecimal() or int(text) < 1:
        raise ValueError(f"{VARIABLE} must be a whole number of pixels above 0, not {text!r}.")
    return int(text)


_KIND, _FILES = 0o170000, (stat.S_IFREG, stat.S_IFDIR)
_BOMB = 50  # times its own length: photographs swell to two to twenty times

MAX_PIXELS = most_pixels(os.environ.get(VARIABLE))


def check_size(width: int, height: int, most: float) -> None:
    """Raise where a picture has more pixels than are read, or than its bytes can hold.

    Parameters
    ----------
    width, height : int
        What the header says.
    most : float
        Pixels that the bytes of the file can hold.

    Raises
    ------
    DamagedError
        Where they cannot hold so many.
    UnsuitedError
        Where they can, and these are more than `MAX_PIXELS`.

    Examples
    --------
    >>> check_size(1920, 1080, most=300_000 * 1024)
    """
    if width * height > most:
        raise DamagedError(f"its header promises {width} x {height} pixels, which so few bytes cannot hold")
    if width * height > MAX_PIXELS:
        raise UnsuitedError(
            f"{width} x {height} pixels are more than the {MAX_PIXELS:,} that are read; cut it into fields, or, where you trust it and "
            f"have the memory, set {VARIABLE} in the environment"
        )


def check_swelling(size: float, n_bytes: int) -> None:
    """Raise UnsuitedError where few bytes swell to more than the largest RGB picture takes, as 16 bits or a transparent one can.

    Parameters
    ----------
    size : float
        Bytes of the pixels as they are decoded.
    n_bytes : int
        Length of the file.

    Examples
    --------
    >>> check_swelling(6 * 10_000 * 10_000, n_bytes=200_000_000)
    """
    if size > max(3 * MAX_PIXELS, _BOMB * n_bytes):
        raise UnsuitedError(
            f"its {n_bytes:,} bytes would swell to {size / 1e6:,.0f} MB, as no photograph does; save it as 8-bit RGB, or, where you trust "
            f"it and have the memory, set {VARIABLE} in the environment"
        )


def check_kind(name: str) -> None:
    """Raise ImageError for a pipe or a device, as /dev/zero: reading one may never end.

    Examples
    --------
    >>> check_kind("/dev/null")
    Traceback (most recent call last):
    ...
    leukofeat.decode.damage.ImageError: /dev/null: is no file but a pipe or a device; name a file.
    """
    try:
        mode = os.stat(name).st_mode & _KIND
    except (OSError, ValueError):  # told by who opens it
        return
    if mode not in _FILES:
        raise ImageError(f"{name}: is no file but a pipe or a device; name a file.")
