"""Images to a Parquet data set in parts, which is complete or goes on where it was stopped."""

import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from leukofeat.constraints import Integral, Number, OneOf, check
from leukofeat.digest import describe, digest, environment
from leukofeat.digest.installed import package_version
from leukofeat.extraction.folder import IMAGES_A_PART, Folder
from leukofeat.extraction.part import Head, read_head, read_rows, schema_of, write_part
from leukofeat.failures import Failure, WorkerError
from leukofeat.features import FeatureSet
from leukofeat.features.feature_set import CELL_KINDS
from leukofeat.measuring import Extraction, measure_batches
from leukofeat.parallel import map_images
from leukofeat.plan import Plan
from leukofeat.sequence import ImageSequence, as_sequence, printable
from leukofeat.store import Store, as_store

_AT_ONCE = 32  # images whose rows are read back together
_CHANGED = "ImageError: it was changed while it was measured; extract again."


@dataclass(frozen=True)
class ExtractedDataset:
    """What :func:`extract_parquet` has done.

    Attributes
    ----------
    folder : Path
        `pandas.read_parquet(folder)` reads it; so do Polars, DuckDB, Dask and Spark.
    n_images, n_rows, n_columns : int
        Of the whole data set, or, with `shard`, of this share of it.
    n_measured : int
        Images that were measured now; the others are as they were.
    failures : list of Failure
        Images that could not be measured; `_errors.csv` in the folder has those of all shares.
    empty : list of str
        Names of images in which no cell was found although columns need one.
    complete : bool
        Whether all parts are there; with `shard`, other shares may be under way.

    Examples
    --------
    >>> found = ExtractedDataset(Path("features"), 2856, 2856, 312, n_measured=40, failures=[], empty=[])
    >>> f"{found.n_measured} of {found.n_images} images were new or changed"
    '40 of 2856 images were new or changed'
    """

    folder: Path
    n_images: int
    n_rows: int
    n_columns: int
    n_measured: int
    failures: list[Failure] = field(repr=False)
    empty: list[str] = field(repr=False)
    complete: bool = True


def extract_parquet(
    features: FeatureSet,
    images: Any,
    folder: str | os.PathLike[str],
    *,
    frame: pd.DataFrame | None = None,
    per: str = "image",
    shard: tuple[int, int] = (1, 1),
) -> ExtractedDataset:
    """Measure images into a folder of Parquet files, part by part; whenever it is stopped, the same call goes on there.

    Parameters
    ----------
    features : FeatureSet
        Its `on_error` says whether an image that cannot be measured stops the run or has NaN in its row (in a per-cell table: no row)
        and a line in `_errors.csv`; its `n_jobs`, `verbose` and `memory` how it is run.
    images : list, ndarray, Series, one-column DataFrame or ImageSequence of n images, paths or smears
        As the features' stages want them: what a segmenter's `transform` returns.
    folder : path
        Made where it is missing. Nothing else should be in it.
    frame : DataFrame of n rows, optional
        What else a row says of its image, as text, such as `path` and `label`; by default `path`.
    per : {"image", "cell"}, default="image"
        What has a row: as in :meth:`~leukofeat.features.FeatureSet.extract`, or as in
        :meth:`~leukofeat.features.FeatureSet.measure_cells` without `image` and `source`.
    shard : (int, int), default=(1, 1)
        Which share of the parts is measured here, counted from 1, and how many shares there are: several machines fill one folder.

    Returns
    -------
    ExtractedDataset

    Raises
    ------
    OSError
        When the folder cannot be written, or another process writes to it. What is there stays as it is.
    TypeError
        When a stage or a function cannot be told from others by its content, such as one that holds an open file.
    ValueError
        For bad parameters, or, under `on_error="raise"`, the first image that fails.

    Warns
    -----
    UserWarning
        When other parameters, or another version, have made what is there: it is measured anew.

    Notes
    -----
    A part has 1,024 images, and is a file that is there whole or not at all; rows that no part has yet are in a store in the folder
    (:class:`~leukofeat.store.Store`). The files are the same to the last byte whether and how often a run was stopped, for any
    number of workers and of shards. Images count by their content: started again, only new and changed ones are measured, and those
    that failed; a row of an image that was removed goes. As much memory is needed for a million images as for a thousand, but for
    their names.

    Examples
    --------
    >>> import tempfile
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.features import ColorFeatures, FeatureSet
    >>> images = make_smears(n_samples=3, size=64, random_state=0).images
    >>> features = FeatureSet([ColorFeatures(regions=("image",))])
    >>> folder = tempfile.mkdtemp()
    >>> extract_parquet(features, images[:2], folder).n_measured
    2
    >>> extract_parquet(features, images, folder).n_measured  # one is new
    1
    >>> pd.read_parquet(folder).shape
    (3, 19)
    """
    check("per", per, OneOf("image", "cell"))
    number, count = check_shard(shard)
    sequence = as_sequence(images)
    if frame is None:
        frame = pd.DataFrame(
            {"path": [printable(sequence.source(i) or sequence.name(i)) for i in range(len(sequence))]}
        )
    if len(frame) != len(sequence):
        raise ValueError(f"frame has {len(frame)} rows for {len(sequence)} images.")
    return _Run(features, sequence, frame, per, Folder(Path(folder), (number, count))).run()


def check_shard(shard: Any) -> tuple[int, int]:
    """Which share, and of how many; ValueError where that cannot be.

    Examples
    --------
    >>> check_shard((2, 8))
    (2, 8)
    """
    if len(shard) == 2 and all(Number(Integral, 1).is_satisfied_by(value) for value in shard) and shard[0] <= shard[1]:
        return int(shard[0]), int(shard[1])
    raise ValueError(f"shard says which share this is, counted from 1, and of how many, as (2, 8), not {shard!r}.")


class _Run:
    """One run: what is to be measured, what is known of it, and what is done."""

    def __init__(
        self, features: FeatureSet, images: ImageSequence, frame: pd.DataFrame, per: str, folder: Folder
    ) -> None:
        features.check_params()
        self.features, self.images, self.folder, self.per = features, images, folder, per
        self.frame = pd.DataFrame({str(name): _as_text(column) for name, column in frame.items()})
        self.n_parts = folder.n_parts(len(images))
        self.plan, columns = features.cell_plan() if per == "cell" else (features.plan(), features.row_names())
        twice = [name for name in columns if name in self.frame]
        if twice:
            raise ValueError(f"frame has a column {twice[0]!r}, and so do the features; give it another name.")
        self.schema = schema_of(list(self.frame), columns, CELL_KINDS if per == "cell" else {})
        self.made_by = _digest_plan(self.plan, images, columns)
        self.contents: list[str | None] = [None] * len(images)
        self.failed: dict[int, str] = {}  # of parts that are not written yet
        self.held: dict[str, int] = {}  # of rows in the store the last image that needs them
        self.store = Store(folder.pending, max_bytes=sys.maxsize, required=True)
        self.n_measured = 0

    def run(self) -> ExtractedDataset:
        own = self.folder.own(len(self.images))
        with self.folder.locked():
            self._begin()
            remaining = self._look(own)
            while remaining:
                try:
                    self._pass(remaining)
                except WorkerError as error:
                    if not error.n_done:  # the same images would end the next worker
                        raise
                    warnings.warn(f"{error} Going on there.", stacklevel=3)
            heads = self.folder.finish(self.made_by, self.n_parts)
        mine = [(number, head) for number in own if (head := heads[number]) is not None]
        return ExtractedDataset(
            folder=self.folder.root,
            n_images=sum(len(head.rows) for _, head in mine),
            n_rows=sum(sum(head.rows) for _, head in mine),
            n_columns=len(self.schema),
            n_measured=self.n_measured,
            failures=[
                Failure(number * IMAGES_A_PART + i, name, reason)
                for number, head in mine
                for i, name, reason in head.errors
            ],
            empty=[name for _, head in mine for name in head.empty],
            complete=None not in heads,
        )

    def _begin(self) -> None:
        told = {
            "plan": self.made_by,
            "per": self.per,
            "images": len(self.images),
            "parts": self.n_parts,
            "leukofeat": package_version("leukofeat"),
            "environment": environment(),
            "measured": describe([*self.images.steps, *self.plan.families]),
        }
        before = self.folder.begin(told)
        if before and before.get("plan") != self.made_by:
            same = before.get("environment") == told["environment"]
            why = "other parameters" if same else "another version of leukofeat or of a library"
            warnings.warn(
                f"{self.folder.root}: was measured by {why}; it is measured anew, and what is there goes when that is complete.",
                stacklevel=4,
            )

    def _positions(self, part: int) -> range:
        return range(part * IMAGES_A_PART, min((part + 1) * IMAGES_A_PART, len(self.images)))

    def _look(self, own: Sequence[int]) -> list[int]:
        """Parts that are not as they have to be; what can be used of their rows is in the store then."""
        if not self.folder.parts() and not self.folder.pending.is_dir():
            return list(own)
        positions = np.array([i for part in own for i in self._positions(part)], np.int64)
        how: dict[str, Any] = {"n_jobs": self.features.n_jobs, "verbose": self.features.verbose}
        contents = map_images(_content, self.images[positions], description="looking for changes", **how)
        for i, content in zip(positions.tolist(), contents, strict=True):
            self.contents[i] = content
        remaining = []
        for part in own:
            head = read_head(self.folder.part(part))
            if head is None or head.plan != self.made_by or head.key != self._key(part) or head.errors:
                remaining.append(part)
        beyond = [part for part in self.folder.numbers() if part >= self.n_parts]
        for part in [*remaining, *beyond]:
            head = read_head(self.folder.part(part))
            if head is not None and head.plan == self.made_by:
                self._reuse(part, head)
        return remaining

    def _reuse(self, part: int, head: Head) -> None:
        """Put the rows of a part that has changed into the store."""
        failed = {i for i, _, _ in head.errors}
        records: dict[str, dict[str, Any]] = {}
        for i, values in read_rows(self.folder.part(part), head):
            if (key := self._row_key(head.contents[i])) is not None and i not in failed:
                records[key] = {"values": values, "n_cells": head.n_cells[i]}
            if len(records) >= _AT_ONCE:
                self.store.put(records, "row", "extracted")
                records = {}
        self.store.put(records, "row", "extracted")

    def _key(self, part: int) -> str:
        """Digest of what a part is made of."""
        positions = self._positions(part)
        known = self.frame.iloc[positions.start : positions.stop]
        said = [list(known), known.to_numpy(object).ravel().tolist()]
        return digest(self.made_by, said, self.contents[positions.start : positions.stop])

    def _row_key(self, content: str | None) -> str | None:
        return None if content is None else digest("extracted", self.made_by, content)

    def _pass(self, remaining: list[int]) -> None:
        """Measure what is not known of some parts; each is written, and taken off the list, as soon as all its rows are there."""
        positions = [i for part in remaining for i in self._positions(part) if i not in self.failed]
        keys = {i: key for i in positions if (key := self._row_key(self.contents[i])) is not None}
        known = self.store.known(set(keys.values()))
        self.held = {key: i for i, key in keys.items() if key in known}
        todo = [i for i in positions if keys.get(i) not in known]
        del keys, known, positions
        n_done = n_postponed = 0
        for numbers, found in self._measure(todo):
            self._keep(numbers, found)
            n_done += len(numbers)
            reached = todo[n_done] if n_done < len(todo) else len(self.images)
            while len(remaining) > n_postponed and self._positions(remaining[n_postponed]).stop <= reached:
                if self._write(remaining[n_postponed]):
                    del remaining[n_postponed]
                else:
                    n_postponed += 1

    def _measure(self, todo: list[int]) -> Iterator[tuple[list[int], Extraction | None]]:
        """Positions and tables of a batch of images after the other, the first of them empty."""
        yield [], None
        how: dict[str, Any] = {name: getattr(self.features, name) for name in ("n_jobs", "verbose")}
        memory = as_store(self.features.memory)
        start = 0
        for (found,) in measure_batches(self.plan, self.images[np.array(todo, np.int64)], memory=memory, **how):
            self.n_measured += len(found.contents)
            yield todo[start : start + len(found.contents)], found
            start += len(found.contents)

    def _keep(self, numbers: Sequence[int], found: Extraction | None) -> None:
        """Put the rows of a batch into the store, and note what failed."""
        if found is None:
            return
        reasons = {failure.row: failure.reason for failure in found.failures}
        ends = np.searchsorted(found.images, np.arange(len(numbers) + 1))
        records = {}
        for i, number in enumerate(numbers):
            self.contents[number] = found.contents[i]
            key = self._row_key(found.contents[i])
            if i in reasons or key is None:
                self.failed[number] = reasons.get(i, _CHANGED)
            else:
                records[key] = {"values": found.values[ends[i] : ends[i + 1]], "n_cells": int(found.n_cells[i])}
                self.held[key] = max(number, self.held.get(key, -1))
        self.store.put(records, "row", "extracted")

    def _write(self, part: int) -> bool:
        """Write a part; False where a row is not in the store."""
        positions = self._positions(part)
        errors = [(i - positions.start, self.images.name(i), self.failed[i]) for i in positions if i in self.failed]
        n_cells = [-1] * len(positions)
        empty: list[str] = []
        head = Head(
            self.made_by, self._key(part), self.contents[positions.start : positions.stop], [], n_cells, errors, empty
        )
        known = self.frame.iloc[positions.start : positions.stop]
        values = self._rows(positions, n_cells, empty)
        try:
            write_part(self.folder.part(part), self.schema, known, values, head)
        except KeyError:
            return False
        for i in positions:
            self.failed.pop(i, None)
        done = [key for key, last in self.held.items() if last in positions]
        self.store.forget(done)
        for key in done:
            del self.held[key]
        return True

    def _rows(self, positions: range, n_cells: list[int], empty: list[str]) -> Iterator[tuple[int, np.ndarray]]:
        """Place in the part and rows of each image, as they are in the store; `n_cells` and `empty` are filled on the way."""
        width = len(self.schema) - self.frame.shape[1]
        for start in range(positions.start, positions.stop, _AT_ONCE):
            some = range(start, min(start + _AT_ONCE, positions.stop))
            keys = {i: str(self._row_key(self.contents[i])) for i in some if i not in self.failed}
            found = self.store.get(set(keys.values()))
            for i in some:
                if i in self.failed:
                    yield i - positions.start, np.full((int(self.per == "image"), width), np.nan)
                    continue
                record = found[keys[i]]
                n_cells[i - positions.start] = record["n_cells"]
                if record["n_cells"] == 0 and self.per == "image" and np.isnan(record["values"]).any():
                    empty.append(self.images.name(i))
                yield i - positions.start, record["values"]


def _as_text(column: pd.Series) -> list[str | None]:
    return [None if pd.isna(value) else str(value) for value in column]


def _content(images: ImageSequence, i: int) -> str | None:
    return images.content(i)


def _digest_plan(plan: Plan, images: ImageSequence, columns: Sequence[str]) -> str:
    try:
        return digest(
            "extraction",
            environment(),
            plan.per,
            images.steps,
            plan.families,
            [leaf.columns for leaf in plan.leaves],
            columns,
        )
    except TypeError as error:
        raise TypeError(
            f"{error} What cannot be told from others by its content cannot be gone on with; use FeatureSet.extract, which measures "
            "everything at once."
        ) from error
