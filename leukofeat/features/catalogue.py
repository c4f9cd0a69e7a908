"""The catalogue: what every built-in family measures, from which the page of the documentation is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

import pandas as pd

from leukofeat.features import measures_color as color
from leukofeat.features import measures_texture as texture
from leukofeat.features.contours import ContourFeatures
from leukofeat.features.geometry import GeometryFeatures
from leukofeat.features.measure import Measure
from leukofeat.features.outline import OutlineFeatures

CATALOGUE: dict[str, tuple[Measure, ...]] = {
    "GeometryFeatures": GeometryFeatures.measures,
    "OutlineFeatures": OutlineFeatures.measures,
    "ContourFeatures": ContourFeatures.measures,
    "HOGFeatures": texture.HOG,
    "ColorFeatures": color.COLOR,
    "RelativeColorFeatures": color.RELATIVE_COLOR,
    "TextureFeatures": texture.TEXTURE,
    "RunLengthFeatures": texture.RUN_LENGTH,
    "ChromatinFeatures": texture.CHROMATIN,
    "GaborFeatures": texture.GABOR,
    "WaveletFeatures": texture.WAVELET,
    "GranulometryFeatures": texture.GRANULOMETRY,
}


def list_features(families: Iterable[Any] | None = None) -> pd.DataFrame:
    """What the built-in families measure: names, definitions, units, sources and invariances.

    Parameters
    ----------
    families : iterable of str, classes or stages, optional
        Families, as names, classes or objects; all of them by default. What has no entry, such as a
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
    wanted = list(CATALOGUE) if families is None else [_name(family) for family in families]
    rows = [{"family": name, **vars(measure)} for name in wanted for measure in CATALOGUE.get(name, ())]
    return pd.DataFrame(rows, columns=["family", *(field.name for field in fields(Measure))])


def _name(family: Any) -> str:
    if isinstance(family, str):
        if family not in CATALOGUE:
            raise ValueError(f"{family!r} is not a family; there are {', '.join(CATALOGUE)}.")
        return family
    return (family if isinstance(family, type) else type(family)).__name__


def find_measure(family: str, column: str) -> Measure | None:
    """The entry of a family that describes a column, of an image's row or of the per-cell table; None if there is none.

    Examples
    --------
    >>> find_measure("GeometryFeatures", "nucleus_area_mean").unit
    'px²'
    """
    return next((measure for measure in CATALOGUE[family] if measure.matches(column)), None)
