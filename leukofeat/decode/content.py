"""The bytes of one file, before anything is known of them."""

import os

from leukofeat.decode.damage import ImageError
from leukofeat.decode.limits import check_kind
from leukofeat.remote import RemoteError, is_remote, local_path, masked, read_bytes


def read_content(path: str | os.PathLike[str]) -> tuple[str, bytes]:
    """What a file is called in messages, and its bytes.

    Raises
    ------
    ImageError
        When it cannot be read, is empty, or is no file but a pipe or a device.
    """
    name = masked(os.fspath(path))
    if not is_remote(path):
        check_kind(local_path(path))
    try:
        data = read_bytes(path)
    except RemoteError as error:
        raise ImageError(f"{name}: cannot be read: {error}.") from None
    except OSError as error:
        raise ImageError(f"{name}: cannot be read ({error.strerror or error}); check the path.") from error
    if not data:
        raise ImageError(f"{name}: the file is empty (0 bytes); copy it again or leave it out.")
    return name, data
