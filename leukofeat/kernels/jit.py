"""One decorator for every kernel: compiled on first use, cached where a cache can be written."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import numba

F = TypeVar("F")


def jit(function: F) -> F:
    """Compile `function` with numba in nopython mode, serially and without the GIL.

    The machine code is cached on disk. Where no place can be written (a read-only install
    without a home), the kernel is compiled in memory instead of failing.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    try:
        return cast(F, numba.njit(cache=True, **options)(function))
    except RuntimeError:  # numba: "no locator available"
        return cast(F, numba.njit(**options)(function))
