"""Save and load fitted pipelines without pickle: a file from elsewhere cannot run code."""

import io
import json
import os
import zipfile
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from sklearn.base import BaseEstimator

from leukofeat.atomic import write_whole
from leukofeat.markup import visible
from leukofeat.persistence.card import ModelCard, add_card
from leukofeat.persistence.forged import SCHEMA, check_archive, check_support_vectors, nodes

_LONGEST = 1_000  # characters of a message that a file gives
_BY_NAME = ("FunctionNode", "TypeNode")  # as skops calls functions and classes, of which it writes the name alone

# What a pipeline of this package holds beyond its stages and skops' own list; none runs anything on loading.
_TRUSTED = (
    "functools.partial",
    "numpy.dtype",
    "leukofeat.baselines.jin2023.channel_moments",
    "leukofeat.baselines.controls.mean_colors",
    "leukofeat.selection.anova_f",
    "leukofeat.selection.chi_square",
    "leukofeat.selection.gain_ratio",
    "leukofeat.selection.information_gain",
    # functions of two arrays
    "sklearn.feature_selection._mutual_info.mutual_info_classif",
    "sklearn.feature_selection._univariate_selection.chi2",
    "sklearn.feature_selection._univariate_selection.f_classif",
    # of an MLP, and of VotingClassifier and StackingClassifier: Python objects that hold numbers and estimators, which are
    # checked by themselves, and that compute nothing with C, so that a forged one can at worst raise an error
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.utils._bunch.Bunch",
)


def save(model: Any, path: str | os.PathLike[str], card: ModelCard | None = None) -> None:
    """Write a fitted pipeline to one file (a skops archive).

    Parameters
    ----------
    model : estimator
        A fitted pipeline or stage.
    path : path
        File to write; an existing one is replaced.
    card : ModelCard, optional
        What the model was made from, as :func:`~leukofeat.evaluation.make_card` says it: one more entry of the archive, which
        :func:`load` passes over and :func:`read_card` reads.

    Raises
    ------
    TypeError
        When `card` is none.
    ValueError
        When the model could not be loaded again: it holds what can only be pickled, such as a module of PyTorch, or a function or class
        that is not found by its name at the top of its module, such as a lambda or a static method; when the card is too large. Nothing is written then.
    OSError
        When the file cannot be written; it is then as it was.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from leukofeat.preprocessing import MedianDenoiser
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "stage.skops"
    >>> save(MedianDenoiser(5), path)
    >>> load(path)
    MedianDenoiser(size=5)
    """
    import skops.io

    archive = io.BytesIO()
    try:
        skops.io.dump(model, archive)
        unknown = skops.io.get_untrusted_types(data=archive.getvalue())
    except MemoryError:
        raise
    except Exception as error:  # whatever the parts of a model cause
        raise ValueError(
            f"{os.fspath(path)}: not written, for the model holds what can only be pickled ({_told(error)})."
        ) from error
    lost = sorted({name for name in unknown if _found(name) is None} | _replaced(archive))
    if lost:
        raise ValueError(
            f"{os.fspath(path)}: not written, for it could not be loaded again: nothing, or something else, is found by the name "
            f"{_told(', '.join(lost))}. "
            "Define functions and classes at the top of a module, by def and class."
        )
    if card is not None:
        add_card(archive, card)
    write_whole(path, archive.getvalue())


def load(path: str | os.PathLike[str], *, trusted: Sequence[str] = ()) -> Any:
    """Read a pipeline that :func:`save` wrote.

    Parameters
    ----------
    path : path
    trusted : sequence of str
        Further types to accept, by qualified name; needed for stages and functions of your own, and for random forests
        (`sklearn.tree._tree.Tree`: a forged tree can make scikit-learn read memory that is not its own). A k-NN keeps such a tree
        too, unless it is made with ``algorithm="brute"``.

    Returns
    -------
    estimator

    Raises
    ------
    ValueError
        When the file is no saved model, is damaged, was written by a version with other parameters, would unpack to many times its length, or holds types that are neither leukofeat's
        nor scikit-learn's nor in `trusted`; the message lists them.

    Examples
    --------
    >>> load("nowhere.skops")
    Traceback (most recent call last):
    ...
    ValueError: nowhere.skops: no such file.
    """
    if not Path(path).is_file():
        raise ValueError(f"{os.fspath(path)}: no such file.")
    # here, because it looks through all of scikit-learn, which imports torch where there is one
    import skops.io

    try:
        unknown = check_archive(path) + skops.io.get_untrusted_types(file=path)
    except Exception as error:
        raise ValueError(f"{os.fspath(path)}: not a model that leukofeat saved ({_told(error)}).") from error
    ours = [name for name in unknown if name in _TRUSTED or _is_stage(name)]
    foreign = sorted(set(unknown) - set(ours) - set(trusted))
    if foreign:
        moved = any(name.startswith("leukofeat.") for name in foreign)
        way_out = (
            "Another version of leukofeat wrote it: fit it again"
            if moved
            else "If you trust the file, name them in trusted= of leukofeat.persistence.load, in Python; no command opens it"
        )
        raise ValueError(
            f"{os.fspath(path)}: holds types this package does not know: {_told(', '.join(foreign))}. {way_out}."
        )
    try:
        model = skops.io.load(path, trusted=[*ours, *trusted])
        check_support_vectors(model)
    except Exception as error:  # whatever a file from elsewhere causes
        raise ValueError(f"{os.fspath(path)}: damaged, or not as leukofeat saved it ({_told(error)}).") from error
    try:
        if isinstance(model, BaseEstimator):
            model.get_params()
    except AttributeError as error:  # a parameter that there was not yet
        raise ValueError(
            f"{os.fspath(path)}: another version of leukofeat wrote it ({_told(error)}): fit it again."
        ) from error
    return model


def _told(what: object) -> str:
    """Words of a file from elsewhere, on one line, in which nothing steers a terminal."""
    return visible(" ".join(str(what).split()))[:_LONGEST]


def _found(name: str) -> Any:
    """What is found by a name, with a colon behind the module or without, or None: a function or class, or a method of one."""
    try:
        return resolve_name(name)
    except (ImportError, AttributeError, ValueError):
        return None


def _replaced(archive: io.BytesIO) -> set[str]:
    """Names of functions and classes of a model just written by which others than those it holds, or none, will be loaded."""
    with zipfile.ZipFile(archive) as file:
        schema = json.loads(file.read(SCHEMA))
    held = {
        (node["__module__"], node["__class__"], node["__id__"])
        for node in nodes(schema)
        if node["__loader__"] in _BY_NAME
    }
    return {f"{module}.{name}" for module, name, identity in held if id(_found(f"{module}:{name}")) != identity}


def _is_stage(name: str) -> bool:
    """Whether this is an estimator defined in leukofeat; what its modules merely import is not trusted by their name."""
    module, _, attribute = name.rpartition(".")
    # __main__ is a command: importing it would run it
    if not module.startswith("leukofeat.") or any(part.startswith("_") for part in module.split(".")):
        return False
    try:
        found = getattr(import_module(module), attribute, None)
    except ImportError:
        return False
    return isinstance(found, type) and issubclass(found, BaseEstimator) and found.__module__.startswith("leukofeat.")
