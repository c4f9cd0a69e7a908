"""A tiny network as a file."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.deep.onnx_file import Tiny
from tests.deep.torch_modules import small, tiny_module

_WEIGHTS = Path(__file__).resolve().parents[2] / ".." / "shared" / "weights"


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
    """The folder of real networks beside the repository; tests that need it are skipped without it."""
    if not _WEIGHTS.is_dir():
        pytest.skip("the real networks (../shared/weights beside the repository) are not here")
    return _WEIGHTS.resolve()


_operators: list[Any] = []  # torch forgets the schemas with the objects


def define_torchvision_operators() -> None:
    """Let torchvision be imported where its compiled operators do not load; no network here needs them."""
    torch = pytest.importorskip("torch")
    if _operators:
        return
    try:
        importlib.import_module("torchvision")
    except RuntimeError:
        library = torch.library.Library("torchvision", "DEF")
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _operators.append(library)
    except ImportError:
        pytest.skip("torchvision is not installed")


@pytest.fixture(scope="session")
def torch() -> Any:
    module = pytest.importorskip("torch")
    module.set_num_threads(1)
    return module


@pytest.fixture
def torchvision(torch: Any) -> None:
    define_torchvision_operators()


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
