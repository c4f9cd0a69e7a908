"""Files that are there whole or not at all, whenever the plug is pulled."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_LONGEST = 200  # characters of a name that are kept in a hidden one


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
    given, target = Path(path), Path(path).resolve()  # a link stays one
    new = target.with_name(f".{target.name[:_LONGEST]}.{os.getpid()}.tmp")
    try:
        yield new
        write_through(new)
        os.replace(new, target)
    except OSError as error:
        if error.errno is None or error.filename not in (None, str(new)):  # said by who knows more
            raise
        way_out = "free some room" if error.errno in _FULL else "name another place"
        reason = f"{error.strerror}; what was there is as it was; {way_out}"
        raise OSError(error.errno, reason, str(given)) from error
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)
    with suppress(OSError):  # of a folder not every system can
        write_through(target.parent)


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


def write_through(path: Path) -> None:
    """Have a file, or the names in a folder, written to the disk itself, where the system can.

    Examples
    --------
    >>> write_through(Path(__file__))
    """
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
