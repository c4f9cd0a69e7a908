"""What the commands of `leukofeat` do; each takes the parsed arguments and returns the exit code."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from sklearn.pipeline import Pipeline

    from leukofeat.base import ImageStage
    from leukofeat.features import Failure, FeatureSet
    from leukofeat.sequence import ImageSequence

CAUTION = "Research use only: not a medical device, not for diagnosis."


def demo(arguments: argparse.Namespace) -> int:
    """Synthetic smears in, table and pictures out."""
    from leukofeat.cli.demo import run_demo

    run_demo(arguments.output, n_samples=arguments.images, random_state=arguments.seed)
    return 0


def extract(arguments: argparse.Namespace) -> int:
    """Images to a table of features."""
    import pandas as pd

    from leukofeat.baselines import make_baseline
    from leukofeat.datasets import load_images

    write = _writer(arguments.output)
    bunch = load_images(arguments.folder)
    stages, features, _ = _parts(make_baseline(arguments.baseline))
    features.set_params(on_error="nan", n_jobs=arguments.jobs, verbose=1)
    images = bunch.images
    learns = any(stage.requires_fit for stage in stages)
    readable = images[_find_readable(images)[0]] if learns else images[:0]
    for stage in stages:
        images, readable = stage.fit(readable).transform(images), stage.transform(readable)
    columns = {
        name: bunch.frame[name].to_numpy() for name in ("path", "label", "split", "group") if name in bunch.frame
    }
    if arguments.cells:
        table, failures = features.extract_cells(images)
        rows = table.pop("image").to_numpy()
        columns = {name: values[rows] for name, values in columns.items()}
        table = table.drop(columns="source")
    else:
        found = features.extract(images)
        table, failures = pd.DataFrame(found.values, columns=features.get_feature_names_out()), found.failures
    table = pd.concat([pd.DataFrame(columns), table], axis=1)
    write(table)
    print(f"{arguments.output}: {len(table)} rows, {table.shape[1]} columns from {len(images)} images.")
    return _report(failures, len(images))


def audit(arguments: argparse.Namespace) -> int:
    """What is wrong with a data set."""
    from leukofeat.audit import audit_dataset
    from leukofeat.datasets import load_images
    from leukofeat.features import Failure
    from leukofeat.report import write_report

    bunch = load_images(arguments.folder)
    labels = None if bunch.target is None else bunch.target_names[bunch.target]
    result = audit_dataset(
        bunch.images, labels, groups=bunch.groups, splits=bunch.split, n_jobs=arguments.jobs, verbose=1
    )
    print(result.verdict)
    if arguments.output is not None:
        files = result.save(arguments.output)
        files.append(write_report(Path(arguments.output) / "report.html", audit=result, command=_typed()))
        print(f"{arguments.output}: {', '.join(file.name for file in files)}.")
    print(CAUTION)
    failures = [
        Failure(i, bunch.images.name(i), error) for i, error in enumerate(result.images["error"].tolist()) if error
    ]
    return _report(failures, len(bunch.images))


def train(arguments: argparse.Namespace) -> int:
    """Fit a pipeline on labelled images."""
    import numpy as np
    from sklearn.metrics import accuracy_score, f1_score

    from leukofeat.baselines import make_baseline
    from leukofeat.datasets import load_images
    from leukofeat.persistence import save

    bunch = load_images(arguments.folder)
    if bunch.target is None:
        raise ValueError(
            f"{arguments.folder}: no labels; put the images into class folders, or give a manifest.csv with a label column."
        )
    good, failures = _find_readable(bunch.images)
    target = np.asarray(bunch.target_names)[bunch.target]
    fitted = good if bunch.split is None else good & (bunch.split == "train")
    classes, counts = np.unique(target[fitted], return_counts=True)
    if len(classes) < 2:
        raise ValueError(
            f"{arguments.folder}: {len(classes)} class{'es' * (len(classes) != 1)} among {fitted.sum()} readable training images; at least two are needed."
        )
    for name in classes[counts == 1]:
        print(
            f"leukofeat: class {str(name)!r} has a single training image; how well it is recognised cannot be known.",
            file=sys.stderr,
        )
    pipeline = make_baseline(arguments.baseline)
    features = _parts(pipeline)[1].set_params(n_jobs=arguments.jobs, verbose=1)
    pipeline.fit(bunch.images[fitted], target[fitted])
    features.set_params(n_jobs=None, verbose=0)
    save(pipeline, arguments.output)
    print(f"{arguments.output}: {arguments.baseline} fitted on {fitted.sum()} images of {len(classes)} classes.")
    for part in [] if bunch.split is None else sorted(set(bunch.split[good].astype(str)) - {"train"}):
        rows = good & (bunch.split == part)
        predicted = pipeline.predict(bunch.images[rows])
        print(
            f"{part}: accuracy {accuracy_score(target[rows], predicted):.4f}, macro-F1 "
            f"{f1_score(target[rows], predicted, average='macro'):.4f} on {rows.sum()} images"
            + ("" if bunch.groups is not None else "; no group column, so slides may stand on both sides")
        )
    print(CAUTION)
    return _report(failures, len(bunch.images))


def predict(arguments: argparse.Namespace) -> int:
    """A trained model's classes for images."""
    import numpy as np
    import pandas as pd

    from leukofeat.datasets import load_images
    from leukofeat.persistence import load

    write = _writer(arguments.output)
    pipeline = load(arguments.model)
    bunch = load_images(arguments.folder)
    stages, features, rest = _parts(pipeline)
    images = bunch.images
    for stage in stages:
        images = stage.transform(images)
    found = features.set_params(on_error="nan", n_jobs=arguments.jobs, verbose=1).extract(images)
    values, failures = features.wrap_output(found.values), found.failures
    scores = np.asarray(rest.decision_function(values))
    if scores.ndim == 1:
        scores = np.column_stack([-scores, scores])
    table = pd.DataFrame({"path": bunch.frame["path"], "predicted": rest.predict(values).astype(object)})
    for name, score in zip(rest.classes_, scores.T, strict=True):
        table[f"score_{name}"] = score
    table["error"] = ""
    for failure in failures:
        table.loc[failure.row, table.columns[1:-1]] = np.nan
        table.loc[failure.row, "error"] = failure.reason
    write(table)
    print(f"{arguments.output}: {len(table)} images, {len(failures)} without a prediction. {CAUTION}")
    return _report(failures, len(table))


def warm_up(arguments: argparse.Namespace) -> int:
    """Compile ahead of the first use."""
    import time

    started = time.perf_counter()
    from leukofeat.cli.warmup import warm_up

    kernels = warm_up(everything=arguments.all, report=lambda text: print(text, file=sys.stderr, flush=True))
    seconds = f"{time.perf_counter() - started:.1f} s"
    if kernels.folder is None:
        raise OSError(
            f"{kernels.compiled} kernels compiled in {seconds}, but nowhere can they be kept; "
            "name a folder that can be written in the environment variable NUMBA_CACHE_DIR."
        )
    if kernels.compiled:
        print(
            f"{kernels.compiled} kernels compiled, {kernels.loaded} loaded in {seconds}; they are kept in {kernels.folder}."
        )
    else:
        print(f"Nothing was compiled: {kernels.loaded} kernels loaded in {seconds} from {kernels.folder}.")
    return 0


def _typed() -> str:
    """The command as it was typed, for the report."""
    return shlex.join(["leukofeat", *sys.argv[1:]])


def _writer(output: str) -> Callable[[pd.DataFrame], None]:
    suffix, folder = Path(output).suffix.lower(), Path(output).parent
    if suffix not in (".parquet", ".csv"):
        raise ValueError(f"{output}: tables are written as .parquet or .csv; name one of the two.")
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder to write {Path(output).name} into.")

    def write(table: pd.DataFrame) -> None:
        if suffix == ".parquet":
            table.to_parquet(output, index=False)
        else:
            table.to_csv(output, index=False)

    return write


def _parts(pipeline: Pipeline) -> tuple[list[ImageStage], FeatureSet, Pipeline]:
    from leukofeat.features import FeatureSet
    from leukofeat.pipeline import split_pipeline

    stages, features, rest = split_pipeline(pipeline)
    if not isinstance(features, FeatureSet):
        raise ValueError("The model has no FeatureSet step; it was not trained by `leukofeat train`.")
    return stages, features, rest


def _find_readable(images: ImageSequence) -> tuple[np.ndarray, list[Failure]]:
    import numpy as np

    from leukofeat.features import Failure
    from leukofeat.parallel import map_images

    reasons = map_images(_reason_unreadable, images, verbose=1, description="reading")
    failures = [Failure(i, images.name(i), reason) for i, reason in enumerate(reasons) if reason]
    return np.array([reason is None for reason in reasons]), failures


def _reason_unreadable(images: ImageSequence, i: int) -> str | None:
    try:
        images.smear(i)
    except ValueError as error:
        return str(error)
    return None


def _report(failures: Sequence[Failure], n_images: int) -> int:
    for failure in failures:
        print(
            f"leukofeat: {failure.reason if failure.name in failure.reason else f'{failure.name}: {failure.reason}'}",
            file=sys.stderr,
        )
    if failures:
        print(f"leukofeat: {len(failures)} of {n_images} images failed; the others are done.", file=sys.stderr)
    return 3 if failures else 0
