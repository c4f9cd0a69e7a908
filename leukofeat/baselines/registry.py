"""The baselines' names, and how one is made by its name."""

from collections.abc import Callable
from typing import Any

import pandas as pd
from sklearn.pipeline import Pipeline

from leukofeat.baselines.controls import four_colors, no_leukocytes
from leukofeat.baselines.jin2023 import jin2023_svm
from leukofeat.baselines.leukofeat_svm import leukofeat_svm
from leukofeat.constraints import OneOf, check

BASELINES: dict[str, Callable[..., Pipeline]] = {
    make.__name__: make for make in (leukofeat_svm, jin2023_svm, four_colors, no_leukocytes)
}


def make_baseline(name: str = "leukofeat_svm", **params: Any) -> Pipeline:
    """Make a pipeline from images to classes by its name.

    Parameters
    ----------
    name : str
        One of :func:`list_baselines`.
    **params
        Parameters of that pipeline, for example `C`, or `segmented` of "jin2023_svm".

    Returns
    -------
    Pipeline
        Plain scikit-learn, unfitted; its feature step is called `featureset`.

    Raises
    ------
    ValueError
        For an unknown name; the message lists the known ones.

    Examples
    --------
    >>> make_baseline("jin2023_svm", C=10)[-1]
    SVC(C=10)
    """
    check("name", name, OneOf(*BASELINES))
    return BASELINES[name](**params)


def list_baselines() -> pd.DataFrame:
    """Names of the baselines, and what each is.

    Returns
    -------
    DataFrame
        Indexed by name, with the column `description`.

    Examples
    --------
    >>> "jin2023_svm" in list_baselines().index
    True
    """
    rows = {name: (make.__doc__ or "").split("\n")[0] for name, make in BASELINES.items()}
    return pd.DataFrame({"description": rows}).rename_axis("name")
