"""What a field's cells are written to as they come: a table, and label maps; each file appears whole or not at all."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from leukofeat.decode.tiff import quiet_tifffile
from leukofeat.markup import write_csv
from leukofeat.tiling.cells import Cell

_SIDE = 512  # of the tiles of a label map


class Output:
    """A file that is written beside its place, and moved there when it is done.

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
        self.part = self.path.with_name(f"{self.path.name}.{os.getpid()}.part")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        try:
            if error[0] is None:
                with self.named():
                    self.finish()
        finally:
            self.close()
            for beside in (self.part, self.scratch):
                if beside.is_dir():
                    shutil.rmtree(beside, ignore_errors=True)
                else:
                    beside.unlink(missing_ok=True)

    @property
    def scratch(self) -> Path:
        """Place for what is needed meanwhile."""
        return self.part.with_suffix(".raw")

    @contextmanager
    def named(self) -> Iterator[None]:
        """Errors of the disk name the file."""
        try:
            yield
        except OSError as error:
            raise OSError(
                f"{self.path}: cannot be written ({error.strerror or error}); nothing is left of it."
            ) from error

    def close(self) -> None:
        """Close what is open."""

    def finish(self) -> None:
        """Bring the file into its place."""
        if self.path.is_dir():
            shutil.rmtree(self.path)
        os.replace(self.part, self.path)


class Table(Output):
    """A .parquet or .csv table, written part by part."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(path, (".parquet", ".csv"))
        self.writer: Any = None
        self.header = True

    def write(self, table: pd.DataFrame) -> None:
        """Append rows."""
        with self.named():
            if self.path.suffix.lower() == ".csv":
                write_csv(table, self.part, append=not self.header)
                self.header = False
                return
            import pyarrow as pa
            import pyarrow.parquet as pq

            if self.writer is None:
                names = table.columns.tolist()
                kinds = [pa.from_numpy_dtype(table[name].dtype) if name != "source" else pa.string() for name in names]
                self.writer = pq.ParquetWriter(self.part, pa.schema(list(zip(names, kinds, strict=True))))
            self.writer.write_table(pa.Table.from_pandas(table, self.writer.schema, preserve_index=False))

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()

    def finish(self) -> None:
        self.close()
        super().finish()


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
                self.raw = self.scratch.open("w+b")
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

    def finish(self) -> None:
        """Write the map with the smallest type that holds its labels, and bring it into its place."""
        self.raw.flush()
        kind = np.uint8 if self.top < 2**8 else np.uint16 if self.top < 2**16 else np.uint32
        height, width = self.shape
        tiles = (
            self._rows(row, column, min(row + _SIDE, height), min(column + _SIDE, width)).astype(kind)
            for row in range(0, height, _SIDE)
            for column in range(0, width, _SIDE)
        )
        (self._write_zarr if self.path.suffix.lower() == ".zarr" else self._write_tiff)(tiles, kind)
        super().finish()

    def _write_tiff(self, tiles: Iterator[np.ndarray], kind: Any) -> None:
        padded = (np.pad(one, [(0, _SIDE - n) for n in one.shape]) for one in tiles)
        how = {"tile": (_SIDE, _SIDE), "compression": "zlib", "photometric": "minisblack", "metadata": None}
        with quiet_tifffile().TiffWriter(
            self.part, bigtiff=self.shape[0] * self.shape[1] * np.dtype(kind).itemsize > 2**32 - 2**25
        ) as file:
            file.write(padded, shape=self.shape, dtype=kind, **how)

    def _write_zarr(self, tiles: Iterator[np.ndarray], kind: Any) -> None:
        array = import_zarr(str(self.path)).create_array(
            self.part, shape=self.shape, chunks=(_SIDE, _SIDE), dtype=np.dtype(kind)
        )
        for row in range(0, self.shape[0], _SIDE):
            for column in range(0, self.shape[1], _SIDE):
                array[row : row + _SIDE, column : column + _SIDE] = next(tiles)


def import_zarr(name: str) -> Any:
    """The module zarr, or an ImportError that names the file and what to install."""
    try:
        return import_module("zarr")
    except ImportError:
        raise ImportError(f"{name}: zarr is not installed: pip install 'leukofeat[tiles]'.") from None


Writer = Callable[[pd.DataFrame], None]
