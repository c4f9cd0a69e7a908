"""What libraries say on the error stream of the process, and nowhere else."""

import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LIBRARIES = re.compile(r"^\[ *(ERROR|WARN|INFO)|TIFF|Decode|JPEG|LZW|Fax|tempfile\.tif|libpng")
_lock = threading.Lock()


@contextmanager
def listening() -> Iterator[list[str]]:
    """Lines that OpenCV, libtiff and their like write meanwhile; they come in the list afterwards, not on the terminal.

    Other threads' lines are passed on. Files are read one at a time, so this is for formats that are rare.
    """
    said: list[str] = []
    with _lock, tempfile.TemporaryFile() as ear:
        sys.stderr.flush()
        try:
            voice = os.dup(2)
        except OSError:  # a process without an error stream
            yield said
            return
        os.dup2(ear.fileno(), 2)
        try:
            yield said
        finally:
            os.dup2(voice, 2)
            os.close(voice)
            ear.seek(0)
            for line in ear.read().splitlines(keepends=True):
                text = line.decode("utf-8", "replace").strip()
                if _LIBRARIES.search(text):
                    said.append(text)
                elif text:
                    os.write(2, line)
