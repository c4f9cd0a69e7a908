"""The bytes of one file."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from leukofeat.remote.names import is_remote, local_path
from leukofeat.remote.opening import explained, file_system

_MOST = 1 << 28  # bytes that are held at most

# what has been read of remote files while a few images are visited
_held: ContextVar[dict[str, bytes] | None] = ContextVar("_held", default=None)


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Content of a file.

    Parameters
    ----------
    path : str or path-like
        A path, or a URL of any protocol that fsspec knows, chains as `zip://a.png::s3://bucket/set.zip` among them. Members of
        archives are read in memory; nothing is unpacked to disk. Options and credentials are the protocol's own: the environment's,
        or those of fsspec's configuration.

    Raises
    ------
    RemoteError
        For a URL that cannot be read, and what to do about it.
    OSError
        For any other file that cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "a.txt"
    >>> path.write_bytes(b"cell")
    4
    >>> read_bytes(path), read_bytes(path.as_uri())
    (b'cell', b'cell')
    """
    if not is_remote(path):
        return Path(local_path(path)).read_bytes()
    url, held = os.fspath(path), _held.get()
    if held is not None and url in held:
        return held[url]
    with explained():
        files, name = file_system(url)
        data = bytes(files.cat_file(name))
    if held is not None and sum(map(len, held.values())) + len(data) <= _MOST:
        held[url] = data
    return data


def open_binary(path: str | os.PathLike[str]) -> io.BufferedReader | io.BytesIO:
    """A file to read from; of a remote one the whole content, of a local one what is asked for. Raises as :func:`read_bytes`.

    Examples
    --------
    >>> with open_binary(__file__) as file:
    ...     len(file.read(3))
    3
    """
    return io.BytesIO(read_bytes(path)) if is_remote(path) else open(local_path(path), "rb")


@contextmanager
def read_once() -> Iterator[None]:
    """Within it each remote file is fetched once, however often it is read, as long as they are small: for what visits a few images.

    Contexts within it belong to it; nothing is kept behind it, so that a file that was replaced is seen.

    Examples
    --------
    >>> with read_once():
    ...     _held.get()
    {}
    """
    if _held.get() is not None:
        yield
        return
    token = _held.set({})
    try:
        yield
    finally:
        _held.reset(token)
