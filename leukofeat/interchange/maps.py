"""The cells of one image between two formats: label maps, and what is known of each cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from leukofeat.label_maps import name_labels, number_labels, number_nuclei, rate_labels
from leukofeat.smear import Smear


@dataclass(eq=False)
class LabelMaps:
    """Nuclei and cells of one image, without the image.

    Parameters
    ----------
    nuclei, cells : array of int, shape (height, width), optional
        Label maps as of a :class:`~leukofeat.Smear`: one at least, nucleus i in cell i; labels may be missing.
    label_ids : array of int, shape (n,), optional
        What label i is called, `label_ids[i - 1]`; by default i.
    confidence : array of float, shape (n,), optional
        Of label i, 0 to 1; NaN where nothing is said.
    classes : sequence of str or None, length n, optional
        What kind of cell label i is, where that has been told.

    Attributes
    ----------
    nuclei, cells : ndarray of shape (height, width), dtype int32
        Numbered 1 to n_cells.
    label_ids : ndarray of shape (n_cells,), dtype int64
    confidence : ndarray of shape (n_cells,), dtype float64
    classes : tuple of (str or None), length n_cells

    Raises
    ------
    TypeError, ValueError
        For maps that are none, or do not fit each other.

    Examples
    --------
    >>> maps = LabelMaps(cells=[[3, 3, 0, 9]], classes=["blast", None, "lymphocyte"] + [None] * 6)
    >>> maps.label_ids, maps.classes
    (array([3, 9]), ('lymphocyte', None))
    >>> maps.on(np.full((1, 4, 3), 230, np.uint8))
    Smear(4x1, 2 cells)
    """

    nuclei: Any = None
    cells: Any = None
    label_ids: Any = None
    confidence: Any = None
    classes: Sequence[str | None] | None = None

    def __post_init__(self) -> None:
        if self.nuclei is None and self.cells is None:
            raise ValueError("LabelMaps needs nuclei or cells, or both.")
        given = self.nuclei if self.cells is None else self.cells
        if np.ndim(given) != 2:
            raise ValueError(f"A label map has the shape (height, width), not {np.shape(given)}.")
        cells, labels = number_labels(given, "nuclei" if self.cells is None else "cells")
        if self.cells is None:
            nuclei = cells
        elif self.nuclei is None:
            nuclei = np.zeros_like(cells)
        elif np.shape(self.nuclei) != cells.shape:
            raise ValueError(f"nuclei has shape {np.shape(self.nuclei)}; cells has {cells.shape}.")
        else:
            nuclei = number_nuclei(self.nuclei, self.cells, cells, labels)
        ids = labels if self.label_ids is None else name_labels(labels, self.label_ids)
        confidence = rate_labels(labels, self.confidence)
        classes = [None] * int(labels.max(initial=0)) if self.classes is None else list(self.classes)
        if len(classes) < labels.max(initial=0):
            raise ValueError(f"classes has {len(classes)} entries; it must have one for each label.")
        self.nuclei, self.cells, self.label_ids, self.confidence = nuclei, cells, ids, confidence
        self.classes = tuple(classes[label - 1] for label in labels.tolist())

    def on(self, image: Any) -> Smear:
        """The image with these cells.

        Parameters
        ----------
        image : ndarray of shape (height, width, 3), dtype uint8, or Smear

        Returns
        -------
        Smear

        Examples
        --------
        >>> LabelMaps(cells=[[0, 5]]).on(np.zeros((1, 2, 3), np.uint8)).label_ids
        array([5])
        """
        smear = image if isinstance(image, Smear) else Smear(image)
        return smear.replace(nuclei=self.nuclei, cells=self.cells, label_ids=self.label_ids, confidence=self.confidence)

    def only_nuclei(self) -> "LabelMaps":
        """The nuclei as cells of their own; of cells without nuclei, the cells.

        Examples
        --------
        >>> LabelMaps([[0, 3, 0]], [[3, 3, 9]]).only_nuclei().cells
        array([[0, 1, 0]], dtype=int32)
        """
        nuclei = self.nuclei if self.nuclei.any() else self.cells
        return LabelMaps(nuclei, None, self.label_ids, self.confidence, self.classes)

    def named(self, what: str) -> np.ndarray:
        """Label map "nuclei" or "cells" with the cells' names as labels, (height, width) int64.

        Examples
        --------
        >>> LabelMaps(cells=[[0, 3, 9]]).named("cells")
        array([[0, 3, 9]])
        """
        return np.append(0, self.label_ids)[getattr(self, what)]


def as_maps(given: Any) -> LabelMaps:
    """Label maps of a segmented Smear, or those given.

    Raises
    ------
    TypeError
        For anything else.

    Examples
    --------
    >>> as_maps(Smear(np.zeros((1, 2, 3), np.uint8), cells=np.array([[0, 5]]))).label_ids
    array([5])
    """
    if isinstance(given, LabelMaps):
        return given
    if isinstance(given, Smear) and given.cells is not None:
        return LabelMaps(given.nuclei, given.cells, given.label_ids, given.confidence)
    if isinstance(given, Smear):
        raise TypeError(
            f"{given!r} is not segmented: a segmenter's transform, or Smear(image, nuclei, cells), gives it cells."
        )
    raise TypeError(f"Cells are given as a segmented Smear or LabelMaps(nuclei, cells), not as {type(given).__name__}.")
