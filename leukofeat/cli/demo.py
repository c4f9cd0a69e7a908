"""`leukofeat demo`: the main job on synthetic smears: pipelines under grouped cross-validation, a table and pictures."""

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline

from leukofeat.baselines import make_baseline
from leukofeat.cli.document import record
from leukofeat.cli.messages import tell_progress
from leukofeat.cli.shared import check_output
from leukofeat.datasets import make_smears
from leukofeat.evaluation import Comparison, compare
from leukofeat.pipeline import split_pipeline
from leukofeat.plotting import NOTE, FeatureDisplay, StagesDisplay
from leukofeat.report import write_report

PIPELINES = ("leukofeat_svm", "jin2023_svm", "four_colors", "no_leukocytes")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument(
        "-o", "--output", default="leukofeat-demo", help="folder for the pictures and the table (default: %(default)s)"
    )
    parser.add_argument(
        "-n", "--images", type=int, default=240, help="number of synthetic fields (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the generator (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Run the demo."""
    check_output(arguments.output, is_folder=True)
    run_demo(
        arguments.output, n_samples=arguments.images, random_state=arguments.seed, verbose=int(not arguments.quiet)
    )
    return 0


def run_demo(
    output: str | os.PathLike[str], *, n_samples: int = 240, random_state: int = 0, verbose: int = 0
) -> Comparison:
    """Make smears, compare pipelines on slides they were not trained on, and write report and pictures.

    Parameters
    ----------
    output : path
        Folder to write into; made if it is missing.
    n_samples : int, default=240
        Number of synthetic fields, four classes.
    random_state : int, default=0
    verbose : int, default=0
        Above 0, a progress bar and a line for each pipeline on standard error.

    Returns
    -------
    Comparison
    """
    import matplotlib as mpl

    mpl.use("Agg")
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    tell_progress(f"making {n_samples} synthetic fields of four classes ...")
    smears = make_smears(n_samples=n_samples, random_state=random_state)
    tell_progress("comparing pipelines on unseen slides, 4 folds ...")
    result = compare(
        {name: make_baseline(name) for name in PIPELINES},
        smears.images,
        smears.target,
        cv=StratifiedGroupKFold(4),
        groups=smears.groups,
        target_names=smears.target_names,
        verbose=verbose,
    )
    result.table.to_csv(folder / "table.csv")
    pipeline = make_baseline(PIPELINES[0]).fit(smears.images, smears.target)
    _draw(folder, result, smears, pipeline)
    write_report(
        folder / "report.html",
        result,
        images=smears.images,
        segmenter=make_pipeline(*split_pipeline(pipeline).stages),
        title="Synthetic smears: how far these figures can be believed",
        command=f"leukofeat demo --images {n_samples} --seed {random_state}",
    )
    record(
        written=[folder / name for name in ("report.html", "stages.png", "features.png", "confusion.png", "table.csv")],
        counts={"images": n_samples},
        summary=result.summary(),
        notes=result.notes,
    )
    print(f"\n{n_samples} synthetic fields, {len(np.unique(smears.groups))} slides; 4-fold cross-validation by slide\n")
    print(result.summary().round(3).to_string())
    print(
        "\nfour_colors (mean R, G, B, std of L) and no_leukocytes (the background without a white cell) are controls:\n"
        "what they score is not leukaemia. On real data look at them first."
    )
    print(
        f"\nReport, pictures and table in {folder}/: report.html, stages.png, features.png, confusion.png, table.csv\n{NOTE}"
    )
    return result


def _draw(folder: Path, result: Comparison, smears: Any, pipeline: Pipeline) -> None:
    first = [int(np.flatnonzero(smears.target == code)[0]) for code in range(len(smears.target_names))]
    stages = StagesDisplay.from_pipeline(
        pipeline, [smears.images[i] for i in first], row_names=list(smears.target_names)
    )
    _save(stages.figure_, folder / "stages.png", "What each stage makes of one field a class")

    values = pipeline["featureset"].transform(make_pipeline(*split_pipeline(pipeline).stages).transform(smears.images))
    table = pd.DataFrame(values, columns=pipeline["featureset"].get_feature_names_out())
    features = FeatureDisplay.from_table(table, smears.target, class_names=list(smears.target_names))
    _save(features.figure_, folder / "features.png", "Features that separate the classes best")

    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(PIPELINES), figsize=(3.4 * len(PIPELINES), 3.6), layout="constrained")
    for ax, name in zip(axes, PIPELINES, strict=True):
        found = result.predictions[result.predictions["pipeline"] == name]
        ConfusionMatrixDisplay.from_predictions(
            found["target"], found["predicted"], labels=smears.target_names, ax=ax, colorbar=False, cmap="Blues"
        )
        ax.set_title(f"{name}: {result.table.loc[name, 'accuracy']:.3f}", fontsize=10)
    _save(figure, folder / "confusion.png", "Confusion on unseen slides")


def _save(figure: Any, path: Path, title: str) -> None:
    import matplotlib.pyplot as plt

    figure.suptitle(f"{title} (synthetic). {NOTE}", fontsize=11)
    figure.savefig(path, dpi=110)
    plt.close(figure)
