"""What importing costs, and that an install that cannot be written to works."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import leukofeat


def run(code: str, *, prefix: tuple[str, ...] = (), **environment: str) -> str:
    env = {key: value for key, value in os.environ.items() if key not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")}
    command = [*prefix, sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env=env | environment, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_is_light():
    heavy = ("numba", "sklearn", "scipy", "skimage", "pandas", "matplotlib", "cv2", "joblib", "numpy")
    assert run(f"import sys, leukofeat; print([m for m in {heavy} if m in sys.modules])") == "[]"


def test_reading_images_needs_neither_numba_nor_scikit_learn():
    code = "import sys, leukofeat; leukofeat.as_sequence; leukofeat.Smear; print(sorted({'numba', 'sklearn'} & set(sys.modules)))"
    assert run(code) == "[]"


def test_submodules_on_demand():
    assert run("import leukofeat; print(leukofeat.features.FeatureSet.__name__)") == "FeatureSet"


def test_everything_announced_is_there():
    for name in leukofeat.__all__:
        assert getattr(leukofeat, name) is not None
    for name in dir(leukofeat):
        getattr(leukofeat, name)
    with pytest.raises(AttributeError, match="module 'leukofeat' has no attribute 'nothing'"):
        _ = leukofeat.nothing


@pytest.mark.parametrize("writable", [True, False])
def test_a_kernel_compiles_with_and_without_a_place_for_its_cache(writable, tmp_path):
    """numba tries the package's folder, then the user's; where none can be written the kernel lives in memory."""
    (tmp_path / "somebodys_kernel.py").write_text(
        "from leukofeat.kernels.jit import jit\n\n@jit\ndef double(x):\n    return 2 * x\n"
    )
    read_only = (
        "import tempfile\n"
        "def refuse(*args, **kwargs):\n"
        "    raise OSError(30, 'Read-only file system')\n"
        "tempfile.TemporaryFile = refuse\n"
    )
    code = ("" if writable else read_only) + (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from somebodys_kernel import double\n"
        "print(double(21), double.stats.cache_path is not None)\n"
    )
    assert run(code, HOME=str(tmp_path / "home")) == f"42 {writable}"
    assert any(tmp_path.rglob("*.nbi")) == writable


def as_plain_user() -> tuple[str, ...]:
    """What to put before a command so that permissions count even for the superuser."""
    if os.name == "nt":
        pytest.skip("folders are made read-only by their mode")
    if os.geteuid() != 0:
        return ()
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("the superuser may write everywhere, and setpriv is not here to forbid it")
    return (setpriv, "--bounding-set=-dac_override")


def test_a_read_only_install_without_a_home(tmp_path):
    package = Path(leukofeat.__file__).parent
    copy = tmp_path / "site" / "leukofeat"
    for source in package.rglob("*.py"):
        target = copy / source.relative_to(package)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    folders = [copy.parent, copy, *(p for p in copy.rglob("*") if p.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    code = (
        "import leukofeat, numpy as np\n"
        "from leukofeat.features import HOGFeatures\n"
        "row = HOGFeatures(regions=('image',)).transform([np.zeros((32, 32, 3), np.uint8)])\n"
        "print(leukofeat.__file__, len(row))"
    )
    try:
        place = {"HOME": str(copy.parent / "home"), "PYTHONPATH": str(copy.parent), "PYTHONSAFEPATH": "1"}
        out = run(code, prefix=as_plain_user(), PYTHONDONTWRITEBYTECODE="1", **place)
        assert out == f"{copy / '__init__.py'} 1"
        assert not list(copy.rglob("*.nbi"))
    finally:
        for folder in folders:
            folder.chmod(0o755)
