"""Tables of a comparison in one JSON file, which come back as they were: every float to its last bit, every type."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from leukofeat.atomic import replacing
from leukofeat.extras import import_extra

FILE = "tables.json"
FORMAT = 2  # 1 had a Parquet file a table


def write_tables(folder: Path, tables: Mapping[str, pd.DataFrame | None]) -> None:
    """Write tables into a folder, in the place of those of an older comparison; None is left out.

    JSON holds floats, integers, booleans, text and None as they are; what it has no word for, as the dates of an object column, is kept
    as text.

    Parameters
    ----------
    folder : Path
        Is there.
    tables : dict of DataFrame or None
        By name. Their index has one level.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> write_tables(folder, {"table": pd.DataFrame({"auc": [0.1 + 0.2, np.nan], "group": ["a", None]}), "stress": None})
    >>> read_saved(folder, FORMAT, ["table", "stress"], optional=["stress"])["table"]["auc"].tolist()
    [0.30000000000000004, nan]
    """
    told = {name: _described(table) for name, table in tables.items() if table is not None}
    with replacing(folder / FILE) as new, open(new, "w", encoding="utf-8") as file:
        json.dump(told, file, default=str)
    for name in tables:  # of an older version
        (folder / f"{name}.parquet").unlink(missing_ok=True)


def read_saved(folder: Path, form: Any, names: Sequence[str], optional: Sequence[str] = ()) -> dict[str, pd.DataFrame]:
    """Tables of a comparison that was saved in this form, by this version or an older one.

    Parameters
    ----------
    folder : Path
    form : int
        What the comparison says of itself.
    names, optional : sequence of str
        Tables to read, and those of them that need not be there.

    Raises
    ------
    ImportError
        For Parquet files, where what reads them is not installed.
    OSError, ValueError, KeyError, TypeError
        When tables are missing or damaged, or of another form.
    """
    if form == 1:
        import_extra("pyarrow", str(folder))
        there = [name for name in names if name not in optional or (folder / f"{name}.parquet").is_file()]
        return {name: pd.read_parquet(folder / f"{name}.parquet") for name in there}
    if form != FORMAT:
        raise ValueError(f"format {form}, of another version of leukofeat")
    told = json.loads((folder / FILE).read_text(encoding="utf-8"))
    return {name: _table(**told[name]) for name in names if name not in optional or name in told}


def _described(table: pd.DataFrame) -> dict[str, Any]:
    plain = isinstance(table.index, pd.RangeIndex) and table.index.equals(pd.RangeIndex(len(table)))
    columns = [_column(name, table.iloc[:, i]) for i, name in enumerate(table.columns)]
    index = None if plain else _column(table.index.name, table.index.to_series())
    return {"rows": len(table), "index": index, "columns": columns}


def _column(name: Any, values: pd.Series) -> dict[str, Any]:
    kind = values.dtype
    if isinstance(kind, np.dtype) and kind.kind in "biuf":
        kept = values.tolist()
    else:  # pandas' own types say NA where they miss something, which an object column does not
        kept = [_plain(value) for value in values.astype(object)]
    return {"name": name, "dtype": str(kind), "values": kept}


def _plain(value: Any) -> Any:
    if value is pd.NA or value is pd.NaT:
        return None
    return value.item() if isinstance(value, np.generic) else value


def _table(rows: int, index: dict[str, Any] | None, columns: Sequence[dict[str, Any]]) -> pd.DataFrame:
    found = [pd.Series(one["values"], range(rows), dtype=one["dtype"]) for one in columns]
    table = pd.concat(found, axis=1) if found else pd.DataFrame(index=range(rows))
    table.columns = pd.Index([one["name"] for one in columns])
    return (
        table if index is None else table.set_index(pd.Index(index["values"], dtype=index["dtype"], name=index["name"]))
    )
