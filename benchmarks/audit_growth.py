"""How time and memory of the audit grow with the number of images; `python benchmarks/audit.py --sizes` runs it.

Generated smears of 128 pixels with labels, slides and splits, one in ten the altered copy of another, are audited by `leukofeat audit`
in a process of its own for each size, beside hashes of 64 bits (the signs of 8 x 8 cosine coefficients, pairs at most 8 bits apart)
that are compared all with all, on one core. Exponents are those of processor seconds, from one size to the next.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from audit import COPIES, write

from leukofeat.datasets import make_smears

_MADE_AT_ONCE = 250


def make_part(folder: Path, number: int, seed: int) -> list[dict[str, Any]]:
    """Write some generated smears and a copy of one in nine; the rows of their manifest."""
    smears = make_smears(n_samples=_MADE_AT_ONCE, size=128, random_state=seed + number)
    rows = []
    for k in range(_MADE_AT_ONCE):
        name = f"{number * _MADE_AT_ONCE + k:06d}"
        image, fault = smears.images[k], list(COPIES)[k // 9 % len(COPIES)]
        altered = COPIES[fault](image, np.random.default_rng(k)) if k % 9 == 0 else None
        for suffix, pixels in (("", image), ("x", altered)):
            if pixels is not None:
                write(folder / f"{name}{suffix}.jpg", pixels, 75 if suffix else 92)
                given = {"label": smears.target[k], "group": f"{number}-{smears.groups[k]}", "split": smears.split[k]}
                rows.append({"path": f"{name}{suffix}.jpg", **given, "fault": fault if suffix else ""})
    return rows


def recall_of(manifest: pd.DataFrame, pairs: set[tuple[str, str]]) -> tuple[str, int]:
    """Share of the copies that were found, and the number of pairs that are none."""
    truth = {(name.replace("x", ""), name) for name in manifest.loc[manifest["fault"] != "", "path"]}
    return f"{len(truth & pairs) / max(1, len(truth)):.3f}", len(pairs - truth)


def audit_size(folder: Path, manifest: pd.DataFrame, n_jobs: int) -> dict[str, Any]:
    """Time of `leukofeat audit`, of the clock and of the processors, the memory of its largest process, and what it finds."""
    command = [
        sys.executable,
        "-m",
        "leukofeat",
        "audit",
        str(folder),
        "-q",
        "-j",
        str(n_jobs),
        "-o",
        str(folder / "audit"),
    ]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"{' '.join(command)}: {os.waitstatus_to_exitcode(status)}")
    names = pd.read_csv(folder / "audit" / "images.csv")["path"].map(os.path.basename)
    found = pd.read_csv(folder / "audit" / "pairs.csv")
    pairs = {tuple(sorted((names[a], names[b]))) for a, b in zip(found["first"], found["second"], strict=True)}
    recall, invented = recall_of(manifest, pairs)
    return {
        "seconds": seconds,
        "cpu_s": used.ru_utime + used.ru_stime,
        "peak_mb": used.ru_maxrss / 1024,
        "found": recall,
        "invented": invented,
    }


def hash_size(folder: Path, manifest: pd.DataFrame) -> dict[str, Any]:
    """The same of perceptual hashes that are compared all with all."""
    start, used, names = time.perf_counter(), time.process_time(), manifest["path"].tolist()
    bits = []
    for name in names:
        gray = cv2.resize(cv2.imread(str(folder / name), cv2.IMREAD_GRAYSCALE), (32, 32), interpolation=cv2.INTER_AREA)
        low = cv2.dct(gray.astype(np.float32))[:8, :8].ravel()
        bits.append(low > np.median(low))
    codes = np.packbits(bits, axis=1).view(np.uint64).ravel()
    pairs = set()
    for i, code in enumerate(codes):
        near = i + 1 + np.flatnonzero(np.bitwise_count(codes[i + 1 :] ^ code) <= 8)
        pairs |= {tuple(sorted((names[i], names[j]))) for j in near.tolist()}
    recall, invented = recall_of(manifest, pairs)
    cpu = time.process_time() - used
    return {
        "seconds": time.perf_counter() - start,
        "cpu_s": cpu,
        "peak_mb": np.nan,
        "found": recall,
        "invented": invented,
    }


def grow(sizes: list[int], n_jobs: int, seed: int) -> list[dict[str, Any]]:
    """Rows of time and memory by the number of images, with the exponents by which they grow from one size to the next."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder, made = Path(scratch), []
        for n in sorted(sizes):
            while len(made) < n:
                made += make_part(folder, len(made) // (_MADE_AT_ONCE + -(-_MADE_AT_ONCE // 9)), 1000 * seed)
            manifest = pd.DataFrame(made[:n])
            manifest.to_csv(folder / "manifest.csv", index=False)
            tools = {
                "leukofeat": lambda m=manifest: audit_size(folder, m, n_jobs),
                "hashes": lambda m=manifest: hash_size(folder, m),
            }
            for tool, run in tools.items():
                row = {"tool": tool, "images": n, **run()}
                before = next((r for r in reversed(rows) if r["tool"] == tool), None)
                if before is not None:
                    row["exponent"] = np.log(row["cpu_s"] / before["cpu_s"]) / np.log(n / before["images"])
                    row["kb_an_image"] = 1024 * (row["peak_mb"] - before["peak_mb"]) / (n - before["images"])
                rows.append(row)
                print(pd.DataFrame([row]).round(2).to_string(index=False), flush=True)
    return rows
