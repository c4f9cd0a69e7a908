"""What users import is documented, and shown at work."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest

import leukofeat


def exported(module):
    """Classes and functions of ours that a package exports, or that a module of the top level defines."""
    found = [getattr(module, name) for name in getattr(module, "__all__", ())]
    if not hasattr(module, "__path__"):
        found += [thing for name, thing in vars(module).items() if not name.startswith("_")]
        found = [thing for thing in found if getattr(thing, "__module__", None) == module.__name__]
    return [thing for thing in found if getattr(thing, "__module__", "").startswith("leukofeat.")]


MODULES = [
    name for _, name, _ in pkgutil.iter_modules(leukofeat.__path__, "leukofeat.") if not name.endswith("__main__")
]
PUBLIC = {
    f"{thing.__module__}.{thing.__name__}": thing
    for name in MODULES
    for thing in exported(importlib.import_module(name))
    if inspect.isclass(thing) or inspect.isroutine(thing)
}


def own_methods(thing):
    return [
        getattr(thing, name)
        for name in vars(thing)
        if not name.startswith("_") and inspect.isroutine(getattr(thing, name))
    ]


@pytest.mark.parametrize("thing", PUBLIC.values(), ids=PUBLIC)
def test_every_exported_name_has_an_example(thing):
    documented = [thing, *(own_methods(thing) if inspect.isclass(thing) else [])]
    assert any(">>>" in (inspect.getdoc(part) or "") for part in documented)


@pytest.mark.parametrize("thing", [thing for thing in PUBLIC.values() if inspect.isclass(thing)])
def test_every_public_method_says_what_it_does(thing):
    public = [name for name in dir(thing) if not name.startswith("_") and inspect.isroutine(getattr(thing, name))]
    assert [name for name in public if not inspect.getdoc(getattr(thing, name))] == []
