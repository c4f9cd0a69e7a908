"""`leukofeat demo`: the main job on synthetic smears: pipelines under grouped cross-validation, a table and pictures."""

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import parallel_config
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils import Bunch

from leukofeat.baselines import make_baseline
from leukofeat.cli.document import record
from leukofeat.cli.messages import UsageError, tell, tell_progress
from leukofeat.cli.shared import check_output
from leukofeat.cli.warmup import warm_up
from leukofeat.datasets import make_smears
from leukofeat.evaluation import Comparison, compare
from leukofeat.pipeline import set_memory, split_pipeline
from leukofeat.plotting import NOTE, ConfusionDisplay, FeatureDisplay, StagesDisplay
from leukofeat.report import write_report

PIPELINES = ("leukofeat_svm", "jin2023_svm", "four_colors", "no_leukocytes")
_LEAST = 16  # fields


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument(
        "-o", "--output", default="leukofeat-demo", help="folder for the pictures and the table (default: %(default)s)"
    )
    parser.add_argument(
        "-n", "--images", type=int, default=120, help="number of synthetic fields (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the generator (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Run the demo."""
    check_output(arguments.output, is_folder=True)
    if arguments.images < _LEAST:
        raise UsageError(
            f"--images {arguments.images}: {_LEAST} are the fewest, of four classes one for each of four folds."
        )
    run_demo(
        arguments.output, n_samples=arguments.images, random_state=arguments.seed, verbose=int(not arguments.quiet)
    )
    return 0


def run_demo(
    output: str | os.PathLike[str], *, n_samples: int = 120, random_state: int = 0, verbose: int = 0
) -> Comparison:
    """Make smears, compare pipelines on slides they were not trained on, and write report and pictures.

    Parameters
    ----------
    output : path
        Folder to write into; made if it is missing.
    n_samples : int, default=120
        Number of synthetic fields, four classes.
    random_state : int, default=0
    verbose : int, default=0
        Above 0, a progress bar and a line for each pipeline on standard error.

    Returns
    -------
    Comparison
    """
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    # on all cores, and before anything is measured: there each kernel would be compiled when it is its turn
    warm_up(pipelines=PIPELINES, report=lambda _: None)
    tell_progress(f"making {n_samples} synthetic fields of four classes ...")
    smears = make_smears(n_samples=n_samples, random_state=random_state)
    tell_progress("comparing pipelines on unseen slides, 4 folds ...")
    # what the comparison measures, the pictures need once more; threads are there at once, processes would import for seconds
    with tempfile.TemporaryDirectory() as memory, parallel_config("threading", n_jobs=-1):
        result = compare(
            {name: make_baseline(name) for name in PIPELINES},
            smears.images,
            smears.target,
            cv=StratifiedGroupKFold(4),
            groups=smears.groups,
            target_names=smears.target_names,
            memory=memory,
            verbose=verbose,
        )
        pipeline = set_memory(make_baseline(PIPELINES[0]), memory)
        stages = make_pipeline(*split_pipeline(pipeline).stages).fit(smears.images)
        features = pipeline["featureset"].set_output(transform="pandas")
        table = features.fit_transform(stages.transform(smears.images))
    result.table.to_csv(folder / "table.csv")
    write_report(
        folder / "report.html",
        result,
        images=smears.images,
        segmenter=stages,
        title="Synthetic smears: how far these figures can be believed",
        command=f"leukofeat demo --images {n_samples} --seed {random_state}",
    )
    written = ["report.html", *_draw(folder, result, smears, stages, table), "table.csv"]
    record(
        written=[folder / name for name in written],
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
    print(f"\nReport, pictures and table in {folder}/: {', '.join(written)}\n{NOTE}")
    return result


def _draw(folder: Path, result: Comparison, smears: Bunch, stages: Pipeline, table: pd.DataFrame) -> list[str]:
    """Draw the pictures, where there is something to draw with; returns the names of their files."""
    try:
        import matplotlib as mpl
    except ImportError:
        tell("no pictures without matplotlib; report.html needs none. With them: pip install 'leukofeat[plot]'")
        return []
    mpl.use("Agg")
    rows = telling_fields(smears)
    shown = StagesDisplay.from_pipeline(stages, [smears.images[i] for i in rows.values()], row_names=list(rows))
    _save(shown.figure_, folder / "stages.png", "What each stage makes of one field a class")

    features = FeatureDisplay.from_table(table, smears.target, class_names=list(smears.target_names))
    _save(features.figure_, folder / "features.png", "Features that separate the classes best")

    confusion = ConfusionDisplay.from_comparison(result)
    confusion.figure_.set_figheight(confusion.figure_.get_figheight() + 0.4)  # for the title
    _save(confusion.figure_, folder / "confusion.png", "Confusion on unseen slides", note="")  # it has its own
    return ["stages.png", "features.png", "confusion.png"]


def telling_fields(smears: Bunch) -> dict[str, int]:
    """A field of each class that shows something of its own: by a title, its number.

    Parameters
    ----------
    smears : Bunch
        What :func:`~leukofeat.datasets.make_smears` gives.

    Examples
    --------
    >>> list(telling_fields(make_smears(n_samples=8, size=64, n_slides=8, random_state=0)))
    ['Benign: cells that touch', 'Early: dim', 'Pre: most stained', 'Pro: largest cells']
    """
    light = np.array([np.percentile(image, 90) for image in smears.images])
    traits = {
        "cells that touch": [_touching(cells) for cells in smears.cells],
        "dim": -light,
        "most stained": [np.ptp(image.mean(axis=(0, 1))) for image in smears.images],
        "largest cells": [np.count_nonzero(cells) / max(1, cells.max()) for cells in smears.cells],
    }
    found = {}
    for code, (trait, strength) in enumerate(traits.items()):
        own = np.flatnonzero(smears.target == code)
        if len(own):
            found[f"{smears.target_names[code]}: {trait}"] = int(own[np.argmax(np.asarray(strength)[own])])
    return found


def _touching(cells: np.ndarray) -> int:
    """Pixels beside which another cell lies."""
    pairs = ((cells[1:], cells[:-1]), (cells[:, 1:], cells[:, :-1]))
    return sum(int(np.count_nonzero((a != b) & (a > 0) & (b > 0))) for a, b in pairs)


def _save(figure: Any, path: Path, title: str, note: str = f". {NOTE}") -> None:
    import matplotlib.pyplot as plt

    figure.suptitle(f"{title} (synthetic){note}", fontsize=11)
    figure.savefig(path, dpi=110, pil_kwargs={"compress_level": 3})
    plt.close(figure)
