"""The store: what was measured of an image once is kept on disk by content, whoever asks for it again."""

import html
import json
import os
import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import HasMethods

FILE = "leukofeat.sqlite"
MEMORY: list[Any] = [None, str, os.PathLike, HasMethods(["clear"])]  # constraint of a parameter that `as_store` takes
_LAYOUT = 1  # of the tables below
_CREATE = """
CREATE TABLE records (key TEXT PRIMARY KEY, kind TEXT, what TEXT, value BLOB, used INTEGER) WITHOUT ROWID;
CREATE INDEX used ON records (used);
"""
_AT_ONCE = 500  # keys asked for in one statement
_DAY = 86400
_PATIENCE = 120.0  # seconds to wait for another process that writes
_COMPRESSED = 1 << 14  # bytes from which on a value is worth compressing


class Store:
    """Results kept on disk by the content of what they were made of: an image's bytes, the stages it went through, the family.

    One SQLite file in a folder. Several processes may use it at once. What has not been used for longest goes first when
    there is no room. Nothing in it is executed on reading: values are numbers and text, there is no pickle. It may be
    deleted at any time; what is asked for is then measured again.

    Parameters
    ----------
    location : path
        Folder; made when something is first stored.
    max_bytes : int, default=2 GiB
        Size above which the least recently used records are dropped.

    See Also
    --------
    leukofeat.features.FeatureSet : `memory=` takes a folder or a store.

    Notes
    -----
    What a function of one's own reads beside the image and its own code (other files, a clock, `smear.source`) is not part
    of the key: leave such a function out of the store by `memory=None`, or clear it.

    Examples
    --------
    >>> import tempfile
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.features import ColorFeatures, FeatureSet
    >>> store = Store(tempfile.mkdtemp())
    >>> images = make_smears(n_samples=3, size=64, random_state=0).images
    >>> values = FeatureSet([ColorFeatures(regions=("image",))], memory=store).fit_transform(images)
    >>> store.table()[["kind", "records"]].values.tolist()
    [['row', 3]]
    >>> again = FeatureSet([ColorFeatures(regions=("image",))], memory=store).fit_transform(images)
    >>> bool((again == values).all())
    True
    """

    def __init__(self, location: str | os.PathLike[str], *, max_bytes: int = 2 << 30) -> None:
        self.location = os.fspath(location)
        self.max_bytes = max_bytes

    def __repr__(self) -> str:
        return f"Store({self.location!r})"

    @cached_property
    def path(self) -> Path:
        """The file that holds everything."""
        return Path(self.location) / FILE

    def get(self, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Values by key, of those that are there.

        Examples
        --------
        >>> import tempfile
        >>> store = Store(tempfile.mkdtemp())
        >>> store.put({"a" * 32: {"values": np.arange(2.0), "cells": 1}}, "row", "areas")
        >>> store.get(["a" * 32, "b" * 32])
        {'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa': {'values': array([0., 1.]), 'cells': 1}}
        """
        if not self.path.is_file():
            return {}
        wanted, found, old, now = list(keys), {}, [], int(time.time())
        with self._open() as database:
            for start in range(0, len(wanted), _AT_ONCE):
                part = wanted[start : start + _AT_ONCE]
                marks = ",".join("?" * len(part))
                rows = database.execute(f"SELECT key, value, used FROM records WHERE key IN ({marks})", part)
                for key, value, used in rows:
                    found[key] = decode(value)
                    if used < now - _DAY:  # to the day is enough, and spares a write at each reading
                        old.append((now, key))
            if old:
                database.executemany("UPDATE records SET used = ? WHERE key = ?", old)
        return found

    def put(self, records: Mapping[str, Mapping[str, Any]], kind: str, what: str) -> None:
        """Keep values by key; a key that is there is left as it is.

        Parameters
        ----------
        records : dict of str to dict
            Arrays of numbers or text, and what JSON can say.
        kind : str
            What the records are, for :meth:`table`.
        what : str
            What they were made by, for people.
        """
        self.put_all([(records, kind, what)])

    def put_all(self, groups: Iterable[tuple[Mapping[str, Mapping[str, Any]], str, str]]) -> None:
        """Keep several groups of records, each as :meth:`put` takes it, in one go: most of the cost is that of a transaction."""
        now = int(time.time())
        rows = [
            (key, kind, what, encode(value), now) for records, kind, what in groups for key, value in records.items()
        ]
        if not rows:
            return
        Path(self.location).mkdir(parents=True, exist_ok=True)
        with self._open() as database:
            database.executemany("INSERT OR IGNORE INTO records VALUES (?, ?, ?, ?, ?)", rows)
            self._make_room(database)

    def table(self) -> pd.DataFrame:
        """What is stored: `kind` and `what` of the records, their number, megabytes, and when they were last used.

        Returns
        -------
        DataFrame
        """
        columns = ["kind", "what", "records", "mb", "used"]
        if not self.path.is_file():
            return pd.DataFrame(columns=columns)
        query = "SELECT kind, what, COUNT(*), SUM(LENGTH(value)) / 1e6, MAX(used) FROM records GROUP BY kind, what ORDER BY kind, what"
        with self._open() as database:
            table = pd.DataFrame(database.execute(query).fetchall(), columns=columns)
        return table.assign(used=pd.to_datetime(table["used"], unit="s"))

    def clear(self) -> None:
        """Forget everything."""
        if self.path.is_file():
            with self._open() as database:
                database.execute("DELETE FROM records")

    def _repr_html_(self) -> str:
        held = self.table()
        size = f"{held['mb'].sum():.1f} MB of at most {self.max_bytes / 1e6:,.0f}"
        shown = held.assign(mb=held["mb"].astype(float).round(2)).to_html(index=False) if len(held) else ""
        return f"<div><b>{html.escape(repr(self))}</b><div>{size}</div>{shown}</div>"

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection for one piece of work: none is kept, so that a store travels to workers and survives a fork."""
        try:
            database = sqlite3.connect(self.path, timeout=_PATIENCE)
            try:
                with database:
                    self._check_layout(database)
                    yield database
            finally:
                database.close()
        except sqlite3.OperationalError as error:
            raise OSError(f"{self.path}: the store cannot be used ({error}); name another folder as memory.") from error
        except sqlite3.DatabaseError as error:
            raise OSError(
                f"{self.path}: is no store of results, or damaged ({error}); delete it, it is only a memory."
            ) from error

    def _check_layout(self, database: sqlite3.Connection) -> None:
        (layout,) = database.execute("PRAGMA user_version").fetchone()
        if layout == 0:
            database.execute("BEGIN IMMEDIATE")  # another process may be at it
            (layout,) = database.execute("PRAGMA user_version").fetchone()
            if layout == 0:
                for statement in _CREATE.strip().split("\n"):
                    database.execute(statement)
                database.execute(f"PRAGMA user_version = {_LAYOUT}")
                database.commit()
        elif layout != _LAYOUT:
            raise OSError(
                f"{self.path}: was written by another version of leukofeat; delete it, or name another folder as memory."
            )

    def _make_room(self, database: sqlite3.Connection) -> None:
        pages, free, size = (
            database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        excess = (pages - free) * size - self.max_bytes
        if excess <= 0:
            return
        excess += self.max_bytes // 5  # room for a while
        dropped = []
        for key, length in database.execute("SELECT key, LENGTH(value) FROM records ORDER BY used"):
            if excess <= 0:
                break
            dropped.append((key,))
            excess -= length
        database.executemany("DELETE FROM records WHERE key = ?", dropped)


def as_store(memory: Any) -> Store | None:
    """Store of `memory=`: a folder, a store, a joblib.Memory (its folder), or None for none.

    Examples
    --------
    >>> as_store("cache"), as_store(None)
    (Store('cache'), None)
    """
    if memory is None or isinstance(memory, Store):
        return memory
    location = memory if isinstance(memory, (str, os.PathLike)) else getattr(memory, "location", None)
    return None if location is None else Store(location)


def encode(value: Mapping[str, Any]) -> bytes:
    r"""Arrays and plain values as bytes: a line of JSON that says what follows, then the arrays; TypeError for anything else.

    Examples
    --------
    >>> encode({"cells": 2, "areas": np.zeros(2, np.uint8)})
    b'={"cells": {"value": 2}, "areas": {"dtype": "|u1", "shape": [2]}}\n\x00\x00'
    """
    head: dict[str, Any] = {}
    body = []
    for name, item in value.items():
        if isinstance(item, np.ndarray):
            if item.dtype.kind == "O":
                raise TypeError(f"{name}: an array of objects cannot be stored.")
            head[name] = {"dtype": item.dtype.str, "shape": item.shape}
            body.append(np.ascontiguousarray(item).tobytes())
        else:
            head[name] = {"value": item}
    data = json.dumps(head).encode() + b"\n" + b"".join(body)
    return b"z" + zlib.compress(data, 1) if len(data) > _COMPRESSED else b"=" + data


def decode(data: bytes) -> dict[str, Any]:
    """What :func:`encode` wrote.

    Examples
    --------
    >>> decode(encode({"cells": 2}))
    {'cells': 2}
    """
    plain = zlib.decompress(memoryview(data)[1:]) if data[:1] == b"z" else data[1:]
    head, _, body = plain.partition(b"\n")
    value, at = {}, 0
    for name, item in json.loads(head).items():
        if "value" in item:
            value[name] = item["value"]
        else:
            array = np.empty(item["shape"], item["dtype"])
            array.reshape(-1).view(np.uint8)[:] = np.frombuffer(body, np.uint8)[at : at + array.nbytes]
            value[name] = array
            at += array.nbytes
    return value
