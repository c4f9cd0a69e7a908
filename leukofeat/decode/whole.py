"""Files that are written whole or not at all."""

import os
from contextlib import suppress
from pathlib import Path


def write_whole(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write a file beside its place first and move it there when it is complete: whoever looks finds the old one or the new one.

    Raises
    ------
    OSError
        When it cannot be written (the disk is full, the folder may not be written); names the file. An old one is left as it is.

    Examples
    --------
    >>> import tempfile
    >>> path = write_whole(Path(tempfile.mkdtemp()) / "verdict.txt", b"nothing serious")
    >>> path.read_bytes(), len(list(path.parent.iterdir()))
    (b'nothing serious', 1)
    """
    target = Path(path)
    beside = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(data)
        os.replace(beside, target)
    except OSError as error:
        reason = f"{error.strerror}; what was there is as it was. Free some room, or name another place."
        raise OSError(error.errno, reason, str(target)) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
    return target
