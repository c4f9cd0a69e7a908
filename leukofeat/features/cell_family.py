"""Bases of the families that measure single cells and summarise over those of an image."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from leukofeat.base import FeatureFamily
from leukofeat.constraints import OneOf, SomeOf
from leukofeat.features.summary import SUMMARIES, summarize, summary_names
from leukofeat.measuring.image import cells_of
from leukofeat.smear import Smear


class CellFamily(FeatureFamily):
    """A family with a parameter `summary`: cell by cell in the table, summarised over the cells in the image's row.

    A subclass defines `cell_names() -> list of str` and `cells(smear) -> ndarray` of shape (n_cells, columns), and adds
    its own parameters to the constraint of `summary`.

    Examples
    --------
    >>> class Areas(CellFamily):
    ...     def __init__(self, *, summary=("mean",)):
    ...         self.summary = summary
    ...     def cell_names(self):
    ...         return ["area"]
    ...     def cells(self, smear):
    ...         return smear.region_boxes("cell")[:, 4:5].astype(float)
    >>> Areas(summary=["max"]).fit_transform([Smear(np.zeros((2, 2, 3), np.uint8), np.eye(2, dtype=int))])
    array([[2.]])
    """

    summary: Sequence[str]
    _parameter_constraints: ClassVar[dict[str, Any]] = {"summary": [SomeOf(*SUMMARIES)]}

    def row_names(self) -> list[str]:
        return summary_names(self.cell_names(), self.summary)

    def row(self, smear: Smear) -> np.ndarray:
        return summarize(cells_of(self, smear), self.summary)


class CropFamily(CellFamily):
    """A family with a parameter `per`: what it measures on an image, or the same on a crop of each cell.

    A subclass defines `columns() -> list of str` and `measure(smear) -> ndarray` of shape (columns,).
    """

    per: str
    margin: float = 0.0  # around each cell, as a share of the longer side of its box
    _parameter_constraints: ClassVar[dict[str, Any]] = CellFamily._parameter_constraints | {
        "per": [OneOf("image", "cell")],
    }

    def row_names(self) -> list[str]:
        return self.columns() if self.per == "image" else super().row_names()

    def row(self, smear: Smear) -> np.ndarray:
        return self.measure(smear) if self.per == "image" else super().row(smear)

    def cell_names(self) -> list[str]:
        return [] if self.per == "image" else self.columns()

    def cells(self, smear: Smear) -> np.ndarray:
        values = np.full((smear.n_cells, len(self.cell_names())), np.nan)
        for i, (top, left, bottom, right) in enumerate(smear.boxes if self.per == "cell" else ()):
            values[i] = self.measure(smear.crop(i + 1, round(self.margin * max(bottom - top, right - left))))
        return values

    def columns(self) -> list[str]:
        """Names of what :meth:`measure` returns."""
        raise NotImplementedError

    def measure(self, smear: Smear) -> np.ndarray:
        """Numbers of one record: the whole image, or the crop of one cell; shape (columns,)."""
        raise NotImplementedError
