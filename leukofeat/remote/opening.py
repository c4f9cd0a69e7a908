"""fsspec's file systems, and what they and their protocols raise as one error that says what to do."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from typing import Any

from leukofeat.remote.names import ARCHIVES, is_remote, local_path, masked


class RemoteError(OSError):
    """A remote file or folder that cannot be read; the text ends in the way out and shows no credentials.

    Attributes
    ----------
    is_absent : bool
        Whether there is none, or none that may be seen: some stores answer both alike.

    Examples
    --------
    >>> RemoteError("there is no such file, folder or bucket; check the path", is_absent=True).is_absent
    True
    """

    def __init__(self, text: str, is_absent: bool = False) -> None:
        super().__init__(text)
        self.is_absent = is_absent

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.is_absent)


def file_system(url: str) -> tuple[Any, str]:
    """Fsspec's file system for a URL, and what it calls the file."""
    try:
        core = import_module("fsspec.core")
    except ModuleNotFoundError:
        raise ImportError("fsspec is not installed: pip install 'leukofeat[remote]'") from None
    kind, before, archive = url.partition("://")
    if kind in ARCHIVES and "::" in archive:
        path, _, around = archive.partition("::")
        # a process of its own reads at a place of its own in the file
        return open_archive(f"{kind}{before}::{around}", os.getpid(), _stamp(around)), path.strip("/")
    files, path = core.url_to_fs(url)
    return files, path


@lru_cache(maxsize=8)
def open_archive(url: str, process: int, stamp: tuple[int, int] | None) -> Any:
    """Archive whose table of contents is read once, and not for each image."""
    return import_module("fsspec.core").url_to_fs(url)[0]


def _stamp(path: str) -> tuple[int, int] | None:
    if is_remote(path):
        return None
    state = os.stat(local_path(path))
    return state.st_mtime_ns, state.st_size


@contextmanager
def explained() -> Iterator[None]:
    """What fsspec and its protocols raise, of any kind, as RemoteError; what they say may hold the URL with its secrets."""
    try:
        yield
    except RemoteError:
        raise
    except Exception as error:
        absent = isinstance(error, (FileNotFoundError, KeyError, NotADirectoryError, IsADirectoryError))
        denied = isinstance(error, PermissionError) or getattr(error, "status", 0) in (401, 403)
        text = _words(error, absent, denied)
    else:
        return
    # outside of the handler, so that no traceback shows the other error
    raise RemoteError(text, is_absent=absent or denied)


def _words(error: Exception, absent: bool, denied: bool) -> str:
    said = masked(" ".join(str(error).split()))[:200]
    name = type(error).__name__
    if isinstance(error, ImportError):
        return said if "pip install" in said else f"{said}: pip install the package of that protocol"
    if absent:
        return "there is no such file, folder or bucket; check the path"
    if denied or "Credentials" in name:
        return f"access denied ({said or name}); check the credentials, which the protocol takes from its own settings"
    if isinstance(error, TimeoutError) or "Timeout" in name:
        return "no answer in time; try again, or raise the protocol's timeout"
    if isinstance(error, ValueError) and "rotocol" in said:
        return f"{said}; write s3://, gs://, https:// or another that fsspec knows"
    return f"{name}: {said}; check the path and the connection"
