"""What an installed package or Python itself brings: its version stands for its code."""

import os
import sys
import sysconfig
import types
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import Any

_BY_HAND = frozenset(["__main__", "__mp_main__"])  # a script or a notebook, whatever started it


def is_library(module: Any) -> bool:
    """Whether an installed package, or Python itself, brings a module.

    Parameters
    ----------
    module : str
        Its name.

    Examples
    --------
    >>> is_library("numpy.linalg"), is_library("__main__")
    (True, False)
    """
    top = module.partition(".")[0] if isinstance(module, str) else "builtins"
    if top in _BY_HAND:
        return False
    if top == "leukofeat" or top.startswith("_cython_"):
        return True
    loaded = sys.modules.get(top)
    file = getattr(loaded, "__file__", None)
    if not file:
        return top in sys.builtin_module_names or top in sys.stdlib_module_names
    return _is_installed(top, os.path.abspath(file))  # a file of one's own may have the name of one of Python's


@cache
def _is_installed(top: str, file: str) -> bool:
    if {"site-packages", "dist-packages"} & set(Path(file).parts):
        return bool(version_of(top))
    return Path(file).is_relative_to(sysconfig.get_path("stdlib"))


@cache
def version_of(top: str) -> str:
    """Version of the package that brings a top-level module; empty where none is said, and for Python and leukofeat themselves."""
    if top == "leukofeat" or top in sys.stdlib_module_names:
        return ""
    said = getattr(sys.modules.get(top), "__version__", None)
    if isinstance(said, str) and said:
        return said
    packages = packages_distributions().get(top, [top])
    return " ".join(package_version(package) for package in sorted(set(packages))).strip()


@cache
def package_version(package: str) -> str:
    """Version of a package by the name it is installed under, or nothing where it is not.

    Examples
    --------
    >>> package_version("no-such-package")
    ''
    """
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def library_name(value: Any) -> str | None:
    """Name and version of a class or function that a package brings; None of somebody's own, and of what has no place in its module.

    Examples
    --------
    >>> library_name(dict.get), library_name(lambda x: x)
    ('builtins.dict.get ', None)
    """
    module, name = getattr(value, "__module__", None) or "builtins", getattr(value, "__qualname__", "")
    if not is_library(module) or "<lambda>" in name or "<locals>" in name:
        return None
    # functools.wraps gives a function the name of another
    if isinstance(value, types.FunctionType) and not is_library(value.__globals__.get("__name__", "__main__")):
        return None
    return f"{module}.{name} {version_of(str(module).partition('.')[0])}"
