"""An extraction that is killed again and again, beside one that is left alone: the same bytes, and what it costs.

python benchmarks/pulled_plug.py --data NAME|FOLDER --kills 20
"""

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from places import NAME_OR_FOLDER, data_folder


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, metavar="NAME|FOLDER", help=NAME_OR_FOLDER)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--cells", action="store_true", help="the per-cell table")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        whole, killed = Path(root) / "whole", Path(root) / "killed"
        alone = timed(arguments, whole)
        start = timed(arguments, whole)  # nothing is left to do: what a start costs
        print(f"left alone: {alone:.1f} s, of which {start:.1f} s to start and to look at what is there")
        rng = random.Random(arguments.seed)
        spent, n_killed = 0.0, 0
        for _ in range(arguments.kills):
            seconds, done = killed_after(
                arguments, killed, start + rng.uniform(0, 1.6 * (alone - start) / arguments.kills)
            )
            spent += seconds
            n_killed += not done
            parts = len(list(killed.glob("part-*"))) if killed.is_dir() else 0
            print(f"  {'done' if done else 'killed'} after {seconds:.1f} s, {parts} parts there", flush=True)
        spent += timed(arguments, killed)
        same = contents(whole) == contents(killed)
        work = spent - (n_killed + 1) * start
        print(f"killed {n_killed} times: {spent:.1f} s; less the starts {work:.1f} s, against {alone - start:.1f} s:")
        print(f"  {work / (alone - start):.2f} times; files {'the same to the last byte' if same else 'DIFFER'}")
    return int(not same)


def command(arguments: argparse.Namespace, folder: Path) -> list[str]:
    options = [*(["--cells"] if arguments.cells else []), "-q", "-j", str(arguments.jobs)]
    return [sys.executable, "-m", "leukofeat", "extract", data_folder(arguments.data), "-o", f"{folder}/", *options]


def timed(arguments: argparse.Namespace, folder: Path) -> float:
    started = time.perf_counter()
    subprocess.run(command(arguments, folder), check=True, capture_output=True)
    return time.perf_counter() - started


def killed_after(arguments: argparse.Namespace, folder: Path, seconds: float) -> tuple[float, bool]:
    """How long a run took until it, with its workers, was killed, or was done before that."""
    started = time.perf_counter()
    run = subprocess.Popen(
        command(arguments, folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        run.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        return time.perf_counter() - started, False
    return time.perf_counter() - started, True


def contents(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


if __name__ == "__main__":
    sys.exit(main())
