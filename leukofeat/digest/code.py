"""What some code reads beside its arguments: names of its module, and modules that it imports."""

import dis
import importlib
import types
from functools import lru_cache
from importlib.util import resolve_name
from typing import Any, NamedTuple


class Reads(NamedTuple):
    """What a function, and the functions within it, may read.

    Attributes
    ----------
    globals : frozenset of str
        Names of its module.
    names : frozenset of str
        Those, attributes, and words that may be the names of attributes.
    imports : tuple of (str, tuple of str)
        Modules that it imports when it runs, with dots in front if they are named from its own, and what it takes of each.
    """

    globals: frozenset[str]
    names: frozenset[str]
    imports: tuple[tuple[str, tuple[str, ...]], ...]


@lru_cache(4096)
def reads(code: types.CodeType) -> Reads:
    """What some code may read.

    Examples
    --------
    >>> def f(smear):
    ...     from os import path
    ...     return path.join(FOLDER, smear.source)
    >>> found = reads(f.__code__)
    >>> sorted(found.globals), sorted(found.names), found.imports
    (['FOLDER'], ['FOLDER', 'join', 'os', 'path', 'source'], (('os', ('path',)),))
    """
    read, names, imports = set(), set(code.co_names), []
    before: list[Any] = [None, None]
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            read.add(step.argval)
        elif step.opname == "IMPORT_NAME":
            level, taken = before
            imports.append(("." * (level or 0) + step.argval, tuple(taken or ())))
        before = [before[1], step.argval]
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            inner = reads(const)
            read |= inner.globals
            names |= inner.names
            imports += inner.imports
        elif isinstance(const, str) and const.isidentifier():
            names.add(const)
    return Reads(frozenset(read), frozenset(names), tuple(imports))


def imported(function: types.FunctionType) -> list[tuple[str, types.ModuleType | None]]:
    """Modules that a function imports when it runs, by name; None for one that is not there.

    Examples
    --------
    >>> def f():
    ...     import json.decoder, no_such_module
    >>> [(name, module is not None) for name, module in imported(f)]
    [('json.decoder', True), ('no_such_module', False)]
    """
    found = []
    for name, taken in reads(function.__code__).imports:
        try:
            full = resolve_name(name, function.__globals__.get("__package__") or "")
        except ImportError:
            full = name
        module = _import(full)
        found.append((full, module))
        for part in taken:  # a part may be a module, too
            if module is not None and hasattr(module, "__path__") and not hasattr(module, part):
                found.append((f"{full}.{part}", _import(f"{full}.{part}")))
    return found


def _import(name: str) -> types.ModuleType | None:
    try:
        return importlib.import_module(name)
    except Exception:  # whatever it is, the function meets it, too
        return None
