"""What a field's cells are written to as they come: a table, and label maps; each file appears whole or not at all."""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from leukofeat.atomic import replacing, write_through
from leukofeat.decode.tiff import quiet_tifffile
from leukofeat.extras import import_extra
from leukofeat.markup import write_csv
from leukofeat.tiling.cells import Cell
from leukofeat.tiling.places import MARK, check_replaceable, clear_leftovers, remove

_SIDE = 512  # of the tiles of a label map


class Output:
    """A file that is made beside its place, under a hidden name, and moved there when it is done.

    Parameters
    ----------
    path : path-like
    suffixes : sequence of str
        Endings that the name may have.
    """

    def __init__(self, path: str | os.PathLike[str], suffixes: Sequence[str]) -> None:
        self.path = Path(path)
        if self.path.suffix.lower() not in suffixes:
            raise ValueError(f"{self.path}: is written as {', '.join(suffixes)}; name one of them.")
        if not self.path.parent.is_dir():
            raise OSError(f"{self.path.parent}: no such folder to write {self.path.name} into.")
        self.raw_path, self.old_path = (self._hidden(end) for end in (".raw.tmp", ".old.tmp"))

    def _hidden(self, end: str) -> Path:
        return self.path.with_name(f".{self.path.name}.{os.getpid()}{end}")

    def __enter__(self) -> Self:
        clear_leftovers(self.path)
        return self

    def __exit__(self, *error: object) -> None:
        try:
            if error[0] is None:
                with self.named():
                    self.finish()
            else:
                with suppress(OSError):  # a disk that is full says it again
                    self.close()
        finally:
            remove(self.raw_path)

    @contextmanager
    def named(self) -> Iterator[None]:
        """Errors of the disk name the file."""
        try:
            yield
        except OSError as error:
            if error.filename == str(self.path):
                raise
            reason = f"{error.strerror or error}; what was there is as it was. Free some room, or name another place."
            raise OSError(error.errno or errno.EIO, reason, str(self.path)) from error

    def close(self) -> None:
        """Close what is open."""

    def complete(self, new: Path) -> None:
        """Make the file, or the folder, of what was gathered."""
        raise NotImplementedError

    def finish(self) -> None:
        """Bring the file into its place."""
        new = self._hidden(".tmp")
        remove(new)  # of a process of the same number, which is no more
        try:
            with replacing(self.path) as new:
                self.complete(new)
                check_replaceable(self.path)  # it has been a while
                if self.path.is_dir():  # a folder does not take the place of one
                    os.replace(self.path, self.old_path)
        except BaseException:
            if self.old_path.exists() and not self.path.exists():
                os.replace(self.old_path, self.path)
            raise
        finally:
            self.close()
            for beside in (new, self.old_path):
                remove(beside)


class Table(Output):
    """A .parquet or .csv table, written part by part."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(path, (".parquet", ".csv"))
        if self.path.suffix.lower() == ".parquet":
            import_extra("pyarrow", str(self.path))
        self.writer: Any = None
        self.header = True

    def write(self, table: pd.DataFrame) -> None:
        """Append rows."""
        with self.named():
            if self.path.suffix.lower() == ".csv":
                write_csv(table, self.raw_path, append=not self.header)
                self.header = False
                return
            import pyarrow as pa
            import pyarrow.parquet as pq

            if self.writer is None:
                names = table.columns.tolist()
                kinds = [pa.from_numpy_dtype(table[name].dtype) if name != "source" else pa.string() for name in names]
                self.writer = pq.ParquetWriter(self.raw_path, pa.schema(list(zip(names, kinds, strict=True))))
            self.writer.write_table(pa.Table.from_pandas(table, self.writer.schema, preserve_index=False))

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()

    def complete(self, new: Path) -> None:
        self.close()
        os.replace(self.raw_path, new)


class LabelMap(Output):
    """A label map of a field, .tif of tiles or .zarr, filled cell by cell; no more than a tile of it is in memory.

    Parameters
    ----------
    path : path-like
    region : {0, 1}
        Cells, or nuclei.
    """

    def __init__(self, path: str | os.PathLike[str], region: int) -> None:
        super().__init__(path, (".tif", ".tiff", ".zarr"))
        if self.path.suffix.lower() == ".zarr":
            import_zarr(str(self.path))
        self.region, self.shape, self.top = region, (0, 0), 0
        self.raw: Any = None

    def paint(self, cells: Sequence[Cell], labels: Sequence[int], shape: tuple[int, int]) -> None:
        """Add cells under their labels; a pixel that is taken stays."""
        with self.named():
            if self.raw is None:
                self.shape = shape
                self.raw = self.raw_path.open("w+b")
                self.raw.truncate(4 * shape[0] * shape[1])  # 0, without room on the disk
            if not cells:
                return
            boxes = np.array([cell.box for cell in cells])
            (top, left), (bottom, right) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
            values = self._rows(top, left, bottom, right)
            for cell, label in zip(cells, labels, strict=True):
                y, x, *ends = cell.box
                own = values[y - top : ends[0] - top, x - left : ends[1] - left]
                own[cell.mask(self.region) & (own == 0)] = label
            for row, line in enumerate(values):
                self.raw.seek(4 * ((top + row) * self.shape[1] + left))
                self.raw.write(line.tobytes())
            self.top = max(self.top, *labels)

    def _rows(self, top: int, left: int, bottom: int, right: int) -> np.ndarray:
        values = np.empty((bottom - top, right - left), np.uint32)
        for row, line in enumerate(values):
            self.raw.seek(4 * ((top + row) * self.shape[1] + left))
            line[:] = np.frombuffer(self.raw.read(line.nbytes), np.uint32)
        return values

    def close(self) -> None:
        if self.raw is not None:
            self.raw.close()

    def complete(self, new: Path) -> None:
        """Write the map with the smallest type that holds its labels."""
        self.raw.flush()
        kind = np.uint8 if self.top < 2**8 else np.uint16 if self.top < 2**16 else np.uint32
        height, width = self.shape
        tiles = (
            self._rows(row, column, min(row + _SIDE, height), min(column + _SIDE, width)).astype(kind)
            for row in range(0, height, _SIDE)
            for column in range(0, width, _SIDE)
        )
        (self._write_zarr if self.path.suffix.lower() == ".zarr" else self._write_tiff)(new, tiles, kind)

    def _write_tiff(self, new: Path, tiles: Iterator[np.ndarray], kind: Any) -> None:
        padded = (np.pad(one, [(0, _SIDE - n) for n in one.shape]) for one in tiles)
        how = {"tile": (_SIDE, _SIDE), "compression": "zlib", "photometric": "minisblack", "metadata": None}
        with quiet_tifffile().TiffWriter(
            new, bigtiff=self.shape[0] * self.shape[1] * np.dtype(kind).itemsize > 2**32 - 2**25
        ) as file:
            file.write(padded, shape=self.shape, dtype=kind, **how)

    def _write_zarr(self, new: Path, tiles: Iterator[np.ndarray], kind: Any) -> None:
        array = import_zarr(str(self.path)).create_array(
            new, shape=self.shape, chunks=(_SIDE, _SIDE), dtype=np.dtype(kind), attributes=MARK, zarr_format=3
        )
        for row in range(0, self.shape[0], _SIDE):
            for column in range(0, self.shape[1], _SIDE):
                array[row : row + _SIDE, column : column + _SIDE] = next(tiles)
        for inner in new.rglob("*"):  # a chunk that is missing would read as one without cells
            write_through(inner)


def import_zarr(name: str) -> Any:
    """The module zarr, or an ImportError that names the file and what to install."""
    try:
        return import_module("zarr")
    except ImportError:
        raise ImportError(f"{name}: zarr is not installed: pip install 'leukofeat[tiles]'.") from None
