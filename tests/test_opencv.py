"""Where OpenCV is missing, broken or too old, the error says what to do."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

MODULES = (
    "audit",
    "baselines",
    "cli.demo",
    "datasets",
    "deep",
    "evaluation",
    "features",
    "preprocessing",
    "report",
    "segmentation",
    "smear",
)


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize(
    ("cv2", "said"),
    [
        (
            "raise ImportError('libGL.so.1: cannot open shared object file')",
            "libGL.so.1: cannot open shared object file. leukofeat",
        ),
        ("__version__ = '4.11.0'", "OpenCV 4.11.0 is too old. leukofeat needs OpenCV 5 or newer"),
    ],
)
def test_both_ways_out_are_named(cv2, said, module, tmp_path):
    (tmp_path / "cv2.py").write_text(cv2)
    path = os.pathsep.join([str(tmp_path), os.getcwd(), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", f"import leukofeat.{module}"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert said in last
    assert "pip install opencv-python;" in last
    assert "pip install opencv-python-headless" in last
