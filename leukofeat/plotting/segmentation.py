"""What a segmenter found, over the image."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from leukofeat.constraints import Integral, Number, check
from leukofeat.pictures import CELL_COLOR, NUCLEUS_COLOR
from leukofeat.plotting.drawing import TRUTH_COLOR, PictureGrid, draw_edges
from leukofeat.sequence import as_sequence
from leukofeat.smear import Smear

__doctest_requires__ = {"*Display*": ["matplotlib"]}


class SegmentationDisplay(PictureGrid):
    """What a segmenter found in a few images: cells outlined in green, nuclei in yellow, the truth in white.

    Parameters
    ----------
    pictures : sequence of ndarray
        RGB pictures.
    titles : sequence of str
        One for each picture.
    """

    def __init__(self, pictures: Sequence[np.ndarray], titles: Sequence[str]) -> None:
        self.pictures = pictures
        self.titles = titles

    @classmethod
    def from_smears(
        cls,
        X: Any,
        *,
        truth_nuclei: Sequence[np.ndarray] | None = None,
        truth_cells: Sequence[np.ndarray] | None = None,
        titles: Sequence[str] | None = None,
        least_sure_first: bool = False,
        n_columns: int = 5,
        zoom: int = 2,
    ) -> Self:
        """Draw segmented images.

        Parameters
        ----------
        X : sequence of n smears, as a segmenter's `transform` returns it
        truth_nuclei, truth_cells : sequences of n label maps or masks, optional
            True outlines, drawn in white under the found ones.
        titles : sequence of n str, optional
            By default the file, the number of cells, and the confidence in the least sure one where the segmenter gives it.
        least_sure_first : bool, default=False
            Begin with the image that holds the cell with the lowest confidence; those without any come last.
        n_columns : int, default=5
        zoom : int, default=2
            Each pixel becomes a square of this side.

        Returns
        -------
        SegmentationDisplay

        Raises
        ------
        ValueError
            When an image is not segmented; when there are other than n titles or true maps, or one has not the size of its image; for
            a `zoom` below 1.

        Examples
        --------
        >>> from leukofeat.datasets import make_smears
        >>> from leukofeat.segmentation import OtsuSegmenter
        >>> images = make_smears(n_samples=3, size=64, random_state=0).images
        >>> SegmentationDisplay.from_smears(OtsuSegmenter().transform(images), n_columns=2).axes_.shape
        (2, 2)
        """
        check("zoom", zoom, Number(Integral, 1))
        images = as_sequence(X)
        truths = {"truth_cells": truth_cells, "truth_nuclei": truth_nuclei}
        truth = {what: maps for what, maps in truths.items() if maps is not None}
        for what, one_each in (truth | ({} if titles is None else {"titles": titles})).items():
            if len(one_each) != len(images):
                raise ValueError(f"{what}= has {len(one_each)} entries for {len(images)} images; give one for each.")
        pictures, names, least = [], [], []
        for i in range(len(images)):
            smear = images.smear(i)
            if not smear.is_segmented:
                raise ValueError(
                    f"{images.name(i)} is not segmented; draw what a segmenter returns, such as LeukocyteSegmenter().transform(X)."
                )
            sure = np.asarray(smear.confidence)
            least.append(np.nanmin(sure) if np.isfinite(sure).any() else np.inf)
            layers = [(_of_size(maps[i], smear, f"{what}[{i}]"), TRUTH_COLOR) for what, maps in truth.items()]
            layers += [(smear.region("cell"), CELL_COLOR), (smear.region("nucleus"), NUCLEUS_COLOR)]
            pictures.append(draw_edges(smear.image, layers, zoom))
            said = f", {least[-1]:.2f}" if np.isfinite(least[-1]) else ""
            names.append(f"{images.name(i).rsplit('/', 1)[-1]}: {smear.n_cells}{said}")
        shown = list(names if titles is None else titles)
        order = np.argsort(least, kind="stable") if least_sure_first else np.arange(len(pictures))
        return cls([pictures[i] for i in order], [shown[i] for i in order]).plot(n_columns=n_columns)

    def plot(self, axes: Any = None, *, n_columns: int = 5) -> Self:
        """Draw on `axes`, or on a new figure with `n_columns` columns.

        Returns
        -------
        self, with `figure_` and `axes_`
        """
        n = max(1, min(n_columns, len(self.pictures))) if axes is None else np.atleast_2d(axes).shape[1]
        rows = [self.pictures[start : start + n] for start in range(0, len(self.pictures), n)]
        self.draw(axes, rows, (2.6, 2.7), frame=False)
        for ax, title in zip(self.axes_.ravel(), self.titles, strict=False):
            ax.set_title(title, fontsize=8)
        return self


def _of_size(labels: Any, smear: Smear, what: str) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.shape != smear.image.shape[:2]:
        raise ValueError(
            f"{what} has the shape {labels.shape}, its image {smear.image.shape[:2]}; give true maps of the "
            "image as the segmenter saw it."
        )
    return labels
