"""Places that a field's outputs are written to: nothing that somebody else made is replaced there or removed."""

import json
import os
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from leukofeat.tiling.field import ArrayField, Field

MARK = {"leukofeat": "label map"}  # attribute of an array of zarr that may be replaced by the next one
_OWN = re.compile(r"zarr\.json|c(/\d+){0,2}")  # what such an array consists of


def check_places(source: Any, outputs: Mapping[str, str | os.PathLike[str] | None]) -> None:
    """Refuse outputs that would take the field's place, or each other's, or that of a folder.

    Parameters
    ----------
    source : Field, path or array-like
        As for :func:`~leukofeat.tiling.open_field`.
    outputs : mapping of str to path or None
        By what messages call them; None is not written.

    Raises
    ------
    ValueError
        Where an output is the field or another output, also through links, or lies in it or around it; where a folder is in its place that
        is no label map that was written by :func:`~leukofeat.tiling.extract_field`.

    Examples
    --------
    >>> check_places("slide.tif", {"output": "cells.csv", "labels": None})
    >>> check_places("slide.tif", {"output": "cells.csv", "labels": "./slide.tif"})
    Traceback (most recent call last):
    ValueError: slide.tif: labels would replace or change the field itself, slide.tif; name another place.
    """
    places = {name: Path(path) for name, path in outputs.items() if path is not None}
    field = _file_of(source)
    before: dict[str, Path] = {}
    for name, place in places.items():
        if field is not None and _overlap(place, field):
            raise ValueError(f"{place}: {name} would replace or change the field itself, {field}; name another place.")
        for other, taken in before.items():
            if _overlap(place, taken):
                raise ValueError(f"{place}: {other} and {name} are written to one place; give each one of its own.")
        before[name] = place
        check_replaceable(place)


def check_replaceable(place: Path) -> None:
    """Raise ValueError where a folder is at a place that is not a label map of our own, or a file where a folder is to be."""
    is_zarr = place.suffix.lower() == ".zarr"
    if is_zarr and place.exists() and not place.is_dir():
        raise ValueError(f"{place}: is a file, where a folder is to be written; name another place, or move it away.")
    if place.is_dir() and not (is_zarr and _is_own(place)):
        kind = "a folder that is no label map of leukofeat, or holds more" if is_zarr else "a folder"
        raise ValueError(f"{place}: is {kind}, and stays as it is; name another place, or move it away.")


def clear_leftovers(place: Path) -> None:
    """Remove what runs that were killed while they wrote to a place have left beside it."""
    if os.name == "nt":  # there is no asking for a process without disturbing it
        return
    hidden = re.compile(rf"\.{re.escape(place.name)}\.(\d{{1,10}})(\.\w+)?\.tmp")
    with suppress(OSError):
        for found in list(place.parent.iterdir()):
            known = hidden.fullmatch(found.name)
            if known and not _is_alive(int(known[1])):
                remove(found)


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder with all in it, as far as that can be."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _file_of(source: Any) -> Path | None:
    """The file or folder that pixels are read from, where that is known."""
    if isinstance(source, (str, os.PathLike)):
        return Path(source)
    if isinstance(source, Field):
        if source.source is not None:
            return Path(source.source)
        return _file_of(source.array) if isinstance(source, ArrayField) else None
    if isinstance(getattr(source, "filename", None), (str, os.PathLike)):  # a memory map
        return Path(source.filename)
    root = getattr(getattr(source, "store", None), "root", None)  # an array of zarr
    return Path(root, source.path) if isinstance(root, (str, os.PathLike)) else None


def _overlap(one: Path, other: Path) -> bool:
    """Whether two places are the same, or one lies within the other."""
    one, other = one.resolve(), other.resolve()
    return any(is_same(above, other) for above in (one, *one.parents)) or any(
        is_same(one, above) for above in other.parents
    )


def is_same(one: str | os.PathLike[str], other: str | os.PathLike[str]) -> bool:
    """Whether two paths are one place, also through links; what is not there is only where its path says.

    Examples
    --------
    >>> is_same(".", os.getcwd()), is_same("not_there", "nor_this")
    (True, False)
    """
    if Path(one) == Path(other):
        return True
    try:
        return os.path.samefile(one, other)
    except OSError:  # one of them is not there
        return False


def _is_own(folder: Path) -> bool:
    try:
        said = json.loads((folder / "zarr.json").read_bytes())["attributes"]
        if any(said[name] != value for name, value in MARK.items()):
            return False
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return all(_OWN.fullmatch(found.relative_to(folder).as_posix()) for found in folder.rglob("*"))


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # somebody else's
        return True
    return True
