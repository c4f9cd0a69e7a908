"""What may stand for a feature, what it claims, and what it is compared with."""

from collections.abc import Mapping, Sequence
from typing import Any

from leukofeat.base import FeatureFamily
from leukofeat.constraints import OneOf, check
from leukofeat.features import FunctionFeatures
from leukofeat.features.catalogue import built_in
from leukofeat.features.measure import Measure


def as_family(f: Any, name: str = "f") -> FeatureFamily:
    """What may stand for a feature, as a family whose parameters are checked.

    Raises
    ------
    TypeError, ValueError
        For anything but a function or a family; the message says what to pass.

    Examples
    --------
    >>> def brightness(smear):
    ...     return smear.image.mean()
    >>> as_family(brightness).row_names()
    ['brightness']
    """
    if isinstance(f, type):
        raise TypeError(f"{f.__name__} is a class; pass an object of it, as {f.__name__}().")
    if not isinstance(f, FeatureFamily):
        if not callable(f):
            raise TypeError(
                f"{name} must be a function of a Smear or a feature family, not {type(f).__name__}; of a pipeline, pass the family, "
                "and what stands before it as segmenter=."
            )
        if not getattr(f, "__name__", "<").isidentifier():
            raise ValueError(f"{name} has no name of its own; pass FunctionFeatures(function, names=['my_column']).")
        f = FunctionFeatures(f)
    f.check_params()
    return f


def default_reference(reference: Any) -> list[FeatureFamily]:
    """The families given, or every built-in one with its default parameters.

    Examples
    --------
    >>> len(default_reference(None))
    15
    """
    if reference is None:
        return [family() for family in built_in().values()]
    return [
        m
        for family in (reference if isinstance(reference, (list, tuple)) else [reference])
        for m in as_family(family, "reference").members()
    ]


def column_entries(members: Sequence[FeatureFamily], per: str, claims: Any) -> list[Measure | None]:
    """Of each column what it claims: its entry of the catalogue, or `claims` where it has none.

    Examples
    --------
    >>> from leukofeat.features import GeometryFeatures
    >>> column_entries([GeometryFeatures()], "image", None)[0].name
    'cell_count'
    """
    own = None
    if isinstance(claims, Measure):
        own = claims
    elif claims is not None:
        words = {
            "rotation": ("any", "any, nearly", "quarter", "quarter, nearly", "turns", "no"),
            "scale": ("same", "length", "area", "no"),
            "stain": ("both", "light", "stain", "no"),
        }
        if not isinstance(claims, Mapping) or claims.keys() - words.keys():
            raise ValueError(f"claims must be a dict with some of the keys {', '.join(words)}, not {claims!r}.")
        for key, word in claims.items():
            check(f"claims[{key!r}]", word, OneOf(*words[key]))
        own = Measure("", "", "", "", "", **{"level": "image", **claims})
    return [
        next((entry for entry in member.measures if entry.matches(name)), own)
        for member in members
        for name in (member.row_names() if per == "image" else member.cell_names())
    ]
