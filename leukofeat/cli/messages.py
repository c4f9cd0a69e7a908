"""What a command says on standard error: one line each, between the bars."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from leukofeat.cli.document import current

_AHEAD = "(once; `leukofeat warmup` does it ahead) ..."
_IN_A_LOG = 60.0  # seconds from one state of a bar to the next


class UsageError(ValueError):
    """What was typed cannot be meant: a name that there is not, a place that cannot be written."""


def plain_text(text: object) -> str:
    """One line in which no name steers the terminal, and no URL shows its credentials."""
    from leukofeat.markup import visible
    from leukofeat.remote import masked

    return visible(" ".join(masked(str(text)).split()))


def tell(text: object) -> None:
    """Print one line for a person; a bar that is being drawn moves out of its way."""
    from tqdm import tqdm

    if sys.stderr is not None:
        tqdm.write(f"leukofeat: {plain_text(text)}", file=sys.stderr)


def warn(text: object) -> None:
    """Tell what a person should know before believing the results; it stands in the document of --json, too."""
    current().warnings.append(plain_text(text))
    tell(text)


def tell_progress(text: object) -> None:
    """Tell how far the work is, unless --quiet was typed."""
    if not current().quiet:
        tell(text)


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
            warn(message)

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
                tell_progress(f"compiling kernels {_AHEAD}")

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
        tell_progress(f"the workers compile kernels first {_AHEAD}")


@contextmanager
def sparing_bars() -> Iterator[None]:
    """Where standard error is no terminal, as in a log file, a bar is drawn once in a while, not ten times a second."""
    from leukofeat.parallel import bars_every

    if sys.stderr is not None and sys.stderr.isatty():
        yield
        return
    with bars_every(_IN_A_LOG):
        yield
