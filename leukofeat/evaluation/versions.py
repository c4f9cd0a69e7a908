"""Versions of what a figure was made with."""

import platform
import re
from importlib.metadata import version
from typing import Any

from leukofeat import __version__
from leukofeat.opencv import cv2

_PACKAGES = ("numpy", "scipy", "scikit-learn", "numba", "pandas")


def versions() -> dict[str, str]:
    """Versions of leukofeat, of what it computes with, and of Python.

    OpenCV is asked itself: it comes in several packages, of which any serves.

    Examples
    --------
    >>> list(versions())
    ['leukofeat', 'numpy', 'scipy', 'scikit-learn', 'numba', 'pandas', 'opencv', 'python']
    """
    packages = {package: version(package) for package in _PACKAGES}
    return {"leukofeat": __version__, **packages, "opencv": cv2.__version__, "python": platform.python_version()}


def full_text(pipeline: Any) -> str:
    """A pipeline in words, uncut, and the same in every process.

    Examples
    --------
    >>> full_text([len, lambda smear: 0.0])
    '[<built-in function len>, <function <lambda>>]'
    """
    try:
        text = str(pipeline.__repr__(N_CHAR_MAX=1_000_000))  # scikit-learn cuts it short otherwise
    except TypeError:
        text = repr(pipeline)
    return re.sub(r" at 0x[0-9A-Fa-f]+", "", text)
