"""A tiny network as a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.deep.onnx_file import Tiny

_WEIGHTS = Path(__file__).resolve().parents[2] / ".." / "shared" / "weights"

_OPERATORS: list[Any] = []  # torch forgets what a library defines with the library


def define_torchvision_operators() -> None:
    """Let torchvision import where its compiled part is missing; nothing is done where it imports as it is.

    Skips the test where torch or torchvision is not installed.
    """
    torch = pytest.importorskip("torch")
    try:
        import torchvision
    except ModuleNotFoundError:
        pytest.skip("torchvision is not installed")
    except RuntimeError:  # operator torchvision::nms does not exist
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _OPERATORS.append(library)
        import torchvision  # noqa: F401


@pytest.fixture(scope="session")
def torchvision_models() -> Any:
    """torchvision.models; tests that need it are skipped without it."""
    define_torchvision_operators()
    import torchvision.models

    return torchvision.models


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
