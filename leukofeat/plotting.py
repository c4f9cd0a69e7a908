"""Displays after scikit-learn's: made by a class method, drawn on axes that can be given, with `figure_` and `axes_`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from leukofeat.base import ImageStage
from leukofeat.selection import anova_f
from leukofeat.sequence import as_sequence
from leukofeat.smear import Smear

NUCLEUS_COLOR = (255, 214, 10)
CELL_COLOR = (0, 200, 120)
TRUTH_COLOR = (255, 255, 255)
NOTE = "Research use only; not a medical device."


def outline(smear: Smear, *, zoom: int = 2) -> np.ndarray:
    """Image with the outlines of its cells (green) and nuclei (yellow) drawn on it.

    Parameters
    ----------
    smear : Smear
    zoom : int, default=2
        Each pixel becomes a square of this side, so that an outline hides little.

    Returns
    -------
    ndarray of shape (zoom * height, zoom * width, 3), dtype uint8

    Examples
    --------
    >>> import numpy as np
    >>> labels = np.zeros((6, 6), np.int32); labels[2:4, 2:4] = 1
    >>> outline(Smear(np.full((6, 6, 3), 230, np.uint8), labels)).shape
    (12, 12, 3)
    """
    picture = smear.image.repeat(zoom, 0).repeat(zoom, 1)
    if smear.is_segmented:
        _draw_edges(picture, smear.region("cell"), CELL_COLOR, zoom)
        _draw_edges(picture, smear.region("nucleus"), NUCLEUS_COLOR, zoom)
    return picture


def _draw_edges(picture: np.ndarray, labels: np.ndarray, color: tuple[int, int, int], zoom: int) -> None:
    labels = labels.repeat(zoom, 0).repeat(zoom, 1)
    edge = np.zeros(labels.shape, bool)
    edge[:-1] |= labels[:-1] != labels[1:]
    edge[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    picture[edge] = color


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
        for _, stage in pipeline.steps:
            if not isinstance(stage, ImageStage):
                break
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
        axes = _grid(len(self.row_names), len(self.stage_names), 2.6, 2.7) if axes is None else np.atleast_2d(axes)
        for i, row in enumerate(self.pictures):
            for j, picture in enumerate(row):
                axes[i, j].imshow(picture)
                axes[i, j].set(xticks=[], yticks=[])
                axes[0, j].set_title(self.stage_names[j], fontsize=9)
            axes[i, 0].set_ylabel(self.row_names[i], fontsize=9)
        self.axes_ = axes
        self.figure_ = axes[0, 0].figure
        return self


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
                    _draw_edges(picture, np.asarray(truth[i]), TRUTH_COLOR, zoom)
            _draw_edges(picture, smear.region("cell"), CELL_COLOR, zoom)
            _draw_edges(picture, smear.region("nucleus"), NUCLEUS_COLOR, zoom)
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
            axes = _grid(max(1, -(-len(self.pictures) // n_columns)), n_columns, 2.6, 2.7)
        flat = np.ravel(axes)
        for ax in flat:
            ax.set_axis_off()
        for ax, picture, title in zip(flat, self.pictures, self.titles, strict=False):
            ax.imshow(picture)
            ax.set_title(title, fontsize=8)
        self.axes_ = axes
        self.figure_ = flat[0].figure
        return self


class FeatureDisplay:
    """Distributions by class of the features that separate the classes best.

    Parameters
    ----------
    table : DataFrame
        A column a feature, in the order to draw.
    y : ndarray
        Class code of each row.
    class_names : sequence of str
    scores : sequence of float
        F value of each column.
    """

    def __init__(self, table: pd.DataFrame, y: np.ndarray, class_names: Sequence[str], scores: Sequence[float]) -> None:
        self.table = table
        self.y = y
        self.class_names = class_names
        self.scores = scores

    @classmethod
    def from_table(cls, table: pd.DataFrame, y: Any, *, class_names: Sequence[str], k: int = 12) -> FeatureDisplay:
        """Draw the `k` features with the highest F value between classes (one-way ANOVA).

        Missing values count as the median in the ranking and are left out of the drawing. A feature that follows one already
        chosen (absolute rank correlation above 0.9) is passed over, so that each picture says something new.

        Parameters
        ----------
        table : DataFrame of shape (n_images, n_features)
        y : array-like of class codes
        class_names : sequence of str
        k : int, default=12

        Returns
        -------
        FeatureDisplay
        """
        target = np.asarray(y)
        filled = table.fillna(table.median()).dropna(axis=1)
        scores = pd.Series(anova_f(filled, target)[0], index=filled.columns).dropna().sort_values(ascending=False)
        ranks = filled[scores.index[:200]].rank()
        follows = ranks.corr().abs().to_numpy() > 0.9
        chosen: list[int] = []
        for i in range(len(follows)):
            if len(chosen) < k and not follows[i, chosen].any():
                chosen.append(i)
        names = ranks.columns[chosen]
        return cls(table[names], target, class_names, scores[names].to_list()).plot()

    def plot(self, axes: Any = None) -> FeatureDisplay:
        """Draw on `axes`, or on a new figure.

        Returns
        -------
        self, with `figure_` and `axes_`
        """
        n = self.table.shape[1]
        n_columns = min(4, max(1, n))
        if axes is None:
            axes = _grid(-(-n // n_columns), n_columns, 3.0, 2.3)
        flat = np.ravel(axes)
        for ax in flat[n:]:
            ax.set_axis_off()
        for ax, name, score in zip(flat, self.table.columns, self.scores, strict=False):
            values = [self.table[name].to_numpy()[self.y == code] for code in range(len(self.class_names))]
            values = [v[~np.isnan(v)] for v in values]
            boxes = ax.boxplot(values, patch_artist=True, widths=0.6, showfliers=False, medianprops={"color": "black"})
            for code, patch in enumerate(boxes["boxes"]):
                patch.set(facecolor=f"C{code}", alpha=0.6)
            ax.set_xticks(range(1, len(values) + 1), self.class_names, fontsize=7)
            ax.tick_params(axis="y", labelsize=7)
            ax.set_title(f"{name}  (F = {score:.0f})", fontsize=8)
        self.axes_ = axes
        self.figure_ = flat[0].figure
        return self


def _grid(n_rows: int, n_columns: int, width: float, height: float) -> Any:
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(
        n_rows, n_columns, figsize=(width * n_columns, height * n_rows), squeeze=False, layout="constrained"
    )
    return axes
