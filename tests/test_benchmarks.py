"""Every kernel has a row in the benchmark of kernels, and does there what its peers do."""

from __future__ import annotations

import ast
import json
import sys
import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numba.core.dispatcher import Dispatcher

import leukofeat
from leukofeat.datasets import make_smears
from leukofeat.opencv import cv2
from leukofeat.smear import Smear

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import transfer
from laboratories.sets import load_sites
from peers import color, nearest, regions, shape, texture  # noqa: F401
from peers.samples import Sample, without_specks
from peers.turns import KERNELS, compare

ROOMS = (
    *(f"leukofeat.kernels.{room}." for room in ("regions", "shape", "texture", "color")),
    "leukofeat.kernels.neighbors",
)
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


@pytest.fixture(scope="module")
def laboratories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn stand-ins for three of the sets, as those come."""
    folder = tmp_path_factory.mktemp("sets")
    smears = make_smears(n_samples=48, size=64, n_slides=8, random_state=0)
    labels = smears.target_names[smears.target]

    def put(name: str, image: Any) -> None:
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(place), np.ascontiguousarray(image[:, :, ::-1]))

    names = [f"{label}/{i}.png" for i, label in enumerate(labels[:16])]
    for name, image in zip(names, smears.images, strict=False):
        put(f"leukemia4/{name}", image)
    streams = [f"{label}-{group}" for label, group in zip(labels, smears.groups, strict=True)][:16]
    pd.DataFrame({"path": names, "label": labels[:16], "stream": streams}).to_csv(
        folder / "leukemia4/manifest.csv", index=False
    )
    for i, number in enumerate([223, 257, *range(12)]):
        put(f"allidb2/{'healthy' if i < 7 else 'blast'}/Im{number:03d}_{i < 7:d}.png", smears.images[16 + i])
    for i in range(4):
        put(f"pbc5/{('lymphocyte', 'monocyte')[i % 2]}/{i}.png", smears.images[32 + i])
    return folder


def test_sites_of_the_benchmark_of_transfer(laboratories: Path) -> None:
    sites, told = load_sites(laboratories)
    assert list(sites) == ["leukemia4", "allidb2", "pbc5"]
    assert sum("left out" in line for line in told) == 3
    assert set(sites["leukemia4"].target) == {"blast", "healthy"}
    assert len(np.unique(sites["leukemia4"].groups)) == 7
    # one cell, two files
    assert len(np.unique(sites["allidb2"].groups)) == 13
    assert sites["pbc5"].cell_type.tolist() == ["lymphocyte", "lymphocyte", "monocyte", "monocyte"]
    sites, told = load_sites(laboratories, task="lymphocytes", limit=3)
    assert sites["pbc5"].cell_type.tolist() == ["lymphocyte"] * 2
    assert [len(site.target) for site in sites.values()] == [6, 6, 2]
    assert any("leukemia4, allidb2: the types of healthy cells are not stated" in line for line in told)
    cells = load_sites(laboratories, cells=True)[0]["leukemia4"]
    assert all(cells.images.smear(i).cells is None for i in range(len(cells.images)))
    assert len(cells.images) == len(cells.target) == len(cells.groups)


def test_benchmark_of_transfer(laboratories: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {name: str(tmp_path / name) for name in ("json", "markdown")}
    typed = ["--data", str(laboratories), "--pipelines", "four_colors", "--columns", "jin2023_svm", "--bootstrap", "20"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what few images cannot calibrate
        assert transfer.main([*typed, "--quiet", *(f"--{name}={file}" for name, file in files.items())]) == 0
    told = capsys.readouterr().out
    page, found = Path(files["markdown"]).read_text(), json.loads(Path(files["json"]).read_text())
    for text in ("all others", "no_leukocytes", "pbc5", "wbcseg: not in"):
        assert text in told
        assert text in page
    assert "esearch use only" in told
    assert "Columns alone, the best" in told
    assert [line for line in page.splitlines() if line.startswith("<!--")] == [
        f"<!-- table: {name} -->" for name in ("transfer", "operating", "false_alarms")
    ]
    keys = {(row["pipeline"], row["train"], row["test"]) for row in found["table"]}
    assert ("four_colors", "all others", "pbc5") in keys
    assert {row["column"] for row in found["columns"]}


def test_benchmark_of_transfer_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        transfer.main(["--data", str(tmp_path)])
    assert "fewer than two of the sets" in capsys.readouterr().err
