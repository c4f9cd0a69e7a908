"""Distributions of features by class."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd

from leukofeat.plotting.drawing import grid
from leukofeat.selection import anova_f

__doctest_requires__ = {"*Display*": ["matplotlib"]}


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
    def from_table(cls, table: pd.DataFrame, y: Any, *, class_names: Sequence[str], k: int = 12) -> Self:
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

        Examples
        --------
        >>> import pandas as pd
        >>> table = pd.DataFrame({"area": [1.0, 1.2, 3.0, 3.1], "noise": [0.3, 0.1, 0.4, 0.2]})
        >>> display = FeatureDisplay.from_table(table, [0, 0, 1, 1], class_names=["benign", "malignant"], k=1)
        >>> list(display.table.columns)
        ['area']
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

    def plot(self, axes: Any = None) -> Self:
        """Draw on `axes`, or on a new figure.

        Returns
        -------
        self, with `figure_` and `axes_`
        """
        n = self.table.shape[1]
        n_columns = min(4, max(1, n))
        if axes is None:
            axes = grid(-(-n // n_columns), n_columns, 3.0, 2.3)
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
