"""What a change of the optics, of the file or of the surroundings costs a pipeline that was trained without it.

    python benchmarks/optics.py --data NAME|FOLDER [--part valid] [--pipelines leukofeat_svm jin2023_svm] [--json FILE] [--jobs N]
    python benchmarks/optics.py --synthetic 240

The set holds a manifest.csv with path, label and split. Each pipeline is fitted on --train images of its train part, as many of
each class, and asked of --test images of --part, as they are and after each stress test. `--part train` takes the test images
from the rest of the train part: to develop with, so that the other parts stay unseen. Research use only.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import numpy as np
import pandas as pd
from places import NAME_OR_FOLDER, data_folder

from leukofeat import as_sequence
from leukofeat.baselines import make_baseline
from leukofeat.datasets import load_images, make_smears
from leukofeat.evaluation import stress_test


def draw(target: np.ndarray, rows: np.ndarray, n: int, seed: int) -> np.ndarray:
    """About n of the rows, as evenly from the classes as they allow, ascending."""
    shuffled = np.random.default_rng(seed).permutation(rows)
    turn = pd.Series(shuffled).groupby(target[shuffled]).cumcount().to_numpy()
    return np.sort(shuffled[np.argsort(turn, kind="stable")[:n]])


def parts(arguments: argparse.Namespace) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray]:
    """Images and classes, rows to train on, rows to test; synthetic slides are in one of the two parts only."""
    if arguments.data:
        bunch = load_images(data_folder(arguments.data))
        target, split = np.asarray(bunch.target), bunch.frame["split"].to_numpy()
        train = draw(target, np.flatnonzero(split == "train"), arguments.train, 0)
        rest = np.setdiff1d(np.flatnonzero(split == arguments.part), train)
    else:
        bunch = make_smears(arguments.synthetic, n_slides=max(8, arguments.synthetic // 8), random_state=0)
        target = np.asarray(bunch.target)
        slides = pd.Series(bunch.groups).groupby(target).transform(lambda own: pd.factorize(own)[0])
        seen = slides.to_numpy() % 2 == 0
        train, rest = draw(target, np.flatnonzero(seen), arguments.train, 0), np.flatnonzero(~seen)
    return as_sequence(bunch.images), target, train, draw(target, rest, arguments.test, 1)


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--data", metavar="NAME|FOLDER", help=f"{NAME_OR_FOLDER}, with a manifest.csv that has a column split"
    )
    source.add_argument("--synthetic", type=int, metavar="N", help="N synthetic smears instead")
    parser.add_argument("--part", default="valid", help="value of split that is tested (default: valid)")
    parser.add_argument("--pipelines", nargs="+", default=["leukofeat_svm"], help="names of baselines")
    parser.add_argument("--train", type=int, default=600, metavar="N", help="training images (default: 600)")
    parser.add_argument("--test", type=int, default=160, metavar="N", help="test images (default: 160)")
    parser.add_argument("--tests", nargs="+", default=["shortcut", "optical"], help="stress tests, or kinds of them")
    parser.add_argument("--json", help="file for the figures")
    parser.add_argument("--jobs", type=int, default=None, help="worker processes (default: 1)")
    arguments = parser.parse_args()

    images, target, train, test = parts(arguments)
    found = {}
    for name in arguments.pipelines:
        pipeline = make_baseline(name).fit(images[train], target[train])
        found[name] = stress_test(
            pipeline, images[test], target[test], tests=arguments.tests, n_images=len(test), n_jobs=arguments.jobs
        )
    everything = pd.concat(found, names=["pipeline"]).reset_index()
    accuracy = everything.pivot(index="test", columns="pipeline", values="stressed")[arguments.pipelines]
    clean = pd.DataFrame({name: table["clean"].iloc[0] for name, table in found.items()}, index=["unchanged"])
    shown = pd.concat([clean, accuracy.loc[next(iter(found.values())).index]])
    data = f"{arguments.data} ({arguments.part})" if arguments.data else f"make_smears({arguments.synthetic})"
    n_used = everything["n_images"].iloc[0]
    print(f"{data}: fitted on {len(train)} images, accuracy on {n_used} others\n{shown.round(3).to_string()}")
    print("Research use only; not a medical device.")
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump({"data": data, "figures": json.loads(everything.to_json(orient="records"))}, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
