"""Is a network worth it on 3,000 images? Fine-tuned, with and without background swap, frozen, hand-crafted, and both together.

    python benchmarks/deep_vs_handcrafted.py --data NAME|FOLDER --weights FILE [--embedding FILE.onnx] [--ways published fold_series0=0]
        [--sizes 10 30 100] [--transfer NAME|FOLDER --healthy Benign] [--checkpoints FOLDER] [--memory FOLDER] [--json FILE] [--picture FILE]
    python benchmarks/deep_vs_handcrafted.py --synthetic 96

Every row is a pipeline under the same splits: `leukofeat_svm`, `network` (MobileNetV2 fine-tuned on whole fields), `network, swap` (the
same with background swap), `leukofeat_hybrid` (mean of the log-probabilities of leukofeat_svm and the swapped network), `embedding + SVM`
(frozen), and pipelines by name. The set holds class folders or a manifest.csv as for benchmarks/honesty.py, whose splits are the --ways, besides
single folds of a column (fold_series0=0). Under the first way the stress tests are run and, with --sizes, the learning curve. With
--transfer the models of the first way are asked of another laboratory's images (class folders, of which --healthy-there is the healthy
one): the score of a blast is what is left of the probability of --healthy. Trainings are kept in --checkpoints, and go on there. A
graphics card is used where there is one. Research use only.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))

from networks import plan
from networks.looking import heat_table
from networks.operators import define_torchvision_operators
from networks.tables import cost_table, curve_picture, markdown, transfer_table
from places import NAME_OR_FOLDER, data_folder, network_file

from leukofeat.datasets import load_images, make_smears
from leukofeat.evaluation import compare
from leukofeat.evaluation.protocols import make_protocols
from leukofeat.failures import EmptyWarning

ROWS = (plan.HANDCRAFTED, plan.EMBEDDING, plan.PLAIN, plan.SWAPPED, plan.HYBRID)


def main(typed: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = _parser()
    asked = parser.parse_args(typed)
    define_torchvision_operators()
    bunch = (
        load_images(data_folder(asked.data)) if asked.data else make_smears(asked.synthetic, size=96, random_state=0)
    )
    if bunch.target is None:
        parser.error(f"{asked.data}: no labels")
    with tempfile.TemporaryDirectory() as passing, warnings.catch_warnings():
        warnings.simplefilter("ignore", EmptyWarning)
        checkpoints, memory = asked.checkpoints or f"{passing}/checkpoints", asked.memory or f"{passing}/memory"
        options = {
            "architecture": asked.architecture,
            "weights": network_file(asked.weights),
            "size": asked.size,
            "n_epochs": asked.epochs,
            "device": asked.device,
            "checkpoint": checkpoints,
            "verbose": 1,
        }
        try:
            ways = plan.ways(bunch, asked.ways or ["published" if asked.data else "random"])
            pipelines = plan.rows(options, network_file(asked.embedding), asked.rows)
        except ValueError as error:
            parser.error(str(error))
        same: dict[str, Any] = {"memory": memory, "n_jobs": asked.jobs, "random_state": 0, "verbose": 1}
        first, results = next(iter(ways)), {}
        for name, (cv, groups) in ways.items():
            stress: Any = (asked.stress or False) if name == first else False
            results[name] = compare(
                pipelines, bunch.images, bunch.target, cv=cv, groups=groups, target_names=bunch.target_names, stress=stress,
                n_stress=asked.stress_images, n_bootstrap=asked.bootstrap, **same,
            )  # fmt: skip
        split = make_protocols(*ways[first], bunch.target, 0)["cv"].splits[0]
        curve = learning_curve(bunch, split, asked, options, same) if asked.sizes else None
        if curve is not None:
            curve = pd.concat([curve, curve_part(results[first].table, len(split[0]))], ignore_index=True)
        there = transfer_table(pipelines, bunch, split, asked, memory) if asked.transfer else None
        networks = {name: pipelines[name] for name in (plan.PLAIN, plan.SWAPPED) if name in pipelines}
        heat = heat_table(networks, bunch, split, asked) if asked.heat and networks else None
        cost = cost_table(pipelines, bunch, asked.cost) if asked.cost else None
    tables = {name: found.table for name, found in results.items()}
    text = markdown(tables, results[first].stress, curve, there, cost, heat, _about(asked, len(bunch.target)))
    print(text)
    if asked.json:
        told = {
            "about": _about(asked, len(bunch.target)),
            "ways": {name: json.loads(table.reset_index().to_json(orient="records")) for name, table in tables.items()},
            "stress": None
            if results[first].stress is None
            else json.loads(results[first].stress.to_json(orient="records")),
            "pairs": {name: json.loads(found.pairs.to_json(orient="records")) for name, found in results.items()},
            "curve": None if curve is None else json.loads(curve.to_json(orient="records")),
            "transfer": None if there is None else json.loads(there.reset_index().to_json(orient="records")),
            "heat": None if heat is None else json.loads(heat.reset_index().to_json(orient="records")),
            "cost": None if cost is None else json.loads(cost.reset_index().to_json(orient="records")),
            "configuration": results[first].configuration,
        }
        Path(asked.json).write_text(json.dumps(told, indent=1), encoding="utf-8")
    if asked.picture and curve is not None:
        curve_picture(curve, asked.picture)
    return 0


def learning_curve(bunch: Any, split: Any, asked: Any, options: dict[str, Any], same: dict[str, Any]) -> pd.DataFrame:
    """Accuracy of each row by training images a class; networks on few images train for more epochs, of as many steps."""
    target, found = bunch.target, []
    for size in asked.sizes:
        train, test = plan.smaller(split, target, size, seed=0)
        epochs = plan.epochs_for(len(train), asked.epochs)
        pipelines = plan.rows(options | {"n_epochs": epochs}, network_file(asked.embedding), asked.rows)
        start = time.perf_counter()
        table = compare(pipelines, bunch.images, target, cv=[(train, test)], n_bootstrap=asked.bootstrap, **same).table
        print(f"{size} a class: {time.perf_counter() - start:.0f} s", file=sys.stderr)
        found.append(curve_part(table, len(train)))
    return pd.concat(found, ignore_index=True)


def curve_part(table: pd.DataFrame, n_train: int) -> pd.DataFrame:
    """What the curve shows of one comparison."""
    part = table[["accuracy", "accuracy_low", "accuracy_high", "fit_seconds"]]
    return part.rename_axis("pipeline").reset_index().assign(n_train=n_train)


def _about(asked: Any, n: int) -> str:
    import torch

    where = (
        f"the processor, PyTorch on {torch.get_num_threads()} of its threads"
        if asked.device in ("auto", "cpu") and not torch.cuda.is_available()
        else "a graphics card"
    )
    data = f"make_smears({asked.synthetic})" if asked.data is None else Path(asked.data).name
    return (
        f"{data}, {n} images; {asked.architecture} from {plan.weights_name(asked.weights)}, {asked.size} pixels, {asked.epochs} epochs, "
        f"on {where}."
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--data", metavar="NAME|FOLDER", help=f"{NAME_OR_FOLDER} of class folders, or with a manifest.csv"
    )
    source.add_argument("--synthetic", type=int, metavar="N", help="N synthetic smears instead")
    parser.add_argument("--rows", nargs="+", default=list(ROWS), metavar="ROW", help=f"default: {', '.join(ROWS)}")
    parser.add_argument("--architecture", default="mobilenet_v2")
    parser.add_argument(
        "--weights",
        metavar="FILE",
        help="what the networks start from: a file here or in the data home's weights/ (default: random weights)",
    )
    parser.add_argument(
        "--embedding",
        metavar="FILE",
        help="ONNX network, here or in the data home's weights/, for the row 'embedding + SVM'",
    )
    parser.add_argument("--size", type=int, default=168, help="longer side in pixels of what a network sees")
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--device", default="auto")
    parser.add_argument(
        "--ways", nargs="+", metavar="WAY", help="splits (default: published, and of synthetic smears random)"
    )
    parser.add_argument(
        "--stress", nargs="*", default=True, metavar="TEST", help="stress tests (default: all; none named: none)"
    )
    parser.add_argument("--stress-images", type=int, default=200, metavar="N")
    parser.add_argument(
        "--sizes", nargs="*", type=int, default=[], metavar="N", help="images a class of the learning curve"
    )
    parser.add_argument("--transfer", metavar="NAME|FOLDER", help="another laboratory's images, in class folders")
    parser.add_argument("--healthy", default="Benign", help="healthy class of --data")
    parser.add_argument("--healthy-there", default="healthy", help="healthy class of --transfer")
    parser.add_argument("--heat", type=int, default=0, metavar="N", help="where the networks look, on N test images")
    parser.add_argument(
        "--heat-layer", metavar="NAME", help="of the networks, finer than the last (features.13 of MobileNetV2)"
    )
    parser.add_argument("--heat-picture", metavar="FILE", help="share of the heat in cells, a point an image")
    parser.add_argument("--heat-images", metavar="FILE", help="one image of each class with the heat over it")
    parser.add_argument("--cost", type=int, default=0, metavar="N", help="time and memory on N images, a process a row")
    parser.add_argument("--bootstrap", type=int, default=1000, metavar="N", help="resamples behind each interval")
    parser.add_argument("--checkpoints", metavar="FOLDER", help="keep trainings there, and go on with them")
    parser.add_argument("--memory", metavar="FOLDER", help="keep what is measured there for the next time")
    parser.add_argument("--jobs", type=int, default=None, help="worker processes (default: 1)")
    parser.add_argument("--json", help="file for the figures")
    parser.add_argument("--picture", metavar="FILE", help="the learning curve")
    return parser


if __name__ == "__main__":
    sys.exit(main())
