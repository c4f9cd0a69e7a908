"""Which files there are."""

import os
import posixpath
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from leukofeat.remote.names import is_remote, is_web, local_path, split_url
from leukofeat.remote.opening import RemoteError, explained, file_system, open_archive

__doctest_requires__ = {"list_files": ["fsspec"]}

_DEEPEST = 16  # folders below each other on a web server, whose links may lead in circles


def list_files(root: str) -> list[str]:
    """Names of all files below a remote folder, relative to it, sorted.

    Raises
    ------
    RemoteError
        When there is none, or it cannot be listed.

    Examples
    --------
    >>> import fsspec
    >>> memory = fsspec.filesystem("memory")
    >>> memory.pipe({"/listed/Pro/1.png": b"a", "/listed/2.png": b"b"})
    >>> list_files("memory://listed")
    ['2.png', 'Pro/1.png']
    """
    web = is_web(root)
    hint = "; a web server lists a folder only where it is set to, so give a manifest" if web else ""
    try:
        with explained():
            open_archive.cache_clear()
            files, path = file_system(root)
            files.invalidate_cache()
            found = _linked(files, path) if web else files.find(path)
    except RemoteError as error:
        raise RemoteError(f"{error}{hint if error.is_absent else ''}", error.is_absent) from None
    folder = path.rstrip("/")
    below = folder + "/" if folder else ""
    names = [name.removeprefix(below).lstrip("/") for name in found if name.startswith(below)]
    names = sorted(name for name in names if name and not name.endswith("/"))
    if not names:
        what = "is a file, not a folder" if folder in [name.rstrip("/") for name in found] else "no file was found"
        raise RemoteError(f"{what}; check the path{hint}", is_absent=True)
    # what a name says is read from it, so it is as it was before the server wrote it as a link
    return [name if set("%?#") & set(unquote(name)) else unquote(name) for name in names] if web else names


def _linked(files: Any, url: str) -> list[str]:
    """Files that a web server's pages of folders link to, below one of them only."""
    start = url.rstrip("/") + "/"
    found: list[str] = []
    todo, seen = [start], {start}
    while todo:
        folder = todo.pop()
        for name in files.ls(folder, detail=False):
            parts = name.removeprefix(start).split("/")
            if not name.startswith(start) or name in seen or "?" in name or ".." in parts or len(parts) > _DEEPEST:
                continue
            seen.add(name)
            (todo if name.endswith("/") else found).append(name)
    return found


def existing(paths: Iterable[str]) -> set[str]:
    """Those of some files that are there; of remote ones, a folder is asked once for all.

    Raises
    ------
    RemoteError
        When a place cannot be reached.

    Examples
    --------
    >>> existing(["nowhere.png", __file__]) == {__file__}
    True
    """
    found: set[str] = set()
    folders: dict[tuple[str, str, str], list[str]] = {}
    for path in paths:
        if is_remote(path):
            before, name, after = split_url(path)
            folders.setdefault((before, posixpath.dirname(name), after), []).append(path)
        elif os.path.isfile(local_path(path)):
            found.add(path)
    for folder, inside in folders.items():
        with explained():
            files, place = file_system("".join(folder))
            files.invalidate_cache()
            listed = _names_in(files, place) if len(inside) > 1 else None
            for path in inside:
                name = file_system(path)[1]
                if _is_there(files, name) if listed is None else unquote(name) in listed:
                    found.add(path)
    return found


def _is_there(files: Any, name: str) -> bool:
    if "http" not in files.protocol:
        return files.exists(name)
    try:  # a URL that is signed for reading answers nothing else
        files.cat_file(name, start=0, end=1)
    except FileNotFoundError:
        return False
    return True


def _names_in(files: Any, place: str) -> set[str] | None:
    """Files and folders in a folder; None where it may not, or cannot, be listed."""
    try:
        return {unquote(name) for name in files.ls(place, detail=False)} or None
    except FileNotFoundError:
        return set() if "http" not in files.protocol else None
    except (PermissionError, NotImplementedError):
        return None
