"""The catalogue: what every built-in family measures, from which the page of the documentation is written."""

import inspect
import re
from collections.abc import Iterable
from dataclasses import fields
from functools import partial
from importlib import import_module
from typing import Any

import pandas as pd

from leukofeat.base import FeatureFamily
from leukofeat.features.measure import Measure


def built_in() -> dict[str, type[FeatureFamily]]:
    """The families that say what they measure, by name, as the package's face lists them.

    Examples
    --------
    >>> next(iter(built_in()))
    'GeometryFeatures'
    """
    face = import_module(__package__)
    found = {name: getattr(face, name) for name in face.__all__}
    return {name: family for name, family in found.items() if getattr(family, "measures", ())}


def list_features(families: Iterable[Any] | FeatureFamily | str | None = None) -> pd.DataFrame:
    """What families measure: names, definitions, units, sources and invariances.

    Parameters
    ----------
    families : iterable of str, classes or stages, str or stage, optional
        Families, as names, classes or objects, or a single object or name; all built-in ones by default. A :class:`~leukofeat.features.FeatureSet` stands for
        those in it. An object that has no entries of its own, as a :class:`~leukofeat.features.FunctionFeatures`, is listed by its
        columns: `meaning` is the first line of the function's docstring (or of its class), and what cannot be known is empty.
        The numbered columns of an embedding are one row.

    Returns
    -------
    DataFrame
        A row a measure: `family`, `name` (a pattern of column names, with blanks in braces), `meaning`, `unit`,
        `formula`, `source`, `rotation`, `scale`, `stain` and `level`. The page docs/features.md says what the last four
        hold.

    Raises
    ------
    ValueError
        For a name that no family has, and for a class without entries: its columns depend on its parameters.
    TypeError
        For what is no family.

    Examples
    --------
    >>> from leukofeat.features import GeometryFeatures
    >>> list_features([GeometryFeatures]).set_index("name").loc["nc_area_ratio", "formula"]
    'A(nucleus) / A(cell)'

    >>> from leukofeat.features import FunctionFeatures
    >>> def redness(smear):
    ...     "Mean of the red channel."
    ...     return smear.image[:, :, 0].mean()
    >>> list_features([FunctionFeatures(redness)])[["family", "name", "meaning", "level"]].values.tolist()
    [['FunctionFeatures', 'redness', 'Mean of the red channel.', 'image']]
    """
    if isinstance(families, (str, FeatureFamily)):
        families = [families]
    named = built_in()
    rows = []
    for family in named if families is None else families:
        if isinstance(family, str):
            if family not in named:
                raise ValueError(f"{family!r} is not a family; there are {', '.join(named)}.")
            family = named[family]
        for member in family.members() if isinstance(family, FeatureFamily) else [family]:
            name = (member if isinstance(member, type) else type(member)).__name__
            rows += [
                {"family": name, **vars(measure)} for measure in getattr(member, "measures", ()) or _by_columns(member)
            ]
    return pd.DataFrame(rows, columns=["family", *(field.name for field in fields(Measure))])


def _by_columns(family: Any) -> list[Measure]:
    """Entries of a family that says nothing of itself: a column each."""
    if isinstance(family, type) and issubclass(family, FeatureFamily):
        raise ValueError(
            f"What {family.__name__} measures depends on its parameters: pass an object, as {family.__name__}(...)."
        )
    if not isinstance(family, FeatureFamily):
        raise TypeError(
            f"{family!r} is not a feature family; wrap a function of one Smear as FunctionFeatures(function)."
        )
    told = family
    if hasattr(family, "function"):
        told = family.function
        while isinstance(told, partial):
            told = told.func
    lines = (inspect.getdoc(told) or "").strip().splitlines()
    of_cells = family.cell_names()
    names, level = of_cells or family.row_names(), "cell" if of_cells else "image"
    if not hasattr(family, "function"):
        names = _runs(names)
    entry = partial(Measure, unit="", formula="", source="", rotation="", scale="", stain="", level=level)
    return [entry(name, lines[0] if lines else "") for name in names]


def _runs(names: list[str]) -> list[str]:
    """Columns, those that differ by a number at the end alone, 0 to at least 9, as one: ``embedding_{i}``."""
    stems = [re.sub(r"_\d+$", "", name) for name in names]
    long = {stem for stem, name in zip(stems, names, strict=True) if name == f"{stem}_9" and f"{stem}_0" in names}
    return list(
        dict.fromkeys(
            f"{stem}_{{i}}" if stem in long and stem != name else name for stem, name in zip(stems, names, strict=True)
        )
    )
