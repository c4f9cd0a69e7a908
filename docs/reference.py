"""Pages of the reference: one for each package, one for each class, made of what the packages export."""

import builtins
import inspect
import pkgutil
import re
import shutil
import sys
from functools import cache
from importlib import import_module
from pathlib import Path

import leukofeat

# the way of an image first, then judging, then what stands behind; packages that are not named here follow
_FIRST = (
    "leukofeat",
    "leukofeat.datasets",
    "leukofeat.preprocessing",
    "leukofeat.segmentation",
    "leukofeat.features",
    "leukofeat.selection",
    "leukofeat.whitening",
    "leukofeat.classification",
    "leukofeat.calibration",
    "leukofeat.baselines",
    "leukofeat.evaluation",
    "leukofeat.audit",
    "leukofeat.explanation",
    "leukofeat.plotting",
    "leukofeat.report",
    "leukofeat.augmentation",
    "leukofeat.deep",
    "leukofeat.extraction",
    "leukofeat.tiling",
    "leukofeat.persistence",
    "leukofeat.base",
)
FOREIGN = (
    "BaseEstimator, TransformerMixin, ClassifierMixin, MetaEstimatorMixin, SelectorMixin, OneToOneFeatureMixin, "
    "ClassNamePrefixFeaturesOutMixin, _SetOutputMixin, _MetadataRequester, dict, list, tuple, Sequence, UserWarning, Exception, ValueError"
)

ROUTING = "set_output, get_metadata_routing, " + ", ".join(
    f"set_{name}_request"
    for name in (
        "decision_function",
        "fit",
        "inverse_transform",
        "partial_fit",
        "predict",
        "predict_proba",
        "score",
        "transform",
    )
)


@cache
def faces():
    """Modules that users import from: every package that exports something, and modules of the top level by name."""
    packages = [name for _, name, is_package in pkgutil.iter_modules(leukofeat.__path__, "leukofeat.") if is_package]
    found = [*_FIRST, *(name for name in packages if name not in _FIRST)]
    return {name: exported for name in found if (exported := _exported(import_module(name)))}


def _exported(module):
    """Names that a module exports; without `__all__`, the classes and functions it defines."""
    if hasattr(module, "__all__"):
        return [name for name in module.__all__ if not name.startswith("_")]
    if hasattr(module, "__path__"):
        return []
    own = [name for name, thing in vars(module).items() if getattr(thing, "__module__", None) == module.__name__]
    return [name for name in own if not name.startswith("_") and _kind(getattr(module, name)) != "data"]


def _kind(thing):
    if inspect.isclass(thing):
        return "exception" if issubclass(thing, BaseException) else "class"
    return "function" if inspect.isroutine(thing) or hasattr(thing, "py_func") else "data"


@cache
def names():
    """Kind of every public thing by its name; what two faces export has the name of the first."""
    first = {}
    for face, exported in faces().items():
        for name in exported:
            thing = getattr(import_module(face), name)
            if _kind(thing) == "data" or id(thing) not in first:
                first.setdefault(id(thing), f"{face}.{name}")
    kinds = {}
    for face, exported in faces().items():
        for name in exported:
            thing = getattr(import_module(face), name)
            if _kind(thing) == "data" or first[id(thing)] == f"{face}.{name}":
                kinds[f"{face}.{name}"] = _kind(thing)
    return kinds


def _find(name):
    """Thing of a dotted name, or None; what a package exports comes before a module of its that has the same name."""
    first, *rest = name.split(".")
    try:
        thing = import_module(first)
        for i, part in enumerate(rest, 1):
            thing = getattr(thing, part) if hasattr(thing, part) else import_module(".".join((first, *rest[:i])))
    except (ImportError, ValueError):
        return None
    return thing


@cache
def main_name(name, module=None):
    """Name under which a thing has its place that is called by another one, seen from a module; None where it has none."""
    for full in (f"{module}.{name}", name) if module else (name,):
        thing = _find(full)
        for main in names():
            if thing is not None and _find(main) is thing:
                return main
        owner, _, attribute = full.rpartition(".")
        above = main_name(owner) if owner.partition(".")[0] == "leukofeat" else None
        if above is not None and hasattr(_find(above), attribute):
            return f"{above}.{attribute}"
    ends = [main for main in names() if f".{main}".endswith(f".{name.partition('.')[0]}")]
    rest = name.partition(".")[2]
    return f"{ends[0]}.{rest}".rstrip(".") if len(ends) == 1 else None


@cache
def exists(name):
    """Whether a name is another package's, Python's, or one of ours that is not public."""
    ours = [module for key, module in sys.modules.items() if key.partition(".")[0] == "leukofeat"]
    first = name.partition(".")[0]
    return _find(name) is not None or hasattr(builtins, first) or any(hasattr(module, first) for module in ours)


def write(folder):
    """Write the pages, and a table of contents over them; what is there of an earlier call goes."""
    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for face in faces():
        (folder / f"{face}.rst").write_text(_face_page(face), encoding="utf-8")
    for name, kind in names().items():
        if kind == "class":
            (folder / f"{name}.rst").write_text(_class_page(name), encoding="utf-8")
    (folder / "index.rst").write_text(_index(), encoding="utf-8")


def _heading(text, line="="):
    return f"{text}\n{line * len(text)}\n"


def _index():
    rows = "\n".join(f"   {face}" for face in faces())
    table = "\n".join(f"   * - :doc:`{face}`\n     - {_sentence(import_module(face))}" for face in faces())
    return (
        f"{_heading('Reference')}\nEverything that is public, by the package it is imported from.\n\n"
        f".. list-table::\n   :widths: 30 70\n\n{table}\n\n.. toctree::\n   :hidden:\n\n{rows}\n"
    )


def _sentence(thing):
    """The first sentence of a docstring, on one line."""
    first = (inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ")
    return re.sub(r" ?\[\d+\]_", "", first.replace("::", ":"))


def _constant(name):
    value = repr(_find(name)).replace("\n", " ")
    return f".. py:data:: {name}\n\n   ``{value}``\n" if len(value) < 400 else f".. py:data:: {name}\n"


def _face_page(face):
    mine = {name: kind for name, kind in names().items() if name.rpartition(".")[0] == face}
    parts = [_heading(face), f".. automodule:: {face}\n   :no-members:\n   :no-inherited-members:\n"]
    elsewhere = [name for name in faces()[face] if f"{face}.{name}" not in mine]
    if elsewhere:
        main = (main_name(f"{face}.{name}") for name in elsewhere)
        parts.append("Also importable from here: " + ", ".join(f":obj:`{name}`" for name in main) + ".\n")
    for kind, title in (
        ("class", "Classes"),
        ("function", "Functions"),
        ("exception", "Errors and warnings"),
        ("data", "Constants"),
    ):
        some = [name for name, found in mine.items() if found == kind]
        if not some:
            continue
        parts.append(_heading(title, "-"))
        if kind == "data":
            parts += [_constant(name) for name in some]
            continue
        rows = "\n".join(f"   * - :obj:`{name.rpartition('.')[2]}`\n     - {_sentence(_find(name))}" for name in some)
        parts.append(f".. list-table::\n   :widths: 30 70\n\n{rows}\n")
        if kind == "class":
            parts.append(".. toctree::\n   :hidden:\n\n" + "\n".join(f"   {name}" for name in some) + "\n")
        else:
            parts += [f".. auto{kind}:: {name}\n" + "   :no-members:\n" * (kind == "exception") for name in some]
    return "\n".join(parts)


def _class_page(name):
    return f"{_heading(name.rpartition('.')[2])}\n.. autoclass:: {name}\n"
