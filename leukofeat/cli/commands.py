"""What the commands of `leukofeat` do; each takes the parsed arguments and returns the exit code."""

from __future__ import annotations

import argparse
import shlex
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from sklearn.pipeline import Pipeline

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
    from sklearn.pipeline import Pipeline

    from leukofeat.baselines import make_baseline
    from leukofeat.datasets import load_images

    write = _writer(arguments.output)
    bunch = load_images(arguments.folder)
    pipeline = make_baseline(arguments.baseline)
    position, features = _feature_set(pipeline)
    features.set_params(on_error="nan", n_jobs=arguments.jobs, verbose=1)
    images = bunch.images
    if position:
        stages = Pipeline(pipeline.steps[:position])
        images = stages.fit(_readable(images)).transform(images) if _learns(stages) else stages.transform(images)
    columns: dict[str, Any] = {"path": bunch.frame["path"].to_numpy()}
    columns |= {name: bunch.frame[name].to_numpy() for name in ("label", "split", "group") if name in bunch.frame}
    if arguments.cells:
        cells, failures = _catch_failures(lambda: features.measure_cells(images))
        rows = cells.pop("image").to_numpy()
        cells = cells.drop(columns="source")
        table = pd.concat([pd.DataFrame({name: values[rows] for name, values in columns.items()}), cells], axis=1)
    else:
        values, failures = _catch_failures(lambda: features.transform(images))
        table = pd.concat(
            [pd.DataFrame(columns), pd.DataFrame(values, columns=features.get_feature_names_out())], axis=1
        )
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
    _feature_set(pipeline)[1].set_params(n_jobs=arguments.jobs, verbose=1)
    pipeline.fit(bunch.images[fitted], target[fitted])
    _feature_set(pipeline)[1].set_params(n_jobs=None, verbose=0)
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
    position, features = _feature_set(pipeline)
    features.set_params(on_error="nan", n_jobs=arguments.jobs, verbose=1)
    values, failures = _catch_failures(lambda: pipeline[: position + 1].transform(bunch.images))
    rest = pipeline[position + 1 :]
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


def _feature_set(pipeline: Pipeline) -> tuple[int, FeatureSet]:
    from leukofeat.features import FeatureSet

    for position, (_, step) in enumerate(pipeline.steps):
        if isinstance(step, FeatureSet):
            return position, step
    raise ValueError("The model has no FeatureSet step; it was not trained by `leukofeat train`.")


def _learns(stages: Pipeline) -> bool:
    return any(stage.__sklearn_tags__().requires_fit for _, stage in stages.steps)


def _find_readable(images: ImageSequence) -> tuple[np.ndarray, list[Failure]]:
    import numpy as np

    from leukofeat.features import Failure
    from leukofeat.parallel import map_images

    reasons = map_images(_reason_unreadable, images, verbose=1, description="reading")
    failures = [Failure(i, images.name(i), reason) for i, reason in enumerate(reasons) if reason]
    return np.array([reason is None for reason in reasons]), failures


def _readable(images: ImageSequence) -> ImageSequence:
    return images[_find_readable(images)[0]]


def _reason_unreadable(images: ImageSequence, i: int) -> str | None:
    try:
        images.smear(i)
    except ValueError as error:
        return str(error)
    return None


def _catch_failures(measure: Callable[[], Any]) -> tuple[Any, list[Failure]]:
    from leukofeat.features import ImageWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ImageWarning)
        result = measure()
    failures: list[Failure] = []
    for warning in caught:
        if isinstance(warning.message, ImageWarning):
            failures += warning.message.failures
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    return result, failures


def _report(failures: Sequence[Failure], n_images: int) -> int:
    for failure in failures:
        print(
            f"leukofeat: {failure.reason if failure.name in failure.reason else f'{failure.name}: {failure.reason}'}",
            file=sys.stderr,
        )
    if failures:
        print(f"leukofeat: {len(failures)} of {n_images} images failed; the others are done.", file=sys.stderr)
    return 3 if failures else 0
