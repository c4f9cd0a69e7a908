"""Pipelines from TOML files: data that names stages and their parameters, and can run no code of its own."""

import difflib
import inspect
import os
import tomllib
from collections.abc import Callable, Collection, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator, is_classifier
from sklearn.pipeline import Pipeline, make_pipeline

# packages and modules of ours whose stages a file may name
_FACES = ("preprocessing", "segmentation", "features", "deep", "augmentation", "selection", "whitening")
_FACTORIES = ("make_selector",)
_ALLOWED = (
    "a stage of leukofeat by its name, or a class of scikit-learn by its dotted one, as in sklearn.svm.SVC, is what a TOML "
    "file may name; it is data, not code. Own code is given as module:function"
)


def read_pipeline(path: str | os.PathLike[str]) -> Pipeline:
    """Read a pipeline from a TOML file: its stages in their order, each a table with its class and its parameters.

    A stage of leukofeat is named as its package exports it, a class of scikit-learn by its dotted name; nothing else may be named.
    Every other key is a parameter; one that is left out has its default. A table that has a `class` is a stage again, wherever
    it stands, and an array of such tables is a list of stages: so a FeatureSet gets its families::

        [[stage]]
        class = "LeukocyteSegmenter"

        [[stage]]
        class = "FeatureSet"

        [[stage.families]]
        class = "GeometryFeatures"
        summary = ["mean"]

        [[stage.families]]
        class = "ColorFeatures"

        [[stage]]
        class = "sklearn.impute.SimpleImputer"

        [[stage]]
        class = "sklearn.svm.SVC"
        C = 10

    Parameters
    ----------
    path : path
        A TOML file in UTF-8.

    Returns
    -------
    Pipeline
        Unfitted; its last step is a classifier.

    Raises
    ------
    OSError
        When the file cannot be read.
    ValueError
        For what is no TOML, an unknown class or parameter (with the nearest names), a value that a parameter may not have, or a
        last stage that is no classifier; the message names the file and the stage.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "own.toml"
    >>> _ = file.write_text('''
    ... [[stage]]
    ... class = "HOGFeatures"
    ... orientations = 6
    ... [[stage]]
    ... class = "sklearn.svm.SVC"
    ... C = 10
    ... ''')
    >>> read_pipeline(file)
    Pipeline(steps=[('hogfeatures', HOGFeatures(orientations=6)),
                    ('svc', SVC(C=10))])
    """
    file = Path(path)
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{file}: no such file.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{file}: cannot be read as TOML in UTF-8 ({error}).") from error
    tables = content.pop("stage", None)
    if content:
        raise ValueError(
            f"{file}: unknown key {next(iter(content))!r}; each stage is a table of its own, headed [[stage]]."
        )
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise ValueError(f"{file}: no stages; each is a table headed [[stage]] with the key class.")
    stages = [_build(table, f"{file}, stage {i}") for i, table in enumerate(tables, 1)]
    if not is_classifier(stages[-1]):
        raise ValueError(
            f"{file}, stage {len(stages)}: {type(stages[-1]).__name__} is no classifier; the last stage must be one, as "
            'class = "sklearn.svm.SVC".'
        )
    for i, stage in enumerate(stages[:-1], 1):
        if not hasattr(stage, "transform"):
            raise ValueError(
                f"{file}, stage {i}: {type(stage).__name__} transforms nothing; only the last stage may classify."
            )
    return make_pipeline(*stages)


def check_stages(pipeline: Any, where: str) -> None:
    """Check the parameters of each step of a pipeline, and of what steps hold, as `fit` would, before any work.

    Raises
    ------
    ValueError
        That begins with `where`, and names the parameter.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> check_stages(make_pipeline(SVC(C="ten")), "own.toml")
    Traceback (most recent call last):
    ...
    ValueError: own.toml: The 'C' parameter of SVC must be a float in the range (0.0, inf]. Got 'ten' instead.
    """
    parts = [pipeline, *pipeline.get_params().values()]
    for step in [part for part in parts if isinstance(part, BaseEstimator) and not isinstance(part, Pipeline)]:
        check = getattr(step, "check_params", None) or getattr(step, "_validate_params", None)
        try:
            if check is not None:
                check()
        except (ValueError, TypeError, OSError) as error:
            raise ValueError(f"{where}: {error}") from error


def _build(table: dict[str, Any], where: str) -> BaseEstimator:
    params = dict(table)
    name = params.pop("class", None)
    if not isinstance(name, str):
        raise ValueError(f'{where}: no class; name it, as in class = "GeometryFeatures".')
    make, where = _find(name, where), f"{where} ({name})"
    known = inspect.signature(make).parameters
    for key, value in params.items():
        if key not in known:
            raise ValueError(f"{where}: unknown parameter {key!r}{nearest(key, known)}.")
        params[key] = _value(value, known[key].default, f"{where}, {key}")
    missing = [
        key for key, p in known.items() if p.default is p.empty and p.kind != p.VAR_KEYWORD and key not in params
    ]
    if missing:
        raise ValueError(f"{where}: the parameter {missing[0]!r} is missing; it has no default.")
    try:
        stage = make(**params)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{where}: {error}") from error
    check_stages(stage, where)
    return stage


def _value(value: Any, default: Any, where: str) -> Any:
    if isinstance(value, dict):
        return _build(value, where) if "class" in value else value
    if not isinstance(value, list):
        return value
    if any(isinstance(one, dict) for one in value):
        return [_value(one, None, f"{where} {i}") for i, one in enumerate(value, 1)]
    # some of scikit-learn's parameters must be tuples, of which TOML has none
    return tuple(value) if isinstance(default, tuple) else value


def _find(name: str, where: str) -> Callable[..., BaseEstimator]:
    own = dict(_own_stages())
    if name in own:
        return own[name]
    if name.startswith("sklearn.") and (found := _of_sklearn(name)) is not None:
        return found
    last = name.rpartition(".")[2]
    names = [*own, *_sklearn_names()]
    same = [other for other in names if other.rpartition(".")[2] == last]
    hint = f" (did you mean {same[0]}?)" if same else nearest(name, names)
    raise ValueError(f"{where}: {name!r} cannot be used{hint}; {_ALLOWED}.")


def _own_stages() -> Iterator[tuple[str, Callable[..., BaseEstimator]]]:
    for face in _FACES:
        module = import_module(f"leukofeat.{face}")
        for name in getattr(module, "__all__", None) or vars(module):
            thing = getattr(module, name)
            is_ours = getattr(thing, "__module__", "").startswith("leukofeat.")
            if is_ours and (name in _FACTORIES or (inspect.isclass(thing) and issubclass(thing, BaseEstimator))):
                yield name, thing


def _of_sklearn(name: str) -> type[BaseEstimator] | None:
    module, _, last = name.rpartition(".")
    # importing tests would run them
    if not all(part.isidentifier() and part not in ("tests", "conftest", "__main__") for part in module.split(".")):
        return None
    try:
        found = getattr(import_module(module), last, None)
    except (ImportError, RecursionError):  # of a name of thousands of parts
        return None
    is_theirs = inspect.isclass(found) and issubclass(found, BaseEstimator) and found.__module__.startswith("sklearn.")
    return found if is_theirs and not inspect.isabstract(found) else None


def _sklearn_names() -> list[str]:
    from sklearn.utils import all_estimators

    found = []
    for name, thing in all_estimators():
        public = [part for part in thing.__module__.split(".") if not part.startswith("_")]
        found.append(".".join([*public, name]))
    return found


def nearest(name: str, names: Collection[str]) -> str:
    """What to put behind a message about a name that there is not: the nearest ones, or all of a few.

    Examples
    --------
    >>> nearest("sumary", ["summary", "regions"]), nearest("x", ["summary", "regions"])
    (' (did you mean summary?)', ' (there are summary, regions)')
    """
    found = difflib.get_close_matches(name, list(names), n=3, cutoff=0.6)
    if found:
        return f" (did you mean {' or '.join(found)}?)"
    return f" (there are {', '.join(names)})" if 0 < len(names) <= 30 else ""
