"""The only place that runs in parallel and shows progress."""

import math
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from joblib import Parallel, delayed, effective_n_jobs
from tqdm import tqdm

from leukofeat.opencv import cv2
from leukofeat.sequence import ImageSequence

T = TypeVar("T")

# Small enough to share out evenly and to keep few images in memory, large enough to hide the cost of a task.
MAX_BATCH = 32


def map_images(
    function: Callable[[ImageSequence, int], T],
    images: ImageSequence,
    *,
    n_jobs: int | None = None,
    verbose: int = 0,
    description: str = "images",
) -> list[T]:
    """Apply `function(images, i)` to every i, in batches, in parallel, in order.

    Parameters
    ----------
    function : callable
        Picklable; called with a (sub-)sequence and a position in it.
    images : ImageSequence
    n_jobs : int, optional
        Workers, as in joblib; None takes the number from `joblib.parallel_config`, which also selects the backend.
    verbose : int
        Above 0, a progress bar on standard error.
    description : str
        What the bar is labelled with.

    Returns
    -------
    list of length n_images
        The same for every `n_jobs`.
    """
    n = len(images)
    workers = max(1, effective_n_jobs(n_jobs))
    size = max(1, min(MAX_BATCH, math.ceil(n / (4 * workers))))
    batches = (images[start : start + size] for start in range(0, n, size))
    with (
        _one_opencv_thread(),
        Parallel(n_jobs=n_jobs, return_as="generator") as parallel,
        tqdm(total=n, desc=description, unit="image", disable=verbose < 1, dynamic_ncols=True) as bar,
    ):
        results: list[T] = []
        for batch, caught in parallel(delayed(_run_batch)(function, batch, os.getpid()) for batch in batches):
            for warning in caught:
                warnings.warn(warning, stacklevel=2)
            results.extend(batch)
            bar.update(len(batch))
    return results


def _run_batch(
    function: Callable[[ImageSequence, int], Any], batch: ImageSequence, parent: int
) -> tuple[list[Any], list[Warning]]:
    """Results of a batch, and what a process of its own was warned of: nobody would see it there."""
    if os.getpid() == parent:
        return [function(batch, i) for i in range(len(batch))], []
    cv2.setNumThreads(1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        results = [function(batch, i) for i in range(len(batch))]
    return results, [warning.message for warning in caught if isinstance(warning.message, Warning)]


@contextmanager
def _one_opencv_thread() -> Iterator[None]:
    """OpenCV's own threads fight with the workers'; the caller's setting is put back, once for all batches."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
