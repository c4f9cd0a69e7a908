"""Names of files: what is a URL, what of it is a secret, and how names of files are joined to it."""

import os
import posixpath
import re
from typing import Any
from urllib.parse import unquote

ARCHIVES = ("zip", "tar", "libarchive")

# one letter is a drive of Windows
_URL = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]+::)*[A-Za-z][A-Za-z0-9+.-]+://")
_LOCAL = re.compile(r"(?:file|local)://(?!.*::)", re.DOTALL)
_USER = re.compile(r"(?<=://)(?:[^/@\s:]*:(?!\d+/)(?:(?!://)[^@\s])*|(?<=https://)[^/@\s]+|(?<=http://)[^/@\s]+)@")
_QUERY = re.compile(r"(?<=[?&;])([^=&;\s]+)=([^&;\s'\")\]]+)")
_SECRET = re.compile(r"sig|token|key|secret|cred|pass|pwd|auth|code|session|^x-(?:amz|goog)", re.IGNORECASE)


def is_remote(path: Any) -> bool:
    r"""Whether a path is a URL of another place than this machine's folders.

    Examples
    --------
    >>> [is_remote(path) for path in ("s3://bucket/a.png", "zip://a.png::set.zip", r"C:\a.png", "a::b.png", "file:///a.png")]
    [True, True, False, False, False]
    """
    if not isinstance(path, (str, os.PathLike)):
        return False
    name = os.fspath(path)
    return isinstance(name, str) and _URL.match(name) is not None and _LOCAL.match(name) is None


def is_web(url: str) -> bool:
    """Whether a URL is one of a web server, which a cache may stand before."""
    return url[: url.index("://")].lower().endswith(("http", "https"))


def local_path(path: str | os.PathLike[str]) -> str:
    """Path of a file on this machine, which may be given as a ``file://`` URL.

    Examples
    --------
    >>> local_path("file:///data/Early%20Pre/1.png"), local_path("data/1.png")
    ('/data/Early Pre/1.png', 'data/1.png')
    """
    name = os.fspath(path)
    found = _LOCAL.match(name) if isinstance(name, str) else None
    if found is None:
        return name
    plain = name[found.end() :]
    if re.match(r"/[A-Za-z]:", plain):
        plain = plain[1:]
    return plain if os.path.exists(plain) else unquote(plain)


def masked(name: str) -> str:
    """A name without the credentials that a URL may hold: a user, and what a query calls a key, a token, a signature.

    Examples
    --------
    >>> masked("https://user:secret@host/a.png?id=7&X-Amz-Signature=0f3a")
    'https://***@host/a.png?id=7&X-Amz-Signature=***'
    """
    if "://" not in name:
        return name
    return _QUERY.sub(_mask_value, _USER.sub("***@", name))


def _mask_value(found: re.Match[str]) -> str:
    key, value = found.groups()
    # long and without the dot of a file's ending: nobody's name for an image
    secret = _SECRET.search(key) or (len(value) >= 20 and "." not in value)
    return f"{key}=***" if secret else found.group()


def join(root: str, name: str) -> str:
    """URL of a file, given relative to a folder's URL; a URL stays what it is.

    Examples
    --------
    >>> join("s3://bucket/set", "Pro/1.png"), join("https://host/set?token=1", "1.png"), join("zip://::a.zip", "../1.png")
    ('s3://bucket/set/Pro/1.png', 'https://host/set/1.png?token=1', 'zip://1.png::a.zip')
    """
    if is_remote(name):
        return name
    before, path, after = split_url(root)
    name = name.replace(os.sep, "/")
    if is_web(root):
        name = name.replace("#", "%23")
    path = posixpath.join(f"/{path.strip('/')}/" if path.strip("/") else "/", name)
    path = posixpath.normpath(path) if {".", ".."} & set(path.split("/")) else path
    return before + (path.lstrip("/") if before.endswith("://") else path) + after


def split_url(url: str) -> tuple[str, str, str]:
    """What stands before a URL's path, the path, and what stands behind it: a query, the archive it is in.

    Examples
    --------
    >>> split_url("https://host/set/1.png?id=7"), split_url("zip://Pro/1.png::s3://bucket/a.zip")
    (('https://host', '/set/1.png', '?id=7'), ('zip://', 'Pro/1.png', '::s3://bucket/a.zip'))
    """
    start = url.index("://") + 3
    ends = [url.find(mark, start) for mark in ("::", *("?#" if is_web(url) else ""))]
    end = min((end for end in ends if end >= 0), default=len(url))
    if url.startswith(tuple(f"{kind}://" for kind in ARCHIVES)):
        return url[:start], url[start:end], url[end:]
    slash = url.find("/", start, end)
    slash = end if slash < 0 else slash
    return url[:slash], url[slash:end], url[end:]
