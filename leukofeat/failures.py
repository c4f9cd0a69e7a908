"""What could not be measured, as data and as words for a person: a failed image is counted here and nowhere else."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

W = TypeVar("W", bound=Warning)


@dataclass(frozen=True)
class Failure:
    """One image that could not be measured.

    Examples
    --------
    >>> Failure(row=3, name="cell_3.png", reason="ImageError: the file is empty")
    Failure(row=3, name='cell_3.png', reason='ImageError: the file is empty')
    """

    row: int
    name: str
    reason: str


def raise_interrupt(error: Exception) -> None:
    """Raise KeyboardInterrupt for an error that stands for it: what arrives within a compiled kernel comes out as SystemError.

    Examples
    --------
    >>> raise_interrupt(SystemError("anything else"))
    """
    cause: BaseException | None = error
    while isinstance(cause, SystemError):  # one from the other, as the kernel was called
        cause = cause.__cause__
    if isinstance(cause, KeyboardInterrupt):
        raise KeyboardInterrupt from error


class WorkerError(RuntimeError):
    """A worker process that ended in the middle of its work, mostly because the machine's memory was used up.

    Attributes
    ----------
    n_done : int
        Images whose results had arrived.
    n_images : int
        Images of the pass.

    Examples
    --------
    >>> str(WorkerError(64, 2856)).partition(",")[0]
    'A worker process was killed after 64 of 2'
    """

    def __init__(self, n_done: int = 0, n_images: int = 0) -> None:
        super().__init__(n_done, n_images)
        self.n_done, self.n_images = n_done, n_images

    def __str__(self) -> str:
        return (
            f"A worker process was killed after {self.n_done:,} of {self.n_images:,} images, probably because memory ran out. Run it with "
            "fewer workers (n_jobs), or where there is more memory. `leukofeat extract` goes on where it was, and so does whatever has a "
            "memory=FOLDER."
        )


_ROWS = "have NaN in every column"


class ImageWarning(UserWarning):
    """Images that could not be measured.

    Attributes
    ----------
    failures : list of Failure
        What failed and why.
    what : str
        What follows for these images.

    Examples
    --------
    >>> print(ImageWarning([Failure(3, "cell_3.png", "the file is empty")], n_images=200))
    1 of 200 images could not be measured and have NaN in every column: cell_3.png: the file is empty
    """

    def __init__(self, failures: Sequence[Failure] = (), n_images: int = 0, what: str = _ROWS) -> None:
        super().__init__(failures, n_images, what)
        self.failures = list(failures)
        self.n_images = n_images
        self.what = what

    def __str__(self) -> str:
        shown = "; ".join(f"{f.name}: {f.reason}" for f in self.failures[:10])
        more = f"; and {len(self.failures) - 10} more" if len(self.failures) > 10 else ""
        return f"{len(self.failures)} of {self.n_images} images could not be measured and {self.what}: {shown}{more}"


_COLUMNS = "so that counts are 0 and what needs a cell is NaN {names}; a verdict on them rests on filled-in columns."


class EmptyWarning(UserWarning):
    """Images in which no cell was found, although columns need one; `on_empty="nan"` says nothing, "raise" stops there.

    Attributes
    ----------
    names : list of str
        What the images are called.
    what : str
        What follows for them.

    Examples
    --------
    >>> str(EmptyWarning(["white.png"], 3))[:47]
    '1 of 3 images: no leukocyte was found, so that '
    """

    def __init__(self, names: Sequence[str] = (), n_images: int = 0, what: str = _COLUMNS) -> None:
        super().__init__(names, n_images, what)
        self.names = list(names)
        self.n_images = n_images
        self.what = what

    def __str__(self) -> str:
        more = f" and {len(self.names) - 5} more" if len(self.names) > 5 else ""
        named = f"({', '.join(self.names[:5])}{more})"
        return f"{len(self.names)} of {self.n_images} images: no leukocyte was found, {self.what.format(names=named)}"


def warn_of(
    failures: Sequence[Failure],
    n_images: int,
    *,
    empty: Sequence[str] = (),
    what: str = _COLUMNS,
    lost: str = _ROWS,
) -> None:
    """Tell a person of the failures of a pass, and of the images in which nothing was found, if there are any.

    Examples
    --------
    >>> warn_of([], n_images=200)
    """
    if failures:
        warnings.warn(ImageWarning(failures, n_images, lost), stacklevel=3)
    if empty:
        warnings.warn(EmptyWarning(empty, n_images, what), stacklevel=3)


@contextmanager
def collected(kind: type[W]) -> Iterator[list[W]]:
    """List of the warnings of one kind, which nobody else hears; all others are heard as ever, at the end.

    Examples
    --------
    >>> with collected(EmptyWarning) as caught:
    ...     warn_of([], 3, empty=["white.png"])
    >>> caught[0].names
    ['white.png']
    """
    found: list[W] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", kind)
        yield found
    for one in caught:
        if isinstance(one.message, kind):
            found.append(one.message)
        else:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
