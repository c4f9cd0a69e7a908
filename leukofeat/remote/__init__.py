"""Files wherever they lie: on this machine, or behind a URL that fsspec opens (s3, gs, http, memory, archives)."""

from leukofeat.remote.folders import existing, list_files
from leukofeat.remote.names import is_remote, join, local_path, masked, split_url
from leukofeat.remote.opening import RemoteError
from leukofeat.remote.reading import open_binary, read_bytes, read_once

__all__ = [
    "RemoteError",
    "existing",
    "is_remote",
    "join",
    "list_files",
    "local_path",
    "masked",
    "open_binary",
    "read_bytes",
    "read_once",
    "split_url",
]
