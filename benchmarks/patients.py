"""What is left of a figure when patients are held out, and how good the verdict of a patient is.

    python benchmarks/patients.py --data NAME|FOLDER [--pipelines NAME ...] [--seeds 0 1 2] [--memory FOLDER] [--json FILE]
    python benchmarks/patients.py --synthetic 96

The set has a manifest.csv with path, label and group (slide or patient, each of one label). Every pipeline is tested under random folds
and under folds of patients, 5 of each and anew with each seed; figures are means over the seeds, intervals are drawn over patients. The
AUC is that of all folds' scores in one order, and beside it the mean of the folds' own. A patient's score is the mean log-odds of the
images. Calibration, log-loss and abstaining are of `GroupClassifier` around the same pipeline, fitted inside the folds. Where the
manifest has a column cell_type, each type's share among a patient's cells stands beside them: what the laboratory's own count says
without a pixel. Images are measured once. Research use only.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from patient_figures import Cohort, area_table, calibration_table, curve_table, share_table_of_types
from places import NAME_OR_FOLDER, data_folder
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from leukofeat.baselines import find_pipeline
from leukofeat.datasets import load_images, make_smears
from leukofeat.evaluation import compare
from leukofeat.evaluation.patients import by_patient

PIPELINES = ("leukofeat_svm", "jin2023_svm")
CONTROLS = ("no_leukocytes", "four_colors")
SIZES = (10, 20, 40)
Split = tuple[np.ndarray, np.ndarray]


def folds_of(cohort: Cohort, seed: int) -> dict[str, list[Split]]:
    """Random folds and folds of patients."""
    n, options = cohort.n_folds, {"shuffle": True, "random_state": seed}
    rows = np.zeros(len(cohort.target))
    return {
        "random": list(StratifiedKFold(n, **options).split(rows, cohort.target)),
        "patients": list(StratifiedGroupKFold(n, **options).split(rows, cohort.target, cohort.codes)),
    }


def with_fewer(cohort: Cohort, folds: Sequence[Split], size: int, seed: int) -> list[Split] | None:
    """The same folds with `size` of the patients to train on, classes in their shares; None where there are not that many."""
    rng, found = np.random.default_rng(seed), []
    for train, test in folds:
        there = np.unique(cohort.codes[train])
        if len(there) <= size:
            return None
        shuffled = rng.permutation(there)
        place = pd.Series(shuffled).groupby(cohort.labels[shuffled]).rank(method="first").to_numpy()
        share = place / np.bincount(cohort.labels[there])[cohort.labels[shuffled]]
        chosen = shuffled[np.argsort(share, kind="stable")[:size]]
        if len(np.unique(cohort.labels[chosen])) < len(np.unique(cohort.labels)):
            return None
        found.append((train[np.isin(cohort.codes[train], chosen)], test))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--data", metavar="NAME|FOLDER", help=f"{NAME_OR_FOLDER}, with a manifest.csv: path, label, group"
    )
    source.add_argument("--synthetic", type=int, metavar="N", help="N synthetic smears of 24 slides instead")
    parser.add_argument("--pipelines", nargs="+", default=list(PIPELINES), metavar="NAME", help="beside the controls")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--sizes", nargs="*", type=int, default=list(SIZES), help="patients of the learning curve")
    parser.add_argument("--areas", action="store_true", help="the AUC alone, without the verdicts of patients")
    parser.add_argument("--bootstrap", type=int, default=1000, metavar="N", help="resamples behind each interval")
    parser.add_argument("--jobs", type=int, default=None, help="worker processes (default: 1)")
    parser.add_argument("--memory", metavar="FOLDER", help="keep what is measured and fitted there for the next time")
    parser.add_argument("--json", help="file for the figures")
    asked = parser.parse_args(arguments)

    bunch = (
        load_images(data_folder(asked.data))
        if asked.data
        else make_smears(asked.synthetic, size=96, n_slides=24, random_state=0)
    )
    if bunch.target is None or bunch.groups is None:
        parser.error(f"{asked.data}: needs a manifest.csv with the columns label and group")
    try:
        cohort = Cohort.of(bunch)
    except ValueError as error:
        parser.error(str(error))
    pipelines = dict(find_pipeline(name) for name in dict.fromkeys([*asked.pipelines, *CONTROLS]))
    ways: dict[str, Any] = {}
    for seed in asked.seeds:
        folds = folds_of(cohort, seed)
        ways |= {f"{name}, seed {seed}": found for name, found in folds.items()}
        smaller = {size: with_fewer(cohort, folds["patients"], size, seed) for size in asked.sizes}
        ways |= {f"{size} patients, seed {seed}": found for size, found in smaller.items() if found}
    grouped = {name: cohort.groups for name in ways if not name.startswith("random")}
    with tempfile.TemporaryDirectory() as temporary:
        options = {"memory": asked.memory or temporary, "n_jobs": asked.jobs, "n_bootstrap": 0, "verbose": 1}
        results = compare(pipelines, bunch.images, cohort.target, cv=ways, groups=grouped, **options)
        only = {name: found for name, found in ways.items() if name.startswith("patients")}
        wrapped = {} if asked.areas else {name: by_patient(pipeline) for name, pipeline in pipelines.items()}
        same = {"cv": only, "groups": dict.fromkeys(only, cohort.groups)}
        verdicts = compare(wrapped, bunch.images, cohort.target, **same, **options) if wrapped else None
    controls = [name for name in pipelines if name in CONTROLS and name not in asked.pipelines]
    tables = {
        "AUC, 95 % over patients in brackets": area_table(results, cohort, asked.seeds, controls, asked.bootstrap),
        "Learning curve: AUC by patient, patients held out": curve_table(results, cohort, asked.seeds),
    }
    if verdicts is not None:
        title = "The verdict of a patient (GroupClassifier), patients held out"
        tables[title] = calibration_table(verdicts, cohort, asked.seeds)
    if "frame" in bunch and "cell_type" in bunch.frame and len(cohort.names) == 2:
        title = f"Share of a cell type among a patient's cells, without a pixel: AUC by patient for {cohort.names[1]}"
        tables[title] = share_table_of_types(bunch.frame["cell_type"].to_numpy(), cohort, asked.bootstrap)
    for title, table in tables.items():
        print(f"\n{title}\n\n{markdown(table)}")
    notes = sorted({note for result in results.values() for note in result.notes if "could not be" in note})
    print("\n" + "\n".join([cohort.summary(), *notes, "Research use only; not a medical device."]))
    if asked.json:
        with open(asked.json, "w") as file:
            told = {title: json.loads(table.reset_index().to_json(orient="records")) for title, table in tables.items()}
            json.dump(
                {"data": asked.data or f"make_smears({asked.synthetic})", "seeds": asked.seeds} | told, file, indent=1
            )
    return 0


def markdown(table: pd.DataFrame) -> str:
    """A table of Markdown."""
    shown = table.reset_index().map(lambda value: f"{value:.3f}" if isinstance(value, float) else str(value))
    rows = [list(map(str, shown.columns)), ["---"] * len(shown.columns), *shown.to_numpy().tolist()]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


if __name__ == "__main__":
    sys.exit(main())
