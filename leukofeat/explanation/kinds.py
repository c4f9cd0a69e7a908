"""What a column is about, in the words of who looks down a microscope: size, shape, colour, texture, chromatin."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import pandas as pd

from leukofeat.features.catalogue import built_in, list_features
from leukofeat.features.measure import Measure
from leukofeat.features.scaled import PREFIX, ScaledFeatures

_TRAITS = {
    "GeometryFeatures": "shape",
    "OutlineFeatures": "shape",
    "ContourFeatures": "shape",
    "HOGFeatures": "shape",
    "ColorFeatures": "colour",
    "RelativeColorFeatures": "colour",
    "ChromatinFeatures": "chromatin",
    "CovarianceFeatures": "chromatin",
    "TextureFeatures": "texture",
    "RunLengthFeatures": "texture",
    "GaborFeatures": "texture",
    "WaveletFeatures": "texture",
    "GranulometryFeatures": "texture",
    "FractalFeatures": "texture",
}
_LENGTHS = ("px", "px²")
_REGION = re.compile("nucleus|cytoplasm|cell|background|image")
_OVER_CELLS = {"mean": "mean", "std": "spread", "min": "least", "max": "greatest", "median": "median"} | {
    "q25": "lower quartile",
    "q75": "upper quartile",
}


def describe_columns(names: Sequence[str], families: Iterable[Any] = ()) -> pd.DataFrame:
    """What each column is about.

    Parameters
    ----------
    names : sequence of n str
    families : iterable of feature families, optional
        Those that the columns are of, looked through first; the built-in ones are known.

    Returns
    -------
    DataFrame of n rows, indexed by the names
        `kind` (size, shape, colour, texture, chromatin, nucleus to cell, number; of a family of your own its name), `region`, `group` ("size
        of the nucleus"), `meaning` (of the catalogue) and `unit`.

    Examples
    --------
    >>> describe_columns(["nucleus_area_mean", "nc_area_ratio_std"])[["group", "meaning", "unit"]].values.tolist()
    [['size of the nucleus', 'area, mean over the cells', 'px²'], ['nucleus to cell', 'nucleus by cell, of areas, spread over the cells', '1']]
    """
    own: dict[str, tuple[str, Measure]] = {}
    for family in families:
        if type(family).__name__ not in built_in() and not isinstance(family, ScaledFeatures):
            of_family = list_features(family)
            own |= {
                row.name: (row.family, Measure(*row[1:]))
                for row in of_family.itertuples(index=False, name="Row")
                if "{" not in row.name
            }
    rows = [_described(name, *own[name]) if name in own else _known(name) for name in names]
    return pd.DataFrame(rows, columns=["kind", "region", "group", "meaning", "unit"], index=pd.Index(names))


@lru_cache(maxsize=8192)
def _known(name: str) -> tuple[str, str, str, str, str]:
    """A column of the built-in families, at its own scale or the common one, or one that nothing is known of."""
    if name.startswith(PREFIX):
        return _known(name.removeprefix(PREFIX))
    for family, stage in built_in().items():
        for measure in stage.measures:
            if measure.matches(name):
                return _described(name, family, measure)
    return "other", "", "other columns", "", ""


def _described(name: str, family: str, measure: Measure) -> tuple[str, str, str, str, str]:
    kind = _TRAITS.get(family, family.removesuffix("Features").lower())
    found = _REGION.match(name)
    region = found.group() if found else ""
    if family == "GeometryFeatures" and measure.name in ("cell_count", "cell_neighbor_distance[_um]"):
        kind, region = "number", "cell"
    elif kind == "shape" and measure.unit in _LENGTHS:
        kind = "size"
    elif measure.name.startswith(("nc_", "nucleus_cytoplasm")):
        kind, region = "nucleus to cell", ""
    over = re.search(f"_({'|'.join(_OVER_CELLS)})$", name)
    meaning = measure.meaning
    if over and measure.level != "image" and measure.matches(name[: over.start()]):
        meaning += f", {_OVER_CELLS[over.group(1)]} over the cells"
    unit = measure.unit
    if "_um2" in name or "_um_" in f"{name}_":
        unit = unit.replace("px", "µm")
    return kind, region, _group(kind, region), meaning, unit


def _group(kind: str, region: str) -> str:
    if kind == "nucleus to cell":
        return kind
    if kind == "number":
        return "number and spacing of cells"
    return f"{kind} of the {region}" if region else kind
