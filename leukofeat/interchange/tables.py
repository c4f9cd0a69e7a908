"""Tables of cells for other packages."""

import warnings
from typing import Any

import numpy as np
import pandas as pd

from leukofeat.extras import import_extra
from leukofeat.features.known_cells import CellBoxes, CellCenters

# what `leukofeat extract --cells` puts in front
_FRAME = ("path", "label", "split", "group")


def feature_columns(table: pd.DataFrame) -> list[str]:
    """Columns of a per-cell table that were measured: numbers, and not what says which cell it is and where.

    Examples
    --------
    >>> feature_columns(pd.DataFrame({"cell": [1], "confidence": [0.5], "nucleus_area": [80.0], "path": ["a.png"]}))
    ['nucleus_area']
    """
    apart = {"image", "source", *CellBoxes.names, *CellCenters.names, *_FRAME}
    return [name for name in table.columns if name not in apart and pd.api.types.is_numeric_dtype(table[name])]


def to_anndata(table: pd.DataFrame, parameters: dict[str, Any] | None = None) -> Any:
    """Per-cell table as AnnData, laid out as scanpy and squidpy expect it.

    Parameters
    ----------
    table : DataFrame
        From :meth:`~leukofeat.features.FeatureSet.measure_cells`, or `leukofeat extract --cells` read again.
    parameters : dict, optional
        What the table was made with, such as `features.get_params()`; kept as text.

    Returns
    -------
    AnnData of shape (n_cells, n_features)
        `X`: the features, float64, `var_names` their columns. `obs`: image, source, cell, box, `touches_border`, `confidence`, and
        whatever else the table has that is no feature; text as categories. `obsm["spatial"]`: x and y of each cell's centre in pixels.
        `uns["leukofeat"]`: version and parameters.

    Raises
    ------
    ImportError
        Without the package anndata.
    ValueError
        For a table without the columns of a cell's centre.

    Notes
    -----
    Images are separate fields: give `library_key="image"` to functions of squidpy that look at neighbours.

    Examples
    --------
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.features import FeatureSet, GeometryFeatures
    >>> from leukofeat.segmentation import OtsuSegmenter
    >>> smears = OtsuSegmenter().fit_transform(make_smears(n_samples=2, random_state=0).images)
    >>> cells = to_anndata(FeatureSet([GeometryFeatures()]).measure_cells(smears))
    >>> cells.n_obs == len(cells.obsm["spatial"])
    True
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        anndata = import_extra("anndata")
    from leukofeat import __version__

    lacking = [name for name in (*CellCenters.names[:2], "cell") if name not in table]
    if lacking:
        raise ValueError(f"The table has no column {lacking[0]!r}; take it from FeatureSet.measure_cells.")
    names = feature_columns(table)
    obs = table[[name for name in table.columns if name not in names]].copy()
    for name in obs.columns:
        if name == "image" or obs[name].dtype == object or pd.api.types.is_string_dtype(obs[name]):
            # a category cannot be None in a file of AnnData, squidpy wants categories of text, and the file plain objects
            named = ["" if pd.isna(value) else str(value) for value in obs[name]]
            obs[name] = pd.Categorical(named, categories=pd.Index(dict.fromkeys(named), dtype=object))
    obs.index = pd.Index([str(i) for i in range(len(obs))], dtype=object)
    kept = {key: repr(value) for key, value in (parameters or {}).items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of what anndata asks of pandas
        return anndata.AnnData(
            X=table[names].to_numpy(np.float64),
            obs=obs,
            var=pd.DataFrame(index=pd.Index(names, dtype=object)),
            obsm={"spatial": table[list(CellCenters.names[:2])].to_numpy(np.float64)},
            uns={"leukofeat": {"version": __version__, "parameters": kept}},
        )


__doctest_requires__ = {("to_anndata",): ["anndata"]}
