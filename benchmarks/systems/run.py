"""The run: what systems share is measured once for all, then one system after another; what is done is kept in the store."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import joblib
import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from leukofeat.calibration import CalibratedClassifier
from leukofeat.evaluation import Comparison, compare
from leukofeat.evaluation.folds import Run
from leukofeat.evaluation.protocols import Protocol
from leukofeat.evaluation.stress import draw_rows
from leukofeat.evaluation.stress_images import make_stress_set
from leukofeat.segmentation import LeukocyteSegmenter
from leukofeat.sequence import as_sequence
from leukofeat.store import Store
from systems.plan import System, Task

STRESS = ("other background", "constant background", "stain shifted", "JPEG 50")


class Settings(NamedTuple):
    """What every comparison of the run has in common."""

    store: Store
    stress: Sequence[str] = STRESS
    n_stress: int = 200
    n_bootstrap: int = 1000
    n_jobs: int | None = None
    verbose: int = 1


class Results(NamedTuple):
    """By task and system what was found under each protocol, and by system why it failed."""

    found: dict[str, dict[str, dict[str, Comparison]]]
    failed: dict[str, str]

    def table(self, task: str) -> pd.DataFrame:
        """Rows of all comparisons of a task, indexed by system and protocol."""
        parts = {
            (name, protocol): comparison.table.iloc[0]
            for name, by_protocol in self.found[task].items()
            for protocol, comparison in by_protocol.items()
        }
        return pd.DataFrame(parts).T.infer_objects().rename_axis(["system", "protocol"]) if parts else pd.DataFrame()

    def stress(self) -> pd.DataFrame:
        """Points of accuracy lost, a row a system and a column a test, under the protocol that tests most of the changed images."""
        rows = {}
        for by_system in self.found.values():
            for name, by_protocol in by_system.items():
                tables = [found.stress for found in by_protocol.values() if found.stress is not None]
                if tables:
                    widest = max(tables, key=lambda table: table["n_images"].sum())
                    rows[name] = widest.set_index("test")["points_lost"]
        return pd.DataFrame(rows).T.rename_axis("system")


def run(
    systems: Mapping[str, System],
    images: Any,
    tasks: Sequence[Task],
    protocols: Mapping[str, Protocol],
    settings: Settings,
) -> Results:
    """Run every system under every task and protocol; one that fails is told, and the others go on."""
    images = as_sequence(images)
    results = Results({task.name: {} for task in tasks}, {})
    made = _made(systems, images, tasks[0].target, results.failed)
    _measure_shared(made, images, tasks[0].target, protocols, settings)
    started = time.monotonic()
    # fits are serial: with several workers, as many systems run at a time
    n_workers = min(joblib.effective_n_jobs(settings.n_jobs), max(1, len(made)))
    alone = settings if n_workers == 1 else settings._replace(n_jobs=1, verbose=0)
    jobs = (
        joblib.delayed(_run_one)(name, pipeline, images, tasks, protocols, alone) for name, pipeline in made.items()
    )
    by_name = {}
    for done, (name, found, reason) in enumerate(joblib.Parallel(n_workers, return_as="generator_unordered")(jobs), 1):
        by_name[name] = found
        if reason:
            results.failed[name] = reason
        passed = time.monotonic() - started
        left = passed / done * (len(made) - done)
        outcome = f"failed ({reason})" if reason else "done"
        _say(
            settings, f"{done} of {len(made)}: {name} {outcome}; {_minutes(passed)} so far, about {_minutes(left)} left"
        )
    for name in made:  # in the order of the names, whichever was done first
        for task, comparisons in by_name[name].items():
            results.found[task][name] = comparisons
    return results


def _run_one(
    name: str,
    pipeline: Any,
    images: Any,
    tasks: Sequence[Task],
    protocols: Mapping[str, Protocol],
    settings: Settings,
) -> tuple[str, dict[str, dict[str, Comparison]], str]:
    """A system under every task and protocol, and why it failed, if it did."""
    found: dict[str, dict[str, Comparison]] = {}
    try:
        for task in tasks:
            found[task.name] = compare(
                {name: pipeline},
                images,
                task.target,
                cv={key: protocol.splits for key, protocol in protocols.items()},
                groups={key: protocol.groups for key, protocol in protocols.items() if protocol.groups is not None},
                # the changed images hang on the classes, so that those of a second task would be others
                stress=list(settings.stress) if settings.stress and task.name == tasks[0].name else False,
                n_stress=settings.n_stress,
                segmenter=LeukocyteSegmenter(fine=False),  # the same changed images for every system
                memory=settings.store,
                n_jobs=settings.n_jobs,
                n_bootstrap=settings.n_bootstrap,
                verbose=settings.verbose,
            )
    except Exception as error:  # whatever it is, the others can still be run
        return name, found, _told(error)
    return name, found, ""


def _made(systems: Mapping[str, System], images: Any, target: np.ndarray, failed: dict[str, str]) -> dict[str, Any]:
    """Pipelines that can be made and that measure an image without falling over: one that can't would end the shared pass."""
    made = {}
    for name, system in systems.items():
        try:
            made[name] = uncalibrated(system.make())
            Run({name: made[name]}, images[:1], target[:1], np.empty(0, np.int64), on_error="nan")
        except Exception as error:  # whatever a recipe raises
            failed[name] = _told(error)
            made.pop(name, None)
    return made


def uncalibrated(pipeline: Any) -> Any:
    """The pipeline with its classifier as it is: the same verdicts in a fifth of the time, and no probabilities."""
    last = pipeline[-1]
    return make_pipeline(*pipeline[:-1], last.estimator) if isinstance(last, CalibratedClassifier) else pipeline


def _measure_shared(
    made: Mapping[str, Any], images: Any, target: np.ndarray, protocols: Mapping[str, Protocol], settings: Settings
) -> None:
    """Measure into the store what needs nothing learned, in one pass: stages that systems have in common run once."""
    extra = np.empty(0, np.int64)
    options: dict[str, Any] = {"memory": settings.store, "n_jobs": settings.n_jobs, "verbose": settings.verbose}
    try:
        if settings.stress:
            # the images that `compare` changes
            tested = np.unique(np.concatenate([test for protocol in protocols.values() for _, test in protocol.splits]))
            rows = draw_rows(target, tested, settings.n_stress, 0)
            groups = next((protocol.groups for protocol in protocols.values() if protocol.groups is not None), None)
            changed = make_stress_set(
                images,
                target,
                rows,
                tests=list(settings.stress),
                groups=groups,
                segmenter=LeukocyteSegmenter(fine=False),
                random_state=0,
                **options,
            )
            images, extra = images.followed_by(changed.images), np.tile(changed.rows, len(changed.tests))
        Run(made, images, np.concatenate([target, target[extra]]), extra, on_error="nan", **options)
    except Exception as error:  # only time is lost: each system measures by itself what is missing
        _say(settings, f"Nothing is shared: {_told(error)}")


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _say(settings: Settings, text: str) -> None:
    if settings.verbose:
        print(text, file=sys.stderr, flush=True)
