"""A tiny network as a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from networks.operators import define_torchvision_operators

from leukofeat.datasets import get_data_home
from tests.deep.onnx_file import Tiny
from tests.deep.torch_modules import small, tiny_module


@pytest.fixture(scope="session")
def torchvision_models() -> Any:
    """torchvision.models; tests that need it are skipped without it."""
    pytest.importorskip("torch")
    define_torchvision_operators()
    return pytest.importorskip("torchvision.models")


@pytest.fixture(scope="session")
def tiny() -> Tiny:
    return Tiny()


@pytest.fixture(scope="session")
def network(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("networks") / "tiny.onnx"
    path.write_bytes(tiny.content)
    return str(path)


@pytest.fixture(scope="session")
def weights() -> Path:
    """The folder of real networks in the data home; tests that need it are skipped without it."""
    folder = get_data_home() / "weights"
    if not folder.is_dir():
        pytest.skip(
            f"no real networks: {folder} is missing; LEUKOFEAT_DATA=FOLDER says where the folder `weights` lies"
        )
    return folder


@pytest.fixture(scope="session")
def torch() -> Any:
    module = pytest.importorskip("torch")
    module.set_num_threads(1)
    return module


@pytest.fixture
def torchvision(torchvision_models: Any) -> None:
    """torchvision's architectures by name; tests that need them are skipped without."""


@pytest.fixture
def images(rng: Any) -> list[Any]:
    return [rng.integers(0, 256, (16, 16, 3), dtype=np.uint8) for _ in range(5)]


@pytest.fixture
def module(torch: Any, tiny: Tiny) -> Any:
    return tiny_module(tiny)


@pytest.fixture
def weights_file(torch: Any, tmp_path: Path) -> Any:
    """Writes weights of `small`, by a seed."""

    def write(seed: int) -> Path:
        torch.manual_seed(seed)
        torch.save(small(4).state_dict(), tmp_path / "small.pt")
        return tmp_path / "small.pt"

    return write
