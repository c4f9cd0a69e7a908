"""One pass on several processes: loky, Dask and Ray beside one process, a worker killed on the way, and what a million images cost.

    python benchmarks/scale_out.py time (--data NAME|FOLDER | --synthetic N) [--images 240] [--turns 3]
    python benchmarks/scale_out.py kill (--data NAME|FOLDER | --synthetic N) [--images 240]
    python benchmarks/scale_out.py sizes [--images 24]
    python benchmarks/scale_out.py parent [--images 20000]

All take [--backends loky dask ray] [--baseline leukofeat_svm] [--json FILE]; Dask and Ray come with `pip install 'leukofeat[scale]'`.

`time`: the places take turns; seconds are medians, `start` is a pass over four images on workers that run already, `speedup` is that of
what follows it, and `of ceiling` sets it beside two processes that know nothing of each other, the most that two cores give here.
`CPU of one's` is what workers and parent use of the processors beside one process, and holds where others use the cores, too (Ray's
workers end with each pass, and are not counted). `threads` are those that OpenCV, BLAS and numba would use in a worker. `kill`: SIGKILL
to one worker of an extraction into parts when it has done about a third of its share, and the same extraction again. `sizes`: one process; bytes of JPEG in, of a Parquet row, and in the store.
`parent`: processor time of the process that hands out images and collects rows, with a family that does nothing: the most that one can drive.
Research use only.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import cv2
import joblib
import numba
import numpy as np
import pandas as pd
import psutil
from places import NAME_OR_FOLDER, data_folder
from speed import write_smears
from threadpoolctl import threadpool_info

from leukofeat.baselines import find_pipeline
from leukofeat.datasets import load_images, make_smears
from leukofeat.extraction import extract_parquet
from leukofeat.features import FeatureSet, FunctionFeatures
from leukofeat.parallel import map_images
from leukofeat.pipeline import set_memory, split_pipeline
from leukofeat.sequence import ImageSequence, as_sequence
from leukofeat.smear import Smear

IMPORTS = 4.0  # seconds that a worker needs before its first image, and more
PART = 1000  # rows of the table whose size is measured
START = 4  # images of a pass that shows what starting costs
WORKERS = 2


def parts(baseline: str, memory: str | None = None) -> tuple[list[Any], FeatureSet]:
    """Image stages and families of a pipeline."""
    stages, features, _ = split_pipeline(set_memory(find_pipeline(baseline)[1], memory))
    return stages, features


def extract(files: list[str], baseline: str, *, memory: str | None = None) -> np.ndarray:
    """Rows of the files, by the backend that is set."""
    stages, features = parts(baseline, memory)
    images = as_sequence(files)
    for stage in stages:
        images = stage.fit(images).transform(images)
    return features.set_params(on_error="nan", on_empty="nan").extract(images).values


def children(kind: str) -> list[psutil.Process]:
    """Processes below this one whose command says what they are."""
    found = []
    for one in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if kind in " ".join(one.cmdline()):
                found.append(one)
    return found


@contextmanager
def one_process() -> Iterator[Callable[[], list[psutil.Process]]]:
    """No workers."""
    yield list


@contextmanager
def loky() -> Iterator[Callable[[], list[psutil.Process]]]:
    """joblib's own worker processes."""
    with joblib.parallel_config(backend="loky", n_jobs=WORKERS):
        yield lambda: children("LokyProcess")


@contextmanager
def dask() -> Iterator[Callable[[], list[psutil.Process]]]:
    """A Dask cluster on this machine."""
    from distributed import Client, LocalCluster

    warnings.filterwarnings("ignore", module="distributed")
    with (
        LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster,
        Client(cluster),
        joblib.parallel_config(backend="dask", n_jobs=WORKERS),
    ):
        yield lambda: [psutil.Process(nanny.pid) for nanny in cluster.workers.values()]


@contextmanager
def ray() -> Iterator[Callable[[], list[psutil.Process]]]:
    """A Ray of this machine."""
    import ray
    from ray.util.joblib import register_ray

    ray.init(num_cpus=WORKERS, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    register_ray()
    try:
        with joblib.parallel_config(backend="ray", n_jobs=WORKERS):
            yield lambda: children("ray::PoolActor")
    finally:
        ray.shutdown()


BACKENDS = {"loky": loky, "dask": dask, "ray": ray}


def seconds_of(run: Callable[[], Any]) -> float:
    """Wall time of a call."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def threads_inside(images: ImageSequence, i: int) -> tuple[int, int, int, int]:
    """Process, and what OpenCV, BLAS and numba would use in it."""
    time.sleep(0.05)  # so that every worker gets one
    blas = max((pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"), default=0)
    return os.getpid(), cv2.getNumThreads(), blas, numba.get_num_threads()


def cpu_of(workers: list[psutil.Process]) -> float:
    """Processor time of this process and of workers, so far."""
    return time.process_time() + sum(map(cpu_of_one, workers))


def digest_of(values: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()[:12]


def one_alone(files: list[str], baseline: str) -> None:
    """The part of one process of the ceiling: waits for a line, then says how long it took."""
    extract(files[:START], baseline)
    print("ready", flush=True)
    sys.stdin.readline()
    cpu = time.process_time()
    wall = seconds_of(lambda: extract(files, baseline))
    print(json.dumps([wall, time.process_time() - cpu]), flush=True)


def ceiling(files: list[str], baseline: str) -> tuple[float, float]:
    """Seconds, and those of the processor, of processes that share the files and know nothing of each other, once they run."""
    command = [sys.executable, __file__, "alone", "--baseline", baseline, "--files"]
    shares = [files[k::WORKERS] for k in range(WORKERS)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    running = [subprocess.Popen([*command, json.dumps(share)], **pipes) for share in shares]
    for one in running:
        assert one.stdout.readline() == "ready\n"
    for one in running:
        one.stdin.write("go\n")
        one.stdin.flush()
    times = [json.loads(one.communicate()[0]) for one in running]
    return max(wall for wall, _ in times), sum(cpu for _, cpu in times)


def time_backends(files: list[str], arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Rows of `time`."""
    places: dict[str, Callable[[], Any]] = {"one": one_process} | {name: BACKENDS[name] for name in arguments.backends}
    rows: dict[str, dict[str, Any]] = {name: {"backend": name} for name in places}
    times: dict[str, list[tuple[float, float, float]]] = {name: [] for name in places}
    alone: list[tuple[float, float]] = []
    for _ in range(arguments.turns):
        for name, place in places.items():
            with place() as workers:
                try:
                    times[name].append(time_one(files, arguments.baseline, workers, rows[name]))
                except Exception as error:
                    rows[name]["said"] = f"{type(error).__name__}: {str(error)[:90]}"
        alone.append(ceiling(files, arguments.baseline))
    medians = {name: np.median(some, axis=0) for name, some in times.items() if some}
    wall, cpu = np.median(alone, axis=0)
    start, whole, cpu_one = medians["one"]
    best = whole / wall
    for name, (before, seconds, used) in medians.items():
        speedup = (whole - start) / (seconds - before)
        rows[name] |= {"seconds": seconds, "start": before, "speedup": speedup, "of ceiling": speedup / best}
        rows[name] |= {"CPU s": used, "CPU of one's": used / cpu_one}
    apart = {"backend": "two processes apart (ceiling)", "workers": WORKERS, "seconds": wall, "speedup": best}
    return [*rows.values(), apart | {"CPU s": cpu, "CPU of one's": cpu / cpu_one}]


def time_one(
    files: list[str], baseline: str, workers: Callable[[], list[psutil.Process]], row: dict[str, Any]
) -> tuple[float, float, float]:
    """Seconds of a short pass and of all files, and processor time of the second; what is the same each turn goes into the row."""
    extract(files[: 8 * WORKERS], baseline)
    threads = map_images(threads_inside, as_sequence(files[:16]))
    start = seconds_of(lambda: extract(files[:START], baseline))
    before = cpu_of(workers())
    found: list[np.ndarray] = []
    whole = seconds_of(lambda: found.append(extract(files, baseline)))
    used = cpu_of(workers()) - before
    most = [max(column) for column in list(zip(*threads, strict=True))[1:]]
    row |= {"workers": len({one[0] for one in threads}), "threads (cv2, BLAS, numba)": "/".join(map(str, most))}
    row["sha256"] = digest_of(found[0])
    return start, whole, used


def kill_one(workers: Callable[[], list[psutil.Process]], used: float, killed: list[int]) -> None:
    """SIGKILL one worker when it has used so much of the processor since now, or since its start."""
    before = {one.pid: cpu_of_one(one) for one in workers()}
    while not killed:
        time.sleep(0.02)
        for one in workers():
            if cpu_of_one(one) - before.get(one.pid, 0.0) >= used + (0 if one.pid in before else IMPORTS):
                os.kill(one.pid, signal.SIGKILL)
                killed.append(one.pid)
                return


def cpu_of_one(worker: psutil.Process) -> float:
    try:
        return sum(worker.cpu_times()[:2])
    except psutil.Error:
        return 0.0


def extract_parts(files: list[str], baseline: str, folder: str) -> tuple[np.ndarray, int]:
    """Rows of the files as a data set in parts has them, and how many images were measured for it now."""
    stages, features = parts(baseline)
    images = as_sequence(files)
    for stage in stages:
        images = stage.fit(images).transform(images)
    found = extract_parquet(features.set_params(on_error="nan", on_empty="nan"), images, folder)
    return pd.read_parquet(folder).drop(columns="path").to_numpy(), found.n_measured


def kill_backends(files: list[str], arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Rows of `kill`."""
    started = time.process_time()
    want = digest_of(extract(files, arguments.baseline))
    third = (time.process_time() - started) / WORKERS / 3
    rows = []
    for name in arguments.backends:
        with BACKENDS[name]() as workers, tempfile.TemporaryDirectory() as folder:
            row: dict[str, Any] = {"backend": name, "images": len(files)}
            killed: list[int] = []
            extract(files[: 8 * WORKERS], arguments.baseline)
            watch = threading.Thread(target=kill_one, args=(workers, third, killed), daemon=True)
            watch.start()
            try:
                found, _ = extract_parts(files, arguments.baseline, folder)
                said = "nothing was lost: it went on" if killed else "no worker was killed"
                row |= {"said": said, "same bytes": digest_of(found) == want}
            except Exception as error:
                row |= {"said": f"{type(error).__name__}: {str(error)[:110]}"}
            row["killed"] = len(killed)
            killed.append(0)  # ends the watch
            watch.join()
            again, measured = extract_parts(files, arguments.baseline, folder)
            row |= {"kept": len(files) - measured, "again same bytes": digest_of(again) == want}
            rows.append(row)
    return rows


def size_rows(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Rows of `sizes`: fields of different sides, with cells of the same size."""
    rows = []
    for side in (128, 224, 512, 1024):
        n = max(4, arguments.images * 224 // max(side, 224))
        with tempfile.TemporaryDirectory() as folder:
            files = [f"{folder}/{k}.jpg" for k in range(n)]
            for file, image in zip(files, make_smears(n_samples=n, size=side, random_state=0).images, strict=True):
                cv2.imwrite(file, image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
            rows.append(cost_row(files, f"{side}x{side} made", arguments.baseline))
    if arguments.data is not None:
        files = pick(arguments)
        height, width = as_sequence(files)[0].shape[:2]
        rows.append(cost_row(files, f"{width}x{height} {Path(arguments.data).name}", arguments.baseline))
    return rows


def cost_row(files: list[str], what: str, baseline: str) -> dict[str, Any]:
    """Times and bytes of some files on one core, and what a million and a hundred million of the kind cost."""
    extract(files[:2], baseline)
    started, cpu = time.perf_counter(), time.process_time()
    values = extract(files, baseline)
    wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    decode = seconds_of(lambda: [as_sequence(files)[i] for i in range(len(files))])
    with tempfile.TemporaryDirectory() as folder:
        table = f"{folder}/rows.parquet"
        # as many rows as a part has; no two alike, as those of different images
        rows = np.resize(values, (PART, values.shape[1])) * (1 + np.arange(PART)[:, None] * 1e-6)
        pd.DataFrame(rows, columns=parts(baseline)[1].row_names()).to_parquet(table)
        parquet = os.path.getsize(table) / PART
        extract(files, baseline, memory=f"{folder}/store")
        stored = sum(path.stat().st_size for path in Path(f"{folder}/store").rglob("*") if path.is_file()) / len(files)
    rate = len(files) / cpu
    return {
        "images": what,
        "n": len(files),
        "images/s/core": rate,
        "wall/CPU": wall / cpu,
        "decode %": 100 * decode / wall,
        "kB in": sum(map(os.path.getsize, files)) / len(files) / 1e3,
        "kB Parquet": parquet / 1e3,
        "kB store": stored / 1e3,
        "core-hours 1e6": 1e6 / rate / 3600,
        "core-hours 1e8": 1e8 / rate / 3600,
        "MB/s in/core": rate * sum(map(os.path.getsize, files)) / len(files) / 1e6,
    }


def nothing(smear: Smear) -> float:
    """A column that costs nothing."""
    return float(smear.image[0, 0, 0])


def parent_rows(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Rows of `parent`: tiny images, so that handing out and collecting is all there is to do."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        files = [f"{folder}/{k:07d}.png" for k in range(arguments.images)]
        for k, file in enumerate(files):
            cv2.imwrite(file, np.full((4, 4, 3), [k % 251, k // 251 % 251, k // 63001], np.uint8))
        listing = seconds_of(lambda: load_images(folder))
        rows.append({"work": "load_images, a listing", "parent s": listing, "images/s at most": len(files) / listing})
        for name in arguments.backends:
            for memory in (None, f"{folder}/{name}"):
                with BACKENDS[name]():
                    features = FeatureSet([FunctionFeatures(nothing)], memory=memory)
                    features.extract(files[:64])
                    started, cpu = time.perf_counter(), time.process_time()
                    try:
                        features.extract(files)
                    except Exception as error:
                        rows.append({"work": name, "said": f"{type(error).__name__}: {str(error)[:90]}"})
                        continue
                    wall, cpu = time.perf_counter() - started, time.process_time() - cpu
                work = f"{name}{', with memory=' if memory else ''}"
                rows.append({"work": work, "wall s": wall, "parent s": cpu, "images/s at most": len(files) / cpu})
    return rows


def pick(arguments: argparse.Namespace) -> list[str]:
    """Some of the files below the folder, evenly."""
    files = load_images(data_folder(arguments.data)).filenames.tolist()
    return files[:: max(1, len(files) // arguments.images)][: arguments.images]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("time", "kill", "sizes", "parent", "alone"))
    parser.add_argument("--data", metavar="NAME|FOLDER", help=NAME_OR_FOLDER)
    parser.add_argument("--synthetic", type=int)
    parser.add_argument("--images", type=int)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--backends", nargs="+", choices=BACKENDS, default=list(BACKENDS))
    parser.add_argument("--baseline", default="leukofeat_svm")
    parser.add_argument("--files")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    warnings.filterwarnings("ignore", category=UserWarning)
    if arguments.what == "alone":
        one_alone(json.loads(arguments.files), arguments.baseline)
        return
    arguments.images = arguments.images or {"sizes": 24, "parent": 20000}.get(arguments.what, 240)
    with tempfile.TemporaryDirectory() as folder:
        if arguments.what in ("time", "kill"):
            if (arguments.data is None) == (arguments.synthetic is None):
                parser.error("give either --data NAME|FOLDER or --synthetic N")
            files = pick(arguments) if arguments.data else write_smears(folder, arguments.synthetic)
            rows = (time_backends if arguments.what == "time" else kill_backends)(files, arguments)
        else:
            rows = (size_rows if arguments.what == "sizes" else parent_rows)(arguments)
    table = pd.DataFrame(rows)
    print(table.to_string(index=False, float_format="{:.2f}".format, na_rep=""))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(rows, indent=1, default=str))


if __name__ == "__main__":
    main()
