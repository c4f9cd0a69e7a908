"""Examples in docstrings that need an optional package are skipped where it is not installed; pictures are closed behind each test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib.util import find_spec

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip by the module's `__doctest_requires__`, {name, pattern or tuple of them: [packages]}, as pytest-doctestplus reads it."""
    for item in items:
        if not isinstance(item, pytest.DoctestItem):
            continue
        module = item.dtest.globs.get("__name__")
        name = item.dtest.name.removeprefix(f"{module}.")
        for patterns, packages in item.dtest.globs.get("__doctest_requires__", {}).items():
            missing = [package for package in packages if find_spec(package) is None]
            of = (patterns,) if isinstance(patterns, str) else patterns
            if missing and any(fnmatch(name, pattern) or fnmatch(name, f"{pattern}.*") for pattern in of):
                item.add_marker(pytest.mark.skip(f"needs {', '.join(missing)}"))


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    """Close what a test or an example has drawn: pyplot keeps every figure, and warns of many."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
