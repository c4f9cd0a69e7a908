"""What several commands do: options they have in common, tables they write, images that failed."""

import argparse
import inspect
import os
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch

from leukofeat.atomic import replacing
from leukofeat.base import ImageStage
from leukofeat.baselines import find_pipeline
from leukofeat.baselines.registry import BASELINES
from leukofeat.cli.document import current, record
from leukofeat.cli.listing import ListBaselines
from leukofeat.cli.messages import UsageError, announce_workers, tell
from leukofeat.datasets import load_images
from leukofeat.extras import is_installed, missing
from leukofeat.features import Failure, FeatureSet
from leukofeat.markup import write_csv
from leukofeat.parallel import map_images
from leukofeat.pipeline import split_pipeline
from leukofeat.remote import is_remote
from leukofeat.sequence import ImageSequence, printable
from leukofeat.tiling.places import is_same

_MANY = 50  # failures that are told one by one
FOLDER = "folder of class folders with images, a folder of images, or a folder with a manifest.csv (path, label, split, group)"


def add_running(parser: argparse.ArgumentParser, *, memory: bool = True) -> None:
    """Options of every command that measures images; `memory` of those that can go on where an earlier run ended."""
    group = parser.add_argument_group("running")
    group.add_argument("-j", "--jobs", type=processes, default=None, metavar="N", help="worker processes (default: 1)")
    if not memory:
        return
    group.add_argument(
        "-m",
        "--memory",
        metavar="FOLDER",
        default=None,
        help="folder that keeps what was measured: the same images are not measured twice, and a run that was stopped goes on "
        "(compare and benchmark: a folder `store` among the results); a changed image is measured again, and behind stages that "
        "learn from images, such as the colour template of jin2023_svm, all are if it was trained on",
    )


def processes(text: str) -> int:
    """Number of worker processes, as it was typed."""
    way_out = "name 1 or more, or -1 for all processors"
    try:
        n = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of processes; {way_out}") from None
    if n == 0:
        raise argparse.ArgumentTypeError(f"0 processes do nothing; {way_out}")
    return n


def add_folder(parser: argparse.ArgumentParser, **options: Any) -> None:
    """The images, and options for a table that says what they are."""
    parser.add_argument("folder", **({"metavar": "FOLDER", "help": FOLDER} | options))
    group = parser.add_argument_group("a table of the images")
    group.add_argument("--manifest", metavar="CSV", help="table to use, instead of FOLDER/manifest.csv")
    group.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="WHAT=NAME",
        help="what a column of the table is called: path=filename, label=diagnosis, split=part, group=patient; one at a time",
    )


def add_baseline(parser: argparse.ArgumentParser) -> None:
    """Option for a pipeline by its name."""
    group = parser.add_argument_group("pipeline")
    group.add_argument(
        "-b",
        "--baseline",
        default="leukofeat_svm",
        metavar="NAME",
        help="pipeline: leukofeat_svm, jin2023_svm, ..., also with parameters (jin2023_svm:C=10); module:function or a .toml file of your own",
    )
    group.add_argument("--list", action=ListBaselines, help="list the baselines and end")


def add_masks(parser: argparse.ArgumentParser, effect: str = "") -> None:
    """Options for label maps made elsewhere."""
    group = parser.add_argument_group("label maps made elsewhere")
    for what in ("nuclei", "cells"):
        group.add_argument(
            f"--{what}-from",
            metavar="FILES",
            help=f"label maps or outlines of {what}, made elsewhere: a pattern with an asterisk for the image's name, as in 'masks/*.png', "
            f"'*_cp_masks.png' or '*.geojson' (in quotes), a column of the manifest, or a COCO file, .json{effect}",
        )
    group.add_argument(
        "--unnumbered",
        action="store_true",
        help="the label maps are masks that do not number their objects: each connected part is one",
    )


def has_masks(arguments: argparse.Namespace) -> bool:
    """Whether label maps have been given."""
    return arguments.nuclei_from is not None or arguments.cells_from is not None


def named_baseline(name: str, *, segments: bool = True) -> Pipeline:
    """Baseline of this name, also with parameters (jin2023_svm:C=10), without its segmenter where it is not to segment.

    A name that there is not is a matter of usage, and so is a pipeline that measures no features.
    """
    known, colon, _ = name.partition(":")
    try:
        if not segments and known in BASELINES and "segmenter" in inspect.signature(BASELINES[known]).parameters:
            name = f"{name}{',' if colon else ':'}segmenter=passthrough"
        pipeline = find_pipeline(name)[1]
    except (ValueError, ImportError) as error:
        raise UsageError(f"--baseline: {error} --list shows all baselines.") from error
    if split_pipeline(pipeline).features is None:
        raise UsageError(
            f"--baseline: {known} measures no features; fit it in Python and keep it with leukofeat.persistence.save, or compare it by "
            f"`leukofeat compare -p {name}`."
        )
    return pipeline


def check_output(output: str, suffixes: Sequence[str] = (), *, is_folder: bool = False) -> Path:
    """Place to write to: a file in a folder that is there, or a folder that is there or can be made.

    What cannot be written is refused here, before any work is done.
    """
    if output in ("", "-"):
        raise UsageError(
            f"--output {output!r}: results are files; name one. For a script, --json tells on standard output what was done."
        )
    if is_remote(output):
        raise UsageError(f"{output}: results are written to this machine's own disks; name a place there.")
    path = Path(output)
    if suffixes and path.suffix.lower() not in suffixes:
        raise UsageError(f"{output}: tables are written as {' or '.join(suffixes)}; name one of the two.")
    if not is_folder and path.suffix.lower() == ".parquet" and not is_installed("pyarrow"):
        raise UsageError(f"{output}: {missing('pyarrow')} Or name a .csv.")
    place = path if is_folder else path.parent
    if not is_folder and path.is_dir():
        raise UsageError(f"{output}: is a folder; name a file to write.")
    if not is_folder and not place.is_dir():
        raise UsageError(f"{place}: no such folder to write {path.name} into.")
    there = next(parent for parent in (place, *place.absolute().parents) if parent.exists())
    if not there.is_dir():
        raise UsageError(f"{there}: is a file; name a folder to write into.")
    if not os.access(there, os.W_OK) or (path.is_file() and not os.access(path, os.W_OK)):
        raise UsageError(f"{output}: may not be written.")
    return path


def check_apart(arguments: argparse.Namespace, images: Iterable[str] = ()) -> None:
    """Refuse results in the place of each other, or of what a command reads: the images, and what its options name."""
    options = vars(arguments)
    outputs = {name: options[name] for name in ("output", "patients") if isinstance(options.get(name), str)}
    if len(outputs) == 2 and is_same(*(Path(place).resolve() for place in outputs.values())):
        raise UsageError(
            f"{arguments.patients}: --output and --patients are written to one place; give each one of its own."
        )
    read = {
        "the model": options.get("model"),
        "the pipeline": options.get("baseline"),
        "the manifest": options.get("manifest") or os.path.join(options.get("folder", ""), "manifest.csv"),
        "the nuclei": options.get("nuclei_from"),
        "the cells": options.get("cells_from"),
    }
    for option, place in outputs.items():
        if not os.path.isfile(place):
            continue
        for what, file in (*read.items(), *(("an image", image) for image in images)):
            if file is not None and is_same(place, file):
                raise UsageError(f"{place}: --{option} would replace {what} that is read; name another file.")


def check_table(output: str) -> Callable[[pd.DataFrame], None]:
    """What writes a table to `output`, checked as in :func:`check_output`."""
    path = check_output(output, (".parquet", ".csv"))

    def write(table: pd.DataFrame) -> None:
        with replacing(path) as new:
            if path.suffix.lower() == ".parquet":
                table.to_parquet(new, index=False)
            else:
                write_csv(table, new)

    return write


def read_folder(arguments: argparse.Namespace) -> Bunch:
    """Images of the folder, with a line that says what was understood, before the work begins."""
    if not arguments.folder:
        raise UsageError("FOLDER '': names no folder.")
    if Path(arguments.folder).is_file() and not zipfile.is_zipfile(arguments.folder):
        raise UsageError(f"{printable(arguments.folder)}: is a file; name the folder that it lies in.")
    pairs = [named.partition("=") for named in getattr(arguments, "column", [])]
    if any(not (what and name) for what, _, name in pairs):
        raise UsageError("--column: says what a column is and how it is called, as label=diagnosis.")
    bunch = load_images(
        arguments.folder,
        manifest=getattr(arguments, "manifest", None),
        columns={what: name for what, _, name in pairs} or None,
        nuclei=getattr(arguments, "nuclei_from", None),
        cells=getattr(arguments, "cells_from", None),
        numbered=not getattr(arguments, "unnumbered", False),
    )
    check_apart(arguments, bunch.filenames)
    tell(f"{printable(arguments.folder)}: {bunch.summary}")
    record(counts={"images": len(bunch.images)}, data=bunch.summary)
    announce_workers(arguments.jobs)
    return bunch


def feature_parts(pipeline: Pipeline) -> tuple[list[ImageStage], FeatureSet, Pipeline]:
    """Image stages, FeatureSet and the rest of a pipeline."""
    stages, features, rest = split_pipeline(pipeline)
    if not isinstance(features, FeatureSet):
        raise ValueError("The model has no FeatureSet step; it was not trained by `leukofeat train`.")
    return stages, features, rest


def fit_stages(
    stages: Sequence[ImageStage], images: ImageSequence, verbose: int, rows: Any = None, y: Any = None
) -> ImageSequence:
    """Fit image stages on the images, or on those of some rows, as far as they can be read; all images behind the stages."""
    known = images[:0]
    if any(stage.requires_fit for stage in stages):
        known = images if rows is None else images[rows]
        readable = np.array(map_images(_is_readable, known, verbose=verbose, description="reading"), bool)
        known, y = known[readable], None if y is None else y[readable]
    for stage in stages:
        images, known = stage.fit(known, y).transform(images), stage.transform(known)
        if getattr(stage, "decision_", None):
            record(decisions=[*current().figures.get("decisions", []), stage.decision_])
            tell(stage.decision_)
    return images


def _is_readable(images: ImageSequence, i: int) -> bool:
    try:
        images.smear(i)
    except ValueError:
        return False
    return True


def report_failures(failures: Sequence[Failure], n_images: int) -> int:
    """Name the images that failed on standard error; returns the exit code."""
    record(counts={"images": n_images, "failed": len(failures)})
    current().failures += [{"file": one.name, "reason": one.reason} for one in failures]
    for name, reason in ((failure.name, failure.reason) for failure in failures[:_MANY]):
        tell(reason if name in reason else f"{name}: {reason}")
    if len(failures) > _MANY:
        tell(f"... and {len(failures) - _MANY} more.")
    if failures:
        others = "; the others are done" if len(failures) < n_images else ""
        tell(f"{len(failures)} of {n_images} images failed{others}.")
    return 3 if failures else 0
