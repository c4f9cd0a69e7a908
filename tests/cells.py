"""Cells to measure: drawn ones that are always there, and real ones where the data home has them."""

from __future__ import annotations

import csv
from functools import lru_cache

import cv2
import numpy as np
import pytest

from leukofeat.datasets import get_data_home

DATA = get_data_home()
MISSING = f"wbcseg is not in {DATA}; LEUKOFEAT_DATA=FOLDER says where public sets lie (docs/datasets.md)"


@lru_cache(maxsize=1)
def _read(n: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    folder = DATA / "wbcseg"
    found = []
    with open(folder / "manifest.csv", newline="") as file:
        for row in list(csv.DictReader(file))[:n]:
            image = cv2.cvtColor(cv2.imread(str(folder / row["image"])), cv2.COLOR_BGR2RGB)
            mask = cv2.imread(str(folder / row["mask"]), cv2.IMREAD_GRAYSCALE)
            found.append((image, (mask >= 200).astype(np.int32), (mask >= 64).astype(np.int32)))
    return found


def real_cells(n: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Image, nucleus map and cell map of n leukocytes, spread over the data; skips the test where there are none."""
    if not (DATA / "wbcseg" / "manifest.csv").exists():
        pytest.skip(MISSING)
    cells = _read(200)
    return cells[:: max(1, len(cells) // n)][:n]


def drawn_field(seed: int = 0, shape: tuple[int, int] = (96, 110)) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A noisy image with four cells, one without nucleus, one at the border, and their label maps."""
    rng = np.random.default_rng(seed)
    nuclei = np.zeros(shape, np.int32)
    cells = np.zeros(shape, np.int32)
    for k, (row, column, radius) in enumerate([(25, 25, 17), (30, 75, 20), (75, 30, 14), (92, 90, 15)], start=1):
        cv2.ellipse(cells, (column, row), (radius, radius - 3), 20, 0, 360, k, -1)
        if k != 3:
            cv2.ellipse(nuclei, (column + 2, row), (radius // 2 + 2, radius // 2), 70, 0, 360, k, -1)
    base = np.where(
        nuclei[..., None] > 0, [110, 60, 150], np.where(cells[..., None] > 0, [170, 150, 210], [235, 225, 230])
    )
    noise = cv2.GaussianBlur(rng.normal(0, 40, (*shape, 3)), (0, 0), 1.0)
    return np.clip(base + noise, 0, 255).astype(np.uint8), nuclei, cells


def degenerate_masks() -> dict[str, np.ndarray]:
    """Label maps that break careless code."""
    one = np.zeros((7, 9), np.int32)
    one[3, 4] = 1
    line = np.zeros((7, 9), np.int32)
    line[2, 1:8] = 1
    two = np.zeros((12, 12), np.int32)
    two[1:3, 1:4] = 1
    two[8:11, 6:12] = 1
    ring = np.zeros((15, 15), np.int32)
    ring[2:13, 2:13] = 1
    ring[5:9, 4:10] = 0
    sparse = (np.random.default_rng(3).random((20, 30)) < 0.1).astype(np.int32)
    return {
        "one pixel": one,
        "row": line,
        "column": line.T.copy(),
        "diagonal": np.eye(9, dtype=np.int32),
        "everything": np.ones((6, 5), np.int32),
        "1x1": np.ones((1, 1), np.int32),
        "two parts": two,
        "with a hole": ring,
        "scattered": sparse,
    }
