"""What a segmenter found, over the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from leukofeat.plotting.drawing import CELL_COLOR, NUCLEUS_COLOR, TRUTH_COLOR, draw_edges, grid
from leukofeat.sequence import as_sequence


class SegmentationDisplay:
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
        n_columns: int = 5,
        zoom: int = 2,
    ) -> SegmentationDisplay:
        """Draw segmented images.

        Parameters
        ----------
        X : sequence of n smears, as a segmenter's `transform` returns it
        truth_nuclei, truth_cells : sequences of n label maps or masks, optional
            True outlines, drawn in white under the found ones.
        titles : sequence of n str, optional
            By default the file and the number of cells.
        n_columns : int, default=5
        zoom : int, default=2

        Returns
        -------
        SegmentationDisplay
        """
        images = as_sequence(X)
        pictures, names = [], []
        for i in range(len(images)):
            smear = images.smear(i)
            picture = smear.image.repeat(zoom, 0).repeat(zoom, 1)
            for truth in (truth_cells, truth_nuclei):
                if truth is not None:
                    draw_edges(picture, np.asarray(truth[i]), TRUTH_COLOR, zoom)
            draw_edges(picture, smear.region("cell"), CELL_COLOR, zoom)
            draw_edges(picture, smear.region("nucleus"), NUCLEUS_COLOR, zoom)
            pictures.append(picture)
            names.append(f"{images.name(i).rsplit('/', 1)[-1]}: {smear.n_cells}")
        return cls(pictures, names if titles is None else titles).plot(n_columns=n_columns)

    def plot(self, axes: Any = None, *, n_columns: int = 5) -> SegmentationDisplay:
        """Draw on `axes`, or on a new figure with `n_columns` columns.

        Returns
        -------
        self, with `figure_` and `axes_`
        """
        if axes is None:
            n_columns = max(1, min(n_columns, len(self.pictures)))
            axes = grid(max(1, -(-len(self.pictures) // n_columns)), n_columns, 2.6, 2.7)
        flat = np.ravel(axes)
        for ax in flat:
            ax.set_axis_off()
        for ax, picture, title in zip(flat, self.pictures, self.titles, strict=False):
            ax.imshow(picture)
            ax.set_title(title, fontsize=8)
        self.axes_ = axes
        self.figure_ = flat[0].figure
        return self
