"""What a command says on standard error: one line each, between the bars."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from leukofeat.markup import visible
from leukofeat.remote import masked

_AHEAD = "(once; `leukofeat warmup` does it ahead) ..."


class UsageError(ValueError):
    """What was typed cannot be meant: a name that there is not, a place that cannot be written."""


def tell(text: object) -> None:
    """Print one line for a person, in which no name steers the terminal; a bar that is being drawn moves out of its way."""
    from tqdm import tqdm

    tqdm.write(f"leukofeat: {visible(' '.join(masked(str(text)).split()))}", file=sys.stderr)


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
                tell(f"compiling kernels {_AHEAD}")

        def on_end(self, event: Any) -> None:
            pass

    with event.install_listener("numba:compile", Once()):
        yield


def announce_workers(n_jobs: int | None) -> None:
    """Say that workers will compile where nothing was kept by an earlier run: of theirs nothing is heard here."""
    from numba.core.dispatcher import Dispatcher

    modules = [module for name, module in sys.modules.items() if name.startswith("leukofeat.kernels.")]
    kernels = [kernel for module in modules for kernel in vars(module).values() if isinstance(kernel, Dispatcher)]
    folders = {kernel.stats.cache_path for kernel in kernels if kernel.stats.cache_path is not None}
    if n_jobs not in (None, 1) and not any(any(Path(folder).glob("*.nbi")) for folder in folders):
        tell(f"the workers compile kernels first {_AHEAD}")
