"""FeatureSet: several families in one pass over the images."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from sklearn.pipeline import _name_estimators

from leukofeat.base import FeatureFamily
from leukofeat.constraints import Integral, Number, OneOf
from leukofeat.failures import Failure, warn_of
from leukofeat.features.choice import choose, choose_cells
from leukofeat.features.known_cells import CELL_KINDS, CellBoxes, CellCenters
from leukofeat.measuring import measure
from leukofeat.measuring.image import cells_of
from leukofeat.plan import Leaf, Plan
from leukofeat.sequence import ImageSequence, printable
from leukofeat.smear import Smear
from leukofeat.store import MEMORY, as_store


class FeatureSet(FeatureFamily):
    """Families of features measured together: each image is decoded, processed and measured once.

    Parameters
    ----------
    families : list of feature families
        Measured in this order; their columns stand side by side.
    columns : list or tuple of str, optional
        Columns to keep, by name or by shell pattern, as ``["cell_count", "nucleus_haralick_*_mean"]``; all by default. They keep
        the families' order, and one that matches nothing is refused. A family of which none is kept is not measured. The table
        of `measure_cells` keeps what goes with them: a cell's column where a kept one is that column or its summary over the
        cells, and what a pattern matches there.
    on_empty : {"warn", "nan", "raise"}, default="warn"
        An image in which no cell is found: counts are 0 and the rest NaN, with one :class:`EmptyWarning` at the end that
        names such images, or without a word; or a ValueError that names it.
    on_error : {"raise", "nan"}, default="raise"
        An image that cannot be read or measured: the error, naming it, or a row of NaN and one
        :class:`ImageWarning` at the end that lists what failed and why (also as `.failures`).
    memory : path, Store or joblib.Memory, optional
        Folder that keeps what was measured, as scikit-learn's pipelines have it: what a family has measured of an image behind the
        same stages is not measured again, by this set or any other, now or after a restart. Images count by their content, families
        and stages by their parameters and what they learned, functions of your own by their code; see
        :class:`~leukofeat.store.Store`.
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

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "on_empty": [OneOf("warn", "nan", "raise")],
        "on_error": [OneOf("raise", "nan")],
        "memory": MEMORY,
        "n_jobs": [Number(Integral, 1), Number(Integral, None, -1), None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        families: Sequence[FeatureFamily] = (),
        *,
        columns: Sequence[str] | None = None,
        on_empty: str = "warn",
        on_error: str = "raise",
        memory: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.families = families
        self.columns = columns
        self.on_empty = on_empty
        self.on_error = on_error
        self.memory = memory
        self.n_jobs = n_jobs
        self.verbose = verbose

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters of the set and, when `deep`, of its families under their names."""
        params = super().get_params(deep=False)
        if deep:
            for name, family in self._named_families():
                params[name] = family
                if hasattr(family, "get_params"):  # or else refused by name in check_params
                    params |= {f"{name}__{key}": value for key, value in family.get_params().items()}
        return params

    def set_params(self, **params: Any) -> Self:
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

    def measure_cells(self, X: Any) -> pd.DataFrame:
        """Per-cell table of the families that measure single cells.

        Parameters
        ----------
        X : sequence of n smears, as a segmenter's `transform` returns it

        Returns
        -------
        DataFrame
            A row a cell: `image` (row of X), `source` (file, or None), `cell` (the label that was given), `bbox_top`, `bbox_left`,
            `bbox_bottom`, `bbox_right` (pixels, ends exclusive), `touches_border`, `confidence` (0 to 1, NaN where the segmenter does
            not say), then the features, then the centre of its pixels: `centroid_x`, `centroid_y` (pixels, the centre of the first
            being 0) and, of an image with a `pixel_size`, `centroid_x_um`, `centroid_y_um` (micrometres; else NaN). An image that
            could not be measured under `on_error="nan"` has no row.

        Raises
        ------
        ValueError
            For bad parameters; where two families give the same column of a cell, or one gives a column that the table has by itself.
        """
        table, failures = self.extract_cells(X)
        warn_of(failures, len(X), lost="have no row in the table of cells")
        return table

    def extract_cells(self, X: Any) -> tuple[pd.DataFrame, list[Failure]]:
        """Per-cell table, as `measure_cells` gives it, and what failed as data, without a warning.

        Parameters
        ----------
        X : sequence of n smears, as a segmenter's `transform` returns it

        Returns
        -------
        table : DataFrame
        failures : list of Failure

        Examples
        --------
        >>> from leukofeat.features import FeatureSet, GeometryFeatures
        >>> table, failures = FeatureSet([GeometryFeatures()], on_error="nan").extract_cells(["missing.png"])
        >>> len(table), failures[0].name
        (0, 'missing.png')
        """
        images = self._prepare(X)
        plan, names = self.cell_plan()
        (found,) = measure(plan, images, memory=as_store(self.memory), n_jobs=self.n_jobs, verbose=self.verbose)
        sources = np.array([_source(images, i) for i in range(len(images))], dtype=object)
        table = {"image": found.images, "source": sources[found.images]} | dict(zip(names, found.values.T, strict=True))
        return pd.DataFrame(table).astype(CELL_KINDS), found.failures

    def cell_plan(self) -> tuple[Plan, list[str]]:
        """What a pass does for the per-cell table, and the names of its columns: what is known of each cell, then the features.

        Raises
        ------
        ValueError
            Where a column would be there twice: summaries over the cells may differ where what they summarise is called alike.
        """
        names = [*CellBoxes.names, *self.cell_names(), *CellCenters.names]
        twice = [name for name, count in Counter(["image", "source", *names]).items() if count > 1]
        if twice:
            raise ValueError(
                f"The table of cells would have the column {twice[0]!r} twice ({len(twice)} such in all); give the features other names "
                "or regions, or measure them in a set of their own."
            )
        measured, places = self.measured("cell")
        families: list[Any] = [CellBoxes(), *measured, CellCenters()]
        columns = None
        if places is not None:
            first = len(CellBoxes.names)
            last = sum(len(family.cell_names()) for family in families) - len(CellCenters.names)
            columns = (*range(first), *(first + place for place in places), *range(last, last + len(CellCenters.names)))
        leaf = Leaf(0, tuple(range(len(families))), self.on_error, columns=columns)
        return Plan(families, [leaf], per="cell"), names

    def members(self) -> list[FeatureFamily]:
        return [member for family in self.families for member in family.members()]

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
        super().check_params()
        given = self.columns
        if given is not None and not (
            isinstance(given, (list, tuple)) and given and all(isinstance(one, str) for one in given)
        ):
            raise ValueError(
                f"columns must be None or a list of names or patterns, as ['nucleus_*_mean'], not {given!r}."
            )
        twice = [name for name, count in Counter(self.row_names()).items() if count > 1]
        if twice:
            raise ValueError(
                f"Two families give the column {twice[0]!r} ({len(twice)} in all); give them other names or regions."
            )

    def _named_families(self) -> list[tuple[str, FeatureFamily]]:
        if not isinstance(self.families, (list, tuple)):
            return []  # refused by name in check_params; until then the set can be printed
        return _name_estimators(self.families)

    def measured(self, per: str = "image") -> tuple[list[FeatureFamily], tuple[int, ...] | None]:
        found = [family.measured(per) for family in self.families]
        families = [family for some, _ in found for family in some]
        if self.columns is None and all(columns is None for _, columns in found):
            return families, None
        return _without_unused(found, self._kept(per), per)

    def _all_names(self, per: str) -> list[str]:
        return [
            name for family in self.families for name in (family.row_names() if per == "image" else family.cell_names())
        ]

    def _kept(self, per: str) -> list[int]:
        """Places of the columns that are kept, among those of all families."""
        names = self._all_names(per)
        if self.columns is None:
            return list(range(len(names)))
        if per == "image":
            return choose(names, self.columns)
        return choose_cells(names, self.columns, set(self.row_names()))

    def row_names(self) -> list[str]:
        names = self._all_names("image")
        return [names[i] for i in self._kept("image")]

    def row(self, smear: Smear) -> np.ndarray:
        return np.concatenate([np.asarray(family.row(smear), np.float64) for family in self.families])[
            self._kept("image")
        ]

    def cell_names(self) -> list[str]:
        names = self._all_names("cell")
        return [names[i] for i in self._kept("cell")]

    def cells(self, smear: Smear) -> np.ndarray:
        measured = [cells_of(family, smear) for family in self.families if family.cell_names()]
        return np.hstack([np.empty((smear.n_cells, 0)), *measured])[:, self._kept("cell")]

    def _html_repr(self) -> str:
        """scikit-learn's diagram, which `set_config(display=...)` turns off, and under it how many columns each family gives."""
        from leukofeat.markup import card, table

        try:
            self.check_params()
            names = [name for name, _ in self._named_families()]
            kept, of_cells = set(self.row_names()), set(self.cell_names())
            counts = [
                (len(kept.intersection(family.row_names())), len(of_cells.intersection(family.cell_names())))
                for family in self.families
            ]
        except Exception as error:  # a set that is not right can be shown, and is refused when it is fitted
            return card(repr(self), f"{type(error).__name__}: {error}")
        image, cell = np.array(counts).T
        shown = pd.DataFrame({"family": names, "columns": image, "columns of a cell": cell})
        return super()._html_repr() + card(f"{image.sum():,} columns", table(shown))


def _without_unused(
    found: Sequence[tuple[list[FeatureFamily], tuple[int, ...] | None]], kept: Sequence[int], per: str
) -> tuple[list[FeatureFamily], tuple[int, ...]]:
    """Families of several sets of which a column is kept, and the places of those columns among theirs."""
    families = [family for some, _ in found for family in some]
    widths = [len(family.row_names() if per == "image" else family.cell_names()) for family in families]
    places, first = [], 0
    for some, columns in found:
        width = sum(len(family.row_names() if per == "image" else family.cell_names()) for family in some)
        places += [first + place for place in (range(width) if columns is None else columns)]
        first += width
    owners = np.repeat(np.arange(len(families)), widths)
    wanted = np.array(places, np.int64)[list(kept)]
    used = np.isin(owners, owners[wanted])
    now = np.cumsum(used) - 1
    return [families[k] for k in np.unique(owners[wanted])], tuple(now[wanted].tolist())


def _source(images: ImageSequence, i: int) -> str | None:
    source = images.source(i)
    return None if source is None else printable(source)  # a table on disk holds UTF-8 only
