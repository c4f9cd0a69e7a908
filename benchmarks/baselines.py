"""Every published system by name, leukofeat's own and the controls, under one set of protocols.

    python benchmarks/baselines.py --data NAME|FOLDER [--store FOLDER] [--jobs N] [--json FILE] [--html FILE]
    python benchmarks/baselines.py --synthetic 120 --quick

The set holds class folders, or a manifest.csv with path, label and, as far as there are, split, block, cluster0, stream and
group, each of which gives a way to split. The published figure stands beside what is measured under the published split (or
random folds), and beside the worst with whole slides or patients held out. The same command goes on where it was stopped, with
`--store`; a system that fails is named with its reason, and the others go on. Research use only.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))

from honesty import limited
from places import NAME_OR_FOLDER, data_folder, network_file
from systems import tables
from systems.page import write_page
from systems.plan import TASKS, protocols, systems, tasks
from systems.run import STRESS, Settings, run

from leukofeat.datasets import load_images, make_smears
from leukofeat.failures import EmptyWarning
from leukofeat.store import Store

_QUICK = 40


def main(typed: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = _parser()
    arguments = parser.parse_args(typed)
    bunch = (
        load_images(data_folder(arguments.data)) if arguments.data else make_smears(arguments.synthetic, random_state=0)
    )
    if bunch.target is None:
        parser.error(f"{arguments.data}: no labels")
    bunch = limited(bunch, arguments.limit or (_QUICK if arguments.quick else None))
    try:
        rows = systems(arguments.names, network_file(arguments.network))
        asked = arguments.protocols or (["random"] if arguments.quick else None)
        ways = protocols(bunch, asked, n_jobs=arguments.jobs)
    except ValueError as error:
        parser.error(str(error))
    todo = tasks(bunch, arguments.tasks)
    if not todo:
        parser.error(
            f"--tasks {','.join(arguments.tasks)}: no class is called benign, healthy or normal; classes is possible."
        )
    stress = () if arguments.no_stress or arguments.quick else STRESS
    with tempfile.TemporaryDirectory() as passing, warnings.catch_warnings():
        warnings.simplefilter("ignore", EmptyWarning)  # counted among the cautions
        settings = Settings(
            Store(arguments.store or passing),
            stress,
            n_bootstrap=200 if arguments.quick else 1000,
            n_jobs=arguments.jobs,
            verbose=not arguments.quiet,
        )
        results = run(rows, bunch.images, todo, ways, settings)
    data = f"{arguments.data or f'make_smears({arguments.synthetic})'}, {len(bunch.target)} images"
    for task in todo:
        _print(f"{data}: {task.kind}, accuracy", tables.figures(results, task, rows, ways))
        _print(f"{task.kind}: accuracy under every protocol", tables.by_protocol(results, task))
    _print("Points of accuracy lost in the stress tests", results.stress(), 1)
    _print("Times: milliseconds an image, seconds of all fits of a protocol", tables.times(results, todo), 1)
    for name, reason in results.failed.items():
        print(f"Failed: {name}: {reason}")
    for text in tables.cautions(results, todo, ways):
        print(f"Note: {text}")
    print("Research use only; not a medical device.")
    if arguments.json:
        found = tables.as_json(results, todo, rows, ways, data)
        Path(arguments.json).write_text(json.dumps(found, indent=1), encoding="utf-8")
    if arguments.markdown:
        Path(arguments.markdown).write_text(tables.as_markdown(results, todo, rows, ways, data), encoding="utf-8")
    if arguments.html:
        command = shlex.join(["python", "benchmarks/baselines.py", *(sys.argv[1:] if typed is None else typed)])
        write_page(arguments.html, results, todo, rows, ways, {"data": data, "command": command})
    return 1 if len(results.failed) == len(rows) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--data", metavar="NAME|FOLDER", help=f"{NAME_OR_FOLDER} of class folders, or with a manifest.csv"
    )
    source.add_argument("--synthetic", type=int, metavar="N", help="N synthetic smears instead")
    parser.add_argument(
        "--store", metavar="FOLDER", help="keep what is measured and fitted there: the run can be stopped and goes on"
    )
    parser.add_argument(
        "--names",
        type=_names,
        metavar="A,B",
        help="these systems (default: all that can be built); the controls always",
    )
    parser.add_argument(
        "--network",
        metavar="FILE",
        help="ONNX file, here or in the data home's weights/, for the systems that need a frozen network",
    )
    parser.add_argument(
        "--protocols",
        type=_names,
        metavar="A,B",
        help="these ways to split (default: all; 'estimated slides' when named)",
    )
    parser.add_argument(
        "--tasks", type=_names, default=list(TASKS), metavar="A,B", help="classes, binary (default: both)"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="N images of each class, drawn at random")
    parser.add_argument("--no-stress", action="store_true", help="without the stress tests")
    parser.add_argument("--quick", action="store_true", help=f"{_QUICK} images a class, random folds, no stress tests")
    parser.add_argument("--jobs", type=int, default=None, help="worker processes (default: 1)")
    parser.add_argument("--json", help="file for the figures")
    parser.add_argument("--html", help="file for the report")
    parser.add_argument("--markdown", metavar="FILE", help="file for the accuracies, as docs/baselines.md has them")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    return parser


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _print(title: str, table: pd.DataFrame, digits: int = 3) -> None:
    if not table.empty:
        shown = table.infer_objects().to_string(
            float_format=f"{{:.{digits}f}}".format, na_rep="–", line_width=120, max_colwidth=36
        )
        print(f"\n{title}\n{shown}\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
