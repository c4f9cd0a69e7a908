"""Tables of predictions as other tools write them: read as text, and their paths found among the images."""

import csv
import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from leukofeat.extras import import_extra
from leukofeat.markup import text_of

UNKNOWN, SEVERAL = -1, -2


def read_table(path: Path) -> tuple[pd.DataFrame, str]:
    """Table of a CSV or parquet file as text, and what may stand in numbers for the point."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file of predictions.")
    if path.suffix.lower() == ".parquet":
        import_extra("pyarrow", str(path))
        try:
            _check_parquet(path)
            return as_text(pd.read_parquet(path)), "."
        except (OSError, ValueError) as error:
            raise ValueError(f"{path}: cannot be read as parquet ({error}).") from error
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            sign = _separator(file.readline())
        # as text: a class may be called 01, NA or None
        table = pd.read_csv(path, sep=sign, dtype=str, keep_default_na=False, encoding="utf-8-sig", index_col=False)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: is not in UTF-8 ({error}); save it as 'CSV UTF-8'.") from error
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: cannot be read as CSV in UTF-8 ({error}).") from error
    return table.fillna("").map(text_of).rename(columns=text_of), "," if sign == ";" else "."


def _check_parquet(path: Path) -> None:
    """Raise ValueError where few bytes would unpack to a table that fills the memory: names and scores take some room."""
    from pyarrow.parquet import read_metadata

    told, n_bytes = read_metadata(path), path.stat().st_size
    if told.num_rows * told.num_columns > 5_000_000 + 4 * n_bytes:
        raise ValueError(f"{told.num_rows:,} rows of {told.num_columns:,} columns in {n_bytes:,} bytes")


def as_text(table: pd.DataFrame) -> pd.DataFrame:
    """The table with every value as text, blank where there is none; an index with a name is a column."""
    if table.index.name is not None:
        table = table.reset_index()
    missing = table.isna()
    columns = {
        name: [
            "" if blank else os.fspath(value) if isinstance(value, os.PathLike) else str(value)
            for value, blank in zip(table[name], missing[name], strict=True)
        ]
        for name in table
    }
    return pd.DataFrame(columns, dtype=object)


def _separator(head: str) -> str:
    """What separates the columns of a CSV: that which lets a column `path` appear, or else occurs most."""
    signs = (",", ";", "\t")
    for sign in signs:
        if "path" in [name.strip() for name in next(csv.reader([head], delimiter=sign), [])]:
            return sign
    return max(signs, key=head.count)


def match_paths(paths: Sequence[str], names: Sequence[str]) -> np.ndarray:
    r"""Row of the image that each path leads to: the one called so, or else that which has most of the path's end.

    Parameters
    ----------
    paths : sequence of m str
        `\` counts as `/`, and composed characters as their parts do.
    names : sequence of n str
        Files of the images; of a file that comes twice the first row is given.

    Returns
    -------
    ndarray of shape (m,), dtype int64
        -1 where not even the name of the file is an image's, -2 where several images have as much of the end.

    Examples
    --------
    >>> match_paths(["2.png", "D:\\a\\1.png", "1.png", "3.png"], ["/x/a/1.png", "/x/b/1.png", "/x/b/2.png"])
    array([ 2,  0, -2, -1])
    """
    whole: dict[tuple[str, ...], int] = {}
    for i, name in enumerate(names):
        whole.setdefault(_parts(name), i)
    ends: dict[tuple[str, ...], int] = {}
    for parts, i in whole.items():
        for n in range(1, len(parts) + 1):
            ends[parts[-n:]] = SEVERAL if parts[-n:] in ends else i
    found = np.full(len(paths), UNKNOWN, np.int64)
    for k, path in enumerate(paths):
        parts = _parts(path)
        n = 1
        while n <= len(parts) and parts[-n:] in ends:
            found[k] = ends[parts[-n:]]
            n += 1
        found[k] = whole.get(parts, found[k])
    return found


def first_of_same(names: Sequence[str]) -> np.ndarray:
    """For each image the first row of the same file, as :func:`match_paths` gives it.

    Examples
    --------
    >>> first_of_same(["a.png", "b.png", "a.png"])
    array([0, 1, 0])
    """
    first: dict[tuple[str, ...], int] = {}
    return np.array([first.setdefault(_parts(name), i) for i, name in enumerate(names)], np.int64)


def _parts(path: str) -> tuple[str, ...]:
    plain = unicodedata.normalize("NFC", path).replace("\\", "/")
    return tuple(part for part in plain.split("/") if part not in ("", "."))
