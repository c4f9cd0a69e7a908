"""FeatureSet: several families in one pass over the images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from leukofeat.base import FeatureFamily, check_choice
from leukofeat.measuring import extract, measure_cells


class FeatureSet(FeatureFamily):
    """Families of features measured together: each image is decoded, processed and measured once.

    Parameters
    ----------
    families : list of feature families
        Measured in this order; their columns stand side by side.
    on_empty : {"nan", "raise"}, default="nan"
        An image in which no cell is found: counts are 0 and the rest NaN, or a ValueError that names it.
    on_error : {"raise", "nan"}, default="raise"
        An image that cannot be read or measured: the error, naming it, or a row of NaN and one
        :class:`ImageWarning` at the end that lists what failed and why (also as `.failures`).
    n_jobs : int, optional
        Workers, as in joblib. None takes the number from `joblib.parallel_config` (one by default). The result
        is the same to the last byte for every number.
    verbose : int, default=0
        Above 0, a progress bar on standard error.

    Notes
    -----
    Parameters of a family are reached as `featureset__geometryfeatures__summary`: the family's class name in
    lower case, with `-1`, `-2` behind it where a class comes twice.

    Examples
    --------
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.features import ColorFeatures, FeatureSet, HOGFeatures
    >>> smears = make_smears(n_samples=4, random_state=0)
    >>> features = FeatureSet([HOGFeatures(), ColorFeatures(regions=("image",))])
    >>> features.set_output(transform="pandas").fit_transform(smears.images).shape[0]
    4
    """

    def __init__(
        self,
        families: Sequence[FeatureFamily] = (),
        *,
        on_empty: str = "nan",
        on_error: str = "raise",
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.families = families
        self.on_empty = on_empty
        self.on_error = on_error
        self.n_jobs = n_jobs
        self.verbose = verbose

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters of the set and, when `deep`, of its families under their names."""
        params = super().get_params(deep=False)
        if deep:
            for name, family in self._named_families():
                params[name] = family
                params |= {f"{name}__{key}": value for key, value in family.get_params().items()}
        return params

    def set_params(self, **params: Any) -> FeatureSet:
        """Set parameters; a family may be replaced, or its parameters set, under its name."""
        if "families" in params:
            self.families = params.pop("families")
        names = [name for name, _ in self._named_families()]
        for name in names:
            if name in params:
                families = list(self.families)
                families[names.index(name)] = params.pop(name)
                self.families = families
        super().set_params(**params)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Measure every image with every family, in one pass.

        Parameters
        ----------
        X : list, ndarray, Series or one-column DataFrame of n images, paths or smears

        Returns
        -------
        ndarray of shape (n_images, n_features), dtype float64
            A DataFrame after `set_output`. Rows are never dropped.

        Raises
        ------
        ImageError
            For a file that cannot be read, unless `on_error="nan"`.
        ValueError
            For an image without a cell when `on_empty="raise"`, and for bad parameters.
        """
        images = self._prepare(X)
        values = extract(
            list(self.families),
            images,
            on_error=self.on_error,
            on_empty=self.on_empty,
            n_jobs=self.n_jobs,
            verbose=self.verbose,
        ).values
        return self._label_rows(values, X)

    def measure_cells(self, X: Any) -> pd.DataFrame:
        """Per-cell table of the families that measure single cells.

        Parameters
        ----------
        X : sequence of n smears, as a segmenter's `transform` returns it

        Returns
        -------
        DataFrame
            A row a cell: `image` (row of X), `source` (file, or None), `cell` (label), `bbox_top`, `bbox_left`,
            `bbox_bottom`, `bbox_right` (pixels, ends exclusive), `touches_border`, then the features.
        """
        images = self._prepare(X)
        columns, _ = measure_cells(
            list(self.families), images, on_error=self.on_error, n_jobs=self.n_jobs, verbose=self.verbose
        )
        return pd.DataFrame(columns)

    def check_params(self) -> None:
        if not isinstance(self.families, (list, tuple)) or not self.families:
            raise ValueError(
                "families must be a list of at least one feature family, as in FeatureSet([GeometryFeatures()])."
            )
        for family in self.families:
            if not isinstance(family, FeatureFamily):
                raise TypeError(
                    f"{family!r} is not a feature family; wrap a function of one Smear as FunctionFeatures(function)."
                )
            family.check_params()
        check_choice("on_empty", self.on_empty, ("nan", "raise"))
        check_choice("on_error", self.on_error, ("raise", "nan"))
        twice = [name for name, count in Counter(self.row_names()).items() if count > 1]
        if twice:
            raise ValueError(
                f"Two families give the column {twice[0]!r} ({len(twice)} in all); give them other names or regions."
            )

    def _named_families(self) -> list[tuple[str, FeatureFamily]]:
        if not isinstance(self.families, (list, tuple)):
            return []  # refused by name in check_params; until then the set can be printed
        names = [type(family).__name__.lower() for family in self.families]
        total, seen = Counter(names), Counter[str]()
        named = []
        for name, family in zip(names, self.families, strict=True):
            seen[name] += 1
            named.append((f"{name}-{seen[name]}" if total[name] > 1 else name, family))
        return named

    def row_names(self) -> list[str]:
        return [name for family in self.families for name in family.row_names()]

    def row(self, smear: Any) -> np.ndarray:
        return np.concatenate([np.asarray(family.row(smear), np.float64) for family in self.families])

    def cell_names(self) -> list[str]:
        return [name for family in self.families for name in family.cell_names()]

    def cells(self, smear: Any) -> np.ndarray:
        return np.hstack([family.cells(smear) for family in self.families])
