"""Libraries take turns sample by sample on one thread; times are medians of CPU time."""

from __future__ import annotations

import argparse
import ctypes
import os
import time
import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from places import NAME_OR_FOLDER
from threadpoolctl import threadpool_limits

from peers.samples import Sample

Values = dict[str, np.ndarray]


def numbered(raw: Any) -> Values:
    """An array, or several in a row, by number; None stands for what a library defines otherwise."""
    arrays = raw if isinstance(raw, (tuple, list)) else [raw]
    return {str(k): np.asarray(array) for k, array in enumerate(arrays) if array is not None}


def columns(names: Sequence[str], table: np.ndarray) -> Values:
    """Columns of a table by name."""
    return dict(zip(names, np.asarray(table, np.float64).T, strict=True))


@lru_cache(maxsize=16)
def _nyxus(features: tuple[str, ...]) -> Any:
    from nyxus import Nyxus

    return Nyxus(list(features), n_feature_calc_threads=1)


def nyxus(features: tuple[str, ...], plane: np.ndarray, labels: np.ndarray) -> Any:
    """Table of nyxus' features of a grey plane and label map, on one thread."""
    return _nyxus(features).featurize(plane.astype(np.uint32), labels.astype(np.uint32))


class Call(NamedTuple):
    """One library's way to do a work on one sample: `run` is timed, `values` names what came out, outside the clock."""

    run: Callable[[], Any]
    values: Callable[[Any], Values] = numbered


# calls by package
Case = Callable[[Sample], dict[str, Call]]
KERNELS: dict[Callable[..., Any], Case] = {}


def beside(kernel: Callable[..., Any]) -> Callable[[Callable[..., dict[str, Call]]], Case]:
    """Register a case, a function of the kernel and a sample, as this kernel's row."""

    def register(case: Callable[..., dict[str, Call]]) -> Case:
        KERNELS[kernel] = partial(case, kernel)
        return KERNELS[kernel]

    return register


def compare(work: str, case: Case, samples: Sequence[Sample], repeats: int) -> list[dict[str, Any]]:
    """Rows of one work: leukofeat against each peer that is installed."""
    calls, absent = [case(sample) for sample in samples], {}
    for package in calls[0]:
        try:
            version(package)
            calls[0][package].run()
        except (ImportError, PackageNotFoundError) as error:
            absent[package] = f"{type(error).__name__}: {error}"
    runs = {package: lambda call, package=package: call[package].run() for package in calls[0] if package not in absent}
    times, results = take_turns(runs, calls, repeats)
    values = {
        package: [call[package].values(raw) for call, raw in zip(calls, raws, strict=True)]
        for package, raws in results.items()
    }
    own, own_times = values.pop("leukofeat"), times["leukofeat"]
    rows = [
        row(work, package, version(package), times[package], own_times, largest_difference(own, found))
        for package, found in values.items()
    ]
    return rows + [{**row(work, name, None, [], own_times, None), "absent": why} for name, why in absent.items()]


def take_turns(
    runs: dict[str, Callable[[Any], Any]], samples: Sequence[Any], repeats: int
) -> tuple[dict[str, list[float]], dict[str, list[Any]]]:
    """CPU seconds of each call, and the results of the first round; every runner warms up on the first sample."""
    for run in runs.values():
        run(samples[0])
    times: dict[str, list[float]] = {name: [] for name in runs}
    results: dict[str, list[Any]] = {name: [] for name in runs}
    for round_ in range(repeats):
        for sample in samples:
            for name, run in runs.items():
                start = time.process_time_ns()
                result = run(sample)
                times[name].append((time.process_time_ns() - start) / 1e9)
                if round_ == 0:
                    results[name].append(result)
    return times, results


def largest_difference(ours: list[Values], theirs: list[Values]) -> float | None:
    """Largest relative difference over the measures that both name; None if they share none."""
    worst = None
    for a, b in zip(ours, theirs, strict=True):
        for name in a.keys() & b.keys():
            x, y = np.asarray(a[name], float), np.asarray(b[name], float)
            known = ~(np.isnan(x) | np.isnan(y))
            if known.any():
                # near zero the difference counts as it is, in millionths of the largest value of its kind
                scale = np.maximum(np.abs(y[known]), 1e-6 * np.abs(y[known]).max())
                gap = np.abs(x - y)[known] / np.where(scale > 0, scale, 1)
                worst = max(worst or 0.0, float(gap.max()))
    return worst


def row(
    work: str, peer: str, peer_version: str | None, times: list[float], ours: list[float], difference: float | None
) -> dict[str, Any]:
    """One line of the table; without times for a peer that is absent."""
    ours_ms = 1e3 * float(np.median(ours))
    peer_ms = 1e3 * float(np.median(times)) if times else None
    return {
        "work": work,
        "peer": peer,
        "peer_version": peer_version,
        "peer_ms": peer_ms,
        "ours_ms": ours_ms,
        "ratio": peer_ms / ours_ms if peer_ms is not None else None,
        "max_rel_diff": difference,
    }


def show(rows: list[dict[str, Any]], header: bool = False) -> None:
    """Print lines of the table."""
    if header:
        print(f"{'':20s} {'peer':16s} {'version':10s} {'peer ms':>9s} {'ours ms':>9s} {'ratio':>7s} {'diff':>8s}")
    for line in rows:
        name = f"{line['work']:20s} {line['peer']:16s}"
        if line.get("absent"):
            print(f"{name} absent ({line['absent']})")
            continue
        difference = "-" if line["max_rel_diff"] is None else f"{line['max_rel_diff']:.0e}"
        print(
            f"{name} {line['peer_version'].split()[-1]:10s} {line['peer_ms']:9.4f} "
            f"{line['ours_ms']:9.4f} {line['ratio']:7.2f} {difference:>8s}"
            + (f"  {line['columns']} columns, Dice {line['dice']:.3f}" if "dice" in line else ""),
            flush=True,
        )


def options_of(description: str, argv: Sequence[str] | None, *more: tuple[str, dict[str, Any]]) -> argparse.Namespace:
    """Options that the benchmarks of speed share, and some more."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", metavar="NAME|FOLDER", help=f"{NAME_OR_FOLDER}; synthetic smears by default")
    parser.add_argument("--images", type=int, default=24, help="number of images (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="rounds over the images (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    for name, how in more:
        parser.add_argument(name, **how)
    return parser.parse_args(argv)


def one_thread() -> None:
    """Hold every library to one thread, and let the process keep the memory it frees (glibc).

    Handing it back makes the next large result pay for fresh pages, a quarter of a millisecond here and there.
    """
    warnings.simplefilter("ignore")
    cv2.setNumThreads(1)
    # those that are loaded, and those that will be
    threadpool_limits(1)
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        libc = ctypes.CDLL("libc.so.6")
        trim_threshold, mmap_threshold = -1, -3
        libc.mallopt(trim_threshold, 1 << 30)
        libc.mallopt(mmap_threshold, 1 << 30)
    except OSError:
        pass
