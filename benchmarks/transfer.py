"""What travels: every pipeline trained on one laboratory's images and tested on every other's, and on each after all others.

    python benchmarks/transfer.py [--data FOLDER_OF_SETS] [--pipelines A B] [--task leukocytes|lymphocytes] [--json FILE]

FOLDER_OF_SETS, by default the data home, holds as folders, as far as they are there: leukemia4 (Early, Pre, Pro are blasts, Benign is healthy; a row a field,
or with --cells a row a cell; groups are its acquisition series), allidb2 (blast, healthy; copies of a cell are one group), apl (blasts and
promyelocytes, all of them blasts here; groups are patients), pbc5, bcisc and wbcseg (healthy leukocytes by type). Task "lymphocytes"
leaves of the healthy cells the lymphocytes, and those whose type is not stated (leukemia4, allidb2). Every pipeline runs as it is
named, with its own segmenter. Controls see no leukocyte; margins are over the best of them. Research use only.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

sys.path.insert(0, str(Path(__file__).parent))

from laboratories import tables
from laboratories.sets import TASKS, load_sites
from systems.run import uncalibrated

from leukofeat.baselines import find_pipeline
from leukofeat.datasets import get_data_home
from leukofeat.evaluation import SiteComparison, column_transfer, compare_sites
from leukofeat.evaluation.sites.compare import CONTROLS
from leukofeat.failures import EmptyWarning, ImageWarning
from leukofeat.pipeline import split_pipeline
from leukofeat.sequence import ImageSequence

_SHOWN = 20


def main(typed: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = _parser()
    arguments = parser.parse_args(typed)
    made = uncalibrated if arguments.uncalibrated else lambda pipeline: pipeline
    try:
        pipelines = {name: made(find_pipeline(name)[1]) for name in dict.fromkeys([*arguments.pipelines, *CONTROLS])}
        columns_of = find_pipeline(arguments.columns)[1] if arguments.columns else None
    except ValueError as error:
        parser.error(str(error))
    sites, notes = load_sites(
        arguments.data, task=arguments.task, limit=arguments.limit, cells=arguments.cells, n_jobs=arguments.jobs
    )
    if len(sites) < 2:
        parser.error(f"--data {arguments.data}: fewer than two of the sets are there. {' '.join(notes)}")
    with tempfile.TemporaryDirectory() as passing, warnings.catch_warnings():
        warnings.simplefilter("ignore", EmptyWarning)  # counted in the tables
        warnings.simplefilter("ignore", ImageWarning)  # named in the notes
        memory = arguments.memory or passing
        found = compare_sites(
            pipelines,
            sites,
            threshold=arguments.threshold,
            memory=memory,
            n_jobs=arguments.jobs,
            n_bootstrap=arguments.bootstrap,
            verbose=not arguments.quiet,
        )
        columns = None if columns_of is None else columns_alone(columns_of, sites, memory, arguments.jobs)
    notes = [f"Task: blasts against {arguments.task}.", *notes, *found.notes]
    _print(found, columns, notes)
    if arguments.json:
        told = tables.as_json(found, notes, columns)
        Path(arguments.json).write_text(json.dumps(told, indent=1, default=str), encoding="utf-8")
    if arguments.markdown:
        Path(arguments.markdown).write_text(tables.as_markdown(found, notes), encoding="utf-8")
    if arguments.save:
        found.save(arguments.save)
    return 0


def columns_alone(pipeline: Any, sites: dict[str, Any], memory: Any, n_jobs: int | None) -> pd.DataFrame:
    """Each column of a pipeline alone, over all sites; stages that learn from images learn from all of them."""
    stages, features, _ = split_pipeline(pipeline)
    if features is None:
        raise SystemExit("--columns: a pipeline is wanted with a feature set behind its image stages.")
    measured = clone(features).set_params(memory=memory, n_jobs=n_jobs, on_error="nan").set_output(transform="pandas")
    images = ImageSequence([site.images[[i]] for site in sites.values() for i in range(len(site.images))])
    table = make_pipeline(*stages, measured).fit_transform(images)
    names = np.repeat(list(sites), [len(site.target) for site in sites.values()])
    return column_transfer(table, np.concatenate([site.target for site in sites.values()]), names)


def _print(found: SiteComparison, columns: pd.DataFrame | None, notes: Sequence[str]) -> None:
    print(tables.as_text(found))
    if columns is not None:
        for title, part in (("best", columns.head(_SHOWN)), ("worst", columns.tail(_SHOWN))):
            print(f"\nColumns alone, the {title} by their worst site\n{part.round(3).to_string(na_rep='–')}")
    print()
    for note in notes:
        print(f"Note: {note}")
    print("Research use only; not a medical device.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data",
        metavar="FOLDER_OF_SETS",
        default=get_data_home(),
        help="folder that holds the sets as folders (default: the data home)",
    )
    parser.add_argument(
        "--pipelines",
        nargs="+",
        default=["leukofeat_svm", "jin2023_svm"],
        metavar="NAME",
        help="as `leukofeat` takes them; the controls always (default: leukofeat_svm jin2023_svm)",
    )
    parser.add_argument("--task", choices=TASKS, default="leukocytes", help="what blasts are told from")
    parser.add_argument("--cells", action="store_true", help="fields of leukemia4 cut into single cells")
    parser.add_argument(
        "--threshold",
        type=lambda text: text if text == "balanced_accuracy" else float(text),
        default="balanced_accuracy",
        help="balanced_accuracy (default), or the share of healthy training images that is not to be called, as 0.9",
    )
    parser.add_argument(
        "--columns",
        nargs="?",
        const="leukofeat_svm",
        metavar="NAME",
        help="also each column of this pipeline alone (leukofeat_svm)",
    )
    parser.add_argument(
        "--uncalibrated",
        action="store_true",
        help="classifiers as they are, in a fifth of the time: decision values, whose scale does not hang on the fold, and no log-loss",
    )
    parser.add_argument("--limit", type=int, metavar="N", help="N images of each class of a site, drawn at random")
    parser.add_argument("--bootstrap", type=int, default=1000, metavar="N", help="resamples behind an interval")
    parser.add_argument("--jobs", type=int, default=None, help="worker processes (default: 1)")
    parser.add_argument("--memory", metavar="FOLDER", help="keep what is measured and fitted there for the next time")
    parser.add_argument("--save", metavar="FOLDER", help="keep the comparison there, for SiteComparison.load")
    parser.add_argument("--json", metavar="FILE", help="file for the figures")
    parser.add_argument("--markdown", metavar="FILE", help="file for the tables, as the README has them")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    return parser


if __name__ == "__main__":
    sys.exit(main())
