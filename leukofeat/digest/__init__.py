"""What tells one thing from another by content: images, stages with what they learned, functions of one's own."""

import functools
import re
import types
from functools import cache
from pathlib import Path
from typing import Any

from leukofeat.digest.content import Content, state_of
from leukofeat.digest.installed import package_version

__all__ = ["describe", "digest", "environment", "state_of"]

# the rooms whose code makes the numbers; a change in any of them makes other numbers possible
_MEASURING = (
    "*.py", "augmentation/**/*.py", "datasets/**/*.py", "decode/**/*.py", "deep/**/*.py", "evaluation/**/*.py", "features/**/*.py",
    "kernels/**/*.py", "digest/**/*.py", "measuring/**/*.py", "preprocessing/**/*.py", "segmentation/**/*.py",
)  # fmt: skip
_COMPUTING = (
    "numpy",
    "scipy",
    "scikit-image",
    "numba",
    "scikit-learn",
    "simplejpeg",
    "tifffile",
    "pillow",
    "onnxruntime",
)


def digest(*values: Any) -> str:
    """Digest of values by their content, the same in every process and session.

    Parameters
    ----------
    *values : numbers, text, bytes, arrays, containers, functions, classes, stages
        A function or class that no installed package brings counts by its code, with the functions and values of its module that
        it uses, whatever it is called; one of a package by its name and the package's version. An object counts by its class and
        by what `identity()` returns, or else by its attributes.

    Returns
    -------
    str of 32 hexadecimal digits

    Raises
    ------
    TypeError
        For a value of which no content is known, such as an open file.

    Examples
    --------
    >>> from leukofeat.preprocessing import MedianDenoiser
    >>> digest(MedianDenoiser(3)) == digest(MedianDenoiser()), digest(MedianDenoiser(3)) == digest(MedianDenoiser(5))
    (True, False)
    >>> digest(lambda smear: smear.n_cells + 1) == digest(lambda smear: smear.n_cells + 2)
    False
    """
    found = Content()
    try:
        for value in values:
            found.add(value)
    except Exception as error:  # own objects may answer anything when they are asked what they are
        raise TypeError(str(error) or type(error).__name__) from error
    return found.hash.hexdigest()


@cache
def environment() -> str:
    """Digest of what else makes numbers: the package's own measuring code, and the libraries it computes with.

    Examples
    --------
    >>> len(environment())
    32
    """
    from leukofeat.opencv import cv2

    root = Path(__file__).parents[1]
    code = [(str(file.relative_to(root)), file.read_bytes()) for glob in _MEASURING for file in sorted(root.glob(glob))]
    return digest(code, package_version("leukofeat"), cv2.__version__, [package_version(name) for name in _COMPUTING])


def describe(value: Any) -> str:
    """A stage or family as one line for a person; it tells nothing apart.

    Examples
    --------
    >>> from leukofeat.preprocessing import MedianDenoiser
    >>> describe([MedianDenoiser(5).apply])
    'MedianDenoiser(size=5)'
    """
    if isinstance(value, (list, tuple)):
        return " -> ".join(map(describe, value))
    if isinstance(value, types.MethodType):
        return describe(value.__self__)
    if isinstance(value, functools.partial):
        return f"{describe(value.func)}({', '.join(map(repr, value.args))})"
    if hasattr(value, "__qualname__"):
        return str(value.__qualname__)
    if type(value).__repr__ is object.__repr__:
        return type(value).__qualname__
    return re.sub(r"<function (\S+) at 0x[0-9a-f]+>", r"\1", " ".join(str(value).split()))
