"""A tiny network as a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deep.onnx_file import Tiny

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
