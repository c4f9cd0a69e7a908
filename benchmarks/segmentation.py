"""Every segmenter on every data set: quality, time, worst cases.

    python benchmarks/segmentation.py [--data FOLDER] [--json FILE] [--pictures FOLDER] [--images N]

Synthetic smears with exact truth are always measured. FOLDER may hold `wbcseg` (images with masks: nucleus 255, cytoplasm
128), `bccd` (fields with Pascal-VOC boxes) and `leukemia4` (fields without truth: count and time only). No segmenter gets
parameters of its own for any set. Times are process-CPU medians of one thread. Research use only.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cv2
import numpy as np
import pandas as pd

from leukofeat import Smear, read_image
from leukofeat.datasets import load_images, make_smears
from leukofeat.segmentation import (
    DualThresholdSegmenter,
    FuzzyCMeansSegmenter,
    GrabCutSegmenter,
    LabKMeansSegmenter,
    LeukocyteSegmenter,
    OtsuSegmenter,
    TriangleSegmenter,
    evaluate_segmentation,
)

TIMED = 60  # images of a set that are timed at most

SEGMENTERS = {
    "LeukocyteSegmenter": LeukocyteSegmenter(),
    "LabKMeansSegmenter": LabKMeansSegmenter(),
    "LabKMeansSegmenter, by a*": LabKMeansSegmenter(rank="a"),
    "OtsuSegmenter, 3 classes": OtsuSegmenter(),
    "OtsuSegmenter, 2 classes": OtsuSegmenter(2),
    "TriangleSegmenter": TriangleSegmenter(),
    "FuzzyCMeansSegmenter": FuzzyCMeansSegmenter(),
    "DualThresholdSegmenter": DualThresholdSegmenter(),
    "GrabCutSegmenter": GrabCutSegmenter(),
}


@dataclass
class DataSet:
    """Images with as much truth as there is."""

    name: str
    images: list[np.ndarray]
    nuclei: list[np.ndarray] | None = None
    cells: list[np.ndarray] | None = None
    boxes: list[np.ndarray] | None = None
    kinds: list[str] | None = None


def synthetic(n: int) -> DataSet:
    smears = make_smears(n_samples=n, random_state=0)
    return DataSet("synthetic", smears.images, smears.nuclei, smears.cells)


def wbcseg(root: Path, n: int) -> Iterator[DataSet]:
    frame = pd.read_csv(root / "manifest.csv")
    for name, rows in frame.groupby(frame["image"].str.split("/").str[0]):
        rows = rows[:n]
        masks = [read_image(root / path)[:, :, 0] for path in rows["mask"]]
        yield DataSet(
            f"wbcseg {name}",
            [read_image(root / path) for path in rows["image"]],
            [(mask > 200).astype(np.int32) for mask in masks],
            [(mask > 60).astype(np.int32) for mask in masks],
            kinds=rows["cell_type"].to_list(),
        )


def bccd(root: Path, n: int) -> DataSet:
    files = sorted(root.glob("*.xml"))[:n]
    boxes = []
    for file in files:
        found = [
            [int(box.findtext(f"bndbox/{key}", "0")) for key in ("ymin", "xmin", "ymax", "xmax")]
            for box in ElementTree.parse(file).iter("object")
            if box.findtext("name") == "WBC"
        ]
        boxes.append(np.array(found, float).reshape(-1, 4))
    return DataSet("bccd", [read_image(file.with_suffix(".jpg")) for file in files], boxes=boxes)


def box_scores(smears: list[Smear], truth: list[np.ndarray]) -> dict[str, float]:
    """F1 of white cells by boxes with IoU of at least 0.5, matched greedily from the best pair."""
    hits = found = real = 0
    for smear, boxes in zip(smears, truth, strict=True):
        overlap = box_iou(boxes, smear.boxes.astype(float))
        found, real = found + overlap.shape[1], real + overlap.shape[0]
        while overlap.size and overlap.max() >= 0.5:
            i, j = np.unravel_index(overlap.argmax(), overlap.shape)
            overlap[i], overlap[:, j] = 0, 0
            hits += 1
    return {"box_f1": 2 * hits / max(found + real, 1), "boxes": real, "found": found, "matched": hits}


def box_iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    both = np.prod(np.clip(high - low, 0, None), axis=2)
    area = lambda boxes: np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)  # noqa: E731
    return both / np.maximum(area(a)[:, None] + area(b)[None] - both, 1e-9)


def run(name: str, segmenter: Any, data: DataSet) -> tuple[dict[str, Any], list[Smear], np.ndarray]:
    """Quality and time of one segmenter on one set, its smears, and a badness for each image."""
    sequence = segmenter.transform(data.images)
    sequence.smear(0)
    times = []
    for i in range(min(TIMED, len(data.images))):
        # as in a pipeline, where a record is dropped when it has been measured
        started = time.process_time()
        sequence.smear(i)
        times.append(1000 * (time.process_time() - started))
    smears = [sequence.smear(i) for i in range(len(data.images))]
    row: dict[str, Any] = {"segmenter": name, "data": data.name, "images": len(smears)}
    bad = np.zeros(len(smears))
    if data.nuclei is not None:
        scores = evaluate_segmentation(smears, None, data.nuclei, data.cells)
        for column in ("nucleus_dice", "cell_dice", "nucleus_aji", "nucleus_pq", "nucleus_count_error"):
            if column in scores:
                row[column] = float(scores[column].mean())
        bad = 1 - scores["nucleus_dice"].to_numpy()
        if data.kinds is not None:
            eosinophils = np.array(data.kinds) == "eosinophil"
            if eosinophils.any():
                row["nucleus_dice_eosinophils"] = float(scores["nucleus_dice"][eosinophils].mean())
    if data.boxes is not None:
        row |= box_scores(smears, data.boxes)
        bad = np.array([1 - box_scores([s], [b])["box_f1"] for s, b in zip(smears, data.boxes, strict=True)])
    row["cells_per_image"] = float(np.mean([smear.n_cells for smear in smears]))
    row["ms"] = float(np.median(times))
    return row, smears, bad


def draw_worst(path: Path, data: DataSet, smears: list[Smear], bad: np.ndarray) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    from leukofeat.plotting import SegmentationDisplay

    worst = np.argsort(-bad, kind="stable")[:20]
    display = SegmentationDisplay.from_smears(
        [smears[i] for i in worst],
        truth_nuclei=None if data.nuclei is None else [data.nuclei[i] for i in worst],
        truth_cells=None if data.cells is None else [data.cells[i] for i in worst],
        titles=[f"{i}: {1 - bad[i]:.3f}" for i in worst],
    )
    display.figure_.suptitle(f"{data.name}: the lowest scores (found: green, yellow; truth: white)")
    display.figure_.savefig(path, dpi=80)
    plt.close(display.figure_)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, help="folder that holds wbcseg, bccd and leukemia4, as far as they are there"
    )
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--pictures", type=Path, help="folder for the worst cases of each set and segmenter")
    parser.add_argument("--images", type=int, default=200, help="images of each set at most (default: %(default)s)")
    parser.add_argument("--only", action="append", metavar="NAME", help="segmenters whose name begins so")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)

    sets = [synthetic(min(48, arguments.images))]
    root = arguments.data
    if root is not None and (root / "wbcseg").is_dir():
        sets += wbcseg(root / "wbcseg", arguments.images)
    if root is not None and (root / "bccd").is_dir():
        sets.append(bccd(root / "bccd", arguments.images))
    if root is not None and (root / "leukemia4").is_dir():
        images = load_images(root / "leukemia4").images
        step = max(1, len(images) // arguments.images)
        sets.append(DataSet("leukemia4", list(images[::step])[: arguments.images]))
    rows = []
    for data in sets:
        for name, segmenter in SEGMENTERS.items():
            if arguments.only and not any(name.startswith(only) for only in arguments.only):
                continue
            print(f"{data.name}: {name}", file=sys.stderr)
            row, smears, bad = run(name, segmenter, data)
            rows.append(row)
            if arguments.pictures is not None:
                arguments.pictures.mkdir(parents=True, exist_ok=True)
                file = f"{data.name}-{name}".replace(" ", "_").replace("*", "").replace(",", "")
                draw_worst(arguments.pictures / f"{file}.png", data, smears, bad)
    table = pd.DataFrame(rows)
    for name, part in table.groupby("data", sort=False):
        print(f"\n{name} ({part['images'].iloc[0]} images)")
        print(part.drop(columns=["data", "images"]).dropna(axis=1, how="all").round(3).to_string(index=False))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(json.loads(table.to_json(orient="records")), indent=1))
    print("\nResearch use only; not a medical device.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
