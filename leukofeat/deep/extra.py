"""The optional packages: imported by the functions that need them, with a word on what to install."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

_PURPOSE = {
    "torch": "networks that are trained, or run from torchvision's and one's own definitions",
    "torchvision": "architectures by torchvision's names",
    "timm": "architectures by timm's names",
    "safetensors": "weights in safetensors files",
}


def import_extra(name: str) -> Any:
    """An optional package, or one of its modules.

    Parameters
    ----------
    name : str
        Of the module, as in `import_module`.

    Raises
    ------
    ImportError
        When it is not installed, or does not load; the message says how to get it.

    Examples
    --------
    >>> import_extra("tiff_of_the_future")
    Traceback (most recent call last):
    ImportError: tiff_of_the_future is not installed: pip install 'leukofeat[deep]'.
    """
    package = name.partition(".")[0]
    what = f" ({_PURPOSE[package]})" if package in _PURPOSE else ""
    way_out = "pip install timm" if package == "timm" else "pip install 'leukofeat[deep]'"
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.partition(".")[0] != package:
            raise
        raise ImportError(f"{package}{what} is not installed: {way_out}.") from None
    except (RuntimeError, OSError) as error:  # a build that does not fit the one of torch
        raise ImportError(
            f"{package}{what} is installed and does not load ({' '.join(str(error).split())[:200]}). Mostly it was built for another "
            f"torch: install both from one index, as in pip install --force-reinstall torch torchvision."
        ) from error


def import_torch() -> Any:
    """PyTorch, or an ImportError that says what to install."""
    return import_extra("torch")


def choose_device(device: str) -> str:
    """Name of the device to compute on: of "auto" the graphics card where there is one.

    Raises
    ------
    ValueError
        For one that PyTorch does not know or find.
    """
    torch = import_torch()
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        kind = torch.device(device).type
    except RuntimeError as error:
        raise ValueError(f"device={device!r} is none of PyTorch's ({str(error)[:200]}).") from error
    if kind == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            f"device={device!r}: PyTorch finds no graphics card here; device='auto' takes one where there is one."
        )
    return device


@contextmanager
def torch_threads(n: int | None) -> Iterator[None]:
    """Let PyTorch compute with so many threads, and afterwards with as many as before; None leaves their number."""
    torch = import_torch()
    before = torch.get_num_threads()
    torch.set_num_threads(n or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
