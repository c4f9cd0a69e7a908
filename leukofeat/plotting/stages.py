"""What each image stage of a pipeline makes of an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from leukofeat.pipeline import split_pipeline
from leukofeat.plotting.drawing import grid, outline
from leukofeat.sequence import as_sequence


class StagesDisplay:
    """What each image stage of a pipeline makes of a few images: a row an image, a column a stage.

    Parameters
    ----------
    pictures : list of lists of ndarray
        Rows of RGB pictures.
    stage_names, row_names : sequences of str
        Titles of the columns and rows.
    """

    def __init__(
        self, pictures: Sequence[Sequence[np.ndarray]], stage_names: Sequence[str], row_names: Sequence[str]
    ) -> None:
        self.pictures = pictures
        self.stage_names = stage_names
        self.row_names = row_names

    @classmethod
    def from_pipeline(cls, pipeline: Pipeline, X: Any, *, row_names: Sequence[str] | None = None) -> StagesDisplay:
        """Run the image stages of a (fitted) pipeline over images and draw each result.

        Parameters
        ----------
        pipeline : Pipeline
        X : set of images
        row_names : sequence of str, optional
            One for each image; their files or numbers by default.

        Returns
        -------
        StagesDisplay
        """
        images = as_sequence(X)
        columns, names = [[outline(images.smear(i)) for i in range(len(images))]], ["image"]
        current = images
        for stage in split_pipeline(pipeline).stages:
            current = stage.transform(current)
            columns.append([outline(current.smear(i)) for i in range(len(current))])
            names.append(type(stage).__name__)
        titles = [images.name(i) for i in range(len(images))] if row_names is None else list(row_names)
        return cls([list(row) for row in zip(*columns, strict=True)], names, titles).plot()

    def plot(self, axes: Any = None) -> StagesDisplay:
        """Draw on `axes` (rows, columns), or on a new figure.

        Returns
        -------
        self, with `figure_` and `axes_`
        """
        axes = grid(len(self.row_names), len(self.stage_names), 2.6, 2.7) if axes is None else np.atleast_2d(axes)
        for i, row in enumerate(self.pictures):
            for j, picture in enumerate(row):
                axes[i, j].imshow(picture)
                axes[i, j].set(xticks=[], yticks=[])
                axes[0, j].set_title(self.stage_names[j], fontsize=9)
            axes[i, 0].set_ylabel(self.row_names[i], fontsize=9)
        self.axes_ = axes
        self.figure_ = axes[0, 0].figure
        return self
