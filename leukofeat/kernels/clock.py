"""Processor time without what is done once: compiling kernels, and loading them from where they are kept."""

import threading
import time
from typing import Any

from numba.core import event

__all__ = ["process_seconds", "thread_seconds"]


class _Compiler(event.Listener):
    """Processor time that threads have spent under numba's compiler lock: there machine code is made, loaded and kept."""

    def __init__(self) -> None:
        self.own = threading.local()
        self.lock = threading.Lock()
        self.of_all = 0.0

    def on_start(self, event: Any) -> None:
        depth = getattr(self.own, "depth", 0)
        if depth == 0:  # kernels that a kernel calls are compiled within it
            self.own.started = time.thread_time()
        self.own.depth = depth + 1

    def on_end(self, event: Any) -> None:
        if getattr(self.own, "depth", 0) == 0:  # begun before anybody listened
            return
        self.own.depth -= 1
        if self.own.depth == 0:
            spent = time.thread_time() - self.own.started
            self.own.seconds = self.of_this_thread + spent
            with self.lock:
                self.of_all += spent

    @property
    def of_this_thread(self) -> float:
        return getattr(self.own, "seconds", 0.0)


_compiler = _Compiler()
event.register("numba:compiler_lock", _compiler)


def thread_seconds() -> float:
    """Processor time of this thread in seconds, as `time.thread_time`, without what compiling and loading kernels took.

    The difference of two calls is what the work between them takes the second time as well as the first.

    Examples
    --------
    >>> started = thread_seconds()
    >>> 0 <= thread_seconds() - started < 1
    True
    """
    return time.thread_time() - _compiler.of_this_thread


def process_seconds() -> float:
    """Processor time of this process in seconds, as `time.process_time`, without what compiling and loading kernels took.

    What another thread compiles is left out when that is done, at which a difference of two calls may be below 0.

    Examples
    --------
    >>> started = process_seconds()
    >>> 0 <= process_seconds() - started < 1
    True
    """
    return time.process_time() - _compiler.of_all
