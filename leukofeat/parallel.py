"""The only place that runs in parallel and shows progress."""

import math
import os
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from joblib import Parallel, delayed, effective_n_jobs
from tqdm import tqdm

from leukofeat.failures import WorkerError
from leukofeat.opencv import cv2
from leukofeat.remote import read_once
from leukofeat.sequence import ImageSequence

T = TypeVar("T")

# Small enough to share out evenly and to keep few images in memory, large enough to hide the cost of a task.
MAX_BATCH = 32

# batches a worker that are handed out at once where a backend gives results only when all are there: few, for they are lost together
_AT_ONCE = 2

# what the backends raise where the operating system has ended a worker: by name, for none of them needs to be installed
_BACKENDS = {"concurrent", "distributed", "joblib", "ray"}
_KILLED = {
    "BrokenExecutor",
    "KilledWorker",
    "OutOfMemoryError",
    "RayActorError",
    "TerminatedWorkerError",
    "WorkerCrashedError",
}

# what is to be said of the image that a pass is at
_notes: ContextVar[list[str] | None] = ContextVar("_notes", default=None)

# seconds from one state of a bar to the next
_interval: ContextVar[float] = ContextVar("_interval", default=0.1)


def progress_bar(*things: Any, verbose: int, **options: Any) -> Any:
    """A bar of tqdm on standard error, or, at a `verbose` of 0, none; options as tqdm has them."""
    seconds = _interval.get()
    return tqdm(
        *things,
        disable=verbose < 1,
        dynamic_ncols=True,
        mininterval=seconds,
        maxinterval=max(10.0, seconds),
        **options,
    )


@contextmanager
def bars_every(seconds: float) -> Iterator[None]:
    """Within it, bars that are drawn again no sooner than this: for a log file, in which each state stays."""
    token = _interval.set(seconds)
    try:
        yield
    finally:
        _interval.reset(token)


def note_image(name: str, what: str) -> None:
    """Warn of something about an image: at once, or, within a pass, when it ends, once for all images of which it is true.

    Parameters
    ----------
    name : str
    what : str
        How the sentence goes on behind the name and a colon.
    """
    notes = _notes.get()
    if notes is None:
        warnings.warn(f"{name}: {what}", stacklevel=3)
    else:
        notes.append(what)


def notes_so_far() -> list[str]:
    """What has been noted of the image that a pass is at; nothing outside of one."""
    return list(_notes.get() or ())


def take_notes() -> list[str]:
    """What has been noted of the image that a pass is at; nobody else will hear of it."""
    notes = _notes.get()
    taken = list(notes or ())
    if notes:
        notes.clear()
    return taken


def warn_of_notes(noted: Mapping[str, Sequence[str]], n_images: int) -> None:
    """Warn once of each thing that was noted, and of how many of the images it is true; `noted` has their names."""
    for what, names in noted.items():
        who = names[0] if len(names) == 1 else f"{len(names):,} of {n_images:,} images, {names[0]} for one"
        warnings.warn(f"{who}: {what}", stacklevel=3)


def map_images(
    function: Callable[[ImageSequence, int], T],
    images: ImageSequence,
    *,
    n_jobs: int | None = None,
    verbose: int = 0,
    description: str = "images",
    on_batch: Callable[[int, list[T]], None] | None = None,
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
    on_batch : callable, optional
        Called here, in order, with the position of the first image of each batch and the batch's results as soon as they are there.

    Returns
    -------
    list of length n_images
        The same for every `n_jobs`.

    Raises
    ------
    WorkerError
        When a worker process was killed, and the backend does not give its work to another, as Dask does.
    """
    results: list[T] = []
    options: dict[str, Any] = {"n_jobs": n_jobs, "verbose": verbose, "description": description}
    for batch in map_batches(partial(_each, function), images, **options):
        if on_batch is not None:
            on_batch(len(results), batch)
        results.extend(batch)
    return results


def map_batches(
    function: Callable[[ImageSequence], Iterable[T]],
    images: ImageSequence,
    *,
    n_jobs: int | None = None,
    verbose: int = 0,
    description: str = "images",
) -> Iterator[list[T]]:
    """What `function(batch)` gives one by one for the images of each batch, in order, as soon as a batch is there: nothing piles up.

    Parameters
    ----------
    function : callable
        Picklable; called with a sub-sequence, gives as many results as that has images.
    images, n_jobs, verbose, description
        As in :func:`map_images`.

    Yields
    ------
    list of length n_images_of_the_batch
        How images fall into batches depends on the number of workers, the results do not.

    Raises
    ------
    WorkerError
        As :func:`map_images`.
    """
    n = len(images)
    workers = max(1, effective_n_jobs(n_jobs))
    size = max(1, min(MAX_BATCH, math.ceil(n / (4 * workers))))
    tasks = (delayed(_run_batch)(function, images[start : start + size], os.getpid()) for start in range(0, n, size))
    noted: dict[str, list[str]] = {}
    with (
        _one_opencv_thread(),
        progress_bar(total=n, desc=description, unit="image", verbose=verbose) as bar,
    ):
        n_done = 0
        running = _run(tasks, n_jobs, workers)
        try:
            for results, notes, caught in running:
                for warning in caught:
                    warnings.warn(warning, stacklevel=2)
                for name, what in notes:
                    noted.setdefault(what, []).append(name)
                yield results
                n_done += len(results)
                bar.update(len(results))
        except Exception as error:
            if not _is_of_a_killed_worker(error):
                raise
            raise WorkerError(n_done, n) from error
        finally:
            with warnings.catch_warnings():  # joblib says how many tasks it has cancelled
                warnings.simplefilter("ignore")
                running.close()
    warn_of_notes(noted, n)


def _is_of_a_killed_worker(error: Exception) -> bool:
    return any(kind.__name__ in _KILLED and kind.__module__.split(".")[0] in _BACKENDS for kind in type(error).__mro__)


def _run(tasks: Iterator[Any], n_jobs: int | None, workers: int) -> Generator[Any, None, None]:
    """Results of tasks in order, each as soon as it and those before it are there."""
    try:
        parallel = Parallel(n_jobs=n_jobs, return_as="generator")
    except ValueError:  # the backends of Ray and of multiprocessing give lists only
        with Parallel(n_jobs=n_jobs) as parallel:
            while some := list(islice(tasks, _AT_ONCE * workers)):
                yield from parallel(some)
        return
    with parallel:
        yield from parallel(tasks)


def _each(function: Callable[[ImageSequence, int], T], batch: ImageSequence) -> Iterator[T]:
    return (function(batch, i) for i in range(len(batch)))


def _run_batch(
    function: Callable[[ImageSequence], Iterable[Any]], batch: ImageSequence, parent: int
) -> tuple[list[Any], list[tuple[str, str]], list[Warning]]:
    """Results of a batch, notes by the image's name, and what a process of its own was warned of: nobody would see it there."""
    if os.getpid() == parent:
        return *_run_noting(function, batch), []
    cv2.setNumThreads(1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        found = _run_noting(function, batch)
    return *found, [warning.message for warning in caught if isinstance(warning.message, Warning)]


def _run_noting(
    function: Callable[[ImageSequence], Iterable[Any]], batch: ImageSequence
) -> tuple[list[Any], list[tuple[str, str]]]:
    results: list[Any] = []
    said: list[tuple[str, str]] = []
    token = _notes.set([])
    try:
        with read_once():
            for i, result in enumerate(function(batch)):
                results.append(result)
                said += [(batch.name(i), what) for what in notes_so_far()]
                _notes.set([])
    finally:
        _notes.reset(token)
    return results, said


@contextmanager
def _one_opencv_thread() -> Iterator[None]:
    """OpenCV's own threads fight with the workers'; the caller's setting is put back, once for all batches."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
