"""Tens of thousands of mutated files: each has to be read or refused by name, within five seconds and a gibibyte.

    python -m tests.fuzzing.run [--files 20000] [--seconds 600] [--seed 0] [--jobs 2] [--folder FOLDER] [--keep fuzzing-found]

The files are made here, of every kind that the package reads: images, label maps, outlines, manifests, pipelines, models, tables of predictions,
stores and networks; `--folder` adds the images of a folder. Each mutant is drawn from the seed and its number, and read in a process of
its own keeping that is watched from outside. A table says what became of them by kind. A mutant that crashes or hangs the reader, takes
more memory, or raises what is not documented is kept in `--keep`, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tests.fuzzing.mutate import mutate

_HANG, _START = 5.0, 300.0  # seconds for a file, and for a process to make its seeds
_MEMORY = 2**30  # bytes
_SHARES = {
    "image": 0.4,
    "labels": 0.15,
    "outlines": 0.05,
    "manifest": 0.08,
    "pipeline": 0.05,
    "model": 0.1,
    "predictions": 0.07,
    "store": 0.05,
    "network": 0.05,
}


Files = dict[str, dict[str, bytes]]


def kept(place: Path) -> Files:
    """The good files, made once into a folder: some have other bytes each time that they are made."""
    if not place.is_dir():
        # in a process of its own, which may load what it likes
        make = "import sys; from tests.fuzzing.seeds import write; write(sys.argv[1])"
        subprocess.run([sys.executable, "-c", make, str(place)], check=True, cwd=Path(__file__).parents[2])
    return {
        kind.name: {file.name: file.read_bytes() for file in sorted(kind.iterdir())} for kind in sorted(place.iterdir())
    }


@cache
def pictures(folder: str) -> list[Path]:
    """Images of a folder."""
    suffixes = (".jpg", ".png", ".bmp", ".tif", ".tiff")
    return sorted(path for path in Path(folder).rglob("*") if path.suffix.lower() in suffixes)


def mutant(number: int, arguments: argparse.Namespace, files: Files) -> tuple[str, str, bytes, str]:
    """Kind, name, bytes and mutator of one mutant."""
    rng, folder = np.random.default_rng([arguments.seed, number]), arguments.folder
    kinds = [kind for kind in _SHARES if kind in files]
    shares = np.array([_SHARES[kind] for kind in kinds])
    kind = kinds[int(rng.choice(len(kinds), p=shares / shares.sum()))]
    names = list(files[kind])
    name = names[int(rng.integers(0, len(names)))]
    good = files[kind][name]
    if kind == "image" and folder is not None and rng.random() < 0.5:
        real = pictures(folder)
        chosen = real[int(rng.integers(0, len(real)))]
        name, good = chosen.name, chosen.read_bytes()
    data, how = mutate(good, list(files[kind].values()), rng)
    return kind, name, data, how


def work(arguments: argparse.Namespace) -> None:
    """A worker: for each number on standard input one line of what became of that mutant."""
    import resource

    from tests.fuzzing.readers import judge, prepare

    resource.setrlimit(resource.RLIMIT_AS, (16 * _MEMORY, 16 * _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as place:
        files = kept(arguments.seeds)
        prepare(Path(place), files["image"]["plain.png"])
        for kind, good in files.items():  # kernels are compiled and libraries loaded before time is taken
            for name, data in good.items():
                (Path(place) / name).write_bytes(data)
                assert judge(kind, Path(place) / name)[0] == "result", name
        print("ready", flush=True)
        for line in sys.stdin:
            number = int(line)
            kind, name, data, how = mutant(number, arguments, files)
            file = Path(place) / f"{number}_{name}"
            file.write_bytes(data)
            print(json.dumps({"reads": kind}), flush=True)
            _forget_peak()
            started = time.perf_counter()
            result, told = judge(kind, file)
            row = {"number": number, "kind": kind, "name": name, "how": how, "result": result, "told": told[:500]}
            print(json.dumps(row | {"seconds": time.perf_counter() - started, "memory": _peak()}), flush=True)
            file.unlink()


def _forget_peak() -> None:
    if os.path.exists("/proc/self/clear_refs"):
        Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    """Most bytes in memory since the last file."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    return 0


class Worker:
    """A process that reads mutants, and what it is at."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.fuzzing.run", "--worker", "--seeds", str(arguments.seeds), *sys.argv[1:]],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        self.number: int | None = None
        self.said = b""
        self.until = time.monotonic() + _START

    def give(self, number: int) -> None:
        self.number, self.until = number, time.monotonic() + 60
        assert self.process.stdin is not None
        self.process.stdin.write(f"{number}\n".encode())

    def lines(self) -> list[str] | None:
        """What it said since, or None where it will say no more."""
        assert self.process.stdout is not None
        more = os.read(self.process.stdout.fileno(), 2**16)
        *lines, self.said = (self.said + more).split(b"\n")
        return [line.decode() for line in lines] if more else None

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


def watch(arguments: argparse.Namespace, files: Files) -> list[dict[str, Any]]:
    """Rows of all mutants; a worker that dies or hangs is replaced."""
    rows: list[dict[str, Any]] = []
    waiting = iter(range(arguments.first, arguments.first + arguments.files))
    end = time.monotonic() + arguments.seconds
    listening = selectors.DefaultSelector()

    def start() -> None:
        worker = Worker(arguments)
        listening.register(worker.process.stdout, selectors.EVENT_READ, worker)  # type: ignore[arg-type]

    def give_next(worker: Worker) -> None:
        number = next(waiting, None) if time.monotonic() < end else None
        if number is None:
            listening.unregister(worker.process.stdout)  # type: ignore[arg-type]
            worker.end()
        else:
            worker.give(number)

    def lose(worker: Worker, result: str) -> None:
        listening.unregister(worker.process.stdout)  # type: ignore[arg-type]
        worker.end()
        if worker.number is None:
            raise SystemExit("a worker did not start; run it by hand: python -m tests.fuzzing.run --worker")
        kind, name, _, how = mutant(worker.number, arguments, files)
        code = worker.process.returncode
        told = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        rows.append(
            {
                "number": worker.number,
                "kind": kind,
                "name": name,
                "how": how,
                "result": result,
                "told": told,
                "seconds": _HANG,
                "memory": 0,
            }
        )
        start()

    for _ in range(arguments.jobs):
        start()
    while listening.get_map():
        for key, _ in listening.select(timeout=0.5):
            worker = key.data
            lines = worker.lines()
            if lines is None:
                lose(worker, "crash")
            for line in lines or ():
                if line.startswith('{"reads"'):
                    worker.until = time.monotonic() + 2 * _HANG
                    continue
                if line != "ready":
                    rows.append(json.loads(line))
                give_next(worker)
        for key in list(listening.get_map().values()):
            if time.monotonic() > key.data.until:
                lose(key.data, "hang")
    return rows


def failed(row: dict[str, Any]) -> str | None:
    """What is wrong with what became of a mutant, if anything is."""
    if row["result"] in ("crash", "hang", "undocumented"):
        return str(row["result"])
    if row["seconds"] > _HANG:
        return "slow"
    return "memory" if row["memory"] > _MEMORY else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first mutant, to make one again")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--folder", help="real images to be mutated too")
    parser.add_argument("--keep", type=Path, default=Path("fuzzing-found"))
    parser.add_argument("--seeds", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        work(arguments)
        return 0
    with tempfile.TemporaryDirectory() as place:
        arguments.seeds = Path(place) / "seeds"
        return report(arguments, kept(arguments.seeds))


def report(arguments: argparse.Namespace, files: Files) -> int:
    """Print what became of the mutants, keep those that should not be, and give the exit code."""
    started = time.monotonic()
    rows = watch(arguments, files)
    by_kind = defaultdict(list)
    for row in rows:
        by_kind[row["kind"]].append(row)
    print(f"{'kind':<12}{'files':>7}  {'slowest':>8}  {'memory':>8}  what became of them")
    for kind, found in sorted(by_kind.items()):
        what = ", ".join(f"{result} {n}" for result, n in Counter(row["result"] for row in found).most_common())
        slowest, memory = max(row["seconds"] for row in found), max(row["memory"] for row in found)
        print(f"{kind:<12}{len(found):>7}  {slowest:>6.2f} s  {memory / 2**20:>4.0f} MiB  {what}")
    bad = [(failed(row), row) for row in rows if failed(row)]
    for why, row in bad[:40]:
        kind, name, data, _ = mutant(row["number"], arguments, files)
        arguments.keep.mkdir(exist_ok=True)
        (arguments.keep / f"{why}_{kind}_{arguments.seed}_{row['number']}_{name}").write_bytes(data)
        print(
            f"{why}: --seed {arguments.seed} --first {row['number']} --files 1 ({kind} {name}, {row['how']}): {row['told'][:300]!r}"
        )
    seconds = time.monotonic() - started
    print(
        f"{len(rows):,} files in {seconds:.0f} s (seed {arguments.seed}): {len(bad)} that crashed, hung, took too much or were not named."
    )
    return int(bool(bad) or not rows)


if __name__ == "__main__":
    sys.exit(main())
