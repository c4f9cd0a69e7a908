"""What `compare` and `benchmark` do alike: rows from what was typed, labels and groups from the folder, results to a folder."""

import argparse
import json
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from leukofeat.baselines import find_pipeline
from leukofeat.baselines.find import split_label
from leukofeat.baselines.registry import BASELINES
from leukofeat.cli.document import record
from leukofeat.cli.listing import ListBaselines
from leukofeat.cli.messages import UsageError
from leukofeat.cli.shared import report_failures
from leukofeat.datasets.binary import BENIGN, binary_target
from leukofeat.evaluation import Comparison, read_predictions
from leukofeat.evaluation.stress import own_segmenter
from leukofeat.features import Failure
from leukofeat.markup import write_csv
from leukofeat.report import write_report

FOLLOWS = "\nfollows_background: share of the images called by the class of the field their cells were pasted onto."


def add_rows(parser: argparse.ArgumentParser) -> None:
    """Options for the rows of the table."""
    group = parser.add_argument_group("rows of the table")
    group.add_argument(
        "-p",
        "--pipeline",
        action="append",
        default=[],
        metavar="[LABEL=]NAME_OR_FILE",
        help="pipeline: a baseline's name, also with parameters (jin2023_svm:segmented=true,C=10), a TOML file, or "
        "module:function; may be given several times",
    )
    group.add_argument(
        "--predictions",
        action="append",
        default=[],
        metavar="[LABEL=]FILE",
        help="predictions made elsewhere: CSV or parquet with path, and predicted or score_<class>, and fold or split if "
        "that is known; may be given several times",
    )
    group.add_argument("--list", action=ListBaselines, help="list the baselines and end")


def add_binary(parser: argparse.ArgumentParser) -> None:
    """Option for two classes of several."""
    parser.add_argument(
        "--binary",
        nargs="?",
        const=",".join(BENIGN),
        metavar="NAMES",
        help="two classes, benign against everything else as malignant; the classes that are benign may be named, with commas between "
        "(default: %(const)s)",
    )


def named_rows(arguments: argparse.Namespace, known: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Pipelines and predictions by name, behind those that are known; two of one name are a matter of usage."""
    rows = dict(known or {})
    for text in arguments.pipeline:
        try:
            name, pipeline = find_pipeline(text)
        except (ValueError, OSError, ImportError) as error:
            raise UsageError(f"--pipeline: {error}") from error
        _add(rows, name, pipeline, text)
    for text in arguments.predictions:
        label, file = split_label(text)
        _add(rows, label or Path(file).stem, read_predictions(file), text)
    if not rows:
        raise UsageError(
            f"nothing to compare: give pipelines with -p ({', '.join(BASELINES)}, a .toml file, or module:function), or "
            "--predictions."
        )
    return rows


def _add(rows: dict[str, Any], name: str, row: Any, text: str) -> None:
    if name in rows:
        raise UsageError(f"{text}: there is a row {name!r} already; give it another name, as in other={text}.")
    rows[name] = row


def check_labels(bunch: Bunch, folder: str, binary: str | None = None) -> np.ndarray:
    """Class of each image by name; a set that holds too little of them is refused before any work.

    `binary` is what was typed of the option of that name: there are two classes then.
    """
    if bunch.target is None:
        raise ValueError(
            f"{folder}: no labels; put the images into class folders, or give a manifest.csv with a label column."
        )
    target = np.asarray(bunch.target_names)[bunch.target]
    if binary is not None:
        try:
            target = binary_target(target, benign=binary.split(","))
        except ValueError as error:
            raise UsageError(f"--binary: {str(error).replace('in benign=', 'as in --binary NAME,NAME')}") from error
    names, counts = np.unique(target, return_counts=True)
    if len(names) < 2:
        raise ValueError(f"{folder}: all {counts.sum()} images are of one class ({names[0]}); two are needed.")
    if counts.min() < 2:
        raise ValueError(
            f"{folder}: class {str(names[counts.argmin()])!r} has a single image, which cannot be both trained on and tested; add "
            "images, or leave the class out."
        )
    return target


def group_column(bunch: Bunch, column: str, folder: str, option: str = "--groups", what: str = "groups") -> np.ndarray:
    """A column of the manifest that holds a group, or `what` else, for each image."""
    frame = bunch.get("frame", pd.DataFrame())
    if column not in frame:
        there = [str(name) for name in frame if name not in ("path", "label")]
        hint = f"it has {', '.join(there)}" if there else "a manifest.csv with such a column is needed"
        raise UsageError(f"{option} {column}: {folder} has no such column of {what}; {hint}.")
    values = frame[column]
    blank = np.flatnonzero(values.isna() | (values.astype(str).str.strip() == ""))
    if len(blank):
        raise ValueError(
            f"{folder}: the column {column!r} is blank for {len(blank)} of {len(frame)} images, {frame['path'].iloc[blank[0]]} for one; "
            "fill it in, or leave these images out."
        )
    if values.nunique() < 2:
        raise ValueError(
            f"{folder}: the column {column!r} holds one value only; two {what} are needed to hold one out."
        )
    return values.to_numpy()


def save_results(
    folder: Path, results: Mapping[str, Comparison], rows: Mapping[str, Any], bunch: Bunch, **report: Any
) -> list[str]:
    """Write tables, report and what was run under one or several protocols; returns the names of the files.

    Each comparison is saved by itself, too, in `saved`, for `Comparison.load`. The column `protocol` stands in front where there are several.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = bunch.frame["path"] if "frame" in bunch else pd.Series([f"image {i}" for i in range(len(bunch.target))])
    tables = {
        "table.csv": {name: found.table.reset_index() for name, found in results.items()},
        "predictions.csv": {
            name: found.predictions.assign(path=paths.to_numpy()[found.predictions["row"]])
            for name, found in results.items()
        },
        "pairs.csv": {name: found.pairs for name, found in results.items()},
    }
    if any(found.stress is not None for found in results.values()):
        tables["stress.csv"] = {name: found.stress for name, found in results.items() if found.stress is not None}
    else:
        (folder / "stress.csv").unlink(missing_ok=True)  # of an earlier run
    for file, parts in tables.items():
        whole = pd.concat(parts, names=["protocol"]).reset_index(level=0).reset_index(drop=True)
        write_csv(whole if len(results) > 1 else whole.drop(columns="protocol"), folder / file)
    command = shlex.join(["leukofeat", *sys.argv[1:]])
    told: dict[str, Any] = {"command": command, "data": bunch.get("summary", f"{len(paths)} synthetic smears")}
    told["protocols"] = {
        name: {"configuration": found.configuration, "notes": found.notes} for name, found in results.items()
    }
    for name, found in results.items():
        found.save(folder / "saved" / name)
    (folder / "configuration.json").write_text(json.dumps(told, indent=1, default=str), encoding="utf-8")
    segmenter = next((found for found in map(own_segmenter, rows.values()) if found is not None), None)
    shown = results if len(results) > 1 else next(iter(results.values()))
    write_report(folder / "report.html", shown, images=bunch.images, segmenter=segmenter, command=command, **report)
    record(
        summary={name: found.summary() for name, found in results.items()},
        notes={name: found.notes for name, found in results.items()},
    )
    return [*tables, "configuration.json", "report.html", "saved/"]


def printed(table: pd.DataFrame) -> str:
    """A table as text: as wide as the terminal, further columns below; whole where it goes to a file."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return table.to_string(line_width=width)


def tell_failures(results: Mapping[str, Comparison], n_images: int) -> int:
    """Name what could not be read or measured; returns the exit code."""
    failed = {
        row: Failure(row, name, reason) for found in results.values() for row, name, reason in found.failures.values
    }
    return report_failures([failed[row] for row in sorted(failed)], n_images)
