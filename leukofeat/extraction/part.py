"""One part of a data set: a Parquet file that says in its head which images it has been made of."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from leukofeat.atomic import replacing

if TYPE_CHECKING:
    import pyarrow as pa

_KEY = b"leukofeat"
_LAYOUT = 1  # of what the head says
_ROW_GROUP = 1 << 25  # bytes of values from which on a row group is written


class Head(NamedTuple):
    """What a part says of the images it has been made of.

    Attributes
    ----------
    plan : str
        Digest of what has been measured, and how.
    key : str
        Digest of the plan, the images' content, and what the table says of them besides.
    contents : list of (str or None)
        Digest of each image's content; None where it could not be read.
    rows : list of int
        Rows of each image.
    n_cells : list of int
        Cells found in each image; -1 where nothing has segmented it, or where it failed.
    errors : list of (int, str, str)
        Position, name and reason of each image that failed.
    empty : list of str
        Names of images in which no cell was found although columns need one.
    notes : list of (int, str, str)
        Position and name of images, and what is to be said of them.
    """

    plan: str
    key: str
    contents: list[str | None]
    rows: list[int]
    n_cells: list[int]
    errors: list[tuple[int, str, str]]
    empty: list[str]
    notes: list[tuple[int, str, str]]


def read_head(path: Path, schema: "pa.Schema | None" = None) -> Head | None:
    """Head of a part; None where there is no such file, it is damaged, something else, or has other columns than `schema`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found = pq.read_metadata(path)
        told = json.loads((found.metadata or {})[_KEY])
        if told.pop("layout") != _LAYOUT or (schema and not found.schema.to_arrow_schema().equals(schema)):
            return None
        head = Head(**told)
        return head._replace(errors=list(map(_said, head.errors)), notes=list(map(_said, head.notes)))
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError):
        return None


def _said(one: Any) -> tuple[int, str, str]:
    place, name, what = one
    return place, name, what


def write_part(
    path: Path, schema: "pa.Schema", known: pd.DataFrame, values: Iterable[tuple[int, np.ndarray]], head: Head
) -> int:
    """Write a part in one step; returns its number of rows.

    Parameters
    ----------
    path : Path
    schema : Schema
        What is known of an image, then the values.
    known : DataFrame of n images
        What is repeated in each row of an image.
    values : iterable of (int, ndarray of shape (n_rows, n_columns))
        Position of each image, and its rows.
    head : Head
        Without `rows`, which are counted.
    """
    import pyarrow.parquet as pq

    n_rows = [0] * len(known)
    text = schema.names[: known.shape[1]]
    with (
        replacing(path) as new,
        pq.ParquetWriter(new, schema, compression="zstd", use_dictionary=text, write_statistics=text) as writer,
    ):
        waiting: list[np.ndarray] = []
        places: list[int] = []
        n_bytes = 0
        for i, rows in values:
            n_rows[i] = len(rows)
            waiting.append(rows)
            places += [i] * len(rows)
            n_bytes += rows.nbytes
            if n_bytes >= _ROW_GROUP:
                writer.write_table(_table(schema, known.iloc[places], np.concatenate(waiting)))
                waiting, places, n_bytes = [], [], 0
        if waiting or not sum(n_rows):
            empty = np.empty((0, len(schema) - known.shape[1]))
            writer.write_table(_table(schema, known.iloc[places], np.concatenate([empty, *waiting])))
        told = head._replace(rows=n_rows)._asdict() | {"layout": _LAYOUT}
        writer.add_key_value_metadata({_KEY: json.dumps(told)})
    return sum(n_rows)


def _table(schema: "pa.Schema", known: pd.DataFrame, values: np.ndarray) -> "pa.Table":
    import pyarrow as pa

    columns: list[Any] = [
        pa.array(known[name].to_numpy(object), schema.field(name).type, from_pandas=True) for name in known
    ]
    kinds = schema.types[len(columns) :]
    for column, kind in zip(np.ascontiguousarray(values.T), kinds, strict=True):
        columns.append(pa.array(column.astype(kind.to_pandas_dtype(), copy=False), kind))
    return pa.table(columns, schema=schema)


def read_rows(path: Path, head: Head) -> Iterable[tuple[int, np.ndarray]]:
    """Position and rows of each image of a part, as they have been written; a row group at a time is in memory."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        n_known = file.schema_arrow.types.count(pa.string())
        yield from ((i, np.empty((0, len(file.schema_arrow) - n_known))) for i, n in enumerate(head.rows) if n == 0)
        owners = np.repeat(np.arange(len(head.rows)), head.rows)
        waiting: dict[int, list[np.ndarray]] = {}
        done = 0
        for number in range(file.num_row_groups):
            group = file.read_row_group(number).drop_columns(file.schema_arrow.names[:n_known])
            values = np.column_stack([column.to_numpy().astype(np.float64) for column in group.columns])
            of_group = owners[done : done + len(values)]
            done += len(values)
            for i in np.unique(of_group).tolist():
                waiting.setdefault(i, []).append(values[of_group == i])
            for i in [i for i in waiting if done >= np.searchsorted(owners, i, side="right")]:
                yield i, np.concatenate(waiting.pop(i))


def schema_of(known: Sequence[str], columns: Sequence[str], kinds: dict[str, Any]) -> "pa.Schema":
    """Columns of the parts: what is known of an image as text, then numbers, float64 where `kinds` does not say otherwise."""
    import pyarrow as pa

    numbers = [(name, pa.from_numpy_dtype(np.dtype(kinds.get(name, np.float64)))) for name in columns]
    return pa.schema([*((name, pa.string()) for name in known), *numbers])
