"""The hash of values, objects, functions and classes by their content."""

import collections
import functools
import hashlib
import io
import os
import pickle
import platform
import re
import types
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from leukofeat.digest.code import imported, reads
from leukofeat.digest.installed import is_library, library_name, version_of

_PLAIN = (type(None), bool, int, float, complex, str)
_ORDERED = (list, tuple)
_USUAL = ("bool", "int64", "float64", "complex128")
# what scikit-learn hangs onto its estimators: how results are wrapped and handed on, who watches a fit
_NOT_STATE = re.compile("_sklearn_|_skl_|_parent_callback|_callback_fit_ctx$|_metadata_request$")
# what Python and others note of a class, of which its instances do nothing
_NOT_OF_A_CLASS = frozenset(
    [
        "__module__",
        "__qualname__",
        "__doc__",
        "__dict__",
        "__weakref__",
        "__firstlineno__",
        "__static_attributes__",
        "__annotations__",
        "__slotnames__",
        "__abstractmethods__",
        "__annotations_cache__",
        "__annotate_func__",
        "__orig_bases__",
        "__parameters__",
        "__dataclass_fields__",
        "__dataclass_params__",
        "_abc_impl",
    ]
)
_SLOTS = (types.MemberDescriptorType, types.GetSetDescriptorType)


def state_of(value: Any) -> dict[str, Any]:
    """Attributes of an object, those in slots too, without what scikit-learn hangs onto its estimators.

    Examples
    --------
    >>> from sklearn.preprocessing import StandardScaler
    >>> state_of(StandardScaler().set_output(transform="pandas"))
    {'with_mean': True, 'with_std': True, 'copy': True}
    """
    state = object.__getstate__(value)
    parts = state if isinstance(state, tuple) else (state,)
    return {name: item for part in parts if part for name, item in part.items() if not _NOT_STATE.match(name)}


class Content:
    """Hash that values are added to. What holds itself is taken once, and so is every class and function.

    Parameters
    ----------
    around : Content, optional
        The hash that this one is made for a part of.
    """

    def __init__(self, around: "Content | None" = None) -> None:
        self.hash = hashlib.blake2b(digest_size=16)
        self.within: dict[int, int] = {} if around is None else around.within
        self.modules: set[int] = set() if around is None else around.modules
        # number of each class and function, which is held so that its id stays its own
        self.defined: dict[int, tuple[int, Any]] = {} if around is None else around.defined.copy()

    def part(self, value: Any) -> str:
        """Digest of a part by itself, whatever stands beside it."""
        one = Content(self)
        one.add(value)
        return one.hash.hexdigest()

    def say(self, kind: str, content: bytes | str = b"") -> None:
        """Add a piece with its kind and length, so that no two sequences of pieces read alike."""
        data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        self.hash.update(f"{kind}:{len(data)}:".encode())
        self.hash.update(data)

    def add(self, value: Any) -> None:
        """Add a value of any kind."""
        if isinstance(value, np.generic) and value.dtype.kind in "biufcSU":
            # 3 is 3 whoever counted, but what computes with less or more digits is another number
            if value.dtype.kind in "biufc" and value.dtype.name not in _USUAL:
                self.say(value.dtype.name, repr(value))
            else:
                self.add(value.item())
        elif type(value) in _PLAIN:
            self.say(type(value).__name__, value if isinstance(value, str) else repr(value))
        elif type(value) in (bytes, bytearray, memoryview):
            self.say("bytes", bytes(value))
        elif type(value) in (np.ndarray, np.memmap) and value.dtype.kind not in "OV":
            self.say("array", f"{value.dtype.str}{value.shape}")
            self.say("data", np.ascontiguousarray(value).tobytes())
        elif isinstance(value, os.PathLike):
            self.say("path", os.fspath(value))
        elif id(value) in self.within:
            self.say("again", str(self.within[id(value)]))
        else:
            self.within[id(value)] = len(self.within)
            try:
                self._add_compound(value)
            finally:
                del self.within[id(value)]

    def _add_compound(self, value: Any) -> None:
        kind = type(value)
        if kind in _ORDERED or (kind is np.ndarray and value.ndim and value.dtype.kind == "O"):
            self.say("items", str(len(value)))
            for item in value:
                self.add(item)
        elif kind in (dict, collections.OrderedDict, types.MappingProxyType):
            self._add_pairs(value)
        elif kind in (set, frozenset):
            self.say("unordered", "".join(sorted(self.part(item) for item in value)))
        elif kind is functools.partial:
            self.say("partial")
            self.add([value.func, value.args, value.keywords])
        elif isinstance(value, types.MethodType):
            self.say("method")
            self.add([value.__func__, value.__self__])
        elif isinstance(value, types.ModuleType):
            self._add_module(value, vars(value).keys())
        elif isinstance(value, types.CodeType):
            self._add_code(value)
        elif is_kernel(value):
            self.say("kernel")
            self.add([value.py_func, getattr(value, "targetoptions", None)])
        elif isinstance(value, (type, types.FunctionType)) or (
            is_library(kind.__module__) and isinstance(getattr(value, "__qualname__", None), str)
        ):
            self._add_definition(value)
        else:
            self._add_object(value)

    def _add_pairs(self, pairs: Mapping[Any, Any]) -> None:
        keyed = sorted(((self.part(key), key) for key in pairs), key=lambda one: one[0])
        self.say("pairs", str(len(keyed)))
        for digest, key in keyed:
            self.say("key", digest)
            self.add(pairs[key])

    def _add_object(self, value: Any) -> None:
        kind = type(value)
        if callable(getattr(kind, "identity", None)):
            self._add_definition(kind)
            self.add(value.identity())
        elif hasattr(kind, "get_params"):
            self._add_definition(kind)
            self.add(state_of(value))
        elif is_library(kind.__module__):
            self._add_pickle(value)
        else:
            self._add_definition(kind)
            made = value.__reduce_ex__(4)  # what it takes to make another: of slots and of what it inherits, too
            made = (made,) if isinstance(made, str) else made
            self.add([list(part) if i > 2 and part is not None else part for i, part in enumerate(made)])

    def _add_pickle(self, value: Any) -> None:
        written = io.BytesIO()
        try:
            _Pickler(written, self).dump(value)
        except Exception as error:
            if not isinstance(value, Mapping):
                raise TypeError(f"{type(value).__name__}: nothing tells one from another by content.") from error
            self._add_pairs(value)
        else:
            self.say("pickle", written.getvalue())

    def _add_definition(self, value: Any) -> None:
        """A class or function: by name where a package brings it, by its code where it is somebody's own."""
        name = library_name(value)
        if name is not None:
            self.say("library", name)
            bound = None if isinstance(value, type) else getattr(value, "__self__", None)
            if bound is not None and not isinstance(bound, types.ModuleType):
                self.add(bound)
        elif id(value) in self.defined:
            self.say("known", str(self.defined[id(value)][0]))
        else:
            self.defined[id(value)] = (len(self.defined), value)
            if isinstance(value, type):
                self._add_class(value)
            elif isinstance(value, types.FunctionType):
                self._add_function(value)
            elif hasattr(value, "__wrapped__"):  # functools.cache
                self.say(type(value).__name__)
                self.add(value.__wrapped__)
            else:
                raise TypeError(f"{value.__qualname__}: nothing tells one from another by content.")

    def _add_class(self, kind: type) -> None:
        self.say("class")
        self.add([type(kind), *kind.__bases__])
        items = {name: _undecorated(item) for name, item in vars(kind).items() if name not in _NOT_OF_A_CLASS}
        self._add_pairs({name: item for name, item in items.items() if not isinstance(item, _SLOTS)})

    def _add_function(self, function: types.FunctionType) -> None:
        self._add_code(function.__code__)
        self.add([function.__defaults__, function.__kwdefaults__, vars(function)])
        for cell in function.__closure__ or ():
            try:
                self.add(cell.cell_contents)
            except ValueError:
                self.say("empty cell")
        found = reads(function.__code__)
        used = [(name, function.__globals__[name]) for name in sorted(found.globals & function.__globals__.keys())]
        for name, item in [*used, *imported(function)]:
            self.say("reads", name)
            if isinstance(item, types.ModuleType):
                self._add_module(item, found.names)
            else:
                self.add(item)

    def _add_module(self, module: types.ModuleType, names: Iterable[str]) -> None:
        """A module that some code uses: what an own one holds under these names, or the package that it is."""
        self.say("module", module.__name__ if is_library(module.__name__) else "")
        if is_library(module.__name__):
            self.say("version", version_of(module.__name__.partition(".")[0]))
            return
        if id(module) in self.modules:
            return
        self.modules.add(id(module))
        for name in sorted(set(names) & vars(module).keys()):
            if not name.startswith("__"):
                self.say("holds", name)
                item = vars(module)[name]
                if isinstance(item, types.ModuleType):
                    self._add_module(item, names)
                else:
                    self.add(item)
        self.modules.remove(id(module))

    def _add_code(self, code: types.CodeType) -> None:
        self.say("code", code.co_code)
        self.say("except", code.co_exceptiontable)
        self.say("names", " ".join(code.co_names))
        # by which it may be called
        self.say("arguments", " ".join(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]))
        self.add([code.co_argcount, code.co_kwonlyargcount, code.co_flags, platform.python_version()])
        self.add(list(code.co_consts))


class _Pickler(pickle.Pickler):
    """Pickle of an object of a library; what is somebody's own within it counts by its content, not by its name."""

    def __init__(self, file: io.BytesIO, content: Content) -> None:
        super().__init__(file, protocol=5)
        self.content = content

    def persistent_id(self, value: Any) -> str | None:
        if isinstance(value, (type, types.FunctionType)):
            return None if library_name(value) is not None else self.content.part(value)
        own = not is_library(type(value).__module__)
        return self.content.part(value) if own or is_kernel(value) or isinstance(value, types.ModuleType) else None


def is_kernel(value: Any) -> bool:
    """Whether this is a function that numba compiles."""
    return type(value).__module__.startswith("numba.") and hasattr(value, "py_func")


def _undecorated(item: Any) -> Any:
    kind = type(item).__name__
    if isinstance(item, property):
        return [kind, item.fget, item.fset, item.fdel]
    if isinstance(item, functools.cached_property):
        return [kind, item.func]
    if isinstance(item, functools.partialmethod):
        return [kind, item.func, item.args, item.keywords]
    return [kind, item.__func__] if isinstance(item, (classmethod, staticmethod)) else item
