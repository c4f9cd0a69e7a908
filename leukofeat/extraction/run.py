"""One extraction: what is there and can stay, what has to be measured, and the parts as they get ready."""

import shutil
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from leukofeat.decode import ImageError
from leukofeat.digest import describe, digest, environment
from leukofeat.digest.installed import package_version
from leukofeat.extraction.folder import IMAGES_A_PART, Folder
from leukofeat.extraction.part import Head, read_head, read_rows, schema_of, write_part
from leukofeat.failures import WorkerError
from leukofeat.features import FeatureSet
from leukofeat.features.known_cells import CELL_KINDS
from leukofeat.measuring import Extraction, measure_batches
from leukofeat.parallel import map_images
from leukofeat.plan import Plan
from leukofeat.sequence import ImageSequence
from leukofeat.store import Store, as_store

_AT_ONCE = 32  # images whose rows are read back together
_CHANGED = "it was changed while it was measured; extract again."
_UNKNOWN = "What cannot be told from others by its content cannot be gone on with; use FeatureSet.extract, which measures everything at once."


class Run:
    """An extraction into one folder.

    Parameters
    ----------
    features : FeatureSet
    images : ImageSequence of n images
    frame : DataFrame of n rows
        Text that stands in the rows of each image.
    per : {"image", "cell"}
    folder : Folder

    Attributes
    ----------
    own : list of int
        Parts of this share.
    n_measured : int
        Images whose rows were not there.
    """

    def __init__(
        self, features: FeatureSet, images: ImageSequence, frame: pd.DataFrame, per: str, folder: Folder
    ) -> None:
        features.check_params()
        self.features, self.images, self.frame, self.folder = features, images, frame, folder
        self.memory = as_store(features.memory)
        if self.memory is not None and self.memory.path.is_relative_to(folder.root):
            raise ValueError(f"memory={self.memory.location!r} lies in the folder of the table; name another one.")
        self.plan, columns = features.cell_plan() if per == "cell" else (features.plan(), features.row_names())
        twice = [name for name in columns if name in frame]
        if twice:
            raise ValueError(f"frame has a column {twice[0]!r}, and so do the features; give it another name.")
        self.schema = schema_of(list(frame), columns, CELL_KINDS if per == "cell" else {})
        self.made_by = _digest_plan(self.plan, images, columns)
        self.own = folder.own(len(images))
        self.n_measured = 0
        self.store = Store(folder.pending, max_bytes=sys.maxsize, required=True)
        self.contents: list[str | None] = [None] * len(images)
        # of parts that are not written yet
        self.failed: dict[int, str] = {}
        self.last_use: dict[str, int] = {}  # of rows in the store, by key, the last image that needs them
        self.postponed: set[int] = set()

    def run(self) -> list[Head | None]:
        """Measure what is missing; returns the heads of all parts, None where another share's is not there yet."""
        with self.folder.locked():
            self._begin()
            remaining = self._look()
            while remaining:
                before = len(remaining), self.n_measured
                try:
                    self._pass(remaining)
                except WorkerError as error:
                    if not error.n_done:  # the same images would end the next worker
                        raise
                    warnings.warn(f"{error} Going on there.", stacklevel=4)
                if before == (len(remaining), self.n_measured):
                    raise OSError(f"{self.folder.pending}: rows cannot be read back from it; delete it.")
            return self.folder.finish(self.made_by, len(self.images), self.schema)

    def _begin(self) -> None:
        told = {
            "plan": self.made_by,
            "per": self.plan.per,
            "images": len(self.images),
            "parts": self.folder.n_parts(len(self.images)),
            "leukofeat": package_version("leukofeat"),
            "environment": environment(),
            "measured": describe([*self.images.steps, *self.plan.families]),
        }
        before = self.folder.begin(told)
        if before and before.get("plan") != self.made_by:
            same = before.get("environment") == told["environment"]
            why = "other parameters" if same else "another version of leukofeat or of a library"
            if same and any(
                getattr(getattr(step, "__self__", None), "requires_fit", False) for step in self.images.steps
            ):
                why += ", or by stages that have learned from other images"
            warnings.warn(
                f"{self.folder.root}: was measured by {why}; it is measured anew, and what is there goes when that is complete.",
                stacklevel=5,
            )
        try:
            self.store.known(["-"])
        except OSError:  # damaged: it is only a memory
            shutil.rmtree(self.folder.pending, ignore_errors=True)

    def _positions(self, part: int) -> range:
        return range(part * IMAGES_A_PART, min((part + 1) * IMAGES_A_PART, len(self.images)))

    def _look(self) -> list[int]:
        """Parts that are not as they have to be; what can be used of their rows is in the store then."""
        if not self.folder.parts() and not self.folder.pending.is_dir():
            return list(self.own)
        positions = np.array([i for part in self.own for i in self._positions(part)], np.int64)
        how: dict[str, Any] = {"n_jobs": self.features.n_jobs, "verbose": self.features.verbose}
        contents = map_images(_content, self.images[positions], description="looking for changes", **how)
        for i, content in zip(positions.tolist(), contents, strict=True):
            self.contents[i] = content
        remaining = []
        for part in self.own:
            head = read_head(self.folder.part(part), self.schema)
            if head is None or (head.plan, head.key) != (self.made_by, self._key(part)) or head.errors:
                remaining.append(part)
        beyond = [part for part in self.folder.numbers() if part >= self.folder.n_parts(len(self.images))]
        for part in [*remaining, *beyond]:
            self._reuse(part)
        return remaining

    def _reuse(self, part: int) -> None:
        """Put the rows of a part that has changed into the store, as far as they can be read."""
        from pyarrow import ArrowException

        head = read_head(self.folder.part(part))
        if head is None or head.plan != self.made_by:
            return
        failed = {i for i, _, _ in head.errors}
        noted: dict[int, list[str]] = {}
        for i, _, what in head.notes:
            noted.setdefault(i, []).append(what)
        records: dict[str, dict[str, Any]] = {}
        try:
            for i, values in read_rows(self.folder.part(part), head):
                key = self._row_key(head.contents[i])
                if key is not None and i not in failed:
                    records[key] = {"values": values, "n_cells": head.n_cells[i], "notes": noted.get(i, [])}
                if len(records) >= _AT_ONCE:
                    self.store.put(records, "row", "extracted")
                    records = {}
        except (OSError, ArrowException):  # damaged: these are measured again
            pass
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
        self.postponed.clear()
        todo = self._missing(remaining)
        self._write_until(todo[0] if todo else len(self.images), remaining)
        options: dict[str, Any] = {name: getattr(self.features, name) for name in ("n_jobs", "verbose")}
        n_done = 0
        for (found,) in measure_batches(
            self.plan, self.images[np.array(todo, np.int64)], memory=self.memory, **options
        ):
            self._keep(todo[n_done : n_done + len(found.contents)], found)
            n_done += len(found.contents)
            self._write_until(todo[n_done] if n_done < len(todo) else len(self.images), remaining)

    def _missing(self, parts: Sequence[int]) -> list[int]:
        """Images of some parts whose rows are not in the store."""
        positions = [i for part in parts for i in self._positions(part) if i not in self.failed]
        keys = {i: key for i in positions if (key := self._row_key(self.contents[i])) is not None}
        known = self.store.known(set(keys.values()))
        self.last_use = {key: i for i, key in keys.items() if key in known}
        return [i for i in positions if keys.get(i) not in known]

    def _keep(self, numbers: Sequence[int], found: Extraction) -> None:
        """Put the rows of a batch into the store, and note what failed."""
        reasons = {failure.row: failure.reason for failure in found.failures}
        ends = np.searchsorted(found.images, np.arange(len(numbers) + 1))
        records: dict[str, dict[str, Any]] = {}
        for i, number in enumerate(numbers):
            self.contents[number] = found.contents[i]
            key = self._row_key(found.contents[i])
            if i in reasons:
                self.failed[number] = reasons[i]
            elif key is None:
                self.failed[number] = f"ImageError: {self._changed(number)}"
            else:
                values = found.values[ends[i] : ends[i + 1]]
                records[key] = {"values": values, "n_cells": int(found.n_cells[i]), "notes": list(found.notes[i])}
                self.last_use[key] = max(number, self.last_use.get(key, -1))
        self.n_measured += len(numbers)
        self.store.put(records, "row", "extracted")

    def _changed(self, number: int) -> str:
        """Why an image that has been measured has no digest."""
        if self.images.source(number) is None or self.images.content(number) is None:
            raise TypeError(f"{self.images.name(number)}: {_UNKNOWN}")
        if self.features.on_error == "raise":
            raise ImageError(f"{self.images.name(number)}: {_CHANGED}")
        return _CHANGED

    def _write_until(self, reached: int, remaining: list[int]) -> None:
        """Write the parts that end before an image, and take them off the list."""
        for part in [part for part in remaining if self._positions(part).stop <= reached]:
            if part in self.postponed:
                continue
            if self._write(part):
                remaining.remove(part)
            else:
                self.postponed.add(part)

    def _write(self, part: int) -> bool:
        """Write a part; False where a row is not in the store."""
        positions = self._positions(part)
        first = positions.start
        contents = self.contents[first : positions.stop]
        errors = [(i - first, self.images.name(i), self.failed[i]) for i in positions if i in self.failed]
        head = Head(self.made_by, self._key(part), contents, [], [-1] * len(positions), errors, [], [])
        known = self.frame.iloc[first : positions.stop]
        try:
            write_part(self.folder.part(part), self.schema, known, self._rows(positions, head), head)
        except KeyError:
            return False
        for i in positions:
            self.failed.pop(i, None)
        done = [key for key, last in self.last_use.items() if last in positions]
        self.store.forget(done)
        for key in done:
            del self.last_use[key]
        return True

    def _rows(self, positions: range, head: Head) -> Iterator[tuple[int, np.ndarray]]:
        """Place in the part and rows of each image, as they are in the store; the head learns on the way what is said of them."""
        width = len(self.schema) - self.frame.shape[1]
        per_image = self.plan.per == "image"
        for start in range(positions.start, positions.stop, _AT_ONCE):
            some = range(start, min(start + _AT_ONCE, positions.stop))
            keys = {i: str(self._row_key(self.contents[i])) for i in some if i not in self.failed}
            found = self.store.get(set(keys.values()))
            for i in some:
                place = i - positions.start
                if i in self.failed:
                    yield place, np.full((int(per_image), width), np.nan)
                    continue
                record, name = found[keys[i]], self.images.name(i)
                head.n_cells[place] = record["n_cells"]
                head.notes.extend((place, name, what) for what in record["notes"])
                if record["n_cells"] == 0 and per_image and np.isnan(record["values"]).any():
                    head.empty.append(name)
                yield place, record["values"]


def _content(images: ImageSequence, i: int) -> str | None:
    return images.content(i)


def _digest_plan(plan: Plan, images: ImageSequence, columns: Sequence[str]) -> str:
    leaves = [(leaf.columns, leaf.on_empty == "raise") for leaf in plan.leaves]
    try:
        return digest("extraction", environment(), plan.per, images.steps, plan.families, leaves, columns)
    except TypeError as error:
        raise TypeError(f"{error} {_UNKNOWN}") from error
