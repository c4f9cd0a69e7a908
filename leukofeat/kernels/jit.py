"""One decorator for every kernel: compiled on first use, cached where a cache can be written."""

from typing import TypeVar

import numba

F = TypeVar("F")
# nobody asks for a kernel as a C function: left out, it need not be compiled
_OPTIONS = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}


def jit(function: F) -> F:
    """Compile `function` with numba in nopython mode, serially and without the GIL.

    The machine code is cached on disk. Where no place can be written (a read-only install
    without a home), the kernel is compiled in memory instead of failing.
    """
    try:
        return numba.njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # numba: "no locator available"
        return numba.njit(**_OPTIONS)(function)
