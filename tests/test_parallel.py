"""The parallel pass: order, equality, progress, and the caller's settings."""

from __future__ import annotations

import os
import signal
import warnings

import cv2
import joblib
import numpy as np
import pytest

from leukofeat import ImageSequence, as_sequence
from leukofeat.failures import WorkerError
from leukofeat.parallel import MAX_BATCH, map_images


@pytest.fixture
def images() -> ImageSequence:
    return as_sequence([np.full((2, 2, 3), i, np.uint8) for i in range(75)])


def value(images: ImageSequence, i: int) -> tuple[int, int]:
    return int(images[i][0, 0, 0]), cv2.getNumThreads()


def fails_at_60(images: ImageSequence, i: int) -> int:
    if images.name(i) == "image 60":
        raise ValueError(images.name(i))
    return i


def test_in_order_for_any_number_of_workers(images):
    expected = [(i, 1) for i in range(75)]
    assert map_images(value, images) == expected
    with joblib.parallel_config(backend="threading", n_jobs=3):
        assert map_images(value, images) == expected
    assert map_images(value, images, n_jobs=2) == expected
    assert map_images(value, images[:0]) == []


def warns_at_60(images: ImageSequence, i: int) -> int:
    if images.name(i) == "image 60":
        warnings.warn("look at image 60", stacklevel=1)
    return i


@pytest.mark.parametrize("backend", ["sequential", "threading"])
def test_opencv_threads_are_put_back(images, backend):
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(2)
        with joblib.parallel_config(backend=backend, n_jobs=4):
            map_images(value, images)
        assert cv2.getNumThreads() == 2
        with pytest.raises(ValueError, match="image 60"):
            map_images(fails_at_60, images)
        assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(before)


def test_a_worker_gets_a_bounded_number_of_images(images):
    sizes = map_images(lambda batch, i: len(batch), as_sequence(images._items * 10))
    assert max(sizes) == MAX_BATCH


def test_what_a_worker_warns_of_is_heard(images):
    for n_jobs in (1, 2):
        with pytest.warns(UserWarning, match="image 60") as caught:
            map_images(warns_at_60, images, n_jobs=n_jobs)
        assert [str(warning.message) for warning in caught] == ["look at image 60"]
    with pytest.raises(UserWarning, match="look at image 60"):
        map_images(warns_at_60, images, n_jobs=2)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_what_fails_in_a_worker_is_named(images, n_jobs):
    with pytest.raises(ValueError, match="image 60"):
        map_images(fails_at_60, images, n_jobs=n_jobs)


def test_progress_is_shown_on_request(images, capsys):
    map_images(value, images, verbose=1, description="looking")
    assert "looking: 100%" in capsys.readouterr().err
    map_images(value, images)
    assert capsys.readouterr().err == ""


def dies_at_40(images: ImageSequence, i: int) -> int:
    if images.name(i) == "image 40":
        os.kill(os.getpid(), signal.SIGKILL)
    return i


def test_a_killed_worker_is_told_with_the_way_out(images):
    with pytest.raises(WorkerError, match=r"killed after \d+ of 75 images, .*n_jobs.*memory=FOLDER") as caught:
        map_images(dies_at_40, images, n_jobs=2)
    assert caught.value.n_done <= 40
    assert map_images(value, images, n_jobs=2) == [(i, 1) for i in range(75)]


def test_a_backend_that_gives_lists_only(images):
    with joblib.parallel_config(backend="multiprocessing", n_jobs=2):
        assert map_images(value, images) == [(i, 1) for i in range(75)]
