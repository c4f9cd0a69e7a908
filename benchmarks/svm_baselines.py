"""The published SVM recipe, leukofeat's own pipeline and the two controls, on one data set.

    python benchmarks/svm_baselines.py --data NAME|FOLDER [--json FILE]

The set holds class folders, or a manifest.csv (path, label and, as far as there are, split and group). With a split column
the pipelines are fitted on its "train" rows and tested on "valid" (or "test"); else 5-fold cross-validation, by group where
there is a group column. `--groups COLUMN` adds grouped cross-validation over any column of the manifest to it, on the
training rows. Research use only.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
from places import NAME_OR_FOLDER, data_folder
from sklearn.model_selection import StratifiedGroupKFold

from leukofeat.baselines.compared import SVM_BASELINES, compared_pipelines
from leukofeat.datasets import load_images, make_smears
from leukofeat.evaluation import Comparison, compare, make_splitter
from leukofeat.evaluation.known_protocols import published_rows


def pipelines(n_jobs: int | None) -> dict[str, Any]:
    """The rows of the table, by name."""
    rows = compared_pipelines(SVM_BASELINES)
    for pipeline in rows.values():
        pipeline.set_params(featureset__n_jobs=n_jobs)
    return rows


def protocols(bunch: Any, group_columns: list[str]) -> dict[str, tuple[np.ndarray, Any, Any]]:
    """Name to (rows, splitter, groups) of each way to split the images."""
    everything = np.arange(len(bunch.target))
    if bunch.split is not None and (split := published_rows(bunch.split)) is not None:
        train = split[0]
        found = {f"train to {bunch.split[split[1][0]]}": (everything, [split], None)}
    elif bunch.groups is not None:
        train, found = everything, {"5-fold by group": (everything, StratifiedGroupKFold(5), bunch.groups)}
    else:
        train, found = everything, {"5-fold at random": (everything, make_splitter("random"), None)}
    for column in group_columns:
        groups = bunch.frame[column].to_numpy()[train]
        found[f"5-fold by {column}"] = (train, StratifiedGroupKFold(min(5, len(np.unique(groups)))), groups)
    return found


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--data", metavar="NAME|FOLDER", help=f"{NAME_OR_FOLDER} of class folders, or with a manifest.csv"
    )
    source.add_argument("--synthetic", type=int, metavar="N", help="N synthetic smears instead")
    parser.add_argument(
        "--groups", action="append", default=[], metavar="COLUMN", help="also cross-validate by this column"
    )
    parser.add_argument("--json", help="file for the figures")
    parser.add_argument("--memory", metavar="FOLDER", help="keep what is measured and fitted there for the next time")
    parser.add_argument("--jobs", type=int, default=None, help="worker processes (default: 1)")
    arguments = parser.parse_args()

    bunch = (
        load_images(data_folder(arguments.data)) if arguments.data else make_smears(arguments.synthetic, random_state=0)
    )
    if arguments.synthetic:
        bunch.split = None
    if bunch.target is None:
        parser.error(f"{arguments.data}: no labels")
    results: dict[str, Comparison] = {}
    for name, (rows, cv, groups) in protocols(bunch, arguments.groups).items():
        print(f"{name} ...", file=sys.stderr)
        images = bunch.images[rows] if arguments.data else [bunch.images[i] for i in rows]
        options = {"cv": cv, "groups": groups, "memory": arguments.memory, "verbose": 1}
        results[name] = compare(pipelines(arguments.jobs), images, bunch.target[rows], **options)
        columns = ["accuracy", "balanced_accuracy", "macro_f1", "ms_per_image"]
        print(
            f"\n{name}, {arguments.data or 'synthetic smears'}\n{results[name].table[columns].round(4).to_string()}\n",
            flush=True,
        )
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(as_json(results, arguments.data or f"make_smears({arguments.synthetic})"), file, indent=1)
    print("Research use only; not a medical device.")
    return 0


def as_json(results: dict[str, Comparison], data: str) -> dict[str, Any]:
    """The figures and what they were measured with."""
    packages = ("leukofeat", "numpy", "scikit-learn", "opencv-python", "numba")
    tables = [result.table.reset_index().assign(protocol=name) for name, result in results.items()]
    return {
        "data": data,
        "python": platform.python_version(),
        "versions": {package: version(package) for package in packages},
        "rows": json.loads(pd.concat(tables).to_json(orient="records")),
    }


if __name__ == "__main__":
    sys.exit(main())
