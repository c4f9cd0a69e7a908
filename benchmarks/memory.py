"""What each step of a day's work costs with a memory, beside what is new in it alone.

    python benchmarks/memory.py (--data NAME|FOLDER | --synthetic N) [--every 20] [--turns 3] [--json FILE]

The steps: images are measured; one own column is added; a grid search goes over the classifier's C; one more pipeline is compared; and
all of it once more in a new process. Both sides of a step take turns, on one thread; times are medians. `ratio` is that of the CPU
times, `wall ratio` that of the clock, which the disk counts in. New in the last row are the fits of the grid search, which nothing
keeps. Research use only.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from peers.turns import one_thread
from places import NAME_OR_FOLDER, data_folder
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
from sklearn.pipeline import make_pipeline

from leukofeat.baselines import make_baseline
from leukofeat.calibration import group_params
from leukofeat.datasets import load_images, make_smears
from leukofeat.evaluation import compare
from leukofeat.features import FeatureSet, FunctionFeatures
from leukofeat.smear import Smear

STEPS = {
    "images measured": "without memory",
    "own column added": "own column alone",
    "grid search over C": "grid on the table",
    "one more pipeline": "that pipeline alone",
}
AGAIN = "all again, new process"
C_VALUES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)


def redness(smear: Smear) -> float:
    """The own column: red against blue in the nuclei."""
    inside = smear.image[smear.nuclei > 0].mean(axis=0) if smear.n_cells else np.full(3, np.nan)
    return float(inside[0] / inside[2])


class Images(NamedTuple):
    """What is measured: images or paths, their classes and groups."""

    X: Any
    y: np.ndarray
    groups: np.ndarray


class Day:
    """The steps on some images: each with a memory in a folder, and what is new in it alone."""

    def __init__(self, images: Images) -> None:
        self.images = images

    def with_memory(self, step: str, folder: str) -> None:
        """A step as a user takes it."""
        X, y, groups = self.images
        if step == "images measured":
            make_baseline(memory=folder)[:-1].fit_transform(X)
        elif step == "own column added":
            stages = make_baseline(memory=folder)[:-1]
            stages.set_params(featureset__families=[FunctionFeatures(redness), *stages[-1].families])
            stages.fit_transform(X)
        elif step == "grid search over C":
            _search(make_baseline(memory=folder), "calibratedclassifier__", X, y, groups)
        else:
            both = {"leukofeat_svm": make_baseline(), "jin2023_svm": make_baseline("jin2023_svm")}
            compare(both, X, y, cv=3, groups=groups, memory=folder)

    def prepare(self, step: str, folder: str) -> None:
        """What was there before the step, outside the clock."""
        if step == "one more pipeline":
            X, y, groups = self.images
            compare({"leukofeat_svm": make_baseline()}, X, y, cv=3, groups=groups, memory=folder)

    def alone(self, step: str) -> Callable[[], Any]:
        """What is new in a step."""
        X, y, groups = self.images
        stages = make_baseline()[:-1]
        if step == "images measured":
            return lambda: stages.fit_transform(X)
        if step == "own column added":
            own = make_pipeline(*stages[:-1], FeatureSet([FunctionFeatures(redness)]))
            return lambda: own.fit_transform(X)
        if step == "grid search over C":
            table = stages.fit_transform(X)
            return lambda: _search(make_baseline()[-1], "", table, y, groups)
        return lambda: compare({"jin2023_svm": make_baseline("jin2023_svm")}, X, y, cv=3, groups=groups)


def _search(model: Any, prefix: str, X: Any, y: np.ndarray, groups: np.ndarray) -> None:
    grid = {f"{prefix}estimator__near__logisticregression__C": C_VALUES}
    search = GridSearchCV(model, grid, scoring="neg_log_loss", cv=StratifiedGroupKFold(3), error_score="raise")
    search.fit(X, y, **group_params(search, groups))


def timed(run: Callable[[], Any]) -> tuple[float, float]:
    """Seconds of the processor, and of the clock."""
    cpu, wall = time.process_time(), time.perf_counter()
    run()
    return time.process_time() - cpu, time.perf_counter() - wall


def measure(day: Day, turns: int, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Times (turns, 2) of each step with a memory, and of what is new in it alone; `folder` then holds a day's results."""
    kept, alone = {}, {}
    for step in STEPS:
        day.prepare(step, str(folder))
        new, pairs = day.alone(step), []
        for turn in range(turns):
            with _copy(folder) as copy:
                pairs.append((timed(partial(day.with_memory, step, copy)), timed(new)))
                if turn == turns - 1:
                    shutil.copytree(copy, folder, dirs_exist_ok=True)
        kept[step], alone[step] = np.array(pairs).transpose(1, 0, 2)
        print(f"{step}: done", file=sys.stderr)
    return kept, alone


@contextmanager
def _copy(folder: Path) -> Any:
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copytree(folder, scratch, dirs_exist_ok=True)
        yield scratch


def again(arguments: list[str], folder: Path) -> tuple[float, float]:
    """The four steps in a new process that finds the results of this one."""
    command = [sys.executable, __file__, *arguments, "--again", str(folder)]
    return tuple(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))


def table_of(kept: dict[str, Any], alone: dict[str, Any]) -> pd.DataFrame:
    """Medians and ratios, a row a step."""
    rows = {}
    for step, beside in (STEPS | {AGAIN: STEPS["grid search over C"]}).items():
        with_memory, new = np.median(kept[step], axis=0), np.median(alone[step], axis=0)
        ratio, wall = np.median(kept[step] / alone[step], axis=0)
        figures = {"beside": beside, "with memory, s": with_memory[0], "alone, s": new[0]}
        rows[step] = figures | {"ratio": ratio, "wall ratio": wall}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("step").round(3)


def load(options: argparse.Namespace) -> Images:
    """The images, with the groups that their manifest has."""
    if options.synthetic:
        smears = make_smears(options.synthetic, random_state=0)
        return Images(list(smears.images), smears.target, smears.groups)
    bunch = load_images(data_folder(options.data))
    rows = np.arange(0, len(bunch.target), options.every)
    groups = next((bunch.frame[name] for name in ("group", "block") if name in bunch.frame), bunch.frame.index)
    return Images(bunch.images[rows], bunch.target[rows], groups.to_numpy()[rows])


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--data", metavar="NAME|FOLDER", help=f"{NAME_OR_FOLDER} of class folders, or with a manifest.csv"
    )
    source.add_argument("--synthetic", type=int, metavar="N", help="N synthetic smears instead")
    parser.add_argument("--every", type=int, default=20, metavar="K", help="every K-th image of the folder (20)")
    parser.add_argument("--turns", type=int, default=3, help="turns of each step (3)")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--again", help=argparse.SUPPRESS)
    arguments = sys.argv[1:] if argv is None else argv
    options = parser.parse_args(arguments)
    one_thread()
    warnings.simplefilter("ignore")
    day = Day(load(options))
    if options.again:
        print(json.dumps(timed(lambda: [day.with_memory(step, options.again) for step in STEPS])))
        return 0
    few = Images(day.images.X[:3], day.images.y[:3], day.images.groups[:3])
    for name in ("leukofeat_svm", "jin2023_svm"):
        make_baseline(name)[:-1].fit_transform(few.X)  # compiles
    with tempfile.TemporaryDirectory() as folder:
        kept, alone = measure(day, options.turns, Path(folder))
        kept[AGAIN] = np.array([again(arguments, Path(folder)) for _ in range(options.turns)])
        alone[AGAIN] = alone["grid search over C"]
    table = table_of(kept, alone)
    print(f"{len(day.images.y)} images of {options.data or 'make_smears'}\n{table.to_string()}")
    if options.json:
        options.json.write_text(json.dumps(json.loads(table.reset_index().to_json(orient="records")), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
