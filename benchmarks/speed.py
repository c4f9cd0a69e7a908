"""Every feature family, and the whole path from file to feature row, beside the fastest other libraries.

    python benchmarks/speed.py [--data FOLDER] [--images 24] [--families lbp hog] [--json FILE] [--profile]

Without --data synthetic smears are measured, with it the images below FOLDER, segmented by LabKMeansSegmenter. One thread;
the libraries take turns image by image; times are medians of CPU time. `diff` is the largest relative difference between
two libraries' values where both define the measure alike. Peers that are not installed are reported as absent:
pip install "leukofeat[bench]" brings them. --profile shows where the time of leukofeat's whole path goes.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

# before NumPy and its like are loaded: they read it once
os.environ.update(
    dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
)
sys.path.insert(0, str(Path(__file__).parent))

import cv2
import numpy as np
from _kernel_peers import FAMILIES as KERNELS
from _paths import OURS, PEERS, check_path, decode_only, everything, profile_path
from _peers import FAMILIES, Runner, Sample, Values, load

from leukofeat.datasets import make_smears
from leukofeat.segmentation import LabKMeansSegmenter
from leukofeat.sequence import as_sequence

FAMILIES |= KERNELS
EXTENSIONS = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff"}


def load_samples(folder: str | None, n_images: int) -> tuple[list[Sample], list[Path], Any]:
    """Samples with at least one nucleus, and image files for the whole path (and their temporary folder)."""
    keep = None
    if folder is None:
        bunch = make_smears(n_samples=n_images, random_state=0)
        pairs = zip(_smears(bunch.images), bunch.nuclei, strict=True)
        samples = [Sample(smear.image, np.array(nuclei)) for smear, nuclei in pairs]
        keep = tempfile.TemporaryDirectory()
        files = [Path(keep.name) / f"{k:03d}.jpg" for k in range(n_images)]
        for sample, file in zip(samples, files, strict=True):
            cv2.imwrite(str(file), sample.image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
    else:
        every = sorted(file for file in Path(folder).rglob("*") if file.suffix.lower() in EXTENSIONS)
        if not every:
            raise SystemExit(f"No image below {folder}.")
        files = every[:: max(1, len(every) // n_images)][:n_images]
        segmented = LabKMeansSegmenter(rank="a").transform([str(file) for file in files])
        samples = [Sample(smear.image, np.array(smear.nuclei)) for smear in _smears(segmented)]
    samples = [_whole_nuclei(sample) for sample in samples]
    return [sample for sample in samples if sample.n], files, keep


def _smears(images: Any) -> list[Any]:
    sequence = as_sequence(images)
    return [sequence.smear(k) for k in range(len(sequence))]


def _whole_nuclei(sample: Sample) -> Sample:
    """Without specks, which some peers cannot measure, and with labels in a row, which some require."""
    sizes = np.bincount(sample.nuclei.ravel())
    keep = np.flatnonzero(sizes >= 30)
    table = np.zeros(len(sizes), np.int32)
    table[keep[keep > 0]] = np.arange(1, np.count_nonzero(keep > 0) + 1)
    return Sample(sample.image, table[sample.nuclei])


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


def compare_family(family: str, samples: list[Sample], repeats: int) -> list[dict[str, Any]]:
    """Rows of one family: leukofeat against each peer that is installed."""
    runners, absent = load(FAMILIES[family]())
    ours: Runner = runners["leukofeat"]
    times, results = take_turns({name: runner.run for name, runner in runners.items()}, samples, repeats)
    own_values = [ours.values(raw, sample) for raw, sample in zip(results["leukofeat"], samples, strict=True)]
    ours_ms = 1e3 * float(np.median(times["leukofeat"]))
    rows = []
    for name, runner in runners.items():
        if name == "leukofeat":
            continue
        values = [runner.values(raw, sample) for raw, sample in zip(results[name], samples, strict=True)]
        rows.append(_row(family, name, runner.version, times[name], ours_ms, largest_difference(own_values, values)))
    rows += [{**_row(family, name, None, [], ours_ms, None), "absent": reason} for name, reason in absent.items()]
    return rows


def _row(
    family: str, peer: str, peer_version: str | None, times: list[float], ours_ms: float, difference: float | None
) -> dict[str, Any]:
    peer_ms = 1e3 * float(np.median(times)) if times else None
    return {
        "family": family,
        "peer": peer,
        "peer_version": peer_version,
        "peer_ms": peer_ms,
        "ours_ms": ours_ms,
        "ratio": peer_ms / ours_ms if peer_ms is not None else None,
        "max_rel_diff": difference,
    }


def compare_paths(files: list[str], repeats: int) -> list[dict[str, Any]]:
    """Rows of the whole path.

    Against "jpeg decode" stands the full catalogue without Gabor and wavelets, against the others the columns that they
    have, too. `dice` is the agreement of the nuclei, `columns` the number of columns compared on the same label maps.
    """
    # by themselves, as in use: half a second of another library's work in between would empty the caches
    floor, _ = take_turns({"everything": everything, "jpeg decode": decode_only}, files, 3 * repeats)
    runs: dict[str, Callable[[str], Any]] = {"leukofeat": OURS}
    absent = {}
    for name, path in PEERS.items():
        try:
            path(files[0])
            runs[name] = path
        except ImportError as error:
            absent[name] = f"{type(error).__name__}: {error}"
    times, _ = take_turns(runs, files, repeats)
    full_ms, ours_ms = (1e3 * float(np.median(one)) for one in (floor["everything"], times["leukofeat"]))
    opencv = f"opencv-python {version('opencv-python')}"
    rows = [_row("whole_path", "jpeg decode", opencv, floor["jpeg decode"], full_ms, None)]
    for name, path in PEERS.items():
        if name in absent:
            rows.append({**_row("whole_path", name, None, [], ours_ms, None), "absent": absent[name]})
            continue
        difference, dice, columns = check_path(path, files)
        row = _row("whole_path", name, path.version, times[name], ours_ms, difference)
        rows.append({**row, "dice": dice, "columns": columns})
    return rows


def keep_memory() -> None:
    """Let the process keep the memory it frees (glibc), for every library alike.

    Handing it back makes the next large result pay for fresh pages, a quarter of a millisecond here and there.
    """
    try:
        libc = ctypes.CDLL("libc.so.6")
        trim_threshold, mmap_threshold = -1, -3
        libc.mallopt(trim_threshold, 1 << 30)
        libc.mallopt(mmap_threshold, 1 << 30)
    except OSError:
        pass


def show(rows: list[dict[str, Any]]) -> None:
    """Print the table."""
    print(f"{'family':14s} {'peer':16s} {'version':10s} {'peer ms':>9s} {'ours ms':>9s} {'ratio':>7s} {'diff':>9s}")
    for row in rows:
        if row.get("absent"):
            print(f"{row['family']:14s} {row['peer']:16s} absent ({row['absent']})")
            continue
        difference = "-" if row["max_rel_diff"] is None else f"{row['max_rel_diff']:.1e}"
        print(
            f"{row['family']:14s} {row['peer']:16s} {row['peer_version'].split()[-1]:10s} {row['peer_ms']:9.3f} "
            f"{row['ours_ms']:9.3f} {row['ratio']:7.2f} {difference:>9s}"
            + (f"  {row['columns']} columns, Dice {row['dice']:.3f}" if "dice" in row else ""),
            flush=True,
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="folder of images; synthetic smears by default")
    parser.add_argument("--images", type=int, default=24, help="number of images (default 24)")
    parser.add_argument("--repeats", type=int, default=3, help="rounds over the images (default 3)")
    parser.add_argument("--families", nargs="*", choices=[*FAMILIES, "whole_path"], help="only these")
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    parser.add_argument("--profile", action="store_true", help="show where the time of the whole path goes")
    options = parser.parse_args(argv)
    warnings.simplefilter("ignore")
    cv2.setNumThreads(1)
    keep_memory()

    samples, files, keep = load_samples(options.data, options.images)
    print(
        f"{len(samples)} images, {np.mean([s.n for s in samples]):.1f} nuclei each, {options.repeats} rounds, one thread"
    )
    if options.profile:
        profile_path([str(file) for file in files], options.repeats)
        return 0
    rows = []
    for family in options.families or [*FAMILIES, "whole_path"]:
        found = (
            compare_paths([str(file) for file in files], 1)
            if family == "whole_path"
            else compare_family(family, samples, options.repeats)
        )
        rows += found
        show(found)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))
    if keep is not None:
        keep.cleanup()
    return 0


if __name__ == "__main__":
    sys.exit(main())
