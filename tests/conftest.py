"""Fixtures that all tests share."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from sklearn.utils import Bunch

from leukofeat import Smear
from leukofeat.datasets import get_data_home, make_smears

cv2.setNumThreads(1)
# a busy machine is no failure
settings.register_profile("leukofeat", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("leukofeat")


@pytest.fixture(scope="session")
def smears() -> Bunch:
    """Eight small synthetic fields of four classes, with their label maps; the arrays are read-only."""
    bunch = make_smears(n_samples=8, size=96, n_slides=8, random_state=0)
    for array in (*bunch.images, *bunch.nuclei, *bunch.cells):
        array.flags.writeable = False
    return bunch


@pytest.fixture(scope="session")
def records(smears: Bunch) -> list[Smear]:
    """The same fields as segmented records, by their true label maps."""
    return [Smear(*parts) for parts in zip(smears.images, smears.nuclei, smears.cells, strict=True)]


@pytest.fixture(scope="session")
def paths(smears: Bunch, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The same fields as PNG files, which keep every pixel."""
    folder = tmp_path_factory.mktemp("smears")
    files = [str(folder / f"field_{i}.png") for i in range(len(smears.images))]
    for file, image in zip(files, smears.images, strict=True):
        assert cv2.imwrite(file, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    return files


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


class DataHome:
    """The data home: `home / NAME` is the folder of a set, and skips the test where it is missing."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __truediv__(self, name: str) -> Path:
        if not (self.path / name).is_dir():
            pytest.skip(
                f"no folder {name} in {self.path}; LEUKOFEAT_DATA=FOLDER says where public sets lie (docs/datasets.md)"
            )
        return self.path / name


@pytest.fixture(scope="session")
def data_folder() -> DataHome:
    """The data home, where public sets lie as folders; tests that need one that is missing are skipped."""
    return DataHome(get_data_home())
