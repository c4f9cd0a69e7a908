"""What each image stage of a pipeline makes of an image."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.pipeline import Pipeline

from leukofeat.pipeline import split_pipeline
from leukofeat.plotting.drawing import PictureGrid, outline
from leukofeat.sequence import as_sequence

__doctest_requires__ = {"*Display*": ["matplotlib"]}


class StagesDisplay(PictureGrid):
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
    def from_pipeline(cls, pipeline: Pipeline, X: Any, *, row_names: Sequence[str] | None = None) -> Self:
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

        Examples
        --------
        >>> from sklearn.pipeline import make_pipeline
        >>> from leukofeat.datasets import make_smears
        >>> from leukofeat.preprocessing import MedianDenoiser
        >>> images = make_smears(n_samples=3, size=64, random_state=0).images
        >>> StagesDisplay.from_pipeline(make_pipeline(MedianDenoiser()), images).axes_.shape
        (3, 2)
        """
        images = as_sequence(X)
        made, names = [images], ["image"]
        for stage in split_pipeline(pipeline).stages:
            made.append(stage.transform(made[-1]))
            names.append(type(stage).__name__)
        rows = [[outline(sequence.smear(i)) for sequence in made] for i in range(len(images))]
        titles = [images.name(i) for i in range(len(images))] if row_names is None else list(row_names)
        return cls(rows, names, titles).plot()

    def plot(self, axes: Any = None) -> Self:
        """Draw on `axes` (rows, columns), or on a new figure.

        Returns
        -------
        self, with `figure_` and `axes_`
        """
        self.draw(axes, self.pictures, (2.6, 2.7), frame=True)
        for ax, name in zip(self.axes_[0], self.stage_names, strict=False):
            ax.set_title(name, fontsize=9)
        for ax, name in zip(self.axes_[:, 0], self.row_names, strict=False):
            ax.set_ylabel(name, fontsize=9)
        return self
