"""The packages of small extras: imported by the functions that need them, with a word on what to install."""

from importlib import import_module
from typing import Any

__doctest_requires__ = {"import_extra": ["pyarrow"]}

# package: the extra that it comes with, and what it is for
_EXTRAS = {
    "anndata": ("anndata", "AnnData tables"),
    "matplotlib": ("plot", "pictures"),
    "pyarrow": ("parquet", "Parquet files"),
    "roifile": ("imagej", "ImageJ's regions of interest"),
}


def import_extra(name: str, wanted_for: str = "") -> Any:
    """A package of an extra, or one of its modules.

    Parameters
    ----------
    name : str
        Of the module, as in `import_module`.
    wanted_for : str, optional
        What needs it, such as a file; stands in front of the message.

    Raises
    ------
    ImportError
        When it is not installed; the message says how to get it.

    Examples
    --------
    >>> import_extra("pyarrow.parquet").__name__
    'pyarrow.parquet'
    """
    package = name.partition(".")[0]
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.partition(".")[0] != package:
            raise
        raise ImportError(f"{wanted_for and f'{wanted_for}: '}{missing(package)}", name=package) from None


def missing(package: str) -> str:
    """What is said where a package of an extra is not installed.

    Examples
    --------
    >>> missing("matplotlib")
    "pictures need matplotlib, which is not installed: pip install 'leukofeat[plot]'."
    """
    extra, purpose = _EXTRAS[package]
    return f"{purpose} need {package}, which is not installed: pip install 'leukofeat[{extra}]'."


def is_installed(package: str) -> bool:
    """Whether a package can be imported.

    Examples
    --------
    >>> is_installed("numpy"), is_installed("tables_of_the_future")
    (True, False)
    """
    try:
        import_module(package)
    except ImportError:
        return False
    return True
