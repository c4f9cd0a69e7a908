"""One accuracy, many ways to split: what is left of a figure when slides are held out and when only the background changes.

    python benchmarks/honesty.py --data FOLDER [--network FILE.onnx] [--json FILE] [--jobs N]
    python benchmarks/honesty.py --synthetic 240

FOLDER holds class folders, or a manifest.csv with path, label and, as far as there are, split (train and valid, or test),
block (contiguous pseudo-slides), cluster0 to cluster2 (coarse colour clusters), stream (acquisition series) and group. Where
there is none of the grouping columns, slides are estimated with `estimate_slides`, three seeds. Each row is a pipeline, each
column a way to test the same pipeline; the last columns are points of accuracy lost when only what should not matter is
changed. Controls see no leukocyte: what they score is not leukaemia. Research use only.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import cv2
import numpy as np
import pandas as pd
from sklearn.model_selection import LeaveOneGroupOut, StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat import Smear
from leukofeat.baselines import make_baseline
from leukofeat.datasets import load_images, make_smears
from leukofeat.evaluation import Comparison, compare, estimate_slides
from leukofeat.features import FunctionFeatures


def bar_corner(smear: Smear) -> np.ndarray:
    """Pixels of the lower right corner, where the scale bar is, at 8 by 8."""
    height, width = smear.image.shape[:2]
    corner = smear.image[-(height // 8) :, -(width // 6) :]
    return cv2.resize(corner, (8, 8), interpolation=cv2.INTER_AREA).ravel().astype(np.float64)


def pipelines(network: str | None) -> dict[str, Any]:
    """The rows of the table, by name."""
    corner = FunctionFeatures(bar_corner, names=[f"corner_{i}" for i in range(192)])
    rows = {"leukofeat_svm": make_baseline("leukofeat_svm")}
    if network:
        from leukofeat.deep import CNNEmbedding

        rows["embedding + SVM"] = make_pipeline(CNNEmbedding(network), StandardScaler(), SVC(C=10))
    return rows | {
        "control: no leukocytes": make_baseline("no_leukocytes"),
        "control: four colours": make_baseline("four_colors"),
        "control: bar corner": make_pipeline(corner, StandardScaler(), SVC(C=10)),
    }


def protocols(bunch: Any, images: Any, n_jobs: int | None) -> dict[str, dict[str, tuple[Any, Any]]]:
    """Name of a column of the table to the (splits, groups) whose mean it shows."""
    frame = bunch.get("frame", pd.DataFrame())
    found: dict[str, dict[str, tuple[Any, Any]]] = {"random": {"random": ("random", None)}}
    if "split" in frame:
        part = "valid" if (frame["split"] == "valid").any() else "test"
        split = [(np.flatnonzero(frame["split"] == "train"), np.flatnonzero(frame["split"] == part))]
        found["published"] = {"published": (split, None)}
    clusters = [name for name in ("cluster0", "cluster1", "cluster2") if name in frame]
    if "block" in frame:
        found["blocks"] = {"block": _by_group(bunch.target, frame["block"].to_numpy())}
    if clusters:
        found["coarse clusters"] = {name: _by_group(bunch.target, frame[name].to_numpy()) for name in clusters}
    if bunch.groups is not None:
        found["slides"] = {"group": _by_group(bunch.target, np.asarray(bunch.groups))}
    if "stream" in frame:
        found["unseen streams"] = {"stream": (LeaveOneGroupOut(), frame["stream"].to_numpy())}
    if not clusters and "stream" not in frame:
        seeds = [estimate_slides(images, bunch.target, random_state=seed, n_jobs=n_jobs).groups for seed in range(3)]
        found["estimated slides"] = {f"estimated{i}": _by_group(bunch.target, groups) for i, groups in enumerate(seeds)}
    return found


def _by_group(target: np.ndarray, groups: np.ndarray) -> tuple[Any, np.ndarray]:
    fewest = pd.Series(groups).groupby(target).nunique().min()
    return StratifiedGroupKFold(int(min(5, max(2, fewest)))), groups


def summarise(results: dict[str, Comparison], columns: dict[str, list[str]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Accuracy by way of splitting, and points lost in the shortcut tests; a row a pipeline."""
    accuracy = {
        column: pd.concat([results[name].table["accuracy"] for name in names], axis=1).mean(axis=1)
        for column, names in columns.items()
    }
    stress = next(iter(results.values())).stress
    lost = stress.pivot(index="pipeline", columns="test", values="points_lost")[stress["test"].unique()]
    follows = stress.set_index("pipeline")["follows_background"].dropna()
    order = list(next(iter(results.values())).table.index)
    return pd.DataFrame(accuracy).loc[order], lost.assign(follows_background=follows).loc[order]


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", help="folder of class folders, or with a manifest.csv")
    source.add_argument("--synthetic", type=int, metavar="N", help="N synthetic smears instead")
    parser.add_argument("--network", help="ONNX network for the row 'embedding + SVM'")
    parser.add_argument("--limit", type=int, metavar="N", help="N images of each class, drawn at random")
    parser.add_argument("--stress-images", type=int, default=200, metavar="N", help="images of the shortcut tests")
    parser.add_argument("--json", help="file for the figures")
    parser.add_argument("--jobs", type=int, default=None, help="worker processes (default: 1)")
    arguments = parser.parse_args()

    bunch = load_images(arguments.data) if arguments.data else make_smears(arguments.synthetic, random_state=0)
    if bunch.target is None:
        parser.error(f"{arguments.data}: no labels")
    bunch, images = _limited(bunch, arguments.limit)
    ways = protocols(bunch, images, arguments.jobs)
    protocol = {name: way for group in ways.values() for name, way in group.items()}
    results = compare(
        pipelines(arguments.network),
        images,
        bunch.target,
        cv={name: cv for name, (cv, _) in protocol.items()},
        groups={name: groups for name, (_, groups) in protocol.items()},
        stress=True,
        n_stress=arguments.stress_images,
        n_jobs=arguments.jobs,
        verbose=1,
    )
    accuracy, lost = summarise(results, {column: list(group) for column, group in ways.items()})
    data = arguments.data or f"make_smears({arguments.synthetic})"
    print(f"\n{data}, {len(bunch.target)} images: accuracy by the way of splitting\n{accuracy.round(3).to_string()}")
    print(f"\nPoints of accuracy lost in the shortcut tests (models of the random split)\n{lost.round(2).to_string()}")
    print("\nfollows_background: share of the images called by the class of the field their cells were pasted onto.")
    print("Research use only; not a medical device.")
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(as_json(results, accuracy, lost, data), file, indent=1)
    return 0


def _limited(bunch: Any, limit: int | None) -> tuple[Any, Any]:
    images = bunch.images
    if limit:
        order = np.random.default_rng(0).permutation(len(bunch.target))
        turn = pd.Series(order).groupby(bunch.target[order]).cumcount().to_numpy()
        rows = np.sort(order[turn < limit])
        images = images[rows] if hasattr(images, "shape") else [images[i] for i in rows]
        bunch.target = bunch.target[rows]
        bunch.groups = None if bunch.groups is None else np.asarray(bunch.groups)[rows]
        if "frame" in bunch:
            bunch.frame = bunch.frame.iloc[rows].reset_index(drop=True)
    return bunch, images


def as_json(results: dict[str, Comparison], accuracy: pd.DataFrame, lost: pd.DataFrame, data: str) -> dict[str, Any]:
    """The figures with their intervals, and what they were measured with."""
    first = next(iter(results.values()))
    tables = [result.table.reset_index().assign(protocol=name) for name, result in results.items()]
    return {
        "data": data,
        "accuracy": json.loads(accuracy.to_json(orient="index")),
        "points_lost": json.loads(lost.to_json(orient="index")),
        "protocols": json.loads(pd.concat(tables).to_json(orient="records")),
        "stress": json.loads(first.stress.to_json(orient="records")),
        "configuration": first.configuration,
        "notes": {name: result.notes for name, result in results.items()},
    }


if __name__ == "__main__":
    sys.exit(main())
