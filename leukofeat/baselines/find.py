"""Pipelines by what a person types: a baseline's name, a function of one's own, or a TOML file."""

import inspect
import sys
import tomllib
import types
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_type_hints

from leukofeat.baselines.registry import BASELINES, RECIPES, make_baseline
from leukofeat.baselines.toml import check_stages, nearest, read_pipeline

_FORMS = "a pipeline is a baseline's name (jin2023_svm, or jin2023_svm:segmented=true,C=10), module:function, or a .toml file"


def find_pipeline(text: str) -> tuple[str, Any]:
    """Make a pipeline from what a person types on a command line.

    Parameters
    ----------
    text : str
        One of

        - `jin2023_svm`, `jin2023_svm:segmented=true,C=10`: a name of :func:`~leukofeat.baselines.list_baselines`, and parameters
          behind a colon; numbers, `true` and `false` are what they look like, anything else is text.
        - `package.module:function`: imported with the current folder on the path. A function is called without arguments; a
          pipeline is taken as it is.
        - `folder/own.toml`: a file as :func:`~leukofeat.baselines.read_pipeline` reads it.

        and before any of them, `label=`.

    Returns
    -------
    name : str
        The label; else what was typed of a baseline, the name of the function, or that of the file without its ending.
    pipeline : estimator
        Unfitted.

    Raises
    ------
    ValueError
        For what is none of these, and for unknown or impossible parameters; the message names them and the way out.
    OSError
        When a file cannot be read.

    Examples
    --------
    >>> find_pipeline("jin2023_svm:C=10")[0]
    'jin2023_svm:C=10'
    >>> name, pipeline = find_pipeline("paper=jin2023_svm:segmented=true,C=10")
    >>> name, pipeline[-1].estimator[-1].C
    ('paper', 10)
    """
    label, text = split_label(text.strip())
    if text.lower().endswith(".toml"):
        return label or Path(text).stem, read_pipeline(text)
    name, colon, rest = text.partition(":")
    if name in RECIPES and name not in BASELINES:
        make_baseline(name)  # says why it is not built
    if name in BASELINES:
        return label or text, _baseline(text, name, rest)
    if name.lower().endswith(".py"):
        raise ValueError(f"{text}: name the module without its ending, and the function: {Path(name).stem}:function.")
    if not colon or not rest.isidentifier():
        raise ValueError(f"{text}: no such pipeline{nearest(name, BASELINES)}; {_FORMS}.")
    return label or rest, _imported(text, name, rest)


def split_label(text: str) -> tuple[str, str]:
    """Label and the rest of `label=rest`; the label is empty where there is none.

    Examples
    --------
    >>> split_label("mine=own.toml"), split_label("jin2023_svm:C=10")
    (('mine', 'own.toml'), ('', 'jin2023_svm:C=10'))
    """
    label, sign, rest = text.partition("=")
    if not sign or ":" in label or Path(text).exists():
        return "", text
    if not label.strip() or not rest.strip():
        raise ValueError(f"{text}: something must stand on both sides of the sign, as in mine=own.toml.")
    return label.strip(), rest.strip()


def _baseline(text: str, name: str, rest: str) -> Any:
    hints = get_type_hints(BASELINES[name])
    known = inspect.signature(BASELINES[name]).parameters
    params = {}
    for pair in rest.split(",") if rest else ():
        key, sign, value = (part.strip() for part in pair.partition("="))
        if not sign:
            raise ValueError(f"{text}: {pair!r} is no parameter with its value, as in {name}:{next(iter(known))}=...")
        if key not in known:
            raise ValueError(f"{text}: {name} has no parameter {key!r}; it has {', '.join(known)}.")
        params[key] = _typed(text, key, value, hints[key])
    pipeline = make_baseline(name, **params)
    check_stages(pipeline, text)
    return pipeline


def _typed(text: str, key: str, value: str, hint: Any) -> Any:
    kinds = get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    try:
        found = tomllib.loads(f"v = {value.lower() if value in ('True', 'False') else value}")["v"]
    except tomllib.TOMLDecodeError:
        found = value
    fits = type(found) in kinds or (type(found) is int and float in kinds)
    if not fits:
        words = {bool: "true or false", float: "a number", int: "a whole number", str: "text"}
        raise ValueError(
            f"{text}: {key} must be {' or '.join(words[kind] for kind in kinds if kind in words)}, not {value!r}."
        )
    return found


def _imported(text: str, module: str, name: str) -> Any:
    here = str(Path.cwd())
    if here not in sys.path:  # and it stays there: worker processes import the module, too
        sys.path.insert(0, here)
    try:
        found = getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name is not None and (module == error.name or module.startswith(f"{error.name}.")):
            raise ValueError(f"{text}: no module {error.name!r} here or among the installed ones; {_FORMS}.") from error
        raise ValueError(f"{text}: importing it failed ({_told(error)}).") from error
    except AttributeError as error:
        names = (
            [key for key in vars(sys.modules.get(module, object)) if not key.startswith("_")]
            if module in sys.modules
            else []
        )
        raise ValueError(f"{text}: {module} has no {name!r}{nearest(name, names)}.") from error
    except Exception as error:  # whatever somebody's module raises
        raise ValueError(f"{text}: importing it failed ({_told(error)}).") from error
    is_estimator = hasattr(found, "fit") and not inspect.isclass(found)
    pipeline = found if is_estimator else _called(text, found)
    if not (hasattr(pipeline, "fit") and hasattr(pipeline, "get_params")) or inspect.isclass(pipeline):
        raise ValueError(f"{text}: gives a {type(pipeline).__name__}; a scikit-learn pipeline is wanted.")
    return pipeline


def _called(text: str, found: Any) -> Any:
    if not callable(found):
        raise ValueError(
            f"{text}: is a {type(found).__name__}; a function without arguments, or a pipeline, is wanted."
        )
    needed = [
        p.name for p in _parameters(found) if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    if needed:
        raise ValueError(f"{text}: is called without arguments, but needs {', '.join(needed)}; give them defaults.")
    try:
        return found()
    except Exception as error:  # whatever somebody's function raises
        raise ValueError(f"{text}: calling it failed ({_told(error)}).") from error


def _parameters(found: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(found).parameters.values())
    except (TypeError, ValueError):
        return []


def _told(error: Exception) -> str:
    """Kind, text and place of an error in somebody's code."""
    trace, place = error.__traceback__, ""
    while trace is not None:
        place, trace = f"{Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}", trace.tb_next
    return f"{type(error).__name__}: {error}; {place}"
