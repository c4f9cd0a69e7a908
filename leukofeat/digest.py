"""What tells one thing from another by content: images, stages with what they learned, functions of one's own."""

import functools
import hashlib
import os
import pickle
import platform
import re
import sys
import sysconfig
import types
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

# the rooms whose code makes the numbers; a change in any of them makes other numbers possible
_MEASURING = (
    "*.py", "datasets/**/*.py", "decode/**/*.py", "deep/**/*.py", "evaluation/**/*.py", "features/**/*.py", "kernels/**/*.py",
    "preprocessing/**/*.py", "segmentation/**/*.py",
)  # fmt: skip
_COMPUTING = ("numpy", "scipy", "scikit-image", "numba", "simplejpeg", "tifffile")
# what scikit-learn hangs onto its estimators: how results are wrapped and handed on, who watches a fit
_NOT_STATE = re.compile("_(sklearn|skl|parent_callback|callback|metadata_request)")


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
    found = _Digest()
    for value in values:
        found.add(value)
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

    root = Path(__file__).parent
    code = [(str(file.relative_to(root)), file.read_bytes()) for glob in _MEASURING for file in sorted(root.glob(glob))]
    return digest(code, _version("leukofeat"), cv2.__version__, [_version(name) for name in _COMPUTING])


@cache
def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def state_of(value: Any) -> dict[str, Any]:
    """Attributes of an object, without what scikit-learn hangs onto its estimators.

    Examples
    --------
    >>> from sklearn.preprocessing import StandardScaler
    >>> state_of(StandardScaler().set_output(transform="pandas"))
    {'with_mean': True, 'with_std': True, 'copy': True}
    """
    return {name: item for name, item in vars(value).items() if not _NOT_STATE.match(name)}


class _Digest:
    """Hash that values are added to; a value that holds itself is taken once."""

    def __init__(self) -> None:
        self.hash = hashlib.blake2b(digest_size=16)
        self.within: dict[int, int] = {}

    def say(self, kind: str, content: bytes | str = b"") -> None:
        """Add a piece with its kind and length, so that no two sequences of pieces read alike."""
        data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        self.hash.update(f"{kind}:{len(data)}:".encode())
        self.hash.update(data)

    def add(self, value: Any) -> None:
        if value is None or isinstance(value, (bool, int, float, complex, str, np.generic)):
            value = value.item() if isinstance(value, np.generic) else value
            self.say(type(value).__name__, repr(value) if not isinstance(value, str) else value)
        elif isinstance(value, (bytes, bytearray, memoryview)):
            self.say("bytes", bytes(value))
        elif isinstance(value, np.ndarray) and value.dtype.kind != "O":
            self.say("array", f"{value.dtype.str}{value.shape}")
            self.say("data", np.ascontiguousarray(value).tobytes())
        elif isinstance(value, os.PathLike):
            self.say("path", os.fspath(value))
        elif id(value) in self.within:
            self.say("again", str(self.within[id(value)]))
        else:
            self.within[id(value)] = len(self.within)
            self._add_compound(value)
            del self.within[id(value)]

    def _add_compound(self, value: Any) -> None:
        if isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim):
            self.say("items", str(len(value)))
            for item in value:
                self.add(item)
        elif isinstance(value, Mapping):
            self._add_unordered([(key, value[key]) for key in value])
        elif isinstance(value, (set, frozenset)):
            self._add_unordered(value)
        elif isinstance(value, functools.partial):
            self.say("partial")
            self.add([value.func, value.args, value.keywords])
        elif isinstance(value, types.MethodType):
            self.say("method")
            self.add([value.__func__, value.__self__])
        elif isinstance(value, types.ModuleType):
            self.say("module", f"{value.__name__} {getattr(value, '__version__', '')}")
        elif isinstance(value, types.CodeType):
            self._add_code(value)
        elif hasattr(value, "py_func"):  # a numba kernel
            self.add(value.py_func)
        elif isinstance(value, (type, types.FunctionType)) or hasattr(value, "__qualname__"):
            self._add_definition(value)
        else:
            self._add_object(value)

    def _add_unordered(self, values: Any) -> None:
        found = []
        for value in values:
            one = _Digest()
            one.within = self.within
            one.add(value)
            found.append(one.hash.hexdigest())
        self.say("unordered", "".join(sorted(found)))

    def _add_object(self, value: Any) -> None:
        self._add_definition(type(value))
        if hasattr(value, "identity"):
            self.add(value.identity())
        elif _is_library(type(value).__module__) and not hasattr(value, "get_params"):
            try:
                self.say("pickle", pickle.dumps(value, protocol=5))
            except Exception as error:
                raise TypeError(f"{type(value).__name__}: nothing tells one from another by content.") from error
        else:
            self.add(state_of(value))

    def _add_definition(self, value: Any) -> None:
        """A class or function: by name where a package brings it, by its code where it is somebody's own."""
        module, name = getattr(value, "__module__", None) or "builtins", getattr(value, "__qualname__", "")
        if _is_library(module) and "<lambda>" not in name and "<locals>" not in name:
            top = module.partition(".")[0]
            known = "" if top == "leukofeat" else getattr(sys.modules.get(top), "__version__", "")
            self.say("library", f"{module}.{name} {known}")
        elif isinstance(value, type):
            self.say("class")
            self.add(list(value.__bases__))
            self._add_unordered(
                [(key, _undecorated(item)) for key, item in vars(value).items() if key not in _OF_A_CLASS]
            )
        elif isinstance(value, types.FunctionType):
            self._add_code(value.__code__)
            self.add([value.__defaults__, value.__kwdefaults__])
            self.add([cell.cell_contents for cell in value.__closure__ or ()])
            names = _names(value.__code__)
            used = [(key, value.__globals__[key]) for key in sorted(names & value.__globals__.keys())]
            self.add(
                [(key, _used_of(item, names) if isinstance(item, types.ModuleType) else item) for key, item in used]
            )
        else:
            raise TypeError(f"{name or type(value).__name__}: nothing tells one from another by content.")

    def _add_code(self, code: types.CodeType) -> None:
        self.say("code", code.co_code)
        self.say("names", " ".join(code.co_names))
        self.add([code.co_argcount, code.co_kwonlyargcount, code.co_flags, platform.python_version()])
        self.add(list(code.co_consts))


_OF_A_CLASS = frozenset(
    [
        "__module__",
        "__qualname__",
        "__doc__",
        "__dict__",
        "__weakref__",
        "__firstlineno__",
        "__static_attributes__",
        "__annotations__",
        "__abstractmethods__",
        "__annotations_cache__",
        "__annotate_func__",
        "_abc_impl",
    ]
)


def _undecorated(item: Any) -> Any:
    if isinstance(item, property):
        return ["property", item.fget, item.fset]
    return [type(item).__name__, item.__func__] if isinstance(item, (classmethod, staticmethod)) else item


def _used_of(module: types.ModuleType, names: set[str]) -> Any:
    """A module that some code uses: what an own one holds under these names, or the package that it is."""
    if _is_library(module.__name__):
        return module
    return {name: value for name, value in vars(module).items() if name in names}


def _names(code: types.CodeType) -> set[str]:
    """Names that a function, and the functions within it, may take from the module."""
    inner = (const for const in code.co_consts if isinstance(const, types.CodeType))
    return set(code.co_names).union(*map(_names, inner))


@cache
def _is_library(module: str) -> bool:
    """Whether an installed package, or Python itself, brings a module: its version stands for its code."""
    top = module.partition(".")[0]
    if top == "__main__":  # a script or a notebook, whatever started it
        return False
    if top == "leukofeat" or top in sys.stdlib_module_names:
        return True
    file = getattr(sys.modules.get(top), "__file__", None)
    if file is None:
        return top in sys.builtin_module_names
    return bool({"site-packages", "dist-packages"} & set(Path(file).parts)) or Path(file).is_relative_to(
        sysconfig.get_path("stdlib")
    )


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
