"""Versions of what a figure was made with."""

import platform
from importlib.metadata import version

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
