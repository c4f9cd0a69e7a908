"""The clock that stands still while kernels are compiled."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from numba import njit

from leukofeat.kernels.clock import process_seconds, thread_seconds


def new_kernel():
    """One that nothing has compiled yet, and that calls another one."""

    @njit
    def inner(values):
        return np.sort(values)

    @njit
    def outer(values):
        return inner(values)[::-1].sum()

    return outer


@pytest.mark.parametrize(("clock", "whole"), [(thread_seconds, time.thread_time), (process_seconds, time.process_time)])
def test_compiling_takes_no_time(clock, whole):
    kernel = new_kernel()
    before, all_before = clock(), whole()
    kernel(np.arange(4.0))
    spent, all_spent = clock() - before, whole() - all_before
    assert 0 <= spent < 0.5 * all_spent


def test_work_takes_the_time_it_takes():
    before, all_before = thread_seconds(), time.thread_time()
    sum(i * i for i in range(100_000))
    assert thread_seconds() - before == pytest.approx(time.thread_time() - all_before, rel=0.1, abs=0.01)


def test_what_another_thread_compiles_is_no_time_of_this_one():
    before, all_before = thread_seconds(), time.thread_time()
    other = threading.Thread(target=new_kernel(), args=(np.arange(4.0),))
    other.start()
    other.join()
    assert thread_seconds() - before == pytest.approx(time.thread_time() - all_before, abs=0.01)
