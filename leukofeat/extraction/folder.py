"""The folder of a data set: its parts, who may write to it, and what it says of itself."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from filelock import FileLock, Timeout

from leukofeat.atomic import replacing
from leukofeat.constraints import Integral, Number
from leukofeat.extraction.part import Head, read_head
from leukofeat.markup import write_csv

if TYPE_CHECKING:
    import pyarrow as pa

IMAGES_A_PART = 1024
_PART = re.compile(r"part-\d{6,}\.parquet")
ERRORS, TOLD = "_errors.csv", "_extraction.json"
_PATIENCE = 600.0  # seconds to wait for another that begins or ends here


class Folder:
    """Where the parts of a data set lie.

    Parquet's readers pass over names that begin with an underscore: `_extraction.json` says what was measured, `_errors.csv` what
    failed; `_pending` holds what no part has yet, and is there as long as the data set is not complete; `_before` has parts that
    other parameters made, until these are all there.

    Parameters
    ----------
    root : Path
    shard : (int, int)
        Which share of the parts is written here, counted from 1, and how many there are.
    """

    def __init__(self, root: Path, shard: tuple[int, int] = (1, 1)) -> None:
        self.root = root.absolute()
        self.shard = shard
        self.pending = self.root / ("_pending" if shard[1] == 1 else f"_pending-{shard[0]}-of-{shard[1]}")

    def part(self, number: int) -> Path:
        """File of a part."""
        return self.root / f"part-{number:06d}.parquet"

    def parts(self) -> list[Path]:
        """Files of all parts that are there."""
        return sorted(path for path in self.root.iterdir() if _PART.fullmatch(path.name))

    def numbers(self) -> list[int]:
        """Numbers of the parts of this share that are there."""
        found = [int(path.stem.removeprefix("part-")) for path in self.parts()]
        return [number for number in found if number % self.shard[1] == self.shard[0] - 1]

    def n_parts(self, n_images: int) -> int:
        """Number of parts; of no image there is one, which has columns but no row."""
        return max(1, -(-n_images // IMAGES_A_PART))

    def own(self, n_images: int) -> list[int]:
        """Numbers of the parts that this share has."""
        return list(range(self.n_parts(n_images)))[self.shard[0] - 1 :: self.shard[1]]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else writes these parts meanwhile; an OSError where somebody does."""
        self.root.mkdir(parents=True, exist_ok=True)
        number, count = self.shard
        lock = FileLock(self.root / f"_lock-{number}-of-{count}")
        with self._briefly_locked():
            self._check_foreign()
            if any(self._is_held(file) for file in self._locks() if not file.name.endswith(f"-of-{count}")):
                raise self._busy()
            try:
                lock.acquire(timeout=0)
            except Timeout:
                raise self._busy() from None
        try:
            yield
        finally:
            with self._briefly_locked():
                lock.release(force=True)
                Path(lock.lock_file).unlink(missing_ok=True)

    def _check_foreign(self) -> None:
        """FileExistsError where the folder is not new, and no data set of ours."""
        if (self.root / TOLD).exists():
            return
        for path in sorted(self.root.iterdir()):
            is_part = _PART.fullmatch(path.name) and read_head(path) is not None
            if not path.name.startswith((".", "_")) and not is_part:
                raise FileExistsError(
                    f"{self.root}: holds something else, {path.name} for one; name a folder that is empty or not there yet."
                )

    def _locks(self) -> list[Path]:
        return list(self.root.glob("_lock-*-of-*"))

    def _is_held(self, file: Path) -> bool:
        try:
            with FileLock(file).acquire(timeout=0):
                return False
        except Timeout:
            return True

    def _busy(self, why: str = "") -> BlockingIOError:
        return BlockingIOError(
            f"{self.root}: another extraction is writing here{why}; wait for it, or name another folder. If none is, delete _lock* there."
        )

    @contextmanager
    def _briefly_locked(self) -> Iterator[None]:
        with FileLock(self.root / "_lock").acquire(timeout=_PATIENCE):
            yield

    def told(self) -> dict[str, Any]:
        """What the folder says was measured; nothing where it is new."""
        try:
            told = json.loads((self.root / TOLD).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return told if isinstance(told, dict) else {}

    def begin(self, told: dict[str, Any]) -> dict[str, Any]:
        """Say what is measured from now on, and set parts aside that others made; returns what was said before."""
        with self._briefly_locked():
            before = self.told()
            if before and before.get("plan") != told["plan"]:
                own = f"_lock-{self.shard[0]}-of-{self.shard[1]}"
                if any(self._is_held(file) for file in self._locks() if file.name != own):
                    raise self._busy(" with other parameters, or another version of leukofeat or of a library")
            for path in self.parts():
                head = read_head(path)
                if head is not None and head.plan != told["plan"]:
                    aside = self.root / "_before" / head.plan
                    aside.mkdir(parents=True, exist_ok=True)
                    path.replace(aside / path.name)
            for path in (self.root / "_before" / told["plan"]).glob("part-*.parquet"):
                if not (self.root / path.name).exists():
                    path.replace(self.root / path.name)
            for path in self.root.glob(".part-*.parquet.*.tmp"):  # of one that was killed
                if int(path.name.split(".")[1].removeprefix("part-")) % self.shard[1] == self.shard[0] - 1:
                    path.unlink(missing_ok=True)
            if before != told:
                with replacing(self.root / TOLD) as new:
                    new.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        return before

    def finish(self, plan: str, n_images: int, schema: "pa.Schema") -> list[Head | None]:
        """Clear away what is not needed any more, and write the table of errors; returns the heads of the parts, None where one is
        not there yet, and the last one None where there are others behind it.
        """
        n_parts = self.n_parts(n_images)
        with self._briefly_locked():
            for number in self.numbers():
                if number >= n_parts:
                    self.part(number).unlink()
            heads = [read_head(self.part(number), schema) for number in range(n_parts)]
            for number, head in enumerate(heads):
                n_rows = min(n_images - number * IMAGES_A_PART, IMAGES_A_PART)
                if head is not None and (head.plan, len(head.rows)) != (plan, n_rows):
                    heads[number] = None
            errors = [(name, reason) for head in heads if head is not None for _, name, reason in head.errors]
            with replacing(self.root / ERRORS) as new:
                write_csv(pd.DataFrame(errors, columns=["path", "error"]), new)
            shutil.rmtree(self.pending, ignore_errors=True)
            if None not in heads and len(self.parts()) == n_parts:
                for path in [self.root / "_before", *self.root.glob("_pending-*-of-*")]:
                    shutil.rmtree(path, ignore_errors=True)
        return heads

    def is_complete(self) -> bool:
        """Whether all parts are there that the folder speaks of, and none is under way."""
        return len(self.parts()) == self.told().get("parts") and not any(self.root.glob("_pending*"))


def check_shard(shard: Any) -> tuple[int, int]:
    """Which share, and of how many; ValueError where that cannot be.

    Examples
    --------
    >>> check_shard((2, 8))
    (2, 8)
    """
    fits = isinstance(shard, (list, tuple)) and len(shard) == 2
    if fits and all(Number(Integral, 1).is_satisfied_by(value) for value in shard) and shard[0] <= shard[1]:
        return int(shard[0]), int(shard[1])
    raise ValueError(f"shard says which share this is, counted from 1, and of how many, as (2, 8), not {shard!r}.")
