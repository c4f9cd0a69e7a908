"""The store: what was measured of an image once is kept on disk by content, whoever asks for it again."""

import html
import os
import sqlite3
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import joblib
import pandas as pd

from leukofeat.store.values import decode, encode

__all__ = ["FILE", "MEMORY", "Store", "StoreWarning", "as_store"]

T = TypeVar("T")

FILE = "leukofeat.sqlite"
_LAYOUT = 2  # of the tables below
# values stand in the order they came in, so that adding some writes few pages
_CREATE = "CREATE TABLE records (key TEXT PRIMARY KEY, kind TEXT, what TEXT, value BLOB, used INTEGER)"
_AT_ONCE = 500  # keys asked for in one statement
_DAY = 86400
_PATIENCE = 60.0  # seconds to wait for another process that writes
_REST = 600.0  # seconds for which trouble is not told again, and a store that another process holds is left alone

# by file and what was tried: until when it is not told again, and whether it is not tried either
_trouble: dict[tuple[Path, str], tuple[float, bool]] = {}


class StoreWarning(UserWarning):
    """A store cannot be used; what is asked for is computed, and not kept.

    Examples
    --------
    >>> import tempfile, warnings
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / FILE).write_bytes(b"something else") > 0
    True
    >>> with warnings.catch_warnings(record=True, action="always") as caught:
    ...     Store(folder).get(["a" * 32])
    {}
    >>> "delete it" in str(caught[0].message)
    True
    """


class Store:
    """Results kept on disk by the content of what they were made of: an image's bytes, the stages it went through, the family.

    One SQLite file in a folder. Several processes may use it at once. What has not been used for longest goes first when
    there is no room. Nothing in it is executed on reading: values are numbers and text, there is no pickle; each has a
    checksum, and one that is damaged is measured again. It may be deleted at any time; what is asked for is then measured again.

    Parameters
    ----------
    location : path
        Folder; made when something is first stored.
    max_bytes : int, default=2 GiB
        Size above which the least recently used records are dropped.
    required : bool, default=False
        Whether a store that cannot be used is an OSError, and not a warning.

    Attributes
    ----------
    path : Path
        The file that holds everything.

    See Also
    --------
    leukofeat.features.FeatureSet : `memory=` takes a folder or a store.

    Warns
    -----
    StoreWarning
        From :meth:`get` and :meth:`put`, and so from whoever has a `memory`, when the store cannot be used: the disk is full, the
        folder may not be written, the file is damaged or of another version, another process holds it for more than a minute. What
        is asked for is then computed as if there were no store. :meth:`table` and :meth:`clear` raise an OSError.

    Notes
    -----
    A function or class of one's own counts by its code, with the functions, classes and values of its module that it uses by name,
    and those of one's own modules that it imports. Not part of the key, and so nothing to depend on, is what it

    - reads beside the image: other files (also one whose path is a parameter), a clock, the environment, `smear.source`;
    - looks up by a name that is made while it runs, as by `globals()[name]`;
    - calls of an installed package whose code was changed while its version was not;
    - draws at random without a seed of its own: the first values are given back from then on.

    Leave such a function out of the store by `memory=None`, or clear the store. Global values that change while images are
    measured, such as a counter, make another function of it each time; what cannot be told apart by content, such as an open
    file, is measured anew each time, with a warning. What stages learned is kept if it is arrays, numbers, text, and lists and
    dicts of them. The folder should be on a local disk: locks on network drives are not to be trusted.

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

    def __init__(self, location: str | os.PathLike[str], *, max_bytes: int = 2 << 30, required: bool = False) -> None:
        self.location = os.fspath(location)
        self.max_bytes = max_bytes
        self.required = required
        self.path = Path(location).absolute() / FILE  # of the place where it was named, wherever it is used

    def __repr__(self) -> str:
        return f"Store({self.location!r})"

    def get(self, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Values by key, of those that are there.

        Examples
        --------
        >>> import tempfile
        >>> import numpy as np
        >>> store = Store(tempfile.mkdtemp())
        >>> store.put({"a" * 32: {"values": np.arange(2.0), "cells": 1}}, "row", "areas")
        >>> store.get(["a" * 32, "b" * 32])
        {'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa': {'values': array([0., 1.]), 'cells': 1}}
        """
        return self._or_without("read", partial(self._get, list(keys)), {})

    def _get(self, keys: list[str]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        if keys and self.path.is_file():
            with self._open() as database:
                for start in range(0, len(keys), _AT_ONCE):
                    found |= self._get_some(database, keys[start : start + _AT_ONCE])
        return found

    def _get_some(self, database: sqlite3.Connection, keys: list[str]) -> dict[str, dict[str, Any]]:
        found, old, damaged, now = {}, [], [], int(time.time())
        marks = ",".join("?" * len(keys))
        rows = database.execute(f"SELECT key, value, used FROM records WHERE key IN ({marks})", keys)
        for key, value, used in rows:
            try:
                found[key] = decode(value)
            except ValueError:
                damaged.append((key,))
            if (
                not isinstance(used, int) or used < now - _DAY
            ):  # to the day is enough, and spares a write at each reading
                old.append((now, key))
        if old or damaged:
            # one that may only be read, or that another process writes, can be read
            with suppress(sqlite3.OperationalError):
                database.execute("PRAGMA busy_timeout = 0")
                database.executemany("UPDATE records SET used = ? WHERE key = ?", old)
                database.executemany("DELETE FROM records WHERE key = ?", damaged)
                database.commit()
            database.execute(f"PRAGMA busy_timeout = {round(1000 * _PATIENCE)}")
        return found

    def known(self, keys: Iterable[str]) -> set[str]:
        """Those of the keys that there are values of; none where the store cannot be used."""
        return self._or_without("read", partial(self._known, list(keys)), set())

    def _known(self, keys: list[str]) -> set[str]:
        found: set[str] = set()
        if keys and self.path.is_file():
            with self._open() as database:
                for start in range(0, len(keys), _AT_ONCE):
                    some = keys[start : start + _AT_ONCE]
                    marks = ",".join("?" * len(some))
                    found.update(
                        key for (key,) in database.execute(f"SELECT key FROM records WHERE key IN ({marks})", some)
                    )
        return found

    def forget(self, keys: Iterable[str]) -> None:
        """Drop the values of these keys."""
        self._or_without("written", partial(self._forget, [(key,) for key in keys]), None)

    def _forget(self, keys: list[tuple[str]]) -> None:
        if keys and self.path.is_file():
            with self._open() as database:
                database.executemany("DELETE FROM records WHERE key = ?", keys)

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
        self._or_without("written", partial(self._put, rows), None)

    def _put(self, rows: list[tuple[str, str, str, bytes, int]]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
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
        used = pd.to_numeric(table["used"], errors="coerce")  # of a damaged file it may be anything
        return table.assign(used=pd.to_datetime(used, unit="s", errors="coerce"))

    def clear(self) -> None:
        """Forget everything."""
        if self.path.is_file():
            with self._open() as database:
                database.execute("DELETE FROM records")
                database.commit()
                database.execute("VACUUM")  # or the room on the disk would stay taken

    def _repr_html_(self) -> str:
        held = self.table()
        size = f"{held['mb'].sum():.1f} MB of at most {self.max_bytes / 1e6:,.0f}"
        shown = held.assign(mb=held["mb"].astype(float).round(2)).to_html(index=False) if len(held) else ""
        return f"<div><b>{html.escape(repr(self))}</b><div>{size}</div>{shown}</div>"

    def _or_without(self, tried: str, work: Callable[[], T], otherwise: T) -> T:
        """Go on without the store where it cannot be used: it is only a memory, and hours of work are not lost to it."""
        if self.required:
            return work()
        until, rests = _trouble.get((self.path, tried), (0.0, False))
        told = time.monotonic() < until
        if told and rests:
            return otherwise
        try:
            result = work()
        except OSError as error:
            if not told:
                _trouble[self.path, tried] = (time.monotonic() + _REST, "locked" in str(error.__cause__))
                text = str(error) if str(self.path) in str(error) else f"{self.path}: {error}."
                warnings.warn(f"{text} Until then nothing is {tried} there.", StoreWarning, stacklevel=4)
            return otherwise
        _trouble.pop((self.path, tried), None)
        return result

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
            raise OSError(
                f"{self.path}: the store cannot be used ({error}); free some room, or name another folder."
            ) from error
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # the latter of sqlite's own message
            raise OSError(
                f"{self.path}: is no store of results, or damaged ({error}); delete it, it is only a memory."
            ) from error

    def _check_layout(self, database: sqlite3.Connection) -> None:
        (layout,) = database.execute("PRAGMA user_version").fetchone()
        if layout == 0:
            database.execute("BEGIN IMMEDIATE")  # another process may be at it
            (layout,) = database.execute("PRAGMA user_version").fetchone()
            if layout == 0:
                database.execute(_CREATE)
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
    """Store of `memory=`: a folder, a store, a joblib.Memory (its folder), or None for none; TypeError for anything else.

    Examples
    --------
    >>> as_store("cache"), as_store(None)
    (Store('cache'), None)
    """
    if memory is None or isinstance(memory, Store):
        return memory
    if not isinstance(memory, (str, os.PathLike, joblib.Memory)):
        raise TypeError(f"memory must be a folder, a Store, a joblib.Memory or None, not {memory!r}.")
    location = memory.location if isinstance(memory, joblib.Memory) else memory
    return None if location is None else Store(location)


# constraint of a parameter that `as_store` takes
MEMORY: list[Any] = [None, str, os.PathLike, Store, joblib.Memory]
