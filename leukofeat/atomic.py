"""Files that are there whole or not at all, whenever the plug is pulled."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Path to write to; when that is done, the file takes the place of `path` in one step.

    Parameters
    ----------
    path : path
        In a folder that is there.

    Yields
    ------
    Path
        Of a hidden file in the same folder, gone afterwards in any case.

    Raises
    ------
    OSError
        When it cannot be written (the disk is full, the folder may not be written); names `path`, which is then as it was.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "table.csv"
    >>> with replacing(path) as new:
    ...     _ = new.write_text("a,b")
    >>> path.read_text(), len(list(path.parent.iterdir()))
    ('a,b', 1)
    """
    path = Path(path)
    new = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield new
        _write_through(new)
        os.replace(new, path)
        _write_through(path.parent)
    except OSError as error:
        if error.errno is None:  # said by who knows more
            raise
        reason = f"{error.strerror}; what was there is as it was. Free some room, or name another place."
        raise OSError(error.errno, reason, str(path)) from error
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)


def write_whole(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write a file as :func:`replacing` has it; returns its path.

    Examples
    --------
    >>> import tempfile
    >>> path = write_whole(Path(tempfile.mkdtemp()) / "verdict.txt", b"nothing serious")
    >>> path.read_bytes()
    b'nothing serious'
    """
    with replacing(path) as new:
        new.write_bytes(data)
    return Path(path)


def _write_through(path: Path) -> None:
    """Have a file, or the names in a folder, written to the disk itself, where the system can."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
