"""JSON that may be damaged, huge, or made to do harm."""

import json
import os
from typing import Any

from leukofeat.atomic import write_whole
from leukofeat.decode import ImageError, limits
from leukofeat.decode.content import read_content
from leukofeat.interchange.polygons import check_length


def read_json(path: str | os.PathLike[str]) -> tuple[str, Any]:
    """What a file is called in messages, and what it holds.

    Raises
    ------
    ImageError
        When it cannot be read, is longer than the most pixels that are read of an image have bytes, or is no JSON in UTF-8.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "cells.geojson"
    >>> _ = path.write_text('{"type": "FeatureCollection"')
    >>> read_json(path)
    Traceback (most recent call last):
    ...
    leukofeat.decode.damage.ImageError: ...cells.geojson: is no JSON (Expecting ',' delimiter: line 1 column 29 (char 28)); export it again.
    """
    name, data = read_content(path)
    check_length(name, len(data), limits.MAX_PIXELS)
    try:
        return name, json.loads(data.decode("utf-8-sig"))
    except RecursionError:
        raise ImageError(f"{name}: is nested too deeply to be a list of cells; export it again.") from None
    except ValueError as error:  # UnicodeDecodeError is one
        raise ImageError(f"{name}: is no JSON ({error}); export it again.") from error


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write a file that is there whole or not at all.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "cells.json"
    >>> write_json(path, {"images": []})
    >>> read_json(path)[1]
    {'images': []}
    """
    # in ASCII, which also holds names of files that are no text; without an indent the encoder written in C is used
    write_whole(os.fspath(path), json.dumps(value, allow_nan=False, separators=(",", ":")).encode())


def whole_number(value: Any, least: int = 1) -> int | None:
    """A number of a cell: a whole number, also as text, that tables can tell from others; None for anything else.

    Examples
    --------
    >>> whole_number("12"), whole_number(3.5), whole_number(True), whole_number("cell")
    (12, None, None, None)
    """
    if isinstance(value, str) and len(value) < 20 and value.strip().isdecimal():
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and least <= value < 2**53 else None


def fraction(value: Any) -> float | None:
    """A confidence: a number from 0 to 1; None for anything else.

    Examples
    --------
    >>> fraction(0.5), fraction(1), fraction(12), fraction("high")
    (0.5, 1.0, None, None)
    """
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= 1 else None


def text(value: Any) -> str | None:
    """A name, or None for what is none.

    Examples
    --------
    >>> text("blast"), text(""), text(3)
    ('blast', None, None)
    """
    return value if isinstance(value, str) and value else None
