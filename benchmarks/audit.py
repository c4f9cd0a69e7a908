"""The audit beside CleanVision and imgclean on the same planted faults: found, missed, invented, seconds.

    python benchmarks/audit.py [--data NAME|FOLDER] [-n 300] [--peer-python PATH] [--json FILE]
    python benchmarks/audit.py --sizes 1000 5000 20000 50000 [-j 2]

The set holds images to plant faults in (class folders or a manifest.csv); without it, synthetic smears are made. The peers
run in the Python given by `--peer-python`, an environment of its own with `pip install cleanvision imgclean`; a peer that is
not there is reported as absent. Each tool runs on one core with its default settings. An invented pair is one of images that were
not made from the same source: with real images it can be a true flaw of the set, so look before you count it.

With `--sizes`, how time and memory grow instead: see audit_growth.py. Research use only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from places import NAME_OR_FOLDER, data_folder

from leukofeat.audit import audit_dataset
from leukofeat.datasets import load_images, make_smears

_CLEANVISION = """
import json, sys, time, os
start = time.perf_counter()
from cleanvision import Imagelab
lab = Imagelab(data_path=sys.argv[1])
lab.find_issues(n_jobs=1, verbose=False)
seconds = time.perf_counter() - start
name = os.path.basename
sets = [[name(p) for p in s] for kind in ("exact_duplicates", "near_duplicates") for s in lab.info[kind]["sets"]]
flagged = {fault: [name(p) for p in lab.issues.index[lab.issues[f"is_{issue}_issue"]]] for fault, issue in
           (("dark", "dark"), ("blurred", "blurry"), ("grey", "grayscale"), ("small", "odd_size"))}
print("RESULT" + json.dumps({"sets": sets, "flagged": flagged, "seconds": seconds}))
"""

_IMGCLEAN = """
import json, sys, time, os
start = time.perf_counter()
from imgclean import scan_dataset
report = scan_dataset(sys.argv[1], cache=False)
seconds = time.perf_counter() - start
sets, flagged = [], {"dark": [], "blurred": [], "broken": [], "small": []}
for f in report.findings:
    kind = f.issue_type.value
    if "duplicate" in kind:
        sets.append([os.path.basename(str(p)) for p in (f.file_path, *f.related_files)])
    for word, fault in (("blur", "blurred"), ("dark", "dark"), ("under", "dark"), ("corrupt", "broken"), ("resolution", "small")):
        if word in kind:
            flagged[fault].append(os.path.basename(str(f.file_path)))
print("RESULT" + json.dumps({"sets": sets, "flagged": flagged, "seconds": seconds}))
"""


def _crop(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    height, width = (round(0.9 * side) for side in image.shape[:2])
    y, x = (int(rng.integers(0, side - part + 1)) for side, part in zip(image.shape[:2], (height, width), strict=True))
    return image[y : y + height, x : x + width]


COPIES: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "re-encoded": lambda image, rng: image,
    "flipped": lambda image, rng: image[:, ::-1],
    "turned by 90°": lambda image, rng: np.rot90(image),
    "brighter by 10 %": lambda image, rng: np.clip(image * 1.1, 0, 255).astype(np.uint8),
    "darker by 10 %": lambda image, rng: (image * 0.9).astype(np.uint8),
    "90 % crop": _crop,
}
SINGLE: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "dark": lambda image: (image * 0.12).astype(np.uint8),
    "blurred": lambda image: cv2.GaussianBlur(image, (0, 0), 10),
    "grey": lambda image: cv2.cvtColor(image, cv2.COLOR_RGB2GRAY),
    "small": lambda image: cv2.resize(image, (60, 60), interpolation=cv2.INTER_AREA),
}


def plant(images: Any, folder: Path, seed: int) -> dict[str, dict[str, str]]:
    """Write the images and the faulty ones; returns fault -> {name of the faulty file: name of its source}."""
    rng = np.random.default_rng(seed)
    planted: dict[str, dict[str, str]] = {fault: {} for fault in ("exact", *COPIES, *SINGLE, "broken")}
    faults = list(planted)
    for k in range(len(images)):
        image = np.asarray(images[k])
        source = f"{k:05d}.jpg"
        write(folder / source, image, 92)
        # Every second image stays alone, the others get one fault each in turn.
        if k % 2:
            continue
        fault = faults[(k // 2) % len(faults)]
        name = f"{k:05d}x.jpg"
        planted[fault][name] = source
        data = (folder / source).read_bytes()
        if fault == "exact":
            (folder / name).write_bytes(data)
        elif fault == "broken":
            (folder / name).write_bytes(data[: len(data) // 3])
        elif fault in COPIES:
            write(folder / name, COPIES[fault](image, rng), 75)
        else:
            write(folder / name, SINGLE[fault](image), 92)
    return planted


def write(path: Path, image: np.ndarray, quality: int) -> None:
    """Write an image, grey or RGB, as a JPEG."""
    data = image if image.ndim == 2 else np.ascontiguousarray(image[:, :, ::-1])
    cv2.imwrite(str(path), data, [cv2.IMWRITE_JPEG_QUALITY, quality])


def run_ours(folder: Path) -> dict[str, Any]:
    """What leukofeat finds, in the form the peers report in."""
    start = time.perf_counter()
    result = audit_dataset(sorted(str(path) for path in folder.glob("*.jpg")))
    seconds = time.perf_counter() - start
    names = result.images["path"].map(os.path.basename)
    pairs = result.pairs[result.pairs["kind"] != "overlap"] if len(result.pairs) else result.pairs
    sets = [[names[a], names[b]] for a, b in zip(pairs["first"], pairs["second"], strict=True)]
    words = {"dark": "dark", "blurred": "focus", "grey": "grey", "small": "size"}
    odd = result.images["odd"]
    flagged = {fault: names[odd.str.contains(word)].tolist() for fault, word in words.items()}
    flagged["broken"] = names[result.images["error"] != ""].tolist()
    return {"sets": sets, "flagged": flagged, "seconds": seconds}


def run_peer(python: str | None, code: str, folder: Path) -> dict[str, Any] | None:
    """What a peer finds, in its own environment; None where it is absent or fails."""
    if python is None:
        return None
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run(
            [python, "-c", code, str(folder)],
            capture_output=True,
            text=True,
            env={**os.environ, **threads},
            cwd=scratch,
        )
    line = next((line for line in done.stdout.splitlines() if line.startswith("RESULT")), None)
    if line is None:
        print(f"peer failed: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
    return None if line is None else json.loads(line[6:])


def score(planted: dict[str, dict[str, str]], found: dict[str, Any]) -> list[dict[str, Any]]:
    """Found, missed and invented for each fault, "-" for what a tool does not look for."""
    together = {tuple(sorted((a, b))) for own in found["sets"] for a in own for b in own if a < b}
    copies = ("exact", *COPIES)
    source = {name: origin for own in planted.values() for name, origin in own.items()}
    rows = []
    for fault, names in planted.items():
        if fault in copies:
            hit = sum(tuple(sorted(pair)) in together for pair in names.items())
            rows.append({"fault": fault, "found": hit, "missed": len(names) - hit, "invented": ""})
            continue
        if fault not in found["flagged"]:
            rows.append({"fault": fault, "found": "-", "missed": len(names), "invented": "-"})
            continue
        flagged = set(found["flagged"][fault])
        # An image with a fault may rightly be called more than one thing; only images without any are inventions.
        hit = len(flagged & set(names))
        rows.append({"fault": fault, "found": hit, "missed": len(names) - hit, "invented": len(flagged - set(source))})
    invented = sum(source.get(a, a) != source.get(b, b) for a, b in together)
    rows.append({"fault": "all pairs", "found": len(together) - invented, "missed": "", "invented": invented})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "--data", default=None, metavar="NAME|FOLDER", help=f"{NAME_OR_FOLDER}; default: synthetic smears"
    )
    parser.add_argument("-n", "--images", type=int, default=300, help="number of images to plant faults in")
    parser.add_argument("--peer-python", default=None, help="Python of the environment that holds the peers")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", default=None, help="file to write the rows to")
    parser.add_argument("--sizes", type=int, nargs="+", default=None, help="numbers of generated images to audit")
    parser.add_argument("-j", "--jobs", type=int, default=2, help="workers of --sizes")
    arguments = parser.parse_args()
    if arguments.sizes is not None:
        from audit_growth import grow

        rows = grow(arguments.sizes, arguments.jobs, arguments.seed)
        print("\n" + pd.DataFrame(rows).round(2).to_string(index=False))
        if arguments.json:
            Path(arguments.json).write_text(json.dumps(rows, indent=1), encoding="utf-8")
        return
    if arguments.data is None:
        images: Any = make_smears(n_samples=arguments.images, random_state=arguments.seed).images
    else:
        everything = load_images(data_folder(arguments.data)).images
        rng = np.random.default_rng(arguments.seed)
        images = everything[rng.permutation(len(everything))[: arguments.images]]
    cv2.setNumThreads(1)
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        planted = plant(images, folder, arguments.seed)
        tools = {
            "leukofeat": lambda: run_ours(folder),
            "imgclean": lambda: run_peer(arguments.peer_python, _IMGCLEAN, folder),
            "cleanvision": lambda: run_peer(arguments.peer_python, _CLEANVISION, folder),
            "cleanvision, broken files removed": lambda: run_peer(arguments.peer_python, _CLEANVISION, folder),
        }
        for tool, run in tools.items():
            if tool.endswith("removed"):  # CleanVision 0.3 stops at a truncated file
                if any(row["tool"] == "cleanvision" for row in rows):
                    continue
                for name in planted["broken"]:
                    (folder / name).unlink()
            found = run()
            if found is None:
                print(f"{tool}: absent, or it stopped")
                continue
            rows += [{"tool": tool, **row, "seconds": round(found["seconds"], 1)} for row in score(planted, found)]
    table = pd.DataFrame(rows)
    order = list(dict.fromkeys(table["fault"]))
    for column in ("found", "missed", "invented"):
        print(f"\n{column} (of {len(images)} images and {sum(map(len, planted.values()))} faulty ones)")
        print(table.pivot(index="fault", columns="tool", values=column).loc[order].to_string())
    print("\nseconds\n" + table.groupby("tool", sort=False)["seconds"].first().to_string())
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
