"""What users import is documented, and shown at work."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest

import leukofeat

# modules of the top level that users import from, beside the packages' faces
MODULES = ("base", "persistence", "selection", "whitening")


def exported(module):
    """Classes and functions of ours that a package exports, or that a module defines."""
    names = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
    things = [getattr(module, name) for name in names]
    things = [thing for thing in things if inspect.isclass(thing) or inspect.isroutine(thing)]
    if not hasattr(module, "__all__"):
        return [thing for thing in things if thing.__module__ == module.__name__]
    return [thing for thing in things if thing.__module__.startswith("leukofeat.")]


FACES = [name for _, name, is_package in pkgutil.iter_modules(leukofeat.__path__, "leukofeat.") if is_package]
PUBLIC = {
    f"{thing.__module__}.{thing.__name__}": thing
    for name in ["leukofeat", *FACES, *(f"leukofeat.{name}" for name in MODULES)]
    for thing in exported(importlib.import_module(name))
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
