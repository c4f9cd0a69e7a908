"""The parts of a data set as one table in one file."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from leukofeat.atomic import replacing
from leukofeat.extraction.folder import Folder
from leukofeat.extras import import_extra
from leukofeat.markup import write_csv

if TYPE_CHECKING:
    import pyarrow as pa

__doctest_requires__ = {"join_parts": ["pyarrow"]}

ROWS = 1 << 16  # rows at once


def join_parts(folder: str | os.PathLike[str], file: str | os.PathLike[str]) -> None:
    """Write a data set that :func:`extract_parquet` has made into one file; few rows at a time are in memory.

    Parameters
    ----------
    folder : path
    file : path
        `.parquet` or `.csv`; it is there whole or not at all.

    Raises
    ------
    OSError
        When the file cannot be written.
    ImportError
        Where pyarrow is not installed.
    ValueError
        For another ending, or where parts are missing.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import pandas as pd
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.extraction import extract_parquet
    >>> from leukofeat.features import ColorFeatures, FeatureSet
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> features = FeatureSet([ColorFeatures(regions=("image",))])
    >>> _ = extract_parquet(features, make_smears(n_samples=3, size=64, random_state=0).images, folder / "parts")
    >>> join_parts(folder / "parts", folder / "table.csv")
    >>> len(pd.read_csv(folder / "table.csv"))
    3
    """
    suffix = Path(file).suffix.lower()
    if suffix not in (".parquet", ".csv"):
        raise ValueError(f"{file}: tables are written as .parquet or .csv; name one of the two.")
    pq = import_extra("pyarrow.parquet", str(file))
    parts = Folder(Path(folder))
    if not parts.is_complete():
        raise ValueError(f"{folder}: is no complete table in parts; extract into it until it is.")
    batches = (batch for path in parts.parts() for batch in _batches(path))
    with replacing(file) as new:
        if suffix == ".parquet":
            schema = pq.read_schema(parts.parts()[0]).remove_metadata()
            with pq.ParquetWriter(new, schema, compression="zstd") as writer:
                for batch in batches:
                    writer.write_batch(batch.replace_schema_metadata(), row_group_size=ROWS)
        else:
            for number, batch in enumerate(batches):
                write_csv(batch.to_pandas(), new, append=number > 0)


def _batches(path: Path) -> "Iterator[pa.RecordBatch]":
    """Rows of a part, a few at a time; one batch at least."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        if file.metadata.num_rows == 0:
            yield pa.RecordBatch.from_pylist([], file.schema_arrow)
        yield from file.iter_batches(ROWS)
