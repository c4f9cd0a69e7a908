"""What a command says on standard error: one line each, between the bars."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO


class UsageError(ValueError):
    """What was typed cannot be meant: a name that there is not, a place that cannot be written."""


def tell(text: object) -> None:
    """Print one line for a person; a bar that is being drawn moves out of its way."""
    from tqdm import tqdm

    tqdm.write(f"leukofeat: {' '.join(str(text).split())}", file=sys.stderr)


@contextmanager
def plain_warnings() -> Iterator[None]:
    """UserWarnings become lines, each text once; a place in the source says nothing to who typed a command."""
    told: set[str] = set()
    before = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if not issubclass(category, UserWarning):
            before(message, category, filename, lineno, file, line)
        elif str(message) not in told:
            told.add(str(message))
            tell(message)

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show
        yield


@contextmanager
def announced_compilation() -> Iterator[None]:
    """Say it when the first kernel is compiled, which takes a minute in which no bar moves."""
    from numba.core import event

    class Once(event.Listener):
        said = False

        def on_start(self, event: Any) -> None:
            if not self.said:
                self.said = True
                tell("compiling kernels (once; `leukofeat warmup` does it ahead) ...")

        def on_end(self, event: Any) -> None:
            pass

    with event.install_listener("numba:compile", Once()):
        yield
