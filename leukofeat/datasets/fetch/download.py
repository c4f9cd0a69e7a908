"""Files from the web, whole or not at all, and archives unpacked without harm."""

import hashlib
import os
import shutil
import stat
import tarfile
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import IO

from tqdm import tqdm

from leukofeat.atomic import write_through
from leukofeat.decode import ImageError

_BLOCK = 1 << 20
_TIMEOUT = 60.0  # seconds without a byte
_MAX_FILES = 200_000


def download_file(url: str, path: str | os.PathLike[str], *, sha256: str | None = None, verbose: int = 1) -> Path:
    """Download a file; one that broke off is gone on with at the next call, where the server can.

    Parameters
    ----------
    url : str
    path : path
        Takes its place in one step, when all of it is there. Until then what came lies beside it, as `.NAME.part`.
    sha256 : str, optional
        What comes out else is thrown away.
    verbose : int, default=1
        0 shows no bar.

    Returns
    -------
    Path

    Raises
    ------
    OSError
        When the server cannot be reached, has no such file or breaks off, and for a wrong checksum.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "there.bin").write_bytes(b"smear")
    >>> download_file((folder / "there.bin").as_uri(), folder / "here.bin", verbose=0).read_bytes()
    b'smear'
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    try:
        _receive(url, part, verbose)
    except (OSError, HTTPException) as error:
        # a name, a refusal and a line that went dead read alike to who wanted the file
        raise OSError(
            f"{url}: cannot be downloaded ({_reason(error)}); call again later, or get it by hand."
        ) from error
    if sha256 is not None and (found := file_sha256(part)) != sha256:
        part.unlink()
        raise OSError(
            f"{url}: what came has the SHA-256 {found} and not {sha256}, so it was thrown away; call again. If it comes again, the file "
            "was changed by who offers it: get it by hand and look at what it is."
        )
    write_through(part)
    os.replace(part, target)
    return target


def _receive(url: str, part: Path, verbose: int) -> None:
    there = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "leukofeat"})
    if there:
        request.add_header("Range", f"bytes={there}-")
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != 416 or not there:
            raise
        part.unlink()  # the file is not longer than what came of it, so that was of another
        return _receive(url, part, verbose)
    with response:
        goes_on = there > 0 and response.status == 206
        length = response.headers.get("Content-Length")
        total = None if length is None else int(length) + (there if goes_on else 0)
        with (
            part.open("ab" if goes_on else "wb") as file,
            tqdm(
                total=total,
                initial=there if goes_on else 0,
                unit="B",
                unit_scale=True,
                desc="downloading",
                disable=verbose < 1,
                dynamic_ncols=True,
            ) as bar,
        ):
            while block := response.read(_BLOCK):
                file.write(block)
                bar.update(len(block))
    if total is not None and part.stat().st_size != total:
        raise OSError(f"it broke off after {part.stat().st_size:,} of {total:,} bytes")


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", None) or error or type(error).__name__)


def file_sha256(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file, in hexadecimal digits.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "empty"
    >>> path.touch()
    >>> file_sha256(path)[:8]
    'e3b0c442'
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def extract_archive(archive: str | os.PathLike[str], folder: str | os.PathLike[str], *, max_bytes: int) -> Path:
    """Unpack a zip or tar archive into a folder that is there afterwards whole, or not at all.

    Hidden files and what macOS adds (`__MACOSX`) are left out.

    Parameters
    ----------
    archive : path
    folder : path
        Must not be there.
    max_bytes : int
        Most that it may hold, unpacked.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ImageError
        For what is no archive or a damaged one, one that holds more than `max_bytes` or names beside the folder, links or devices.

    Examples
    --------
    >>> import tempfile
    >>> home = Path(tempfile.mkdtemp())
    >>> with zipfile.ZipFile(home / "set.zip", "w") as file:
    ...     file.writestr("Pro/1.txt", "a smear")
    >>> (extract_archive(home / "set.zip", home / "set", max_bytes=1000) / "Pro" / "1.txt").read_text()
    'a smear'
    """
    source, target = Path(archive), Path(folder)
    new = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    left = max_bytes
    try:
        for count, (name, opened) in enumerate(_members(source)):
            place = new.joinpath(*_safe(name, source))
            place.parent.mkdir(parents=True, exist_ok=True)
            with opened() as member, place.open("xb") as file:
                while block := member.read(_BLOCK):
                    left -= len(block)
                    if left < 0 or count >= _MAX_FILES:
                        raise ImageError(
                            f"{source}: holds more than {max_bytes:,} bytes or {_MAX_FILES:,} files; unpack it by hand."
                        )
                    file.write(block)
        os.replace(new, target)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, FileExistsError, NotImplementedError) as error:
        raise ImageError(f"{source}: is a damaged archive ({error}); delete it and get it again.") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
    with suppress(OSError):
        write_through(target.parent)
    return target


def _members(source: Path) -> Iterator[tuple[str, Callable[[], IO[bytes]]]]:
    """Name of each file in an archive, and what opens it."""
    if zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as zipped:
            for info in zipped.infolist():
                kind = stat.S_IFMT(info.external_attr >> 16)
                if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                    raise ImageError(f"{source}: {info.filename} is a link or device; unpack it by hand.")
                if not info.is_dir() and not _is_hidden(info.filename):
                    yield info.filename, lambda info=info: zipped.open(info)  # type: ignore[misc]
    elif tarfile.is_tarfile(source):
        with tarfile.open(source) as tarred:
            for member in tarred:
                if not (member.isfile() or member.isdir()):
                    raise ImageError(f"{source}: {member.name} is a link or device; unpack it by hand.")
                if member.isfile() and not _is_hidden(member.name):
                    yield member.name, lambda member=member: tarred.extractfile(member)  # type: ignore[misc]
    else:
        raise ImageError(f"{source}: is no zip or tar archive; delete it and get it again.")


def _is_hidden(name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return "__MACOSX" in parts or any(part.startswith(".") and part not in (".", "..") for part in parts)


def _safe(name: str, source: Path) -> tuple[str, ...]:
    """Parts of a member's name, which leads nowhere but into the folder."""
    path = PurePosixPath(name.replace("\\", "/"))
    if not path.parts or path.is_absolute() or ".." in path.parts or ":" in path.parts[0] or "\0" in name:
        raise ImageError(f"{source}: {name!r} would lie beside the folder; unpack it by hand.")
    return path.parts
