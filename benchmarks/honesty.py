"""One accuracy, many ways to split: what is left of a figure when slides are held out and when only the background changes.

    python benchmarks/honesty.py --data NAME|FOLDER [--network FILE.onnx] [--frontier] [--folds COLUMN ...] [--sizes N ...] [--json FILE] [--jobs N]
    python benchmarks/honesty.py --synthetic 240

The set holds class folders, or a manifest.csv with path, label and, as far as there are, split (train and valid, or test),
block (contiguous pseudo-slides), cluster0 to cluster2 (coarse colour clusters), stream (acquisition series) and group. Where
there is none of the grouping columns, slides are estimated with `estimate_slides`, three seeds. Each row is a pipeline, each
column a way to test the same pipeline, also folds that columns of the manifest number (--folds fold_series: fold_series0, fold_series1, ...) and
draws of few training images of each class (--sizes 10); the last columns are points of accuracy lost when only what should not matter is
changed. Controls see no leukocyte: what they score is not leukaemia. `leukofeat benchmark` does the same for the baselines
and pipelines of one's own, and writes a report. Research use only.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import numpy as np
import pandas as pd
from places import NAME_OR_FOLDER, data_folder, network_file
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from ways import draw, few_images, numbered_folds

from leukofeat.baselines import make_baseline
from leukofeat.baselines.compared import compared_pipelines
from leukofeat.datasets import load_images, make_smears
from leukofeat.evaluation import Comparison, compare
from leukofeat.evaluation.known_protocols import accuracy_table, flat, known_protocols, points_lost_table


def pipelines(network: str | None, frontier: bool = False) -> dict[str, Any]:
    """The rows of the table, by name."""
    rows = compared_pipelines(["leukofeat_svm"])
    if frontier:
        rows |= {f"… red_cells={given}": make_baseline("leukofeat_svm", red_cells=given) for given in ("none", "color")}
    if network:
        from leukofeat.deep import CNNEmbedding

        rows["embedding + SVM"] = make_pipeline(CNNEmbedding(network), StandardScaler(), SVC(C=10))
    return rows | compared_pipelines(["control: no leukocytes", "control: four colours", "control: bar corner"])


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--data", metavar="NAME|FOLDER", help=f"{NAME_OR_FOLDER} of class folders, or with a manifest.csv"
    )
    source.add_argument("--synthetic", type=int, metavar="N", help="N synthetic smears instead")
    parser.add_argument(
        "--network",
        metavar="FILE",
        help="ONNX network, here or in the data home's weights/, for the row 'embedding + SVM'",
    )
    parser.add_argument(
        "--frontier",
        action="store_true",
        help="also leukofeat_svm with less and more of the red cells",
    )
    parser.add_argument(
        "--folds", nargs="+", default=[], metavar="COLUMN", help="columns of the manifest that number folds"
    )
    parser.add_argument(
        "--sizes", nargs="+", type=int, default=[], metavar="N", help="training images of each class, drawn 50 times"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="N images of each class, drawn at random")
    parser.add_argument(
        "--stress-images", type=int, default=200, metavar="N", help="images of the stress tests (0: none)"
    )
    parser.add_argument("--json", help="file for the figures")
    parser.add_argument("--memory", metavar="FOLDER", help="keep what is measured and fitted there for the next time")
    parser.add_argument("--jobs", type=int, default=None, help="worker processes (default: 1)")
    arguments = parser.parse_args()

    bunch = (
        load_images(data_folder(arguments.data)) if arguments.data else make_smears(arguments.synthetic, random_state=0)
    )
    if bunch.target is None:
        parser.error(f"{arguments.data}: no labels")
    bunch = limited(bunch, arguments.limit)
    try:
        further = numbered_folds(bunch.get("frame", pd.DataFrame()), arguments.folds)
        further |= few_images(bunch.target, arguments.sizes)
    except ValueError as error:
        parser.error(str(error))
    rows = pipelines(network_file(arguments.network), arguments.frontier)
    ways = known_protocols(bunch, n_jobs=arguments.jobs) | further
    results = compare(
        rows,
        bunch.images,
        bunch.target,
        **flat(ways),
        stress=arguments.stress_images > 0,
        n_stress=arguments.stress_images,
        memory=arguments.memory,
        n_jobs=arguments.jobs,
        verbose=1,
    )
    accuracy, lost = accuracy_table(results, ways, list(rows)), points_lost_table(results["random"], list(rows))
    data = arguments.data or f"make_smears({arguments.synthetic})"
    print(f"\n{data}, {len(bunch.target)} images: accuracy by the way of splitting\n{accuracy.round(3).to_string()}")
    if len(lost.columns):
        print(
            f"\nPoints of accuracy lost in the stress tests (models of the random split)\n{lost.round(2).to_string()}"
        )
        print(
            "\nfollows_background: share of the images called by the class of the field their cells were pasted onto."
        )
    print("Research use only; not a medical device.")
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(as_json(results, accuracy, lost, data), file, indent=1)
    return 0


def limited(bunch: Any, limit: int | None) -> Any:
    """The set with at most `limit` images of each class."""
    if limit:
        rows = draw(bunch.target, limit, seed=0)[0]
        images = bunch.images
        bunch.images = images[rows] if hasattr(images, "shape") else [images[i] for i in rows]
        bunch.target = bunch.target[rows]
        bunch.groups = None if bunch.groups is None else np.asarray(bunch.groups)[rows]
        if "frame" in bunch:
            bunch.frame = bunch.frame.iloc[rows].reset_index(drop=True)
    return bunch


def as_json(results: dict[str, Comparison], accuracy: pd.DataFrame, lost: pd.DataFrame, data: str) -> dict[str, Any]:
    """The figures with their intervals, and what they were measured with."""
    first = next(iter(results.values()))
    tables = [result.table.reset_index().assign(protocol=name) for name, result in results.items()]
    return {
        "data": data,
        "accuracy": json.loads(accuracy.to_json(orient="index")),
        "points_lost": json.loads(lost.to_json(orient="index")),
        "protocols": json.loads(pd.concat(tables).to_json(orient="records")),
        "stress": [] if first.stress is None else json.loads(first.stress.to_json(orient="records")),
        "configuration": first.configuration,
        "notes": {name: result.notes for name, result in results.items()},
    }


if __name__ == "__main__":
    sys.exit(main())
