"""Every kernel has a row in the benchmark of kernels, and does there what its peers do."""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

import leukofeat
from leukofeat.datasets import make_smears
from leukofeat.smear import Smear

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from peers import color, regions, shape, texture  # noqa: F401
from peers.samples import Sample, without_specks
from peers.turns import KERNELS, compare

ROOMS = tuple(f"leukofeat.kernels.{room}." for room in ("regions", "shape", "texture", "color"))
# OpenCV's filters are in single precision; k-means stops where no label changes, scikit-learn's a little before
TOLERANCES = {"gabor_sums": 1e-5, "kmeans": 2e-2}


def imported_from_rooms() -> Iterator[Any]:
    """Everything that the package imports from the rooms of kernels, but for what kernels import."""
    package = Path(leukofeat.__file__).parent
    for path in package.rglob("*.py"):
        code = path.read_text(encoding="utf-8")
        if path.is_relative_to(package / "kernels") or "from leukofeat.kernels.jit import" in code:
            continue
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(ROOMS):
                yield from (getattr(import_module(node.module), alias.name) for alias in node.names)


def is_kernel(value: Any) -> bool:
    """Whether a value is a compiled function, or calls one, itself or by a helper."""
    if not isinstance(value, FunctionType):
        return isinstance(value, Dispatcher)
    return any(is_kernel(value.__globals__.get(name)) for name in value.__code__.co_names if name != value.__name__)


def test_every_kernel_that_the_package_calls_has_a_row() -> None:
    kernels = {value for value in imported_from_rooms() if is_kernel(value)}
    assert {kernel.__name__ for kernel in kernels} == {kernel.__name__ for kernel in KERNELS}
    assert kernels == KERNELS.keys()


@pytest.fixture(scope="module")
def sample() -> Sample:
    bunch = make_smears(n_samples=1, random_state=0)
    maps = [np.ascontiguousarray(each[0][:128, :128]) for each in (bunch.images, bunch.nuclei, bunch.cells)]
    return without_specks(Smear(*maps))


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.__name__)
def test_peers_agree(kernel: Any, sample: Sample) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = compare(kernel.__name__, KERNELS[kernel], [sample], repeats=1)
    assert rows
    for row in rows:
        assert (row["max_rel_diff"] or 0) <= TOLERANCES.get(kernel.__name__, 1e-6), row
