"""An explained verdict: what drove it, as tables and in words."""

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from leukofeat.markup import number
from leukofeat.sequence import ImageSequence
from leukofeat.smear import Smear

NOT_MEASURED = "not measured, filled in"
_SAID = 0.005  # what is below it reads 0.00
_LENGTH = re.compile("px|µm")


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why a model gives an image its class rather than another one; :func:`explain` makes it.

    Parameters
    ----------
    name : str
        File of the image, or its number.
    row : int
        Place among the images that were given.
    reason : str
        Why there is no verdict: the image failed, or holds no leukocyte; empty where there is one. Without a verdict the tables are
        empty and the numbers NaN.
    verdict, against : class labels
        The class that was given, and the one that it is held against.
    value : float
        Decision value of the verdict against the other: below 0 the other has the better of the two, as it may where `against` was
        asked for.
    base : float
        Decision value of an image whose columns are all at their reference; `value` is `base` plus all contributions.
    unit : str
        "log-odds", or "decision value" where a model's values have no unit.
    probability : float
        Of the verdict; NaN where the model gives none.
    columns : DataFrame
        A row a column, the greatest contribution first: `column`, `contribution`, `value`, `reference`, `weight` (what one unit more
        adds), `imputed`, and what the column is about: `kind`, `region`, `group`, `meaning`, `unit`.
    cells : DataFrame
        A row a cell, the one that speaks most for the verdict first: `label` (1 to n), `cell` (what it is called), its box, `push`, by how much
        the decision value falls when the cell is left out, `value_without` and `verdict_without`. NaN for cells that were not tried.
    decisive : tuple of int
        Labels of the cells that push most, as many as have to be left out together for another verdict; empty where that is not to be had.
    n_tried : int
        Cells that were left out in turn.

    Notes
    -----
    Contributions are exact for the model, and no more than the model: correlated columns share what they say in a way that the fit
    chose, and in a whitened model they have large contributions of opposite signs. Read `groups` first, single columns with care.

    Examples
    --------
    >>> Explanation("3.png", 0, reason="the file is empty").text
    'No verdict: the file is empty.'
    """

    name: str
    row: int
    reason: str = ""
    verdict: Any = None
    against: Any = None
    value: float = np.nan
    base: float = np.nan
    unit: str = "decision value"
    probability: float = np.nan
    columns: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    cells: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    decisive: tuple[int, ...] = ()
    n_tried: int = 0
    images: ImageSequence | None = field(default=None, repr=False)

    @property
    def smear(self) -> Smear | None:
        """The record that was measured, made again; None for rows of a table, and for an image that failed."""
        if self.images is None:
            return None
        try:
            return self.images.smear(self.row)
        except Exception:
            if self.reason:
                return None
            raise

    @property
    def groups(self) -> pd.DataFrame:
        """Contributions by what the columns are about, the one furthest from 0 first.

        Returns
        -------
        DataFrame
            `group`, `contribution` (the sum), `n_columns`, and `lead`, the column with the most to say in the direction of the sum.
            Columns that were filled in are a group of their own: they say nothing of this image.
        """
        names = ["group", "contribution", "n_columns", "lead"]
        if self.columns.empty:
            return pd.DataFrame(columns=names)
        found = []
        of = self.columns["group"].where(~self.columns["imputed"], NOT_MEASURED)
        for group, own in self.columns.groupby(of, sort=False):
            total = own["contribution"].sum()
            lead = own["contribution"].to_numpy() * (1 if total >= 0 else -1)
            found.append((group, total, len(own), own["column"].iloc[int(lead.argmax())]))
        table = pd.DataFrame(found, columns=names)
        return table.sort_values("contribution", key=lambda s: -s.abs(), kind="stable", ignore_index=True)

    @property
    def text(self) -> str:
        """The verdict and what drove it, in words."""
        return " ".join(self.sentences())

    def sentences(self, n: int = 3) -> list[str]:
        """What there is to say, a sentence a thing; of groups the `n` greatest on either side."""
        if self.reason:
            return [f"No verdict: {self.reason.removesuffix('.')}."]
        return [self._headline(), *self.of_columns(n), *self._of_missing(), *self._of_cells()]

    def _headline(self) -> str:
        sure = f", probability {self.probability:.2f}" if self.probability == self.probability else ""
        return f"Called {self.verdict} rather than {self.against} ({self.unit} {self.value:+.2f}{sure})."

    def of_columns(self, n: int = 3) -> list[str]:
        """The groups of columns that say most, the `n` greatest on either side, and what all others bring."""
        groups = self.groups[(self.groups["group"] != NOT_MEASURED) & (self.groups["contribution"].abs() >= _SAID)]
        table = self.columns.set_index("column")
        told, rest = [], self.value - self.base - self.columns.loc[self.columns["imputed"], "contribution"].sum()
        for side, heading in ((groups["contribution"] > 0, "For it"), (groups["contribution"] < 0, "Against it")):
            parts = [
                f"{group} {total:+.2f}, {_of_column(lead, table.loc[lead])}"
                for group, total, _, lead in groups[side].head(n).itertuples(index=False)
            ]
            rest -= groups[side].head(n)["contribution"].sum()
            if parts:
                told.append(f"{heading}: {'; '.join(parts)}.")
        others = f"; all that is not named brings {rest:+.2f}" if abs(rest) >= _SAID else ""
        return [*told, f"An average image starts at {self.base:+.2f}{others}."]

    def _of_missing(self) -> list[str]:
        filled = self.columns[self.columns["imputed"]]
        if filled.empty:
            return []
        names = ", ".join(filled["column"].head(3)) + (", ..." if len(filled) > 3 else "")
        return [
            f"{len(filled)} of {len(self.columns)} columns could not be measured and were filled in ({names}): they say nothing of "
            f"this image, and bring {filled['contribution'].sum():+.2f}."
        ]

    def _of_cells(self) -> list[str]:
        n = len(self.cells)
        if n == 0:
            return []
        if n == 1:
            return ["The image holds one cell: all that was measured of cells is of that one."]
        told = []
        first = self.cells.iloc[0]
        if first["push"] > 0:
            rest = f"it has {first['value_without']:+.2f} without it, and is called {first['verdict_without']}"
            told.append(
                f"Of its {n:,} cells, cell {first['cell']} speaks most for the verdict ({first['push']:+.2f}): {rest}."
            )
        else:
            told.append(
                f"None of its cells that were left out in turn speaks for {self.verdict} more than the others do."
            )
        if len(self.decisive) > 1:
            names = ", ".join(str(self.called(label)) for label in self.decisive)
            told.append(f"Another verdict needs {len(self.decisive)} cells left out: {names}.")
        elif not self.decisive and first["push"] > 0:
            told.append("Left out one after the other, the cells that speak for it do not change the verdict.")
        if self.n_tried < n:
            told.append(f"The {self.n_tried:,} largest cells were left out in turn; of the others nothing is known.")
        return told

    def called(self, label: int) -> int:
        """What the cell of a label is called."""
        return int(self.cells.loc[self.cells["label"] == label, "cell"].iloc[0])

    def _repr_html_(self) -> str:
        from leukofeat.explanation.card import explanation_card

        return explanation_card(self)


def _of_column(name: str, column: pd.Series) -> str:
    """How a column stands to what it is in training."""
    unit = f" {column['unit']}" if _LENGTH.search(column["unit"]) else ""
    value, reference = column["value"], column["reference"]
    if reference != reference:
        return f"chiefly by {name} of {_figure(value)}{unit}"
    way = ("larger", "smaller") if column["kind"] == "size" else ("higher", "lower")
    than = "equal to" if value == reference else f"{way[int(value < reference)]} than"
    return f"{than} in training ({name} {_figure(value)}{unit}, mean {_figure(reference)})"


def _figure(value: float) -> str:
    """A number to about three digits."""
    if value == 0 or 0.01 <= abs(value) < 100:
        return number(float(value), 2 if abs(value) >= 1 else 3)
    return f"{value:,.0f}" if 100 <= abs(value) < 1e7 else f"{value:.2g}"
