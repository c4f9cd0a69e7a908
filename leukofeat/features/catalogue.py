"""The catalogue: what every built-in family measures, from which the page of the documentation is written."""

from collections.abc import Iterable
from dataclasses import fields
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


def list_features(families: Iterable[Any] | None = None) -> pd.DataFrame:
    """What families measure: names, definitions, units, sources and invariances.

    Parameters
    ----------
    families : iterable of str, classes or stages, optional
        Families, as names, classes or objects; all built-in ones by default. What has no `measures`, such as a
        :class:`~leukofeat.features.FunctionFeatures`, is left out.

    Returns
    -------
    DataFrame
        A row a measure: `family`, `name` (a pattern of column names, with blanks in braces), `meaning`, `unit`,
        `formula`, `source`, `rotation`, `scale`, `stain` and `level`. The page docs/features.md says what the last four
        hold.

    Raises
    ------
    ValueError
        For a name that no family has.

    Examples
    --------
    >>> from leukofeat.features import GeometryFeatures
    >>> list_features([GeometryFeatures]).set_index("name").loc["nc_area_ratio", "formula"]
    'A(nucleus) / A(cell)'
    """
    named = built_in()
    rows = []
    for family in named if families is None else families:
        if isinstance(family, str):
            if family not in named:
                raise ValueError(f"{family!r} is not a family; there are {', '.join(named)}.")
            family = named[family]
        name = (family if isinstance(family, type) else type(family)).__name__
        rows += [{"family": name, **vars(measure)} for measure in getattr(family, "measures", ())]
    return pd.DataFrame(rows, columns=["family", *(field.name for field in fields(Measure))])
