"""What a command did, as data: the one document that --json prints."""

import json
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from leukofeat import __version__
from leukofeat.cli.commands import CAUTION


@dataclass
class Document:
    """What is known of the command that runs.

    Attributes
    ----------
    command : str or None
    as_json, quiet : bool
        Whether it is printed in the end, and whether lines that merely tell progress are left out.
    error : str or None
        Why the command ended early.
    written : list of str
        Files and folders, as they were typed or lie below what was typed.
    counts : dict of int
    failures : list of dict
        `file` and `reason` of each image that failed.
    figures : dict
        What the command found; other keys for each command.
    warnings : list of str
    beside : dict
        Further keys of the document itself.
    """

    command: str | None = None
    as_json: bool = False
    quiet: bool = False
    error: str | None = None
    written: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    failures: list[dict[str, str]] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    beside: dict[str, Any] = field(default_factory=dict)

    def text(self, exit_code: int) -> str:
        """The document; in ASCII, so that no terminal's encoding can break it."""
        told = {"command": self.command, "version": __version__, "exit_code": exit_code, "error": self.error}
        told |= {name: getattr(self, name) for name in ("written", "counts", "failures", "figures", "warnings")}
        return json.dumps(plain(self.beside | told | {"caution": CAUTION}), indent=1, allow_nan=False)

    def write(self, exit_code: int) -> None:
        """Print it, if it was asked for."""
        if self.as_json and sys.stdout is not None:
            print(self.text(exit_code), flush=True)


_current: ContextVar[Document] = ContextVar("document")


def current() -> Document:
    """Document of the command that runs; an empty one where none does."""
    return _current.get(Document())


@contextmanager
def documenting(document: Document) -> Iterator[Document]:
    """Make a document the current one."""
    token = _current.set(document)
    try:
        yield document
    finally:
        _current.reset(token)


def record(
    *, written: Sequence[str | os.PathLike[str]] = (), counts: Mapping[str, int] | None = None, **figures: Any
) -> None:
    """Add to the current document what was written, counted and found."""
    document = current()
    document.written += [os.fspath(path) for path in written]
    document.counts |= counts or {}
    document.figures |= figures


def plain(value: Any) -> Any:
    """A value as JSON has it: NaN and what else is missing as null, a table as a list of rows, a path as text.

    Examples
    --------
    >>> import numpy as np
    >>> plain({"auc": np.float64("nan"), "n": np.int64(3), ("a", 1): [True, None]})
    {'auc': None, 'n': 3, "('a', 1)": [True, None]}
    """
    import numpy as np
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        named = value if isinstance(value.index, pd.RangeIndex) else value.reset_index()
        return [plain(dict(zip(named.columns, row, strict=True))) for row in named.itertuples(index=False, name=None)]
    if isinstance(value, pd.Series):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist())
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (Set, Sequence)) and not isinstance(value, (str, bytes)):
        return [plain(one) for one in (sorted(value, key=str) if isinstance(value, Set) else value)]
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return (
        value
        if isinstance(value, (bool, int, float))
        else os.fspath(value)
        if isinstance(value, os.PathLike)
        else str(value)
    )
